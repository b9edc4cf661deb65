//===- SimplifyRounding.cpp - numbers that are rounded to codes -----------===//
//
// A quantised model rounds, clamps and converts a number to a code, and what is fused behind takes the code for a number again: an epilogue of a convolution
// with a residual does so between its sum and the addition. The code's number is known without a code. All results keep their bits.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/Passes.h"
#include "compiler/math/Quotient.h"
#include "compiler/support/Target.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace ingot {
#define GEN_PASS_DEF_SIMPLIFYROUNDING
#include "compiler/kernels/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

/// Steps from a value to what it comes from, or to what reads it.
constexpr int kMostSteps = 8;

/// Integers of less magnitude, and their sums, are float32.
constexpr double kExact = 1 << 22;

static std::optional<double> constantOf(Value value) {
  APFloat constant(0.0f);
  if (!value.getType().isF32() || !matchPattern(value, m_ConstantFloat(&constant)))
    return std::nullopt;
  return constant.convertToDouble();
}

/// The integer that a constant is.
static std::optional<double> integerOf(Value value) {
  std::optional<double> constant = constantOf(value);
  if (!constant || !(std::fabs(*constant) < kExact) || std::trunc(*constant) != *constant)
    return std::nullopt;
  return constant;
}

/// Whether a float is an integer, if it is finite.
static bool isIntegral(Value value, int steps = kMostSteps) {
  if (steps == 0)
    return false;
  if (integerOf(value))
    return true;
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<math::RoundEvenOp, math::FloorOp, math::CeilOp, math::TruncOp, arith::SIToFPOp, arith::UIToFPOp>(op))
    return true;
  return isa<arith::AddFOp, arith::SubFOp, arith::MinNumFOp, arith::MaxNumFOp>(op) &&
         llvm::all_of(op->getOperands(), [&](Value operand) { return isIntegral(operand, steps - 1); });
}

namespace {
/// The code that `number`, an integer as a float, becomes: its integer value is number + offset, from `least` to `most`, and its bits are those of
/// that value.
struct Code {
  Value number;
  int64_t offset, least, most;

  bool fits(unsigned width, bool isSigned) const {
    int64_t bound = int64_t(1) << (isSigned ? width - 1 : width);
    return least >= (isSigned ? -bound : 0) && most < bound;
  }
};
} // namespace

/// A number between two constants.
static std::optional<Code> clampedBetween(Value value) {
  auto most = value.getDefiningOp<arith::MinNumFOp>();
  auto least = most ? most.getLhs().getDefiningOp<arith::MaxNumFOp>() : nullptr;
  std::optional<double> high = most ? integerOf(most.getRhs()) : std::nullopt, low = least ? integerOf(least.getRhs()) : std::nullopt;
  if (!high || !low || *low > *high || !isIntegral(least.getLhs()))
    return std::nullopt;
  return Code{value, 0, int64_t(*low), int64_t(*high)};
}

/// What an integer of at most 32 bits is a code of.
static std::optional<Code> codeOf(Value integer, int steps = kMostSteps) {
  Operation *op = integer.getDefiningOp();
  unsigned width = integer.getType().isInteger() ? integer.getType().getIntOrFloatBitWidth() : 0;
  if (!op || steps == 0 || width > 32 || width < 8)
    return std::nullopt;
  bool isSigned = isa<arith::FPToSIOp, arith::ExtSIOp>(op);
  if (isa<arith::FPToSIOp, arith::FPToUIOp>(op)) {
    std::optional<Code> code = clampedBetween(op->getOperand(0));
    return code && code->fits(width, isSigned) ? code : std::nullopt;
  }
  if (!isa<arith::TruncIOp, arith::ExtSIOp, arith::ExtUIOp, arith::AddIOp, arith::SubIOp>(op))
    return std::nullopt;
  std::optional<Code> code = codeOf(op->getOperand(0), steps - 1);
  if (!code || isa<arith::TruncIOp>(op))
    return code;
  if (isa<arith::ExtSIOp, arith::ExtUIOp>(op))
    return code->fits(op->getOperand(0).getType().getIntOrFloatBitWidth(), isSigned) ? code : std::nullopt;
  APInt constant;
  if (!matchPattern(op->getOperand(1), m_ConstantInt(&constant)) || constant.abs().getActiveBits() > 22)
    return std::nullopt;
  int64_t shift = isa<arith::AddIOp>(op) ? constant.getSExtValue() : -constant.getSExtValue();
  return Code{code->number, code->offset + shift, code->least + shift, code->most + shift};
}

