//===- SizeExpr.h - sizes as expressions over what a call chooses ---------===//
//
// A size is an affine expression, in the wide sense (products and quotients of sizes are allowed), over the module's sizes: symbol i is name i of
// `ingot.sizes`. Up to lowering, the type of a tensor says the sizes of its open dimensions: its encoding is an affine map with a result for each dimension.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_SUPPORT_SIZEEXPR_H
#define INGOT_COMPILER_SUPPORT_SIZEEXPR_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace ingot {

using SizeList = llvm::SmallVector<mlir::AffineExpr>;

/// The expression as a sum of products in one order, so that equal ones are most often the same. Divisions are of sizes that are not negative.
mlir::AffineExpr simplifiedSize(mlir::AffineExpr size);

/// The product of sizes, simplified.
mlir::AffineExpr productOf(llvm::ArrayRef<mlir::AffineExpr> sizes,
                           mlir::MLIRContext *context);

/// size / divisor where that leaves no rest whatever a call chooses, else null.
mlir::AffineExpr exactQuotient(mlir::AffineExpr size, mlir::AffineExpr divisor);

/// The number that a constant size is.
std::optional<int64_t> constantSize(mlir::AffineExpr size);

/// Sizes of each dimension that the type tells; null where it does not.
SizeList sizesOf(mlir::RankedTensorType type);
/// A type of these sizes; null stands for one that nobody knows yet.
mlir::RankedTensorType sizedType(llvm::ArrayRef<mlir::AffineExpr> sizes, mlir::Type element);
/// The type without what it says of open sizes.
mlir::Type plainType(mlir::Type type);

/// floor(size * scale); null where the scale is no number of moderate size.
mlir::AffineExpr scaledSize(mlir::AffineExpr size, float scale);

//===--- what the module knows of its sizes -------------------------------===//

/// Names of the module's sizes: those that a call chooses, then the derived ones.
llvm::SmallVector<llvm::StringRef> sizeNames(mlir::Operation *inModule);
/// How many of them a call chooses.
unsigned countChosenSizes(mlir::Operation *inModule);
/// Of each derived size the expressions, over the sizes before it, of which it is the greatest (`ingot.derived_sizes`).
llvm::SmallVector<SizeList> derivedSizes(mlir::Operation *inModule);
/// What must not be negative if the model can run: expressions over the sizes that a call chooses and derived ones (`ingot.required_sizes`).
SizeList requiredSizes(mlir::Operation *inModule);

/// While operators are lowered, sizes that data give (compiler/kernels/DataSizes.h) are symbols from this number on: names may still be added. From then on
/// they stand behind the names.
constexpr unsigned kFirstDataSize = 1u << 20;
/// Whether the size depends on data.
bool isFromData(mlir::AffineExpr size, mlir::Operation *inModule);
/// Whether it was asked since the last call that sizes agree of which data give one: nobody checks that. The caller reports it.
bool takeUnchecked(mlir::Operation *inModule);

/// The least value that a size can have, or nullopt where none is known. A size that a call chooses is at least 1, one that data give at least 0.
std::optional<int64_t> leastValue(mlir::Operation *inModule, mlir::AffineExpr size);
/// The greatest or least of sizes: one of them where that is known, else a derived size. Of sizes that data give there is none (takeUnchecked).
mlir::AffineExpr greatestSize(mlir::Operation *inModule, llvm::ArrayRef<mlir::AffineExpr> sizes);
mlir::AffineExpr leastSize(mlir::Operation *inModule, llvm::ArrayRef<mlir::AffineExpr> sizes);
/// Asks that the expression not be negative, unless that is known. Of sizes that data give, nothing can be asked (takeUnchecked).
void requireSize(mlir::Operation *inModule, mlir::AffineExpr atLeastZero);
/// Asks that two sizes be equal.
void requireEqual(mlir::Operation *inModule, mlir::AffineExpr a, mlir::AffineExpr b);
/// Whether two sizes are equal in every call that runs.
bool areEqual(mlir::Operation *inModule, mlir::AffineExpr a, mlir::AffineExpr b);

/// What Slice takes of an axis: places begin, begin + step, ..., `count` of them.
struct TakenRange {
  mlir::AffineExpr begin, count;
};
/// nullopt where bounds that are expressions may be negative.
std::optional<TakenRange> takenRange(mlir::Operation *inModule, mlir::AffineExpr size, mlir::AffineExpr start,
                                     mlir::AffineExpr end, int64_t step);

} // namespace ingot

#endif
