//===- Tensor.h - a tensor in memory, and as an NPY file ------------------===//
#ifndef INGOT_COMPILER_DRIVER_TENSOR_H
#define INGOT_COMPILER_DRIVER_TENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// Row-major, little-endian, contiguous. `type` is the ONNX element type in lower case: "float", "int64", "bool", ...
struct Tensor {
  std::string type;
  std::vector<int64_t> shape;
  std::vector<char> data;
};

/// Bytes that an element of the ONNX type takes; 0 for types without a fixed size.
int64_t bytesOfType(llvm::StringRef type);

/// Product of the dimensions; nullopt where one is negative or the product exceeds 2^56.
std::optional<int64_t> elementCount(llvm::ArrayRef<int64_t> shape);

/// The shape as "1x3x48x320"; "scalar" for rank 0; "?" for a negative dimension.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// Element `i` as a number; float16 and bfloat16 are widened, bool is 0 or 1.
double elementAsDouble(const Tensor &tensor, int64_t i);

/// Stores `value`, converted, as element `i`. Float16 and bfloat16 round to nearest even.
void setElement(Tensor &tensor, int64_t i, double value);

/// Reads an NPY file (versions 1 to 3, C order, little-endian). The error names the file.
llvm::Expected<Tensor> readNpy(llvm::StringRef path);

/// Only what the header says of type and shape; `data` is empty.
llvm::Expected<Tensor> readNpyHeader(llvm::StringRef path);

/// Writes an NPY file of version 1. A bfloat16 tensor is stored as float32.
llvm::Error writeNpy(llvm::StringRef path, const Tensor &tensor);

} // namespace ingot

#endif
