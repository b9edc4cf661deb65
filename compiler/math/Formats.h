//===- Formats.h - conversions between number formats ---------------------===//
//
// Floats narrower than float32 are integers here, which hold their bits: i16 for f16 and bf16, i8 for those of eight and four bits. What a format
// is, its MLIR type says (llvm::fltSemantics); the same formulas serve all.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_MATH_FORMATS_H
#define INGOT_COMPILER_MATH_FORMATS_H

#include "compiler/math/Number.h"

namespace ingot {

/// How to round to a format.
struct Encoding {
  mlir::FloatType format;
  /// Numbers beyond the largest one become it, not infinity or NaN.
  bool saturate = false;
  /// Of f8E8M0FNU: "up", "down" or "nearest".
  llvm::StringRef rounding = "up";
};

/// The type of the integer that holds an element's bits.
mlir::IntegerType codeType(mlir::FloatType format);

/// The number, a float32, that the bits stand for.
Number decode(Number code, mlir::FloatType format);

/// The bits of the float32 in the format, in the integer type of codeType.
Number encode(Number value, const Encoding &encoding);

/// A float64 as a float32 rounded to odd: exact, or the neighbour whose last bit is set. Rounded again to a format of at least
/// two bits less, it gives what the float64 itself would.
Number roundToOdd(Number value);

} // namespace ingot

#endif
