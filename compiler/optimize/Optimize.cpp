//===- Optimize.cpp -------------------------------------------------------===//
#include "compiler/optimize/Optimize.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace ingot;

/// Rounds end when a round changes nothing; this bounds two rewrites that undo each other.
constexpr int kMostRounds = 10;

LogicalResult ingot::runOptimize(ModuleOp module,
                                 const OptimizeOptions &options) {
  PassManager round(module.getContext());
  round.addPass(createInferShapes());
  if (!options.lowered.empty()) {
    ExpandFunctionsOptions expand;
    expand.keep.assign(options.lowered.begin(), options.lowered.end());
    round.addPass(createExpandFunctions(expand));
  }
  round.addPass(createSimplify());
  round.addPass(createCSEPass());
  if (options.evaluator)
    round.addPass(createFoldConstants(options.evaluator));

  OperationFingerPrint before(module);
  for (int i = 0; i < kMostRounds; ++i) {
    if (failed(round.run(module)))
      return failure();
    OperationFingerPrint after(module);
    if (before == after)
      break;
    before = after;
  }
  if (!options.requireStatic)
    return success();
  PassManager check(module.getContext());
  check.addPass(createCheckStatic());
  return check.run(module);
}
