//===- WeightData.h - the weights of a planned module ---------------------===//
#ifndef INGOT_CODEGEN_CPP_WEIGHTDATA_H
#define INGOT_CODEGEN_CPP_WEIGHTDATA_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
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

/// The constants of several planned modules in one segment, equal bytes once.
class SharedWeights {
public:
  /// Takes the constants of the module over: what @main sees of its weights lies at the offsets of this segment from now on. `ingot.weights` stays
  /// as it was. Fails after an error.
  mlir::LogicalResult take(mlir::ModuleOp planned);

  llvm::StringRef bytes() const { return llvm::StringRef(content.data(), content.size()); }

private:
  /// The offset of these bytes, at a multiple of 64.
  int64_t place(llvm::StringRef constant);

  std::vector<char> content;
  /// Offset and size of constants, by the hash of their bytes.
  llvm::DenseMap<uint64_t, llvm::SmallVector<std::pair<int64_t, int64_t>, 1>> places;
};

} // namespace ingot

#endif
