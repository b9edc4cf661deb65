//===- Remainder.h - the remainder of a division of floats ----------------===//
#ifndef INGOT_COMPILER_MATH_REMAINDER_H
#define INGOT_COMPILER_MATH_REMAINDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot {

/// Writes the body of a function of two scalars, f32 or f64: x - y trunc(x / y), exactly, as C's fmod. NaN where x is infinite or y zero.
void writeRemainder(mlir::func::FuncOp function);

} // namespace ingot

#endif
