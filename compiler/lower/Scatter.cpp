//===- Scatter.cpp - ScatterElements-18, ScatterND-18, Col2Im-18, TensorScatter-24, MaxUnpool-22 -===//
//
// Updates go to their places one after the other, so that the last one wins. Of sizes that only a call knows, places in the result look for the updates that concern
// them: a reduction over the updates, in time with the product of both.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Indexing.h"
#include "compiler/lower/Parameter.h"
#include "compiler/lower/Sequential.h"
#include "compiler/support/Elements.h"
#include "compiler/support/Target.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

static Shape rowMajorStrides(const Shape &shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

static Value reduceScalar(LocBuilder &b, StringRef kind, Value old, Value update,
                          bool isUnsigned) {
  if (kind == "add")
    return add(b, old, update);
  if (kind == "mul")
    return mul(b, old, update);
  if (kind == "max")
    return maximum(b, old, update, isUnsigned);
  if (kind == "min")
    return minimum(b, old, update, isUnsigned);
  return update;
}

/// The most pairs of place and update to look at: seconds of work.
static constexpr int64_t kMostPairs = int64_t(1) << 32;

static LogicalResult checkPairs(Node &node, const Extent &allPlaces, const Extent &allUpdates) {
  // How many open sizes make is the caller's affair.
  if (!allPlaces.isNumber() || !allUpdates.isNumber())
    return success();
  int64_t pairs, places = allPlaces.value(), updates = allUpdates.value();
  if (!__builtin_mul_overflow(places, updates, &pairs) && pairs <= kMostPairs)
    return success();
  return node.fail(Twine(updates) + " updates of " + Twine(places) +
                   " places are more than is supported");
}

/// The number that a reduction starts from so that it changes nothing.
static TypedAttr neutralOf(StringRef kind, Type type, bool isUnsigned) {
  if (kind == "max")
    return lowestAttr(type, isUnsigned);
  if (kind == "min")
    return highestAttr(type, isUnsigned);
  return numberAttr(type, kind == "mul");
}

/// Looks for updates in one more loop than the result has: `place` reads the place (i64, along `axis` of the result) that an
/// update goes to, the loop `loops.size() - 1` counts the updates. Gives the last update of each place, or -1.
static Value lastUpdates(LocBuilder &b, Value place, AffineMap placeMap,
                         AffineMap resultMap, const Shape &shape,
                         int64_t axis) {
  unsigned count = resultMap.getNumDims();
  SmallVector<IteratorType> loops(count, IteratorType::parallel);
  loops.back() = IteratorType::reduction;
  Type i64 = b.getI64Type();
  AffineMap maps[] = {placeMap, resultMap};
  return reduction(
      b, place, maps, loops, tensorType(shape, i64), b.getI64IntegerAttr(-1),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value here = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, axis));
        Value update = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, count - 1));
        Value hit =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[0], here);
        Value found = arith::SelectOp::create(b, hit, update,
                                              scalarInt(b, i64, -1));
        return maximum(b, s[1], found);
      });
}

/// The same, with all updates of a place combined.
static Value allUpdates(LocBuilder &b, Value place, Value updates,
                        ArrayRef<AffineMap> maps, RankedTensorType type,
                        int64_t axis, StringRef kind, bool isUnsigned) {
  unsigned count = maps.back().getNumDims();
  SmallVector<IteratorType> loops(count, IteratorType::parallel);
  loops.back() = IteratorType::reduction;
  TypedAttr neutral = neutralOf(kind, type.getElementType(), isUnsigned);
  return reduction(
      b, {place, updates}, maps, loops, type, neutral,
      [&](LocBuilder &b, ValueRange s) {
        Value here = arith::IndexCastOp::create(
            b, b.getI64Type(), linalg::IndexOp::create(b, axis));
        Value hit =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[0], here);
        Value none = arith::ConstantOp::create(b, neutral);
        Value update = arith::SelectOp::create(b, hit, s[1], none);
        return reduceScalar(b, kind, s[2], update, isUnsigned);
      });
}

