//===- Levels.h - a model with code for several targets, as C++ -----------===//
//
// Each level of a target (compiler/support/Target.h) is emitted by itself, from
// a planned module of its own; what calls them follows.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPP_LEVELS_H
#define INGOT_CODEGEN_CPP_LEVELS_H

#include "codegen/cpp/Interface.h"

namespace ingot {

/// Writes the graph and the kernels of a planned module, one level of the model `options.name`: NAME_<level>.cpp and the files of its kernels. Weights
/// are an argument of its entry, and lie where the module says (SharedWeights). The module is used up.
llvm::FailureOr<cpp::Interface> emitCppLevel(mlir::ModuleOp planned, const CppOptions &options);

/// Writes what is common to the levels (joinLevels) and chooses between them: NAME.h, NAME.cpp and the weights.
mlir::LogicalResult emitCppChoice(const cpp::Interface &interface, llvm::StringRef weights, const CppOptions &options, mlir::MLIRContext *context);

} // namespace ingot

#endif
