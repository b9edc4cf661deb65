//===- Quantized.cpp - integers with a scale and a zero point -------------===//
//
// QuantizeLinear-25, DequantizeLinear-25, DynamicQuantizeLinear-11, QLinearConv-10, QLinearMatMul-21, ConvInteger-10, MatMulInteger-10.
// Products are computed on int32, exactly, with the zero points taken off first.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Convolution.h"
#include "compiler/lower/MatMul.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// The least and greatest integer of a type, as doubles.
static std::pair<double, double> integerRange(Type type, bool isUnsigned) {
  unsigned width = type.getIntOrFloatBitWidth();
  double span = std::ldexp(1.0, width);
  return isUnsigned ? std::pair(0.0, span - 1)
                    : std::pair(-span / 2, span / 2 - 1);
}

/// round(x) + zeroPoint in the integer type, at its limits outside of it. `zeroPoint` is a float of x's type, or null. NaN
/// becomes the least integer.
static Value saturate(LocBuilder &b, Value x, Value zeroPoint, Type to,
                      bool isUnsigned) {
  Type type = x.getType();
  auto [low, high] = integerRange(to, isUnsigned);
  Value rounded = math::RoundEvenOp::create(b, x);
  if (zeroPoint)
    rounded = add(b, rounded, zeroPoint);
  Value least = scalar(b, type, low), most = scalar(b, type, high);
  auto choose = [&](arith::CmpFPredicate predicate, Value limit) -> Value {
    Value inside = arith::CmpFOp::create(b, predicate, rounded, limit);
    return arith::SelectOp::create(b, inside, rounded, limit);
  };
  rounded = choose(arith::CmpFPredicate::OGT, least);
  rounded = choose(arith::CmpFPredicate::OLT, most);
  return castScalar(b, rounded, to, false, isUnsigned);
}

namespace {
/// Scale and zero point of a tensor: one, one for each place of an axis, or one for each block of it.
struct Parameters {
  Value scale, zeroPoint;
  AffineMap map;
};
} // namespace

/// The parameters in operands `first` and `first + 1`, and how an element of `shape` finds its own.
static FailureOr<Parameters> readParameters(Node &node, unsigned first,
                                            ArrayRef<int64_t> shape) {
  LocBuilder &b = node.b;
  MLIRContext *context = b.getContext();
  int64_t rank = shape.size();
  Parameters result{node.operand(first), node.operand(first + 1), {}};
  RankedTensorType type = tensorType(result.scale);
  auto wrong = [&] {
    return node.fail("the scale's or the zero point's shape does not fit the "
                     "input; correct the model");
  };
  if (result.zeroPoint &&
      tensorType(result.zeroPoint).getNumElements() != type.getNumElements())
    return wrong();
  if (type.getNumElements() == 1 && type.getRank() <= 1) {
    result.scale = reshape(b, result.scale, {});
    if (result.zeroPoint)
      result.zeroPoint = reshape(b, result.zeroPoint, {});
    result.map = AffineMap::get(rank, 0, {}, context);
    return result;
  }
  auto axis = node.axis("axis", 1, rank);
  if (!axis)
    return wrong();
  if (result.zeroPoint &&
      tensorType(result.zeroPoint).getShape() != type.getShape())
    return wrong();
  if (type.getRank() == 1) {
    if (type.getDimSize(0) != shape[*axis])
      return wrong();
    result.map = AffineMap::get(rank, 0, b.getAffineDimExpr(*axis));
    return result;
  }
  int64_t block = node.attrInt("block_size", 0);
  if (type.getRank() != rank || block < 1)
    return wrong();
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i) {
    AffineExpr dim = b.getAffineDimExpr(i);
    int64_t needed = i == *axis ? (shape[i] - 1) / block + 1 : shape[i];
    if (type.getDimSize(i) != needed)
      return wrong();
    exprs.push_back(i == *axis ? dim.floorDiv(block) : dim);
  }
  result.map = AffineMap::get(rank, 0, exprs, context);
  return result;
}

