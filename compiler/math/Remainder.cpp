//===- Remainder.cpp - the remainder of a division of floats --------------===//
//
// Long division of the mantissas, a bit a step: as many steps as the exponents differ by. Every step is exact.
//
//===----------------------------------------------------------------------===//
#include "compiler/math/Remainder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
using arith::CmpIPredicate;

namespace {
class Writer {
public:
  explicit Writer(func::FuncOp function)
      : b(ImplicitLocOpBuilder::atBlockEnd(function.getLoc(), &function.getBody().front())), real(cast<FloatType>(function.getArgumentTypes()[0])),
        integer(b.getIntegerType(real.getWidth())), mantissa(real.isF64() ? 52 : 23), x(function.getArgument(0)), y(function.getArgument(1)) {}

  void write() {
    Value xBits = magnitude(x), yBits = magnitude(y);
    auto [xMantissa, xExponent] = split(xBits);
    auto [yMantissa, yExponent] = split(yBits);
    Value zero = number(0), one = number(1);
    // A quotient below 1 takes no step, and the remainder is x itself.
    Value steps = arith::MaxSIOp::create(b, arith::SubIOp::create(b, xExponent, yExponent), zero);
    Value count = arith::IndexCastOp::create(b, b.getIndexType(), steps);
    Value begin = arith::ConstantIndexOp::create(b, 0), step = arith::ConstantIndexOp::create(b, 1);
    // The mantissa of a denormal may go into the other one many times at first; of zero nothing counts.
    Value first = arith::RemUIOp::create(b, xMantissa, arith::MaxSIOp::create(b, yMantissa, one));
    auto loop = scf::ForOp::create(b, begin, count, step, ValueRange(first));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToEnd(loop.getBody());
      Value twice = arith::ShLIOp::create(b, loop.getRegionIterArg(0), one);
      Value fits = arith::CmpIOp::create(b, CmpIPredicate::sge, twice, yMantissa);
      scf::YieldOp::create(b, ValueRange(arith::SelectOp::create(b, fits, arith::SubIOp::create(b, twice, yMantissa), twice)));
    }
    Value rest = loop.getResult(0);

    // The mantissa back in its place: as a float it is exact, and so is its product with the power of two.
    Value whole = arith::SIToFPOp::create(b, real, rest);
    Value scaled = arith::MulFOp::create(b, whole, powerOfTwo(yExponent));
    Value result = math::CopySignOp::create(b, scaled, x);
    Value isLess = arith::CmpIOp::create(b, CmpIPredicate::slt, xBits, yBits);
    result = arith::SelectOp::create(b, isLess, x, result);
    Value infinity = number(int64_t(2 * bias() + 1) << mantissa);
    Value xBad = arith::CmpIOp::create(b, CmpIPredicate::sge, xBits, infinity);
    Value yBad = arith::OrIOp::create(b, arith::CmpIOp::create(b, CmpIPredicate::sgt, yBits, infinity),
                                      arith::CmpIOp::create(b, CmpIPredicate::eq, yBits, zero));
    Value nan = arith::ConstantOp::create(b, FloatAttr::get(real, NAN));
    result = arith::SelectOp::create(b, arith::OrIOp::create(b, xBad, yBad), nan, result);
    func::ReturnOp::create(b, result);
  }

private:
  int64_t bias() const { return real.isF64() ? 1023 : 127; }
  Value number(int64_t value) { return arith::ConstantOp::create(b, IntegerAttr::get(integer, value)); }

  Value magnitude(Value value) {
    Value bits = arith::BitcastOp::create(b, integer, value);
    int64_t mask = real.isF64() ? INT64_MAX : INT32_MAX;
    return arith::AndIOp::create(b, bits, number(mask));
  }

  /// The number as mantissa times 2^(exponent - bias - bits of the mantissa); the exponent of denormals is 1.
  std::pair<Value, Value> split(Value bits) {
    Value raw = arith::ShRUIOp::create(b, bits, number(mantissa));
    Value isDenormal = arith::CmpIOp::create(b, CmpIPredicate::eq, raw, number(0));
    Value fraction = arith::AndIOp::create(b, bits, number((int64_t(1) << mantissa) - 1));
    Value hidden = arith::OrIOp::create(b, fraction, number(int64_t(1) << mantissa));
    return {arith::SelectOp::create(b, isDenormal, fraction, hidden), arith::SelectOp::create(b, isDenormal, number(1), raw)};
  }

  /// 2^(exponent - bias - bits of the mantissa), which may be a denormal.
  Value powerOfTwo(Value exponent) {
    Value place = number(mantissa);
    Value isNormal = arith::CmpIOp::create(b, CmpIPredicate::sgt, exponent, place);
    Value normal = arith::ShLIOp::create(b, arith::SubIOp::create(b, exponent, place), place);
    // 2^(1 - bias - bits) is the least denormal, the number 1 in bits.
    Value shift = arith::SelectOp::create(b, isNormal, number(0), arith::SubIOp::create(b, exponent, number(1)));
    Value denormal = arith::ShLIOp::create(b, number(1), shift);
    return arith::BitcastOp::create(b, real, arith::SelectOp::create(b, isNormal, normal, denormal));
  }

  ImplicitLocOpBuilder b;
  FloatType real;
  IntegerType integer;
  int64_t mantissa;
  Value x, y;
};
} // namespace

void ingot::writeRemainder(func::FuncOp function) { Writer(function).write(); }
