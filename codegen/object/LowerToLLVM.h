//===- LowerToLLVM.h - the planned module in MLIR's LLVM dialect ----------===//
#ifndef INGOT_CODEGEN_OBJECT_LOWERTOLLVM_H
#define INGOT_CODEGEN_OBJECT_LOWERTOLLVM_H

#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// Turns a planned module into the LLVM dialect, in place. Buffers become bare pointers; every function but @main becomes
/// internal; attributes of the module that start with `ingot.` go.
mlir::LogicalResult lowerToLLVM(mlir::ModuleOp module, unsigned indexBits);

} // namespace ingot

#endif
