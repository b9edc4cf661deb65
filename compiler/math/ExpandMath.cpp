//===- ExpandMath.cpp - calls of the elementary functions -----------------===//
#include "compiler/math/Functions.h"
#include "compiler/math/Passes.h"
#include "compiler/support/Target.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace ingot;

namespace ingot {
#define GEN_PASS_DEF_EXPANDMATH
#include "compiler/math/Passes.h.inc"
} // namespace ingot

/// The type with element type f32.
static Type asF32(Type type) {
  Type f32 = Float32Type::get(type.getContext());
  auto vector = dyn_cast<VectorType>(type);
  return vector ? Type(vector.clone(f32)) : f32;
}

/// `exp_f32` or `exp_f32x16`.
static std::string symbolName(StringRef function, Type type) {
  std::string name = (function + "_f32").str();
  if (auto vector = dyn_cast<VectorType>(type))
    name += "x" + std::to_string(vector.getNumElements());
  return name;
}

namespace {
struct ExpandMathPass : ingot::impl::ExpandMathBase<ExpandMathPass> {
  using ExpandMathBase::ExpandMathBase;

  void runOnOperation() override;

private:
  LogicalResult expand(Operation *op);
  bool expandInPlace(Operation *op, OpBuilder &builder);
  func::FuncOp declare(const Function &function, Type type);

  SymbolTable *symbols = nullptr;
  bool hasFma = false;
};
} // namespace

func::FuncOp ExpandMathPass::declare(const Function &function, Type type) {
  std::string name = symbolName(function.name, type);
  if (auto known = symbols->lookup<func::FuncOp>(name))
    return known;
  OpBuilder builder(&getContext());
  SmallVector<Type> arguments(function.arguments, type);
  auto result =
      func::FuncOp::create(builder.getUnknownLoc(), name,
                           builder.getFunctionType(arguments, type));
  result.setPrivate();
  result->setAttr("ingot.math", builder.getUnitAttr());
  result->setAttr("ingot.comment", builder.getStrArrayAttr({function.about}));
  result.addEntryBlock();
  symbols->insert(result);
  Formula formula(result, hasFma);
  formula.finish(function.body(formula));
  return result;
}

/// Writes what takes an operation or two. Gives false for other operations.
bool ExpandMathPass::expandInPlace(Operation *op, OpBuilder &builder) {
  Location loc = op->getLoc();
  auto splat = [&](Type type, double value) -> Value {
    TypedAttr attribute =
        builder.getFloatAttr(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      attribute = DenseElementsAttr::get(vector, Attribute(attribute));
    return arith::ConstantOp::create(builder, loc, attribute);
  };
  auto compare = [&](arith::CmpFPredicate predicate, Value a, Value b) {
    op->getResult(0).replaceAllUsesWith(
        arith::CmpFOp::create(builder, loc, predicate, a, b));
    op->erase();
    return true;
  };
  if (auto rsqrt = dyn_cast<math::RsqrtOp>(op)) {
    Value root = math::SqrtOp::create(builder, loc, rsqrt.getOperand());
    Value result = arith::DivFOp::create(builder, loc,
                                         splat(rsqrt.getType(), 1.0), root);
    rsqrt.replaceAllUsesWith(result);
    rsqrt.erase();
    return true;
  }
  if (auto test = dyn_cast<math::IsNaNOp>(op))
    return compare(arith::CmpFPredicate::UNO, test.getOperand(),
                   test.getOperand());
  if (!isa<math::IsInfOp, math::IsFiniteOp>(op))
    return false;
  Value operand = op->getOperand(0);
  Value magnitude = math::AbsFOp::create(builder, loc, operand);
  return compare(isa<math::IsInfOp>(op) ? arith::CmpFPredicate::OEQ
                                        : arith::CmpFPredicate::OLT,
                 magnitude, splat(operand.getType(), INFINITY));
}

LogicalResult ExpandMathPass::expand(Operation *op) {
  OpBuilder builder(op);
  if (expandInPlace(op, builder))
    return success();
  StringRef name = op->getName().stripDialect();
  bool integerPower = isa<math::FPowIOp>(op);
  const Function *function = findFunction(integerPower ? "powf" : name);
  if (!function)
    return success();
  Type type = op->getResult(0).getType();
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  auto vector = dyn_cast<VectorType>(type);
  if (element.getWidth() > 32 || (vector && vector.getRank() != 1))
    return op->emitError() << "'" << op->getName() << "' on " << type
                           << " has no expansion; use float32";
  Type wide = asF32(type);
  Location loc = op->getLoc();
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    if (isa<IntegerType>(getElementTypeOrSelf(operand.getType())))
      operand = arith::SIToFPOp::create(builder, loc, wide, operand);
    else if (operand.getType() != wide)
      operand = arith::ExtFOp::create(builder, loc, wide, operand);
    operands.push_back(operand);
  }
  Value result = func::CallOp::create(builder, loc, declare(*function, wide),
                                      operands)
                     .getResult(0);
  if (wide != type)
    result = arith::TruncFOp::create(builder, loc, type, result);
  op->getResult(0).replaceAllUsesWith(result);
  op->erase();
  return success();
}

void ExpandMathPass::runOnOperation() {
  SymbolTable table(getOperation());
  symbols = &table;
  hasFma = Target::of(getOperation()).fma;
  SmallVector<Operation *> ops;
  getOperation().walk([&](Operation *op) {
    if (isa_and_present<math::MathDialect>(op->getDialect()))
      ops.push_back(op);
  });
  for (Operation *op : ops)
    if (failed(expand(op)))
      return signalPassFailure();
}
