//===- Normalization.cpp - softmax and the normalisations -----------------===//
//
// Chains of reductions and pointwise operations; form-kernels makes each chain one kernel.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// The value with its reduced axes back, for broadcasting.
static Value keep(LocBuilder &b, Value reduced, Value whole,
                  ArrayRef<int64_t> axes) {
  return reshape(b, reduced, keptShape(shapeOf(whole), axes));
}

static Value combine(LocBuilder &b, Value x, Value y,
                     Value (*body)(LocBuilder &, Value, Value)) {
  return pointwise(b, {x, y}, tensorType(x), [&](LocBuilder &b, ValueRange s) {
    return body(b, s[0], s[1]);
  });
}

static Value quotient(LocBuilder &b, Value x, Value y) { return div(b, x, y); }
static Value product(LocBuilder &b, Value x, Value y) { return mul(b, x, y); }

/// The greatest number; where there is none, -infinity or the least.
static Value greatest(LocBuilder &b, Value x, ArrayRef<int64_t> axes) {
  return reduceAxes(
      b, x, axes, lowestAttr(elementOf(x), false),
      [](LocBuilder &b, ValueRange s) { return largerNumber(b, s[1], s[0]); });
}

/// Softmax-13, LogSoftmax-13. NaN needs no care in the greatest: it makes its power and their sum NaN.
static LogicalResult lowerSoftmax(Node &node) {
  LocBuilder &b = node.b;
  auto axis = node.axis("axis", -1, node.rank(0));
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  Value x = node.operand(0);
  Value top = keep(b, greatest(b, x, *axis), x, *axis);
  bool logarithm = node.kind() == "LogSoftmax";
  if (!logarithm) {
    Value powers = combine(b, x, top, [](LocBuilder &b, Value x, Value y) -> Value {
      return math::ExpOp::create(b, sub(b, x, y));
    });
    Value sum = sumAxes(b, powers, *axis);
    // One division for a row; of halves it would be rounded once more.
    Type element = elementOf(x);
    if (!element.isF32() && !element.isF64())
      return node.done(combine(b, powers, keep(b, sum, x, *axis), quotient));
    Value inverse = pointwise(b, sum, tensorType(sum), [](LocBuilder &b, ValueRange s) -> Value {
      return arith::DivFOp::create(b, scalar(b, s[0].getType(), 1), s[0]);
    });
    return node.done(combine(b, powers, keep(b, inverse, x, *axis), product));
  }
  Value moved = combine(b, x, top, sub);
  Value powers =
      pointwise(b, moved, tensorType(x), [](LocBuilder &b, ValueRange s) -> Value {
        return math::ExpOp::create(b, s[0]);
      });
  Value sum = keep(b, sumAxes(b, powers, *axis), x, *axis);
  return node.done(combine(b, moved, sum, [](LocBuilder &b, Value x, Value y) {
    return sub(b, x, math::LogOp::create(b, y));
  }));
}

/// Hardmax-13: 1 at the first place of the greatest value.
static LogicalResult lowerHardmax(Node &node) {
  LocBuilder &b = node.b;
  auto axis = node.axis("axis", -1, node.rank(0));
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  Value x = node.operand(0);
  Value top = keep(b, greatest(b, x, *axis), x, *axis);
  Type i64 = b.getI64Type();
  Extent size = node.sizes(0)[*axis];
  auto place = [&](LocBuilder &b) -> Value {
    return arith::IndexCastOp::create(b, i64, linalg::IndexOp::create(b, *axis));
  };
  Value places = pointwise(
      b, {x, top}, tensorType(node.sizes(0), i64),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value best = arith::CmpFOp::create(b, arith::CmpFPredicate::UEQ, s[0], s[1]);
        return arith::SelectOp::create(b, best, place(b),
                                       scalarInt(b, i64, size - 1));
      });
  Value first = reduceAxes(
      b, places, *axis, size.isNumber() ? b.getI64IntegerAttr(size.value() - 1) : highestAttr(i64, false),
      [](LocBuilder &b, ValueRange s) { return minimum(b, s[1], s[0]); });
  return node.done(pointwise(
      b, keep(b, first, x, *axis), node.resultType(),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Type type = node.element(0);
        Value hit =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[0], place(b));
        return arith::SelectOp::create(b, hit, scalar(b, type, 1),
                                       scalar(b, type, 0));
      }));
}

