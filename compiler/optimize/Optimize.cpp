//===- Optimize.cpp -------------------------------------------------------===//
#include "compiler/optimize/Optimize.h"
#include "compiler/optimize/Lists.h"
#include "compiler/optimize/Promises.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace ingot;

/// Rounds end when a round changes nothing; this bounds two rewrites that undo each other.
constexpr int kMostRounds = 10;

static LogicalResult runUntilSettled(PassManager &round, ModuleOp module) {
  OperationFingerPrint before(module);
  for (int i = 0; i < kMostRounds; ++i) {
    if (failed(round.run(module)))
      return failure();
    OperationFingerPrint after(module);
    if (before == after)
      break;
    before = after;
  }
  return success();
}

static void addRound(PassManager &manager, const OptimizeOptions &options, bool byData) {
  InferShapesOptions infer;
  infer.byData = byData;
  manager.addPass(createInferShapes(infer));
  if (!options.lowered.empty()) {
    ExpandFunctionsOptions expand;
    expand.keep.assign(options.lowered.begin(), options.lowered.end());
    manager.addPass(createExpandFunctions(expand));
  }
  manager.addPass(createSimplify());
  manager.addPass(createCSEPass());
  if (options.evaluator)
    manager.addPass(createFoldConstants(options.evaluator));
}

LogicalResult ingot::runOptimize(ModuleOp module,
                                 const OptimizeOptions &options) {
  PassManager round(module.getContext());
  addRound(round, options, /*byData=*/false);
  if (failed(runUntilSettled(round, module)))
    return failure();
  // What data decide, and what the model declares, counts only where nothing else tells.
  if (!options.checked.empty() && (hasPromises(module) || hasLists(module))) {
    PassManager promised(module.getContext());
    HoldPromisesOptions hold;
    hold.checked.assign(options.checked.begin(), options.checked.end());
    promised.addPass(createHoldPromises(hold));
    addRound(promised, options, /*byData=*/true);
    if (failed(runUntilSettled(promised, module)))
      return failure();
  }
  dropPromises(module);
  if (!options.requireStatic)
    return success();
  PassManager check(module.getContext());
  check.addPass(createCheckStatic());
  return check.run(module);
}
