//===- Passes.h - passes over the onnx dialect ----------------------------===//
#ifndef INGOT_COMPILER_OPTIMIZE_PASSES_H
#define INGOT_COMPILER_OPTIMIZE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include <functional>

namespace ingot {

/// Computes the results of `@main` of a module of the onnx dialect, which has no arguments.
using ConstantEvaluator =
    std::function<mlir::FailureOr<llvm::SmallVector<mlir::ElementsAttr>>(
        mlir::ModuleOp)>;

#define GEN_PASS_DECL
#include "compiler/optimize/Passes.h.inc"

std::unique_ptr<mlir::Pass> createFoldConstants(ConstantEvaluator evaluator);

#define GEN_PASS_REGISTRATION
#include "compiler/optimize/Passes.h.inc"

} // namespace ingot

#endif
