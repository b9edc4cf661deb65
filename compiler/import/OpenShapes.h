//===- OpenShapes.h - shapes over sizes that a call chooses ---------------===//
//
// The specification's inference passes on a size that has a name, but computes with numbers alone. What it says nothing of is here: the shape of a result
// as expressions over the module's sizes. What must hold for that (the sizes of operands that must be equal, a window that fits into its input) becomes
// a requirement of the module.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_IMPORT_OPENSHAPES_H
#define INGOT_COMPILER_IMPORT_OPENSHAPES_H

#include "compiler/support/SizeExpr.h"
#include "mlir/IR/Operation.h"

namespace ingot {

/// Whether the module has open sizes, and an operand of the operation has some, or its elements are expressions over them.
bool hasOpenSizes(mlir::Operation *op);

/// The type of a result of `op`, or null where there is nothing to add to what the specification's inference says.
mlir::Type openShape(mlir::Operation *op, unsigned result);

/// The elements of a small integer tensor, as expressions over the module's sizes: those of a constant, or those that the attribute `ingot.elements` of
/// the operation that makes it has. An empty optional where they are not known.
std::optional<SizeList> elementsOf(mlir::Value value);

} // namespace ingot

#endif
