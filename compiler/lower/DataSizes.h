//===- DataSizes.h - results whose sizes data give ------------------------===//
#ifndef INGOT_COMPILER_LOWER_DATASIZES_H
#define INGOT_COMPILER_LOWER_DATASIZES_H

#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"

namespace ingot::lower {

/// Whether the operator has results whose sizes data give, where the model declares no static ones.
bool givesDataSizes(llvm::StringRef kind);

/// A size that data give, as an index: `count`, an index, of which there can be at most `most`.
mlir::Value dataSize(Node &node, mlir::Value count, int64_t most);
/// The same of a count that is element `at` of a tensor of i64 in one dimension, or of a tensor of one.
mlir::Value dataSize(Node &node, mlir::Value counts, int64_t at, int64_t most);

/// A tensor without elements: a size that the type does not tell is one that data give, and never more than 0.
mlir::Value emptyOf(Node &node, mlir::RankedTensorType type);

/// Whether some size is known to be 0.
bool isEmpty(mlir::RankedTensorType type);

/// A size as an index value.
mlir::Value sizeValue(LocBuilder &b, mlir::Value value, int64_t axis);

/// The first `size` along the first axis, which has at least as many.
mlir::Value firstOf(LocBuilder &b, mlir::Value value, mlir::Value size);

/// A table of `count` numbers; the body gets the place in it.
mlir::Value table(LocBuilder &b, mlir::Value count,
                  llvm::function_ref<mlir::Value(LocBuilder &, mlir::Value)> body);

} // namespace ingot::lower

#endif
