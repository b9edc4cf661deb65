//===- KernelCount.cpp ----------------------------------------------------===//
#include "compiler/driver/KernelCount.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/SymbolTable.h"

using namespace ingot;

namespace {
struct Contents {
  bool loops = false, vectors = false;
};
} // namespace

/// What a kernel and its parts hold; parts do not call each other in circles.
static void look(mlir::func::FuncOp function, const mlir::SymbolTable &symbols, Contents &found) {
  function.walk([&](mlir::Operation *op) {
    found.loops |= llvm::isa<mlir::scf::ForOp>(op);
    found.vectors |= llvm::any_of(op->getResultTypes(), llvm::IsaPred<mlir::VectorType>);
    auto call = llvm::dyn_cast<mlir::func::CallOp>(op);
    auto part = call ? symbols.lookup<mlir::func::FuncOp>(call.getCallee()) : mlir::func::FuncOp();
    if (part && !part->hasAttr("ingot.math"))
      look(part, symbols, found);
  });
}

KernelCount ingot::countKernels(mlir::ModuleOp module) {
  mlir::SymbolTable symbols(module);
  KernelCount count;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    if (!function->hasAttr("ingot.kernel"))
      continue;
    Contents found;
    look(function, symbols, found);
    count.kernels += found.loops || found.vectors;
    count.vectorised += found.vectors;
  }
  return count;
}