namespace {
/// What the two passes of a normalisation leave.
struct Moments {
  Value mean;
  Value centred;
  /// 1 / sqrt(variance + epsilon)
  Value inverse;
};
} // namespace

static Value inverseRoot(LocBuilder &b, Value variance, double epsilon) {
  return pointwise(b, variance, tensorType(variance),
                   [&](LocBuilder &b, ValueRange s) -> Value {
                     Type type = s[0].getType();
                     Value moved = add(b, s[0], scalar(b, type, epsilon));
                     return arith::DivFOp::create(
                         b, scalar(b, type, 1), math::SqrtOp::create(b, moved));
                   });
}

static Value squared(LocBuilder &b, Value x) {
  return pointwise(b, x, tensorType(x), [](LocBuilder &b, ValueRange s) {
    return mul(b, s[0], s[0]);
  });
}

/// The variance is the mean of squared deviations: two passes lose no digits to cancellation.
static Moments moments(LocBuilder &b, Value x, ArrayRef<int64_t> axes,
                       double epsilon) {
  Moments result;
  result.mean = keep(b, meanAxes(b, x, axes), x, axes);
  result.centred = combine(b, x, result.mean, sub);
  Value variance = meanAxes(b, squared(b, result.centred), axes);
  result.inverse = keep(b, inverseRoot(b, variance, epsilon), x, axes);
  return result;
}

/// centred * inverse * scale + bias; scale and bias may be null.
static Value scaled(LocBuilder &b, Value centred, Value inverse, Value scale,
                    Value bias) {
  SmallVector<Value> operands{centred, inverse};
  if (scale)
    operands.push_back(scale);
  if (bias)
    operands.push_back(bias);
  return pointwise(b, operands, tensorType(centred),
                   [&](LocBuilder &b, ValueRange s) {
                     Value x = mul(b, s[0], s[1]);
                     if (scale)
                       x = mul(b, x, s[2]);
                     return bias ? add(b, x, s.back()) : x;
                   });
}

static SmallVector<int64_t> axesFrom(int64_t first, int64_t rank) {
  SmallVector<int64_t> axes;
  llvm::append_range(axes, llvm::seq<int64_t>(first, rank));
  return axes;
}

/// LayerNormalization-17, RMSNormalization-23; computed in float32 for smaller types (stash_type).
static LogicalResult lowerLayerNormalization(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  auto axis = node.axis("axis", -1, rank);
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  SmallVector<int64_t> axes = axesFrom(*axis, rank);
  double epsilon = node.attrFloat("epsilon", 1e-5f);
  Type element = node.element(0);
  Type wide = element.getIntOrFloatBitWidth() < 32 ? Type(b.getF32Type())
                                                   : element;
  Value x = castTo(b, node.operand(0), wide);
  Value scale = castTo(b, node.operand(1), wide), bias;
  if (node.has(2))
    bias = castTo(b, node.operand(2), wide);
  Moments m;
  if (node.kind() == "RMSNormalization") {
    m.centred = x;
    Value power = meanAxes(b, squared(b, x), axes);
    m.inverse = keep(b, inverseRoot(b, power, epsilon), x, axes);
  } else {
    m = moments(b, x, axes, epsilon);
    if (node.hasResult(1))
      node.set(1, castTo(b, m.mean, node.resultType(1).getElementType()));
    if (node.hasResult(2))
      node.set(2, castTo(b, m.inverse, node.resultType(2).getElementType()));
  }
  return node.done(
      castTo(b, scaled(b, m.centred, m.inverse, scale, bias), element));
}

