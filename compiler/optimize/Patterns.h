//===- Patterns.h - the parts of simplify ---------------------------------===//
#ifndef INGOT_COMPILER_OPTIMIZE_PATTERNS_H
#define INGOT_COMPILER_OPTIMIZE_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace ingot {

/// Operations that move data or only rename it.
void populateMovementPatterns(mlir::RewritePatternSet &patterns);
/// Arithmetic.
void populateArithmeticPatterns(mlir::RewritePatternSet &patterns);
/// Normalisation and constants per channel into the weights of a convolution
/// or matrix product.
void populateWeightPatterns(mlir::RewritePatternSet &patterns);
/// Operators between DequantizeLinear and QuantizeLinear into integer operators.
void populateQuantizedPatterns(mlir::RewritePatternSet &patterns);

} // namespace ingot

#endif
