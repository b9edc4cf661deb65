//===- Rewrite.cpp --------------------------------------------------------===//
#include "compiler/optimize/Rewrite.h"
#include "compiler/support/Elements.h"
#include <cstring>

using namespace mlir;
using namespace ingot;

Value ingot::makeConstant(OpBuilder &builder, Location loc,
                          ElementsAttr value) {
  return onnx::ConstantOp::create(builder, loc,
                                  TypeRange(Type(value.getShapedType())),
                                  ValueRange(),
                                  builder.getNamedAttr("value", value));
}

Value ingot::makeConstant(OpBuilder &builder, Location loc,
                          ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({int64_t(values.size())},
                                    builder.getI64Type());
  return makeConstant(builder, loc,
                      ElementsAttr(DenseElementsAttr::get(type, values)));
}

std::optional<std::vector<double>> ingot::realValues(ElementsAttr elements) {
  if (!elements || !(elements.getElementType().isF32() ||
                     elements.getElementType().isF64()))
    return std::nullopt;
  std::vector<char> data = elementData(elements);
  std::vector<double> values(elements.getNumElements());
  if (elements.getElementType().isF64()) {
    if (!data.empty())
      std::memcpy(values.data(), data.data(), data.size());
    return values;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    float value;
    std::memcpy(&value, data.data() + i * sizeof value, sizeof value);
    values[i] = value;
  }
  return values;
}

ElementsAttr ingot::makeReals(RankedTensorType type, ArrayRef<double> values,
                              StringRef name) {
  if (type.getElementType().isF64())
    return makeElements(type,
                        ArrayRef(reinterpret_cast<const char *>(values.data()),
                                 values.size() * sizeof(double)),
                        name);
  std::vector<float> floats(values.begin(), values.end());
  return makeElements(type,
                      ArrayRef(reinterpret_cast<const char *>(floats.data()),
                               floats.size() * sizeof(float)),
                      name);
}

std::optional<std::vector<int64_t>> ingot::integerConstant(Value value) {
  return integerValues(onnx::constantValue(value));
}

std::optional<double> ingot::splatConstant(Value value) {
  Attribute splat = splatValue(onnx::constantValue(value));
  if (auto real = dyn_cast_or_null<FloatAttr>(splat))
    return real.getValueAsDouble();
  if (auto integer = dyn_cast_or_null<IntegerAttr>(splat))
    return integer.getValue().getSExtValue();
  return std::nullopt;
}

std::optional<SmallVector<Value>> ingot::inlineConstantIf(onnx::IfOp op) {
  std::optional<std::vector<int64_t>> condition =
      integerConstant(op.getCond());
  if (!condition || condition->size() != 1)
    return std::nullopt;
  Region &taken = condition->front() ? op.getThenBranch() : op.getElseBranch();
  Block &block = taken.front();
  SmallVector<Value> values(block.getTerminator()->getOperands());
  block.getTerminator()->erase();
  op->getBlock()->getOperations().splice(op->getIterator(),
                                         block.getOperations());
  return values;
}

void ingot::updateResultTypes(func::FuncOp function) {
  Block &block = function.getBody().front();
  function.setType(FunctionType::get(function.getContext(),
                                     block.getArgumentTypes(),
                                     block.getTerminator()->getOperandTypes()));
}

StringRef ingot::nodeName(Location loc) {
  if (auto fused = dyn_cast<FusedLoc>(loc))
    return fused.getLocations().empty() ? "" : nodeName(fused.getLocations()[0]);
  auto name = dyn_cast<NameLoc>(loc);
  return name ? name.getName().getValue() : "";
}
