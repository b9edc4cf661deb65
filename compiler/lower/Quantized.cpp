//===- Quantized.cpp - integers with a scale and a zero point -------------===//
//
// QuantizeLinear-28, DequantizeLinear-28, DynamicQuantizeLinear-11, QLinearConv-10, QLinearMatMul-21, ConvInteger-10, MatMulInteger-10.
// Products are summed in int32, exactly, of factors of 16 bits or fewer with the zero points taken off; those of small floats in float32.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Convolution.h"
#include "compiler/lower/Formats.h"
#include "compiler/lower/MatMul.h"
#include "compiler/support/Elements.h"
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

/// x + zeroPoint, a float, in the type `to` of the onnx dialect: integers of round(x), at their limits outside of them, with NaN as the
/// least one; small floats by `rounding`. `zeroPoint` is a float of x's type, or null.
static Value saturate(LocBuilder &b, Value x, Value zeroPoint, Type to,
                      const Rounding &rounding = {}) {
  Type type = x.getType();
  if (isSmallFloat(to)) {
    if (zeroPoint)
      x = add(b, x, zeroPoint);
    return convertScalar(b, x, type, to, rounding);
  }
  bool isUnsigned = to.isUnsignedInteger();
  auto [low, high] = integerRange(to, isUnsigned);
  Value rounded = math::RoundEvenOp::create(b, x);
  if (zeroPoint)
    rounded = add(b, rounded, zeroPoint);
  rounded = arith::MaxNumFOp::create(b, rounded, scalar(b, type, low));
  rounded = arith::MinNumFOp::create(b, rounded, scalar(b, type, high));
  unsigned width = std::max(8u, to.getIntOrFloatBitWidth());
  return castScalar(b, rounded, b.getIntegerType(width), false, isUnsigned);
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
                                            const Shape &shape) {
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
      !node.agree(shapeOf(result.zeroPoint).count(), shapeOf(type).count()))
    return wrong();
  if (shapeOf(type).count() == 1 && type.getRank() <= 1) {
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
    if (!node.agree(shapeOf(type)[0], shape[*axis]))
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
    Extent needed = i == *axis ? (shape[i] - 1) / block + 1 : shape[i];
    if (!node.agree(shapeOf(type)[i], needed))
      return wrong();
    exprs.push_back(i == *axis ? dim.floorDiv(block) : dim);
  }
  result.map = AffineMap::get(rank, 0, exprs, context);
  return result;
}

/// The wider of two float types; of two halves of different kinds, float32.
static Type widerFloat(LocBuilder &b, Type x, Type y) {
  if (x == y)
    return x;
  // Integers and powers of two go by float32.
  return x.isF64() || y.isF64() ? Type(b.getF64Type()) : Type(b.getF32Type());
}

/// A zero point that is there and not a constant of zeros. (A small float's sum with zero would lose the sign of a zero.)
static bool movesZero(Node &node, unsigned i) {
  if (!node.has(i))
    return false;
  auto values = node.constantFloats(i);
  return !values || llvm::any_of(*values, [](double x) { return x != 0; });
}

/// The type of an attribute that names a float type by its number in TensorProto; null for others and 0.
static Type floatNamed(LocBuilder &b, int64_t dataType) {
  switch (dataType) {
  case 1:
    return b.getF32Type();
  case 10:
    return b.getF16Type();
  case 11:
    return b.getF64Type();
  case 16:
    return b.getBF16Type();
  default:
    return {};
  }
}

