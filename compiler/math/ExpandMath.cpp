//===- ExpandMath.cpp - calls of the elementary functions -----------------===//
#include "compiler/math/Formats.h"
#include "compiler/math/Functions.h"
#include "compiler/math/Passes.h"
#include "compiler/math/Remainder.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace ingot;

namespace ingot {
#define GEN_PASS_DEF_EXPANDMATH
#include "compiler/math/Passes.h.inc"
} // namespace ingot

/// The type with another element type.
static Type withElement(Type type, Type element) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? Type(vector.clone(element)) : element;
}

/// `exp` becomes `exp_f32` or `exp_f32x16`.
static std::string symbolName(StringRef function, Type type) {
  Type element = getElementTypeOrSelf(type);
  std::string name = (function + (isa<FloatType>(element) ? "_f" : "_i") +
                      Twine(element.getIntOrFloatBitWidth()))
                         .str();
  if (auto vector = dyn_cast<VectorType>(type))
    name += "x" + std::to_string(vector.getNumElements());
  return name;
}

/// f16, bf16, f8E4M3FN, ... as a part of a name.
static std::string formatName(FloatType format) {
  std::string name;
  llvm::raw_string_ostream(name) << format;
  return StringRef(name).lower();
}

namespace {
struct ExpandMathPass : ingot::impl::ExpandMathBase<ExpandMathPass> {
  using ExpandMathBase::ExpandMathBase;

  void runOnOperation() override;

private:
  LogicalResult expand(Operation *op);
  bool expandInPlace(Operation *op, OpBuilder &builder);
  bool expandConversion(Operation *op, OpBuilder &builder);
  Value decodeValue(OpBuilder &builder, Location loc, Value code,
                    FloatType format);
  Value encodeValue(OpBuilder &builder, Location loc, Value value,
                    const Encoding &encoding);
  func::FuncOp create(StringRef name, StringRef about,
                      ArrayRef<Type> arguments, TypeRange results);
  func::FuncOp declare(StringRef function, StringRef about,
                       ArrayRef<Type> arguments,
                       llvm::function_ref<Number(Formula &)> body);

  SymbolTable *symbols = nullptr;
  bool hasFma = false;
  bool hasHalfConversions = false;
};
} // namespace

/// A new function with an empty body.
func::FuncOp ExpandMathPass::create(StringRef name, StringRef about,
                                    ArrayRef<Type> arguments,
                                    TypeRange results) {
  OpBuilder builder(&getContext());
  auto function =
      func::FuncOp::create(builder.getUnknownLoc(), name,
                           builder.getFunctionType(arguments, results));
  function.setPrivate();
  function->setAttr("ingot.math", builder.getUnitAttr());
  function->setAttr("ingot.comment", builder.getStrArrayAttr({about}));
  function.addEntryBlock();
  symbols->insert(function);
  return function;
}

/// The function of that name for the type of its first argument.
func::FuncOp
ExpandMathPass::declare(StringRef function, StringRef about,
                        ArrayRef<Type> arguments,
                        llvm::function_ref<Number(Formula &)> body) {
  std::string name = symbolName(function, arguments.front());
  if (auto known = symbols->lookup<func::FuncOp>(name))
    return known;
  func::FuncOp result = create(name, about, arguments, {});
  Formula formula(result, hasFma);
  Number value = body(formula);
  result.setFunctionType(FunctionType::get(&getContext(), arguments,
                                           value.get().getType()));
  formula.finish(value);
  return result;
}

/// The float32 that the bits, an integer, stand for.
Value ExpandMathPass::decodeValue(OpBuilder &builder, Location loc, Value code,
                                  FloatType format) {
  if (format.isF16() && hasHalfConversions)
    return DecodeOp::create(builder, loc, withElement(code.getType(), builder.getF32Type()), code, TypeAttr::get(format));
  std::string name = formatName(format);
  func::FuncOp function =
      declare("decode_" + name, "the number of the bits of a " + name,
              code.getType(), [&](Formula &formula) {
                return decode(formula.argument(0, "code"), format);
              });
  return func::CallOp::create(builder, loc, function, code).getResult(0);
}

