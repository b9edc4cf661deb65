//===- Inference.h - the specification's own inference functions ----------===//
#ifndef INGOT_COMPILER_IMPORT_INFERENCE_H
#define INGOT_COMPILER_IMPORT_INFERENCE_H

#include "mlir/IR/Operation.h"
#include <functional>

namespace ingot {

/// Refines the operations of a nested graph once the types of its arguments
/// are known.
using InferRegion = std::function<mlir::LogicalResult(mlir::Region &)>;

struct InferenceOptions {
  /// Without shapes, only kinds and element types are inferred: that cannot fail on a branch that is never taken.
  bool shapes = true;
  /// Checks operand types against the schema.
  bool checkTypes = false;
  /// What to do for nested graphs; by default their operations are taken as
  /// they are.
  InferRegion inferRegion;
};

/// Calls the schema's function for `op` and refines the types of its results
/// in place. An error is emitted at the operation. `onnx.Constant`,
/// `onnx.None`, `onnx.Return` and operations of other dialects are left alone.
mlir::LogicalResult inferTypes(mlir::Operation *op,
                               const InferenceOptions &options = {});

/// What is known from both types; null if they contradict each other.
mlir::Type mergeTypes(mlir::Type a, mlir::Type b);

} // namespace ingot

#endif
