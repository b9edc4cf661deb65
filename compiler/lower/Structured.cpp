//===- Structured.cpp - builders of tensor IR -----------------------------===//
#include "compiler/lower/Structured.h"
#include "compiler/support/Elements.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include <cstring>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

TypedAttr lower::numberAttr(Type type, double value) {
  if (isFloat(type))
    return FloatAttr::get(type, value);
  return IntegerAttr::get(type, int64_t(value));
}

TypedAttr lower::lowestAttr(Type type, bool isUnsigned) {
  if (auto floating = dyn_cast<FloatType>(type))
    return FloatAttr::get(
        type, APFloat::getInf(floating.getFloatSemantics(), /*Negative=*/true));
  unsigned width = type.getIntOrFloatBitWidth();
  return IntegerAttr::get(type, isUnsigned ? APInt::getMinValue(width)
                                           : APInt::getSignedMinValue(width));
}

TypedAttr lower::highestAttr(Type type, bool isUnsigned) {
  if (auto floating = dyn_cast<FloatType>(type))
    return FloatAttr::get(type, APFloat::getInf(floating.getFloatSemantics()));
  unsigned width = type.getIntOrFloatBitWidth();
  return IntegerAttr::get(type, isUnsigned ? APInt::getMaxValue(width)
                                           : APInt::getSignedMaxValue(width));
}

Value lower::scalar(LocBuilder &b, Type type, double value) {
  return arith::ConstantOp::create(b, numberAttr(type, value));
}

Value lower::scalarInt(LocBuilder &b, Type type, int64_t value) {
  if (isFloat(type))
    return scalar(b, type, double(value));
  unsigned width =
      type.isIndex() ? IndexType::kInternalStorageBitWidth
                     : type.getIntOrFloatBitWidth();
  return arith::ConstantOp::create(
      b, IntegerAttr::get(type, APInt(64, value, true).sextOrTrunc(width)));
}

Value lower::index(LocBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

/// The module's size of this number.
static Value moduleSize(LocBuilder &b, unsigned number) {
  return SizeOp::create(b, b.getIndexType(), number);
}

Value lower::index(LocBuilder &b, const Extent &size) {
  AffineExpr expr = size.in(b.getContext());
  if (!expr || size.isNumber())
    return index(b, expr ? size.value() : 0);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return moduleSize(b, symbol.getPosition());
  DenseMap<AffineExpr, AffineExpr> symbols;
  SmallVector<Value> operands;
  expr.walk([&](AffineExpr part) {
    auto symbol = dyn_cast<AffineSymbolExpr>(part);
    if (symbol && symbols.try_emplace(part, b.getAffineSymbolExpr(operands.size())).second)
      operands.push_back(moduleSize(b, symbol.getPosition()));
  });
  return affine::AffineApplyOp::create(
      b, AffineMap::get(0, operands.size(), expr.replace(symbols)), operands);
}

Value lower::scalarInt(LocBuilder &b, Type type, const Extent &size) {
  if (size.isNumber() || !size.in(b.getContext()))
    return scalarInt(b, type, size.isNumber() ? size.value() : 0);
  Value value = index(b, size);
  if (isFloat(type))
    value = arith::IndexCastOp::create(b, b.getI64Type(), value);
  return castScalar(b, value, type, false, false);
}

Value lower::constantTensor(LocBuilder &b, ArrayRef<int64_t> shape, Type element,
                            ArrayRef<double> values) {
  int64_t size = elementBytes(element);
  std::vector<char> data(values.size() * size);
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t bits = 0;
    if (auto floating = dyn_cast<FloatType>(element)) {
      APFloat number(values[i]);
      bool lost;
      number.convert(floating.getFloatSemantics(),
                     APFloat::rmNearestTiesToEven, &lost);
      bits = number.bitcastToAPInt().getZExtValue();
    } else {
      bits = uint64_t(int64_t(values[i]));
    }
    std::memcpy(data.data() + i * size, &bits, size);
  }
  return arith::ConstantOp::create(
      b, makeElements(RankedTensorType::get(shape, element), data, "table"));
}

Value lower::indexTable(LocBuilder &b, ArrayRef<int64_t> values) {
  auto type = tensorType({int64_t(values.size())}, b.getI64Type());
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, values));
}

Value lower::splat(LocBuilder &b, RankedTensorType type, TypedAttr value) {
  if (!type.hasStaticShape())
    return mapped(b, {}, ArrayRef<AffineMap>(), type, [&](LocBuilder &b, ValueRange) -> Value {
      return arith::ConstantOp::create(b, value);
    });
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, value));
}