static LogicalResult checkIntegers(Node &node, Type type) {
  if (isa<IntegerType>(type) && type.getIntOrFloatBitWidth() >= 8)
    return success();
  return node.fail("quantised elements other than integers of 8 to 32 bits are "
                   "not supported");
}

static LogicalResult lowerQuantizeLinear(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Type to = type.getElementType();
  bool isUnsigned = node.isUnsignedResult(0);
  FailureOr<Parameters> p = readParameters(node, 1, node.shape(0));
  if (failed(p) || failed(checkIntegers(node, to)))
    return failure();
  SmallVector<Value> operands{node.operand(0), p->scale};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(type.getRank()), p->map};
  if (p->zeroPoint) {
    operands.push_back(p->zeroPoint);
    maps.push_back(p->map);
  }
  bool wideInput = node.element(0).isF64();
  Type real = wideInput ? Type(b.getF64Type()) : Type(b.getF32Type());
  return node.done(mapped(
      b, operands, maps, type, [&](LocBuilder &b, ValueRange s) {
        Value x = castScalar(b, s[0], real, false, false);
        Value scaled = div(b, x, castScalar(b, s[1], real, false, false));
        Value zero = s.size() > 2
                         ? castScalar(b, s[2], real, isUnsigned, false)
                         : Value();
        return saturate(b, scaled, zero, to, isUnsigned);
      }));
}

/// x - zero point, on int32.
static Value centred(LocBuilder &b, Value x, Value zeroPoint, bool isUnsigned,
                     bool zeroUnsigned, AffineMap map) {
  RankedTensorType type = tensorType(x);
  Type i32 = b.getI32Type();
  SmallVector<Value> operands{x};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(type.getRank())};
  if (zeroPoint) {
    operands.push_back(zeroPoint);
    maps.push_back(map);
  }
  return mapped(b, operands, maps, tensorType(type.getShape(), i32),
                [&](LocBuilder &b, ValueRange s) {
                  Value wide = castScalar(b, s[0], i32, isUnsigned, false);
                  if (s.size() == 1)
                    return wide;
                  return sub(b, wide,
                             castScalar(b, s[1], i32, zeroUnsigned, false));
                });
}

static LogicalResult lowerDequantizeLinear(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  FailureOr<Parameters> p = readParameters(node, 1, node.shape(0));
  if (failed(p) || failed(checkIntegers(node, node.element(0))))
    return failure();
  bool isUnsigned = node.isUnsigned(0);
  Type to = type.getElementType(), i32 = b.getI32Type();
  Type real = b.getF32Type();
  SmallVector<Value> operands{node.operand(0), p->scale};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(type.getRank()), p->map};
  if (p->zeroPoint) {
    operands.push_back(p->zeroPoint);
    maps.push_back(p->map);
  }
  return node.done(mapped(
      b, operands, maps, type, [&](LocBuilder &b, ValueRange s) {
        Value wide = castScalar(b, s[0], i32, isUnsigned, false);
        if (s.size() > 2)
          wide = sub(b, wide, castScalar(b, s[2], i32, isUnsigned, false));
        Value x = castScalar(b, wide, real, false, false);
        Value scaled = mul(b, x, castScalar(b, s[1], real, false, false));
        return castScalar(b, scaled, to, false, false);
      }));
}

