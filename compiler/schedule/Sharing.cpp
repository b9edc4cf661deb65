//===- Sharing.cpp --------------------------------------------------------===//
#include "compiler/schedule/Sharing.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ingot;

/// Cycles that a part should take at the least: to wake a thread that waits, and to wait for it, takes about a thousand.
constexpr double kLeastPart = 4000;
/// Bytes a cycle that a kernel moves which does little else.
constexpr double kBytesPerCycle = 8;
/// What a size that only the call knows is taken for.
constexpr int64_t kNominalSize = 64;

int64_t ingot::unitOf(const Schedule &schedule, int64_t dim) {
  if (dim == schedule.lane)
    return schedule.block();
  return dim == schedule.tile ? schedule.tileSize : 1;
}

AffineExpr ingot::unitsOf(const Nest &nest, const Schedule &schedule, int64_t dim) {
  AffineExpr points = nest.extents[dim];
  if (dim == schedule.tile && schedule.rows != -1)
    points = points * nest.extents[schedule.rows];
  return points.ceilDiv(unitOf(schedule, dim));
}

bool ingot::canShare(const KernelNests &nests, const Schedule &first, int64_t dim) {
  // The status word and the pool of strings are one for all.
  if (nests.checked || nests.makesStrings || nests.nests.empty())
    return false;
  const Nest &nest = nests.nests.front();
  if (dim < 0 || dim >= int64_t(nest.sizes.size()) || nest.reduction[dim] || nest.sizes[dim] == 1 || dim == first.rows)
    return false;
  // The lanes of a padded copy come in three parts.
  if (dim == first.lane && copiedRange(nest, dim))
    return false;
  // Later nests read what earlier ones wrote, at the same point of the loops around them.
  if (nests.nests.size() > 1 && dim >= int64_t(nest.outer))
    return false;
  if (dim != first.tile)
    return true;
  // Points at the edge of padding are no tiles.
  return nest.isDynamic(dim) ? !skipsPadding(nest, dim) : interior(nest, dim) == std::make_pair(int64_t(0), nest.sizes[dim]);
}

static int64_t nominalSize(const Nest &nest, int64_t dim) { return nest.isDynamic(dim) ? kNominalSize : nest.sizes[dim]; }

static int64_t countUnits(const Nest &nest, const Schedule &schedule, int64_t dim) {
  int64_t points = nominalSize(nest, dim) * (dim == schedule.tile && schedule.rows != -1 ? nominalSize(nest, schedule.rows) : 1);
  return int64_t(llvm::divideCeil(points, unitOf(schedule, dim)));
}

SmallVector<Sharing> ingot::possibleSharings(const KernelNests &nests, int64_t threads) {
  SmallVector<Sharing> ways{{-1, 1}};
  if (threads < 2 || nests.nests.empty())
    return ways;
  const Nest &nest = nests.nests.front();
  for (int64_t dim = 0; dim < int64_t(nest.sizes.size()); ++dim)
    if (!nest.reduction[dim] && nest.sizes[dim] != 1)
      // Fewer threads than there are wake sooner.
      for (int64_t parts = threads; parts > 1; parts /= 2)
        ways.push_back({dim, parts});
  return ways;
}

int64_t ingot::grainOf(const Nest &nest, const Schedule &schedule, const Sharing &sharing) {
  return std::max<int64_t>(countUnits(nest, schedule, sharing.dim) / sharing.parts, 1);
}

void ingot::chooseSharing(const KernelNests &nests, MutableArrayRef<Schedule> schedules, const Work &work, int64_t threads, const Target &target) {
  for (Schedule &any : schedules)
    any.shared = -1;
  if (threads < 2 || nests.nests.empty())
    return;
  const Nest &nest = nests.nests.front();
  Schedule &schedule = schedules.front();
  double points = 1;
  for (unsigned dim = 0; dim < nest.sizes.size(); ++dim)
    points *= double(nominalSize(nest, dim));
  double lanes = schedule.lane == -1 ? 1 : double(target.lanes(4));
  // Two multiply-adds, four operations, a cycle. Where sizes are open the work is not counted.
  double cycles = std::max({double(work.operations + work.integerOperations) / (4 * lanes), double(work.bytes) / kBytesPerCycle, points / (2 * lanes)});

  // Outer loops first: parts that are far apart in memory share no cache lines. Blocks of lanes and tiles count where the loops around them do not divide well.
  SmallVector<int64_t> order;
  for (int64_t dim = 0; dim < int64_t(nest.sizes.size()); ++dim)
    if (dim != schedule.lane && dim != schedule.tile)
      order.push_back(dim);
  order.append({schedule.lane, schedule.tile});
  double best = 0;
  for (int64_t dim : order) {
    if (!canShare(nests, schedule, dim))
      continue;
    int64_t units = countUnits(nest, schedule, dim);
    double balance = double(units) / double(threads * llvm::divideCeil(units, threads));
    // Beyond this, better balance is worth less than the better place.
    if (balance <= best + 0.03)
      continue;
    best = balance;
    schedule.shared = dim;
    schedule.grain = int64_t(std::ceil(kLeastPart / cycles * double(units)));
  }
  int64_t units = schedule.shared == -1 ? 0 : countUnits(nest, schedule, schedule.shared);
  if (units < 2 * schedule.grain)
    schedule.shared = -1;
}
