//===- Passes.h - forming kernels -----------------------------------------===//
#ifndef INGOT_COMPILER_KERNELS_PASSES_H
#define INGOT_COMPILER_KERNELS_PASSES_H

#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace ingot {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/kernels/Passes.h.inc"
} // namespace ingot

#endif
