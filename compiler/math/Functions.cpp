//===- Functions.cpp - the elementary functions ---------------------------===//
//
// Range reduction and a polynomial each, on f32, without tables and branches, since the lanes of a vector take one way. fit.py gives the
// coefficients. The bounds in the table at the end are in ULP over all finite results, with fused multiply-add or without;
// MathTest.cpp measures them.
//
// Rounding to an integer is by adding and subtracting 1.5 * 2^23: the sum's last bit has the value 1, and its low bits are the
// integer in two's complement. Comparisons are written so that NaN falls through to where it stays NaN.
//
//===----------------------------------------------------------------------===//
#include "compiler/math/Functions.h"
#include <cmath>

using namespace mlir;
using namespace ingot;

static constexpr double kInfinity = INFINITY;
static constexpr double kNaN = NAN;
static constexpr double kRound = 0x1.8p23;
static constexpr int64_t kRoundBits = 0x4B400000;
static constexpr double kRound64 = 0x1.8p52;

static constexpr double kLog2e = 1.44269504088896341;
static constexpr double kLn2 = 0.693147180559945309;
/// ln 2 in two parts; the first has 15 bits, so that its products with
/// exponents are exact.
static constexpr double kLn2High = 0x1.62e4p-1;
static constexpr double kLn2Low = 1.42860682030941723e-6;
static constexpr double kLog10e = 0.434294481903251828;
static constexpr double kLog10Of2High = 0.301025390625;
static constexpr double kLog10Of2Low = 4.60503898119521374e-6;
/// Half a turn and a quarter, to f32 and what is missing.
static constexpr double kPi = 3.14159274101257324;
static constexpr double kPiLow = -8.74227765734758577e-8;
static constexpr double kHalfPi = 1.57079637050628662;
static constexpr double kHalfPiLow = -4.37113882867379289e-8;

//===----------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------===//

/// x = exponent * ln 2 + rest, |rest| <= ln 2 / 2.
struct Exponential {
  Number exponent;
  /// e^rest - 1
  Number fraction;
};

/// e^r - 1 for |r| <= ln 2 / 2.
static Number expFraction(Number r) {
  Number p = polynomial(r, {0.49999994, 0.166665152, 0.0416680835,
                            0.00836934894, 0.00138403988});
  return fma(r * r, p, r);
}

/// Splits e^x for |x| < 2^21.
static Exponential splitExp(Number x) {
  Number shifted = fma(x, kLog2e, kRound);
  Number n = (shifted - kRound).as("n");
  Number r = fma(n, -kLn2Low, fma(n, -kLn2High, x)).as("r");
  return {bits(shifted) - double(kRoundBits), expFraction(r).as("fraction")};
}

/// 2^n for integers n from -126 to 127.
static Number powerOf2(Number n) { return fromBits((n + 127) << 23); }

/// (1 + fraction) * 2^exponent for exponents that 2^exponent itself does not fit: two steps, of which only the last rounds,
/// overflows or becomes denormal.
static Number scale(Exponential e) {
  Number half = e.exponent >> 1;
  Number first = powerOf2(half), second = powerOf2(e.exponent - half);
  return (e.fraction + 1.0) * first * second;
}

/// x within [low, high], or NaN.
static Number clamp(Number x, double low, double high) {
  x = select(x < low, low, x);
  return select(x > high, high, x);
}

/// e^-104 is 0 and e^89 infinite.
static Number expBody(Formula &f) {
  return scale(splitExp(clamp(f.argument(0, "x"), -104, 89)));
}

static Number exp2Body(Formula &f) {
  Number x = clamp(f.argument(0, "x"), -151, 129);
  Number shifted = x + kRound;
  Number r = ((x - (shifted - kRound)) * kLn2).as("r");
  return scale({bits(shifted) - double(kRoundBits), expFraction(r)});
}

/// e^x - 1 is 2 (2^(n-1) fraction + (2^(n-1) - 1/2)), of which 2^(n-1) fits for
/// all n.
static Number expm1Body(Formula &f) {
  Number x = f.argument(0, "x");
  Exponential e = splitExp(clamp(x, -18, 89));
  Number power = powerOf2(e.exponent - 1).as("power");
  Number result = fma(power, e.fraction, power - 0.5) * 2.0;
  return copysign(result, x);
}