static Value combineWith(LocBuilder &b, Value data, Value updates,
                         StringRef kind, bool isUnsigned) {
  return pointwise(b, {data, updates}, tensorType(data),
                   [&](LocBuilder &b, ValueRange s) {
                     return reduceScalar(b, kind, s[0], s[1], isUnsigned);
                   });
}

namespace {
/// Writes through memory.
class Writes {
public:
  Writes(Node &node) : kind(node.attrString("reduction", "none")), isUnsigned(node.isUnsigned(0)) {
    lanes = Target::of(node.op->getParentOfType<ModuleOp>()).lanes(std::max<int64_t>(elementBytes(node.element(0)), 1));
  }

  /// `body` writes updates into memory that holds the data. `places` are i64 numbers, all of them inside.
  Value launch(LocBuilder &b, Value data, Value places, Value updates, llvm::function_ref<void(LocBuilder &, Value out, Value places, Value updates)> body) const {
    Type element = elementOf(data);
    // Halves are combined as floats, and rounded in the end.
    bool widens = kind != "none" && (element.isF16() || element.isBF16());
    auto as = [&](Value value, Type type) { return widens ? castTo(b, value, type) : value; };
    data = as(data, b.getF32Type());
    updates = as(updates, b.getF32Type());
    int64_t size = tensorType(data).getNumElements();
    Value written = launchLoops(b, "scatter", "updates, one after the other", {data, places, updates}, data.getType(), /*checked=*/false,
                                [&](LocBuilder &b, ValueRange memory) {
                                  copy(b, memory[0], index(b, 0), memory[3], index(b, 0), size);
                                  body(b, memory[3], memory[1], memory[2]);
                                }).front();
    return as(written, element);
  }

  /// Elements [to, to + size) of `out` are combined with, or are, as many from `from` on.
  void run(LocBuilder &b, Value in, Value from, Value out, Value to, int64_t size) const {
    if (kind == "none")
      return copy(b, in, from, out, to, size);
    forEach(b, "i", 0, size, 1, [&](LocBuilder &b, Value i) {
      Value place = add(b, to, i);
      Value old = memref::LoadOp::create(b, out, place), update = memref::LoadOp::create(b, in, add(b, from, i));
      memref::StoreOp::create(b, reduceScalar(b, kind, old, update, isUnsigned), out, place);
    });
  }

private:
  void copy(LocBuilder &b, Value in, Value from, Value out, Value to, int64_t size) const {
    Type element = cast<MemRefType>(in.getType()).getElementType();
    int64_t done = 0;
    for (int64_t width : {element.isInteger(1) ? 1 : lanes, int64_t(1)}) {
      int64_t end = done + (size - done) / width * width;
      if (end != done)
        forEach(b, "i", done, end, width, [&](LocBuilder &b, Value i) {
          Value source = add(b, from, i), target = add(b, to, i);
          if (width == 1)
            return memref::StoreOp::create(b, memref::LoadOp::create(b, in, source), out, target), void();
          vector::StoreOp::create(b, vector::LoadOp::create(b, VectorType::get({width}, element), in, source), out, target);
        });
      done = end;
    }
  }

  std::string kind;
  bool isUnsigned;
  int64_t lanes;
};
} // namespace

/// ScatterElements; `places` are those of the updates on the axis.
static Value writeElements(Node &node, Value places, int64_t axis) {
  Writes writes(node);
  SmallVector<int64_t> sizes(node.shape(1)), own(node.shape(0));
  int64_t rank = sizes.size();
  // Indices and updates have one shape.
  SmallVector<int64_t> strides(rank, 1), ownStrides(rank, 1);
  for (int64_t i = rank - 1; i-- > 0;) {
    strides[i] = strides[i + 1] * sizes[i + 1];
    ownStrides[i] = ownStrides[i + 1] * own[i + 1];
  }
  return writes.launch(node.b, node.operand(0), places, node.operand(2), [&](LocBuilder &b, Value out, Value places, Value updates) {
    SmallVector<Value> at;
    auto offset = [&](LocBuilder &b, ArrayRef<int64_t> strides, int64_t without) {
      Value sum = index(b, 0);
      for (auto [i, value] : llvm::enumerate(at))
        if (int64_t(i) != without)
          sum = add(b, sum, mul(b, value, index(b, strides[i])));
      return sum;
    };
    std::function<void(LocBuilder &)> walk = [&](LocBuilder &b) {
      if (int64_t(at.size()) < rank)
        return forEach(b, "i" + std::to_string(at.size()), 0, sizes[at.size()], 1, [&](LocBuilder &b, Value i) {
          at.push_back(i);
          walk(b);
          at.pop_back();
        });
      Value from = offset(b, strides, -1);
      Value place = arith::IndexCastOp::create(b, b.getIndexType(), memref::LoadOp::create(b, places, from));
      Value to = add(b, offset(b, ownStrides, axis), mul(b, place, index(b, ownStrides[axis])));
      writes.run(b, updates, from, out, to, 1);
    };
    walk(b);
  });
}