/// Neither negative nor negative zero, if it is a number.
static bool isPositive(Value value, int steps = kMostSteps) {
  if (std::optional<double> constant = constantOf(value))
    return !std::signbit(*constant);
  Operation *op = value.getDefiningOp();
  if (!op || steps == 0)
    return false;
  auto isOperandPositive = [&](Value operand) { return isPositive(operand, steps - 1); };
  if (isa<arith::MaximumFOp>(op))
    return llvm::any_of(op->getOperands(), isOperandPositive);
  return isa<arith::UIToFPOp>(op) || (isa<arith::AddFOp, arith::MulFOp, math::FmaOp, arith::MaxNumFOp, arith::MinNumFOp, math::RoundEvenOp>(op) &&
                                      llvm::all_of(op->getOperands(), isOperandPositive));
}

/// Never negative zero. An integer times a factor is too large to become zero.
static bool isNoNegativeZero(Value value) {
  Operation *op = value.getDefiningOp();
  if (op && isa<arith::MulFOp>(op) && constantOf(op->getOperand(1)).value_or(0) > 0)
    op = op->getOperand(0).getDefiningOp();
  return (op && isa<arith::SIToFPOp>(op)) || isPositive(value);
}

/// Whether all that reads the value does the same for the zero of the other sign.
static bool isSignOfZeroDropped(Value value, int steps = kMostSteps) {
  return steps != 0 && llvm::all_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<arith::FPToSIOp, arith::FPToUIOp>(user))
      return true;
    if (isa<arith::MaximumFOp>(user) && isPositive(user->getOperand(1)))
      return true;
    if (isa<arith::AddFOp>(user)) {
      Value other = user->getOperand(1 - use.getOperandNumber());
      std::optional<double> constant = constantOf(other);
      if ((constant && *constant != 0) || isNoNegativeZero(other))
        return true;
    }
    bool keepsZero = isa<arith::AddFOp, arith::MulFOp, math::FmaOp, arith::MaxNumFOp, arith::MinNumFOp, math::RoundEvenOp>(user) ||
                     (isa<arith::DivFOp>(user) && use.getOperandNumber() == 0);
    return keepsZero && isSignOfZeroDropped(user->getResult(0), steps - 1);
  });
}

namespace {

/// The number of a code: what the code was made of.
template <typename Op> struct NumberOfCode : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    std::optional<Code> code = codeOf(op.getIn());
    if (!code || op.getType() != code->number.getType() || !code->fits(op.getIn().getType().getIntOrFloatBitWidth(), std::is_same_v<Op, arith::SIToFPOp>))
      return failure();
    // A code's zero is the positive one.
    Value offset = arith::ConstantOp::create(rewriter, op.getLoc(), rewriter.getF32FloatAttr(float(code->offset)));
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, code->number, offset);
    return success();
  }
};

/// A code in more bits than it was stored in.
template <typename Op> struct WiderCode : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto narrow = op.getIn().template getDefiningOp<arith::TruncIOp>();
    std::optional<Code> code = narrow ? codeOf(narrow.getIn()) : std::nullopt;
    if (!code || !code->fits(narrow.getType().getIntOrFloatBitWidth(), std::is_same_v<Op, arith::ExtSIOp>))
      return failure();
    unsigned from = narrow.getIn().getType().getIntOrFloatBitWidth(), to = op.getType().getIntOrFloatBitWidth();
    if (from < to)
      return failure();
    if (from == to)
      rewriter.replaceOp(op, narrow.getIn());
    else
      rewriter.replaceOpWithNewOp<arith::TruncIOp>(op, op.getType(), narrow.getIn());
    return success();
  }
};

