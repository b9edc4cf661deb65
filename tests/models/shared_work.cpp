//===- shared_work.cpp - one model, any number of threads -----------------===//
//
// The model is the macro MODEL: its C descriptor, compiled with --threads. Its outputs must be the same bytes for any number of threads, and each unit
// of shared work must be done once. Prints how often work was shared, and the milliseconds of a call with each number of threads.
//
//===----------------------------------------------------------------------===//
#include <ingot/memory.h>
#include <ingot/threads.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" const ingot_model MODEL;

namespace {
using Bytes = std::vector<unsigned char>;

/// Runs parts one after another, the last first: an order that a pool seldom has.
struct Backwards {
  ingot_threads lent;
  int calls = 0;

  explicit Backwards(int count) : lent{count, run, this} {}
  static void run(const ingot_threads *self, void (*task)(void *, std::int32_t, std::int32_t), void *data, std::int32_t parts) {
    ++static_cast<Backwards *>(self->host)->calls;
    for (std::int32_t part = parts; part-- > 0;)
      task(data, part, parts);
  }
};

struct Call {
  std::vector<Bytes> inputs, outputs;
  std::vector<const void *> inputData;
  std::vector<void *> outputData;
  ingot::Memory arena{MODEL.arena_bytes};

  Call() {
    unsigned state = 1;
    for (int i = 0; i < MODEL.input_count; ++i) {
      Bytes bytes(MODEL.inputs[i].bytes);
      for (size_t k = 0; k < bytes.size() / 4; ++k) {
        state = state * 1664525u + 1013904223u;
        if (MODEL.inputs[i].element == INGOT_FLOAT)
          reinterpret_cast<float *>(bytes.data())[k] = float(state >> 8) / float(1 << 23) - 1.0f;
      }
      inputs.push_back(std::move(bytes));
      inputData.push_back(inputs.back().data());
    }
    for (int i = 0; i < MODEL.output_count; ++i) {
      outputs.emplace_back(MODEL.outputs[i].bytes);
      outputData.push_back(outputs.back().data());
    }
  }

  /// The outputs of a call that finds garbage in their place.
  Bytes run(const ingot_threads *threads) {
    Bytes all;
    for (Bytes &output : outputs)
      std::fill(output.begin(), output.end(), static_cast<unsigned char>(0xAA));
    if (MODEL.run_threaded(inputData.data(), outputData.data(), nullptr, nullptr, arena.data(), nullptr, threads) != 0)
      return all;
    for (const Bytes &output : outputs)
      all.insert(all.end(), output.begin(), output.end());
    return all;
  }
};
} // namespace

int main() {
  Call call;
  if (MODEL.run_threaded == nullptr || MODEL.run == nullptr)
    return std::fputs("the model was not compiled for threads\n", stderr), 1;
  const Bytes alone = call.run(nullptr);
  if (alone.empty())
    return std::fputs("the call failed\n", stderr), 1;
  if (MODEL.run(call.inputData.data(), call.outputData.data(), call.arena.data(), nullptr) != 0)
    return std::fputs("the call without threads failed\n", stderr), 1;

  int wrong = 0;
  for (int count : {1, 2, 3, 5, 8}) {
    Backwards backwards(count);
    if (call.run(&backwards.lent) != alone)
      wrong += std::fprintf(stderr, "%d parts, the last first: other outputs\n", count) > 0;
    if (count == 2)
      std::printf("%d kernels are shared\n", backwards.calls);
    if (count == 2 && backwards.calls == 0)
      wrong += std::fprintf(stderr, "nothing is shared\n") > 0;

    ingot::ThreadPool pool(count);
    using Clock = std::chrono::steady_clock;
    double least = 1e9;
    for (int i = 0; i < 10; ++i) {
      const auto start = Clock::now();
      if (call.run(pool.threads()) != alone)
        wrong += std::fprintf(stderr, "%d threads: other outputs\n", count) > 0;
      least = std::min(least, std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
    std::printf("%d threads: %.3f ms\n", count, least);
  }
  return wrong != 0;
}