TypedAttr lower::splatOf(Value value) {
  Attribute attribute;
  if (!matchPattern(value, m_Constant(&attribute)))
    return {};
  return dyn_cast_or_null<TypedAttr>(splatValue(attribute));
}

/// Undoes views that only add dimensions of size 1 in front of or between
/// others: maps say the same and hide nothing from fusion.
static Value skipUnitViews(Value value, SmallVector<bool> &added) {
  added.assign(tensorType(value).getRank(), false);
  auto view = value.getDefiningOp<tensor::ExpandShapeOp>();
  if (!view)
    return value;
  RankedTensorType source = view.getSrcType();
  SmallVector<bool> unit(added.size(), false);
  for (auto [i, group] : llvm::enumerate(view.getReassociationIndices())) {
    bool found = false;
    for (int64_t d : group) {
      int64_t size = view.getResultType().getDimSize(d);
      if (!found && size == source.getDimSize(i))
        found = true;
      else if (size == 1)
        unit[d] = true;
      else
        return value;
    }
  }
  if (source.getRank() == 0)
    unit.assign(added.size(), true);
  added = unit;
  return view.getSrc();
}

OpFoldResult lower::sizeOf(LocBuilder &b, Value value, int64_t dim) {
  int64_t size = tensorType(value).getDimSize(dim);
  if (!ShapedType::isDynamic(size))
    return b.getIndexAttr(size);
  if (AffineExpr known = sizesOf(tensorType(value))[dim])
    return index(b, Extent(known));
  return tensor::DimOp::create(b, value, dim).getResult();
}

static Value emptyTensor(LocBuilder &b, RankedTensorType type) {
  return tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
}

/// An empty tensor for the last of `maps`; a size that its type does not tell is that of the operand whose map has the same loop there.
static Value emptyTensor(LocBuilder &b, RankedTensorType type, ValueRange operands,
                         ArrayRef<AffineMap> maps) {
  if (type.hasStaticShape())
    return emptyTensor(b, type);
  SizeList list = sizesOf(type);
  for (auto [i, size] : llvm::enumerate(list))
    for (auto [operand, map] : llvm::zip(operands, maps))
      for (auto [j, expr] : llvm::enumerate(map.getResults()))
        if (!size && expr == maps.back().getResult(i) && isa<AffineDimExpr>(expr))
          size = sizesOf(tensorType(operand))[j];
  type = sizedType(list, type.getElementType());
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    if (!type.isDynamicDim(i))
      continue;
    if (list[i]) {
      sizes.push_back(index(b, Extent(list[i])));
      continue;
    }
    // After the lowering types say nothing, but values do. Where none of the operands tells, the verifier finds the missing size.
    Value found;
    for (auto [operand, map] : llvm::zip(operands, maps))
      for (auto [j, expr] : llvm::enumerate(map.getResults()))
        if (!found && expr == maps.back().getResult(i) && isa<AffineDimExpr>(expr) &&
            tensorType(operand).isDynamicDim(j))
          found = tensor::DimOp::create(b, operand, j);
    if (found)
      sizes.push_back(found);
  }
  return tensor::EmptyOp::create(b, type, sizes);
}

/// What bodies ask of sizes is computed before the operation.
static void hoistSizes(linalg::GenericOp generic) {
  Block &body = generic.getRegion().front();
  for (Operation &op : llvm::make_early_inc_range(body)) {
    bool isOutside = llvm::all_of(op.getOperands(), [&](Value operand) { return operand.getParentBlock() != &body; });
    if (isOutside && isa<SizeOp, affine::AffineApplyOp>(op))
      op.moveBefore(generic);
  }
}

/// All operands of a stage have the same size where one loop walks them: what is not known to be equal becomes a requirement of the module.
static void requireAgreement(LocBuilder &b, ValueRange values, ArrayRef<AffineMap> maps) {
  Operation *parent = b.getInsertionBlock()->getParentOp();
  SizeList known(maps.empty() ? 0 : maps.front().getNumDims());
  for (auto [value, map] : llvm::zip(values, maps))
    for (auto [expr, size] : llvm::zip(map.getResults(), sizesOf(tensorType(value)))) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      if (!loop || !size)
        continue;
      AffineExpr &other = known[loop.getPosition()];
      bool bothStatic = other && constantSize(other) && constantSize(size);
      if (other && !bothStatic && !areEqual(parent, other, size))
        requireEqual(parent, other, size);
      if (!other || constantSize(size))
        other = size;
    }
}

