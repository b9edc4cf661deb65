//===- WeightSegment.h - constants of a model, in one blob ----------------===//
#ifndef INGOT_COMPILER_MEMORY_WEIGHTSEGMENT_H
#define INGOT_COMPILER_MEMORY_WEIGHTSEGMENT_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/DenseMap.h"

namespace ingot {

/// Collects constants in the order of their first use; equal bytes are stored once. Offsets are aligned to 64.
class WeightSegment {
public:
  /// Offset of the constant's bytes, or nullopt where the segment would grow
  /// beyond 2^62 bytes.
  std::optional<int64_t> add(mlir::ElementsAttr elements);

  int64_t getBytes() const { return bytes; }

  /// The segment as tensor<Nxi8> over one blob. The constants' own data must
  /// still exist.
  mlir::ElementsAttr build(mlir::MLIRContext *context) const;

private:
  struct Entry {
    mlir::ElementsAttr elements;
    int64_t offset;
    int64_t bytes;
  };
  std::vector<Entry> entries;
  llvm::DenseMap<mlir::Attribute, unsigned> byAttribute;
  llvm::DenseMap<uint64_t, llvm::SmallVector<unsigned, 1>> byHash;
  int64_t bytes = 0;
};

} // namespace ingot

#endif
