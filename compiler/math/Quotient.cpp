//===- Quotient.cpp - division by a constant without dividing -------------===//
#include "compiler/math/Quotient.h"
#include <cmath>
#include <cstdint>

using namespace ingot;

/// A quotient is the midpoint of two float32 plus or minus less than 2^-45 of itself where its rounding can go wrong: `low` is less than 2^-23 of `high`, has an error of one unit in
/// its last place at most, and so has its product. For integers of 24 bits X and Y, a midpoint of 25 bits M, and s such that X * 2^s is about M * Y, which is less than 2^49,
/// the difference of the two is at most 16. It is not 0, since M is odd.
constexpr int64_t kMostDifference = 32;

static Reciprocal reciprocalOf(float divisor) {
  double quotient = 1.0 / double(divisor);
  float high = float(quotient);
  if (std::fabs(double(high)) > std::fabs(quotient))
    high = std::nextafter(high, 0.0f);
  double rest = std::fma(-double(high), double(divisor), 1.0);
  return {high, float(rest / double(divisor))};
}

/// Whether the two products give X / Y, for the X, of 24 bits, of one midpoint.
static bool roundsRight(const Reciprocal &reciprocal, int64_t x, int64_t y) {
  float number = float(x);
  return std::fma(number, reciprocal.high, number * reciprocal.low) == number / float(y);
}

/// The inverse of an odd number modulo 2^64.
static uint64_t inverseOf(uint64_t odd) {
  uint64_t inverse = odd;
  for (int i = 0; i < 5; ++i)
    inverse *= 2 - odd * inverse;
  return inverse;
}

/// Whether all X are divided by Y rightly: those near a midpoint are found by solving M * Y = -difference modulo 2^s.
static bool dividesAll(const Reciprocal &reciprocal, int64_t y) {
  int zeros = __builtin_ctzll(uint64_t(y));
  uint64_t inverse = inverseOf(uint64_t(y) >> zeros);
  for (int s : {24, 25})
    for (int64_t difference = -kMostDifference; difference <= kMostDifference; ++difference) {
      if (difference == 0 || difference % (int64_t(1) << zeros) != 0)
        continue;
      uint64_t step = uint64_t(1) << (s - zeros);
      uint64_t first = uint64_t(-(difference >> zeros)) * inverse % step;
      for (uint64_t midpoint = first; midpoint < uint64_t(1) << 25; midpoint += step) {
        int64_t scaled = int64_t(midpoint) * y + difference;
        int64_t x = scaled >> s;
        if (midpoint >> 24 && midpoint % 2 && x >> 23 == 1 && x << s == scaled && !roundsRight(reciprocal, x, y))
          return false;
      }
    }
  return true;
}

std::optional<Reciprocal> ingot::exactReciprocal(float divisor) {
  float magnitude = std::fabs(divisor);
  if (!(magnitude >= 0x1p-90f && magnitude <= 0x1p90f))
    return std::nullopt;
  int exponent;
  auto mantissa = int64_t(std::frexp(magnitude, &exponent) * 0x1p24f);
  bool isPowerOfTwo = mantissa == int64_t(1) << 23;
  if (isPowerOfTwo)
    return Reciprocal{1.0f / divisor, 0.0f};
  // The neighbours' errors are other ones.
  Reciprocal nearest = reciprocalOf(float(mantissa));
  for (float low : {nearest.low, std::nextafter(nearest.low, 1.0f), std::nextafter(nearest.low, 0.0f)})
    if (dividesAll({nearest.high, low}, mantissa)) {
      float scale = std::ldexp(std::copysign(1.0f, divisor), 24 - exponent);
      return Reciprocal{nearest.high * scale, low * scale};
    }
  return std::nullopt;
}
