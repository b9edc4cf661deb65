//===- program.cpp - everything that NAME.h of the model `steps` offers ---===//
//
// Prints what each call gives. STATE: `sum` and `on` are kept by the model. WEIGHTS: they are read from that file.
//
//===----------------------------------------------------------------------===//
#include "steps.h"

#include <cstdio>
#include <cstring>
#include <initializer_list>

static unsigned char arenaMemory[steps::arena_bytes + 128], weightMemory[steps::weight_bytes + 128];

static unsigned char *aligned(unsigned char *memory) {
  return memory + (64 - reinterpret_cast<std::uintptr_t>(memory) % 64) % 64;
}

template <typename T> static void print(const char *name, const T &values) {
  const auto *bytes = reinterpret_cast<const unsigned char *>(&values);
  std::printf("%s ", name);
  for (std::size_t i = 0; i < sizeof values; ++i)
    std::printf("%02x", bytes[i]);
  std::printf("\n");
}

static void print(const char *table, const ingot_value *values, int count) {
  for (int i = 0; i < count; ++i) {
    const ingot_value &v = values[i];
    std::printf("%s %s element %d rank %d count %ld bytes %zu state %d shape", table, v.name, v.element, v.rank, long(v.count), v.bytes, v.state);
    for (int j = 0; j < v.rank; ++j)
      std::printf(" %ld", long(v.shape[j]));
    std::printf("\n");
  }
}

int main() {
  const ingot_model &model = steps_model;
  std::printf("%u %u %s %s arena %zu %zu weights %zu %s\n", model.abi_version, model.struct_size, model.name, model.target, model.arena_bytes,
              model.arena_alignment, model.weight_bytes, model.weights ? "linked" : "external");
  print("input", model.inputs, model.input_count);
  print("output", model.outputs, model.output_count);

  unsigned char *arena = aligned(arenaMemory), *given = nullptr;
#ifdef WEIGHTS
  given = aligned(weightMemory);
  std::FILE *file = std::fopen(WEIGHTS, "rb");
  if (!file || std::fread(given, 1, steps::weight_bytes, file) != steps::weight_bytes)
    return 1;
  std::fclose(file);
#else
  if (reinterpret_cast<std::uintptr_t>(model.weights) % 64 != 0)
    return 1;
#endif

  float x[15], y[15] = {}, sum[15], sumNext[15] = {};
  bool on[3] = {true, false, true}, onNext[3] = {};
  std::int64_t k = 7;
  for (int i = 0; i < 15; ++i) {
    x[i] = 0.1f * float(i);
    sum[i] = 1.0f / float(i + 1);
  }

  // The descriptor: what it takes, and arenas and weights that it does not.
  const void *in[4];
  void *out[3];
  for (int i = 0; i < model.input_count; ++i)
    in[i] = std::strcmp(model.inputs[i].name, "x") == 0     ? static_cast<const void *>(x)
            : std::strcmp(model.inputs[i].name, "sum") == 0 ? static_cast<const void *>(sum)
            : std::strcmp(model.inputs[i].name, "k") == 0   ? static_cast<const void *>(&k)
                                                            : on;
  for (int i = 0; i < model.output_count; ++i)
    out[i] = model.outputs[i].bytes == sizeof onNext               ? static_cast<void *>(onNext)
             : std::strcmp(model.outputs[i].name, "y") == 0 ? y
                                                            : sumNext;
  std::printf("status %d\n", model.run(in, out, arena, given));
  print("y", y);
  print("sum", sumNext);
  print("on", onNext);
  std::printf("status %d %d %d\n", model.run(in, out, nullptr, given), model.run(in, out, arena + 8, given),
              model.run(in, out, arena, aligned(weightMemory) + 4));
  k = 400;
  std::printf("status %d\n", model.run(in, out, arena, given));

  // The C++ entry.
#ifdef STATE
  steps::State state;
  std::memcpy(state.values[0].sum, sum, sizeof sum);
  steps::Context context(arena, state, given), stateless(arena, state, given);
  stateless.state = nullptr;
  steps::Inputs inputs = {x, &k};
  steps::Outputs outputs = {y};
#else
  steps::Context context(arena, given);
  steps::Inputs inputs = {x, sum, &k, on};
  steps::Outputs outputs = {y, sumNext, onNext};
#endif
  for (std::int64_t row : {3, 399, -1, 400, -401, 0}) {
    k = row;
    std::memset(y, 0, sizeof y);
    std::printf("%s\n", text(steps::run(inputs, outputs, context)));
    print("y", y);
#ifdef STATE
    std::printf("current %d\n", state.current);
    print("state", state.values[state.current].sum);
    print("state", state.values[state.current].on);
#else
    print("sum", sumNext);
    print("on", onNext);
#endif
  }
  steps::Inputs noInput = inputs;
  noInput.k = nullptr;
  steps::Outputs noOutput = outputs;
  noOutput.y = nullptr;
  std::printf("%s\n%s\n", text(steps::run(noInput, outputs, context)), text(steps::run(inputs, noOutput, context)));
  steps::Context moved = context;
  moved.arena += 32;
  std::printf("%s\n", text(steps::run(inputs, outputs, moved)));
  moved.arena = nullptr;
  std::printf("%s\n", text(steps::run(inputs, outputs, moved)));
#ifdef STATE
  std::printf("%s current %d\n", text(steps::run(inputs, outputs, stateless)), state.current);
#endif
}
