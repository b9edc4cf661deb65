//===- Export.h - from the onnx dialect to a file -------------------------===//
#ifndef INGOT_COMPILER_EXPORT_EXPORT_H
#define INGOT_COMPILER_EXPORT_EXPORT_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace ingot {

/// Bytes of an .onnx file with the graph of `@main`, which must be in the onnx dialect alone. Errors are emitted at the operation.
mlir::FailureOr<std::string> exportModel(mlir::ModuleOp module);

/// The same, written to `path`: beside it first, then renamed, so that no half
/// file is left behind.
mlir::LogicalResult exportModel(mlir::ModuleOp module, llvm::StringRef path);

} // namespace ingot

#endif