/// DynamicQuantizeLinear-11: scale and zero point from the extremes, 0 included.
static LogicalResult lowerDynamicQuantize(Node &node) {
  LocBuilder &b = node.b;
  Value x = node.operand(0);
  Type real = node.element(0), i8 = b.getI8Type();
  SmallVector<int64_t> axes;
  llvm::append_range(axes, llvm::seq<int64_t>(0, node.rank(0)));
  Value zero = splat(b, tensorType({}, real), numberAttr(real, 0));
  RankedTensorType number = tensorType({}, real);
  auto extreme = [&](bool greatest) {
    Value value = axes.empty() ? x
                               : reduceAxes(b, x, axes,
                                            greatest ? lowestAttr(real, false)
                                                     : highestAttr(real, false),
                                            [&](LocBuilder &b, ValueRange s) {
                                              return greatest
                                                         ? maximum(b, s[1], s[0])
                                                         : minimum(b, s[1], s[0]);
                                            });
    return pointwise(b, {value, zero}, number, [&](LocBuilder &b, ValueRange s) {
      return greatest ? maximum(b, s[0], s[1]) : minimum(b, s[0], s[1]);
    });
  };
  Value most = extreme(true), least = extreme(false);
  Value scale = pointwise(b, {most, least}, number,
                          [&](LocBuilder &b, ValueRange s) {
                            return div(b, sub(b, s[0], s[1]),
                                       scalar(b, real, 255));
                          });
  // All zeros have the scale 0; they become the zero point.
  auto divide = [&](LocBuilder &b, Value value, Value by) -> Value {
    Value none = scalar(b, real, 0);
    Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, by, none);
    Value safe = arith::SelectOp::create(b, isZero, scalar(b, real, 1), by);
    return div(b, value, safe);
  };
  Value zeroPoint = pointwise(
      b, {least, scale}, tensorType({}, i8), [&](LocBuilder &b, ValueRange s) {
        Value moved = sub(b, scalar(b, real, 0), divide(b, s[0], s[1]));
        return saturate(b, moved, {}, i8, /*isUnsigned=*/true);
      });
  node.set(1, scale);
  node.set(2, zeroPoint);
  return node.done(pointwise(
      b, {x, scale, zeroPoint}, node.resultType(),
      [&](LocBuilder &b, ValueRange s) {
        Value zero = castScalar(b, s[2], real, true, false);
        return saturate(b, divide(b, s[0], s[1]), zero, i8, true);
      }));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The operand less its zero point. A zero point of several numbers has one for each place of `axis`.
static FailureOr<Value> takeOff(Node &node, unsigned x, unsigned zeroPoint,
                                int64_t axis) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(x);
  Value zero = node.operand(zeroPoint);
  AffineMap map = AffineMap::get(rank, 0, {}, b.getContext());
  if (zero && tensorType(zero).getNumElements() == 1) {
    zero = reshape(b, zero, {});
  } else if (zero) {
    if (node.rank(zeroPoint) != 1 || axis < 0 || axis >= rank ||
        node.shape(zeroPoint)[0] != node.shape(x)[axis])
      return node.fail("a zero point has a shape that is not supported; use "
                       "one number or one a channel");
    map = AffineMap::get(rank, 0, b.getAffineDimExpr(axis));
  }
  return centred(b, node.operand(x), zero, node.isUnsigned(x),
                 node.isUnsigned(zeroPoint), map);
}

static FailureOr<Value> convolveIntegers(Node &node, Value x, Value w,
                                         unsigned xAt, unsigned wAt) {
  int64_t group = node.attrInt("group", 1);
  if (failed(checkConvolution(node, xAt, wAt, group, /*transposed=*/false)))
    return failure();
  LocBuilder &b = node.b;
  ArrayRef<int64_t> space = node.shape(xAt).drop_front(2);
  ArrayRef<int64_t> output = node.resultType().getShape().drop_front(2);
  Window window;
  if (failed(readWindow(node, space, node.shape(wAt).drop_front(2), window)) ||
      failed(resolvePadding(node, space, output, window)))
    return failure();
  Type i32 = b.getI32Type();
  Value padded = padWindow(b, x, window, 2, numberAttr(i32, 0));
  return convolve(b, padded, w, window, group, output, i32);
}

static LogicalResult lowerConvInteger(Node &node) {
  FailureOr<Value> x = takeOff(node, 0, 2, -1), w = takeOff(node, 1, 3, 0);
  if (failed(x) || failed(w))
    return failure();
  FailureOr<Value> result = convolveIntegers(node, *x, *w, 0, 1);
  return failed(result) ? failure() : node.done(*result);
}