/// With u = e^(-2|x|) - 1, tanh |x| is -u / (u + 2).
static Number tanhBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number a = abs(x);
  a = select(a > 10, 10, a);
  Exponential e = splitExp(a * -2.0);
  Number power = powerOf2(e.exponent);
  Number u = fma(power, e.fraction, power - 1.0).as("u");
  return copysign(u / (u + 2.0), x);
}

/// e^|x| / 2, which is finite where sinh and cosh are.
static Number halfExp(Number x) {
  Number a = abs(x);
  Exponential e = splitExp(select(a > 90, 90, a));
  return scale({e.exponent - 1, e.fraction});
}

static Number sinhBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number half = halfExp(x).as("half");
  Number large = copysign(half - 0.25 / half, x);
  Number square = x * x;
  Number p = polynomial(
      square, {0.166666672, 0.00833331048, 0.000198428956, 2.78221319e-06});
  Number small = fma(x, square * p, x);
  return select(abs(x) < 1, copysign(small, x), large);
}

static Number coshBody(Formula &f) {
  Number half = halfExp(f.argument(0, "x")).as("half");
  return half + 0.25 / half;
}

//===----------------------------------------------------------------------===//
// Logarithms
//===----------------------------------------------------------------------===//

static constexpr int64_t kRootHalfBits = 0x3F3504F3;

/// x = 2^exponent (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), for positive normal x.
struct Logarithm {
  Number exponent;
  Number fraction;
};

static Logarithm splitLog(Number x) {
  Number offset = bits(x) - double(kRootHalfBits);
  Number mantissa =
      fromBits((offset & int64_t(0x7FFFFF)) + double(kRootHalfBits));
  return {offset >> 23, mantissa - 1.0};
}

/// ln(1 + f) - f
static Number logTail(Number f) {
  Number square = f * f;
  Number p = polynomial(f, {0.333333313, -0.250008225, 0.200012609,
                            -0.166233346, 0.142009482, -0.13159506,
                            0.127669677, -0.0764316246});
  return fma(f * square, p, square * -0.5);
}

/// Denormals are scaled up; the difference to the exponent comes with them.
static Logarithm splitAnyLog(Number x) {
  Number tiny = x < 0x1p-126;
  Logarithm log = splitLog(select(tiny, x * 0x1p23, x));
  Number exponent = intToFloat32(log.exponent).as("exponent");
  exponent = select(tiny, exponent - 23.0, exponent);
  return {exponent, log.fraction.as("fraction")};
}

/// Sets the values at 0, below and at infinity; keeps NaN.
static Number logEdges(Number x, Number result) {
  result = select(x < kInfinity, result, x);
  result = select(x == 0, -kInfinity, result);
  return select(x < 0, kNaN, result);
}

static Number logBody(Formula &f) {
  Number x = f.argument(0, "x");
  auto [exponent, fraction] = splitAnyLog(x);
  Number tail = fma(exponent, kLn2Low, logTail(fraction));
  return logEdges(x, fma(exponent, kLn2High, fraction + tail));
}

static Number log2Body(Formula &f) {
  Number x = f.argument(0, "x");
  auto [exponent, fraction] = splitAnyLog(x);
  Number natural = fraction + logTail(fraction);
  return logEdges(x, fma(natural, kLog2e, exponent));
}

static Number log10Body(Formula &f) {
  Number x = f.argument(0, "x");
  auto [exponent, fraction] = splitAnyLog(x);
  Number natural = fraction + logTail(fraction);
  Number low = fma(exponent, kLog10Of2Low, natural * kLog10e);
  return logEdges(x, fma(exponent, kLog10Of2High, low));
}

/// ln(1 + x), where what the sum 1 + x loses is added to the fraction.
static Number log1p(Number x) {
  Number sum = (x + 1.0).as("sum");
  Number lost = select(x < 1, x - (sum - 1.0), 1.0 - (sum - x)).as("lost");
  Logarithm log = splitLog(sum);
  // From 2^126 on nothing is lost that counts, and 2^-127 is no normal number.
  Number inverse = fromBits((127.0 - least(log.exponent, 126)) << 23);
  Number fraction = fma(lost, inverse, log.fraction).as("fraction");
  Number exponent = intToFloat32(log.exponent);
  Number tail = fma(exponent, kLn2Low, logTail(fraction));
  return logEdges(sum, fma(exponent, kLn2High, fraction + tail));
}

