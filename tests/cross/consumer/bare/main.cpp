//===- main.cpp - runs a compiled model on a machine without anything -----===//
//
// Prints the outputs to the debugger's console, in hexadecimal, 32 bytes a line,
// after `outputs:`, then the bytes of stack that the program has used.
//
//===----------------------------------------------------------------------===//
#include "model.h"
#include "semihosting.h"

#include <ingot/model.h>

extern "C" const ingot_model model_model;
extern "C" const unsigned char inputs[];

static constexpr int maxValues = 8;
static constexpr size_t maxOutputBytes = 64 * 1024;

alignas(64) static unsigned char arena[model::arena_bytes];
alignas(64) static unsigned char outputs[maxOutputBytes];

static char *hexadecimal(char *to, unsigned value, int digits) {
  for (int i = digits - 1; i >= 0; --i)
    *to++ = "0123456789abcdef"[value >> (4 * i) & 15];
  return to;
}

static void print(const unsigned char *bytes, size_t size) {
  char line[66];
  for (size_t i = 0; i < size; i += 32) {
    char *end = line;
    for (size_t j = i; j < size && j < i + 32; ++j)
      end = hexadecimal(end, bytes[j], 2);
    *end++ = '\n';
    *end = 0;
    semihosting_print(line);
  }
}

int main() {
  const void *inputData[maxValues];
  void *outputData[maxValues];
  if (model_model.input_count > maxValues || model_model.output_count > maxValues)
    return 2;
  size_t offset = 0;
  for (int i = 0; i < model_model.input_count; ++i) {
    inputData[i] = inputs + offset;
    offset += model_model.inputs[i].bytes;
  }
  offset = 0;
  for (int i = 0; i < model_model.output_count; ++i) {
    outputData[i] = outputs + offset;
    offset += model_model.outputs[i].bytes;
  }
  if (offset > maxOutputBytes)
    return 3;
  if (model_model.run(inputData, outputData, arena, nullptr) != 0)
    return 4;
  semihosting_print("outputs:\n");
  print(outputs, offset);
  semihosting_print("stack:\n");
  char number[10];
  char *end = hexadecimal(number, stack_used(), 8);
  *end++ = '\n';
  *end = 0;
  semihosting_print(number);
  return 0;
}
