//===- MissingInference.h - types that the onnx library does not infer ----===//
#ifndef INGOT_COMPILER_IMPORT_MISSINGINFERENCE_H
#define INGOT_COMPILER_IMPORT_MISSINGINFERENCE_H

#include "mlir/IR/Operation.h"

namespace ingot {

/// The type of a result of an operator for which the library has no inference, or none for shapes: many of ai.onnx.ml, MaxUnpool with an
/// output shape, and the places that Unique gives, whose number it leaves open; null for all others. Without shapes of the operands it is
/// unranked, or null for Unique.
mlir::Type missingType(mlir::Operation *op, unsigned result);

} // namespace ingot

#endif
