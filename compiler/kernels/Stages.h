//===- Stages.h - what kind of work a linalg.generic does -----------------===//
#ifndef INGOT_COMPILER_KERNELS_STAGES_H
#define INGOT_COMPILER_KERNELS_STAGES_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ingot {

/// All loops are parallel, and every result is written once, by a permutation of the loops.
bool isElementwise(mlir::linalg::GenericOp op);

/// Elementwise and yields its only input: a transpose, a broadcast or a copy.
bool isDataMovement(mlir::linalg::GenericOp op);

/// acc + a * b over at least one reduction loop.
bool isContraction(mlir::linalg::GenericOp op);

/// Of a contraction: steps of a sum lie side by side in the operand `input`, and there are several sums of the same input, enough of both for an instruction that sums
/// several products at once.
bool sumsNeighbours(mlir::linalg::GenericOp op, unsigned input, unsigned weights);

/// The operation that combines the accumulator of result `index` with a new
/// value, or null if the body is no such combination: `combiner(acc, value)`, where value does not depend on acc.
mlir::Operation *combinerOf(mlir::linalg::GenericOp op, unsigned index);

/// The scalar that the accumulator of result `index` starts with, where it is a constant (filled or splat), else null.
mlir::TypedAttr initialValue(mlir::linalg::GenericOp op, unsigned index);

/// expand_shape, collapse_shape, extract_slice or pad: reads of its result can be turned into reads of its source.
bool isView(mlir::Operation *op);
inline mlir::Value viewSource(mlir::Operation *op) { return op->getOperand(0); }

/// A reshape, which leaves flat memory as it is.
bool isReshape(mlir::Operation *op);

/// A stage behind `pad` that copies its result, so that the padding is in memory.
mlir::Value copyOfPadded(mlir::tensor::PadOp pad);

/// The body reads captured tensors, or asserts.
bool hasDataDependentAccess(mlir::linalg::GenericOp op);

} // namespace ingot

#endif
