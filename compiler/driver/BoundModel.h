//===- BoundModel.h - a model with values for its inputs ------------------===//
//
// What `run`, `verify` and `bench` begin with. Errors are one line on stderr.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_DRIVER_BOUNDMODEL_H
#define INGOT_COMPILER_DRIVER_BOUNDMODEL_H

#include "compiler/driver/Compilation.h"
#include "compiler/driver/Executor.h"
#include "compiler/driver/Inputs.h"

namespace ingot {

/// The members are in order of dependence.
struct BoundModel {
  std::unique_ptr<Compilation> compilation;
  Interface interface;
  std::vector<Tensor> inputs;
  /// These two are there after run().
  std::unique_ptr<Executor> executor;
  std::vector<Tensor> outputs;

  /// Reads the model, with the shapes of what is given, and brings it to the form `onnx`. Inputs without values are random by `seed`, and an error where there is
  /// none.
  static std::optional<BoundModel> import(ModelOptions options, llvm::ArrayRef<GivenInput> given, std::optional<uint64_t> seed, Progress &progress);

  /// Plans the model, makes code by the road (`object` or `cpp`), and calls it once.
  bool run(const ModelOptions &options, const std::string &road, Progress &progress);
};

} // namespace ingot

#endif
