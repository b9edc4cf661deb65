//===- Interface.cpp - the inputs and outputs of a model ------------------===//
#include "compiler/driver/Interface.h"
#include "compiler/kernels/DataSizes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace ingot;

static std::string text(mlir::Attribute attribute) {
  auto string = llvm::dyn_cast_or_null<mlir::StringAttr>(attribute);
  return string ? string.getValue().str() : std::string();
}

static Port port(mlir::Type type, mlir::DictionaryAttr attributes) {
  Port port;
  if (attributes) {
    port.name = text(attributes.get("ingot.name"));
    port.type = text(attributes.get("ingot.type"));
    port.state = text(attributes.get("ingot.state"));
  }
  if (auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type))
    for (int64_t dim : tensor.getShape())
      port.shape.push_back(mlir::ShapedType::isDynamic(dim) ? -1 : dim);
  return port;
}

Interface ingot::interfaceOf(mlir::ModuleOp module) {
  Interface result;
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  if (!main)
    return result;
  for (unsigned i = 0; i != main.getNumArguments(); ++i)
    result.inputs.push_back(
        port(main.getArgumentTypes()[i], main.getArgAttrDict(i)));
  for (unsigned i = 0; i != main.getNumResults(); ++i)
    result.outputs.push_back(
        port(main.getResultTypes()[i], main.getResultAttrDict(i)));
  return result;
}

Interface ingot::withGreatestShapes(Interface interface, mlir::ModuleOp planned) {
  auto main = planned.lookupSymbol<mlir::func::FuncOp>("main");
  unsigned output = 0;
  for (unsigned i = 0; main && i != main.getNumArguments(); ++i) {
    if (!main.getArgAttr(i, "ingot.output") || output == interface.outputs.size())
      continue;
    Port &port = interface.outputs[output++];
    auto sizes = main.getArgAttrOfType<mlir::AffineMapAttr>(i, "ingot.sizes");
    if (!sizes)
      continue;
    for (mlir::AffineExpr size : sizes.getValue().getResults()) {
      auto number = llvm::dyn_cast<mlir::AffineConstantExpr>(mostOf(size, planned));
      port.most.push_back(number ? number.getValue() : -1);
    }
  }
  return interface;
}

std::string ingot::fileStem(llvm::StringRef name) {
  std::string stem = name.str();
  for (char &c : stem)
    if (!llvm::isAlnum(c) && c != '_')
      c = '_';
  return stem;
}
