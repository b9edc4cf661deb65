//===- Numbers.h - values that are not NaN --------------------------------===//
#ifndef INGOT_COMPILER_SUPPORT_NUMBERS_H
#define INGOT_COMPILER_SUPPORT_NUMBERS_H

namespace mlir {
class Operation;
class Value;
} // namespace mlir

namespace ingot {

/// Whether no lane of the float can be NaN, as far as constants, loops and operations that prefer a number to NaN tell. False: it may be.
bool isNumber(mlir::Value value);

/// The operand of an arith.maxnumf or arith.minnumf that is a number, by its place, the second of two; -1 where neither is known to be. With it, the operation
/// is a comparison and a choice: the other operand where that is beyond it, else the number.
int numberOperand(mlir::Operation *op);

} // namespace ingot

#endif
