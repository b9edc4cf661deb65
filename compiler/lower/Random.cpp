//===- Random.cpp - random numbers ----------------------------------------===//
//
// RandomUniform-22, RandomNormal-22 and their Like forms, Bernoulli-22, Multinomial-22, Dropout-22 in training.
//
// Number i of a node is a function of its seed and i alone (SplitMix64: G. Steele et al., Fast Splittable Pseudorandom Number Generators, 2014), so that
// all machines and all schedules give the same numbers. A node without a seed takes its name for one: a model has no state, each run draws the same.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// SplitMix64's finaliser.
static uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

static uint64_t seedOf(const Node &node) {
  auto attr = node.op->getAttr("seed");
  if (auto seed = dyn_cast_or_null<FloatAttr>(attr))
    return mixed(llvm::bit_cast<uint32_t>(float(seed.getValueAsDouble())));
  if (auto seed = dyn_cast_or_null<IntegerAttr>(attr))
    return mixed(uint64_t(seed.getInt()) + 0x9e3779b97f4a7c15);
  uint64_t hash = 0xcbf29ce484222325; // FNV-1a
  for (unsigned char c : node.name())
    hash = (hash ^ c) * 0x100000001b3;
  return mixed(hash);
}

/// 64 bits for the point of the loops, whose sizes are `shape`, for the `stream`th number there out of `streams`.
static Value randomBits(LocBuilder &b, uint64_t seed, const Shape &shape,
                        int64_t stream, int64_t streams) {
  Type i64 = b.getI64Type();
  Value flat = index(b, 0);
  for (auto [i, size] : llvm::enumerate(shape))
    flat = add(b, arith::MulIOp::create(b, flat, index(b, size)),
               linalg::IndexOp::create(b, i));
  auto number = [&](uint64_t value) { return scalarInt(b, i64, int64_t(value)); };
  Value x = arith::IndexCastOp::create(b, i64, flat);
  x = add(b, mul(b, x, number(streams)), number(stream + 1));
  x = add(b, mul(b, x, number(0x9e3779b97f4a7c15)), number(seed));
  auto fold = [&](int64_t shift) -> Value {
    return arith::XOrIOp::create(b, x, arith::ShRUIOp::create(b, x, number(shift)));
  };
  x = mul(b, fold(30), number(0xbf58476d1ce4e5b9));
  x = mul(b, fold(27), number(0x94d049bb133111eb));
  return fold(31);
}

/// Uniform in [0, 1): 24 random bits, or 53 for float64.
static Value randomUnit(LocBuilder &b, Type type, uint64_t seed, const Shape &shape,
                        int64_t stream = 0, int64_t streams = 1) {
  Type i64 = b.getI64Type();
  unsigned bits = type.isF64() ? 53 : 24;
  Value random = randomBits(b, seed, shape, stream, streams);
  Value top = arith::ShRUIOp::create(b, random, scalarInt(b, i64, 64 - bits));
  Value whole = castScalar(b, top, type, false, false);
  return mul(b, whole, scalar(b, type, 1.0 / double(uint64_t(1) << bits)));
}

/// What numbers are computed in before they are rounded to the result's type.
static Type computedIn(LocBuilder &b, Type type) {
  return type.isF64() ? type : Type(b.getF32Type());
}

static LogicalResult lowerUniform(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  if (!isFloat(type.getElementType()))
    return node.fail("random numbers must have a floating-point type; correct the model");
  Type wide = computedIn(b, type.getElementType());
  double low = node.attrFloat("low", 0), high = node.attrFloat("high", 1);
  uint64_t seed = seedOf(node);
  return node.done(pointwise(b, {}, type, [&](LocBuilder &b, ValueRange) {
    Value unit = randomUnit(b, wide, seed, shapeOf(type));
    Value number = add(b, mul(b, unit, scalar(b, wide, high - low)), scalar(b, wide, low));
    return castScalar(b, number, type.getElementType(), false, false);
  }));
}

/// By the transform of G. Box and M. Muller (1958), in float32.
static LogicalResult lowerNormal(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  if (!isFloat(type.getElementType()))
    return node.fail("random numbers must have a floating-point type; correct the model");
  Type f32 = b.getF32Type();
  double mean = node.attrFloat("mean", 0), deviation = node.attrFloat("scale", 1);
  uint64_t seed = seedOf(node);
  return node.done(pointwise(b, {}, type, [&](LocBuilder &b, ValueRange) {
    // 1 - u is never 0.
    Value u = sub(b, scalar(b, f32, 1), randomUnit(b, f32, seed, shapeOf(type), 0, 2));
    Value angle = mul(b, randomUnit(b, f32, seed, shapeOf(type), 1, 2), scalar(b, f32, 2 * M_PI));
    Value radius = math::SqrtOp::create(b, mul(b, math::LogOp::create(b, u), scalar(b, f32, -2)));
    Value number = mul(b, radius, math::CosOp::create(b, angle));
    number = add(b, mul(b, number, scalar(b, f32, deviation)), scalar(b, f32, mean));
    return castScalar(b, number, type.getElementType(), false, false);
  }));
}

/// Bernoulli-22: 1 with the probability that the input gives. (The specification's body has it the other way round.)
static LogicalResult lowerBernoulli(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  if (!isFloat(node.element(0)))
    return node.fail("probabilities must have a floating-point type; correct the model");
  Type wide = computedIn(b, node.element(0));
  uint64_t seed = seedOf(node);
  return node.done(pointwise(b, node.operand(0), type, [&](LocBuilder &b, ValueRange s) -> Value {
    Value chance = castScalar(b, s[0], wide, false, false);
    Value unit = randomUnit(b, wide, seed, shapeOf(type));
    Value hit = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, unit, chance);
    return castScalar(b, hit, type.getElementType(), true, node.isUnsignedResult(0));
  }));
}

