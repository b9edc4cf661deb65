//===- IngotDialect.h - kernels and their calls ---------------------------===//
#ifndef INGOT_DIALECTS_INGOT_INGOTDIALECT_H
#define INGOT_DIALECTS_INGOT_INGOTDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/ingot/IngotDialect.h.inc"

#define GET_OP_CLASSES
#include "dialects/ingot/IngotOps.h.inc"

namespace ingot {

struct FunctionCall {
  mlir::FlatSymbolRefAttr callee;
  mlir::OperandRange arguments; ///< the callee's first arguments
};

/// The function that an operation of the loops or the plan level calls, and what with; nothing of other operations.
std::optional<FunctionCall> functionCallOf(mlir::Operation *op);

} // namespace ingot

#endif
