//===- Pipeline.h - the stages between a model and its code ---------------===//
#ifndef INGOT_COMPILER_DRIVER_PIPELINE_H
#define INGOT_COMPILER_DRIVER_PIPELINE_H

#include "compiler/driver/Report.h"
#include "mlir/IR/BuiltinOps.h"
#include <optional>

namespace ingot {

/// The forms of a model that --emit prints, in order.
enum class Form { onnx, linalg, kernels, loops, plan };

std::optional<Form> formNamed(llvm::StringRef name);

/// How much is done for speed. `least` gives scalar code, without folded constants and chosen layouts, for comparison.
enum class Effort { full, least };

/// One step towards a form: a function, or passes in ingot-opt's syntax.
struct Stage {
  Form gives;
  const char *doing;
  mlir::LogicalResult (*run)(mlir::ModuleOp);
  const char *passes;
  /// Where set, the step belongs to that effort alone.
  std::optional<Effort> only = std::nullopt;
};

/// From the imported module to the planned one.
llvm::ArrayRef<Stage> stages();

/// Runs the stages after `from` (or all) up to and with those that give `until`. Errors are reported as diagnostics.
mlir::LogicalResult runStages(mlir::ModuleOp module, std::optional<Form> from, Form until, Effort effort, Progress &progress);

} // namespace ingot

#endif