/// The bits of the value, a float32 or float64, in the format.
Value ExpandMathPass::encodeValue(OpBuilder &builder, Location loc, Value value,
                                  const Encoding &encoding) {
  if (getElementTypeOrSelf(value.getType()).isF64()) {
    func::FuncOp odd =
        declare("round_to_odd", "the float itself or its odd neighbour",
                value.getType(), [](Formula &formula) {
                  return roundToOdd(formula.argument(0, "x"));
                });
    value = func::CallOp::create(builder, loc, odd, value).getResult(0);
  }
  if (encoding.format.isF16() && hasHalfConversions)
    return EncodeOp::create(builder, loc, withElement(value.getType(), codeType(encoding.format)), value, TypeAttr::get(encoding.format),
                            /*saturate=*/UnitAttr(), /*rounding=*/StringAttr());
  std::string name = formatName(encoding.format);
  std::string kind = "encode_" + name, about = "the bits of the nearest " + name;
  if (isa<Float8E8M0FNUType>(encoding.format))
    kind += "_" + encoding.rounding.str();
  if (encoding.saturate) {
    kind += "_saturate";
    about += ", at most the largest one";
  }
  func::FuncOp function =
      declare(kind, about, value.getType(), [&](Formula &formula) {
        return encode(formula.argument(0, "x"), encoding);
      });
  return func::CallOp::create(builder, loc, function, value).getResult(0);
}

/// The remainder of floats takes a loop, so that a vector's lanes go one by one.
static Value remainderOf(OpBuilder &builder, Location loc, Value x, Value y,
                         func::FuncOp function) {
  auto one = [&](Value a, Value b) -> Value {
    return func::CallOp::create(builder, loc, function, ValueRange{a, b})
        .getResult(0);
  };
  auto vector = dyn_cast<VectorType>(x.getType());
  if (!vector)
    return one(x, y);
  SmallVector<Value> lanes;
  for (int64_t i = 0; i < vector.getNumElements(); ++i)
    lanes.push_back(one(vector::ExtractOp::create(builder, loc, x, i),
                        vector::ExtractOp::create(builder, loc, y, i)));
  return vector::FromElementsOp::create(builder, loc, vector, lanes);
}

static bool isHalf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF16() || element.isBF16();
}