/// ScatterND: data as (places, run), updates as (count, run).
static Value writeRuns(Node &node, Value flat, int64_t count, int64_t length) {
  Writes writes(node);
  return writes.launch(node.b, node.operand(0), flat, node.operand(2), [&](LocBuilder &b, Value out, Value places, Value updates) {
    forEach(b, "u", 0, count, 1, [&](LocBuilder &b, Value u) {
      Value place = arith::IndexCastOp::create(b, b.getIndexType(), memref::LoadOp::create(b, places, u));
      writes.run(b, updates, mul(b, u, index(b, length)), out, mul(b, place, index(b, length)), length);
    });
  });
}

/// Whether all that a node reads has sizes that are known.
static bool isStaticNode(Node &node) {
  return llvm::all_of(llvm::seq(node.numOperands()), [&](unsigned i) { return !node.has(i) || node.type(i).hasStaticShape(); });
}

/// ScatterElements; `places` are those of the updates on the axis.
static Value searchElements(Node &node, Value places, int64_t axis) {
  LocBuilder &b = node.b;
  Value data = node.operand(0), updates = node.operand(2);
  RankedTensorType type = tensorType(data);
  int64_t rank = type.getRank();
  Shape updateShape = node.sizes(2), dataShape = shapeOf(type);
  std::string kind = node.attrString("reduction", "none");
  bool isUnsigned = node.isUnsigned(0);
  // Updates may cover a part of the other axes; nothing goes to place -1.
  Shape low(rank, 0), high(rank, 0);
  SmallVector<AffineExpr> read, write;
  for (int64_t i = 0; i < rank; ++i) {
    high[i] = i == axis ? Extent(0) : dataShape[i] - updateShape[i];
    read.push_back(b.getAffineDimExpr(i == axis ? rank : i));
    write.push_back(b.getAffineDimExpr(i));
  }
  MLIRContext *context = b.getContext();
  AffineMap readMap = AffineMap::get(rank + 1, 0, read, context);
  AffineMap writeMap = AffineMap::get(rank + 1, 0, write, context);
  Value whole = pad(b, places, low, high, b.getI64IntegerAttr(-1));
  if (kind != "none") {
    Value wholeUpdates =
        pad(b, updates, low, high, numberAttr(type.getElementType(), 0));
    Value found = allUpdates(b, whole, wholeUpdates, {readMap, readMap, writeMap},
                             type, axis, kind, isUnsigned);
    return combineWith(b, data, found, kind, isUnsigned);
  }
  Value last =
      lastUpdates(b, whole, readMap, writeMap, dataShape, axis);
  return pointwise(
      b, {data, last}, type, [&](LocBuilder &b, ValueRange s) -> Value {
        Value none = scalarInt(b, b.getI64Type(), 0);
        SmallVector<Value> at;
        for (int64_t i = 0; i < rank; ++i) {
          if (i == axis)
            at.push_back(arith::IndexCastOp::create(b, b.getIndexType(),
                                                    maximum(b, s[1], none)));
          else
            at.push_back(minimum(b, linalg::IndexOp::create(b, i),
                                 index(b, updateShape[i] - 1)));
        }
        Value update = tensor::ExtractOp::create(b, updates, at);
        Value hit =
            arith::CmpIOp::create(b, arith::CmpIPredicate::sge, s[1], none);
        return arith::SelectOp::create(b, hit, update, s[0]);
      });
}

