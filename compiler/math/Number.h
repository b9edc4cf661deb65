//===- Number.h - arithmetic that builds operations -----------------------===//
//
// Lets the bodies of elementary functions be written as formulas. A Number is an SSA value, scalar or vector; its operators build `arith`
// operations on floats or integers, by its element type.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_MATH_NUMBER_H
#define INGOT_COMPILER_MATH_NUMBER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace ingot {

class Formula;

class Number {
public:
  Number(Formula &formula, mlir::Value value)
      : formula(&formula), value(value) {}

  mlir::Value get() const { return value; }
  Formula &getFormula() const { return *formula; }

  /// Names the value in printed code.
  Number as(llvm::StringRef name);

private:
  Formula *formula;
  mlir::Value value;
};

Number operator+(Number a, Number b);
Number operator-(Number a, Number b);
Number operator*(Number a, Number b);
Number operator/(Number a, Number b);
Number operator-(Number a);
Number operator+(Number a, double b);
Number operator-(Number a, double b);
Number operator-(double a, Number b);
Number operator*(Number a, double b);
Number operator/(double a, Number b);

/// Bits of integers.
Number operator&(Number a, Number b);
Number operator&(Number a, int64_t b);
Number operator|(Number a, Number b);
Number operator|(Number a, int64_t b);
Number operator^(Number a, Number b);
Number operator<<(Number a, int64_t places);
/// Arithmetic and logical shift to the right.
Number operator>>(Number a, int64_t places);
Number logicalShift(Number a, int64_t places);

/// Comparisons of floats are false where an operand is NaN, except !=; those
/// of integers are signed.
Number operator<(Number a, double b);
Number operator<=(Number a, double b);
Number operator>(Number a, double b);
Number operator>(Number a, Number b);
Number operator==(Number a, double b);
Number operator!=(Number a, Number b);

Number select(Number condition, Number yes, Number no);
Number select(Number condition, double yes, Number no);
Number select(Number condition, Number yes, double no);

/// a * b + c, fused where the target has it.
Number fma(Number a, Number b, Number c);
Number fma(Number a, double b, Number c);
Number fma(Number a, Number b, double c);
Number fma(Number a, double b, double c);
Number abs(Number a);
Number sqrt(Number a);
Number floor(Number a);
Number copysign(Number magnitude, Number sign);
/// The least of two integers.
Number least(Number a, int64_t b);

/// The bits of a float as an integer of its width, and back.
Number bits(Number a);
Number fromBits(Number a);
/// Conversions between formats. `toInt32` needs a float within its range.
Number toFloat64(Number a);
Number toFloat32(Number a);
Number toInt32(Number a);
Number truncateToInt32(Number a);
Number intToFloat32(Number a);
Number intToFloat64(Number a);
/// Integers to another width: extended by zeros, or cut off.
Number extendTo(Number a, unsigned width);
Number cutTo(Number a, unsigned width);

/// c[0] + c[1] x + c[2] x^2 ..., by Horner's scheme.
Number polynomial(Number x, llvm::ArrayRef<double> coefficients);

/// The function whose body is being written.
class Formula {
public:
  /// Writes into the empty entry block of a function.
  Formula(mlir::func::FuncOp function, bool hasFma);

  Number argument(unsigned index, llvm::StringRef name);
  /// The number in the element type of `like`, in all lanes.
  Number constant(double value, mlir::Type like);
  Number integer(int64_t value, mlir::Type like);
  /// Returns the result. Puts the operations in an order that depends on the formula alone (C++ may evaluate the operands of an
  /// operator in any order) and drops those that are not used.
  void finish(Number result);

  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::Location getLoc() { return function.getLoc(); }
  bool hasFma() const { return fused; }

private:
  Number constantOf(mlir::Type like, mlir::TypedAttr element);

  mlir::func::FuncOp function;
  mlir::OpBuilder builder;
  /// Constants, one of each; they end up at the start of the function.
  llvm::DenseMap<mlir::Attribute, mlir::Value> known;
  bool fused;
};

} // namespace ingot

#endif
