//===- Formats.cpp - conversions between number formats -------------------===//
#include "compiler/math/Formats.h"
#include "llvm/ADT/APFloat.h"
#include <cmath>

using namespace mlir;
using namespace ingot;

static constexpr int64_t kInfinityBits = 0x7F800000;
static constexpr int64_t kNaNBits = 0x7FC00000;
static constexpr int64_t kQuietBit = 0x400000;
static constexpr int64_t kMagnitude = 0x7FFFFFFF;

namespace {
/// A float format with a sign, as numbers; `magnitude` masks what is not the sign.
struct Layout {
  explicit Layout(FloatType type) {
    const llvm::fltSemantics &format = type.getFloatSemantics();
    width = type.getWidth();
    mantissa = APFloat::semanticsPrecision(format) - 1;
    leastExponent = APFloat::semanticsMinExponent(format);
    magnitude = (int64_t(1) << (width - 1)) - 1;
    largest = bitsOf(APFloat::getLargest(format));
    if (APFloat::semanticsHasInf(format))
      infinity = bitsOf(APFloat::getInf(format));
    if (APFloat::semanticsHasNaN(format))
      nan = bitsOf(APFloat::getQNaN(format));
  }

  static int64_t bitsOf(const APFloat &value) {
    return value.bitcastToAPInt().getZExtValue();
  }

  /// Places that a mantissa moves by between the format and float32.
  unsigned shift() const { return 23 - mantissa; }
  /// What float32's exponents have more, in place.
  int64_t rebias() const { return (leastExponent + 126) << 23; }
  /// The exponents are float32's.
  bool hasWideExponents() const { return leastExponent == -126; }
  /// The only NaN is where the negative zero would be.
  bool isUnsignedZero() const { return nan == magnitude + 1; }

  unsigned width, mantissa;
  int leastExponent;
  int64_t magnitude, largest, infinity = 0, nan = 0;
};
} // namespace

static bool isPowerOfTwoFormat(FloatType type) { return isa<Float8E8M0FNUType>(type); }

IntegerType ingot::codeType(FloatType format) {
  return IntegerType::get(format.getContext(), format.getWidth() > 8 ? 16 : 8);
}

static Number decodePowerOfTwo(Number code) {
  Formula &f = code.getFormula();
  Type type = code.get().getType();
  // 2^-127 is a denormal.
  Number bits = select(code == 0, f.integer(kQuietBit, type), code << 23);
  return fromBits(select(code == 255, f.integer(kNaNBits, type), bits));
}

Number ingot::decode(Number narrow, FloatType type) {
  Formula &f = narrow.getFormula();
  Number code = extendTo(narrow, 32);
  Type wide = code.get().getType();
  if (isPowerOfTwoFormat(type))
    return decodePowerOfTwo(code);
  Layout format(type);
  // The upper bits of a float32; what is computed with a signalling NaN is quiet anyway.
  if (format.hasWideExponents() && format.infinity)
    return fromBits(code << (32 - format.width));
  Number magnitude = (code & format.magnitude).as("magnitude");
  Number sign = (logicalShift(code, format.width - 1) & int64_t(1)) << 31;
  Number result = magnitude << format.shift();
  if (!format.hasWideExponents()) {
    double unit = std::ldexp(1.0, format.leastExponent - int(format.mantissa));
    Number denormal = bits(intToFloat32(magnitude) * unit);
    Number normal = result + f.integer(format.rebias(), wide);
    result = select(magnitude < double(int64_t(1) << format.mantissa), denormal, normal);
  }
  if (format.infinity) {
    Number special = (magnitude << format.shift()) | kInfinityBits;
    special = select(magnitude > double(format.infinity), special | kQuietBit, special);
    result = select(magnitude < double(format.infinity), result, special);
  } else if (format.isUnsignedZero()) {
    return fromBits(select((code & (2 * format.magnitude + 1)) == double(format.nan), f.integer(kNaNBits, wide), result | sign));
  } else if (format.nan) {
    result = select(magnitude == double(format.nan), f.integer(kNaNBits, wide), result);
  }
  return fromBits(result | sign);
}

