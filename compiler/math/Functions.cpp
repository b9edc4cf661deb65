//===- Functions.cpp - the elementary functions ---------------------------===//
//
// Range reduction and a polynomial each, on f32 or f64, without tables and branches, since the lanes of a vector take one way. fit.py gives the
// coefficients. The bounds in the table at the end are in ULP over all finite results, with fused multiply-add or without;
// MathTest.cpp measures them.
//
// Rounding to an integer is by adding and subtracting 1.5 * 2^23 (2^52 in f64): the sum's last bit has the value 1, and its low bits are the
// integer in two's complement. Comparisons are written so that NaN falls through to where it stays NaN.
//
//===----------------------------------------------------------------------===//
#include "compiler/math/Functions.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace ingot;

static constexpr double kInfinity = INFINITY;
static constexpr double kNaN = NAN;
static constexpr double kLog2e = 1.44269504088896341;
static constexpr double kLn2 = 0.693147180559945309;
static constexpr double kLog10e = 0.434294481903251828;
static constexpr double kRound64 = 0x1.8p52;

namespace {
/// What differs between the formats.
struct Format {
  int mantissa; ///< bits
  int bias;
  /// Added to and subtracted from a number, it rounds it; and its bits.
  double round, roundBits;
  /// Numbers in two parts, of which the first has so few bits that its products
  /// with exponents are exact.
  double ln2High, ln2Low, log10Of2High, log10Of2Low;
  /// Half a turn and a quarter, to the format and what is missing.
  double pi, piLow, halfPi, halfPiLow;
  /// sqrt(1/2)
  int64_t rootHalfBits;
  /// Where e^x and 2^x are 0 and infinite, e^x - 1 is -1, and tanh is 1.
  double expLeast, expMost, exp2Least, exp2Most, expm1Least, tanhMost;
  /// From here on the term under the root that is not x^2 does not count, and
  /// ln(2 x) is ln x + ln 2.
  double hyperbolicLarge;
};
} // namespace

static const Format single = {23, 127, 0x1.8p23, double(0x4B400000), 0x1.62e4p-1, 1.42860682030941723e-6,
                              0.301025390625, 4.60503898119521374e-6, 3.14159274101257324, -8.74227765734758577e-8,
                              1.57079637050628662, -4.37113882867379289e-8, 0x3F3504F3, -104, 89, -151, 129, -18, 10, 4096};
static const Format twice = {52, 1023, kRound64, double(0x4338000000000000), 0x1.62e42feep-1, 0x1.a39ef35793c76p-33,
                             0x1.34413508p-2, 0x1.f79fef311f12bp-34, 0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53,
                             0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, 0x3FE6A09E667F3BCD, -746, 710, -1076, 1025, -40, 22, 0x1p28};

static bool isDouble(Number x) {
  Type element = getElementTypeOrSelf(x.get().getType());
  return element.isF64() || element.isInteger(64);
}
/// The format of a float, or of an integer that holds one.
static const Format &formatOf(Number x) { return isDouble(x) ? twice : single; }

/// An exponent as a float of its format.
static Number toFloat(Number exponent) {
  return isDouble(exponent) ? intToFloat64(truncateToInt32(exponent)) : intToFloat32(exponent);
}

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
  Number p =
      isDouble(r)
          ? polynomial(r, {0.5, 0.1666666666666667, 0.04166666666666667, 0.00833333333332607, 0.0013888888888883703,
                           0.00019841269875048905, 2.480158732571076e-05, 2.755725511097889e-06, 2.755727343657049e-07,
                           2.510533724466521e-08, 2.091477283224809e-09})
          : polynomial(r, {0.49999994, 0.166665152, 0.0416680835, 0.00836934894, 0.00138403988});
  return fma(r * r, p, r);
}

/// Splits e^x for |x| < 2^21.
static Exponential splitExp(Number x) {
  const Format &format = formatOf(x);
  Number shifted = fma(x, kLog2e, format.round);
  Number n = (shifted - format.round).as("n");
  Number r = fma(n, -format.ln2Low, fma(n, -format.ln2High, x)).as("r");
  return {bits(shifted) - format.roundBits, expFraction(r).as("fraction")};
}

