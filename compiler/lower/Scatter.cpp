//===- Scatter.cpp - ScatterElements-18, ScatterND-18, Col2Im-18, TensorScatter-24, MaxUnpool-22 -===//
//
// Places in the result look for the updates that concern them: a reduction over the updates, in which the last one wins or all are
// combined. That takes time with the product of both.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Indexing.h"
#include "compiler/lower/Parameter.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
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

static LogicalResult checkPairs(Node &node, int64_t places, int64_t updates) {
  int64_t pairs;
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
                         AffineMap resultMap, ArrayRef<int64_t> shape,
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

/// ScatterElements; `places` are those of the updates on the axis.
static Value searchElements(Node &node, Value places, int64_t axis) {
  LocBuilder &b = node.b;
  Value data = node.operand(0), updates = node.operand(2);
  RankedTensorType type = tensorType(data);
  int64_t rank = type.getRank();
  ArrayRef<int64_t> updateShape = node.shape(2);
  std::string kind = node.attrString("reduction", "none");
  bool isUnsigned = node.isUnsigned(0);
  // Updates may cover a part of the other axes; nothing goes to place -1.
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  SmallVector<AffineExpr> read, write;
  for (int64_t i = 0; i < rank; ++i) {
    high[i] = i == axis ? 0 : type.getDimSize(i) - updateShape[i];
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
      lastUpdates(b, whole, readMap, writeMap, type.getShape(), axis);
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
  ArrayRef<int64_t> shape = node.shape(0), places = node.shape(1);
  if (!axis || node.rank(1) != rank || node.shape(2) != places)
    return node.fail("the indices do not fit the data; correct the model");
  int64_t count = node.type(1).getNumElements();
  if (count == 0)
    return node.done(node.operand(0));
  for (int64_t i = 0; i < rank; ++i)
    if (shape[i] == 0 || (i != *axis && places[i] > shape[i]))
      return node.fail("the indices do not fit the data; correct the model");
  if (failed(checkPairs(node, node.type(0).getNumElements(), places[*axis])))
    return failure();
  Value along = pointwise(
      b, node.operand(1), tensorType(places, b.getI64Type()),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value at =
            checkedIndex(b, s[0], shape[*axis], node, node.isUnsigned(1));
        return arith::IndexCastOp::create(b, b.getI64Type(), at);
      });
  return node.done(searchElements(node, along, *axis));
}

/// ScatterND: data as (places, run), updates as (count, run).
static Value searchRuns(Node &node, Value flat, int64_t count, int64_t length) {
  LocBuilder &b = node.b;
  MLIRContext *context = b.getContext();
  std::string kind = node.attrString("reduction", "none");
  bool isUnsigned = node.isUnsigned(0);
  ArrayRef<int64_t> shape = node.shape(0);
  int64_t places = node.type(0).getNumElements() / length;
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
  ArrayRef<int64_t> shape = node.shape(0), places = node.shape(1);
  int64_t rank = shape.size();
  int64_t depth = places.empty() ? 0 : places.back();
  if (places.empty() || depth < 1 || depth > rank)
    return node.fail("the indices do not fit the data; correct the model");
  SmallVector<int64_t> expected(places.drop_back());
  expected.append(shape.begin() + depth, shape.end());
  if (node.shape(2) != ArrayRef(expected))
    return node.fail("the updates do not fit the indices; correct the model");
  if (node.type(2).getNumElements() == 0)
    return node.done(node.operand(0));
  for (int64_t k = 0; k < depth; ++k)
    if (shape[k] == 0)
      return node.fail("there is nothing to write to; correct the model");
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  int64_t length = depth < rank ? strides[depth - 1] : 1;
  int64_t count = node.type(2).getNumElements() / length;
  if (failed(checkPairs(node, node.type(0).getNumElements() / length, count)))
    return failure();
  int64_t outer = places.size() - 1;
  RankedTensorType flatType = tensorType(places.drop_back(), b.getI64Type());
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
  return node.done(searchRuns(node, flat, count, length));
}

//===- Scatter.cpp - ScatterElements-18, ScatterND-18, Col2Im-18, TensorScatter-24, MaxUnpool-22 -===//
void lower::addScatter(Registry &r) {
  r["onnx.MaxUnpool"] = lowerMaxUnpool;
  r["onnx.TensorScatter"] = lowerTensorScatter;
  r["onnx.ScatterElements"] = lowerScatterElements;
  r["onnx.Col2Im"] = checked(lowerCol2Im);
  r["onnx.ScatterND"] = lowerScatterND;
}