static Number encodePowerOfTwo(Number magnitude, Number isNegative, const Encoding &encoding) {
  Formula &f = magnitude.getFormula();
  Type type = magnitude.get().getType();
  constexpr int64_t kLeast = 0x400000, kLargest = 254, kNaN = 255;
  Number zero = f.integer(0, type), one = f.integer(1, type);
  Number fraction = magnitude & int64_t(0x7FFFFF);
  Number exponent = logicalShift(magnitude, 23);
  // Below 2^-126 the numbers are denormals, of which 2^-127 is the format's least.
  Number isDenormal = exponent == 0;
  Number code = exponent;
  if (encoding.rounding == "up")
    code = exponent + select(fraction > select(isDenormal, f.integer(kLeast, type), zero), one, zero);
  else if (encoding.rounding == "nearest")
    code = exponent + select(fraction > select(isDenormal, f.integer(kLeast * 3 / 2 - 1, type), f.integer(kLeast - 1, type)), one, zero);
  Number tooLarge = code > double(kLargest), tooSmall = magnitude < double(kLeast);
  code = select(tooLarge, f.integer(encoding.saturate ? kLargest : kNaN, type), code);
  code = select(tooSmall, f.integer(encoding.saturate ? 0 : kNaN, type), code);
  Number isNaN = (magnitude > double(kInfinityBits)) | (isNegative & (magnitude > 0));
  return select(isNaN, f.integer(kNaN, type), code);
}

Number ingot::encode(Number value, const Encoding &encoding) {
  Formula &f = value.getFormula();
  Number all = bits(value);
  Type type = all.get().getType();
  Number magnitude = (all & kMagnitude).as("magnitude");
  unsigned codeWidth = codeType(encoding.format).getWidth();
  if (isPowerOfTwoFormat(encoding.format))
    return cutTo(encodePowerOfTwo(magnitude, all < 0, encoding), codeWidth);
  Layout format(encoding.format);
  Number sign = logicalShift(all, 31) << (format.width - 1);

  // To nearest even: half of the last place is added, or just less where the place is even.
  Number isOdd = logicalShift(magnitude, format.shift()) & int64_t(1);
  Number raised = magnitude + isOdd + double((int64_t(1) << (format.shift() - 1)) - 1);
  Number code = logicalShift(raised, format.shift()) - double(format.rebias() >> format.shift());
  if (!format.hasWideExponents()) {
    // A sum with a number of the right size rounds denormals to their unit, and leaves their number of units in its last bits.
    double sizeValue = std::ldexp(1.0, format.leastExponent - int(format.mantissa) + 23);
    Number size = f.constant(sizeValue, value.get().getType());
    Number units = bits(abs(value) + size) - bits(size);
    double least = double(int64_t(127 + format.leastExponent) << 23);
    code = select(magnitude < least, units, code);
  }
  Number tooLarge = code > double(format.largest);
  bool toLargest = encoding.saturate || !format.nan;
  Number isNaN = magnitude > double(kInfinityBits);
  if (format.isUnsignedZero()) {
    code = select(tooLarge, f.integer(format.largest, type), code);
    Number result = select(code == 0, code, code | sign);
    return cutTo(select(encoding.saturate ? isNaN : isNaN | tooLarge, f.integer(format.nan, type), result), codeWidth);
  }
  int64_t limit = toLargest ? format.largest : format.infinity ? format.infinity : format.nan;
  code = select(tooLarge, f.integer(limit, type), code);
  Number nan = f.integer(format.nan, type);
  // What fits of a NaN's message is kept.
  if (format.infinity)
    nan = nan | (logicalShift(magnitude, format.shift()) & ((int64_t(1) << format.mantissa) - 1));
  code = select(isNaN, nan, code);
  return cutTo(code | sign, codeWidth);
}

Number ingot::roundToOdd(Number value) {
  Number nearest = toFloat32(value).as("nearest");
  Number back = toFloat64(nearest);
  Number code = bits(nearest);
  Formula &f = value.getFormula();
  Number one = f.integer(1, code.get().getType()), zero = f.integer(0, code.get().getType());
  // Steps back towards zero where rounding went away from it. What is infinite already is so in the narrower format.
  Number isFinite = abs(nearest) < INFINITY;
  code = code - select(abs(back) > abs(value), one, zero);
  code = code | select(back != value, one, zero);
  return select(isFinite, fromBits(code), nearest);
}
