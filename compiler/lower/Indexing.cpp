//===- Indexing.cpp - Gather*, Scatter*, OneHot: indices from data --------===//
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Indexing.h"
#include "compiler/lower/Parameter.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// Of `size` elements, of which `last` is the last one.
static Value checkedIndex(LocBuilder &b, Value value, llvm::function_ref<Value()> size,
                          llvm::function_ref<Value()> last, const Node &node, bool isUnsigned, bool wrap) {
  Type indexType = b.getIndexType();
  Value at = isUnsigned
                 ? Value(arith::IndexCastUIOp::create(b, indexType, value))
                 : Value(arith::IndexCastOp::create(b, indexType, value));
  Value zero = index(b, 0);
  if (wrap && !isUnsigned) {
    Value below =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, at, zero);
    Value moved = arith::AddIOp::create(b, at, size());
    at = arith::SelectOp::create(b, below, moved, at);
  }
  // As unsigned numbers, negative indices are too large as well.
  Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, at,
                                       size());
  cf::AssertOp::create(
      b, inside, b.getStringAttr(node.name() + ": index out of range"));
  Value low = arith::MaxSIOp::create(b, at, zero);
  return arith::MinSIOp::create(b, low, last());
}

Value lower::checkedIndex(LocBuilder &b, Value value, const Extent &size,
                          const Node &node, bool isUnsigned, bool wrap) {
  auto last = [&] {
    AffineExpr expr = size.in(b.getContext());
    bool maybeNone = !size.isNumber() && expr && isFromData(expr, node.op);
    return maybeNone ? maximum(b, sub(b, index(b, size), index(b, 1)), index(b, 0)) : index(b, size - 1);
  };
  return ::checkedIndex(b, value, [&] { return index(b, size); }, last, node, isUnsigned, wrap);
}

/// Indices of a constant counted from the front, or nothing if one is outside.
static std::optional<SmallVector<int64_t>> wrapped(ArrayRef<int64_t> values,
                                                   int64_t size) {
  SmallVector<int64_t> list;
  for (int64_t value : values) {
    if (value < -size || value >= size)
      return std::nullopt;
    list.push_back(value < 0 ? value + size : value);
  }
  return list;
}

/// Step of evenly rising numbers, or 0.
static int64_t risingStep(ArrayRef<int64_t> values) {
  if (values.size() == 1)
    return 1;
  int64_t step = values[1] - values[0];
  for (size_t i = 1; i < values.size(); ++i)
    if (values[i] - values[i - 1] != step)
      return 0;
  return std::max<int64_t>(step, 0);
}

static SmallVector<Value> loopIndices(LocBuilder &b, int64_t first, int64_t end) {
  SmallVector<Value> indices;
  for (int64_t i = first; i < end; ++i)
    indices.push_back(linalg::IndexOp::create(b, i));
  return indices;
}

static LogicalResult emptyData(Node &node) {
  if (node.resultSizes().count() != 0)
    return node.fail("there is nothing to take elements from; correct the model");
  return node.done(emptyOf(node, lowerType(node.resultType())));
}

/// Gather-13: a view where the indices are constant and evenly spaced.
static LogicalResult lowerGather(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  auto axis = node.axis("axis", 0, rank);
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  RankedTensorType type = node.resultType();
  Shape shape = node.sizes(0);
  Extent size = shape[*axis];
  int64_t indexRank = node.rank(1);
  if (node.resultSizes().count() == 0 || size == 0)
    return emptyData(node);
  Value data = node.operand(0), indices = node.operand(1);
  bool isConstant = false, fromData = !size.isNumber() && isFromData(size.in(b.getContext()), node.op);
  if (auto one = node.constantInts(1); one && one->size() == 1 && !size.isNumber() && !fromData) {
    // One place of an open axis.
    Extent at = one->front() < 0 ? size + one->front() : Extent(one->front());
    if (!node.isAtMost(0, at) || !node.isAtMost(at + 1, size))
      return node.fail("a constant index is out of range; correct the model");
    return node.done(reshape(b, sliceAxis(b, data, *axis, at, 1), node.resultSizes()));
  }
  if (auto values = node.constantInts(1); values && size.isNumber()) {
    auto places = wrapped(*values, size.value());
    if (!places)
      return node.fail("a constant index is out of range; correct the model");
    isConstant = true;
    if (int64_t step = risingStep(*places)) {
      Shape offsets(rank, 0), sizes(shape);
      SmallVector<int64_t> strides(rank, 1);
      offsets[*axis] = places->front();
      strides[*axis] = step;
      sizes[*axis] = int64_t(places->size());
      Value view = slice(b, data, offsets, sizes, strides);
      return node.done(reshape(b, view, node.resultSizes()));
    }
    SmallVector<int64_t> indexShape(node.shape(1));
    indices = reshape(b, indexTable(b, *places), indexShape);
  }
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < indexRank; ++i)
    exprs.push_back(b.getAffineDimExpr(*axis + i));
  bool isUnsigned = node.isUnsigned(1);
  return node.done(mapped(
      b, indices, AffineMap::get(type.getRank(), 0, exprs, b.getContext()), type, [&](LocBuilder &b, ValueRange s) -> Value {
        SmallVector<Value> at = loopIndices(b, 0, *axis);
        at.push_back(isConstant
                         ? Value(arith::IndexCastOp::create(
                               b, b.getIndexType(), s[0]))
                         : checkedIndex(b, s[0], size, node, isUnsigned));
        at.append(loopIndices(b, *axis + indexRank, type.getRank()));
        return tensor::ExtractOp::create(b, data, at);
      }));
}

