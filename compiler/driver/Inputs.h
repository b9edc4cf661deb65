//===- Inputs.h - values for a model's inputs -----------------------------===//
#ifndef INGOT_COMPILER_DRIVER_INPUTS_H
#define INGOT_COMPILER_DRIVER_INPUTS_H

#include "compiler/driver/Commands.h"
#include "compiler/driver/Interface.h"
#include "compiler/driver/Tensor.h"

namespace ingot {

/// What the user gave for one input: a tensor, or a number that fills the input.
struct GivenInput {
  std::string name;
  Tensor tensor;
  std::optional<double> number;
};

/// Reads NAME=FILE.npy and NAME=NUMBER; a text that is a number is one. Errors name the file.
llvm::Expected<std::vector<GivenInput>> readInputs(llvm::ArrayRef<std::pair<std::string, std::string>> texts);

/// Shapes of the tensors given go where the command line gives none.
void addShapes(ModelOptions &options, llvm::ArrayRef<GivenInput> given);

/// For each input, the number of rows of the smallest table that it is an index into; 0 where it is none.
/// `module` has the form `onnx`.
std::vector<int64_t> indexBounds(mlir::ModuleOp module);

/// The given values in the model's order. A missing one is random where `seed` is set (floating-point numbers from [-1, 1), integers below
/// the bound of the input, or else 0 and 1) and an error otherwise.
llvm::Expected<std::vector<Tensor>> bindInputs(const Interface &interface, llvm::ArrayRef<GivenInput> given,
                                               std::optional<uint64_t> seed, llvm::ArrayRef<int64_t> bounds);

} // namespace ingot

#endif
