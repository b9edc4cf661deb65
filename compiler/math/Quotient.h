//===- Quotient.h - division by a constant without dividing ---------------===//
#ifndef INGOT_COMPILER_MATH_QUOTIENT_H
#define INGOT_COMPILER_MATH_QUOTIENT_H

#include <optional>

namespace ingot {

/// 1 / divisor as the sum of two float32: `high`, rounded toward zero, and `low`, of the same sign; 0 where the divisor is a power of two.
struct Reciprocal {
  float high, low;
};

/// The reciprocal with which fma(x, high, x * low), or x * high where `low` is 0, is x / divisor for every x, rounded correctly, wherever the quotient is 2^-25 or
/// more in magnitude; smaller quotients give something smaller than 2^-24. Zeros, infinities and NaN give what a division gives. Nothing where some x would be
/// rounded wrongly, or where the divisor is not of a magnitude between 2^-90 and 2^90.
///
/// Of Brisebarre, Muller and Raina, Accelerating correctly rounded floating-point division when the divisor is known in advance (IEEE Transactions on
/// Computers, 2004). There `high` is rounded to nearest; toward zero, both products of an infinity have one sign.
std::optional<Reciprocal> exactReciprocal(float divisor);

} // namespace ingot

#endif
