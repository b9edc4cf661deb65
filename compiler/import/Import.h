//===- Import.h - from a file to the onnx dialect -------------------------===//
#ifndef INGOT_COMPILER_IMPORT_IMPORT_H
#define INGOT_COMPILER_IMPORT_IMPORT_H

#include "compiler/support/ListShape.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ingot {

struct ImportOptions {
  /// Sizes of inputs by name; they must agree with what the model says. `NAME[i]` is element i of the sequence NAME. Those of an
  /// output are a promise that the code checks when it runs (docs/ir.md).
  std::map<std::string, std::vector<int64_t>> shapes;
  /// The same of sequences and optionals.
  std::map<std::string, ListShape> lists;
  /// Pairs of an input and the output that is its next value.
  std::vector<std::pair<std::string, std::string>> state;
  /// `ingot.model`, a C identifier; made from the file's name where empty.
  std::string modelName;
  /// `ingot.target`; not set where empty.
  std::string targetName;
  /// Leaves sizes open that neither the model nor `shapes` fixes: `ingot.sizes` of the module names them, by the model's names or
  /// as NAME_DIMENSION of the input, and `ingot.dims` of an input says which dimension has which.
  bool openSizes = false;
  /// Gets the files that are read, each once: the model, then external data.
  std::vector<std::string> *filesRead = nullptr;
};

/// Reads the model at `path` into a module of the `onnx` dialect, at the newest opset and with element types alone on most values (`infer-shapes` finds the shapes). Errors are emitted
/// without the file's name, at the location of the node where there is one.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importModel(mlir::MLIRContext &context, llvm::StringRef path,
            const ImportOptions &options = {});

/// The same for a file's bytes; its external data lie in `folder`.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importModelBytes(mlir::MLIRContext &context, llvm::StringRef bytes, llvm::StringRef folder,
                 const ImportOptions &options = {});

} // namespace ingot

#endif
