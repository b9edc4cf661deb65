//===- Optimize.h - the optimise stage ------------------------------------===//
#ifndef INGOT_COMPILER_OPTIMIZE_OPTIMIZE_H
#define INGOT_COMPILER_OPTIMIZE_OPTIMIZE_H

#include "compiler/optimize/Passes.h"
#include <string>
#include <vector>

namespace ingot {

struct OptimizeOptions {
  /// Computes constants; null leaves all but small integers alone.
  ConstantEvaluator evaluator;
  /// Operators with a lowering of their own (`onnx.Softmax`); others are expanded where the specification has a body for them. Empty: nothing is
  /// expanded.
  std::vector<std::string> lowered;
  /// Operators whose code checks the shapes of their results when the model runs: these may be what the model declares for its outputs.
  std::vector<std::string> checked;
  /// Fails where a shape is unknown at the end.
  bool requireStatic = true;
};

/// Infers, simplifies and folds until nothing changes any more.
mlir::LogicalResult runOptimize(mlir::ModuleOp module,
                                const OptimizeOptions &options = {});

} // namespace ingot

#endif
