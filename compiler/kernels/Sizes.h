//===- Sizes.h - sizes that are known when the model runs ----------------===//
//
// A size is an expression: a constant, or one over named sizes, which the module's attribute `ingot.sizes` lists (symbol i is name i), and over sizes that
// data give (DataSizes.h), whose symbols follow. In a kernel the symbols are its operands of type index instead.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_KERNELS_SIZES_H
#define INGOT_COMPILER_KERNELS_SIZES_H

#include "compiler/support/SizeExpr.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include <map>

namespace ingot {

/// The sizes of tensors, found by walking up to what defines them. Results are kept: what they were asked of must not be erased while
/// the object lives, unless `replace` tells what stands for it.
class Sizes {
public:
  /// Of each dimension of a tensor, or an empty list where an operation on the way says nothing about sizes (the
  /// caller reports it). Static sizes are constants.
  llvm::ArrayRef<mlir::AffineExpr> of(mlir::Value tensor);
  /// An index value as an expression over the symbols; null if it is none.
  mlir::AffineExpr of(mlir::OpFoldResult index, mlir::MLIRContext *context);

  void replace(mlir::Value value, mlir::Value by);

private:
  llvm::SmallVector<mlir::AffineExpr> compute(mlir::Value tensor);
  /// A map whose entries stay where they are, since `of` hands them out.
  std::map<void *, llvm::SmallVector<mlir::AffineExpr>> known;
};

/// Whether all dimensions of a tensor type are static; true of other types.
bool isStatic(mlir::Type type);

} // namespace ingot

#endif