static LogicalResult lowerQuantizeLinear(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Type to = node.onnxResultElement(0);
  FailureOr<Parameters> p = readParameters(node, 1, node.sizes(0));
  if (failed(p))
    return failure();
  SmallVector<Value> operands{node.operand(0), p->scale};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(type.getRank()), p->map};
  bool hasZero = movesZero(node, 2);
  if (hasZero) {
    operands.push_back(p->zeroPoint);
    maps.push_back(p->map);
  }
  Type from = node.onnxElement(0), scaleType = node.onnxElement(1);
  // The quotient is rounded to this type.
  Type precision = widerFloat(b, from, scaleType);
  if (Type chosen = floatNamed(b, node.attrInt("precision", 0)))
    precision = chosen;
  Type real = precision.isF64() ? Type(b.getF64Type()) : Type(b.getF32Type());
  Rounding rounding = Rounding::of(node);
  return node.done(mapped(
      b, operands, maps, type, [&](LocBuilder &b, ValueRange s) {
        auto number = [&](Value value, Type onnxType) {
          Value rounded = convertScalar(b, value, onnxType, precision);
          return castScalar(b, rounded, real, false, false);
        };
        Value scaled = div(b, number(s[0], from), number(s[1], scaleType));
        scaled = castScalar(b, castScalar(b, scaled, precision, false, false),
                            real, false, false);
        Value zero = hasZero ? convertScalar(b, s[2], to, real) : Value();
        return saturate(b, scaled, zero, to, rounding);
      }));
}

/// The type that elements less their zero point are exact in: int32, of small floats float32.
static Type exactType(LocBuilder &b, Type onnxType) {
  return isSmallFloat(onnxType) ? Type(b.getF32Type()) : Type(b.getI32Type());
}

/// The type that a factor less its zero point is stored in: int16, of wider integers int32, of small floats float32.
static Type factorType(LocBuilder &b, Type onnxType) {
  if (isSmallFloat(onnxType))
    return b.getF32Type();
  return onnxType.getIntOrFloatBitWidth() <= 8 ? b.getI16Type() : b.getI32Type();
}

/// x - zero point, in factorType.
static Value centred(LocBuilder &b, Value x, Value zeroPoint, Type xType,
                     Type zeroType, AffineMap map) {
  RankedTensorType type = tensorType(x);
  Type exact = factorType(b, xType);
  SmallVector<Value> operands{x};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(type.getRank())};
  if (zeroPoint) {
    operands.push_back(zeroPoint);
    maps.push_back(map);
  }
  return mapped(b, operands, maps, tensorType(shapeOf(type), exact),
                [&](LocBuilder &b, ValueRange s) {
                  Value wide = convertScalar(b, s[0], xType, exact);
                  if (s.size() == 1)
                    return wide;
                  return sub(b, wide, convertScalar(b, s[1], zeroType, exact));
                });
}

