//===- Threads.h - how many threads code is made for ----------------------===//
#ifndef INGOT_COMPILER_SUPPORT_THREADS_H
#define INGOT_COMPILER_SUPPORT_THREADS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// The module's attribute: so many threads are expected to share a call (docs/ir.md).
inline constexpr const char *kThreads = "ingot.threads";

/// 1 where the caller's thread does everything.
inline int64_t threadsOf(mlir::ModuleOp module) {
  auto threads = module->getAttrOfType<mlir::IntegerAttr>(kThreads);
  return threads ? threads.getInt() : 1;
}

} // namespace ingot

#endif
