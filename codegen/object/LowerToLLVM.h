//===- LowerToLLVM.h - the planned module in MLIR's LLVM dialect ----------===//
#ifndef INGOT_CODEGEN_OBJECT_LOWERTOLLVM_H
#define INGOT_CODEGEN_OBJECT_LOWERTOLLVM_H

#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// What code calls that shares work, `void (const ingot_threads *, void (*part)(void *, int32_t, int32_t), void *data, index count, index grain)`:
/// declared by lowerToLLVM where it is called, defined by defineShare.
inline constexpr const char *kShareFunction = "ingot.share.parts";

/// Turns a planned module into the LLVM dialect, in place. Buffers become bare pointers; every function but @main becomes
/// internal; attributes of the module that start with `ingot.` go.
mlir::LogicalResult lowerToLLVM(mlir::ModuleOp module, unsigned indexBits);

} // namespace ingot

#endif
