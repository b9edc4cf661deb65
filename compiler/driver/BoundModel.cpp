//===- BoundModel.cpp - a model with values for its inputs ----------------===//
#include "compiler/driver/BoundModel.h"

using namespace ingot;

std::optional<BoundModel> BoundModel::import(ModelOptions options, llvm::ArrayRef<GivenInput> given, std::optional<uint64_t> seed, Progress &progress) {
  addShapes(options, given);
  BoundModel model;
  model.compilation = Compilation::import(options, progress);
  if (!model.compilation || !model.compilation->bringTo(Form::onnx, progress))
    return std::nullopt;
  model.interface = interfaceOf(model.compilation->module());
  llvm::Expected<std::vector<Tensor>> bound = bindInputs(model.interface, given, seed, indexBounds(model.compilation->module()));
  if (!bound) {
    progress.clear();
    fail(options.model + ": " + llvm::toString(bound.takeError()));
    return std::nullopt;
  }
  model.inputs = std::move(*bound);
  return model;
}

bool BoundModel::run(const ModelOptions &options, const std::string &road, Progress &progress) {
  auto failed = [&](llvm::Error error) {
    progress.clear();
    fail(options.model + ": " + llvm::toString(std::move(error)));
    return false;
  };
  if (!compilation->bringTo(Form::plan, progress))
    return false;
  progress.show("making code");
  llvm::Expected<std::unique_ptr<Executor>> made =
      road == "cpp" ? makeCppExecutor(compilation->module(), interface) : makeObjectExecutor(compilation->module(), interface);
  if (!made)
    return failed(made.takeError());
  executor = std::move(*made);
  llvm::Expected<std::vector<Tensor>> given = executor->run(inputs);
  if (!given)
    return failed(given.takeError());
  outputs = std::move(*given);
  return true;
}
