//===- Passes.h - layouts -------------------------------------------------===//
#ifndef INGOT_COMPILER_LAYOUT_PASSES_H
#define INGOT_COMPILER_LAYOUT_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace ingot {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/layout/Passes.h.inc"
} // namespace ingot

#endif