/// GatherElements-13.
static LogicalResult lowerGatherElements(Node &node) {
  LocBuilder &b = node.b;
  auto axis = node.axis("axis", 0, node.rank(0));
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  RankedTensorType type = node.resultType();
  if (type.getRank() != node.rank(0))
    return node.fail("the indices must have the rank of the data; correct the model");
  Shape shape = node.sizes(0), taken = node.resultSizes();
  Extent size = shape[*axis];
  if (taken.count() == 0 || size == 0)
    return emptyData(node);
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (i != *axis && !node.isAtMost(taken[i], shape[i]))
      return node.fail("the indices are longer than the data; correct the "
                       "model");
  Value data = node.operand(0);
  return node.done(pointwise(
      b, node.operand(1), type, [&](LocBuilder &b, ValueRange s) -> Value {
        SmallVector<Value> at = loopIndices(b, 0, type.getRank());
        at[*axis] = checkedIndex(b, s[0], size, node, node.isUnsigned(1));
        return tensor::ExtractOp::create(b, data, at);
      }));
}

/// GatherND-13.
static LogicalResult lowerGatherND(Node &node) {
  LocBuilder &b = node.b;
  int64_t batch = node.attrInt("batch_dims", 0);
  RankedTensorType type = node.resultType();
  Shape shape = node.sizes(0);
  ArrayRef<int64_t> indexShape = node.shape(1);
  int64_t indexRank = indexShape.size();
  if (node.resultSizes().count() == 0 || shape.count() == 0)
    return emptyData(node);
  for (int64_t i = 0; i < batch && i < indexRank && i < int64_t(shape.size()); ++i)
    if (!node.agree(shape[i], node.sizes(1)[i]))
      return node.fail("the batches of data and indices differ; correct the model");
  int64_t depth = indexRank ? indexShape.back() : 0;
  if (ShapedType::isDynamic(depth))
    return node.fail("how many indices an element has must be known; fix sizes with --shape");
  if (indexRank == 0 || batch < 0 || batch >= indexRank || depth < 0 ||
      batch + depth > int64_t(shape.size()) ||
      type.getRank() != indexRank - 1 + int64_t(shape.size()) - batch - depth)
    return node.fail("batch_dims and the indices do not fit the data; correct "
                     "the model");
  Value data = node.operand(0);
  // One operand for each component of the index tuples.
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (int64_t k = 0; k < depth; ++k) {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i + 1 < indexRank; ++i)
      exprs.push_back(b.getAffineDimExpr(i));
    exprs.push_back(b.getAffineConstantExpr(k));
    operands.push_back(node.operand(1));
    maps.push_back(AffineMap::get(type.getRank(), 0, exprs, b.getContext()));
  }
  return node.done(mapped(
      b, operands, maps, type, [&](LocBuilder &b, ValueRange s) -> Value {
        SmallVector<Value> at = loopIndices(b, 0, batch);
        for (int64_t k = 0; k < depth; ++k)
          at.push_back(checkedIndex(b, s[k], shape[batch + k], node, node.isUnsigned(1)));
        at.append(loopIndices(b, indexRank - 1, type.getRank()));
        return tensor::ExtractOp::create(b, data, at);
      }));
}

