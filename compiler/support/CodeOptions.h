//===- CodeOptions.h - what the user says of the code to be made ----------===//
//
// Attributes of the module (docs/ir.md).
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_SUPPORT_CODEOPTIONS_H
#define INGOT_COMPILER_SUPPORT_CODEOPTIONS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// So many threads are expected to share a call.
inline constexpr const char *kThreads = "ingot.threads";

/// 1 where the caller's thread does everything.
inline int64_t threadsOf(mlir::ModuleOp module) {
  auto threads = module->getAttrOfType<mlir::IntegerAttr>(kThreads);
  return threads ? threads.getInt() : 1;
}

/// Convolutions are computed as they are defined.
inline constexpr const char *kNoWinograd = "ingot.no_winograd";
/// Some convolutions were replaced, whose sums are rounded more coarsely.
inline constexpr const char *kWinograd = "ingot.winograd";

} // namespace ingot

#endif