static Number log1pBody(Formula &f) {
  Number x = f.argument(0, "x");
  return copysign(log1p(x), x);
}

/// From here on the term under the root that is not x^2 does not count, and
/// ln(2 x) is ln x + ln 2.
static constexpr double kHyperbolicLarge = 4096;

/// asinh |x| = ln(1 + |x| + x^2 / (1 + sqrt(x^2 + 1)))
static Number asinhBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number a = abs(x);
  Number large = a > kHyperbolicLarge;
  Number square = a * a;
  Number small = a + square / (sqrt(square + 1.0) + 1.0);
  Number result = log1p(select(large, a - 1.0, small));
  return copysign(select(large, result + kLn2, result), x);
}

/// acosh x = ln(1 + t + sqrt(t (t + 2))), t = x - 1
static Number acoshBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number large = x > kHyperbolicLarge;
  Number t = (x - 1.0).as("t");
  Number small = t + sqrt(t * (t + 2.0));
  Number result = log1p(select(large, t, small));
  // Below 1 the terms may cancel to a number again.
  return select(x < 1, kNaN, select(large, result + kLn2, result));
}

/// atanh |x| = ln(1 + 2|x| / (1 - |x|)) / 2
static Number atanhBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number a = abs(x);
  return copysign(log1p(a * 2.0 / (1.0 - a)) * 0.5, x);
}

//===----------------------------------------------------------------------===//
// The error function
//===----------------------------------------------------------------------===//

/// Below 0.9 an odd polynomial, above 1 - e^p(|x|); from 3.92 on it is 1.
static Number erfBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number a = abs(x);
  a = select(a > 3.92, 3.92, a).as("a");
  Number p = polynomial(a * a, {0.128379166, -0.376126289, 0.112836242,
                                -0.02685556, 0.00519175315, -0.000803975272,
                                7.94310035e-05});
  Number small = fma(x, p, x).as("small");
  Number logarithm = polynomial(
      a, {-0.000166452402, -1.12779725, -0.636976004, -0.104113854,
          0.0223153718, -0.00306555349, 0.000198228401});
  Exponential e = splitExp(logarithm);
  Number rest = (e.fraction + 1.0) * powerOf2(e.exponent);
  Number large = copysign(1.0 - rest, x).as("large");
  return select(a > 0.9, large, small);
}

//===----------------------------------------------------------------------===//
// Angles
//===----------------------------------------------------------------------===//

/// x less a multiple of a quarter turn, and the number of quarters (its lowest
/// two bits).
struct Angle {
  Number rest;
  Number quarters;
};

/// With fused multiply-add, three parts of pi/2 in f32 are exact enough up to 2^22 quarters; without it, products of two floats are
/// exact in f64 only. Beyond, angles are no longer accurate, but stay in range, so that sine and cosine do.
static Angle splitAngle(Number x) {
  constexpr double kTwoOverPi = 0.636619772367581343;
  auto bounded = [](Number rest) { return clamp(rest, -0.8, 0.8).as("rest"); };
  if (x.getFormula().hasFma()) {
    Number shifted = fma(x, kTwoOverPi, kRound);
    Number n = (shifted - kRound).as("n");
    Number rest = fma(n, -1.570796251296997, x);
    rest = fma(n, -7.549789415861596e-08, rest);
    rest = fma(n, -5.390302953474238e-15, rest);
    return {bounded(rest), bits(shifted)};
  }
  Number wide = toFloat64(x);
  Number shifted = wide * kTwoOverPi + kRound64;
  Number n = (shifted - kRound64).as("n");
  Number rest = wide - n * 1.5707963267341256;
  rest = rest - n * 6.077100506506192e-11;
  return {bounded(toFloat32(rest)), truncateToInt32(bits(shifted))};
}