static LogicalResult lowerMatMulInteger(Node &node) {
  // Zero points of a matrix: one for each row of A, one for each column of B.
  FailureOr<Value> x = takeOff(node, 0, 2, node.rank(0) - 2);
  FailureOr<Value> w = takeOff(node, 1, 3, node.rank(1) - 1);
  if (failed(x) || failed(w))
    return failure();
  return node.done(matmul(node.b, *x, *w, node.resultType()));
}

/// The int32 sums times xScale * wScale / yScale, rounded into the result's type. Scales of w may be one for each place of `axis`.
static LogicalResult requantize(Node &node, Value sum, unsigned xScale,
                                unsigned wScale, unsigned yScale,
                                unsigned yZero, int64_t axis) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  int64_t rank = type.getRank();
  bool isUnsigned = node.isUnsignedResult(0);
  MLIRContext *context = b.getContext();
  AffineMap one = AffineMap::get(rank, 0, {}, context);
  SmallVector<Value> operands{sum};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(rank)};
  for (unsigned i : {xScale, wScale, yScale, yZero}) {
    Value value = node.operand(i);
    AffineMap map = one;
    if (tensorType(value).getNumElements() == 1) {
      value = reshape(b, value, {});
    } else if (i == wScale && node.rank(i) == 1 && axis >= 0 &&
               node.shape(i)[0] == type.getDimSize(axis)) {
      map = AffineMap::get(rank, 0, b.getAffineDimExpr(axis));
    } else {
      return node.fail("a scale has a shape that is not supported; use one "
                       "number or one a channel");
    }
    operands.push_back(value);
    maps.push_back(map);
  }
  Type real = b.getF32Type();
  return node.done(mapped(
      b, operands, maps, type, [&](LocBuilder &b, ValueRange s) {
        auto number = [&](Value value) {
          return castScalar(b, value, real, false, false);
        };
        Value factor = div(b, mul(b, number(s[1]), number(s[2])), number(s[3]));
        Value scaled = mul(b, number(s[0]), factor);
        Value zero = castScalar(b, s[4], real, isUnsigned, false);
        return saturate(b, scaled, zero, type.getElementType(), isUnsigned);
      }));
}

static LogicalResult lowerQLinearConv(Node &node) {
  LocBuilder &b = node.b;
  FailureOr<Value> x = takeOff(node, 0, 2, -1), w = takeOff(node, 3, 5, 0);
  if (failed(x) || failed(w) || failed(checkBias(node, 8, node.shape(3)[0])))
    return failure();
  FailureOr<Value> sum = convolveIntegers(node, *x, *w, 0, 3);
  if (failed(sum))
    return failure();
  Value total = node.has(8) ? addChannelBias(b, *sum, node.operand(8)) : *sum;
  return requantize(node, total, 1, 4, 6, 7, /*axis=*/1);
}

static LogicalResult lowerQLinearMatMul(Node &node) {
  FailureOr<Value> x = takeOff(node, 0, 2, node.rank(0) - 2);
  FailureOr<Value> w = takeOff(node, 3, 5, node.rank(3) - 1);
  if (failed(x) || failed(w))
    return failure();
  RankedTensorType type = node.resultType();
  Value sum = matmul(node.b, *x, *w,
                     tensorType(type.getShape(), node.b.getI32Type()));
  return requantize(node, sum, 1, 4, 6, 7, type.getRank() - 1);
}

void lower::addQuantized(Registry &r) {
  r["onnx.QuantizeLinear"] = lowerQuantizeLinear;
  r["onnx.DequantizeLinear"] = lowerDequantizeLinear;
  r["onnx.DynamicQuantizeLinear"] = lowerDynamicQuantize;
  r["onnx.ConvInteger"] = lowerConvInteger;
  r["onnx.MatMulInteger"] = lowerMatMulInteger;
  r["onnx.QLinearConv"] = lowerQLinearConv;
  r["onnx.QLinearMatMul"] = lowerQLinearMatMul;
}
