//===- Prepare.h - the planned module, ready for printing -----------------===//
#ifndef INGOT_CODEGEN_CPP_PREPARE_H
#define INGOT_CODEGEN_CPP_PREPARE_H

#include "codegen/cpp/EmitCpp.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

namespace ingot::cpp {

/// What printing one function needs to know of the others.
struct ModuleFacts {
  /// Memory arguments that the function, or one that it calls, writes to.
  llvm::DenseSet<mlir::Value> written;
  /// Memory arguments that another argument may overlap in some call.
  llvm::DenseSet<mlir::Value> overlapping;
  /// C++ names of all functions.
  llvm::DenseMap<mlir::Operation *, std::string> names;
  /// C++ names of the tables that ingot.lookup reads, in the order in which they are met.
  llvm::MapVector<mlir::Attribute, std::string> tables;

  std::string nameOf(mlir::Operation *function) const {
    return names.lookup(function);
  }
};

/// Attribute of functions that run parts of the graph: @main, and what it was split into.
constexpr llvm::StringLiteral kGraphAttr = "ingot.graph";

/// Checks that @main takes and returns what docs/ir.md says.
llvm::LogicalResult checkPlanned(mlir::ModuleOp module);

/// Checks @main, gives its arguments names, and moves parts of it into functions of their own until none is
/// longer than `statementsPerFunction`. The parts stand before @main, in order.
llvm::LogicalResult prepare(mlir::ModuleOp module, const CppStyle &style);

/// `module` is prepared.
ModuleFacts analyse(mlir::ModuleOp module, const CppStyle &style);

/// Whether an argument of a graph function is the arena or the weights.
bool isBytes(mlir::Value memory);
/// Whether an argument is what the host lends to share work among.
bool isThreads(mlir::Value memory);

/// Whether the function is called as part of an expression.
bool isMath(mlir::func::FuncOp function);

} // namespace ingot::cpp

#endif
