//===- Executor.cpp - a compiled model in this process --------------------===//
#include "compiler/driver/Executor.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/MathExtras.h"
#include <chrono>
#include <cstdlib>
#include <cstring>

using namespace ingot;

namespace {
/// Memory aligned as weights and arena are.
class Buffer {
public:
  explicit Buffer(size_t bytes)
      : memory(std::aligned_alloc(64, llvm::alignTo(std::max<size_t>(bytes, 1), 64)), std::free) {}
  void *data() const { return memory.get(); }

private:
  std::unique_ptr<void, decltype(&std::free)> memory;
};
} // namespace

/// A call's arguments.
struct Executor::Buffers {
  std::vector<Buffer> memory;
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
};

/// Buffers of all ports, those of the inputs filled.
llvm::Expected<Executor::Buffers> Executor::allocate(llvm::ArrayRef<Tensor> inputs) const {
  Buffers buffers;
  auto add = [&](size_t bytes) {
    buffers.memory.emplace_back(bytes);
    return buffers.memory.back().data();
  };
  for (const auto &[port, tensor] : llvm::zip_equal(ports.inputs, inputs)) {
    if (tensor.type != port.type || tensor.shape != port.shape)
      return llvm::createStringError("input '" + port.name + "' is " + port.type + " " + shapeText(port.shape) +
                                     ", but the values given are " + tensor.type + " " + shapeText(tensor.shape));
    void *memory = add(tensor.data.size());
    if (!memory)
      return llvm::createStringError("out of memory");
    std::memcpy(memory, tensor.data.data(), tensor.data.size());
    buffers.inputs.push_back(memory);
  }
  for (const Port &port : ports.outputs) {
    std::optional<int64_t> count = elementCount(port.shape);
    if (!count || bytesOfType(port.type) == 0)
      return llvm::createStringError("output '" + port.name + "' has no fixed size");
    void *memory = add(*count * bytesOfType(port.type));
    if (!memory)
      return llvm::createStringError("out of memory");
    buffers.outputs.push_back(memory);
  }
  return buffers;
}

llvm::Error Executor::callChecked(const Buffers &buffers) {
  if (int status = call(buffers.inputs, buffers.outputs))
    return llvm::createStringError(status == 1 ? "the model used an index that is out of range, or sizes that do not give the shapes it declares; check the values of its integer inputs"
                                               : "the model returned status " + std::to_string(status));
  return llvm::Error::success();
}

llvm::Expected<std::vector<Tensor>> Executor::run(llvm::ArrayRef<Tensor> inputs) {
  llvm::Expected<Buffers> buffers = allocate(inputs);
  if (!buffers)
    return buffers.takeError();
  if (llvm::Error error = callChecked(*buffers))
    return error;
  std::vector<Tensor> outputs;
  for (const auto &[port, buffer] : llvm::zip_equal(ports.outputs, buffers->outputs)) {
    auto *data = static_cast<const char *>(buffer);
    outputs.push_back({port.type, port.shape, std::vector<char>(data, data + *elementCount(port.shape) * bytesOfType(port.type))});
  }
  return outputs;
}

llvm::Error Executor::time(llvm::ArrayRef<Tensor> inputs, unsigned count, llvm::function_ref<void(double)> after) {
  llvm::Expected<Buffers> buffers = allocate(inputs);
  if (!buffers)
    return buffers.takeError();
  if (llvm::Error error = callChecked(*buffers))
    return error;
  for (unsigned i = 0; i != count; ++i) {
    auto start = std::chrono::steady_clock::now();
    if (llvm::Error error = callChecked(*buffers))
      return error;
    after(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return llvm::Error::success();
}
