//===- Executor.cpp - a compiled model in this process --------------------===//
#include "compiler/driver/Executor.h"
#include "ingot/model.h"
#include "ingot/status.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/MathExtras.h"
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

llvm::Expected<std::vector<Tensor>> Executor::run(llvm::ArrayRef<Tensor> inputs) {
  std::vector<Buffer> memory;
  std::vector<const void *> from;
  std::vector<void *> to;
  for (const auto &[port, tensor] : llvm::zip_equal(ports.inputs, inputs)) {
    if (tensor.type != port.type || tensor.shape != port.shape)
      return llvm::createStringError("input '" + port.name + "' is " + port.type + " " + shapeText(port.shape) +
                                     ", but the values given are " + tensor.type + " " + shapeText(tensor.shape));
    memory.emplace_back(tensor.data.size() + tensor.strings.size() * sizeof(ingot_string));
    if (!memory.back().data())
      return llvm::createStringError("out of memory");
    std::memcpy(memory.back().data(), tensor.data.data(), tensor.data.size());
    auto *views = static_cast<ingot_string *>(memory.back().data());
    for (const auto &[i, text] : llvm::enumerate(tensor.strings))
      views[i] = {text.data(), int64_t(text.size())};
    from.push_back(memory.back().data());
  }
  std::vector<Tensor> outputs;
  std::vector<std::vector<int64_t>> found; // of outputs whose shape data give
  for (const Port &port : ports.outputs) {
    Tensor tensor{port.type, port.most.empty() ? port.shape : port.most, {}, {}};
    found.push_back(port.most);
    std::optional<int64_t> count = elementCount(tensor.shape);
    bool isText = port.type == "string";
    if (!count || (bytesOfType(port.type) == 0 && !isText))
      return llvm::createStringError("output '" + port.name + "' has no fixed size");
    tensor.data.resize(*count * bytesOfType(port.type));
    tensor.strings.resize(isText ? *count : 0);
    memory.emplace_back(tensor.data.size() + tensor.strings.size() * sizeof(ingot_string));
    if (!memory.back().data())
      return llvm::createStringError("out of memory");
    to.push_back(memory.back().data());
    outputs.push_back(std::move(tensor));
  }
  std::vector<int64_t *> shapes;
  for (std::vector<int64_t> &shape : found)
    shapes.push_back(shape.empty() ? nullptr : shape.data());
  if (int status = call(from, to, shapes))
    return llvm::createStringError(status == 1 ? "the model used an index that is out of range, or sizes that do not give the shapes it declares; check the values of its integer inputs"
                                               : text(Status(status)));
  for (auto &&[tensor, buffer, shape] : llvm::zip_equal(outputs, to, found)) {
    if (!shape.empty()) {
      tensor.shape = shape;
      int64_t count = elementCount(shape).value_or(0);
      tensor.data.resize(count * bytesOfType(tensor.type));
      tensor.strings.resize(tensor.type == "string" ? count : 0);
    }
    std::memcpy(tensor.data.data(), buffer, tensor.data.size());
    const auto *views = static_cast<const ingot_string *>(buffer);
    for (auto &&[i, string] : llvm::enumerate(tensor.strings))
      string.assign(views[i].size ? views[i].data : "", views[i].size);
  }
  return outputs;
}