static LogicalResult lowerScatterElements(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  auto axis = node.axis("axis", 0, rank);
  Shape shape = node.sizes(0), places = node.sizes(1);
  if (!axis || node.rank(1) != rank || node.rank(2) != rank)
    return node.fail("the indices do not fit the data; correct the model");
  if (places.count() == 0)
    return node.done(node.operand(0));
  for (int64_t i = 0; i < rank; ++i)
    if (shape[i] == 0 || !node.agree(places[i], node.sizes(2)[i]) || (i != *axis && !node.isAtMost(places[i], shape[i])))
      return node.fail("the indices do not fit the data; correct the model");
  Value along = pointwise(
      b, node.operand(1), tensorType(places, b.getI64Type()),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value at =
            checkedIndex(b, s[0], shape[*axis], node, node.isUnsigned(1));
        return arith::IndexCastOp::create(b, b.getI64Type(), at);
      });
  if (isStaticNode(node))
    return node.done(writeElements(node, along, *axis));
  return node.done(searchElements(node, along, *axis));
}

/// ScatterND: data as (places, run), updates as (count, run).
static Value searchRuns(Node &node, Value flat, const Extent &count, const Extent &length) {
  LocBuilder &b = node.b;
  MLIRContext *context = b.getContext();
  std::string kind = node.attrString("reduction", "none");
  bool isUnsigned = node.isUnsigned(0);
  Shape shape = node.sizes(0);
  Extent places = shape.count() / length;
  Value data = reshape(b, node.operand(0), {places, length});
  Value updates = reshape(b, node.operand(2), {count, length});
  flat = reshape(b, flat, {count});
  RankedTensorType type = tensorType(data);
  AffineExpr p = b.getAffineDimExpr(0), i = b.getAffineDimExpr(1),
             u = b.getAffineDimExpr(2);
  if (kind != "none") {
    AffineMap maps[] = {AffineMap::get(3, 0, u),
                        AffineMap::get(3, 0, {u, i}, context),
                        AffineMap::get(3, 0, {p, i}, context)};
    Value found =
        allUpdates(b, flat, updates, maps, type, 0, kind, isUnsigned);
    return reshape(b, combineWith(b, data, found, kind, isUnsigned), shape);
  }
  Value last = lastUpdates(b, flat, AffineMap::get(2, 0, i),
                           AffineMap::get(2, 0, p), {places}, 0);
  AffineMap maps[] = {b.getMultiDimIdentityMap(2), AffineMap::get(2, 0, p)};
  Value result = mapped(
      b, {data, last}, maps, type, [&](LocBuilder &b, ValueRange s) -> Value {
        Value none = scalarInt(b, b.getI64Type(), 0);
        Value at = arith::IndexCastOp::create(b, b.getIndexType(),
                                              maximum(b, s[1], none));
        Value update = tensor::ExtractOp::create(
            b, updates, ValueRange{at, linalg::IndexOp::create(b, 1)});
        Value hit =
            arith::CmpIOp::create(b, arith::CmpIPredicate::sge, s[1], none);
        return arith::SelectOp::create(b, hit, update, s[0]);
      });
  return reshape(b, result, shape);
}

