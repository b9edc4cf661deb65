//===- drive.cpp - runs a compiled model on files -------------------------===//
//
// usage: drive INPUTS OUTPUTS [WEIGHTS [RUNS]]
//
// INPUTS holds the bytes of every input in the order of the graph, OUTPUTS gets
// those of the outputs. WEIGHTS is NAME.weights, or empty where they are linked.
// With RUNS, prints the milliseconds of each run to standard output.
//
// The model is the macro MODEL: its C descriptor. Allocation during a run ends
// the program.
//
//===----------------------------------------------------------------------===//
#include <ingot/memory.h>
#include <ingot/model.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

extern "C" const ingot_model MODEL;

//===----------------------------------------------------------------------===//
// The program's allocator: the C library's, trapped while a model runs.
//===----------------------------------------------------------------------===//

extern "C" void *__libc_malloc(std::size_t);
extern "C" void *__libc_calloc(std::size_t, std::size_t);
extern "C" void *__libc_realloc(void *, std::size_t);
extern "C" void __libc_free(void *);

static bool running = false;

static void check() {
  if (!running)
    return;
  running = false;
  std::fputs("the model allocates memory\n", stderr);
  std::abort();
}

extern "C" void *malloc(std::size_t size) {
  check();
  return __libc_malloc(size);
}
extern "C" void *calloc(std::size_t count, std::size_t size) {
  check();
  return __libc_calloc(count, size);
}
extern "C" void *realloc(void *memory, std::size_t size) {
  check();
  return __libc_realloc(memory, size);
}
extern "C" void free(void *memory) {
  check();
  __libc_free(memory);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

namespace {
/// Memory of one value, at an address that is aligned for its element and for
/// nothing more, and with a guard of known bytes on both sides.
class Buffer {
public:
  explicit Buffer(std::size_t bytes) : size(bytes), memory(bytes + 2 * guard) {
    std::memset(data() - guard, pattern, guard);
    std::memset(data() + size, pattern, guard);
  }
  unsigned char *data() const {
    return reinterpret_cast<unsigned char *>(memory.data()) + guard;
  }
  bool guardsAreWhole() const {
    for (std::size_t i = 0; i != guard; ++i)
      if (data()[-1 - std::ptrdiff_t(i)] != pattern || data()[size + i] != pattern)
        return false;
    return true;
  }

private:
  static constexpr std::size_t guard = 72; // 8 from a multiple of 64
  static constexpr unsigned char pattern = 0xa5;
  std::size_t size;
  ingot::Memory memory;
};

struct CloseFile {
  void operator()(std::FILE *file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;
} // namespace

static int fail(const std::string &message) {
  std::fprintf(stderr, "drive: %s\n", message.c_str());
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 3)
    return fail("usage: drive INPUTS OUTPUTS [WEIGHTS [RUNS]]");
  const ingot_model &model = MODEL;
  if (model.abi_version != INGOT_ABI_VERSION ||
      model.struct_size < sizeof(ingot_model))
    return fail("the descriptor is of another version");

  std::vector<Buffer> inputs, outputs;
  std::vector<const void *> inputData;
  std::vector<void *> outputData;
  File in(std::fopen(argv[1], "rb"));
  if (!in)
    return fail(std::string(argv[1]) + ": cannot be opened");
  for (int i = 0; i < model.input_count; ++i)
    inputs.emplace_back(model.inputs[i].bytes);
  for (int i = 0; i < model.input_count; ++i) {
    std::size_t bytes = model.inputs[i].bytes;
    if (std::fread(inputs[i].data(), 1, bytes, in.get()) != bytes)
      return fail(std::string(argv[1]) + ": too short");
    inputData.push_back(inputs[i].data());
  }
  if (std::fgetc(in.get()) != EOF)
    return fail(std::string(argv[1]) + ": too long");
  for (int i = 0; i < model.output_count; ++i)
    outputs.emplace_back(model.outputs[i].bytes);
  for (Buffer &output : outputs)
    outputData.push_back(output.data());

  bool isGiven = argc > 3 && argv[3][0];
  ingot::Memory weights(isGiven ? model.weight_bytes : 0);
  if (isGiven) {
    File file(std::fopen(argv[3], "rb"));
    if (!file || std::fread(weights.data(), 1, model.weight_bytes, file.get()) !=
                     model.weight_bytes)
      return fail(std::string(argv[3]) + ": cannot be read");
  }
  ingot::Memory arena(model.arena_bytes);

  int runs = argc > 4 ? std::atoi(argv[4]) : 0;
  std::vector<double> times(runs);
  for (int i = -1; i < runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    running = true;
    int status = model.run(inputData.data(), outputData.data(), arena.data(),
                           isGiven ? weights.data() : nullptr);
    running = false;
    std::chrono::duration<double, std::milli> passed =
        std::chrono::steady_clock::now() - start;
    if (status != 0)
      return fail("the model returns the status " + std::to_string(status));
    if (i >= 0)
      times[i] = passed.count();
  }
  for (double time : times)
    std::printf("%.6f\n", time);

  for (auto *list : {&inputs, &outputs})
    for (Buffer &buffer : *list)
      if (!buffer.guardsAreWhole())
        return fail("the model writes beside an input or output");
  File out(std::fopen(argv[2], "wb"));
  if (!out)
    return fail(std::string(argv[2]) + ": cannot be written");
  for (int i = 0; i < model.output_count; ++i)
    std::fwrite(outputData[i], 1, model.outputs[i].bytes, out.get());
}