/// 2^n for integers n of normal numbers.
static Number powerOf2(Number n) {
  return fromBits((n + double(formatOf(n).bias)) << formatOf(n).mantissa);
}

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

static Number expBody(Formula &f) {
  Number x = f.argument(0, "x");
  return scale(splitExp(clamp(x, formatOf(x).expLeast, formatOf(x).expMost)));
}

static Number exp2Body(Formula &f) {
  Number any = f.argument(0, "x");
  const Format &format = formatOf(any);
  Number x = clamp(any, format.exp2Least, format.exp2Most);
  Number shifted = x + format.round;
  Number r = ((x - (shifted - format.round)) * kLn2).as("r");
  return scale({bits(shifted) - format.roundBits, expFraction(r)});
}

/// e^x - 1 is 2 (2^(n-1) fraction + (2^(n-1) - 1/2)), of which 2^(n-1) fits for
/// all n.
static Number expm1Body(Formula &f) {
  Number x = f.argument(0, "x");
  Exponential e = splitExp(clamp(x, formatOf(x).expm1Least, formatOf(x).expMost));
  Number power = powerOf2(e.exponent - 1).as("power");
  Number result = fma(power, e.fraction, power - 0.5) * 2.0;
  return copysign(result, x);
}

/// With u = e^(-2|x|) - 1, tanh |x| is -u / (u + 2).
static Number tanhBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number a = abs(x);
  double most = formatOf(x).tanhMost;
  a = select(a > most, most, a);
  Exponential e = splitExp(a * -2.0);
  Number power = powerOf2(e.exponent);
  Number u = fma(power, e.fraction, power - 1.0).as("u");
  return copysign(u / (u + 2.0), x);
}

/// e^|x| / 2, which is finite where sinh and cosh are.
static Number halfExp(Number x) {
  Number a = abs(x);
  double most = formatOf(x).expMost + 1;
  Exponential e = splitExp(select(a > most, most, a));
  return scale({e.exponent - 1, e.fraction});
}

static Number sinhBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number half = halfExp(x).as("half");
  Number large = copysign(half - 0.25 / half, x);
  Number square = x * x;
  Number p =
      isDouble(x)
          ? polynomial(square, {0.16666666666666666, 0.008333333333333333, 0.00019841269841269773, 2.755731922404034e-06,
                                2.505210836405804e-08, 1.6059048396350562e-10, 7.646625361656657e-13,
                                2.8445264169895285e-15})
          : polynomial(square, {0.166666672, 0.00833331048, 0.000198428956, 2.78221319e-06});
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

/// x = 2^exponent (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), for positive normal x.
struct Logarithm {
  Number exponent;
  Number fraction;
};

static Logarithm splitLog(Number x) {
  const Format &format = formatOf(x);
  Number all = bits(x);
  Number rootHalf = x.getFormula().integer(format.rootHalfBits, all.get().getType());
  Number offset = all - rootHalf;
  int64_t mask = (int64_t(1) << format.mantissa) - 1;
  Number mantissa = fromBits((offset & mask) + rootHalf);
  return {offset >> format.mantissa, mantissa - 1.0};
}

/// ln(1 + f) - f
static Number logTail(Number f) {
  Number square = f * f;
  if (isDouble(f)) {
    // With s = f / (2 + f), ln(1 + f) is 2 artanh s = f - s (f - s^2 p).
    Number s = (f / (f + 2.0)).as("s");
    Number z = s * s;
    Number p = z * polynomial(z, {0.666666666666667, 0.3999999999989924, 0.2857142862609589, 0.2222221111514416,
                                  0.18182890556695602, 0.1533167403016786, 0.1461703754879165});
    Number half = square * 0.5;
    return s * (half + p) - half;
  }
  Number p = polynomial(f, {0.333333313, -0.250008225, 0.200012609,
                            -0.166233346, 0.142009482, -0.13159506,
                            0.127669677, -0.0764316246});
  return fma(f * square, p, square * -0.5);
}

