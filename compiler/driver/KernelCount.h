//===- KernelCount.h - how many kernels use vectors -----------------------===//
#ifndef INGOT_COMPILER_DRIVER_KERNELCOUNT_H
#define INGOT_COMPILER_DRIVER_KERNELCOUNT_H

#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// Functions of kernels that have something to vectorise, a loop or vectors, and those of them that compute with vectors, themselves or in the parts that they call. Functions of numbers
/// do not count: a scalar kernel calls scalar ones.
struct KernelCount {
  int64_t kernels = 0;
  int64_t vectorised = 0;
};

/// Of a module of the loops or plan level.
KernelCount countKernels(mlir::ModuleOp module);

} // namespace ingot

#endif