static LogicalResult lowerScatterND(Node &node) {
  LocBuilder &b = node.b;
  Shape shape = node.sizes(0), places = node.sizes(1);
  int64_t rank = shape.size();
  // The ranks say how many indices an element has, too.
  int64_t depth = int64_t(places.size()) - 1 + rank - node.rank(2);
  if (places.empty() || depth < 1 || depth > rank || !node.agree(places.back(), depth))
    return node.fail("the indices do not fit the data; correct the model");
  Shape leading(ArrayRef<Extent>(places).drop_back()), expected = leading;
  expected.append(shape.begin() + depth, shape.end());
  bool fits = node.rank(2) == int64_t(expected.size());
  for (int64_t i = 0; fits && i < node.rank(2); ++i)
    fits = node.agree(node.sizes(2)[i], expected[i]);
  if (!fits)
    return node.fail("the updates do not fit the indices; correct the model");
  if (expected.count() == 0)
    return node.done(node.operand(0));
  for (int64_t k = 0; k < depth; ++k)
    if (shape[k] == 0)
      return node.fail("there is nothing to write to; correct the model");
  Shape strides = rowMajorStrides(shape);
  Extent length = depth < rank ? strides[depth - 1] : Extent(1);
  Extent count = leading.count();
  int64_t outer = places.size() - 1;
  RankedTensorType flatType = tensorType(leading, b.getI64Type());
  // One operand for each component of the index tuples.
  SmallVector<Value> operands(depth, node.operand(1));
  SmallVector<AffineMap> maps;
  for (int64_t k = 0; k < depth; ++k) {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < outer; ++i)
      exprs.push_back(b.getAffineDimExpr(i));
    exprs.push_back(b.getAffineConstantExpr(k));
    maps.push_back(AffineMap::get(outer, 0, exprs, b.getContext()));
  }
  Value flat = mapped(
      b, operands, maps, flatType, [&](LocBuilder &b, ValueRange s) -> Value {
        Value sum = index(b, 0);
        for (int64_t k = 0; k < depth; ++k) {
          Value at = checkedIndex(b, s[k], shape[k], node, node.isUnsigned(1));
          sum = add(b, sum,
                    arith::MulIOp::create(b, at, index(b, strides[k] / length)));
        }
        return arith::IndexCastOp::create(b, b.getI64Type(), sum);
      });
  if (isStaticNode(node))
    return node.done(writeRuns(node, flat, count.value(), length.value()));
  return node.done(searchRuns(node, flat, count, length));
}

/// TensorScatter-24: each place of a cache knows which update, if any, concerns it.
static LogicalResult lowerTensorScatter(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.type(0);
  Shape shape = node.sizes(0), update = node.sizes(1);
  int64_t rank = type.getRank();
  auto axis = node.axis("axis", -2, rank);
  bool circular = node.attrString("mode", "linear") == "circular";
  bool fits = axis && *axis != 0 && node.rank(1) == rank &&
              node.element(1) == type.getElementType();
  for (int64_t i = 0; fits && i < rank; ++i)
    fits = i == *axis ? node.isAtMost(update[i], shape[i]) : node.agree(update[i], shape[i]);
  if (!fits || (node.has(2) && (node.rank(2) != 1 || !node.agree(node.sizes(2)[0], shape[0]))))
    return node.fail("the update does not fit the cache; correct the model");
  Extent length = update[*axis], size = shape[*axis];
  if (update.count() == 0)
    return node.done(node.operand(0));
  Type i64 = b.getI64Type();
  Value starts = splat(b, tensorType({shape[0]}, i64), b.getI64IntegerAttr(0));
  if (node.has(2))
    starts = pointwise(
        b, node.operand(2), tensorType(starts), [&](LocBuilder &b, ValueRange s) -> Value {
          Value start = castScalar(b, s[0], i64, node.isUnsigned(2), false);
          if (circular) {
            Value bound = scalarInt(b, i64, size);
            Value rest = arith::RemSIOp::create(b, start, bound);
            Value below = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, rest,
                                                scalarInt(b, i64, 0));
            return arith::SelectOp::create(b, below, add(b, rest, bound), rest);
          }
          Value at = checkedIndex(b, start, size - length + 1, node, false, false);
          return arith::IndexCastOp::create(b, i64, at);
        });
  Value updates = node.operand(1);
  AffineMap maps[] = {b.getMultiDimIdentityMap(rank),
                      AffineMap::get(rank, 0, b.getAffineDimExpr(0))};
  return node.done(mapped(
      b, {node.operand(0), starts}, maps, type, [&](LocBuilder &b, ValueRange s) -> Value {
        Value here = arith::IndexCastOp::create(b, i64, linalg::IndexOp::create(b, *axis));
        Value update = sub(b, here, s[1]), zero = scalarInt(b, i64, 0);
        if (circular) {
          Value before = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, update, zero);
          Value wrapped = add(b, update, scalarInt(b, i64, size));
          update = arith::SelectOp::create(b, before, wrapped, update);
        }
        Value hit = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, update,
                                          scalarInt(b, i64, length));
        Value inside = arith::SelectOp::create(b, hit, update, zero);
        SmallVector<Value> at;
        for (int64_t i = 0; i < rank; ++i)
          at.push_back(i == *axis ? Value(arith::IndexCastOp::create(b, b.getIndexType(), inside))
                                  : Value(linalg::IndexOp::create(b, i)));
        Value value = tensor::ExtractOp::create(b, updates, at);
        return arith::SelectOp::create(b, hit, value, s[0]);
      }));
}

