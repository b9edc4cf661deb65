//===- Scatter.cpp - ScatterElements-18, ScatterND-18: places from data ---===//
//
// Both become a loop over updates on flat data: the places are computed (and checked) ahead as a tensor, then each step
// writes one run of elements. Later updates win where places repeat.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Indexing.h"

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

/// data with the run `length` of update u written at places[u] (flat offsets of runs, i64).
static Value writeRuns(Node &node, Value data, Value updates, Value places,
                       int64_t count, int64_t length) {
  LocBuilder &b = node.b;
  Type element = elementOf(data);
  std::string kind = node.attrString("reduction", "none");
  bool isUnsigned = node.isUnsigned(0);
  ArrayRef<int64_t> shape = tensorType(data).getShape();
  int64_t total = tensorType(data).getNumElements();
  Value flat = reshape(b, data, {total});
  updates = reshape(b, updates, {count * length});
  places = reshape(b, places, {count});
  RankedTensorType runType = tensorType({length}, element);
  auto loop = scf::ForOp::create(
      b, index(b, 0), index(b, count), index(b, 1), ValueRange(flat),
      [&](OpBuilder &inner, Location loc, Value u, ValueRange carried) {
        LocBuilder body(loc, inner);
        Value place = arith::IndexCastOp::create(
            body, body.getIndexType(),
            tensor::ExtractOp::create(body, places, ValueRange(u)));
        Value from = arith::MulIOp::create(body, u, index(body, length));
        auto run = [&](Value whole, Value at) -> Value {
          return tensor::ExtractSliceOp::create(
              body, runType, whole, OpFoldResult(at),
              OpFoldResult(body.getIndexAttr(length)),
              OpFoldResult(body.getIndexAttr(1)));
        };
        Value update = run(updates, from);
        if (kind != "none")
          update = pointwise(body, {run(carried[0], place), update}, runType,
                             [&](LocBuilder &b, ValueRange s) {
                               return reduceScalar(b, kind, s[0], s[1],
                                                   isUnsigned);
                             });
        Value written = tensor::InsertSliceOp::create(
            body, update, carried[0], OpFoldResult(place),
            OpFoldResult(body.getIndexAttr(length)),
            OpFoldResult(body.getIndexAttr(1)));
        scf::YieldOp::create(body, ValueRange(written));
      });
  return reshape(b, loop.getResult(0), shape);
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
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  Value flat = pointwise(
      b, node.operand(1), tensorType(places, b.getI64Type()),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value sum = index(b, 0);
        for (int64_t i = 0; i < rank; ++i) {
          Value at = i == *axis
                         ? checkedIndex(b, s[0], shape[i], node,
                                        node.isUnsigned(1))
                         : Value(linalg::IndexOp::create(b, i));
          sum = add(b, sum,
                    arith::MulIOp::create(b, at, index(b, strides[i])));
        }
        return arith::IndexCastOp::create(b, b.getI64Type(), sum);
      });
  return node.done(
      writeRuns(node, node.operand(0), node.operand(2), flat, count, 1));
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
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  int64_t length = depth < rank ? strides[depth - 1] : 1;
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
  for (int64_t k = 0; k < depth; ++k)
    if (shape[k] == 0)
      return node.fail("there is nothing to write to; correct the model");
  Value flat = mapped(
      b, operands, maps, flatType, [&](LocBuilder &b, ValueRange s) -> Value {
        Value sum = index(b, 0);
        for (int64_t k = 0; k < depth; ++k) {
          Value at = checkedIndex(b, s[k], shape[k], node, node.isUnsigned(1));
          sum = add(b, sum,
                    arith::MulIOp::create(b, at, index(b, strides[k])));
        }
        return arith::IndexCastOp::create(b, b.getI64Type(), sum);
      });
  return node.done(writeRuns(node, node.operand(0), node.operand(2), flat,
                             flatType.getNumElements(), length));
}

void lower::addScatter(Registry &r) {
  r["onnx.ScatterElements"] = lowerScatterElements;
  r["onnx.ScatterND"] = lowerScatterND;
}