static Value makeGeneric(LocBuilder &b, ValueRange operands, Value out,
                         ArrayRef<AffineMap> maps, ArrayRef<IteratorType> loops,
                         Body body, ArrayRef<TypedAttr> captured,
                         bool reduces) {
  SmallVector<Value> all(operands);
  all.push_back(out);
  requireAgreement(b, all, maps);
  auto generic = linalg::GenericOp::create(
      b, TypeRange(out.getType()), operands, ValueRange(out), maps, loops,
      [&](OpBuilder &inner, Location loc, ValueRange arguments) {
        LocBuilder scalarBuilder(loc, inner);
        SmallVector<Value> scalars;
        unsigned next = 0;
        for (TypedAttr constant : captured)
          scalars.push_back(constant ? Value(arith::ConstantOp::create(
                                           scalarBuilder, constant))
                                     : arguments[next++]);
        if (reduces)
          scalars.push_back(arguments.back());
        Value result = body(scalarBuilder, scalars);
        linalg::YieldOp::create(inner, loc, result);
      });
  hoistSizes(generic);
  return generic.getResult(0);
}

Value lower::misfit(LocBuilder &b, Value value, RankedTensorType wanted) {
  return UnrealizedConversionCastOp::create(b, TypeRange(wanted), ValueRange(value))
      .getResult(0);
}

bool lower::isMisfit(Operation *op) { return isa<UnrealizedConversionCastOp>(op); }

/// ONNX's rule, in one direction.
static bool broadcasts(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  if (from.size() > to.size())
    return false;
  for (auto [size, wanted] : llvm::zip(from, to.take_back(from.size())))
    if (size != 1 && size != wanted && !ShapedType::isDynamic(size) && !ShapedType::isDynamic(wanted))
      return false;
  return true;
}

/// The same asked of the module where sizes of the result are open, for an operand that is no operand of the stage.
static void requireBroadcast(LocBuilder &b, ArrayRef<Extent> from, ArrayRef<Extent> to) {
  if (from.size() > to.size())
    return;
  MLIRContext *context = b.getContext();
  for (auto [size, wanted] : llvm::zip(from, to.take_back(from.size())))
    if (size != 1 && !wanted.isNumber() && size.in(context) && wanted.in(context))
      requireEqual(b.getInsertionBlock()->getParentOp(), size.in(context), wanted.in(context));
}

