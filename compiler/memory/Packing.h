//===- Packing.h - offsets for buffers with known lifetimes ---------------===//
#ifndef INGOT_COMPILER_MEMORY_PACKING_H
#define INGOT_COMPILER_MEMORY_PACKING_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace ingot {

/// Arena offsets and sizes are multiples of this.
constexpr int64_t kArenaAlignment = 64;

/// A buffer of `bytes` that is needed at the steps `first` to `last`, both
/// included.
struct Interval {
  int64_t bytes;
  int64_t first;
  int64_t last;

  bool overlaps(const Interval &other) const {
    return first <= other.last && other.first <= last;
  }
};

struct Packing {
  /// One offset an interval, aligned to kArenaAlignment.
  std::vector<int64_t> offsets;
  /// End of the last buffer, a multiple of kArenaAlignment.
  int64_t bytes = 0;
};

/// The greatest sum of sizes over all steps: what no packing can go below.
int64_t greatestLiveBytes(llvm::ArrayRef<Interval> intervals);

/// Places intervals so that those that overlap in time do not overlap in memory. The problem is NP-hard; this tries
/// several greedy orders and then improves the best order by a bounded, deterministic search. The sum of all sizes must not
/// overflow 2^62.
Packing pack(llvm::ArrayRef<Interval> intervals);

} // namespace ingot

#endif
