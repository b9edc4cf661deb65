//===- Formats.cpp - elements of the standard's narrow types --------------===//
#include "compiler/lower/Formats.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

bool lower::isSmallFloat(Type type) {
  auto floating = dyn_cast<FloatType>(type);
  return floating && floating.getWidth() < 16;
}

Rounding Rounding::of(const Node &node) {
  return {node.attrInt("saturate", 1) != 0, node.attrString("round_mode", "up")};
}

static bool isUnsignedElement(Type type) { return type.isUnsignedInteger() || type.isInteger(1); }

Value lower::wrapScalar(LocBuilder &b, Value value, Type onnxType) {
  auto integer = dyn_cast<IntegerType>(onnxType);
  if (!integer || integer.getWidth() == 1 || integer.getWidth() >= 8)
    return value;
  unsigned width = integer.getWidth();
  if (integer.isUnsigned())
    return arith::AndIOp::create(b, value, scalarInt(b, value.getType(), (1 << width) - 1));
  Value places = scalarInt(b, value.getType(), 8 - width);
  return arith::ShRSIOp::create(b, arith::ShLIOp::create(b, value, places), places);
}

Value lower::convertScalar(LocBuilder &b, Value value, Type from, Type to, const Rounding &rounding) {
  if (from == to)
    return value;
  if (isSmallFloat(from)) {
    value = DecodeOp::create(b, b.getF32Type(), value, TypeAttr::get(from));
    from = b.getF32Type();
  }
  if (!isSmallFloat(to)) {
    Type lowered = isa<IntegerType>(to) ? Type(b.getIntegerType(std::max(to.getIntOrFloatBitWidth(), to.isInteger(1) ? 1u : 8u))) : to;
    return wrapScalar(b, castScalar(b, value, lowered, isUnsignedElement(from), isUnsignedElement(to)), to);
  }
  // From a double at once: two roundings could give another number than one.
  Type real = from.isF64() ? Type(b.getF64Type()) : Type(b.getF32Type());
  value = castScalar(b, value, real, isUnsignedElement(from), false);
  bool powers = isa<Float8E8M0FNUType>(to);
  return EncodeOp::create(b, b.getI8Type(), value, TypeAttr::get(to), rounding.saturate ? b.getUnitAttr() : UnitAttr(),
                          powers ? b.getStringAttr(rounding.mode) : StringAttr());
}