/// Scale and bias of one number a channel, for channels at `axis` of `rank` dimensions.
static Value perChannel(LocBuilder &b, Value value, int64_t axis, int64_t rank) {
  Shape shape(rank, 1);
  shape[axis] = shapeOf(value).count();
  return reshape(b, value, shape);
}

/// BatchNormalization-15 in training: the batch's own mean and variance, which the running ones follow.
static LogicalResult lowerBatchStatistics(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  if (rank < 2 || node.sizes(0).count() == 0)
    return node.fail("the input must have a rank of at least 2 and elements; "
                     "correct the model");
  double epsilon = node.attrFloat("epsilon", 1e-5f);
  double momentum = node.attrFloat("momentum", 0.9f);
  SmallVector<int64_t> axes = axesFrom(2, rank);
  axes.insert(axes.begin(), 0);
  Value x = node.operand(0);
  Value mean = meanAxes(b, x, axes);
  Value centred = combine(b, x, keep(b, mean, x, axes), sub);
  Value variance = meanAxes(b, squared(b, centred), axes);
  Value inverse = keep(b, inverseRoot(b, variance, epsilon), x, axes);
  for (auto [i, now] : {std::pair(1u, mean), std::pair(2u, variance)}) {
    if (!node.hasResult(i))
      continue;
    node.set(i, pointwise(
                    b, {node.operand(2 + i), now}, node.resultType(i),
                    [&](LocBuilder &b, ValueRange s) {
                      Type type = s[0].getType();
                      Value fresh = castScalar(b, s[1], type, false, false);
                      return add(b, mul(b, s[0], scalar(b, type, momentum)),
                                 mul(b, fresh, scalar(b, type, 1 - momentum)));
                    }));
  }
  Type type = node.element(0);
  return node.done(scaled(b, centred, inverse,
                          perChannel(b, castTo(b, node.operand(1), type), 1, rank),
                          perChannel(b, castTo(b, node.operand(2), type), 1, rank)));
}

/// BatchNormalization-15 at inference: x * factor + offset, both per channel;
/// numbers of the model give constants, computed in double.
static LogicalResult lowerBatchNormalization(Node &node) {
  LocBuilder &b = node.b;
  Type type = node.element(0);
  double epsilon = node.attrFloat("epsilon", 1e-5f);
  Shape perChannel(std::max<int64_t>(node.rank(0) - 1, 1), 1);
  if (node.rank(0) > 1)
    perChannel[0] = node.sizes(0)[1];
  for (unsigned i = 1; i < 5; ++i)
    if (node.rank(i) != 1 || !node.agree(node.sizes(i)[0], perChannel[0]))
      return node.fail("input " + Twine(i) + " needs one number a channel; "
                       "correct the model");
  if (node.attrInt("training_mode", 0))
    return lowerBatchStatistics(node);
  auto scale = node.constantFloats(1), bias = node.constantFloats(2),
       mean = node.constantFloats(3), variance = node.constantFloats(4);
  Value factor, offset;
  if (scale && bias && mean && variance) {
    std::vector<double> factors, offsets;
    perChannel[0] = int64_t(scale->size());
    for (size_t i = 0; i < scale->size(); ++i) {
      factors.push_back((*scale)[i] / std::sqrt((*variance)[i] + epsilon));
      offsets.push_back((*bias)[i] - (*mean)[i] * factors[i]);
    }
    factor = constantTensor(b, perChannel.numbers(), type, factors);
    offset = constantTensor(b, perChannel.numbers(), type, offsets);
  } else {
    RankedTensorType channels = tensorType(perChannel, type);
    auto channel = [&](unsigned i) {
      return reshape(b, castTo(b, node.operand(i), type), perChannel);
    };
    factor = pointwise(b, {channel(1), channel(4)}, channels,
                       [&](LocBuilder &b, ValueRange s) {
                         Value moved = add(b, s[1], scalar(b, type, epsilon));
                         return div(b, s[0], math::SqrtOp::create(b, moved));
                       });
    offset = pointwise(b, {channel(2), channel(3), factor}, channels,
                       [](LocBuilder &b, ValueRange s) {
                         return sub(b, s[0], mul(b, s[1], s[2]));
                       });
  }
  return node.done(pointwise(b, {node.operand(0), factor, offset},
                             node.resultType(), [](LocBuilder &b, ValueRange s) {
                               return add(b, mul(b, s[0], s[1]), s[2]);
                             }));
}

