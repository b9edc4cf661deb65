//===- SimplifyArithmetic.cpp ---------------------------------------------===//
#include "compiler/optimize/Patterns.h"
#include "compiler/optimize/Rewrite.h"
#include "compiler/optimize/SmallValues.h"
#include "compiler/support/SizeExpr.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace mlir;
using namespace ingot;

static bool isReal(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType());
}

/// Chains of operations on tensors of one number are short.
constexpr unsigned kLongestChain = 8;

static bool combinesElements(StringRef name) {
  return llvm::StringSwitch<bool>(name)
      .Cases({"Add", "Sub", "Mul", "Div", "Min", "Max", "Where", "And", "Or", "Xor", "Equal"}, true)
      .Cases({"Less", "LessOrEqual", "Greater", "GreaterOrEqual"}, true)
      .Default(false);
}

static ElementsAttr repeatedNumber(Value value, unsigned depth = 0);

/// What an operation on elements gives for the numbers that its operands repeat.
static ElementsAttr repeatedResult(Operation *op, RankedTensorType one, unsigned depth) {
  OpBuilder builder(op->getContext());
  SmallVector<Value> numbers;
  for (Value operand : op->getOperands()) {
    ElementsAttr number = repeatedNumber(operand, depth + 1);
    if (!number)
      break;
    numbers.push_back(makeConstant(builder, op->getLoc(), number));
  }
  ElementsAttr result;
  if (numbers.size() == op->getNumOperands()) {
    OperationState state(op->getLoc(), op->getName());
    state.addOperands(numbers);
    state.addTypes(one);
    state.addAttributes(op->getAttrs());
    Operation *single = Operation::create(state);
    result = evaluateSmall(single);
    single->destroy();
  }
  for (Value number : numbers)
    number.getDefiningOp()->destroy();
  return result;
}

/// The number, as a scalar, that a value repeats whatever its sizes are; null where there is none, or nobody knows it.
static ElementsAttr repeatedNumber(Value value, unsigned depth) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  Operation *op = value.getDefiningOp();
  if (!type || !op || depth > kLongestChain || !type.getElementType().isIntOrFloat())
    return {};
  auto one = RankedTensorType::get({}, type.getElementType());
  auto resized = [&](ElementsAttr elements) -> ElementsAttr {
    auto dense = dyn_cast_or_null<DenseElementsAttr>(elements);
    return dense && dense.isSplat() ? dense.resizeSplat(one) : DenseElementsAttr();
  };
  if (isa<onnx::ConstantOp>(op))
    return resized(onnx::constantValue(value));
  if (isa<onnx::ConstantOfShapeOp>(op)) {
    if (auto given = op->getAttrOfType<ElementsAttr>("value"))
      return resized(given);
    return DenseElementsAttr::get(one, 0.0f);
  }
  StringRef name = op->getName().stripDialect();
  bool moves = llvm::StringSwitch<bool>(name)
                   .Cases({"Identity", "Expand", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Flatten"}, true)
                   .Default(false);
  // Of no element there is no greatest.
  auto from = op->getNumOperands() ? dyn_cast<RankedTensorType>(op->getOperand(0).getType()) : RankedTensorType();
  moves |= isa<onnx::ReduceMaxOp, onnx::ReduceMinOp>(op) && from && llvm::all_of(sizesOf(from), [&](AffineExpr size) {
             auto least = size ? leastValue(op, size) : std::nullopt;
             return least && *least > 0;
           });
  if (moves)
    return repeatedNumber(op->getOperand(0), depth + 1);
  return combinesElements(name) || name == "Cast" || name == "Not" ? repeatedResult(op, one, depth) : ElementsAttr();
}

static bool sameSizes(Value a, Value b) {
  auto x = dyn_cast<RankedTensorType>(a.getType()), y = dyn_cast<RankedTensorType>(b.getType());
  return x && y && x.getShape() == y.getShape() && x.getEncoding() == y.getEncoding();
}

namespace {

/// An operand that repeats one number, such as a mask that masks nothing, is that number: its sizes say nothing where another operand has those of the result.
struct TakeNumber : RewritePattern {
  explicit TakeNumber(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1 || !combinesElements(op->getName().stripDialect()))
      return failure();
    for (OpOperand &operand : op->getOpOperands()) {
      bool isConstant = isa_and_nonnull<onnx::ConstantOp>(operand.get().getDefiningOp());
      bool others = llvm::any_of(op->getOperands(), [&](Value other) {
        return other != operand.get() && sameSizes(other, op->getResult(0));
      });
      ElementsAttr number = isConstant || !others ? ElementsAttr() : repeatedNumber(operand.get());
      if (!number)
        continue;
      Value one = makeConstant(rewriter, op->getLoc(), number);
      rewriter.modifyOpInPlace(op, [&] { operand.set(one); });
      return success();
    }
    return failure();
  }
};

/// A choice that is the same everywhere.
struct KnownChoice : OpRewritePattern<onnx::WhereOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::WhereOp op, PatternRewriter &rewriter) const override {
    std::optional<double> condition = splatConstant(op->getOperand(0));
    Value chosen = condition ? op->getOperand(*condition != 0 ? 1 : 2) : Value();
    if (!chosen || chosen.getType() != op->getResult(0).getType())
      return failure();
    rewriter.replaceOp(op, chosen);
    return success();
  }
};

