//===- wasm.cpp - a compiled model as a module of WebAssembly -------------===//
//
// The host writes the inputs, one after the other, calls run and reads the outputs.
//
//===----------------------------------------------------------------------===//
#include "model.h"

#define EXPORT(NAME) extern "C" [[clang::export_name(#NAME)]]

static constexpr int maxValues = 8;
static constexpr std::size_t maxBytes = 64 * 1024;

static unsigned char inputs[maxBytes], outputs[maxBytes];
alignas(64) static unsigned char arena[model::arena_bytes];

EXPORT(input_address) void *inputAddress() { return inputs; }
EXPORT(output_address) void *outputAddress() { return outputs; }

static std::size_t place(const ingot_value *values, int count, unsigned char *memory, void **addresses) {
  std::size_t offset = 0;
  for (int i = 0; i < count; ++i) {
    addresses[i] = memory + offset;
    offset += values[i].bytes;
  }
  return offset;
}

EXPORT(output_bytes) std::size_t outputBytes() {
  void *addresses[maxValues];
  return place(model_model.outputs, model_model.output_count, outputs, addresses);
}

EXPORT(run) int run() {
  if (model_model.input_count > maxValues || model_model.output_count > maxValues)
    return 100;
  void *in[maxValues], *out[maxValues];
  if (place(model_model.inputs, model_model.input_count, inputs, in) > maxBytes ||
      place(model_model.outputs, model_model.output_count, outputs, out) > maxBytes)
    return 101;
  return model_model.run(in, out, arena, nullptr);
}
