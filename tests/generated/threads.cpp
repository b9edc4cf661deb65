//===- threads.cpp - two models, two instances of each, on four threads ---===//
//
// Built with ThreadSanitizer. Every thread runs its instance many times on the
// same input; the outputs must be those of a run alone. The models are the
// macros FIRST and SECOND: their C descriptors.
//
//===----------------------------------------------------------------------===//
#include <ingot/memory.h>
#include <ingot/model.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

extern "C" const ingot_model FIRST, SECOND;

using Bytes = std::vector<unsigned char>;

/// Runs the model on inputs of one pattern (floats from -1 to 1) and returns its outputs, one after another.
static Bytes run(const ingot_model &model, int times) {
  std::vector<std::vector<float>> inputs;
  std::vector<Bytes> outputs;
  std::vector<const void *> inputData;
  std::vector<void *> outputData;
  for (int i = 0; i < model.input_count; ++i) {
    std::vector<float> values(model.inputs[i].bytes / sizeof(float));
    unsigned state = 1;
    for (float &value : values) {
      state = state * 1664525u + 1013904223u;
      value = float(state >> 8) / float(1 << 23) - 1.0f;
    }
    inputs.push_back(std::move(values));
    inputData.push_back(inputs.back().data());
  }
  for (int i = 0; i < model.output_count; ++i) {
    outputs.emplace_back(model.outputs[i].bytes);
    outputData.push_back(outputs.back().data());
  }
  ingot::Memory arena(model.arena_bytes);
  Bytes result;
  for (int i = 0; i < times; ++i)
    if (model.run(inputData.data(), outputData.data(), arena.data(), nullptr) != 0)
      return result;
  for (const Bytes &output : outputs)
    result.insert(result.end(), output.begin(), output.end());
  return result;
}

int main() {
  const ingot_model *models[] = {&FIRST, &SECOND};
  Bytes alone[] = {run(FIRST, 1), run(SECOND, 1)};
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      Bytes together = run(*models[i % 2], 50);
      if (together.empty() || together != alone[i % 2])
        ++wrong;
    });
  for (std::thread &thread : threads)
    thread.join();
  if (wrong)
    std::fprintf(stderr, "%d of 4 instances give other outputs than alone\n", wrong.load());
  return wrong != 0;
}
