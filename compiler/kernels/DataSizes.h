//===- DataSizes.h - sizes that data give ---------------------------------===//
//
// How many elements of a tensor are not zero, only data tell. Such a size is a symbol in the expressions of Sizes.h, behind those of the named sizes; an
// `ingot.data_size` gives it its value. The module's attribute `ingot.data_sizes` has a dictionary for each: `name`, for people, and `most`, a map
// from the named sizes to the most that it can be. What has such a size gets memory for the most.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_KERNELS_DATASIZES_H
#define INGOT_COMPILER_KERNELS_DATASIZES_H

#include "compiler/support/SizeExpr.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

namespace ingot {

struct DataSize {
  llvm::StringRef name;
  mlir::AffineExpr most; ///< over the named sizes
};

/// Those of the module that holds the operation, or is it.
llvm::SmallVector<DataSize> dataSizes(mlir::Operation *inModule);

/// Adds one to the module, while operators are lowered, and gives the number of its symbol, kFirstDataSize or more. `most` may depend on other sizes
/// that data give.
unsigned addDataSize(mlir::Operation *inModule, llvm::StringRef name, mlir::AffineExpr most);

/// Gives those that were added the numbers behind the names, once no name and no type with such a symbol is to come or left.
void numberDataSizes(mlir::Operation *module);

/// Names of all symbols: of the named sizes, then of those that data give.
llvm::SmallVector<llvm::StringRef> symbolNames(mlir::Operation *inModule);

/// The most that the size can be, over the named sizes.
mlir::AffineExpr mostOf(mlir::AffineExpr size, mlir::Operation *inModule);

/// Whether a tensor of these sizes and that many bytes an element can be larger than `limit`, as far as that does not depend on named sizes.
bool canExceed(llvm::ArrayRef<mlir::AffineExpr> sizes, int64_t elementBytes, int64_t limit, mlir::Operation *inModule);

/// What gives each symbol of a size that data give its value, in the operation.
llvm::DenseMap<unsigned, mlir::Value> dataSizeValues(mlir::Operation *in);

} // namespace ingot

#endif
