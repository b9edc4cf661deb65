//===- SimplifyArithmetic.cpp ---------------------------------------------===//
#include "compiler/optimize/Patterns.h"
#include "compiler/optimize/Rewrite.h"
#include <cmath>

using namespace mlir;
using namespace ingot;

static bool isReal(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType());
}

namespace {

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
  patterns.add<SimplifyPow, ExactDivision, SumOfTwo>(context);
  patterns.add<RemoveNeutral<onnx::MulOp>>(context, 1.0, true);
  patterns.add<RemoveNeutral<onnx::DivOp>>(context, 1.0, false);
  patterns.add<RemoveNeutral<onnx::SubOp>>(context, 0.0, false);
}
