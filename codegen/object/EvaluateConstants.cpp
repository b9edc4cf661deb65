//===- EvaluateConstants.cpp - the constant part of a graph, run ----------===//
#include "codegen/object/Object.h"
#include "compiler/support/Elements.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace ingot;

FailureOr<SmallVector<ElementsAttr>> ingot::evaluateConstants(
    ModuleOp module, llvm::function_ref<LogicalResult(ModuleOp)> toPlan) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.getNumArguments() != 0)
    return module.emitError() << "constants need a @main without arguments";
  SmallVector<RankedTensorType> types;
  for (Type result : main.getResultTypes()) {
    auto type = dyn_cast<RankedTensorType>(result);
    if (!type || !type.hasStaticShape() || !byteSize(type) ||
        !elementBytes(type.getElementType()))
      return module.emitError() << "a constant of type " << result
                                << " has no static size";
    types.push_back(type);
  }
  module->setAttr("ingot.target",
                  StringAttr::get(module.getContext(), "x86-64-v1"));
  if (failed(toPlan(module)))
    return failure();
  // Each is run once, so that compiling must be quick above all.
  FailureOr<std::unique_ptr<CompiledModel>> model = compileInProcess(module, 1);
  if (failed(model))
    return failure();
  if ((*model)->getNumInputs() != 0 ||
      (*model)->getNumOutputs() != types.size())
    return module.emitError() << "planning changed the number of constants";

  SmallVector<std::vector<char>> data;
  SmallVector<void *> outputs;
  for (RankedTensorType type : types) {
    data.emplace_back(*byteSize(type));
    outputs.push_back(data.back().data());
  }
  if ((*model)->run({}, outputs) != 0)
    return module.emitError() << "an index into constants is out of range; correct the model";
  SmallVector<ElementsAttr> values;
  for (auto [type, bytes] : llvm::zip(types, data))
    values.push_back(makeElements(type, bytes, "folded"));
  return values;
}
