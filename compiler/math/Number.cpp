//===- Number.cpp - arithmetic that builds operations ---------------------===//
#include "compiler/math/Number.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace ingot;

/// The type with another element type.
static Type withElement(Type type, Type element) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? Type(vector.clone(element)) : element;
}

static bool isFloat(Number a) {
  return isa<FloatType>(getElementTypeOrSelf(a.get().getType()));
}

template <typename Op, typename... Args>
static Number build(Number like, Args... args) {
  Formula &formula = like.getFormula();
  return Number(formula,
                Op::create(formula.getBuilder(), formula.getLoc(), args...));
}

Number Number::as(StringRef name) {
  value.setLoc(
      NameLoc::get(StringAttr::get(value.getContext(), name)));
  return *this;
}

Formula::Formula(func::FuncOp function, bool hasFma)
    : function(function), builder(function.getContext()), fused(hasFma) {
  builder.setInsertionPointToEnd(&function.getBody().front());
}

Number Formula::argument(unsigned index, StringRef name) {
  return Number(*this, function.getArgument(index)).as(name);
}

Number Formula::constantOf(Type like, TypedAttr element) {
  TypedAttr attribute = element;
  if (auto vector = dyn_cast<VectorType>(like))
    attribute = DenseElementsAttr::get(vector.clone(element.getType()),
                                       Attribute(element));
  Value &value = known[attribute];
  if (!value)
    value = arith::ConstantOp::create(builder, function.getLoc(), attribute);
  return Number(*this, value);
}

Number Formula::constant(double value, Type like) {
  auto type = cast<FloatType>(getElementTypeOrSelf(like));
  APFloat number(value);
  bool loses;
  number.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                 &loses);
  return constantOf(like, FloatAttr::get(type, number));
}

Number Formula::integer(int64_t value, Type like) {
  return constantOf(like,
                    IntegerAttr::get(getElementTypeOrSelf(like), value));
}

/// Appends an operation after those that it uses, each once.
static void visit(Operation *op, llvm::SetVector<Operation *> &order) {
  if (!op || order.contains(op))
    return;
  for (Value operand : op->getOperands())
    visit(operand.getDefiningOp(), order);
  order.insert(op);
}

void Formula::finish(Number result) {
  auto exit =
      func::ReturnOp::create(builder, function.getLoc(), result.get());
  llvm::SetVector<Operation *> order;
  visit(exit, order);
  Block *block = exit->getBlock();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
    if (!order.contains(&op))
      op.erase();
  for (bool constants : {true, false})
    for (Operation *op : order)
      if (isa<arith::ConstantOp>(op) == constants)
        op->moveBefore(block, block->end());
}

/// The number as a constant of the other operand's type.
static Number like(double value, Number other) {
  return other.getFormula().constant(value, other.get().getType());
}
static Number likeInt(int64_t value, Number other) {
  return other.getFormula().integer(value, other.get().getType());
}

Number ingot::operator+(Number a, Number b) {
  return isFloat(a) ? build<arith::AddFOp>(a, a.get(), b.get())
                    : build<arith::AddIOp>(a, a.get(), b.get());
}
Number ingot::operator-(Number a, Number b) {
  return isFloat(a) ? build<arith::SubFOp>(a, a.get(), b.get())
                    : build<arith::SubIOp>(a, a.get(), b.get());
}
Number ingot::operator*(Number a, Number b) {
  return build<arith::MulFOp>(a, a.get(), b.get());
}
Number ingot::operator/(Number a, Number b) {
  return build<arith::DivFOp>(a, a.get(), b.get());
}
Number ingot::operator-(Number a) {
  return build<arith::NegFOp>(a, a.get());
}
Number ingot::operator+(Number a, double b) {
  return isFloat(a) ? a + like(b, a) : a + likeInt(int64_t(b), a);
}
Number ingot::operator-(Number a, double b) {
  return isFloat(a) ? a - like(b, a) : a - likeInt(int64_t(b), a);
}
Number ingot::operator-(double a, Number b) {
  return isFloat(b) ? like(a, b) - b : likeInt(int64_t(a), b) - b;
}
Number ingot::operator*(Number a, double b) { return a * like(b, a); }
Number ingot::operator/(double a, Number b) { return like(a, b) / b; }

Number ingot::operator&(Number a, Number b) {
  return build<arith::AndIOp>(a, a.get(), b.get());
}
Number ingot::operator&(Number a, int64_t b) { return a & likeInt(b, a); }
Number ingot::operator|(Number a, Number b) {
  return build<arith::OrIOp>(a, a.get(), b.get());
}
Number ingot::operator|(Number a, int64_t b) { return a | likeInt(b, a); }
Number ingot::operator^(Number a, Number b) {
  return build<arith::XOrIOp>(a, a.get(), b.get());
}
Number ingot::operator<<(Number a, int64_t places) {
  return build<arith::ShLIOp>(a, a.get(), likeInt(places, a).get());
}
Number ingot::operator>>(Number a, int64_t places) {
  return build<arith::ShRSIOp>(a, a.get(), likeInt(places, a).get());
}
Number ingot::logicalShift(Number a, int64_t places) {
  return build<arith::ShRUIOp>(a, a.get(), likeInt(places, a).get());
}