/// MaxUnpool-22: values go to where a MaxPool found them, which is in their own plane; zeros elsewhere. With a given output shape, places are
/// those of the shape that the window implies, which lies in the corner.
static LogicalResult lowerMaxUnpool(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Shape shape = node.sizes(0), output = node.resultSizes();
  int64_t rank = shape.size(), n = rank - 2;
  auto kernel = node.attrInts("kernel_shape");
  auto strides = node.attrInts("strides").value_or(std::vector<int64_t>(std::max<int64_t>(n, 0), 1));
  auto pads = node.attrInts("pads").value_or(std::vector<int64_t>(std::max<int64_t>(2 * n, 0), 0));
  constexpr int64_t limit = int64_t(1) << 31;
  auto small = [&](const std::vector<int64_t> &list) {
    return llvm::all_of(list, [&](int64_t v) { return v >= 0 && v < limit; });
  };
  auto agreed = [&](const Shape &other, size_t count) {
    if (int64_t(other.size()) != rank)
      return false;
    for (size_t i = 0; i < count; ++i)
      if (!node.agree(other[i], shape[i]))
        return false;
    return true;
  };
  bool isShort = llvm::all_of(shape, [](const Extent &size) { return !size.isNumber() || size.value() < limit; });
  if (n < 1 || !agreed(node.sizes(1), rank) || !kernel || int64_t(kernel->size()) != n ||
      int64_t(strides.size()) != n || int64_t(pads.size()) != 2 * n || !small(*kernel) ||
      !small(strides) || !small(pads) || !isShort || !agreed(output, 2))
    return node.fail("window and indices do not fit the input; correct the model");
  Parameter sizes(node, 2);
  if (sizes.isPresent() && sizes.size() != rank)
    return node.fail("the output shape does not fit the input; correct the model");
  if (!sizes.isKnown() && !node.isOpen(2))
    check(node, sizes, [&](LocBuilder &b) {
      Value fits;
      for (int64_t i = 0; i < rank; ++i)
        fits = both(b, fits, sizes.is(b, i, output[i]));
      return fits;
    });
  Shape implied(ArrayRef<Extent>(shape).take_front(2));
  Extent plane = 1, count = 1, planes = shape[0] * shape[1];
  for (int64_t i = 0; i < n; ++i) {
    Extent size = (shape[2 + i] - 1) * strides[i] - pads[i] - pads[n + i] + (*kernel)[i];
    if (!node.isAtMost(1, size) || !node.isAtMost(size, limit) ||
        (plane.isNumber() && size.isNumber() && plane.value() > limit / size.value()))
      return node.fail("the output is empty or too large; correct the model");
    implied.push_back(size);
    plane = plane * size;
    count = count * shape[2 + i];
  }
  if (planes == 0 || count == 0)
    return node.fail("the input is empty; correct the model");
  int64_t product;
  if (planes.isNumber() && plane.isNumber() && __builtin_mul_overflow(planes.value(), plane.value(), &product))
    return node.fail("the output is empty or too large; correct the model");
  if (failed(checkPairs(node, planes * plane, count)))
    return failure();
  Type i64 = b.getI64Type();
  Value values = reshape(b, node.operand(0), {planes, count});
  Value places = pointwise(
      b, reshape(b, node.operand(1), {planes, count}), tensorType({planes, count}, i64),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value first = arith::MulIOp::create(b, linalg::IndexOp::create(b, 0), index(b, plane));
        Value place = sub(b, s[0], arith::IndexCastOp::create(b, i64, first));
        Value at = checkedIndex(b, place, plane, node, false, false);
        return arith::IndexCastOp::create(b, i64, at);
      });
  // loops: plane, place, update
  MLIRContext *context = b.getContext();
  AffineExpr p = b.getAffineDimExpr(0), o = b.getAffineDimExpr(1), u = b.getAffineDimExpr(2);
  Value last = lastUpdates(b, places, AffineMap::get(3, 0, {p, u}, context),
                           AffineMap::get(3, 0, {p, o}, context), {planes, plane}, 1);
  Value whole = pointwise(
      b, last, tensorType({planes, plane}, type.getElementType()),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value zero = scalarInt(b, i64, 0);
        Value hit = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, s[0], zero);
        Value at = arith::IndexCastOp::create(b, b.getIndexType(), maximum(b, s[0], zero));
        Value value = tensor::ExtractOp::create(b, values, ValueRange{linalg::IndexOp::create(b, 0), at});
        return arith::SelectOp::create(b, hit, value, scalarInt(b, value.getType(), 0));
      });
  whole = reshape(b, whole, implied);
  Shape none(rank, 0), high(rank, 0), kept(implied);
  for (int64_t i = 0; i < rank; ++i) {
    kept[i] = node.lesser(implied[i], output[i]);
    high[i] = output[i] - kept[i];
  }
  whole = slice(b, whole, none, kept, SmallVector<int64_t>(rank, 1));
  return node.done(pad(b, whole, none, high, numberAttr(type.getElementType(), 0)));
}