Value lower::pointwise(LocBuilder &b, ValueRange operands, RankedTensorType result,
                       Body body) {
  MLIRContext *context = b.getContext();
  int64_t rank = result.getRank();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  SmallVector<TypedAttr> captured;
  for (Value operand : operands) {
    TypedAttr constant = splatOf(operand);
    captured.push_back(constant);
    if (constant) {
      requireBroadcast(b, shapeOf(operand), shapeOf(result));
      continue;
    }
    if (!broadcasts(tensorType(operand).getShape(), result.getShape()))
      operand = misfit(b, operand, tensorType(shapeOf(result), elementOf(operand)));
    ArrayRef<int64_t> shape = tensorType(operand).getShape();
    SmallVector<bool> added;
    Value source = skipUnitViews(operand, added);
    SmallVector<AffineExpr> exprs;
    for (auto [i, size] : llvm::enumerate(shape)) {
      if (added[i])
        continue;
      int64_t dim = rank - int64_t(shape.size()) + int64_t(i);
      exprs.push_back(size == 1 && result.getDimSize(dim) != 1
                          ? b.getAffineConstantExpr(0)
                          : b.getAffineDimExpr(dim));
    }
    inputs.push_back(source);
    maps.push_back(AffineMap::get(rank, 0, exprs, context));
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  return makeGeneric(b, inputs, emptyTensor(b, result, inputs, maps), maps, loops,
                     body, captured, /*reduces=*/false);
}

Value lower::mapped(LocBuilder &b, ValueRange operands, ArrayRef<AffineMap> maps,
                    RankedTensorType result, Body body) {
  SmallVector<AffineMap> all(maps);
  all.push_back(b.getMultiDimIdentityMap(result.getRank()));
  return mappedInto(b, emptyTensor(b, result, operands, all), operands, maps, body);
}

Value lower::mappedInto(LocBuilder &b, Value out, ValueRange operands,
                        ArrayRef<AffineMap> maps, Body body) {
  int64_t rank = tensorType(out).getRank();
  SmallVector<AffineMap> all(maps);
  all.push_back(b.getMultiDimIdentityMap(rank));
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  SmallVector<TypedAttr> captured(operands.size());
  return makeGeneric(b, operands, out, all, loops, body, captured, /*reduces=*/false);
}

Value lower::reduction(LocBuilder &b, ValueRange operands,
                       ArrayRef<AffineMap> maps, ArrayRef<IteratorType> loops,
                       RankedTensorType result, TypedAttr neutral, Body body) {
  // Over no loop there is nothing to carry on: a body that reads its output is for reductions alone.
  if (!llvm::is_contained(loops, IteratorType::reduction)) {
    SmallVector<TypedAttr> captured(operands.size());
    auto once = [&](LocBuilder &b, ValueRange s) {
      SmallVector<Value> scalars(s);
      scalars.push_back(arith::ConstantOp::create(b, neutral));
      return body(b, scalars);
    };
    return makeGeneric(b, operands, emptyTensor(b, result, operands, maps), maps, loops, once, captured, /*reduces=*/false);
  }
  Value start = arith::ConstantOp::create(b, neutral);
  Value out = linalg::FillOp::create(b, ValueRange(start),
                                     ValueRange(emptyTensor(b, result, operands, maps)))
                  .getResult(0);
  SmallVector<TypedAttr> captured(operands.size());
  return makeGeneric(b, operands, out, maps, loops, body, captured,
                     /*reduces=*/true);
}

Value lower::contraction(LocBuilder &b, Value lhs, Value rhs,
                         ArrayRef<AffineMap> maps, ArrayRef<IteratorType> loops,
                         RankedTensorType result) {
  return reduction(b, {lhs, rhs}, maps, loops, result,
                   numberAttr(result.getElementType(), 0),
                   [](LocBuilder &b, ValueRange s) {
                     // Integer factors may be narrower than the sum, which then is exact.
                     auto wide = [&](Value factor) {
                       return isa<IntegerType>(factor.getType())
                                  ? castScalar(b, factor, s[2].getType(), false, false)
                                  : factor;
                     };
                     return add(b, s[2], mul(b, wide(s[0]), wide(s[1])));
                   });
}

AffineMap lower::dropAxes(MLIRContext *context, int64_t rank,
                          ArrayRef<int64_t> axes) {
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      exprs.push_back(getAffineDimExpr(i, context));
  return AffineMap::get(rank, 0, exprs, context);
}

Shape lower::keptShape(const Shape &shape, ArrayRef<int64_t> axes) {
  Shape kept(shape);
  for (int64_t axis : axes)
    kept[axis] = 1;
  return kept;
}

Value lower::reduceAxes(LocBuilder &b, Value operand, ArrayRef<int64_t> axes,
                        TypedAttr neutral, Body body) {
  RankedTensorType type = tensorType(operand);
  SmallVector<IteratorType> loops(type.getRank(), IteratorType::parallel);
  Shape shape;
  for (auto [i, size] : llvm::enumerate(shapeOf(type))) {
    if (llvm::is_contained(axes, int64_t(i)))
      loops[i] = IteratorType::reduction;
    else
      shape.push_back(size);
  }
  AffineMap maps[] = {b.getMultiDimIdentityMap(type.getRank()),
                      dropAxes(b.getContext(), type.getRank(), axes)};
  return reduction(b, operand, maps, loops,
                   tensorType(shape, neutral.getType()), neutral, body);
}

Value lower::sumAxes(LocBuilder &b, Value operand, ArrayRef<int64_t> axes) {
  return reduceAxes(
      b, operand, axes, numberAttr(elementOf(operand), 0),
      [](LocBuilder &b, ValueRange s) { return add(b, s[1], s[0]); });
}

Value lower::meanAxes(LocBuilder &b, Value operand, ArrayRef<int64_t> axes) {
  int64_t count = 1;
  bool known = true;
  for (int64_t axis : axes) {
    known &= !tensorType(operand).isDynamicDim(axis);
    count *= tensorType(operand).getDimSize(axis);
  }
  Value sum = sumAxes(b, operand, axes);
  if (!known)
    return pointwise(b, {sum, countOf(b, operand, axes, elementOf(sum))},
                     tensorType(sum), [](LocBuilder &b, ValueRange s) {
                       return div(b, s[0], s[1]);
                     });
  return pointwise(b, sum, tensorType(sum), [&](LocBuilder &b, ValueRange s) {
    return div(b, s[0], scalarInt(b, s[0].getType(), count));
  });
}

Value lower::countOf(LocBuilder &b, Value value, ArrayRef<int64_t> axes, Type type) {
  Value count = index(b, 1);
  for (int64_t axis : axes)
    count = arith::MulIOp::create(b, count, getValueOrCreateConstantIndexOp(
                                                b, b.getLoc(), sizeOf(b, value, axis)));
  Value number = arith::IndexCastOp::create(b, b.getI64Type(), count);
  return tensor::FromElementsOp::create(b, tensorType({}, type),
                                        castScalar(b, number, type, false, false));
}

/// The product of static sizes.
static int64_t product(ArrayRef<int64_t> shape) {
  if (llvm::is_contained(shape, 0))
    return 0;
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

/// Groups of adjacent dimensions with equal products in both shapes, as fine
/// as they can be. Both shapes have the same product, which is not 0. Ones at the end join the last group.
static void groupDimensions(ArrayRef<int64_t> from, ArrayRef<int64_t> to,
                            SmallVector<ReassociationIndices> &fromGroups,
                            SmallVector<ReassociationIndices> &toGroups) {
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    ReassociationIndices fromGroup{int64_t(i)}, toGroup{int64_t(j)};
    int64_t fromSize = from[i++], toSize = to[j++];
    while (fromSize != toSize) {
      if (fromSize < toSize) {
        fromSize *= from[i];
        fromGroup.push_back(i++);
      } else {
        toSize *= to[j];
        toGroup.push_back(j++);
      }
    }
    fromGroups.push_back(fromGroup);
    toGroups.push_back(toGroup);
  }
  for (; i < from.size(); ++i)
    fromGroups.back().push_back(i);
  for (; j < to.size(); ++j)
    toGroups.back().push_back(j);
}

static bool hasDataSize(LocBuilder &b, const Extent &size) {
  AffineExpr expr = size.in(b.getContext());
  return expr && isFromData(expr, b.getInsertionBlock()->getParentOp());
}

/// A reshape of sizes that are not static: dimensions fall into groups of which as many elements are known to be in both shapes.
static Value dynamicReshape(LocBuilder &b, Value value, const Shape &shape) {
  MLIRContext *context = b.getContext();
  Operation *parent = b.getInsertionBlock()->getParentOp();
  Type element = elementOf(value);
  Shape from = shapeOf(value);
  SizeList to = shape.in(context), given = from.in(context);
  if (llvm::is_contained(to, AffineExpr()) || llvm::is_contained(given, AffineExpr()) || from.empty() || shape.empty())
    return {};
  SmallVector<ReassociationIndices> fromGroups, toGroups;
  Shape middle;
  size_t i = 0, j = 0;
  auto close = [&](size_t endI, size_t endJ) {
    middle.push_back(Shape(ArrayRef<Extent>(from).slice(i, endI - i)).count());
    fromGroups.push_back(llvm::to_vector<2>(llvm::seq<int64_t>(i, endI)));
    toGroups.push_back(llvm::to_vector<2>(llvm::seq<int64_t>(j, endJ)));
    i = endI, j = endJ;
  };
  auto join = [&] {
    middle.back() = middle.back() * Shape(ArrayRef<Extent>(from).drop_front(i)).count();
    for (; i < from.size(); ++i)
      fromGroups.back().push_back(i);
    for (; j < shape.size(); ++j)
      toGroups.back().push_back(j);
  };
  while (i < from.size() && j < shape.size()) {
    bool found = false;
    for (size_t endI = i + 1; !found && endI <= from.size(); ++endI)
      for (size_t endJ = j + 1; !found && endJ <= shape.size(); ++endJ) {
        found = areEqual(parent, productOf(ArrayRef(given).slice(i, endI - i), context),
                         productOf(ArrayRef(to).slice(j, endJ - j), context));
        if (found)
          close(endI, endJ);
      }
    if (!found)
      close(from.size(), shape.size());
  }
  join();
  Shape wanted;
  bool differs = false;
  for (auto [size, group] : llvm::zip(middle, toGroups)) {
    wanted.push_back(1);
    for (int64_t d : group)
      wanted.back() = wanted.back() * shape[d];
    differs |= size.isNumber() != wanted.back().isNumber();
    // Of what a call chooses, inference has asked for it.
    if (size != wanted.back() && (hasDataSize(b, size) || hasDataSize(b, wanted.back())))
      requireEqual(parent, size.in(context), wanted.back().in(context));
  }
  if (fromGroups.size() != from.size())
    value = tensor::CollapseShapeOp::create(b, tensorType(middle, element), value, fromGroups);
  // Where only what the module requires of a call makes a static size of an open one, a copy has the other type.
  if (differs)
    value = mapped(b, value, b.getMultiDimIdentityMap(middle.size()), tensorType(wanted, element),
                   [](LocBuilder &, ValueRange s) { return s[0]; });
  if (toGroups.size() == shape.size())
    return value;
  SmallVector<OpFoldResult> sizes;
  for (const Extent &size : shape)
    sizes.push_back(size.isNumber() ? OpFoldResult(b.getIndexAttr(size.value())) : OpFoldResult(index(b, size)));
  return tensor::ExpandShapeOp::create(b, tensorType(shape, element), value, toGroups, sizes);
}

Value lower::reshape(LocBuilder &b, Value value, const Shape &sizes) {
  RankedTensorType from = tensorType(value);
  RankedTensorType to = tensorType(sizes, from.getElementType());
  if (from == to)
    return value;
  if (!from.hasStaticShape() || !to.hasStaticShape()) {
    // Whatever a call chooses: views cannot say that.
    if (sizes.count() == 0 && shapeOf(from).count() == 0)
      return emptyTensor(b, to, {}, {});
    if (Value reshaped = dynamicReshape(b, value, sizes))
      return reshaped;
    return misfit(b, value, to);
  }
  ArrayRef<int64_t> shape = to.getShape();
  if (product(shape) != product(from.getShape()))
    return misfit(b, value, to);
  Attribute constant;
  if (TypedAttr number = splatOf(value))
    return splat(b, to, number);
  if (matchPattern(value, m_Constant(&constant))) {
    if (auto dense = dyn_cast<DenseElementsAttr>(constant))
      return arith::ConstantOp::create(b, dense.reshape(to));
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant))
      return arith::ConstantOp::create(
          b, DenseResourceElementsAttr::get(to, resource.getRawHandle()));
  }
  if (product(shape) == 0)
    return emptyTensor(b, to);
  if (from.getRank() == 0)
    return tensor::ExpandShapeOp::create(b, to, value,
                                         ArrayRef<ReassociationIndices>());
  if (to.getRank() == 0)
    return tensor::CollapseShapeOp::create(b, to, value,
                                           ArrayRef<ReassociationIndices>());
  SmallVector<ReassociationIndices> fromGroups, toGroups;
  groupDimensions(from.getShape(), shape, fromGroups, toGroups);
  if (int64_t(fromGroups.size()) != from.getRank()) {
    SmallVector<int64_t> middle;
    for (const ReassociationIndices &group : fromGroups) {
      int64_t size = 1;
      for (int64_t d : group)
        size *= from.getDimSize(d);
      middle.push_back(size);
    }
    value = tensor::CollapseShapeOp::create(
        b, tensorType(middle, from.getElementType()), value, fromGroups);
  }
  if (toGroups.size() == shape.size())
    return value;
  return tensor::ExpandShapeOp::create(b, to, value, toGroups);
}