static Number compare(Number a, Number b, arith::CmpFPredicate floats,
                      arith::CmpIPredicate integers) {
  return isFloat(a) ? build<arith::CmpFOp>(a, floats, a.get(), b.get())
                    : build<arith::CmpIOp>(a, integers, a.get(), b.get());
}
static Number compare(Number a, double b, arith::CmpFPredicate floats,
                      arith::CmpIPredicate integers) {
  return compare(a, isFloat(a) ? like(b, a) : likeInt(int64_t(b), a), floats,
                 integers);
}
Number ingot::operator<(Number a, double b) {
  return compare(a, b, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt);
}
Number ingot::operator<=(Number a, double b) {
  return compare(a, b, arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle);
}
Number ingot::operator>(Number a, double b) {
  return compare(a, b, arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt);
}
Number ingot::operator>(Number a, Number b) {
  return compare(a, b, arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt);
}
Number ingot::operator==(Number a, double b) {
  return compare(a, b, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq);
}
Number ingot::operator!=(Number a, Number b) {
  return compare(a, b, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne);
}

Number ingot::select(Number condition, Number yes, Number no) {
  return build<arith::SelectOp>(yes, condition.get(), yes.get(), no.get());
}
Number ingot::select(Number condition, double yes, Number no) {
  return select(condition, like(yes, no), no);
}
Number ingot::select(Number condition, Number yes, double no) {
  return select(condition, yes, like(no, yes));
}

Number ingot::fma(Number a, Number b, Number c) {
  // Targets say what they have for f32; some do f64 in software.
  if (!a.getFormula().hasFma() ||
      !getElementTypeOrSelf(a.get().getType()).isF32())
    return a * b + c;
  return build<math::FmaOp>(a, a.get(), b.get(), c.get());
}
Number ingot::fma(Number a, double b, Number c) {
  return fma(a, like(b, a), c);
}
Number ingot::fma(Number a, Number b, double c) {
  return fma(a, b, like(c, a));
}
Number ingot::fma(Number a, double b, double c) {
  return fma(a, like(b, a), like(c, a));
}
Number ingot::abs(Number a) { return build<math::AbsFOp>(a, a.get()); }
Number ingot::sqrt(Number a) { return build<math::SqrtOp>(a, a.get()); }
Number ingot::floor(Number a) { return build<math::FloorOp>(a, a.get()); }
Number ingot::copysign(Number magnitude, Number sign) {
  return build<math::CopySignOp>(magnitude, magnitude.get(), sign.get());
}
Number ingot::least(Number a, int64_t b) {
  return build<arith::MinSIOp>(a, a.get(), likeInt(b, a).get());
}

/// Builds a conversion to the same shape with another element type.
template <typename Op>
static Number convert(Number a, Type element) {
  return build<Op>(a, withElement(a.get().getType(), element), a.get());
}

Number ingot::bits(Number a) {
  Type element = getElementTypeOrSelf(a.get().getType());
  return convert<arith::BitcastOp>(
      a, IntegerType::get(a.get().getContext(),
                          element.getIntOrFloatBitWidth()));
}
Number ingot::fromBits(Number a) {
  MLIRContext *context = a.get().getContext();
  bool wide = getElementTypeOrSelf(a.get().getType()).isInteger(64);
  return convert<arith::BitcastOp>(
      a, wide ? Type(Float64Type::get(context)) : Float32Type::get(context));
}
Number ingot::toFloat64(Number a) {
  return convert<arith::ExtFOp>(a, Float64Type::get(a.get().getContext()));
}
Number ingot::toFloat32(Number a) {
  return convert<arith::TruncFOp>(a, Float32Type::get(a.get().getContext()));
}
Number ingot::toInt32(Number a) {
  return convert<arith::FPToSIOp>(a,
                                  IntegerType::get(a.get().getContext(), 32));
}
Number ingot::truncateToInt32(Number a) {
  return convert<arith::TruncIOp>(a,
                                  IntegerType::get(a.get().getContext(), 32));
}
Number ingot::intToFloat32(Number a) {
  return convert<arith::SIToFPOp>(a, Float32Type::get(a.get().getContext()));
}
Number ingot::intToFloat64(Number a) {
  return convert<arith::SIToFPOp>(a, Float64Type::get(a.get().getContext()));
}

Number ingot::extendTo(Number a, unsigned width) {
  return convert<arith::ExtUIOp>(a, IntegerType::get(a.get().getContext(), width));
}
Number ingot::cutTo(Number a, unsigned width) {
  return convert<arith::TruncIOp>(a, IntegerType::get(a.get().getContext(), width));
}

Number ingot::polynomial(Number x, ArrayRef<double> coefficients) {
  Number sum = like(coefficients.back(), x);
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = fma(sum, x, coefficient);
  return sum;
}
