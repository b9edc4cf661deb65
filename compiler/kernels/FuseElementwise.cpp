//===- FuseElementwise.cpp - chains of elementwise operations -------------===//
#include "compiler/kernels/Passes.h"
#include "compiler/kernels/Stages.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace ingot {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "compiler/kernels/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

/// The last dimension of the producer's input is also the last one of its result.
static bool keepsInnermost(linalg::GenericOp movement) {
  AffineMap in = movement.getIndexingMapsArray()[0];
  AffineMap out = movement.getIndexingMapsArray()[1];
  return in.isPermutation() && in.getNumResults() > 0 &&
         in.getResults().back() == out.getResults().back();
}

/// Iterations of the consumer for one element of the operand are one: fusing
/// the producer computes nothing twice.
static bool readsEachElementOnce(linalg::GenericOp consumer, OpOperand *operand) {
  AffineMap map = consumer.getMatchingIndexingMap(operand);
  if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
    return false;
  // Loops that the operand does not depend on repeat its elements.
  for (auto [loop, size] : llvm::enumerate(consumer.getStaticLoopRanges()))
    if (size != 1 && !map.isFunctionOfDim(loop))
      return false;
  return true;
}

/// More operations in one body gain nothing, since their values no longer fit into registers, and each fusion copies both bodies.
constexpr int64_t kMostOperations = 128;

static bool fitsIntoOneBody(linalg::GenericOp a, linalg::GenericOp b) {
  int64_t count = 0;
  for (linalg::GenericOp op : {a, b})
    for (auto it = op.getBody()->begin(), end = op.getBody()->end(); it != end; ++it)
      if (++count > kMostOperations)
        return false;
  return true;
}

static bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || !isElementwise(producer) ||
      producer.getNumResults() != 1 || !fitsIntoOneBody(producer, consumer) || hasDataDependentAccess(producer) ||
      hasDataDependentAccess(consumer))
    return false;
  // Several operands of one consumer may be the same value.
  for (Operation *user : producer->getUsers())
    if (user != consumer)
      return false;
  if (isDataMovement(producer)) {
    AffineMap in = producer.getIndexingMapsArray()[0];
    bool broadcast = in.isProjectedPermutation(/*allowZeroInResults=*/true) &&
                     !in.isPermutation();
    return broadcast || keepsInnermost(producer) || isElementwise(consumer);
  }
  if (isContraction(consumer))
    return false;
  return readsEachElementOnce(consumer, operand);
}

/// What is computed elementwise of a collapsed result (a transposed convolution's, whose blocks lie in the image) is computed of the result as it was, so that it can
/// be part of the same loops.
static bool shouldExpand(OpOperand *operand) {
  auto collapse = operand->get().getDefiningOp<tensor::CollapseShapeOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!collapse || !consumer || !collapse->hasOneUse() || !collapse.getSrcType().hasStaticShape() || consumer.getNumResults() != 1)
    return false;
  auto producer = collapse.getSrc().getDefiningOp<linalg::GenericOp>();
  return producer && producer->hasOneUse() && !isDataMovement(producer) && isElementwise(consumer) && !isDataMovement(consumer) &&
         !hasDataDependentAccess(consumer) && readsEachElementOnce(consumer, operand);
}

namespace {
struct FuseElementwise : ingot::impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
    linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, shouldExpand);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::populateReassociativeReshapeFoldingPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