/// Sine and cosine of |r| <= pi/4.
static Number sinSmall(Number r) {
  Number square = r * r;
  Number p = polynomial(square, {-0.166666552, 0.00833218731, -0.000195178975});
  return fma(r, square * p, r).as("sine");
}
static Number cosSmall(Number r) {
  Number square = r * r;
  Number p = polynomial(square, {0.0416666456, -0.00138873095, 2.44323273e-05});
  return fma(square * square, p, square * -0.5 + 1.0)
      .as("cosine");
}

static Number isOdd(Number quarters) { return (quarters & int64_t(1)) == 1; }

/// The value with its sign changed in the third and fourth quarter.
static Number signOfQuarter(Number value, Number quarters) {
  return fromBits(bits(value) ^ ((quarters & int64_t(2)) << 30));
}

static Number sinBody(Formula &f) {
  Number x = f.argument(0, "x");
  auto [rest, quarters] = splitAngle(x);
  Number value = select(isOdd(quarters), cosSmall(rest), sinSmall(rest));
  // The reduction loses the sign of zero.
  return select(x == 0, x, signOfQuarter(value, quarters));
}

static Number cosBody(Formula &f) {
  auto [rest, quarters] = splitAngle(f.argument(0, "x"));
  Number value = select(isOdd(quarters), sinSmall(rest), cosSmall(rest));
  return signOfQuarter(value, quarters + 1.0);
}

static Number tanBody(Formula &f) {
  Number x = f.argument(0, "x");
  auto [rest, quarters] = splitAngle(x);
  Number sine = sinSmall(rest), cosine = cosSmall(rest);
  Number odd = isOdd(quarters);
  Number value =
      select(odd, -cosine, sine) / select(odd, sine, cosine);
  return select(x == 0, x, value);
}

static Number atanBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number a = abs(x);
  Number steep = a > 1;
  Number t = select(steep, 1.0 / a, a).as("t");
  Number square = t * t;
  Number p = polynomial(square, {-0.333332986, 0.199985296, -0.142640144,
                                 0.109508611, -0.0839920789, 0.0578788705,
                                 -0.0310935341, 0.0108662723, -0.00178214512});
  Number flat = fma(t, square * p, t).as("flat");
  return copysign(select(steep, kHalfPi - (flat - kHalfPiLow), flat), x);
}

/// asin of t = sqrt(square), |t| <= 1/2.
static Number asinSmall(Number t, Number square) {
  Number p = polynomial(square, {0.166667521, 0.0749530941, 0.0454691537,
                                 0.0241847429, 0.0421583876});
  return fma(t, square * p, t);
}

/// Above 1/2, asin x = pi/2 - 2 asin sqrt((1 - x) / 2).
static Number asinBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number a = abs(x);
  Number large = a > 0.5;
  Number square = select(large, (1.0 - a) * 0.5, a * a).as("square");
  Number t = select(large, sqrt(square), a).as("t");
  Number angle = asinSmall(t, square).as("angle");
  Number outer = kHalfPi - (angle * 2.0 - kHalfPiLow);
  return copysign(select(large, outer, angle), x);
}

static Number acosBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number a = abs(x);
  Number large = a > 0.5;
  Number square = select(large, (1.0 - a) * 0.5, a * a).as("square");
  Number t = select(large, sqrt(square), x).as("t");
  Number angle = asinSmall(t, square).as("angle");
  Number twice = angle * 2.0;
  Number outer = select(x < 0, kPi - (twice - kPiLow), twice);
  return select(large, outer, kHalfPi - (angle - kHalfPiLow));
}

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

