//===- Elements.h - the data of constants ---------------------------------===//
//
// Data of tensors is small or splat (DenseElementsAttr, compared by value) or large (DenseResourceElementsAttr, a blob that
// the context holds once and compares by name). These helpers hide which. Element data is little-endian and row-major; Elements of fewer than
// eight bits take a byte each here, also where DenseElementsAttr packs them: the value in its low bits, extended by the sign of signed integers, else by
// zeros.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_SUPPORT_ELEMENTS_H
#define INGOT_COMPILER_SUPPORT_ELEMENTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include <optional>
#include <vector>

namespace ingot {

/// Data of more bytes than this becomes a resource.
constexpr int64_t kLargeElementsBytes = 1024;

/// Bytes that one element takes in memory (i1: 1); 0 for types without a size in bytes.
int64_t elementBytes(mlir::Type type);

/// Bytes of a static shape, or nullopt where the product overflows 2^62.
std::optional<int64_t> byteSize(mlir::ShapedType type);

/// Row-major bytes of the elements; a splat is expanded. `elements` is a
/// DenseElementsAttr or a DenseResourceElementsAttr.
std::vector<char> elementData(mlir::ElementsAttr elements);

/// Attribute of `type` (static shape) over row-major bytes, of `byteSize(type)` in number. Data that is one value
/// repeated becomes a splat. `name` is a hint for the resource's name.
mlir::ElementsAttr makeElements(mlir::ShapedType type, llvm::ArrayRef<char> data,
                                llvm::StringRef name = "weight");

/// float16 or bfloat16 as float32.
mlir::ElementsAttr widenedHalves(mlir::ElementsAttr elements);

/// Elements as integers (sign- or zero-extended by the element type), or
/// nullopt if they are no integers.
std::optional<std::vector<int64_t>> integerValues(mlir::Attribute elements);

/// The single repeated or only value, if there is one, else null.
mlir::Attribute splatValue(mlir::Attribute elements);

} // namespace ingot

#endif
