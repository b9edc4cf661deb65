//===- SmallValues.h - arithmetic on small constants ----------------------===//
#ifndef INGOT_COMPILER_OPTIMIZE_SMALLVALUES_H
#define INGOT_COMPILER_OPTIMIZE_SMALLVALUES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace ingot {

/// Value of the single result of an onnx operation whose operands are small constants of integer, bool, float or double type: the
/// arithmetic that models do on shapes. `Shape` and `Size` need only the type of their operand. Null where the operation, a type or a size (more than 256 elements)
/// is not covered; results are exact, so that it does not matter who computes them. Where elements depend on open sizes the result is null, too, and the
/// operation's attribute `ingot.elements` has them as expressions (compiler/import/OpenShapes.h).
mlir::ElementsAttr evaluateSmall(mlir::Operation *op);

} // namespace ingot

#endif
