//===- Packing.cpp - offsets for buffers with known lifetimes -------------===//
#include "compiler/memory/Packing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <functional>
#include <limits>
#include <numeric>
#include <tuple>

using namespace ingot;

int64_t ingot::greatestLiveBytes(llvm::ArrayRef<Interval> intervals) {
  // Events in order of time: at one step, buffers begin before others end.
  std::vector<std::tuple<int64_t, bool, int64_t>> events;
  for (const Interval &interval : intervals) {
    events.push_back({interval.first, false, interval.bytes});
    events.push_back({interval.last, true, interval.bytes});
  }
  llvm::sort(events);
  int64_t live = 0, greatest = 0;
  for (auto [step, ends, bytes] : events) {
    live += ends ? -bytes : bytes;
    greatest = std::max(greatest, live);
  }
  return greatest;
}

namespace {
class Packer {
public:
  explicit Packer(llvm::ArrayRef<Interval> list)
      : intervals(list.begin(), list.end()), conflicts(list.size()) {
    for (Interval &interval : intervals)
      interval.bytes = llvm::alignTo(interval.bytes, kArenaAlignment);
    for (size_t i = 0; i < intervals.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (intervals[i].overlaps(intervals[j])) {
          conflicts[i].push_back(j);
          conflicts[j].push_back(i);
          ++conflictCount;
        }
  }

  Packing run();

private:
  /// Places the intervals in that order, each into the tightest gap among those
  /// that are placed and overlap it in time, or behind them.
  Packing place(llvm::ArrayRef<unsigned> order);

  std::vector<Interval> intervals;
  std::vector<std::vector<unsigned>> conflicts;
  int64_t conflictCount = 0;
};
} // namespace

Packing Packer::place(llvm::ArrayRef<unsigned> order) {
  constexpr int64_t kUnplaced = -1;
  Packing packing;
  packing.offsets.assign(intervals.size(), kUnplaced);
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (unsigned i : order) {
    taken.clear();
    for (unsigned j : conflicts[i])
      if (packing.offsets[j] != kUnplaced)
        taken.push_back(
            {packing.offsets[j], packing.offsets[j] + intervals[j].bytes});
    llvm::sort(taken);
    int64_t end = 0, best = kUnplaced;
    int64_t bestGap = std::numeric_limits<int64_t>::max();
    for (auto [from, to] : taken) {
      int64_t gap = from - end;
      if (gap >= intervals[i].bytes && gap < bestGap) {
        best = end;
        bestGap = gap;
      }
      end = std::max(end, to);
    }
    packing.offsets[i] = best == kUnplaced ? end : best;
    packing.bytes =
        std::max(packing.bytes, packing.offsets[i] + intervals[i].bytes);
  }
  return packing;
}

Packing Packer::run() {
  size_t count = intervals.size();
  int64_t least = greatestLiveBytes(intervals);
  auto duration = [&](unsigned i) {
    return intervals[i].last - intervals[i].first + 1;
  };
  using Key = std::tuple<int64_t, int64_t>;
  const std::function<Key(unsigned)> keys[] = {
      [&](unsigned i) { return Key{-intervals[i].bytes, -duration(i)}; },
      [&](unsigned i) { return Key{-duration(i), -intervals[i].bytes}; },
      [&](unsigned i) {
        return Key{-(intervals[i].bytes / kArenaAlignment) * duration(i),
                   intervals[i].first};
      },
      [&](unsigned i) { return Key{intervals[i].first, -intervals[i].bytes}; },
      [&](unsigned i) { return Key{-intervals[i].last, -intervals[i].bytes}; },
  };
  Packing best;
  std::vector<unsigned> bestOrder;
  for (const auto &key : keys) {
    std::vector<unsigned> order(count);
    std::iota(order.begin(), order.end(), 0);
    llvm::stable_sort(
        order, [&](unsigned a, unsigned b) { return key(a) < key(b); });
    Packing packing = place(order);
    if (bestOrder.empty() || packing.bytes < best.bytes) {
      best = std::move(packing);
      bestOrder = std::move(order);
    }
    if (best.bytes == least)
      return best;
  }

  // Move one interval to another place in the order and keep what is not worse.
  // The budget is in visited conflicts, about a second at most.
  int64_t budget = 100'000'000 / (conflictCount + int64_t(count) + 1);
  uint64_t state = 1;
  auto random = [&](uint64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
  };
  int64_t tries = std::min<int64_t>(budget, 4000);
  for (int64_t i = 0; i < tries && best.bytes > least && count > 1; ++i) {
    std::vector<unsigned> order = bestOrder;
    size_t from = random(count), to = random(count);
    unsigned moved = order[from];
    order.erase(order.begin() + from);
    order.insert(order.begin() + to, moved);
    Packing packing = place(order);
    if (packing.bytes > best.bytes)
      continue;
    best = std::move(packing);
    bestOrder = std::move(order);
  }
  return best;
}

Packing ingot::pack(llvm::ArrayRef<Interval> intervals) {
  return Packer(intervals).run();
}
