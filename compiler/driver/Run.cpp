//===- Run.cpp - ingot run ------------------------------------------------===//
#include "compiler/driver/Executor.h"
#include "compiler/driver/Inputs.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Files.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace ingot;

int ingot::runModel(const RunOptions &given) {
  Progress progress;
  RunOptions options = given;
  llvm::Expected<std::vector<GivenInput>> inputs = readInputs(options.inputs);
  if (!inputs)
    return fail(inputs.takeError());
  addShapes(options, *inputs);

  std::unique_ptr<Compilation> model = Compilation::import(options, progress);
  if (!model || !model->bringTo(Form::onnx, progress))
    return 1;
  Interface interface = interfaceOf(model->module());
  // Before the long part, so that a wrong file is told at once.
  llvm::Expected<std::vector<Tensor>> bound = bindInputs(interface, *inputs, std::nullopt, {});
  if (!bound)
    return fail(options.model + ": " + llvm::toString(bound.takeError()));
  llvm::StringSet<> stems;
  for (const Port &port : interface.outputs)
    if (!stems.insert(fileStem(port.name)).second)
      return fail(options.model + ": two outputs would be written to " + fileStem(port.name) + ".npy; rename one");
  if (!model->bringTo(Form::plan, progress))
    return 1;

  progress.show("making code");
  llvm::Expected<std::unique_ptr<Executor>> executor = options.road == "cpp" ? makeCppExecutor(model->module(), interface)
                                                                             : makeObjectExecutor(model->module(), interface);
  if (!executor)
    return fail(options.model + ": " + llvm::toString(executor.takeError()));
  llvm::Expected<std::vector<Tensor>> outputs = (*executor)->run(*bound);
  if (!outputs)
    return fail(options.model + ": " + llvm::toString(outputs.takeError()));

  llvm::Expected<OutputFolder> folder = OutputFolder::create(options.output);
  if (!folder)
    return fail(folder.takeError());
  for (const auto &[port, tensor] : llvm::zip_equal(interface.outputs, *outputs)) {
    llvm::SmallString<256> path(folder->path());
    llvm::sys::path::append(path, fileStem(port.name) + ".npy");
    if (llvm::Error error = writeNpy(path, tensor))
      return fail(std::move(error));
  }
  if (llvm::Error error = folder->commit())
    return fail(std::move(error));
  return 0;
}