static SmallVector<OpFoldResult> attributes(LocBuilder &b, const Shape &list) {
  SmallVector<OpFoldResult> results;
  for (const Extent &size : list)
    results.push_back(size.isNumber() ? OpFoldResult(b.getIndexAttr(size.value())) : OpFoldResult(index(b, size)));
  return results;
}

static SmallVector<OpFoldResult> attributes(LocBuilder &b, ArrayRef<int64_t> list) {
  return attributes(b, Shape(list));
}

Value lower::slice(LocBuilder &b, Value value, const Shape &offsets,
                   const Shape &wanted, ArrayRef<int64_t> strides) {
  Shape whole = shapeOf(value), sizes = wanted;
  for (auto [size, all] : llvm::zip(sizes, whole))
    if (!size.isNumber() && !size.in(b.getContext()))
      size = all;
  if (ArrayRef<Extent>(whole) == ArrayRef<Extent>(sizes))
    return value;
  RankedTensorType type = tensorType(sizes, elementOf(value));
  // An extract_slice must begin inside of what it cuts, even if it takes nothing.
  if (llvm::is_contained(type.getShape(), 0))
    return mapped(b, {}, ArrayRef<AffineMap>(), type, [&](LocBuilder &b, ValueRange) { return scalar(b, type.getElementType(), 0); });
  return tensor::ExtractSliceOp::create(b, type, value, attributes(b, offsets),
                                        attributes(b, sizes), attributes(b, strides));
}