static LogicalResult lowerDequantizeLinear(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  FailureOr<Parameters> p = readParameters(node, 1, node.sizes(0));
  if (failed(p))
    return failure();
  Type from = node.onnxElement(0), scaleType = node.onnxElement(1);
  Type to = type.getElementType(), exact = exactType(b, from);
  Type real = to.isF64() ? Type(b.getF64Type()) : Type(b.getF32Type());
  SmallVector<Value> operands{node.operand(0), p->scale};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(type.getRank()), p->map};
  bool hasZero = movesZero(node, 2);
  if (hasZero) {
    operands.push_back(p->zeroPoint);
    maps.push_back(p->map);
  }
  return node.done(mapped(
      b, operands, maps, type, [&](LocBuilder &b, ValueRange s) {
        Value wide = convertScalar(b, s[0], from, exact);
        if (hasZero)
          wide = sub(b, wide, convertScalar(b, s[2], from, exact));
        Value x = castScalar(b, wide, real, false, false);
        Value scaled = mul(b, x, convertScalar(b, s[1], scaleType, real));
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
        return saturate(b, moved, {}, node.onnxResultElement(2));
      });
  node.set(1, scale);
  node.set(2, zeroPoint);
  return node.done(pointwise(
      b, {x, scale, zeroPoint}, node.resultType(),
      [&](LocBuilder &b, ValueRange s) {
        Value zero = castScalar(b, s[2], real, true, false);
        return saturate(b, divide(b, s[0], s[1]), zero,
                        node.onnxResultElement(0));
      }));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Constants less their zero points, of which there is one, or one for each place of `axis`; null where they are not constant. Of int8 where they fit, else of
/// int16. Signed integers without a zero point stay what they are.
static Value constantFactor(Node &node, unsigned x, unsigned zeroPoint, int64_t axis) {
  LocBuilder &b = node.b;
  ElementsAttr elements = node.constant(x);
  auto values = node.constantInts(x);
  std::vector<int64_t> zeros = {0};
  if (node.has(zeroPoint)) {
    auto constant = node.constantInts(zeroPoint);
    if (!constant || constant->empty())
      return {};
    zeros = *constant;
  }
  if (!elements || !values)
    return {};
  if (!node.isUnsigned(x) && llvm::all_of(zeros, [](int64_t zero) { return zero == 0; }))
    return node.operand(x);
  int64_t inner = 1;
  for (int64_t size : node.shape(x).drop_front(axis < 0 ? node.rank(x) : axis + 1))
    inner *= size;
  std::vector<int16_t> centred(values->size());
  for (auto [i, value] : llvm::enumerate(*values))
    centred[i] = value - zeros[i / inner % zeros.size()];
  auto constant = [&](Type element, const auto &numbers) -> Value {
    ArrayRef bytes(reinterpret_cast<const char *>(numbers.data()), numbers.size() * sizeof(numbers[0]));
    return arith::ConstantOp::create(b, cast<TypedAttr>(makeElements(tensorType(node.shape(x), element), bytes, node.name() + ".weights")));
  };
  if (llvm::all_of(centred, [](int16_t value) { return llvm::isInt<8>(value); }))
    return constant(b.getI8Type(), std::vector<int8_t>(centred.begin(), centred.end()));
  return constant(b.getI16Type(), centred);
}

/// The operand less its zero point. A zero point of several numbers has one for each place of `axis`.
static FailureOr<Value> takeOff(Node &node, unsigned x, unsigned zeroPoint,
                                int64_t axis) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(x);
  Value zero = node.operand(zeroPoint);
  AffineMap map = AffineMap::get(rank, 0, {}, b.getContext());
  if (zero && shapeOf(zero).count() == 1) {
    zero = reshape(b, zero, {});
  } else if (zero) {
    if (node.rank(zeroPoint) != 1 || axis < 0 || axis >= rank ||
        !node.agree(node.sizes(zeroPoint)[0], node.sizes(x)[axis]))
      return node.fail("a zero point has a shape that is not supported; use "
                       "one number or one a channel");
    map = AffineMap::get(rank, 0, b.getAffineDimExpr(axis));
  }
  Type element = node.onnxElement(x);
  if (!isSmallFloat(element) && element.getIntOrFloatBitWidth() <= 8)
    if (Value constant = constantFactor(node, x, zeroPoint, zero && tensorType(zero).getRank() ? axis : -1))
      return constant;
  return centred(b, node.operand(x), zero, node.onnxElement(x),
                 zero ? node.onnxElement(zeroPoint) : Type(), map);
}

