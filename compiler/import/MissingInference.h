//===- MissingInference.h - types that the onnx library does not infer ----===//
#ifndef INGOT_COMPILER_IMPORT_MISSINGINFERENCE_H
#define INGOT_COMPILER_IMPORT_MISSINGINFERENCE_H

#include "mlir/IR/Operation.h"

namespace ingot {

/// The type of a result of an operator of ai.onnx.ml for which the library has no inference, or none for shapes, of the places that Unique
/// gives, and of StringNormalizer without stop words, whose number it leaves open; null for all others. Without shapes of the operands it is unranked, or null for Unique.
mlir::Type missingType(mlir::Operation *op, unsigned result);

} // namespace ingot

#endif