Value lower::sliceAxis(LocBuilder &b, Value value, int64_t axis, const Extent &offset,
                       const Extent &size) {
  RankedTensorType type = tensorType(value);
  if (axis >= type.getRank())
    return misfit(b, value, type);
  Shape offsets(type.getRank(), 0), sizes = shapeOf(type);
  SmallVector<int64_t> strides(type.getRank(), 1);
  offsets[axis] = offset;
  sizes[axis] = size;
  return slice(b, value, offsets, sizes, strides);
}

Value lower::concat(LocBuilder &b, ValueRange values, int64_t axis) {
  if (values.size() == 1)
    return values.front();
  Shape shape = shapeOf(values.front());
  for (Value value : values.drop_front()) {
    Shape other = shapeOf(value);
    for (auto [i, size] : llvm::enumerate(shape))
      if (int64_t(i) == axis)
        size = size + other[i];
      else if (!size.isNumber() && other[i].isNumber())
        size = other[i];
  }
  return tensor::ConcatOp::create(b, tensorType(shape, elementOf(values.front())), axis, values);
}

Value lower::pad(LocBuilder &b, Value value, const Shape &low,
                 const Shape &high, TypedAttr number) {
  RankedTensorType type = tensorType(value);
  Shape shape = shapeOf(type);
  bool any = false;
  for (auto [i, size] : llvm::enumerate(shape)) {
    any |= low[i] != 0 || high[i] != 0;
    size = size + low[i] + high[i];
  }
  if (!any)
    return value;
  Value constant = arith::ConstantOp::create(b, number);
  return tensor::PadOp::create(b, tensorType(shape, type.getElementType()),
                               value, attributes(b, low), attributes(b, high),
                               constant);
}

