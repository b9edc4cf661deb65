//===- Passes.h - elementary functions ------------------------------------===//
#ifndef INGOT_COMPILER_MATH_PASSES_H
#define INGOT_COMPILER_MATH_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/Pass.h"

namespace ingot {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/math/Passes.h.inc"

} // namespace ingot

#endif