static FailureOr<Value> convolveIntegers(Node &node, Value x, Value w,
                                         unsigned xAt, unsigned wAt) {
  int64_t group = node.attrInt("group", 1);
  if (failed(checkConvolution(node, xAt, wAt, group, /*transposed=*/false)))
    return failure();
  LocBuilder &b = node.b;
  Shape space(ArrayRef<Extent>(node.sizes(xAt)).drop_front(2));
  Shape output(ArrayRef<Extent>(node.resultSizes()).drop_front(2));
  Window window;
  if (failed(readWindow(node, space, kernelOf(node, wAt), window)) ||
      failed(resolvePadding(node, space, output, window)))
    return failure();
  Value padded = padWindow(b, x, window, 2, numberAttr(elementOf(x), 0));
  return convolve(b, padded, w, window, group, output, b.getI32Type());
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

/// xScale * wScale / yScale, rounded as onnxruntime rounds it: a number, or one for each place of `axis`, where `wScale` has as many.
static FailureOr<Parameters> requantizeFactor(Node &node, unsigned xScale, unsigned wScale,
                                              unsigned yScale, int64_t axis) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  int64_t rank = type.getRank();
  Parameters factor{{}, {}, AffineMap::get(rank, 0, {}, b.getContext())};
  Shape shape;
  for (unsigned i : {xScale, wScale, yScale}) {
    if (node.sizes(i).count() == 1)
      continue;
    if (i != wScale || node.rank(i) != 1 || axis < 0 || !node.agree(node.sizes(i)[0], node.resultSizes()[axis]))
      return node.fail("a scale has a shape that is not supported; use one "
                       "number or one a channel");
    factor.map = AffineMap::get(rank, 0, b.getAffineDimExpr(axis));
    shape = {node.resultSizes()[axis]};
  }
  RankedTensorType factorType = tensorType(shape, b.getF32Type());
  auto xs = node.constantFloats(xScale), ws = node.constantFloats(wScale), ys = node.constantFloats(yScale);
  if (xs && ws && ys) {
    std::vector<float> values;
    for (double w : *ws)
      values.push_back(float(xs->front()) * float(w) / float(ys->front()));
    ArrayRef bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float));
    factor.scale = arith::ConstantOp::create(b, cast<TypedAttr>(makeElements(factorType, bytes, node.name() + ".scale")));
    return factor;
  }
  SmallVector<Value> scales;
  for (unsigned i : {xScale, wScale, yScale}) {
    Value scale = node.operand(i);
    scales.push_back(i == wScale ? reshape(b, scale, shape) : reshape(b, scale, {}));
  }
  factor.scale = pointwise(b, scales, factorType, [&](LocBuilder &b, ValueRange s) {
    auto number = [&](Value value) { return castScalar(b, value, b.getF32Type(), false, false); };
    return div(b, mul(b, number(s[0]), number(s[1])), number(s[2]));
  });
  return factor;
}

/// The sums times xScale * wScale / yScale, rounded into the result's type. Scales of w may be one for each place of `axis`.
static LogicalResult requantize(Node &node, Value sum, unsigned xScale,
                                unsigned wScale, unsigned yScale,
                                unsigned yZero, int64_t axis) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  int64_t rank = type.getRank();
  Type to = node.onnxResultElement(0);
  FailureOr<Parameters> factor = requantizeFactor(node, xScale, wScale, yScale, axis);
  if (failed(factor))
    return failure();
  if (node.sizes(yZero).count() != 1)
    return node.fail("a zero point of the result has a shape that is not supported; use one number");
  AffineMap one = AffineMap::get(rank, 0, {}, b.getContext());
  SmallVector<Value> operands{sum, factor->scale};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(rank), factor->map};
  bool hasZero = movesZero(node, yZero);
  if (hasZero) {
    operands.push_back(reshape(b, node.operand(yZero), {}));
    maps.push_back(one);
  }
  Type real = b.getF32Type();
  return node.done(mapped(
      b, operands, maps, type, [&](LocBuilder &b, ValueRange s) {
        Value scaled = mul(b, castScalar(b, s[0], real, false, false), s[1]);
        Value zero = hasZero ? convertScalar(b, s[2], to, real) : Value();
        return saturate(b, scaled, zero, to);
      }));
}

static LogicalResult lowerQLinearConv(Node &node) {
  LocBuilder &b = node.b;
  FailureOr<Value> x = takeOff(node, 0, 2, -1), w = takeOff(node, 3, 5, 0);
  if (failed(x) || failed(w) || failed(checkBias(node, 8, node.sizes(3)[0])))
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
  bool floats = isa<FloatType>(elementOf(*x));
  if (floats != isa<FloatType>(elementOf(*w)))
    return node.fail("one matrix has integers and the other floats; correct "
                     "the model");
  Type total = floats ? Type(node.b.getF32Type()) : node.b.getI32Type();
  Value sum = matmul(node.b, *x, *w, tensorType(shapeOf(type), total));
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