/// Multinomial-22: the class whose logit and Gumbel noise add up to most (E. Gumbel, 1954) is drawn with the logits' probabilities.
static LogicalResult lowerMultinomial(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  if (node.rank(0) != 2 || type.getRank() != 2 || !node.isAtMost(1, node.sizes(0)[1]) ||
      !node.agree(node.resultSizes()[0], node.sizes(0)[0]) || !isFloat(node.element(0)))
    return node.fail("the input must be (batch, classes); correct the model");
  Extent classes = node.sizes(0)[1];
  int64_t points;
  if (classes.isNumber() && type.hasStaticShape() &&
      (__builtin_mul_overflow(type.getNumElements(), classes.value(), &points) || points > int64_t(1) << 32))
    return node.fail("so many samples of so many classes are not supported");
  Type f32 = b.getF32Type(), i64 = b.getI64Type();
  Shape result = node.resultSizes(), shape{result[0], result[1], classes};
  uint64_t seed = seedOf(node);
  MLIRContext *context = b.getContext();
  Value noisy = mapped(
      b, castTo(b, node.operand(0), f32),
      AffineMap::get(3, 0, {b.getAffineDimExpr(0), b.getAffineDimExpr(2)}, context),
      tensorType(shape, f32), [&](LocBuilder &b, ValueRange s) {
        Value unit = randomUnit(b, f32, seed, shape);
        // Half a step up: never 0, and its logarithm never 0.
        unit = add(b, mul(b, unit, scalar(b, f32, 1 - 0x1p-23)), scalar(b, f32, 0x1p-25));
        Value inner = arith::NegFOp::create(b, math::LogOp::create(b, unit));
        return sub(b, s[0], math::LogOp::create(b, inner));
      });
  Value top = reduceAxes(b, noisy, 2, lowestAttr(f32, false), [](LocBuilder &b, ValueRange s) {
    return maximum(b, s[1], s[0]);
  });
  AffineMap whole = b.getMultiDimIdentityMap(3), row = dropAxes(context, 3, 2);
  SmallVector<IteratorType> kinds(2, IteratorType::parallel);
  kinds.push_back(IteratorType::reduction);
  Value place = reduction(
      b, {noisy, top}, {whole, row, row}, kinds, tensorType(result, i64),
      b.getI64IntegerAttr(INT64_MAX), [&](LocBuilder &b, ValueRange s) -> Value {
        Value here = arith::IndexCastOp::create(b, i64, linalg::IndexOp::create(b, 2));
        Value hit = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, s[0], s[1]);
        return minimum(b, s[2], arith::SelectOp::create(b, hit, here, scalarInt(b, i64, INT64_MAX)));
      });
  // Of logits that are no numbers, the last class.
  place = pointwise(b, place, tensorType(place), [&](LocBuilder &b, ValueRange s) { return minimum(b, s[0], scalarInt(b, i64, classes - 1)); });
  return node.done(castTo(b, place, type.getElementType()));
}

/// Dropout-22: at inference, the identity; in training, elements are kept with the probability 1 - ratio and divided by it.
static LogicalResult lowerDropout(Node &node) {
  LocBuilder &b = node.b;
  Value x = node.operand(0);
  RankedTensorType type = tensorType(x);
  auto training = node.constantInts(2);
  bool never = !node.has(2) || (training && training->size() == 1 && !training->front());
  if (never) {
    if (node.hasResult(1))
      node.set(1, splat(b, node.resultType(1), b.getBoolAttr(true)));
    return node.done(x);
  }
  for (unsigned i : {1u, 2u})
    if (node.has(i) && node.type(i).getNumElements() != 1)
      return node.fail("ratio and training_mode must be single values; correct the model");
  Type wide = computedIn(b, type.getElementType());
  Value ratio = node.has(1) ? castTo(b, reshape(b, node.operand(1), {}), wide)
                            : splat(b, tensorType({}, wide), numberAttr(wide, 0.5));
  Value mode = reshape(b, node.operand(2), {});
  uint64_t seed = seedOf(node);
  Value mask = pointwise(b, {ratio, mode}, tensorType(shapeOf(type), b.getI1Type()),
                         [&](LocBuilder &b, ValueRange s) -> Value {
                           Value unit = randomUnit(b, wide, seed, shapeOf(type));
                           Value kept = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, unit, s[0]);
                           Value off = arith::XOrIOp::create(b, s[1], scalarInt(b, b.getI1Type(), 1));
                           return arith::OrIOp::create(b, kept, off);
                         });
  if (node.hasResult(1))
    node.set(1, mask);
  return node.done(pointwise(
      b, {x, mask, ratio, mode}, type, [&](LocBuilder &b, ValueRange s) -> Value {
        Value value = castScalar(b, s[0], wide, false, false);
        Value scale = div(b, scalar(b, wide, 1), sub(b, scalar(b, wide, 1), s[2]));
        scale = arith::SelectOp::create(b, s[3], scale, scalar(b, wide, 1));
        Value result = castScalar(b, mul(b, value, scale), type.getElementType(), false, false);
        return arith::SelectOp::create(b, s[1], result, scalarInt(b, result.getType(), 0));
      }));
}

void lower::addRandom(Registry &r) {
  r["onnx.RandomUniform"] = r["onnx.RandomUniformLike"] = lowerUniform;
  r["onnx.RandomNormal"] = r["onnx.RandomNormalLike"] = lowerNormal;
  r["onnx.Bernoulli"] = lowerBernoulli;
  r["onnx.Multinomial"] = lowerMultinomial;
  r["onnx.Dropout"] = lowerDropout;
}
