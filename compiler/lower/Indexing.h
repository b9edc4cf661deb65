//===- Indexing.h - indices from data -------------------------------------===//
#ifndef INGOT_COMPILER_LOWER_INDEXING_H
#define INGOT_COMPILER_LOWER_INDEXING_H

#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"

namespace ingot::lower {

/// The integer scalar as an index into `size` elements: negative ones count from the end where `wrap`, one outside fails the
/// check and is clamped. The result is always inside. `size` is at least 1; where data give it, it may be 0, and then the result is 0.
mlir::Value checkedIndex(LocBuilder &b, mlir::Value value, const Extent &size,
                         const Node &node, bool isUnsigned, bool wrap = true);

/// The places of the first `count` marks (of 1, others are 0) in order, always inside of `marks`. Checks that there are no more
/// and no fewer; where `count` is nothing that is known, there are as many as marks. `marks` has one dimension and is not empty.
mlir::Value markedPlaces(Node &node, mlir::Value marks, const Extent &count);

/// Running sums or products along an axis, from the end where `reverse`, without the element itself where `exclusive`.
mlir::Value accumulate(LocBuilder &b, mlir::Value x, int64_t axis, bool exclusive,
                       bool reverse, bool isSum);

} // namespace ingot::lower

#endif
