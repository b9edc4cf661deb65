// What calls a model in a program without a C library: it is linked, to see which symbols the model needs, and not run.
#include <ingot/model.h>

extern "C" const ingot_model MODEL;
extern "C" [[noreturn]] void _start();

alignas(64) static unsigned char memory[64];

void _start() {
  const void *input = memory;
  void *output = memory;
  for (;;)
    MODEL.run(&input, &output, memory, nullptr);
}
