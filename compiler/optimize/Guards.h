//===- Guards.h - checks at run time, of operators alone ------------------===//
#ifndef INGOT_COMPILER_OPTIMIZE_GUARDS_H
#define INGOT_COMPILER_OPTIMIZE_GUARDS_H

#include "compiler/optimize/Rewrite.h"

namespace ingot {

/// One of `values`, tensors of one static shape, by an index (a scalar of int64) that is checked when the model runs.
mlir::Value pick(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<mlir::Value> values, mlir::Value index);

/// The scalar 0 where a tensor of one bool is `expected`, else 1.
mlir::Value unlessIs(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value condition, bool expected);
/// The scalar 0 where all integers of a tensor are those given, else 1.
mlir::Value unlessEqual(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value integers, llvm::ArrayRef<int64_t> expected);
/// The scalar 0 where the one integer of a tensor is at least `least`, else 1.
mlir::Value unlessAtLeast(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value integer, int64_t least);

/// What data say of a position in [low, high]: `meaning` at its place, or `outside`, an index that fails its check.
mlir::Value lookUp(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value position, int64_t low, llvm::ArrayRef<int64_t> meaning,
                   int64_t outside);

/// The smallest tensor of known size, which costs least to check; null where there is none.
mlir::Value *smallest(llvm::ArrayRef<mlir::Value *> values);

} // namespace ingot

#endif