/// Denormals are scaled up; the difference to the exponent comes with them.
static Logarithm splitAnyLog(Number x) {
  const Format &format = formatOf(x);
  Number tiny = x < std::ldexp(1.0, 1 - format.bias);
  Logarithm log = splitLog(select(tiny, x * std::ldexp(1.0, format.mantissa), x));
  Number exponent = toFloat(log.exponent).as("exponent");
  exponent = select(tiny, exponent - double(format.mantissa), exponent);
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
  Number tail = fma(exponent, formatOf(x).ln2Low, logTail(fraction));
  return logEdges(x, fma(exponent, formatOf(x).ln2High, fraction + tail));
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
  Number low = fma(exponent, formatOf(x).log10Of2Low, natural * kLog10e);
  return logEdges(x, fma(exponent, formatOf(x).log10Of2High, low));
}

/// ln(1 + x), where what the sum 1 + x loses is added to the fraction.
static Number log1p(Number x) {
  Number sum = (x + 1.0).as("sum");
  Number lost = select(x < 1, x - (sum - 1.0), 1.0 - (sum - x)).as("lost");
  Logarithm log = splitLog(sum);
  // From the greatest powers on nothing is lost that counts, and their inverse is no normal number.
  const Format &format = formatOf(x);
  Number inverse = fromBits((double(format.bias) - least(log.exponent, format.bias - 1)) << format.mantissa);
  Number fraction = fma(lost, inverse, log.fraction).as("fraction");
  Number exponent = toFloat(log.exponent);
  Number tail = fma(exponent, format.ln2Low, logTail(fraction));
  return logEdges(sum, fma(exponent, format.ln2High, fraction + tail));
}

static Number log1pBody(Formula &f) {
  Number x = f.argument(0, "x");
  return copysign(log1p(x), x);
}

/// asinh |x| = ln(1 + |x| + x^2 / (1 + sqrt(x^2 + 1)))
static Number asinhBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number a = abs(x);
  Number large = a > formatOf(x).hyperbolicLarge;
  Number square = a * a;
  Number small = a + square / (sqrt(square + 1.0) + 1.0);
  Number result = log1p(select(large, a - 1.0, small));
  return copysign(select(large, result + kLn2, result), x);
}

/// acosh x = ln(1 + t + sqrt(t (t + 2))), t = x - 1
static Number acoshBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number large = x > formatOf(x).hyperbolicLarge;
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

/// Below 1 an odd polynomial, above 1 - e^p(|x|), with two of them; from 6 on it is 1.
static Number erfDouble(Number x) {
  Number a = abs(x);
  a = select(a > 6, 6, a).as("a");
  Number p = polynomial(a * a, {0.1283791670955126, -0.37612638903183754, 0.1128379167095512, -0.02686617064512984,
                                0.0052239776254232985, -0.000854832702193483, 0.00012055332902888736,
                                -1.4925647567519332e-05, 1.6462045441468418e-06, -1.6364642158167616e-07,
                                1.4792401209404813e-08, -1.216456005728345e-09, 8.709045129053106e-11,
                                -4.230945824295338e-12});
  Number small = (x * p + x).as("small");
  Number middle = polynomial(
      (a - 1.65) * (1 / 0.65),
      {-3.930980825865526, -2.455867716337744, -0.3817249943027508, -0.0061759857074954036, 0.000916449983643896,
       -0.0001245957488852932, 1.4426877894596203e-05, -1.1780341938550559e-06, -5.575310622505187e-09,
       2.817035324227669e-08, -7.301203266968123e-09, 1.2549992645531968e-09, -1.5078847899116934e-10,
       4.723766278290228e-12, 2.5503342857741835e-12});
  Number far = polynomial(
      (a - 4.15) * (1 / 1.85),
      {-19.24514986314944, -15.778018542349137, -3.337197202477053, -0.021929058329235848, 0.006072380738774111,
       -0.0017175219728874126, 0.0004839253005905713, -0.0001337014069106884, 3.574481317764101e-05,
       -9.104704410208687e-06, 2.1507208994576194e-06, -4.5313193811477415e-07, 8.516705420198355e-08,
       -7.569025723406433e-09, -9.090511377519597e-09, 4.216700825520866e-09});
  Exponential e = splitExp(select(a > 2.3, far, middle));
  Number rest = (e.fraction + 1.0) * powerOf2(e.exponent);
  Number large = copysign(1.0 - rest, x).as("large");
  return select(abs(x) > 1, large, small);
}

