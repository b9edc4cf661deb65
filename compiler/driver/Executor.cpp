//===- Executor.cpp - a compiled model in this process --------------------===//
#include "compiler/driver/Executor.h"
#include "ingot/memory.h"
#include "ingot/model.h"
#include "ingot/status.h"
#include <chrono>
#include <cstring>

using namespace ingot;

/// A call's arguments.
struct Executor::Buffers {
  std::vector<Memory> memory;
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
  std::vector<std::vector<int64_t>> found; ///< of outputs whose shape data give; others empty
  std::vector<int64_t *> shapes;           ///< where `found` goes, or null
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
    void *memory = add(tensor.data.size() + tensor.strings.size() * sizeof(ingot_string));
    if (!memory)
      return llvm::createStringError("out of memory");
    std::memcpy(memory, tensor.data.data(), tensor.data.size());
    auto *views = static_cast<ingot_string *>(memory);
    for (const auto &[i, text] : llvm::enumerate(tensor.strings))
      views[i] = {text.data(), int64_t(text.size())};
    buffers.inputs.push_back(memory);
  }
  for (const Port &port : ports.outputs) {
    buffers.found.push_back(port.most);
    std::optional<int64_t> count = elementCount(port.most.empty() ? port.shape : port.most);
    bool isText = port.type == "string";
    if (!count || (bytesOfType(port.type) == 0 && !isText))
      return llvm::createStringError("output '" + port.name + "' has no fixed size");
    void *memory = add(*count * (isText ? sizeof(ingot_string) : bytesOfType(port.type)));
    if (!memory)
      return llvm::createStringError("out of memory");
    buffers.outputs.push_back(memory);
  }
  for (std::vector<int64_t> &shape : buffers.found)
    buffers.shapes.push_back(shape.empty() ? nullptr : shape.data());
  return buffers;
}

llvm::Error Executor::callChecked(const Buffers &buffers) {
  if (int status = call(buffers.inputs, buffers.outputs, buffers.shapes))
    return llvm::createStringError(status == 1 ? "the model used an index that is out of range, or sizes that do not give the shapes it declares; check the values of its integer inputs"
                                               : text(Status(status)));
  return llvm::Error::success();
}

llvm::Expected<std::vector<Tensor>> Executor::run(llvm::ArrayRef<Tensor> inputs) {
  llvm::Expected<Buffers> buffers = allocate(inputs);
  if (!buffers)
    return buffers.takeError();
  if (llvm::Error error = callChecked(*buffers))
    return error;
  std::vector<Tensor> outputs;
  for (const auto &[port, buffer, found] : llvm::zip_equal(ports.outputs, buffers->outputs, buffers->found)) {
    Tensor tensor{port.type, found.empty() ? port.shape : found, {}, {}};
    int64_t count = elementCount(tensor.shape).value_or(0);
    const auto *data = static_cast<const char *>(buffer);
    tensor.data.assign(data, data + count * bytesOfType(port.type));
    const auto *views = static_cast<const ingot_string *>(buffer);
    for (int64_t i = 0; port.type == "string" && i != count; ++i)
      tensor.strings.emplace_back(views[i].size ? views[i].data : "", views[i].size);
    outputs.push_back(std::move(tensor));
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
