//===- Passes.h - the C++ back end as a pass ------------------------------===//
#ifndef INGOT_CODEGEN_CPP_PASSES_H
#define INGOT_CODEGEN_CPP_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace ingot {
#define GEN_PASS_DECL
#include "codegen/cpp/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "codegen/cpp/Passes.h.inc"
} // namespace ingot

#endif
