//===- Passes.h - functions of strings ------------------------------------===//
#ifndef INGOT_COMPILER_STRINGS_PASSES_H
#define INGOT_COMPILER_STRINGS_PASSES_H

#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/Pass.h"

namespace ingot {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/strings/Passes.h.inc"

} // namespace ingot

#endif
