//===- Promises.h - the shapes that a model declares for its outputs ------===//
#ifndef INGOT_COMPILER_OPTIMIZE_PROMISES_H
#define INGOT_COMPILER_OPTIMIZE_PROMISES_H

#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// Whether a result of @main has a declared shape that inference did not find.
bool hasPromises(mlir::ModuleOp module);
/// Removes `ingot.promises`, which the stages after this one have no use for.
void dropPromises(mlir::ModuleOp module);

} // namespace ingot

#endif