/// InstanceNormalization-22.
static LogicalResult lowerInstanceNormalization(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  if (rank < 3)
    return node.fail("the input must have a rank of at least 3; correct the "
                     "model");
  for (unsigned i : {1u, 2u})
    if (!node.agree(node.sizes(i).count(), node.sizes(0)[1]))
      return node.fail("input " + Twine(i) + " needs one number a channel; "
                       "correct the model");
  Moments m = moments(b, node.operand(0), axesFrom(2, rank),
                      node.attrFloat("epsilon", 1e-5f));
  return node.done(scaled(b, m.centred, m.inverse,
                          perChannel(b, node.operand(1), 1, rank),
                          perChannel(b, node.operand(2), 1, rank)));
}

/// GroupNormalization-21: the channels of a group together.
static LogicalResult lowerGroupNormalization(Node &node) {
  LocBuilder &b = node.b;
  int64_t groups = node.attrInt("num_groups", 1);
  Shape shape = node.sizes(0);
  if (shape.size() < 3 || groups < 1 || !node.agree(shape[1] / groups * groups, shape[1]))
    return node.fail("num_groups does not divide the channels; correct the "
                     "model");
  for (unsigned i : {1u, 2u}) {
    Extent count = node.sizes(i).count();
    if (count != groups && !node.agree(count, shape[1]))
      return node.fail("input " + Twine(i) + " needs one number a channel; "
                       "correct the model");
  }
  Shape split{shape[0], groups, shape[1] / groups};
  split.append(shape.begin() + 2, shape.end());
  int64_t rank = split.size();
  Value x = reshape(b, node.operand(0), split);
  Moments m = moments(b, x, axesFrom(2, rank),
                      node.attrFloat("epsilon", 1e-5f));
  auto parameter = [&](unsigned i) -> Value {
    Shape channels(rank, 1);
    channels[1] = groups;
    // Version 18 has one number a group, 21 one a channel.
    Extent count = node.sizes(i).count();
    channels[2] = count == groups ? Extent(1) : shape[1] / groups;
    return reshape(b, node.operand(i), channels);
  };
  Value result = scaled(b, m.centred, m.inverse, parameter(1), parameter(2));
  return node.done(reshape(b, result, shape));
}

/// MeanVarianceNormalization-13, which has its own small number in the denominator.
static LogicalResult lowerMeanVariance(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  SmallVector<int64_t> axes;
  for (int64_t axis :
       node.attrInts("axes").value_or(std::vector<int64_t>{0, 2, 3})) {
    if (axis < -rank || axis >= rank)
      return node.fail("an axis is outside the rank; correct the model");
    axes.push_back(axis < 0 ? axis + rank : axis);
  }
  Value x = node.operand(0);
  Value centred = combine(b, x, keep(b, meanAxes(b, x, axes), x, axes), sub);
  Value variance = meanAxes(b, squared(b, centred), axes);
  Value deviation = pointwise(
      b, variance, tensorType(variance), [](LocBuilder &b, ValueRange s) {
        return add(b, math::SqrtOp::create(b, s[0]),
                   scalar(b, s[0].getType(), 1e-9));
      });
  return node.done(
      combine(b, centred, keep(b, deviation, x, axes), quotient));
}