/// OneHot-11: indices outside [-depth, depth) give a row of off values.
static LogicalResult lowerOneHot(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  auto axis = node.axis("axis", -1, type.getRank());
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  Extent depth = node.resultSizes()[*axis];
  if (node.rank(2) != 1 || !node.agree(node.sizes(2)[0], 2) ||
      node.rank(0) + 1 != type.getRank())
    return node.fail("the values must be two numbers; correct the model");
  SmallVector<int64_t> rest(type.getShape());
  rest.erase(rest.begin() + *axis);
  Parameter wanted(node, 1);
  if (node.shape(0) != ArrayRef(rest) || wanted.size() != 1)
    return node.fail("the result does not fit the indices; correct the model");
  if (!wanted.isKnown() && !node.isOpen(1))
    check(node, wanted, [&](LocBuilder &b) { return wanted.is(b, 0, depth); });
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (i != *axis)
      exprs.push_back(b.getAffineDimExpr(i));
  MLIRContext *context = b.getContext();
  auto constantMap = [&](int64_t at) {
    return AffineMap::get(type.getRank(), 0, b.getAffineConstantExpr(at));
  };
  AffineMap maps[] = {AffineMap::get(type.getRank(), 0, exprs, context),
                      constantMap(0), constantMap(1)};
  Type indexType = node.element(0);
  return node.done(mapped(
      b, {node.operand(0), node.operand(2), node.operand(2)}, maps, type,
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value hit;
        Value here = linalg::IndexOp::create(b, *axis);
        if (isFloat(indexType)) {
          Value at = castScalar(b, s[0], b.getI64Type(), false, false);
          Value i = arith::IndexCastOp::create(b, b.getI64Type(), here);
          Value moved = add(b, at, scalarInt(b, b.getI64Type(), depth));
          Value first = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, at, i);
          Value second =
              arith::CmpIOp::create(b, arith::CmpIPredicate::eq, moved, i);
          hit = arith::OrIOp::create(b, first, second);
        } else {
          Value at = castScalar(b, s[0], b.getIndexType(), node.isUnsigned(0),
                                false);
          Value moved = add(b, at, index(b, depth));
          Value first =
              arith::CmpIOp::create(b, arith::CmpIPredicate::eq, at, here);
          Value second =
              arith::CmpIOp::create(b, arith::CmpIPredicate::eq, moved, here);
          hit = arith::OrIOp::create(b, first, second);
        }
        return arith::SelectOp::create(b, hit, s[2], s[1]);
      }));
}

/// ReverseSequence-10: the first elements of each batch backwards.
static LogicalResult lowerReverseSequence(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  auto time = node.axis("time_axis", 0, rank);
  auto batch = node.axis("batch_axis", 1, rank);
  if (!time || !batch || *time == *batch || node.rank(1) != 1 ||
      !node.agree(node.sizes(1)[0], node.sizes(0)[*batch]))
    return node.fail("the axes and lengths do not fit the input; correct the "
                     "model");
  if (node.sizes(0).count() == 0)
    return node.done(node.operand(0));
  Extent steps = node.sizes(0)[*time];
  Value data = node.operand(0);
  return node.done(mapped(
      b, node.operand(1), AffineMap::get(rank, 0, b.getAffineDimExpr(*batch)),
      node.resultType(), [&](LocBuilder &b, ValueRange s) -> Value {
        SmallVector<Value> at = loopIndices(b, 0, rank);
        Value one = index(b, 1);
        Value last = arith::SubIOp::create(
            b, arith::IndexCastOp::create(b, b.getIndexType(), s[0]), one);
        Value turned = arith::SubIOp::create(b, last, at[*time]);
        Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::sge,
                                             turned, index(b, 0));
        Value chosen = arith::SelectOp::create(b, inside, turned, at[*time]);
        // A length beyond the input's would lead outside of it.
        at[*time] = minimum(b, chosen, index(b, steps - 1));
        return tensor::ExtractOp::create(b, data, at);
      }));
}

/// Trilu-14: the upper or lower triangle, the rest 0.
static LogicalResult lowerTrilu(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  bool upper = node.attrInt("upper", 1);
  if (rank < 2)
    return node.fail("the input must have a rank of at least 2; correct the "
                     "model");
  SmallVector<Value> operands{node.operand(0)};
  if (node.has(1) && node.type(1).getNumElements() != 1)
    return node.fail("k must be one number; correct the model");
  if (node.has(1))
    operands.push_back(reshape(b, node.operand(1), {}));
  return node.done(pointwise(
      b, operands, node.resultType(), [&](LocBuilder &b, ValueRange s) -> Value {
        Type i64 = b.getI64Type();
        Value row = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, rank - 2));
        Value column = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, rank - 1));
        Value diagonal = sub(b, column, row);
        Value k = s.size() > 1 ? s[1] : scalarInt(b, i64, 0);
        Value inside = arith::CmpIOp::create(
            b, upper ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sle,
            diagonal, k);
        return arith::SelectOp::create(b, inside, s[0],
                                       scalarInt(b, s[0].getType(), 0));
      }));
}

void lower::addIndexing(Registry &r) {
  r["onnx.Gather"] = lowerGather;
  r["onnx.GatherElements"] = lowerGatherElements;
  r["onnx.GatherND"] = lowerGatherND;
  r["onnx.OneHot"] = checked(lowerOneHot);
  r["onnx.ReverseSequence"] = lowerReverseSequence;
  r["onnx.Trilu"] = lowerTrilu;
}
