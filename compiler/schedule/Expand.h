//===- Expand.h - a kernel and its schedule become loops ------------------===//
#ifndef INGOT_COMPILER_SCHEDULE_EXPAND_H
#define INGOT_COMPILER_SCHEDULE_EXPAND_H

#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot {

struct ExpandedKernel {
  /// The kernel's function, and the register tiles that it calls; not yet in a module.
  llvm::SmallVector<mlir::OwningOpRef<mlir::func::FuncOp>> functions;
  /// Operands of the kernel (by number) whose constants are replaced.
  llvm::SmallVector<std::pair<unsigned, mlir::ElementsAttr>> packed;
};

/// The functions are named `name`, `name_tile_...`. The kernel needs a schedule. Fails with an error at the kernel.
mlir::FailureOr<ExpandedKernel> expandKernel(KernelOp kernel,
                                             llvm::StringRef name,
                                             const Target &target);

} // namespace ingot

#endif
