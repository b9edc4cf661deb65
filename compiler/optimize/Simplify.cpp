//===- Simplify.cpp -------------------------------------------------------===//
#include "compiler/optimize/Passes.h"
#include "compiler/optimize/Patterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace ingot;

namespace ingot {
#define GEN_PASS_DEF_SIMPLIFY
#include "compiler/optimize/Passes.h.inc"
} // namespace ingot

namespace {
struct Simplify : ingot::impl::SimplifyBase<Simplify> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    populateMovementPatterns(set);
    populateArithmeticPatterns(set);
    populateWeightPatterns(set);
    populateQuantizedPatterns(set);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    // Where two rewrites undo each other (as on empty tensors), the driver gives up after some rounds; what is there then is right, too.
    (void)applyPatternsGreedily(getOperation(), patterns);
  }

  FrozenRewritePatternSet patterns;
};
} // namespace
