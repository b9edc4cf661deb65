//===- Sharing.h - how threads share a kernel -----------------------------===//
//
// A kernel is shared by one dimension whose points write apart from each other: each thread runs the kernel's loops, that dimension's over a part of its own.
// Sums are never shared, so the results are the same for any number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_SCHEDULE_SHARING_H
#define INGOT_COMPILER_SCHEDULE_SHARING_H

#include "compiler/schedule/Schedule.h"
#include "compiler/schedule/Work.h"

namespace ingot {

/// A dimension is shared in units: blocks of lanes, tiles, or points.
int64_t unitOf(const Schedule &schedule, int64_t dim);

/// The number of the dimension's units over the kernel's index arguments; the last one may have fewer points.
mlir::AffineExpr unitsOf(const Nest &nest, const Schedule &schedule, int64_t dim);

/// Whether parts of the first nest's dimension can run at once, whatever the other threads do.
bool canShare(const KernelNests &nests, const Schedule &first, int64_t dim);

/// Writes into the first nest's schedule how that many threads share the kernel; nothing where that does not pay. The nests are as
/// their schedules see them (dimensions merged, none split).
void chooseSharing(const KernelNests &nests, llvm::MutableArrayRef<Schedule> schedules, const Work &work, int64_t threads, const Target &target);

/// A dimension of the first nest, -1 for none, in at most so many parts.
struct Sharing {
  int64_t dim;
  int64_t parts;
};

/// Ways for a tuner to measure, whatever the schedules; canShare says which of them fit some.
llvm::SmallVector<Sharing> possibleSharings(const KernelNests &nests, int64_t threads);

/// The schedule's `grain` where it is shared in this way.
int64_t grainOf(const Nest &nest, const Schedule &schedule, const Sharing &sharing);

} // namespace ingot

#endif