/// clamp(r + a, least, most) + b is clamp(r + (a + b), least + b, most + b) for integers: where sums are rounded, the clamp decides.
struct ShiftClamp : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::AddFOp op, PatternRewriter &rewriter) const override {
    std::optional<double> shift = integerOf(op.getRhs());
    std::optional<Code> clamp = clampedBetween(op.getLhs());
    if (!shift || !clamp)
      return failure();
    auto most = op.getLhs().getDefiningOp<arith::MinNumFOp>();
    auto least = most.getLhs().getDefiningOp<arith::MaxNumFOp>();
    auto sum = least.getLhs().getDefiningOp<arith::AddFOp>();
    std::optional<double> start = sum ? integerOf(sum.getRhs()) : std::nullopt;
    if (!start || !isIntegral(sum.getLhs()) || !most->hasOneUse() || !least->hasOneUse() || !sum->hasOneUse())
      return failure();
    auto constant = [&](double value) { return arith::ConstantOp::create(rewriter, op.getLoc(), rewriter.getF32FloatAttr(float(value))).getResult(); };
    Value number = sum.getLhs();
    if (*start + *shift != 0 || !(isPositive(number) || isSignOfZeroDropped(op)))
      number = arith::AddFOp::create(rewriter, op.getLoc(), number, constant(*start + *shift));
    number = arith::MaxNumFOp::create(rewriter, op.getLoc(), number, constant(clamp->least + *shift));
    rewriter.replaceOpWithNewOp<arith::MinNumFOp>(op, number, constant(clamp->most + *shift));
    return success();
  }
};

/// A sum with zero changes the sign of zero alone.
struct DropZero : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::AddFOp op, PatternRewriter &rewriter) const override {
    std::optional<double> constant = constantOf(op.getRhs());
    if (!constant || *constant != 0 || !(isPositive(op.getLhs()) || isSignOfZeroDropped(op)))
      return failure();
    rewriter.replaceOp(op, op.getLhs());
    return success();
  }
};

/// A quotient that is rounded to an integer, by two products: what they round otherwise than a division is rounded to zero.
struct RoundedQuotient : OpRewritePattern<math::RoundEvenOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::RoundEvenOp op, PatternRewriter &rewriter) const override {
    auto quotient = op.getOperand().getDefiningOp<arith::DivFOp>();
    std::optional<double> divisor = quotient ? constantOf(quotient.getRhs()) : std::nullopt;
    std::optional<Reciprocal> reciprocal = divisor ? exactReciprocal(float(*divisor)) : std::nullopt;
    if (!reciprocal)
      return failure();
    Location loc = op.getLoc();
    auto constant = [&](float value) { return arith::ConstantOp::create(rewriter, loc, rewriter.getF32FloatAttr(value)).getResult(); };
    Value x = quotient.getLhs(), high = constant(reciprocal->high);
    Value product = reciprocal->low == 0 ? arith::MulFOp::create(rewriter, loc, x, high).getResult()
                                         : math::FmaOp::create(rewriter, loc, x, high, arith::MulFOp::create(rewriter, loc, x, constant(reciprocal->low))).getResult();
    rewriter.modifyOpInPlace(op, [&] { op.getOperandMutable().assign(product); });
    return success();
  }
};

struct SimplifyRounding : ingot::impl::SimplifyRoundingBase<SimplifyRounding> {
  void runOnOperation() override {
    auto module = getOperation()->getParentOfType<ModuleOp>();
    RewritePatternSet codes(&getContext()), numbers(&getContext());
    codes.add<NumberOfCode<arith::SIToFPOp>, NumberOfCode<arith::UIToFPOp>, WiderCode<arith::ExtSIOp>, WiderCode<arith::ExtUIOp>>(&getContext());
    numbers.add<ShiftClamp, DropZero>(&getContext());
    if (module && Target::of(module).fma)
      numbers.add<RoundedQuotient>(&getContext());
    // The second need to know who reads a number when codes that nobody reads are gone.
    if (failed(applyToBodies(std::move(codes))) || failed(applyToBodies(std::move(numbers))))
      signalPassFailure();
  }

private:
  LogicalResult applyToBodies(FrozenRewritePatternSet patterns) {
    SmallVector<Operation *> bodies;
    getOperation().walk([&](linalg::GenericOp op) {
      for (Operation &inner : *op.getBody())
        bodies.push_back(&inner);
    });
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    return applyOpPatternsGreedily(bodies, patterns, config);
  }
};
} // namespace