/// Below 0.9 an odd polynomial, above 1 - e^p(|x|); from 3.92 on it is 1.
static Number erfBody(Formula &f) {
  Number x = f.argument(0, "x");
  if (isDouble(x))
    return erfDouble(x);
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
  if (isDouble(x)) {
    // The first two parts have 33 bits.
    Number shifted = x * kTwoOverPi + kRound64;
    Number n = (shifted - kRound64).as("n");
    Number rest = x - n * 0x1.921fb544p+0;
    rest = rest - n * 0x1.0b4611a6p-34;
    rest = rest - n * 0x1.3198a2e037073p-69;
    return {bounded(rest), bits(shifted)};
  }
  if (x.getFormula().hasFma()) {
    Number shifted = fma(x, kTwoOverPi, single.round);
    Number n = (shifted - single.round).as("n");
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
  Number p = isDouble(r) ? polynomial(square, {-0.16666666666666666, 0.008333333333333331, -0.000198412698412641,
                                               2.7557319218602575e-06, -2.5052105981350752e-08, 1.6058492556729892e-10,
                                               -7.584436884170301e-13})
                         : polynomial(square, {-0.166666552, 0.00833218731, -0.000195178975});
  return fma(r, square * p, r).as("sine");
}
static Number cosSmall(Number r) {
  Number square = r * r;
  Number p = isDouble(r) ? polynomial(square, {0.041666666666666664, -0.0013888888888888887, 2.480158730158411e-05,
                                               -2.7557319220993294e-07, 2.0876755651474404e-09,
                                               -1.1470439169481705e-11, 4.7446152351836426e-14})
                         : polynomial(square, {0.0416666456, -0.00138873095, 2.44323273e-05});
  return fma(square * square, p, square * -0.5 + 1.0)
      .as("cosine");
}

static Number isOdd(Number quarters) { return (quarters & int64_t(1)) == 1; }

/// The value with its sign changed in the third and fourth quarter.
static Number signOfQuarter(Number value, Number quarters) {
  return fromBits(bits(value) ^ ((quarters & int64_t(2)) << (isDouble(value) ? 62 : 30)));
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
  if (isDouble(x)) {
    // Above tan(pi/8) once more: atan t = pi/4 + atan((t - 1) / (t + 1)).
    Number upper = t > 0.41421356237309503;
    Number u = select(upper, (t - 1.0) / (t + 1.0), t).as("u");
    Number square = u * u;
    Number p = polynomial(square, {-0.3333333333333333, 0.19999999999999804, -0.14285714285659748, 0.11111111105147764,
                                   -0.09090908753118594, 0.07692296363979952, -0.066664246872465, 0.05878926715756726,
                                   -0.052304374642516874, 0.045515165635903104, -0.0345685906686069,
                                   0.01628357235648259});
    Number angle = (u * (square * p) + u).as("angle");
    Number flat = select(upper, (angle + twice.halfPiLow / 2) + twice.halfPi / 2, angle).as("flat");
    return copysign(select(steep, twice.halfPi - (flat - twice.halfPiLow), flat), x);
  }
  Number square = t * t;
  Number p = polynomial(square, {-0.333332986, 0.199985296, -0.142640144,
                                 0.109508611, -0.0839920789, 0.0578788705,
                                 -0.0310935341, 0.0108662723, -0.00178214512});
  Number flat = fma(t, square * p, t).as("flat");
  return copysign(select(steep, single.halfPi - (flat - single.halfPiLow), flat), x);
}

/// asin of t = sqrt(square), |t| <= 1/2.
static Number asinSmall(Number t, Number square) {
  if (isDouble(t)) {
    Number p = polynomial(square, {0.16666666666666669, 0.07499999999998433, 0.04464285714635543, 0.030381944138531247,
                                   0.02237217294214989, 0.017352392720869973, 0.013971212973552933,
                                   0.011479177415184906, 0.01032281435018578, 0.005457506718640358, 0.01740087944269402,
                                   -0.014851887071247204, 0.028757851367421566});
    return t * (square * p) + t;
  }
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
  Number outer = formatOf(x).halfPi - (angle * 2.0 - formatOf(x).halfPiLow);
  return copysign(select(large, outer, angle), x);
}

static Number acosBody(Formula &f) {
  Number x = f.argument(0, "x");
  Number a = abs(x);
  Number large = a > 0.5;
  Number square = select(large, (1.0 - a) * 0.5, a * a).as("square");
  Number t = select(large, sqrt(square), x).as("t");
  Number angle = asinSmall(t, square).as("angle");
  Number doubled = angle * 2.0;
  const Format &format = formatOf(x);
  Number outer = select(x < 0, format.pi - (doubled - format.piLow), doubled);
  return select(large, outer, format.halfPi - (angle - format.halfPiLow));
}

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

namespace {
/// A number as the sum of two, of which the second is what the first has lost.
struct Pair {
  Number high, low;
};
} // namespace

/// a + b, exactly, where |a| is not less than |b|.
static Pair addOrdered(Number a, Number b) {
  Number sum = a + b;
  return {sum, b - (sum - a)};
}
static Pair addExactly(Number a, Number b) {
  Number sum = a + b;
  Number part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}
/// a * b, exactly: halves of the numbers have exact products.
static Pair multiplyExactly(Number a, Number b) {
  auto split = [](Number x) {
    Number high = fromBits(bits(x) & ~int64_t(0x7FFFFFF));
    return Pair{high, x - high};
  };
  Pair x = split(a), y = split(b);
  Number product = a * b;
  Number rest = x.high * y.high - product;
  rest = rest + x.high * y.low + x.low * y.high;
  return {product, rest + x.low * y.low};
}
static Pair multiply(Pair a, Pair b) {
  Pair product = multiplyExactly(a.high, b.high);
  return addOrdered(product.high, product.low + (a.high * b.low + a.low * b.high));
}
static Pair add(Pair a, Pair b) {
  Pair sum = addExactly(a.high, b.high);
  return addOrdered(sum.high, sum.low + (a.low + b.low));
}

/// log2 of a positive normal number, as log2 of 2^e (1+s)/(1-s) = e + 2/ln 2 (s + s^3/3 + ...).
static Pair log2InPairs(Number a) {
  auto [offset, fraction] = splitLog(a);
  Formula &f = a.getFormula();
  auto constant = [&](double value) { return f.constant(value, a.get().getType()); };
  // s = fraction / (2 + fraction)
  Pair divisor = addOrdered(constant(2.0), fraction);
  Number s = fraction / divisor.high;
  Pair back = multiplyExactly(s, divisor.high);
  Number rest = ((fraction - back.high) - back.low) - s * divisor.low;
  Pair ratio = addOrdered(s, rest / divisor.high);
  Pair square = multiply(ratio, ratio);
  Pair cube = multiply(square, ratio);
  Number z = square.high;
  Number tail = polynomial(z, {0.5770780163555858, 0.4121985831098304, 0.3205988986817133, 0.2623080457359046,
                               0.22196693883095805, 0.1916753761662772, 0.18630996531668814});
  Pair first = multiply(ratio, {constant(0x1.71547652b82fep+1), constant(0x1.777d0ffda0d24p-55)});
  Pair second = multiply(cube, {constant(0x1.ec709dc3a03fdp-1), constant(0x1.d27f05548af0cp-55)});
  Pair small = add(second, {cube.high * z * tail, constant(0)});
  Pair log = add(first, small);
  Pair whole = addExactly(toFloat(offset), log.high);
  return addOrdered(whole.high, whole.low + log.low);
}

/// 2^(y log2 |x|), the logarithm and the product in two parts, which carry what the power magnifies; then the sign and the cases
/// of IEEE 754's pow.
static Number powDouble(Formula &f) {
  Number x = f.argument(0, "x");
  Number y = f.argument(1, "y");
  Number a = abs(x).as("a");
  Number tiny = a < 0x1p-1022;
  Pair log = log2InPairs(select(tiny, a * 0x1p52, a));
  Number exponentHigh = select(tiny, log.high - 52.0, log.high);
  Number exponentLow = select(tiny, log.low + ((log.high - exponentHigh) - 52.0), log.low);
  // Products of greater powers could overflow on the way; they are infinite or 0 anyway, and 1 to their power is 1.
  Number bounded = clamp(y, -0x1p80, 0x1p80);
  Pair power = multiplyExactly(bounded, exponentHigh);
  Number low = power.low + bounded * exponentLow;
  Number high = clamp(power.high, -1200, 1200).as("power");
  low = select(abs(power.high) < 1100, low, 0.0);
  Number shifted = high + kRound64;
  Number r = ((high - (shifted - kRound64)) + low).as("r");
  Number p = polynomial(r, {0.24022650695910072, 0.0555041086648216, 0.009618129107628479, 0.0013333558146416842,
                            0.00015403530393375868, 1.525273382999124e-05, 1.3215486802980713e-06, 1.0178062351388103e-07,
                            7.0548999096177775e-09, 4.4549794711760616e-10, 2.5725173994577337e-11});
  Number fraction = r * (r * p + kLn2);
  Number result = scale({bits(shifted) - twice.roundBits, fraction}).as("magnitude");
  // 0 and infinity have no logarithm; what they give depends on the sign of y alone.
  Number grows = (a > 1) ^ (y < 0);
  Number infinite = select(grows, f.constant(kInfinity, x.get().getType()), f.constant(0, x.get().getType()));
  result = select((a == kInfinity) | (a == 0), infinite, result);
  result = select(abs(y) == kInfinity, select(a == 1, 1.0, infinite), result);
  result = select(x != x, x, result);
  result = select(y != y, y, result);

  // From 2^53 on every double is even.
  Number size = abs(y);
  Number isFraction = floor(size) != size;
  Number half = size * 0.5;
  Number isOdd = (floor(half) != half) ^ isFraction;
  isOdd = isOdd & (size < 0x1p53);
  Number minus = bits(x) & std::numeric_limits<int64_t>::min();
  Number none = f.integer(0, minus.get().getType());
  result = fromBits(bits(result) ^ select(isOdd, minus, none));
  Number undefined = (x < 0) & (x > -kInfinity) & isFraction & (size < kInfinity);
  result = select(undefined, kNaN, result);
  result = select(x == 1, 1.0, result);
  return select(y == 0, 1.0, result);
}

/// 2^(y log2 |x|) in f64, which carries what the product magnifies; then the
/// sign and the cases of IEEE 754's pow.
static Number powfBody(Formula &f) {
  Number x = f.argument(0, "x");
  if (isDouble(x))
    return powDouble(f);
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
    {"cos", "cosine; error below 2.5 ULP to |x| = 1e5", 1, cosBody},
    {"cosh", "hyperbolic cosine; error below 2 ULP", 1, coshBody},
    {"erf", "error function; error below 2 ULP", 1, erfBody},
    {"exp", "e^x; error below 1.5 ULP", 1, expBody},
    {"exp2", "2^x; error below 1.5 ULP", 1, exp2Body},
    {"expm1", "e^x - 1; error below 2 ULP", 1, expm1Body},
    {"log", "natural logarithm; error below 1.5 ULP", 1, logBody},
    {"log10", "decimal logarithm; error below 2.5 ULP", 1, log10Body},
    {"log1p", "ln(1 + x); error below 2 ULP", 1, log1pBody},
    {"log2", "binary logarithm; error below 2.5 ULP", 1, log2Body},
    {"powf", "x^y; error below 1.5 ULP", 2, powfBody},
    {"sin", "sine; error below 2.5 ULP to |x| = 1e5", 1, sinBody},
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
