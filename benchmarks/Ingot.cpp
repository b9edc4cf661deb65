//===- Ingot.cpp - compiled kernels, by their descriptors ------------------===//
#include "benchmarks/Kernel.h"
#include <fcntl.h>
#include <ingot/threads.h>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

namespace {
/// A file in memory, as a program maps a model's weights.
class MappedFile {
public:
  MappedFile(const char *path, size_t bytes) : bytes(bytes) {
    if (bytes == 0)
      return;
    int file = open(path, O_RDONLY);
    if (file >= 0) {
      void *memory = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
      address = memory == MAP_FAILED ? nullptr : memory;
      close(file);
    }
    if (!address)
      throw std::runtime_error(std::string(path) + " cannot be mapped");
  }
  ~MappedFile() {
    if (address)
      munmap(address, bytes);
  }
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  const void *data() const { return address; }

private:
  void *address = nullptr;
  size_t bytes;
};

class Ingot : public Engine {
public:
  Ingot(const Kernel &kernel, const std::vector<Buffer> &inputs, int threads)
      : model(*kernel.model), weights(kernel.weights, kernel.model->weight_bytes), arena(kernel.model->arena_bytes / sizeof(float) + 1),
        result(kernel.model->outputs[0].count) {
    for (const Buffer &input : inputs)
      this->inputs.push_back(input.data());
    if (threads > 1) {
      if (!model.run_threaded)
        throw std::runtime_error(std::string(kernel.name) + " was compiled for one thread");
      static ingot::ThreadPool pool(threads);
      lent = pool.threads();
    }
  }
  void run() override {
    void *outputs[] = {result.data()};
    int status = lent ? model.run_threaded(inputs.data(), outputs, nullptr, nullptr, arena.data(), weights.data(), lent)
                      : model.run(inputs.data(), outputs, arena.data(), weights.data());
    if (status != 0)
      throw std::runtime_error(std::string(model.name) + " returned status " + std::to_string(status));
  }
  Buffer &output() override { return result; }

private:
  const ingot_model &model;
  MappedFile weights;
  Buffer arena, result;
  std::vector<const void *> inputs;
  const ingot_threads *lent = nullptr;
};
} // namespace

std::unique_ptr<Engine> makeIngot(const Kernel &kernel, const std::vector<Buffer> &inputs, int threads) {
  return std::make_unique<Ingot>(kernel, inputs, threads);
}
