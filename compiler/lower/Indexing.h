//===- Indexing.h - indices from data -------------------------------------===//
#ifndef INGOT_COMPILER_LOWER_INDEXING_H
#define INGOT_COMPILER_LOWER_INDEXING_H

#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"

namespace ingot::lower {

/// The integer scalar as an index into `size` elements: negative ones count from the end where `wrap`, one outside fails the
/// check and is clamped. The result is always inside. `size` is at least 1.
mlir::Value checkedIndex(LocBuilder &b, mlir::Value value, const Extent &size,
                         const Node &node, bool isUnsigned, bool wrap = true);

/// Running sums or products along an axis, from the end where `reverse`, without the element itself where `exclusive`.
mlir::Value accumulate(LocBuilder &b, mlir::Value x, int64_t axis, bool exclusive,
                       bool reverse, bool isSum);

} // namespace ingot::lower

#endif
