//===- Run.cpp - ingot run ------------------------------------------------===//
#include "compiler/driver/BoundModel.h"
#include "compiler/driver/Files.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace ingot;

int ingot::runModel(const RunOptions &options) {
  Progress progress;
  llvm::Expected<std::vector<GivenInput>> given = readInputs(options.inputs);
  if (!given)
    return fail(given.takeError());
  std::optional<BoundModel> model = BoundModel::import(options, *given, std::nullopt, progress);
  if (!model)
    return 1;
  // Before the long part, so that it is told at once.
  llvm::StringSet<> stems;
  for (const Port &port : model->interface.outputs)
    if (!stems.insert(fileStem(port.name)).second)
      return fail(options.model + ": two outputs would be written to " + fileStem(port.name) + ".npy; rename one");
  if (!model->run(options, options.road, progress))
    return 1;

  llvm::Expected<OutputFolder> folder = OutputFolder::create(options.output);
  if (!folder)
    return fail(folder.takeError());
  for (const auto &[port, tensor] : llvm::zip_equal(model->interface.outputs, model->outputs)) {
    llvm::SmallString<256> path(folder->path());
    llvm::sys::path::append(path, fileStem(port.name) + ".npy");
    if (llvm::Error error = writeNpy(path, tensor))
      return fail(std::move(error));
  }
  if (llvm::Error error = folder->commit())
    return fail(std::move(error));
  return 0;
}