/// LpNormalization-22; a zero vector stays zero.
static LogicalResult lowerLpNormalization(Node &node) {
  LocBuilder &b = node.b;
  auto axis = node.axis("axis", -1, node.rank(0));
  int64_t p = node.attrInt("p", 2);
  if (!axis || (p != 1 && p != 2))
    return node.fail("the axis or p is out of range; correct the model");
  Value x = node.operand(0);
  Value powers = pointwise(b, x, tensorType(x),
                           [&](LocBuilder &b, ValueRange s) -> Value {
                             if (p == 1)
                               return math::AbsFOp::create(b, s[0]);
                             return mul(b, s[0], s[0]);
                           });
  Value sum = keep(b, sumAxes(b, powers, *axis), x, *axis);
  return node.done(pointwise(
      b, {x, sum}, tensorType(x), [&](LocBuilder &b, ValueRange s) -> Value {
        Value norm = p == 1 ? s[1] : Value(math::SqrtOp::create(b, s[1]));
        Value zero = scalar(b, norm.getType(), 0);
        Value isZero =
            arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, norm, zero);
        return arith::SelectOp::create(b, isZero, zero, div(b, s[0], norm));
      }));
}

/// LRN-13: squares summed over a window of channels.
static LogicalResult lowerLrn(Node &node) {
  LocBuilder &b = node.b;
  int64_t size = node.attrInt("size", 1), rank = node.rank(0);
  if (rank < 2 || size < 1 || size > (1 << 20))
    return node.fail("the size is out of range; correct the model");
  Type element = node.element(0);
  Value x = node.operand(0);
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  low[1] = (size - 1) / 2;
  high[1] = size - 1 - low[1];
  Value squares = pad(b, squared(b, x), low, high, numberAttr(element, 0));
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(b.getAffineDimExpr(i));
  exprs[1] = exprs[1] + b.getAffineDimExpr(rank);
  MLIRContext *context = b.getContext();
  AffineMap maps[] = {AffineMap::get(rank + 1, 0, exprs, context),
                      AffineMap::get(rank + 1, 0, b.getAffineDimExpr(rank)),
                      dropAxes(context, rank + 1, rank)};
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  loops.push_back(IteratorType::reduction);
  Value taps = tensor::EmptyOp::create(b, ArrayRef<int64_t>{size}, element);
  Value sum = reduction(
      b, {squares, taps}, maps, loops, tensorType(x), numberAttr(element, 0),
      [](LocBuilder &b, ValueRange s) { return add(b, s[2], s[0]); });
  double alpha = node.attrFloat("alpha", 1e-4f), beta = node.attrFloat("beta", 0.75f);
  double bias = node.attrFloat("bias", 1);
  return node.done(pointwise(
      b, {x, sum}, tensorType(x), [&](LocBuilder &b, ValueRange s) -> Value {
        Type type = s[0].getType();
        Value base = add(b, scalar(b, type, bias),
                         mul(b, scalar(b, type, alpha / double(size)), s[1]));
        return div(b, s[0],
                   math::PowFOp::create(b, base, scalar(b, type, beta)));
      }));
}

void lower::addNormalization(Registry &r) {
  r["onnx.Softmax"] = r["onnx.LogSoftmax"] = lowerSoftmax;
  r["onnx.Hardmax"] = lowerHardmax;
  r["onnx.LayerNormalization"] = lowerLayerNormalization;
  r["onnx.RMSNormalization"] = lowerLayerNormalization;
  r["onnx.BatchNormalization"] = lowerBatchNormalization;
  r["onnx.InstanceNormalization"] = lowerInstanceNormalization;
  r["onnx.GroupNormalization"] = lowerGroupNormalization;
  r["onnx.MeanVarianceNormalization"] = lowerMeanVariance;
  r["onnx.LpNormalization"] = lowerLpNormalization;
  r["onnx.LRN"] = lowerLrn;
}
