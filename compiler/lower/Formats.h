//===- Formats.h - elements of the standard's narrow types ----------------===//
//
// Floats of eight and four bits and integers of four and two take a byte each in the tensor IR (lowerType): floats as their bits, integers as
// their value. What a byte stands for, the types of the onnx dialect say.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_LOWER_FORMATS_H
#define INGOT_LOWER_FORMATS_H

#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"

namespace ingot::lower {

/// A float of fewer than 16 bits, whose bits a byte holds.
bool isSmallFloat(mlir::Type onnxType);

/// How a conversion to a small float rounds and what it does with too large numbers (Cast-25).
struct Rounding {
  bool saturate = true;
  std::string mode = "up";
  /// From the attributes `saturate` and `round_mode`.
  static Rounding of(const Node &node);
};

/// A lowered scalar of the onnx type `from` as one of `to`, by the rules of Cast-25.
mlir::Value convertScalar(LocBuilder &b, mlir::Value value, mlir::Type from, mlir::Type to, const Rounding &rounding = {});

/// An i8 reduced to the bits of an integer of four or two bits, and extended again by its sign.
mlir::Value wrapScalar(LocBuilder &b, mlir::Value value, mlir::Type onnxType);

} // namespace ingot::lower

#endif