/// Conversions from and to formats narrower than float32, and remainders. Gives false for other operations, and for conversions of float16 that are an instruction.
bool ExpandMathPass::expandConversion(Operation *op, OpBuilder &builder) {
  Location loc = op->getLoc();
  Value result;
  if (auto decode = dyn_cast<DecodeOp>(op)) {
    result = decodeValue(builder, loc, decode.getCode(),
                         cast<FloatType>(decode.getFormat()));
  } else if (auto encode = dyn_cast<EncodeOp>(op)) {
    result = encodeValue(builder, loc, encode.getValue(),
                         {cast<FloatType>(encode.getFormat()),
                          encode.getSaturate(),
                          encode.getRounding().value_or("up")});
  } else if (auto extend = dyn_cast<arith::ExtFOp>(op);
             extend && isHalf(extend.getIn().getType())) {
    auto format = cast<FloatType>(getElementTypeOrSelf(extend.getIn().getType()));
    Value code = arith::BitcastOp::create(
        builder, loc, withElement(extend.getType(), codeType(format)),
        extend.getIn());
    result = decodeValue(builder, loc, code, format);
    if (result.getType() != extend.getType())
      result = arith::ExtFOp::create(builder, loc, extend.getType(), result);
  } else if (auto cut = dyn_cast<arith::TruncFOp>(op);
             cut && isHalf(cut.getType())) {
    auto format = cast<FloatType>(getElementTypeOrSelf(cut.getType()));
    Value code = encodeValue(builder, loc, cut.getIn(), {format});
    result = arith::BitcastOp::create(builder, loc, cut.getType(), code);
  } else if (isa<arith::SIToFPOp, arith::UIToFPOp>(op) &&
             isHalf(op->getResult(0).getType())) {
    // Canonicalisation has left out the step by float32.
    Type type = op->getResult(0).getType();
    auto format = cast<FloatType>(getElementTypeOrSelf(type));
    Type single = withElement(type, builder.getF32Type());
    Value integer = op->getOperand(0), value;
    if (isa<arith::SIToFPOp>(op))
      value = arith::SIToFPOp::create(builder, loc, single, integer);
    else
      value = arith::UIToFPOp::create(builder, loc, single, integer);
    result = arith::BitcastOp::create(
        builder, loc, type, encodeValue(builder, loc, value, {format}));
  } else if (isa<arith::FPToSIOp, arith::FPToUIOp>(op) &&
             isHalf(op->getOperand(0).getType())) {
    Type type = op->getOperand(0).getType();
    auto format = cast<FloatType>(getElementTypeOrSelf(type));
    Value code = arith::BitcastOp::create(
        builder, loc, withElement(type, codeType(format)), op->getOperand(0));
    op->setOperand(0, decodeValue(builder, loc, code, format));
    return true;
  } else if (auto remainder = dyn_cast<arith::RemFOp>(op)) {
    Type element = getElementTypeOrSelf(remainder.getType());
    std::string name = symbolName("remainder", element);
    auto function = symbols->lookup<func::FuncOp>(name);
    if (!function) {
      function = create(name, "x - y trunc(x / y), exactly", {element, element},
                        element);
      writeRemainder(function);
    }
    result = remainderOf(builder, loc, remainder.getLhs(), remainder.getRhs(),
                         function);
  } else {
    return false;
  }
  op->getResult(0).replaceAllUsesWith(result);
  op->erase();
  return true;
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
  if (expandConversion(op, builder) || expandInPlace(op, builder))
    return success();
  StringRef name = op->getName().stripDialect();
  bool integerPower = isa<math::FPowIOp>(op);
  const Function *function = findFunction(integerPower ? "powf" : name);
  if (!function)
    return success();
  Type type = op->getResult(0).getType();
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  auto vector = dyn_cast<VectorType>(type);
  if (element.getWidth() < 32 || (vector && vector.getRank() != 1))
    return op->emitError() << "'" << op->getName() << "' on " << type
                           << " has no expansion; run widen-floats before";
  Location loc = op->getLoc();
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    if (isa<IntegerType>(getElementTypeOrSelf(operand.getType())))
      operand = arith::SIToFPOp::create(builder, loc, type, operand);
    operands.push_back(operand);
  }
  SmallVector<Type> arguments(function->arguments, type);
  Value result =
      func::CallOp::create(
          builder, loc,
          declare(function->name, function->about, arguments, function->body),
          operands)
          .getResult(0);
  op->getResult(0).replaceAllUsesWith(result);
  op->erase();
  return success();
}

void ExpandMathPass::runOnOperation() {
  SymbolTable table(getOperation());
  symbols = &table;
  hasFma = Target::of(getOperation()).fma;
  hasHalfConversions = Target::of(getOperation()).halfConversions;
  SmallVector<Operation *> ops;
  getOperation().walk([&](Operation *op) {
    if (isa_and_present<math::MathDialect>(op->getDialect()) ||
        isa<arith::ExtFOp, arith::TruncFOp, arith::RemFOp, arith::SIToFPOp,
            arith::UIToFPOp, arith::FPToSIOp, arith::FPToUIOp, DecodeOp,
            EncodeOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops)
    if (failed(expand(op)))
      return signalPassFailure();
}