Value lower::transpose(LocBuilder &b, Value value, ArrayRef<int64_t> order) {
  RankedTensorType type = tensorType(value);
  int64_t rank = type.getRank();
  if (llvm::equal(order, llvm::seq<int64_t>(0, rank)))
    return value;
  Shape shape(rank, 0), whole = shapeOf(type);
  SmallVector<AffineExpr> exprs(rank);
  SmallVector<int64_t> bigTo;
  for (int64_t i = 0; i < rank; ++i) {
    shape[i] = whole[order[i]];
    exprs[order[i]] = b.getAffineDimExpr(i);
    if (shape[i] != 1)
      bigTo.push_back(order[i]);
  }
  // Moving dimensions of size 1 moves no data.
  if (llvm::is_sorted(bigTo))
    return reshape(b, value, shape);
  return mapped(b, value, AffineMap::get(rank, 0, exprs, b.getContext()),
                tensorType(shape, type.getElementType()),
                [](LocBuilder &, ValueRange s) { return s[0]; });
}

Value lower::broadcast(LocBuilder &b, Value value, const Shape &sizes) {
  RankedTensorType type = tensorType(value);
  if (ArrayRef<Extent>(shapeOf(type)) == ArrayRef<Extent>(sizes))
    return value;
  RankedTensorType result = tensorType(sizes, type.getElementType());
  ArrayRef<int64_t> shape = result.getShape();
  if (TypedAttr number = splatOf(value))
    return splat(b, result, number);
  if (result.hasStaticShape() && type.hasStaticShape() &&
      product(shape) == product(type.getShape()))
    return reshape(b, value, shape);
  return pointwise(b, value, result,
                   [](LocBuilder &, ValueRange s) { return s[0]; });
}

Value lower::readSlice(LocBuilder &b, Value value, int64_t axis, Value at) {
  RankedTensorType type = tensorType(value);
  Shape shape = shapeOf(type);
  shape.erase(shape.begin() + axis);
  int64_t rank = shape.size();
  return mapped(b, at, AffineMap::get(rank, 0, {}, b.getContext()),
                tensorType(shape, type.getElementType()),
                [&](LocBuilder &b, ValueRange s) -> Value {
                  SmallVector<Value> indices;
                  for (int64_t i = 0; i < rank; ++i)
                    indices.push_back(linalg::IndexOp::create(b, i));
                  indices.insert(indices.begin() + axis,
                                 arith::IndexCastOp::create(
                                     b, b.getIndexType(), s[0]));
                  return tensor::ExtractOp::create(b, value, indices);
                });
}

Value lower::writeSlice(LocBuilder &b, Value whole, Value part, int64_t axis,
                        Value at) {
  RankedTensorType type = tensorType(whole);
  int64_t rank = type.getRank();
  MLIRContext *context = b.getContext();
  AffineMap maps[] = {b.getMultiDimIdentityMap(rank),
                      dropAxes(context, rank, axis),
                      AffineMap::get(rank, 0, {}, context)};
  return mapped(b, {whole, part, at}, maps, type,
                [&](LocBuilder &b, ValueRange s) -> Value {
                  Value here = arith::IndexCastOp::create(
                      b, b.getI64Type(), linalg::IndexOp::create(b, axis));
                  Value hit = arith::CmpIOp::create(
                      b, arith::CmpIPredicate::eq, here, s[2]);
                  return arith::SelectOp::create(b, hit, s[1], s[0]);
                });
}

Value lower::counter(LocBuilder &b, const Extent &value) {
  RankedTensorType type = tensorType({}, b.getI64Type());
  if (value.isNumber())
    return splat(b, type, b.getI64IntegerAttr(value.value()));
  return tensor::FromElementsOp::create(b, type, scalarInt(b, b.getI64Type(), value));
}

Value lower::advance(LocBuilder &b, Value counter, int64_t step) {
  return pointwise(b, counter, tensorType(counter),
                   [&](LocBuilder &b, ValueRange s) {
                     return add(b, s[0], scalarInt(b, s[0].getType(), step));
                   });
}

