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

namespace llvm {
struct fltSemantics;
}

namespace ingot {

/// Types of what NPY files hold of types that NumPy has not (bfloat16, the 8-bit floats, 4- and 2-bit elements): bytes, of which only the number is
/// known.
inline constexpr const char kBytes1[] = "1-byte elements", kBytes2[] = "2-byte elements";

/// Row-major, little-endian, contiguous. `type` is the ONNX element type in lower case: "float", "int64", "bool", ... Elements of fewer
/// than eight bits take a byte each, as runtime-min's model.h says. Elements of the type "string" are in `strings`, and `data` is empty.
struct Tensor {
  std::string type;
  std::vector<int64_t> shape;
  std::vector<char> data;
  std::vector<std::string> strings;
};

/// Whether two tensors of one type and shape have equal elements, bit by bit.
bool sameElements(const Tensor &a, const Tensor &b);

/// Bytes that an element of the ONNX type takes; 0 for types without a fixed size.
int64_t bytesOfType(llvm::StringRef type);

/// Bits of an element of four or two bits, which takes a byte here and is packed in a model's file; 0 for other types.
unsigned packedBits(llvm::StringRef type);

/// The format of a floating-point type, or null.
const llvm::fltSemantics *floatFormat(llvm::StringRef type);

/// Product of the dimensions; nullopt where one is negative or the product exceeds 2^56.
std::optional<int64_t> elementCount(llvm::ArrayRef<int64_t> shape);

/// The shape as "1x3x48x320"; "scalar" for rank 0; "?" for a negative dimension.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// Makes a tensor of kBytes1 or kBytes2 one of `type`; false where that is no such type, or one of another size. Tensors that
/// have the type already stay as they are.
bool giveType(Tensor &tensor, llvm::StringRef type);

/// Element `i` as a number; narrower floats are widened, bool is 0 or 1.
double elementAsDouble(const Tensor &tensor, int64_t i);

/// Stores `value`, converted, as element `i`. Floats round to nearest even.
void setElement(Tensor &tensor, int64_t i, double value);

/// Reads an NPY file (versions 1 to 3, C order, little-endian). The error names the file.
llvm::Expected<Tensor> readNpy(llvm::StringRef path);

/// Only what the header says of type and shape; `data` is empty.
llvm::Expected<Tensor> readNpyHeader(llvm::StringRef path);

/// Writes an NPY file of version 1. What NumPy has no type for is stored as elements of plain bytes ('|V1', '<V2'), as numpy.save
/// stores the types of ml_dtypes: `numpy.load(path).view(ml_dtypes.bfloat16)` reads it back.
llvm::Error writeNpy(llvm::StringRef path, const Tensor &tensor);

} // namespace ingot

#endif
