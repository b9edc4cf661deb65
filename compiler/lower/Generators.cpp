//===- Generators.cpp - tensors from attributes and scalars ---------------===//
#include "compiler/lower/Parameter.h"
#include "compiler/lower/Strings.h"
#include "compiler/support/Elements.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

static LogicalResult lowerConstant(Node &node) {
  auto elements = node.op->getAttrOfType<ElementsAttr>("value");
  if (!elements || !elements.getShapedType().hasStaticShape() ||
      !isa<DenseElementsAttr, DenseResourceElementsAttr>(elements))
    return node.fail("only constants with numbers are supported");
  if (auto strings = stringValues(elements))
    return node.done(StringTable(node.b, *strings).all(node.b, node.resultType().getShape()));
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
  Parameter sizes(node, 0);
  if (!sizes.isKnown() && !node.isOpen(0)) {
    if (sizes.size() != type.getRank())
      return node.fail("the sizes do not fit the result; correct the model");
    check(node, sizes, [&](LocBuilder &b) {
      Value fits;
      for (auto [i, size] : llvm::enumerate(type.getShape()))
        fits = both(b, fits, sizes.is(b, i, size));
      return fits;
    });
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

/// The number of elements, as inference computes it from constants.
static void checkRange(Node &node) {
  Parameter start(node, 0), end(node, 1), delta(node, 2);
  const Parameter *some = nullptr;
  for (const Parameter *parameter : {&start, &end, &delta})
    if (!parameter->isKnown())
      some = parameter;
  RankedTensorType type = node.resultType();
  // A count that is an expression follows from them.
  if (!some || !type.hasStaticShape())
    return;
  int64_t wanted = type.getDimSize(0);
  check(node, *some, [&](LocBuilder &b) -> Value {
    if (!isFloat(type.getElementType())) {
      Value step = delta.at(b, 0);
      Value count = stepCount(b, start.at(b, 0), end.at(b, 0), step);
      return both(b, isNumber(b, count, wanted),
                  compare(b, arith::CmpIPredicate::ne, step, number(b, 0)));
    }
    Value distance = sub(b, end.real(b, 0), start.real(b, 0));
    if (!type.getElementType().isF64())
      distance = castScalar(
          b, castScalar(b, distance, type.getElementType(), false, false),
          b.getF64Type(), false, false);
    Value steps = div(b, distance, delta.real(b, 0));
    Value count = math::CeilOp::create(b, steps);
    return arith::CmpFOp::create(b,
                                 wanted == 0 ? arith::CmpFPredicate::OLE
                                             : arith::CmpFPredicate::OEQ,
                                 count, scalar(b, b.getF64Type(), double(wanted)));
  });
}

/// Range-11: start + i * delta.
static LogicalResult lowerRange(Node &node) {
  SmallVector<Value> operands;
  for (unsigned i : {0u, 1u, 2u})
    if (!node.has(i) || node.type(i).getNumElements() != 1)
      return node.fail("start, limit and delta must be numbers; correct the "
                       "model");
  checkRange(node);
  for (unsigned i : {0u, 2u})
    operands.push_back(reshape(node.b, node.operand(i), {}));
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
  r["onnx.ConstantOfShape"] = checked(lowerConstantOfShape);
  r["onnx.EyeLike"] = lowerEyeLike;
  r["onnx.Range"] = checked(lowerRange);
}
