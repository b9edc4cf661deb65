//===- MatMul.h - products of matrices ------------------------------------===//
#ifndef INGOT_COMPILER_LOWER_MATMUL_H
#define INGOT_COMPILER_LOWER_MATMUL_H

#include "compiler/lower/Structured.h"

namespace ingot::lower {

/// numpy's matmul: (batch..., m, k) times (batch..., k, n), where one operand may be a vector, into `result`.
mlir::Value matmul(LocBuilder &b, mlir::Value lhs, mlir::Value rhs,
                   mlir::RankedTensorType result);

} // namespace ingot::lower

#endif
