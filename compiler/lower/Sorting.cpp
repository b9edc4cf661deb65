//===- Sorting.cpp - TopK-24 ----------------------------------------------===//
//
// The place of an element in the order is the number of elements before it: a reduction over pairs. It needs no sorting
// network and no scratch memory, and takes time with the square of the axis, which is short where models use it.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Parameter.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// 1 for each element of (..., i, j) where element j of the axis comes before element i: it is better, or equal and earlier.
static Value comesBefore(LocBuilder &b, Value other, Value self, Value otherAt,
                         Value selfAt, bool largest, bool isUnsigned) {
  Value better, equal;
  if (isFloat(self.getType())) {
    better = arith::CmpFOp::create(b,
                                   largest ? arith::CmpFPredicate::OGT
                                           : arith::CmpFPredicate::OLT,
                                   other, self);
    equal = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, other, self);
  } else {
    auto predicate = largest ? (isUnsigned ? arith::CmpIPredicate::ugt
                                           : arith::CmpIPredicate::sgt)
                             : (isUnsigned ? arith::CmpIPredicate::ult
                                           : arith::CmpIPredicate::slt);
    better = arith::CmpIOp::create(b, predicate, other, self);
    equal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, other, self);
  }
  Value earlier =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ult, otherAt, selfAt);
  Value tie = arith::AndIOp::create(b, equal, earlier);
  return arith::OrIOp::create(b, better, tie);
}

static LogicalResult lowerTopK(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  auto axis = node.axis("axis", -1, rank);
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  Value x = node.operand(0);
  Shape shape = node.sizes(0);
  Extent size = shape[*axis], count = node.resultSizes(0)[*axis];
  if (!node.isAtMost(count, size))
    return node.fail("K is larger than the axis; correct the model");
  SmallVector<int64_t> expected(node.shape(0));
  expected[*axis] = count.value();
  for (unsigned i = 0; i < node.op->getNumResults(); ++i)
    if (node.hasResult(i) && node.resultType(i).getShape() != ArrayRef(expected))
      return node.fail("the results do not fit the input; correct the model");
  Parameter wanted(node, 1);
  if (!wanted.isKnown() && !node.isOpen(1))
    check(node, wanted, [&](LocBuilder &b) { return wanted.is(b, 0, count); });
  RankedTensorType valuesType = node.resultType(0);
  if (shapeOf(valuesType).count() == 0) {
    node.set(0, tensor::EmptyOp::create(b, valuesType.getShape(),
                                        valuesType.getElementType()));
    node.set(1, tensor::EmptyOp::create(b, valuesType.getShape(),
                                        b.getI64Type()));
    return success();
  }
  bool largest = node.attrInt("largest", 1);
  bool isUnsigned = node.isUnsigned(0);
  MLIRContext *context = b.getContext();
  Type i64 = b.getI64Type();
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  loops.push_back(IteratorType::reduction);
  // All of the loops but `rank` as they are, with that one in place of the axis.
  auto along = [&](int64_t loop) {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < rank; ++i)
      exprs.push_back(b.getAffineDimExpr(i == *axis ? loop : i));
    return AffineMap::get(rank + 1, 0, exprs, context);
  };
  AffineMap self = along(*axis), other = along(rank);
  AffineMap placeMaps[] = {self, other, self};
  Value places = reduction(
      b, {x, x}, placeMaps, loops, tensorType(shape, i64),
      b.getI64IntegerAttr(0), [&](LocBuilder &b, ValueRange s) -> Value {
        Value before = comesBefore(
            b, s[1], s[0], linalg::IndexOp::create(b, rank),
            linalg::IndexOp::create(b, *axis), largest, isUnsigned);
        return add(b, s[2], arith::ExtUIOp::create(b, i64, before));
      });
  // Element i of the result is the one whose place is i.
  Shape outShape = shapeOf(valuesType);
  AffineMap indexMaps[] = {other, self};
  Value indices = reduction(
      b, places, indexMaps, loops, tensorType(outShape, i64),
      b.getI64IntegerAttr(0), [&](LocBuilder &b, ValueRange s) -> Value {
        Value wanted = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, *axis));
        Value at = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, rank));
        Value hit =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[0], wanted);
        Value none = scalarInt(b, i64, 0);
        return add(b, s[1], arith::SelectOp::create(b, hit, at, none));
      });
  if (node.hasResult(1))
    node.set(1, indices);
  if (!node.hasResult(0))
    return success();
  return node.done(pointwise(
      b, indices, valuesType, [&](LocBuilder &b, ValueRange s) -> Value {
        SmallVector<Value> at;
        for (int64_t i = 0; i < rank; ++i)
          at.push_back(linalg::IndexOp::create(b, i));
        // NaN has no place, and could leave a sum of several indices.
        Value limited = minimum(b, s[0], scalarInt(b, i64, size - 1));
        at[*axis] = arith::IndexCastOp::create(b, b.getIndexType(), limited);
        return tensor::ExtractOp::create(b, x, at);
      }));
}

void lower::addSorting(Registry &r) { r["onnx.TopK"] = checked(lowerTopK); }
