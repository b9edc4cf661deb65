//===- Guards.cpp ---------------------------------------------------------===//
//
// A check is a Gather whose index is out of range where the check fails: the code finds that when it runs.
//
//===----------------------------------------------------------------------===//
#include "compiler/optimize/Guards.h"

using namespace mlir;
using namespace ingot;

/// `TensorProto.INT64`, as the attribute `to` of Cast has it.
constexpr int64_t kInt64DataType = 7;

static Value integerConstantOf(OpBuilder &b, Location loc, ArrayRef<int64_t> shape, ArrayRef<int64_t> values) {
  return makeConstant(b, loc, ElementsAttr(DenseElementsAttr::get(RankedTensorType::get(shape, b.getI64Type()), values)));
}

static Value reshaped(OpBuilder &b, Location loc, Value value, ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, getElementTypeOrSelf(value.getType()));
  return onnx::ReshapeOp::create(b, loc, TypeRange(Type(type)), ValueRange{value, makeConstant(b, loc, shape)})->getResult(0);
}

static Value toInteger(OpBuilder &b, Location loc, Value value) {
  auto type = RankedTensorType::get(cast<RankedTensorType>(value.getType()).getShape(), b.getI64Type());
  if (type == value.getType())
    return value;
  return onnx::CastOp::create(b, loc, TypeRange(Type(type)), ValueRange(value),
                              b.getNamedAttr("to", b.getI64IntegerAttr(kInt64DataType)))
      ->getResult(0);
}

static Type boolsLike(OpBuilder &b, Value value) {
  return RankedTensorType::get(cast<RankedTensorType>(value.getType()).getShape(), b.getI1Type());
}

Value ingot::pick(OpBuilder &b, Location loc, ArrayRef<Value> values, Value index) {
  auto type = cast<RankedTensorType>(values.front().getType());
  SmallVector<int64_t> row = {1};
  llvm::append_range(row, type.getShape());
  SmallVector<Value> rows;
  for (Value value : values)
    rows.push_back(reshaped(b, loc, value, row));
  NamedAttribute axis = b.getNamedAttr("axis", b.getI64IntegerAttr(0));
  Value stack = rows.front();
  if (rows.size() > 1) {
    row[0] = int64_t(rows.size());
    auto stacked = RankedTensorType::get(row, type.getElementType());
    stack = onnx::ConcatOp::create(b, loc, TypeRange(Type(stacked)), rows, axis)->getResult(0);
  }
  return onnx::GatherOp::create(b, loc, TypeRange(Type(type)), ValueRange{stack, index}, axis)->getResult(0);
}

Value ingot::unlessIs(OpBuilder &b, Location loc, Value condition, bool expected) {
  if (expected)
    condition = onnx::NotOp::create(b, loc, condition.getType(), ValueRange(condition))->getResult(0);
  return toInteger(b, loc, reshaped(b, loc, condition, {}));
}

Value ingot::unlessEqual(OpBuilder &b, Location loc, Value integers, ArrayRef<int64_t> expected) {
  int64_t count = expected.size();
  Value given = toInteger(b, loc, reshaped(b, loc, integers, {count}));
  Value equal = onnx::EqualOp::create(b, loc, TypeRange(boolsLike(b, given)), ValueRange{given, makeConstant(b, loc, expected)})->getResult(0);
  Value differs = onnx::NotOp::create(b, loc, equal.getType(), ValueRange(equal))->getResult(0);
  Type scalar = RankedTensorType::get({}, b.getI64Type());
  return onnx::ReduceMaxOp::create(b, loc, TypeRange(scalar), ValueRange(toInteger(b, loc, differs)),
                                   b.getNamedAttr("keepdims", b.getI64IntegerAttr(0)))
      ->getResult(0);
}

Value ingot::unlessAtLeast(OpBuilder &b, Location loc, Value integer, int64_t least) {
  Value given = toInteger(b, loc, reshaped(b, loc, integer, {}));
  Value less = onnx::LessOp::create(b, loc, TypeRange(boolsLike(b, given)), ValueRange{given, integerConstantOf(b, loc, {}, {least})})->getResult(0);
  return toInteger(b, loc, less);
}

Value ingot::lookUp(OpBuilder &b, Location loc, Value position, int64_t low, ArrayRef<int64_t> meaning, int64_t outside) {
  // Positions outside fall on a place of their own at either end, so that none is taken for one that is counted from the back.
  int64_t high = low + int64_t(meaning.size()) - 1;
  SmallVector<int64_t> table = {outside};
  llvm::append_range(table, meaning);
  table.push_back(outside);
  Type scalar = RankedTensorType::get({}, b.getI64Type());
  Value place = toInteger(b, loc, reshaped(b, loc, position, {}));
  auto apply = [&](auto op, int64_t number) {
    using Op = decltype(op);
    place = Op::create(b, loc, TypeRange(scalar), ValueRange{place, integerConstantOf(b, loc, {}, {number})})->getResult(0);
  };
  apply(onnx::MinOp(), high + 1);
  apply(onnx::MaxOp(), low - 1);
  apply(onnx::SubOp(), low - 1);
  return onnx::GatherOp::create(b, loc, TypeRange(scalar), ValueRange{makeConstant(b, loc, table), place},
                                b.getNamedAttr("axis", b.getI64IntegerAttr(0)))
      ->getResult(0);
}

Value *ingot::smallest(ArrayRef<Value *> values) {
  Value *best = nullptr;
  int64_t size = 0;
  for (Value *value : values) {
    auto type = dyn_cast<RankedTensorType>(value->getType());
    if (!type || !type.hasStaticShape() || type.getNumElements() == 0 || (best && type.getNumElements() >= size))
      continue;
    best = value;
    size = type.getNumElements();
  }
  return best;
}
