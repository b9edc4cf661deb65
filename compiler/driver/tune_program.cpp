//===- tune_program.cpp - measures kernels on their target ----------------===//
//
// Compiled into the tool, which writes candidates.h beside it: which kernels there are, how much memory they need, how long to measure.
// Of each it prints `ingot NUMBER TICKS CALLS`, the least that so many calls took, or `ingot NUMBER failed`, and in the end
// `ingot end TICKS`, those of a second. It needs no library where it is freestanding: see ingot/tune.h.
//
//===----------------------------------------------------------------------===//
#include "candidates.h"
#include <ingot/model.h>
#include <ingot/tune.h>

#if __STDC_HOSTED__
#include <chrono>
#include <cstdio>
uint64_t ingot_ticks() { return uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count()); }
uint64_t ingot_ticks_per_second() { return 1000000000; }
void ingot_print(const char *text) {
  std::fputs(text, stdout);
  std::fflush(stdout);
}
#endif

#if INGOT_THREADS > 1
#if !__STDC_HOSTED__
#error "a machine without an operating system has no threads to measure with: leave --threads out"
#endif
#include <ingot/threads.h>
#endif

#define DECLARE(name) extern "C" const ingot_model name##_model;
#define ADDRESS(name) &name##_model,
INGOT_CANDIDATES(DECLARE)
static const ingot_model *const candidates[] = {INGOT_CANDIDATES(ADDRESS)};
constexpr unsigned count = sizeof candidates / sizeof *candidates;

alignas(64) static unsigned char memory[INGOT_MEMORY];

struct Result {
  uint64_t ticks; ///< the least that `calls` calls took; 0 calls: none yet
  uint64_t calls;
  bool failed;
};
static Result results[count];

static bool isLess(const Result &a, const Result &b) { return a.ticks * b.calls < b.ticks * a.calls; }

static unsigned char *takeMemory(unsigned char *&free, size_t bytes) {
  unsigned char *taken = free;
  free += (bytes + 63) / 64 * 64;
  return taken;
}

static uint32_t nextRandom() {
  static uint32_t state = 2463534242u;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

/// Floats below one with either sign, integers 0 and 1: these may be indices.
static void fill(unsigned char *bytes, const ingot_value &value) {
  auto floats = [&](auto *numbers, auto one) {
    for (int64_t i = 0; i < value.count; ++i)
      numbers[i] = static_cast<decltype(one)>(static_cast<int32_t>(nextRandom())) / (one * 2147483648.0f);
  };
  auto halves = [&](unsigned exponent, unsigned mantissa) {
    for (int64_t i = 0; i < value.count; ++i)
      reinterpret_cast<uint16_t *>(bytes)[i] = static_cast<uint16_t>(exponent | (nextRandom() & (0x8000u | mantissa)));
  };
  switch (value.element) {
  case INGOT_FLOAT:
    return floats(reinterpret_cast<float *>(bytes), 1.0f);
  case INGOT_DOUBLE:
    return floats(reinterpret_cast<double *>(bytes), 1.0);
  case INGOT_FLOAT16:
    return halves(0x3800, 0x3ff);
  case INGOT_BFLOAT16:
    return halves(0x3f00, 0x7f);
  default: {
    size_t size = value.bytes / static_cast<size_t>(value.count ? value.count : 1);
    for (size_t i = 0; i < value.bytes; ++i)
      bytes[i] = i % size == 0 ? nextRandom() & 1 : 0;
  }
  }
}

namespace {
/// A candidate with its values in place.
struct Call {
  const ingot_model &model;
  const ingot_threads *threads;
  const void *inputs[INGOT_VALUES];
  void *outputs[INGOT_VALUES];
  unsigned char *arena;

  Call(const ingot_model &model, const ingot_threads *threads) : model(model), threads(threads) {
    unsigned char *free = memory;
    for (int32_t i = 0; i < model.input_count; ++i) {
      unsigned char *bytes = takeMemory(free, model.inputs[i].bytes);
      fill(bytes, model.inputs[i]);
      inputs[i] = bytes;
    }
    for (int32_t i = 0; i < model.output_count; ++i)
      outputs[i] = takeMemory(free, model.outputs[i].bytes);
    arena = free;
  }

  bool run() const {
    return (model.run_threaded ? model.run_threaded(inputs, outputs, nullptr, nullptr, arena, nullptr, threads) : model.run(inputs, outputs, arena, nullptr)) ==
           0;
  }
};
} // namespace

/// One turn of a candidate. A clock may be coarse: calls become more until they take a good part of the turn.
static void measure(const Call &call, Result &result) {
  if (!call.run()) {
    result.failed = true;
    return;
  }
  uint64_t turn = ingot_ticks_per_second() * INGOT_TURN_MICROSECONDS / 1000000;
  for (uint64_t calls = 1; calls < 1000000;) {
    uint64_t start = ingot_ticks();
    for (uint64_t i = 0; i < calls; ++i)
      call.run();
    Result now{ingot_ticks() - start, calls, false};
    if (now.ticks >= turn / 2) {
      if (result.calls == 0 || isLess(now, result))
        result = now;
      return;
    }
    calls = now.ticks * 8 < turn ? calls * 8 : calls * turn / now.ticks + 1;
  }
}

static void print(uint64_t number) {
  char digits[24];
  char *at = digits + sizeof digits;
  *--at = 0;
  do
    *--at = static_cast<char>('0' + number % 10);
  while (number /= 10);
  ingot_print(at);
}

int main() {
  const ingot_threads *threads = nullptr;
#if INGOT_THREADS > 1
  ingot::ThreadPool pool(INGOT_THREADS);
  threads = pool.threads();
#endif
  const Result *fastest = nullptr;
  for (unsigned turn = 0; turn < INGOT_TURNS; ++turn)
    for (unsigned i = 0; i < count; ++i) {
      Result &result = results[i];
      bool hopeless = turn > 0 && fastest && result.ticks * fastest->calls > 2 * fastest->ticks * result.calls;
      if (result.failed || hopeless)
        continue;
      measure(Call(*candidates[i], threads), result);
      if (!result.failed && result.calls && (!fastest || isLess(result, *fastest)))
        fastest = &result;
    }
  for (unsigned i = 0; i < count; ++i) {
    ingot_print("ingot ");
    print(i);
    if (results[i].failed || !results[i].calls) {
      ingot_print(" failed\n");
      continue;
    }
    ingot_print(" ");
    print(results[i].ticks);
    ingot_print(" ");
    print(results[i].calls);
    ingot_print("\n");
  }
  ingot_print("ingot end ");
  print(ingot_ticks_per_second());
  ingot_print("\n");
  return 0;
}
