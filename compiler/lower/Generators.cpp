//===- Generators.cpp - tensors from attributes and scalars ---------------===//
#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"
#include "compiler/support/Elements.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

static LogicalResult lowerConstant(Node &node) {
  auto elements = node.op->getAttrOfType<ElementsAttr>("value");
  if (!elements || !elements.getShapedType().hasStaticShape() ||
      !isa<DenseElementsAttr, DenseResourceElementsAttr>(elements))
    return node.fail("only constants with numbers are supported");
  return node.done(arith::ConstantOp::create(node.b, lowerElements(elements)));
}

/// ConstantOfShape-25: float 0 without a value.
static LogicalResult lowerConstantOfShape(Node &node) {
  RankedTensorType type = node.resultType();
  TypedAttr number = numberAttr(type.getElementType(), 0);
  if (auto value = node.op->getAttrOfType<ElementsAttr>("value")) {
    number = dyn_cast_or_null<TypedAttr>(splatValue(
        cast<ElementsAttr>(Attribute(lowerElements(value)))));
    if (!number || number.getType() != type.getElementType())
      return node.fail("the value is not one number of the result's type; "
                       "correct the model");
  }
  return node.done(splat(node.b, type, number));
}

/// EyeLike-22.
static LogicalResult lowerEyeLike(Node &node) {
  int64_t k = node.attrInt("k", 0);
  return node.done(pointwise(
      node.b, {}, node.resultType(), [&](LocBuilder &b, ValueRange) -> Value {
        Type type = node.resultType().getElementType();
        Value row = linalg::IndexOp::create(b, 0);
        Value column = linalg::IndexOp::create(b, 1);
        Value diagonal = arith::AddIOp::create(b, row, index(b, k));
        Value hit = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, column,
                                          diagonal);
        return arith::SelectOp::create(b, hit, scalarInt(b, type, 1),
                                       scalarInt(b, type, 0));
      }));
}

/// Range-11: start + i * delta.
static LogicalResult lowerRange(Node &node) {
  SmallVector<Value> operands;
  for (unsigned i : {0u, 2u}) {
    if (node.type(i).getNumElements() != 1)
      return node.fail("start, limit and delta must be numbers; correct the "
                       "model");
    operands.push_back(reshape(node.b, node.operand(i), {}));
  }
  return node.done(pointwise(
      node.b, operands, node.resultType(), [](LocBuilder &b, ValueRange s) {
        Type type = s[0].getType();
        Value i = castScalar(b, linalg::IndexOp::create(b, 0), b.getI64Type(),
                             false, false);
        return add(b, s[0], mul(b, castScalar(b, i, type, false, false), s[1]));
      }));
}

void lower::addGenerators(Registry &r) {
  r["onnx.Constant"] = lowerConstant;
  r["onnx.ConstantOfShape"] = lowerConstantOfShape;
  r["onnx.EyeLike"] = lowerEyeLike;
  r["onnx.Range"] = lowerRange;
}