/// 2^(y log2 |x|) in f64, which carries what the product magnifies; then the
/// sign and the cases of IEEE 754's pow.
static Number powfBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number y = f.argument(1, "y");
  Number a = abs(x).as("a");

  // log2 a, as log2 of 2^e (1+s)/(1-s).
  constexpr int64_t kRootHalfBits64 = 0x3FE6A09E667F3BCD;
  constexpr int64_t kBias = 1100;
  Number wide = toFloat64(a).as("wide");
  Number offset =
      bits(wide) - f.integer(kRootHalfBits64 - (kBias << 52),
                             bits(wide).get().getType());
  Number exponent =
      intToFloat64(truncateToInt32(logicalShift(offset, 52)) - double(kBias));
  Number mantissa =
      fromBits((offset & int64_t(0xFFFFFFFFFFFFF)) +
               f.integer(kRootHalfBits64, offset.get().getType()));
  Number s = ((mantissa - 1.0) / (mantissa + 1.0)).as("s");
  Number p = polynomial(s * s, {2.8853900817900855, 0.9617966733430305,
                                0.5770835846928472, 0.41167273690931877,
                                0.3407297519530269});
  Number log = (s * p + exponent).as("log");
  log = select(wide < kInfinity, log, wide);
  log = select(wide == 0, -kInfinity, log);

  // An infinite y counts as a large one, so that 1 to its power is 1.
  Number power = toFloat64(clamp(y, -1e30, 1e30)) * log;
  power = clamp(power, -200, 200).as("power");
  Number shifted = power + kRound64;
  Number r = (power - (shifted - kRound64)).as("r");
  Number fraction = polynomial(
      r, {0.9999999999616823, 0.6931471820627917, 0.24022651202631395,
          0.05550406000022539, 0.0096180265007147, 0.0013337447809116394,
          0.00015469538395051978, 1.4389474972793929e-05});
  // The low bits of `shifted` are the exponent; the rest is shifted out.
  Number factor = fromBits((bits(shifted) + 1023.0) << 52);
  Number result = toFloat32(fraction * factor).as("magnitude");

  // From 2^24 on every float is even.
  Number small = abs(y) < 0x1p24;
  Number whole = toInt32(select(small, y, 0.0)).as("whole");
  Number isFraction = intToFloat32(whole) != select(small, y, 0.0);
  Number oddBit = whole << 31;
  oddBit = select(isFraction, oddBit ^ oddBit, oddBit);
  result = fromBits(bits(result) ^ (bits(x) & oddBit));
  Number undefined = (x < 0) & (x > -kInfinity) & isFraction;
  result = select(undefined, kNaN, result);
  result = select(x == 1, 1.0, result);
  return select(y == 0, 1.0, result);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static const Function table[] = {
    {"acos", "arc cosine; error below 2 ULP", 1, acosBody},
    {"acosh", "inverse hyperbolic cosine; error below 3 ULP", 1, acoshBody},
    {"asin", "arc sine; error below 2.5 ULP", 1, asinBody},
    {"asinh", "inverse hyperbolic sine; error below 3 ULP", 1, asinhBody},
    {"atan", "arc tangent; error below 2 ULP", 1, atanBody},
    {"atanh", "inverse hyperbolic tangent; error below 2.5 ULP", 1, atanhBody},
    {"cos", "cosine; error below 2 ULP to |x| = 1e5", 1, cosBody},
    {"cosh", "hyperbolic cosine; error below 2 ULP", 1, coshBody},
    {"erf", "error function; error below 2 ULP", 1, erfBody},
    {"exp", "e^x; error below 1.5 ULP", 1, expBody},
    {"exp2", "2^x; error below 1.5 ULP", 1, exp2Body},
    {"expm1", "e^x - 1; error below 2 ULP", 1, expm1Body},
    {"log", "natural logarithm; error below 1.5 ULP", 1, logBody},
    {"log10", "decimal logarithm; error below 2.5 ULP", 1, log10Body},
    {"log1p", "ln(1 + x); error below 2 ULP", 1, log1pBody},
    {"log2", "binary logarithm; error below 2.5 ULP", 1, log2Body},
    {"powf", "x^y; error below 1 ULP", 2, powfBody},
    {"sin", "sine; error below 2 ULP to |x| = 1e5", 1, sinBody},
    {"sinh", "hyperbolic sine; error below 2 ULP", 1, sinhBody},
    {"tan", "tangent; error below 4 ULP to |x| = 1e5", 1, tanBody},
    {"tanh", "hyperbolic tangent; error below 3 ULP", 1, tanhBody},
};

llvm::ArrayRef<Function> ingot::functions() { return table; }

const Function *ingot::findFunction(llvm::StringRef name) {
  for (const Function &function : table)
    if (function.name == name)
      return &function;
  return nullptr;
}