Value lower::castScalar(LocBuilder &b, Value value, Type to, bool fromUnsigned,
                        bool toUnsigned) {
  Type from = value.getType();
  if (from == to)
    return value;
  if (isFloat(from) && isFloat(to)) {
    unsigned fromBits = from.getIntOrFloatBitWidth();
    unsigned toBits = to.getIntOrFloatBitWidth();
    if (fromBits < toBits)
      return arith::ExtFOp::create(b, to, value);
    if (fromBits > toBits)
      return arith::TruncFOp::create(b, to, value);
    // float16 and bfloat16 have no conversion between them.
    Value wide = arith::ExtFOp::create(b, b.getF32Type(), value);
    return arith::TruncFOp::create(b, to, wide);
  }
  if (isFloat(from)) {
    if (to.isInteger(1))
      return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, value,
                                   scalar(b, from, 0));
    // What does not fit a narrow integer is undefined in the specification; all roads give the low bits of the nearest
    // 32-bit one.
    if (to.getIntOrFloatBitWidth() < 32)
      return arith::TruncIOp::create(b, to, arith::FPToSIOp::create(b, b.getI32Type(), value));
    if (toUnsigned)
      return arith::FPToUIOp::create(b, to, value);
    return arith::FPToSIOp::create(b, to, value);
  }
  if (isFloat(to)) {
    if (fromUnsigned)
      return arith::UIToFPOp::create(b, to, value);
    return arith::SIToFPOp::create(b, to, value);
  }
  if (to.isInteger(1))
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value,
                                 scalarInt(b, from, 0));
  if (from.isIndex() || to.isIndex())
    return fromUnsigned
               ? Value(arith::IndexCastUIOp::create(b, to, value))
               : Value(arith::IndexCastOp::create(b, to, value));
  unsigned fromBits = from.getIntOrFloatBitWidth();
  if (fromBits > to.getIntOrFloatBitWidth())
    return arith::TruncIOp::create(b, to, value);
  if (fromUnsigned)
    return arith::ExtUIOp::create(b, to, value);
  return arith::ExtSIOp::create(b, to, value);
}

Value lower::castTo(LocBuilder &b, Value value, Type element, bool fromUnsigned,
                    bool toUnsigned) {
  RankedTensorType type = tensorType(value);
  if (type.getElementType() == element)
    return value;
  return pointwise(b, value, tensorType(shapeOf(type), element),
                   [&](LocBuilder &b, ValueRange s) {
                     return castScalar(b, s[0], element, fromUnsigned,
                                       toUnsigned);
                   });
}

Value lower::add(LocBuilder &b, Value x, Value y) {
  if (isFloat(x.getType()))
    return arith::AddFOp::create(b, x, y);
  return arith::AddIOp::create(b, x, y);
}

Value lower::sub(LocBuilder &b, Value x, Value y) {
  if (isFloat(x.getType()))
    return arith::SubFOp::create(b, x, y);
  return arith::SubIOp::create(b, x, y);
}

Value lower::mul(LocBuilder &b, Value x, Value y) {
  if (isFloat(x.getType()))
    return arith::MulFOp::create(b, x, y);
  return arith::MulIOp::create(b, x, y);
}

Value lower::div(LocBuilder &b, Value x, Value y, bool isUnsigned) {
  if (isFloat(x.getType()))
    return arith::DivFOp::create(b, x, y);
  if (isUnsigned)
    return arith::DivUIOp::create(b, x, y);
  return arith::DivSIOp::create(b, x, y);
}

Value lower::maximum(LocBuilder &b, Value x, Value y, bool isUnsigned) {
  if (isFloat(x.getType()))
    return arith::MaximumFOp::create(b, x, y);
  if (isUnsigned)
    return arith::MaxUIOp::create(b, x, y);
  return arith::MaxSIOp::create(b, x, y);
}

Value lower::largerNumber(LocBuilder &b, Value x, Value y, bool isUnsigned) {
  return isFloat(x.getType()) ? arith::MaxNumFOp::create(b, x, y).getResult() : maximum(b, x, y, isUnsigned);
}

Value lower::minimum(LocBuilder &b, Value x, Value y, bool isUnsigned) {
  if (isFloat(x.getType()))
    return arith::MinimumFOp::create(b, x, y);
  if (isUnsigned)
    return arith::MinUIOp::create(b, x, y);
  return arith::MinSIOp::create(b, x, y);
}

Value lower::logistic(LocBuilder &b, Value x) {
  Value one = scalar(b, x.getType(), 1);
  Value power = math::ExpOp::create(b, arith::NegFOp::create(b, x));
  return arith::DivFOp::create(b, one, arith::AddFOp::create(b, one, power));
}
