//===- Strings.h - strings in the tensor IR -------------------------------===//
//
// An element of a tensor of strings is a handle, an i64 (docs/ir.md), which moves like any number. What asks for its bytes are the functions of compiler/strings, and what lies here.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_LOWER_STRINGS_H
#define INGOT_COMPILER_LOWER_STRINGS_H

#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"

namespace ingot::lower {

/// Whether an element type of the onnx dialect is the strings'.
bool isString(mlir::Type element);

/// Whether an operator of this kind ("Gather") can have strings as operands or results.
bool takesStrings(llvm::StringRef kind);

/// Call of a function of compiler/strings on scalars.
mlir::Value stringCall(LocBuilder &b, llvm::StringRef function, mlir::ValueRange operands, mlir::Type result);
/// The same of one that makes a string.
mlir::Value makeString(LocBuilder &b, llvm::StringRef function, mlir::ValueRange operands);

/// The handles of an input of the model, tensor<..x2xi64>, and the other way round what a caller gets.
mlir::Value handlesOf(LocBuilder &b, mlir::Value views);
mlir::Value viewsOf(LocBuilder &b, mlir::Value handles);

/// Constant strings in read-only data.
class StringTable {
public:
  StringTable(LocBuilder &b, llvm::ArrayRef<std::string> strings);

  /// The handle of the string at a place, an i64 below their number; in a body.
  mlir::Value at(LocBuilder &b, mlir::Value place) const;
  /// The handles of all, as a tensor of this shape.
  mlir::Value all(LocBuilder &b, llvm::ArrayRef<int64_t> shape) const;

private:
  mlir::Value base(LocBuilder &b) const;

  mlir::Value bytes, places;
};

/// Numbers in read-only data, where a body finds them by address unless they are one number repeated.
mlir::Value int32Table(LocBuilder &b, llvm::ArrayRef<int32_t> values);

/// For each element of `x` the place of the equal string in `keys`, the last of equal ones, or -1, as i64. Null where the
/// keys cannot be told apart by any of some hash functions, which no honest model's are.
mlir::Value findStrings(LocBuilder &b, mlir::Value x, llvm::ArrayRef<std::string> keys);

/// What an ElementsAttr of strings holds; nullopt for other ones.
std::optional<std::vector<std::string>> stringValues(mlir::Attribute elements);

/// Cast and CastLike between strings and numbers.
mlir::LogicalResult castStrings(Node &node);

} // namespace ingot::lower

#endif
