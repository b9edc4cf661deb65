//===- WeightData.h - the weights of a planned module ---------------------===//
#ifndef INGOT_CODEGEN_CPP_WEIGHTDATA_H
#define INGOT_CODEGEN_CPP_WEIGHTDATA_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include <vector>

namespace ingot {

/// The bytes of `ingot.weights`: the context's own, unless a splat had to be expanded.
class WeightData {
public:
  /// Fails after an error where the module has none, or fewer than their type says.
  static mlir::FailureOr<WeightData> of(mlir::ModuleOp planned);

  llvm::StringRef bytes() const {
    return isCopy() ? llvm::StringRef(copy.data(), copy.size()) : view;
  }
  bool isCopy() const { return !copy.empty(); }

private:
  llvm::StringRef view;
  std::vector<char> copy;
};

} // namespace ingot

#endif