/// Powers with an operation of their own.
struct SimplifyPow : OpRewritePattern<onnx::PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::PowOp op,
                                PatternRewriter &rewriter) const override {
    Value base = op->getOperand(0), result = op->getResult(0);
    std::optional<double> power = splatConstant(op->getOperand(1));
    if (!power || !isReal(base) || base.getType() != result.getType())
      return failure();
    if (*power == 1) {
      rewriter.replaceOp(op, base);
    } else if (*power == 2) {
      rewriter.replaceOpWithNewOp<onnx::MulOp>(op, op->getResultTypes(),
                                               ValueRange{base, base});
    } else if (*power == 0.5) {
      rewriter.replaceOpWithNewOp<onnx::SqrtOp>(op, op->getResultTypes(),
                                                ValueRange(base));
    } else if (*power == -1) {
      rewriter.replaceOpWithNewOp<onnx::ReciprocalOp>(
          op, op->getResultTypes(), ValueRange(base));
    } else {
      return failure();
    }
    return success();
  }
};

/// Multiplying and dividing by one, subtracting zero. (Adding zero would
/// change the sign of -0.)
template <typename Op> struct RemoveNeutral : OpRewritePattern<Op> {
  RemoveNeutral(MLIRContext *context, double neutral, bool commutes)
      : OpRewritePattern<Op>(context), neutral(neutral), commutes(commutes) {}
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    for (int side : {1, 0}) {
      if (side == 0 && !commutes)
        break;
      Value other = op->getOperand(1 - side);
      if (splatConstant(op->getOperand(side)) == neutral &&
          other.getType() == op->getResult(0).getType() &&
          cast<ShapedType>(other.getType()).hasRank()) {
        rewriter.replaceOp(op, other);
        return success();
      }
    }
    return failure();
  }
  double neutral;
  bool commutes;
};

/// Division by a power of two is multiplication by its reciprocal, exactly.
struct ExactDivision : OpRewritePattern<onnx::DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::DivOp op,
                                PatternRewriter &rewriter) const override {
    Value divisor = op->getOperand(1);
    std::optional<double> value = splatConstant(divisor);
    auto type = dyn_cast<RankedTensorType>(divisor.getType());
    if (!value || !type || !isReal(divisor))
      return failure();
    int exponent;
    if (std::fabs(std::frexp(*value, &exponent)) != 0.5 ||
        std::abs(exponent) > 14)
      return failure();
    auto reciprocal = DenseElementsAttr::get(
        type, Attribute(rewriter.getFloatAttr(type.getElementType(), 1 / *value)));
    Value factor =
        makeConstant(rewriter, op->getLoc(), ElementsAttr(reciprocal));
    rewriter.replaceOpWithNewOp<onnx::MulOp>(
        op, op->getResultTypes(), ValueRange{op->getOperand(0), factor});
    return success();
  }
};

/// A sum of two is an addition; a sum of one is itself already.
struct SumOfTwo : OpRewritePattern<onnx::SumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SumOp op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumOperands() != 2)
      return failure();
    rewriter.replaceOpWithNewOp<onnx::AddOp>(op, op->getResultTypes(),
                                             op->getOperands());
    return success();
  }
};

} // namespace

void ingot::populateArithmeticPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<TakeNumber, KnownChoice, SimplifyPow, ExactDivision, SumOfTwo>(context);
  patterns.add<RemoveNeutral<onnx::MulOp>>(context, 1.0, true);
  patterns.add<RemoveNeutral<onnx::DivOp>>(context, 1.0, false);
  patterns.add<RemoveNeutral<onnx::SubOp>>(context, 0.0, false);
}
