//===- data_sizes.cpp - a program that uses models whose sizes data give --===//
//
// Calls `places` and `taken` of data_sizes.py by their C++ headers, with memory of exactly the sizes that these tell, under AddressSanitizer.
//
//===----------------------------------------------------------------------===//
#include "places.h"
#include "taken.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>

static void check(bool holds, const char *what) {
  if (holds)
    return;
  std::fprintf(stderr, "FAILED: %s\n", what);
  std::exit(1);
}

template <typename T> static std::unique_ptr<T[]> memory(std::ptrdiff_t count) {
  return std::make_unique<T[]>(std::size_t(count));
}

struct Arena {
  explicit Arena(std::size_t bytes) : data(std::aligned_alloc(64, (bytes + 63) / 64 * 64)) { std::memset(data, 0xff, bytes); }
  Arena(const Arena &) = delete;
  ~Arena() { std::free(data); }
  void *data;
};

/// So many elements are not zero, the last ones.
static void runPlaces(std::ptrdiff_t count) {
  auto x = memory<float>(places::x_count);
  for (std::ptrdiff_t i = places::x_count - count; i < places::x_count; ++i)
    x[std::size_t(i)] = float(i + 1);
  auto rows = memory<std::int64_t>(places::rows_count);
  auto values = memory<float>(places::values_count);
  float sum = -1;
  Arena arena(places::arena_bytes);
  places::Context context(arena.data);
  places::Shapes shapes = {};
  ingot::Status status = places::run({x.get()}, {rows.get(), values.get(), &sum}, shapes, context);
  check(status == ingot::Status::ok, "places run");
  check(shapes.rows[0] == count && shapes.rows[1] == 3 && shapes.values[0] == count, "their shapes are told");
  float wanted = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    std::size_t at = std::size_t(i);
    float value = x[std::size_t(places::x_count - count + i)];
    check(values[at] == value, "the values stand at the front");
    check(1 + float((rows[3 * at] * 5 + rows[3 * at + 1]) * 7 + rows[3 * at + 2]) == value, "and the places are theirs");
    wanted += value;
  }
  check(sum == wanted, "their sum is told");
}

/// Takes a place of the rows that are kept.
static ingot::Status takeOne(int kept, std::int64_t place) {
  auto x = memory<float>(taken::x_count);
  auto keep = memory<bool>(taken::keep_count);
  for (int i = 0; i < kept; ++i)
    keep[std::size_t(i)] = true;
  auto places = memory<std::int64_t>(taken::places_count);
  places[0] = place;
  auto y = memory<float>(taken::y_count);
  Arena arena(taken::arena_bytes);
  taken::Context context(arena.data);
  return taken::run({x.get(), keep.get(), places.get()}, {y.get()}, context);
}

int main() {
  for (std::ptrdiff_t count : {std::ptrdiff_t(0), std::ptrdiff_t(1), std::ptrdiff_t(50), places::x_count})
    runPlaces(count);
  check(takeOne(6, 5) == ingot::Status::ok, "the last of all is there");
  check(takeOne(2, -2) == ingot::Status::ok, "places count from the end of what is kept");
  for (std::int64_t place : {std::int64_t(0), std::int64_t(-1), INT64_MAX, INT64_MIN})
    check(takeOne(0, place) == ingot::Status::index_out_of_range, "of nothing nothing can be taken");
  check(takeOne(2, 2) == ingot::Status::index_out_of_range, "nor what is not kept");
  return 0;
}
