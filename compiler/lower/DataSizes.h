//===- DataSizes.h - results whose sizes data give ------------------------===//
#ifndef INGOT_COMPILER_LOWER_DATASIZES_H
#define INGOT_COMPILER_LOWER_DATASIZES_H

#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"

namespace ingot::lower {

/// Whether the operator has results whose sizes data give, where the model declares no static ones.
bool givesDataSizes(llvm::StringRef kind);

/// A size that data give: `count`, an index, of which there can be at most `most`. Types have it from here on.
Extent dataSize(Node &node, mlir::Value count, const Extent &most);
/// The same of a count that is element `at` of a tensor of i64 in one dimension, or of a tensor of one.
Extent dataSize(Node &node, mlir::Value counts, int64_t at, const Extent &most);

/// A tensor without elements: a size that the type does not tell is one that data give, and never more than 0.
mlir::Value emptyOf(Node &node, mlir::RankedTensorType type);

/// Whether some size is known to be 0.
bool isEmpty(mlir::RankedTensorType type);

} // namespace ingot::lower

#endif
