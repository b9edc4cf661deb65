//===- Model.h - a model's messages, ready to become IR -------------------===//
#ifndef INGOT_COMPILER_IMPORT_MODEL_H
#define INGOT_COMPILER_IMPORT_MODEL_H

#include "compiler/import/Proto.h"
#include <map>

namespace ingot {

/// A checked model at the newest opset, without model-local functions, its nodes in topological order.
struct Model {
  ::onnx::ModelProto proto;
  /// Large constants, taken out so that no call of a function copies them. Each
  /// is an input of the main graph of that name that no user gives.
  std::map<std::string, ::onnx::TensorProto> weights;
  /// Folder that external data lie in.
  std::string folder;
};

/// Reads and prepares a model; throws ImportError or what the onnx library
/// throws.
Model readModel(llvm::StringRef path);
/// The same for a file's bytes; its external data lie in `folder`.
Model readModel(llvm::StringRef bytes, llvm::StringRef folder);

/// The reader of external data for tensors of the model in `folder`. `filesRead` gets their files, each once.
ReadExternal externalReader(const std::string &folder,
                            std::vector<std::string> *filesRead = nullptr);

/// Message of an exception of the onnx library as an error: one line, and the node that the library's context names.
ImportError describeFailure(const std::exception &error);

} // namespace ingot

#endif