//===----------------------------------------------------------------------===//
// Col2Im
//===----------------------------------------------------------------------===//

/// Each place of the image sums over the places of the block that may lie on it, of the position of the block that makes it so.
static LogicalResult lowerCol2Im(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Parameter image(node, 1), block(node, 2);
  int64_t axes = type.getRank() - 2;
  Shape shape = node.sizes(0), result = node.resultSizes();
  auto strides = node.attrInts("strides").value_or(std::vector<int64_t>(std::max<int64_t>(axes, 0), 1));
  auto dilations = node.attrInts("dilations").value_or(strides);
  if (!node.hasAttr("dilations"))
    dilations.assign(strides.size(), 1);
  auto pads = node.attrInts("pads").value_or(std::vector<int64_t>(2 * strides.size(), 0));
  constexpr int64_t most = int64_t(1) << 31;
  auto isSmall = [&](int64_t low) {
    return [=](const Extent &size) { return !size.isNumber() || (size.value() >= low && size.value() < most); };
  };
  if (axes < 1 || shape.size() != 3 || image.size() != axes ||
      block.size() != axes || int64_t(strides.size()) != axes ||
      int64_t(dilations.size()) != axes || int64_t(pads.size()) != 2 * axes ||
      !node.agree(shape[0], result[0]) || !isSmall(1)(result[1]) || !node.agree(shape[1] / result[1] * result[1], shape[1]) ||
      !isSmall(0)(shape[1] / result[1]) || !llvm::all_of(strides, isSmall(1)) ||
      !llvm::all_of(dilations, isSmall(1)) || !llvm::all_of(pads, isSmall(0)) ||
      !llvm::all_of(result, isSmall(0)))
    return node.fail("the operands do not fit together; correct the model");
  Extent places = block.isKnown() ? Shape(block.known()).count() : shape[1] / result[1], positions = shape[2];
  if (block.isKnown() && (!llvm::all_of(block.known(), isSmall(1)) || !isSmall(1)(places) || !node.agree(result[1] * places, shape[1])))
    return node.fail("the operands do not fit together; correct the model");
  Extent mostPlaces = places == 0 ? Extent(1) : places;
  auto sizeOf = [&](LocBuilder &b, int64_t i) {
    return limit(b, block.at(b, i), 1, mostPlaces);
  };
  // How often the block fits along an axis.
  auto countOf = [&](LocBuilder &b, int64_t i) {
    Value covered = add(b, mul(b, sub(b, sizeOf(b, i), number(b, 1)),
                               number(b, dilations[i])), number(b, 1));
    Extent whole = result[2 + i] + pads[i] + pads[axes + i];
    Value rest = sub(b, number(b, whole), covered);
    Value count = add(b, arith::DivSIOp::create(b, rest, number(b, strides[i])),
                      number(b, 1));
    Value fits = compare(b, arith::CmpIPredicate::sge, rest, number(b, 0));
    return select(b, fits, count, number(b, 0));
  };
  if (block.isKnown()) {
    Extent total = 1;
    for (int64_t i = 0; i < axes; ++i) {
      Extent rest = result[2 + i] + pads[i] + pads[axes + i] - ((block.known()[i] - 1) * dilations[i] + 1);
      if (!node.isAtMost(0, rest))
        return node.fail("the block does not fit into the image; correct the model");
      total = total * (rest / strides[i] + 1);
    }
    if (!node.agree(total, positions))
      return node.fail("the operands do not fit together; correct the model");
  }
  bool isImageKnown = image.isKnown() || node.isOpen(1);
  if (!isImageKnown || !block.isKnown())
    check(node, isImageKnown ? block : image, [&](LocBuilder &b) {
      Value fits, elements = number(b, 1), total = number(b, 1);
      for (int64_t i = 0; i < axes; ++i) {
        fits = both(b, fits, image.is(b, i, result[2 + i]));
        fits = both(b, fits, isWithin(b, block.at(b, i), 1, places + 1));
        // Limited, so that no product overflows.
        elements = limit(b, mul(b, elements, sizeOf(b, i)), 0, places + 1);
        Value count = limit(b, countOf(b, i), 0, positions + 1);
        total = limit(b, mul(b, total, count), 0, positions + 1);
      }
      fits = both(b, fits, isNumber(b, elements, places));
      return both(b, fits, isNumber(b, total, positions));
    });
  if (result.count() == 0 || shape.count() == 0)
    return node.done(splat(b, type, numberAttr(type.getElementType(), 0)));
  Value x = node.operand(0);
  int64_t rank = type.getRank();
  MLIRContext *context = b.getContext();
  // The loop over the places of the block needs an operand of their number.
  Value numbers = table(b, places, [](LocBuilder &, Value i) { return i; });
  AffineMap maps[] = {AffineMap::get(rank + 1, 0, b.getAffineDimExpr(rank)),
                      dropAxes(context, rank + 1, rank)};
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  loops.push_back(IteratorType::reduction);
  TypedAttr zero = numberAttr(type.getElementType(), 0);
  return node.done(reduction(
      b, numbers, maps, loops, type, zero,
      [&](LocBuilder &b, ValueRange s) {
        Value rest = s[0], inside, position = number(b, 0);
        SmallVector<Value> offsets(axes);
        for (int64_t i = axes; i-- > 0;) {
          Value size = sizeOf(b, i);
          offsets[i] = arith::RemUIOp::create(b, rest, size);
          rest = arith::DivUIOp::create(b, rest, size);
        }
        for (int64_t i = 0; i < axes; ++i) {
          Value at = sub(b, add(b, place(b, 2 + i), number(b, pads[i])),
                         mul(b, offsets[i], number(b, dilations[i])));
          Value stride = number(b, strides[i]), count = countOf(b, i);
          Value step = arith::DivSIOp::create(b, at, stride);
          Value exact = compare(b, arith::CmpIPredicate::eq, mul(b, step, stride), at);
          inside = both(b, inside, exact);
          inside = both(b, inside, compare(b, arith::CmpIPredicate::sge, at, number(b, 0)));
          inside = both(b, inside, compare(b, arith::CmpIPredicate::slt, step, count));
          position = add(b, mul(b, position, count), step);
        }
        auto toIndex = [&](Value value) -> Value {
          return arith::IndexCastOp::create(b, b.getIndexType(), value);
        };
        Value row = add(b, mul(b, place(b, 1), number(b, places)), s[0]);
        Value element = tensor::ExtractOp::create(
            b, x,
            ValueRange{linalg::IndexOp::create(b, 0), toIndex(row),
                       toIndex(limit(b, position, 0, positions - 1))});
        Value none = arith::ConstantOp::create(b, zero);
        return add(b, s[1], select(b, inside, element, none));
      }));
}

void lower::addScatter(Registry &r) {
  r["onnx.MaxUnpool"] = checked(lowerMaxUnpool);
  r["onnx.TensorScatter"] = lowerTensorScatter;
  r["onnx.ScatterElements"] = lowerScatterElements;
  r["onnx.Col2Im"] = checked(lowerCol2Im);
  r["onnx.ScatterND"] = lowerScatterND;
}
