//===- Inputs.cpp - values for a model's inputs ---------------------------===//
#include "compiler/driver/Inputs.h"
#include "compiler/support/Elements.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallPtrSet.h"
#include <random>

using namespace ingot;
using llvm::StringRef;

llvm::Expected<std::vector<GivenInput>>
ingot::readInputs(llvm::ArrayRef<std::pair<std::string, std::string>> texts) {
  std::vector<GivenInput> given;
  for (const auto &[name, text] : texts) {
    GivenInput input;
    input.name = name;
    double number;
    if (!StringRef(text).getAsDouble(number)) {
      input.number = number;
    } else {
      llvm::Expected<Tensor> tensor = readNpy(text);
      if (!tensor)
        return tensor.takeError();
      input.tensor = std::move(*tensor);
    }
    given.push_back(std::move(input));
  }
  return given;
}

void ingot::addShapes(ModelOptions &options, llvm::ArrayRef<GivenInput> given) {
  for (const GivenInput &input : given) {
    bool has = llvm::any_of(options.shapes, [&](const auto &shape) { return shape.first == input.name; });
    if (!has && !input.number)
      options.shapes.emplace_back(input.name, input.tensor.shape);
  }
}

/// Number of values that `user` can tell apart in its operand `index`; 0 where it takes any, -1 where the operand is passed on.
static int64_t boundOf(mlir::OpOperand &use) {
  mlir::Operation *user = use.getOwner();
  StringRef name = user->getName().getStringRef();
  if (name == "onnx.Cast" || name == "onnx.Identity" || name == "onnx.Reshape" || name == "onnx.Unsqueeze" ||
      name == "onnx.Squeeze" || name == "onnx.Slice" || name == "onnx.Flatten" || name == "onnx.Transpose")
    return use.getOperandNumber() == 0 ? -1 : 0;
  if ((name == "onnx.Gather" || name == "onnx.GatherElements") && use.getOperandNumber() == 1) {
    auto data = llvm::dyn_cast<mlir::RankedTensorType>(user->getOperand(0).getType());
    auto axis = user->getAttrOfType<mlir::IntegerAttr>("axis");
    if (!data || data.getRank() == 0)
      return 0;
    int64_t at = axis ? axis.getInt() : 0;
    at += at < 0 ? data.getRank() : 0;
    return at >= 0 && at < data.getRank() && !data.isDynamicDim(at) ? data.getDimSize(at) : 0;
  }
  if (name == "onnx.OneHot" && use.getOperandNumber() == 0)
    if (mlir::Operation *depth = user->getOperand(1).getDefiningOp())
      if (auto values = integerValues(depth->getAttr("value")); values && !values->empty())
        return std::max<int64_t>(values->front(), 0);
  return 0;
}

std::vector<int64_t> ingot::indexBounds(mlir::ModuleOp module) {
  std::vector<int64_t> bounds;
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  if (!main || main.isDeclaration())
    return bounds;
  for (mlir::Value argument : main.getArguments()) {
    int64_t smallest = 0;
    llvm::SmallVector<mlir::Value> work{argument};
    llvm::SmallPtrSet<mlir::Value, 8> seen;
    while (!work.empty()) {
      mlir::Value value = work.pop_back_val();
      if (!seen.insert(value).second)
        continue;
      for (mlir::OpOperand &use : value.getUses()) {
        int64_t bound = boundOf(use);
        if (bound < 0)
          work.push_back(use.getOwner()->getResult(0));
        else if (bound > 0)
          smallest = smallest == 0 ? bound : std::min(smallest, bound);
      }
    }
    bounds.push_back(smallest);
  }
  return bounds;
}

static void fillRandom(Tensor &tensor, std::mt19937_64 &random, int64_t bound) {
  for (std::string &text : tensor.strings) {
    text.resize(random() % 9);
    for (char &letter : text)
      letter = char('a' + random() % 26);
  }
  if (tensor.type == "string")
    return;
  bool isFloat = floatFormat(tensor.type);
  uint64_t values = bound > 0 ? bound : 2;
  int64_t count = tensor.data.size() / bytesOfType(tensor.type);
  // The generator's bits are used directly: the standard's distributions differ from library to library.
  for (int64_t i = 0; i != count; ++i)
    setElement(tensor, i, isFloat ? double(random() >> 11) * 0x1p-52 - 1 : double(random() % values));
}

llvm::Expected<std::vector<Tensor>> ingot::bindInputs(const Interface &interface, llvm::ArrayRef<GivenInput> given,
                                                      std::optional<uint64_t> seed, llvm::ArrayRef<int64_t> bounds) {
  for (const GivenInput &input : given)
    if (llvm::none_of(interface.inputs, [&](const Port &port) { return port.name == input.name; })) {
      std::string names;
      for (const Port &port : interface.inputs)
        names += (names.empty() ? "" : ", ") + port.name;
      return llvm::createStringError("the model has no input '" + input.name + "'; it has " + names);
    }
  std::vector<Tensor> tensors;
  std::mt19937_64 random(seed.value_or(0));
  for (const auto &[i, port] : llvm::enumerate(interface.inputs)) {
    const GivenInput *found = nullptr;
    for (const GivenInput &input : given)
      if (input.name == port.name)
        found = &input;
    if (found && !found->number) {
      Tensor tensor = found->tensor;
      if (!giveType(tensor, port.type) || tensor.shape != port.shape)
        return llvm::createStringError("input '" + port.name + "' is " + port.type + " " + shapeText(port.shape) + ", but the file has " +
                                       tensor.type + " " + shapeText(tensor.shape));
      tensors.push_back(std::move(tensor));
      continue;
    }
    if (!found && !seed)
      return llvm::createStringError("input '" + port.name + "' (" + port.type + " " + shapeText(port.shape) +
                                     ") has no values; give --input " + port.name + "=FILE.npy");
    std::optional<int64_t> count = elementCount(port.shape);
    int64_t bytes = bytesOfType(port.type);
    bool isText = port.type == "string";
    if (!count || (bytes == 0 && !isText))
      return llvm::createStringError("input '" + port.name + "' has no fixed size");
    if (found && isText)
      return llvm::createStringError("input '" + port.name + "' is strings; give --input " + port.name + "=FILE.npy");
    Tensor tensor{port.type, port.shape, std::vector<char>(*count * bytes), std::vector<std::string>(isText ? *count : 0)};
    if (found)
      for (int64_t k = 0; k != *count; ++k)
        setElement(tensor, k, *found->number);
    else
      fillRandom(tensor, random, i < bounds.size() ? bounds[i] : 0);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}
