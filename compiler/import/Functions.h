//===- Functions.h - operators that the specification defines by others ---===//
#ifndef INGOT_COMPILER_IMPORT_FUNCTIONS_H
#define INGOT_COMPILER_IMPORT_FUNCTIONS_H

#include "mlir/IR/Operation.h"

namespace ingot {

/// Whether the specification gives a body for the operator of `op`.
bool hasFunctionBody(mlir::Operation *op);

/// Replaces `op` by the body that the specification gives for its types and
/// attributes; false where it gives none for these. Errors are emitted.
mlir::FailureOr<bool> expandFunction(mlir::Operation *op);

} // namespace ingot

#endif
