//===- Resize.cpp - Resize-19, AffineGrid-20 ------------------------------===//
//
// Resizing treats each axis alone: an output element is a weighted sum of a few input elements, whose places and weights
// are constants. Coordinates are computed in float32, as the specification's own examples are, since rounding decides nearest neighbours.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Parameter.h"
#include <cmath>
#include <functional>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

namespace {
struct Options {
  std::string mode, coordinates, nearest;
  float cubic = -0.75f, extrapolation = 0;
  bool excludeOutside = false, antialias = false;
};

/// What one axis does.
struct AxisPlan {
  int64_t axis, input, output;
  float scale, roiStart = 0, roiEnd = 1;
  /// The output's size before a scale's fraction of a place is dropped; 0 where the size is given.
  float scaled = 0;
};

/// Places and weights for each output, `count` of each.
struct Taps {
  int64_t count = 1;
  std::vector<int64_t> places;
  std::vector<double> weights;
  /// Outputs that lie outside of the crop and take the extrapolation value.
  std::vector<bool> outside;
};
} // namespace

static float sourceCoordinate(const Options &options, const AxisPlan &plan,
                              int64_t at) {
  float x = float(at), in = float(plan.input), out = float(plan.output);
  StringRef mode = options.coordinates;
  if (mode == "asymmetric")
    return x / plan.scale;
  // Where a scale gives no whole size, the last corner lies outside, as in the standard's examples; onnxruntime takes the whole size.
  if (mode == "align_corners")
    return plan.output == 1 ? 0 : x * (in - 1) / ((plan.scaled ? plan.scaled : out) - 1);
  if (mode == "pytorch_half_pixel" && plan.output == 1)
    return 0;
  if (mode == "half_pixel_symmetric") {
    float adjustment = out / (plan.scale * in), centre = in / 2;
    return centre * (1 - adjustment) + (x + 0.5f) / plan.scale - 0.5f;
  }
  if (mode == "tf_crop_and_resize") {
    if (plan.output == 1)
      return 0.5f * (plan.roiStart + plan.roiEnd) * (in - 1);
    return plan.roiStart * (in - 1) +
           x * (plan.roiEnd - plan.roiStart) * (in - 1) / (out - 1);
  }
  return (x + 0.5f) / plan.scale - 0.5f;
}

static int64_t nearestPlace(StringRef mode, float x) {
  if (mode == "round_prefer_ceil")
    return int64_t(std::floor(x + 0.5f));
  if (mode == "floor")
    return int64_t(std::floor(x));
  if (mode == "ceil")
    return int64_t(std::ceil(x));
  return int64_t(std::ceil(x - 0.5f));
}

static double cubicWeight(double distance, double a) {
  double t = std::abs(distance);
  if (t < 1)
    return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2)
    return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  return 0;
}

/// More taps than this become a contraction.
static constexpr int64_t kMostTaps = 4;
static constexpr double kMostWeights = 1 << 24;

/// Antialiasing widens the filter by the factor of reduction.
static double stretchOf(const Options &options, const AxisPlan &plan) {
  return options.antialias && plan.scale < 1 ? plan.scale : 1;
}

/// Taps of one place of the output; a scale near 0 gives more than integers can count.
static double tapCount(const Options &options, const AxisPlan &plan) {
  if (options.mode == "nearest")
    return 1;
  return 2 * std::ceil((options.mode == "cubic" ? 2 : 1) / stretchOf(options, plan));
}

static Taps computeTaps(const Options &options, const AxisPlan &plan) {
  Taps taps;
  bool nearest = options.mode == "nearest", cubic = options.mode == "cubic";
  double stretch = stretchOf(options, plan);
  taps.count = int64_t(tapCount(options, plan));
  for (int64_t o = 0; o < plan.output; ++o) {
    float x = sourceCoordinate(options, plan, o);
    // A scale near 0 must not leave the range of integers.
    x = std::isnan(x) ? 0 : std::clamp(x, -1e9f, 1e9f);
    taps.outside.push_back(options.coordinates == "tf_crop_and_resize" &&
                           (x < 0 || x > float(plan.input - 1)));
    auto place = [&](int64_t at) {
      return std::clamp<int64_t>(at, 0, plan.input - 1);
    };
    if (nearest) {
      taps.places.push_back(place(nearestPlace(options.nearest, x)));
      taps.weights.push_back(1);
      continue;
    }
    if (!cubic && stretch == 1)
      x = std::clamp(x, 0.0f, float(plan.input - 1));
    int64_t first = int64_t(std::floor(x)) - taps.count / 2 + 1;
    double sum = 0;
    for (int64_t k = 0; k < taps.count; ++k) {
      double distance = (double(first + k) - x) * stretch;
      double weight = cubic ? cubicWeight(distance, options.cubic)
                            : std::max(0.0, 1 - std::abs(distance));
      bool isOutside = first + k < 0 || first + k >= plan.input;
      if (options.excludeOutside && isOutside)
        weight = 0;
      sum += weight;
      taps.places.push_back(place(first + k));
      taps.weights.push_back(weight);
    }
    if (options.excludeOutside || stretch != 1)
      for (int64_t k = 0; k < taps.count && sum != 0; ++k)
        taps.weights[o * taps.count + k] /= sum;
  }
  return taps;
}

/// The places as an affine function of the output's index, if they are one.
static AffineExpr affinePlaces(LocBuilder &b, ArrayRef<int64_t> places,
                               int64_t input, int64_t axis) {
  int64_t output = places.size();
  AffineExpr dim = b.getAffineDimExpr(axis);
  auto matches = [&](auto function) {
    for (int64_t o = 0; o < output; ++o)
      if (places[o] != function(o))
        return false;
    return true;
  };
  if (output % input == 0) {
    int64_t factor = output / input;
    if (matches([&](int64_t o) { return o / factor; }))
      return factor == 1 ? dim : dim.floorDiv(factor);
  }
  if (output == 1)
    return b.getAffineConstantExpr(places[0]);
  int64_t start = places[0], step = places[1] - places[0];
  // A loop over a part of an operand is no map of it.
  if ((start != 0 || step != 1) && matches([&](int64_t o) { return start + o * step; }))
    return dim * step + start;
  return {};
}

/// Nearest neighbours of all axes in one step.
static Value takeNearest(LocBuilder &b, Value x, RankedTensorType type,
                         ArrayRef<AxisPlan> plans, ArrayRef<Taps> taps) {
  int64_t rank = type.getRank();
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(b.getAffineDimExpr(i));
  SmallVector<Value> tables;
  SmallVector<AffineMap> maps;
  SmallVector<int64_t> tableAxes;
  for (auto [plan, tap] : llvm::zip(plans, taps)) {
    if (AffineExpr expr = affinePlaces(b, tap.places, plan.input, plan.axis)) {
      exprs[plan.axis] = expr;
      continue;
    }
    tables.push_back(indexTable(b, tap.places));
    maps.push_back(AffineMap::get(rank, 0, b.getAffineDimExpr(plan.axis)));
    tableAxes.push_back(plan.axis);
  }
  MLIRContext *context = b.getContext();
  if (tables.empty())
    return mapped(b, x, AffineMap::get(rank, 0, exprs, context), type,
                  [](LocBuilder &, ValueRange s) { return s[0]; });
  return mapped(b, tables, maps, type, [&](LocBuilder &b, ValueRange s) -> Value {
    SmallVector<Value> at;
    for (int64_t i = 0; i < rank; ++i) {
      auto found = llvm::find(tableAxes, i);
      if (found != tableAxes.end()) {
        at.push_back(arith::IndexCastOp::create(
            b, b.getIndexType(), s[found - tableAxes.begin()]));
        continue;
      }
      Value loop = linalg::IndexOp::create(b, i);
      AffineMap map = AffineMap::get(rank, 0, exprs[i]);
      if (map.getResult(0) == b.getAffineDimExpr(i)) {
        at.push_back(loop);
        continue;
      }
      // dim floordiv factor, dim * step + start, or a number
      auto binary = dyn_cast<AffineBinaryOpExpr>(exprs[i]);
      if (binary && binary.getKind() == AffineExprKind::FloorDiv) {
        int64_t factor = cast<AffineConstantExpr>(binary.getRHS()).getValue();
        at.push_back(arith::DivUIOp::create(b, loop, index(b, factor)));
        continue;
      }
      auto plan = llvm::find_if(plans, [&](const AxisPlan &p) {
        return p.axis == i;
      });
      ArrayRef<int64_t> places = taps[plan - plans.begin()].places;
      int64_t step = places.size() > 1 ? places[1] - places[0] : 0;
      Value scaled = arith::MulIOp::create(b, loop, index(b, step));
      at.push_back(arith::AddIOp::create(b, scaled, index(b, places[0])));
    }
    return tensor::ExtractOp::create(b, x, at);
  });
}

/// An axis of `x` multiplied by a matrix (output, input).
static Value multiplyAxis(LocBuilder &b, Value x, int64_t axis, Value weights) {
  RankedTensorType type = tensorType(x);
  int64_t rank = type.getRank();
  Shape shape = shapeOf(type);
  shape[axis] = shapeOf(weights)[0];
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(b.getAffineDimExpr(i == axis ? rank : i));
  MLIRContext *context = b.getContext();
  AffineMap maps[] = {
      AffineMap::get(rank + 1, 0, exprs, context),
      AffineMap::get(rank + 1, 0,
                     {b.getAffineDimExpr(axis), b.getAffineDimExpr(rank)},
                     context),
      dropAxes(context, rank + 1, rank)};
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  loops.push_back(IteratorType::reduction);
  return contraction(b, x, weights, maps, loops,
                     tensorType(shape, type.getElementType()));
}

/// Elements of an axis by tables in turn of places and weights, summed.
static Value sumTaps(LocBuilder &b, Value x, int64_t axis, ValueRange tables) {
  RankedTensorType type = tensorType(x);
  int64_t rank = type.getRank();
  Shape shape = shapeOf(type);
  shape[axis] = shapeOf(tables.front())[0];
  SmallVector<AffineMap> maps(
      tables.size(), AffineMap::get(rank, 0, b.getAffineDimExpr(axis)));
  RankedTensorType result = tensorType(shape, type.getElementType());
  return mapped(b, tables, maps, result, [&](LocBuilder &b, ValueRange s) {
    Value sum;
    for (size_t k = 0; k < s.size(); k += 2) {
      SmallVector<Value> at;
      for (int64_t i = 0; i < rank; ++i)
        at.push_back(i == axis ? Value(arith::IndexCastOp::create(
                                     b, b.getIndexType(), s[k]))
                               : Value(linalg::IndexOp::create(b, i)));
      Value part = mul(b, tensor::ExtractOp::create(b, x, at), s[k + 1]);
      sum = sum ? add(b, sum, part) : part;
    }
    return sum;
  });
}

static Value interpolateAxis(LocBuilder &b, Value x, const AxisPlan &plan,
                             const Taps &taps) {
  Type element = elementOf(x);
  if (taps.count > kMostTaps) {
    std::vector<double> matrix(plan.output * plan.input, 0);
    for (int64_t o = 0; o < plan.output; ++o)
      for (int64_t k = 0; k < taps.count; ++k)
        matrix[o * plan.input + taps.places[o * taps.count + k]] +=
            taps.weights[o * taps.count + k];
    return multiplyAxis(
        b, x, plan.axis,
        constantTensor(b, {plan.output, plan.input}, element, matrix));
  }
  SmallVector<Value> tables;
  for (int64_t k = 0; k < taps.count; ++k) {
    std::vector<int64_t> places;
    std::vector<double> weights;
    for (int64_t o = 0; o < plan.output; ++o) {
      places.push_back(taps.places[o * taps.count + k]);
      weights.push_back(taps.weights[o * taps.count + k]);
    }
    tables.push_back(indexTable(b, places));
    tables.push_back(constantTensor(b, {plan.output}, element, weights));
  }
  return sumTaps(b, x, plan.axis, tables);
}

/// Elements that lie outside of the crop on any axis take the extrapolation value.
static Value extrapolate(LocBuilder &b, Value x, float number,
                         ArrayRef<AxisPlan> plans, ArrayRef<Taps> taps) {
  SmallVector<Value> operands{x};
  RankedTensorType type = tensorType(x);
  for (auto [plan, tap] : llvm::zip(plans, taps)) {
    if (!llvm::is_contained(tap.outside, true))
      continue;
    SmallVector<int64_t> shape(type.getRank(), 1);
    shape[plan.axis] = plan.output;
    SmallVector<bool> bits(tap.outside.begin(), tap.outside.end());
    operands.push_back(arith::ConstantOp::create(
        b, DenseElementsAttr::get(tensorType(shape, b.getI1Type()), bits)));
  }
  if (operands.size() == 1)
    return x;
  return pointwise(b, operands, type, [&](LocBuilder &b, ValueRange s) {
    Value result = s[0];
    for (Value outside : s.drop_front())
      result = arith::SelectOp::create(
          b, outside, scalar(b, result.getType(), number), result);
    return result;
  });
}

//===----------------------------------------------------------------------===//
// Scales, sizes or crops that data or the call give: what stands above, computed when the model runs
//===----------------------------------------------------------------------===//

namespace {
/// What one axis does; scale and crop are float32 scalars that bodies make.
struct DataPlan {
  int64_t axis;
  Extent input, output;
  std::function<Value(LocBuilder &)> scale, roiStart, roiEnd;
  /// The scale is given, and may give no whole size.
  bool byScale = false;
  /// The scale is the quotient of the sizes, or may be half an element of the output less.
  bool isExact = true;
  /// The scale where it is known now.
  std::optional<float> known;
};
} // namespace

static Value single(LocBuilder &b, double value) {
  return scalar(b, b.getF32Type(), value);
}

static Value single(LocBuilder &b, const Extent &size) {
  return scalarInt(b, b.getF32Type(), size);
}

static Value compareReal(LocBuilder &b, arith::CmpFPredicate predicate, Value x,
                         Value y) {
  return arith::CmpFOp::create(b, predicate, x, y);
}

static Value floorOf(LocBuilder &b, Value x) { return math::FloorOp::create(b, x); }
static Value ceilOf(LocBuilder &b, Value x) { return math::CeilOp::create(b, x); }

/// Between two bounds, also where it is not a number.
static Value limitReal(LocBuilder &b, Value x, Value least, Value most) {
  x = select(b, compareReal(b, arith::CmpFPredicate::OGE, x, least), x, least);
  return select(b, compareReal(b, arith::CmpFPredicate::OLE, x, most), x, most);
}

/// `value`, or `alone` where the output has one place.
static Value unlessSingle(LocBuilder &b, const DataPlan &plan, Value value, Value alone) {
  if (plan.output.isNumber())
    return plan.output == 1 ? alone : value;
  return select(b, isNumber(b, number(b, plan.output), 1), alone, value);
}

static Value sourceCoordinate(LocBuilder &b, const Options &options,
                              const DataPlan &plan, Value at) {
  Value x = castScalar(b, at, b.getF32Type(), false, false), scale = plan.scale(b);
  Value in = single(b, plan.input), out = single(b, plan.output);
  Value half = single(b, 0.5), one = single(b, 1.0), zero = single(b, 0.0);
  StringRef mode = options.coordinates;
  if (mode == "asymmetric")
    return div(b, x, scale);
  if (mode == "align_corners") {
    Value last = sub(b, plan.byScale ? mul(b, scale, in) : out, one);
    return unlessSingle(b, plan, div(b, mul(b, x, sub(b, in, one)), last), zero);
  }
  Value centre = div(b, add(b, x, half), scale), moved = sub(b, centre, half);
  if (mode == "pytorch_half_pixel")
    return unlessSingle(b, plan, moved, zero);
  if (mode == "half_pixel_symmetric") {
    Value adjustment = div(b, out, mul(b, scale, in));
    Value shift = mul(b, div(b, in, single(b, 2.0)), sub(b, one, adjustment));
    return sub(b, add(b, shift, centre), half);
  }
  if (mode == "tf_crop_and_resize") {
    Value start = plan.roiStart(b), end = plan.roiEnd(b), last = sub(b, in, one);
    Value alone = mul(b, mul(b, half, add(b, start, end)), last);
    Value along = div(b, mul(b, mul(b, x, sub(b, end, start)), last), sub(b, out, one));
    return unlessSingle(b, plan, add(b, mul(b, start, last), along), alone);
  }
  return moved;
}

/// The coordinate of output `at`, inside of the range of integers.
static Value limitedCoordinate(LocBuilder &b, const Options &options,
                               const DataPlan &plan, Value at) {
  return limitReal(b, sourceCoordinate(b, options, plan, at), single(b, -1e9), single(b, 1e9));
}

static Value toInteger(LocBuilder &b, Value x) {
  return castScalar(b, x, b.getI64Type(), false, false);
}

static Value nearestTable(LocBuilder &b, const Options &options,
                          const DataPlan &plan) {
  return table(b, plan.output, [&](LocBuilder &b, Value at) {
    Value x = limitedCoordinate(b, options, plan, at), half = single(b, 0.5);
    StringRef mode = options.nearest;
    if (mode == "round_prefer_ceil")
      x = floorOf(b, add(b, x, half));
    else if (mode == "floor")
      x = floorOf(b, x);
    else if (mode == "ceil")
      x = ceilOf(b, x);
    else
      x = ceilOf(b, sub(b, x, half));
    return limit(b, toInteger(b, x), 0, plan.input - Extent(1));
  });
}

/// Nearest places as an affine function of the output's place, for a factor that is known: in exact arithmetic they repeat from one element of the
/// smaller side to the next, so that a few elements show all. Null where they are none, or depend on the sizes.
static AffineExpr periodicPlaces(LocBuilder &b, const Options &options, const DataPlan &plan) {
  StringRef mode = options.coordinates;
  if (!plan.known || mode == "align_corners" || mode == "tf_crop_and_resize")
    return {};
  constexpr int64_t most = 1 << 10, periods = 4;
  float scale = *plan.known, inverse = 1 / scale;
  bool grows = scale >= 1;
  int64_t factor = int64_t(std::min(grows ? scale : inverse, float(most + 1)));
  // Of other fractions than powers of two the output is not a whole part of the input.
  if (factor > most || float(factor) != (grows ? scale : inverse) || (!grows && (factor & (factor - 1))) ||
      (!grows && mode != "asymmetric" && mode != "half_pixel"))
    return {};
  int64_t input = grows ? periods + 1 : periods * factor, output = grows ? input * factor : periods;
  AxisPlan sample{plan.axis, input, output, scale};
  int64_t start = -1;
  for (int64_t o = 0; o < periods * (grows ? factor : 1); ++o) {
    int64_t found = std::clamp<int64_t>(nearestPlace(options.nearest, sourceCoordinate(options, sample, o)), 0, input - 1);
    start = o == 0 ? found : start;
    if (found != (grows ? o / factor : o * factor + start))
      return {};
  }
  AffineExpr dim = b.getAffineDimExpr(plan.axis);
  if (factor == 1)
    return dim;
  return grows ? dim.floorDiv(factor) : dim * factor + start;
}

/// Nearest neighbours of all axes: those whose places are affine by maps, the others by tables.
static Value takeNearest(LocBuilder &b, Value x, RankedTensorType type, const Options &options, ArrayRef<DataPlan> plans) {
  int64_t rank = type.getRank();
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(b.getAffineDimExpr(i));
  SmallVector<Value> tables(rank);
  Shape middle = shapeOf(x);
  bool isMapped = false, hasTables = false;
  for (const DataPlan &plan : plans) {
    AffineExpr affine = periodicPlaces(b, options, plan);
    if (!affine) {
      tables[plan.axis] = nearestTable(b, options, plan);
      hasTables = true;
      continue;
    }
    isMapped |= affine != exprs[plan.axis];
    exprs[plan.axis] = affine;
    middle[plan.axis] = plan.output;
  }
  if (isMapped)
    x = mapped(b, x, AffineMap::get(rank, 0, exprs, b.getContext()), tensorType(middle, type.getElementType()),
               [](LocBuilder &, ValueRange s) { return s[0]; });
  return hasTables ? takePlaces(b, x, tables, type) : x;
}

static Value cubicWeight(LocBuilder &b, Value distance, double a) {
  Type type = distance.getType();
  auto number = [&](double value) { return scalar(b, type, value); };
  Value t = math::AbsFOp::create(b, distance);
  Value near = sub(b, mul(b, number(a + 2), t), number(a + 3));
  near = add(b, mul(b, mul(b, near, t), t), number(1));
  Value far = mul(b, sub(b, mul(b, number(a), t), number(5 * a)), t);
  far = sub(b, mul(b, add(b, far, number(8 * a)), t), number(4 * a));
  Value isNear = compareReal(b, arith::CmpFPredicate::OLT, t, number(1));
  Value isFar = compareReal(b, arith::CmpFPredicate::OLT, t, number(2));
  return select(b, isNear, near, select(b, isFar, far, number(0)));
}

namespace {
/// The taps of one axis.
struct DataTaps {
  const Options &options;
  const DataPlan &plan;
  Extent count;

  DataTaps(Node &node, const Options &options, const DataPlan &plan) : options(options), plan(plan) {
    int64_t support = options.mode == "cubic" ? 2 : 1;
    count = 2 * support;
    if (!options.antialias || (plan.known && *plan.known >= 1))
      return;
    if (plan.known) {
      count = 2 * int64_t(std::ceil(support / double(*plan.known)));
      return;
    }
    // Divided by the least scale that the sizes allow.
    Extent over = plan.input * Extent(plan.isExact ? support : 2 * support);
    Extent under = plan.isExact ? plan.output : plan.output * Extent(2) - Extent(1);
    Extent widest = (over + under - Extent(1)) / under;
    count = node.greater(support, widest) * 2;
  }
  bool isNormalised() const {
    return options.excludeOutside || options.antialias;
  }
  /// Tap k of an output: its place, which may be outside, and its weight (double).
  std::pair<Value, Value> tap(LocBuilder &b, Value at, Value k) const {
    Type wide = b.getF64Type();
    bool cubic = options.mode == "cubic";
    Value x = limitedCoordinate(b, options, plan, at), one = scalar(b, wide, 1);
    Value stretch = one;
    Value clamped = limitReal(b, x, single(b, 0.0), single(b, plan.input - Extent(1)));
    if (options.antialias) {
      Value scale = castScalar(b, plan.scale(b), wide, false, false);
      Value reduces = compareReal(b, arith::CmpFPredicate::OLT, scale, one);
      stretch = select(b, reduces, scale, one);
      clamped = select(b, reduces, x, clamped);
    }
    if (!cubic)
      x = clamped;
    Value first = add(b, toInteger(b, floorOf(b, x)), number(b, Extent(1) - count / Extent(2)));
    Value from = add(b, first, k);
    Value distance = sub(b, castScalar(b, from, wide, false, false),
                         castScalar(b, x, wide, false, false));
    distance = mul(b, distance, stretch);
    Value weight;
    if (cubic)
      weight = cubicWeight(b, distance, options.cubic);
    else
      weight = maximum(b, scalar(b, wide, 0),
                       sub(b, one, math::AbsFOp::create(b, distance)));
    if (options.excludeOutside)
      weight = select(b, isWithin(b, from, 0, plan.input), weight,
                      scalar(b, wide, 0));
    return {from, weight};
  }
};
} // namespace

static Value interpolateByData(LocBuilder &b, Value x, const DataTaps &taps) {
  const DataPlan &plan = taps.plan;
  Type element = elementOf(x), wide = b.getF64Type();
  auto share = [&](LocBuilder &b, Value weight, Value sum) {
    Value none = compareReal(b, arith::CmpFPredicate::OEQ, sum, scalar(b, wide, 0));
    return select(b, none, weight, div(b, weight, sum));
  };
  if (taps.count.isNumber() && taps.count.value() <= kMostTaps) {
    int64_t count = taps.count.value();
    SmallVector<Value> tables;
    for (int64_t k = 0; k < count; ++k) {
      tables.push_back(table(b, plan.output, [&](LocBuilder &b, Value at) {
        return limit(b, taps.tap(b, at, number(b, k)).first, 0, plan.input - Extent(1));
      }));
      tables.push_back(mapped(
          b, {}, ArrayRef<AffineMap>(), tensorType({plan.output}, element),
          [&](LocBuilder &b, ValueRange) {
            Value at = place(b, 0), sum;
            Value weight = taps.tap(b, at, number(b, k)).second;
            for (int64_t i = 0; i < count && taps.isNormalised(); ++i) {
              Value other = taps.tap(b, at, number(b, i)).second;
              sum = sum ? add(b, sum, other) : other;
            }
            return castScalar(b, sum ? share(b, weight, sum) : weight, element,
                              false, false);
          }));
    }
    return sumTaps(b, x, plan.axis, tables);
  }
  RankedTensorType all = tensorType({plan.output, taps.count}, wide);
  Value weights = mapped(b, {}, ArrayRef<AffineMap>(), all,
                         [&](LocBuilder &b, ValueRange) {
                           return taps.tap(b, place(b, 0), place(b, 1)).second;
                         });
  Value places = mapped(
      b, {}, ArrayRef<AffineMap>(), tensorType(shapeOf(all), b.getI64Type()),
      [&](LocBuilder &b, ValueRange) {
        return limit(b, taps.tap(b, place(b, 0), place(b, 1)).first, 0,
                     plan.input - Extent(1));
      });
  Value sums = reshape(b, sumAxes(b, weights, {1}), {plan.output, 1});
  weights = pointwise(b, {weights, sums}, all, [&](LocBuilder &b, ValueRange s) {
    return share(b, s[0], s[1]);
  });
  // Taps outside of the input count for its ends.
  AffineExpr o = b.getAffineDimExpr(0), i = b.getAffineDimExpr(1),
             k = b.getAffineDimExpr(2);
  MLIRContext *context = b.getContext();
  AffineMap maps[] = {AffineMap::get(3, 0, {o, k}, context),
                      AffineMap::get(3, 0, {o, k}, context),
                      AffineMap::get(3, 0, {o, i}, context)};
  IteratorType loops[] = {IteratorType::parallel, IteratorType::parallel,
                          IteratorType::reduction};
  Value matrix = reduction(
      b, {places, weights}, maps, loops, tensorType({plan.output, plan.input}, wide),
      numberAttr(wide, 0), [&](LocBuilder &b, ValueRange s) {
        Value hit = compare(b, arith::CmpIPredicate::eq, s[0], place(b, 1));
        return add(b, s[2], select(b, hit, s[1], scalar(b, wide, 0)));
      });
  return multiplyAxis(b, x, plan.axis, castTo(b, matrix, element));
}

static Value extrapolateByData(LocBuilder &b, Value x, const Options &options,
                               ArrayRef<DataPlan> plans) {
  RankedTensorType type = tensorType(x);
  SmallVector<Value> operands{x};
  for (const DataPlan &plan : plans) {
    Value outside = table(b, plan.output, [&](LocBuilder &b, Value at) {
      Value place = limitedCoordinate(b, options, plan, at);
      Value out = either(
          b, compareReal(b, arith::CmpFPredicate::OLT, place, single(b, 0.0)),
          compareReal(b, arith::CmpFPredicate::OGT, place, single(b, plan.input - Extent(1))));
      return castScalar(b, out, b.getI64Type(), true, false);
    });
    Shape shape(type.getRank(), 1);
    shape[plan.axis] = plan.output;
    operands.push_back(reshape(b, outside, shape));
  }
  return pointwise(b, operands, type, [&](LocBuilder &b, ValueRange s) {
    Value result = s[0];
    for (Value outside : s.drop_front())
      result = select(b, isNumber(b, outside, 1),
                      scalar(b, result.getType(), options.extrapolation), result);
    return result;
  });
}

/// The scale of every axis in one number, where sizes are given and the aspect ratio is kept: the least or the greatest.
static Value commonScale(LocBuilder &b, Node &node, StringRef policy, ArrayRef<int64_t> axes) {
  Parameter sizes(node, 3);
  auto wanted = node.elements(3);
  Shape shape = node.sizes(0);
  Value common;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    Value size = wanted ? single(b, (*wanted)[i]) : castScalar(b, sizes.real(b, i), b.getF32Type(), false, false);
    Value scale = div(b, size, single(b, shape[axis]));
    if (!common)
      common = scale;
    else
      common = policy == "not_larger" ? minimum(b, common, scale) : maximum(b, common, scale);
  }
  return common;
}

/// The plans of all axes, which are counted from the front; the operands are as many as they should be.
static SmallVector<DataPlan> plansByData(Node &node, const Options &options, StringRef policy, ArrayRef<int64_t> axes) {
  bool crops = options.coordinates == "tf_crop_and_resize";
  Parameter roi(node, 1, crops ? std::optional<int64_t>(2 * axes.size()) : std::nullopt), scales(node, 2);
  auto known = node.constantFloats(2);
  bool byScale = scales.size() > 0, stretches = policy == "stretch";
  auto narrow = [](LocBuilder &b, Value x) { return castScalar(b, x, b.getF32Type(), false, false); };
  SmallVector<DataPlan> plans;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    DataPlan plan;
    plan.axis = axis, plan.input = node.sizes(0)[axis], plan.output = node.resultSizes()[axis];
    plan.byScale = byScale, plan.isExact = byScale || stretches;
    if (byScale && known)
      plan.known = float((*known)[i]);
    else if (!byScale && stretches && plan.input == plan.output)
      plan.known = 1;
    else if (!byScale && stretches && plan.input.isNumber() && plan.output.isNumber())
      plan.known = float(plan.output.value()) / float(plan.input.value());
    if (plan.known)
      plan.scale = [scale = *plan.known](LocBuilder &b) { return single(b, double(scale)); };
    else if (byScale)
      plan.scale = [scales, narrow, i = i](LocBuilder &b) { return narrow(b, scales.real(b, i)); };
    else if (stretches)
      plan.scale = [plan](LocBuilder &b) { return div(b, single(b, plan.output), single(b, plan.input)); };
    else
      plan.scale = [&node, policy = policy.str(), axes = llvm::to_vector(axes)](LocBuilder &b) { return commonScale(b, node, policy, axes); };
    if (crops) {
      int64_t count = axes.size();
      plan.roiStart = [roi, narrow, i = i](LocBuilder &b) { return narrow(b, roi.real(b, i)); };
      plan.roiEnd = [roi, narrow, i = i, count](LocBuilder &b) { return narrow(b, roi.real(b, count + i)); };
    }
    plans.push_back(plan);
  }
  return plans;
}

/// Checks that what data give is what the result's type says.
static void checkPlans(Node &node, ArrayRef<DataPlan> plans, StringRef policy) {
  Parameter scales(node, 2), sizes(node, 3);
  bool byScale = scales.size() > 0;
  const Parameter &decides = byScale ? scales : sizes;
  if (decides.isKnown() || (!byScale && node.elements(3)))
    return;
  check(node, decides, [&](LocBuilder &b) {
    Value fits;
    for (auto [i, plan] : llvm::enumerate(plans)) {
      Value output = single(b, plan.output), scaled = mul(b, single(b, plan.input), plan.scale(b)), good;
      if (byScale)
        good = compareReal(b, arith::CmpFPredicate::OEQ, output, floorOf(b, scaled));
      else if (policy == "stretch")
        good = sizes.is(b, i, plan.output);
      else
        good = compareReal(b, arith::CmpFPredicate::OEQ, output, floorOf(b, add(b, scaled, single(b, 0.5))));
      fits = both(b, fits, good);
    }
    return fits;
  });
}

/// `axes` are counted from the front; the operands are as many as they should be.
static LogicalResult resizeByData(Node &node, const Options &options,
                                  StringRef policy, ArrayRef<int64_t> axes) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  bool crops = options.coordinates == "tf_crop_and_resize";
  SmallVector<DataPlan> plans = plansByData(node, options, policy, axes);
  checkPlans(node, plans, policy);
  if (isEmpty(type))
    return node.done(emptyOf(node, type));
  llvm::erase_if(plans, [&](const DataPlan &plan) { return !crops && plan.known == 1 && plan.input == plan.output; });
  Value x = node.operand(0);
  if (options.mode == "nearest") {
    if (!plans.empty())
      x = takeNearest(b, x, type, options, plans);
  } else {
    for (const DataPlan &plan : plans) {
      DataTaps taps(node, options, plan);
      if (taps.count.isNumber() && plan.output.isNumber() && plan.input.isNumber() &&
          taps.count.value() > (int64_t(1) << 22) / std::max(plan.output.value(), plan.input.value()))
        return node.fail("the axes are too long to be scaled by data; make the "
                         "scales constant");
      x = interpolateByData(b, x, taps);
    }
  }
  return node.done(crops ? extrapolateByData(b, x, options, plans) : x);
}

/// The plans of axes whose scales and sizes are all known; axes that stay as they are are left out.
static FailureOr<SmallVector<AxisPlan>> staticPlans(Node &node, const Options &options, StringRef policy, ArrayRef<int64_t> axes) {
  auto scales = node.constantFloats(2), sizes = node.constantFloats(3), roi = node.constantFloats(1);
  if (scales && scales->empty())
    scales = std::nullopt;
  SmallVector<AxisPlan> plans;
  bool crops = options.coordinates == "tf_crop_and_resize";
  for (auto [i, axis] : llvm::enumerate(axes)) {
    // An open size that stays as it is does not matter.
    if (!node.sizes(0)[axis].isNumber())
      continue;
    AxisPlan plan{axis, node.shape(0)[axis], node.resultType().getDimSize(axis), 1};
    plan.scale = scales ? float((*scales)[i])
                 : sizes ? float((*sizes)[i]) / float(plan.input)
                         : float(plan.output) / float(plan.input);
    if (scales)
      plan.scaled = plan.scale * float(plan.input);
    if (!(plan.scale > 0))
      return node.fail("a scale is not positive; correct the model");
    if (crops) {
      plan.roiStart = float((*roi)[i]);
      plan.roiEnd = float((*roi)[axes.size() + i]);
    }
    plans.push_back(plan);
  }
  if (!scales && policy != "stretch" && !plans.empty()) {
    auto byScale = [](const AxisPlan &x, const AxisPlan &y) {
      return x.scale < y.scale;
    };
    float common = policy == "not_larger"
                       ? llvm::min_element(plans, byScale)->scale
                       : llvm::max_element(plans, byScale)->scale;
    for (AxisPlan &plan : plans)
      plan.scale = common;
  }
  llvm::erase_if(plans, [&](const AxisPlan &plan) { return plan.input == plan.output && plan.scale == 1 && !crops; });
  return plans;
}

static LogicalResult resizeStatically(Node &node, const Options &options, ArrayRef<AxisPlan> plans) {
  LocBuilder &b = node.b;
  SmallVector<Taps> taps;
  for (const AxisPlan &plan : plans) {
    // Many taps become a matrix of the input's and the output's places.
    double count = tapCount(options, plan);
    if (double(plan.output) * (count > kMostTaps ? std::max(count, double(plan.input)) : count) > kMostWeights)
      return node.fail("axis " + Twine(plan.axis) + " needs more than 16 million weights, which is not supported");
    taps.push_back(computeTaps(options, plan));
  }
  Value x = node.operand(0);
  if (options.mode == "nearest") {
    if (!plans.empty())
      x = takeNearest(b, x, node.resultType(), plans, taps);
  } else {
    for (auto [plan, tap] : llvm::zip(plans, taps))
      x = interpolateAxis(b, x, plan, tap);
  }
  return node.done(extrapolate(b, x, options.extrapolation, plans, taps));
}

/// The axes that are resized, counted from the front.
static FailureOr<std::vector<int64_t>> resizedAxes(Node &node) {
  Shape shape = node.sizes(0), result = node.resultSizes();
  int64_t rank = result.size();
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i)
    axes.push_back(i);
  axes = node.attrInts("axes").value_or(axes);
  constexpr int64_t limit = int64_t(1) << 22;
  for (int64_t &axis : axes) {
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank || (shape[axis] == 0 && result[axis] != 0))
      return node.fail("an axis is outside the rank or empty; correct the "
                       "model");
    if (result[axis].isNumber() && result[axis].value() > limit && result[axis] != shape[axis])
      return node.fail("axes of more than 4 million places are not supported");
  }
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!llvm::is_contained(axes, axis) && !node.agree(result[axis], shape[axis]))
      return node.fail("the result does not fit the input; correct the model");
  return axes;
}

static LogicalResult lowerResize(Node &node) {
  Options options;
  options.mode = node.attrString("mode", "nearest");
  options.coordinates =
      node.attrString("coordinate_transformation_mode", "half_pixel");
  options.nearest = node.attrString("nearest_mode", "round_prefer_floor");
  options.cubic = node.attrFloat("cubic_coeff_a", -0.75f);
  options.extrapolation = node.attrFloat("extrapolation_value", 0);
  options.excludeOutside = node.attrInt("exclude_outside", 0);
  options.antialias = node.attrInt("antialias", 0);
  std::string policy = node.attrString("keep_aspect_ratio_policy", "stretch");
  if (node.rank(0) != node.resultType().getRank())
    return node.fail("the result does not fit the input; correct the model");
  auto axes = resizedAxes(node);
  if (failed(axes))
    return failure();
  bool crops = options.coordinates == "tf_crop_and_resize";
  // Others ignore it.
  Parameter roi(node, 1, crops ? std::optional<int64_t>(2 * axes->size()) : std::nullopt), scales(node, 2), sizes(node, 3);
  size_t count = scales.size() ? scales.size() : sizes.size();
  if (count != axes->size() || (crops && roi.size() != 2 * int64_t(axes->size())))
    return node.fail("roi, scales and axes do not fit together; correct the "
                     "model");
  if (options.mode != "nearest" && !isFloat(node.element(0)))
    return node.fail("integer elements are supported only by nearest; cast to "
                     "float first");
  bool stretches = scales.size() || policy == "stretch";
  bool byData = (crops && !roi.isKnown()) || !scales.isKnown() || (!scales.size() && !sizes.isKnown() && !node.isOpen(3));
  auto given = scales.size() ? node.constantFloats(2) : std::nullopt;
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    Extent input = node.sizes(0)[axis], output = node.resultSizes()[axis];
    bool isStatic = input.isNumber() && output.isNumber();
    bool stays = !crops && stretches && input == output && (!given || (*given)[i] == 1);
    byData |= !isStatic && !stays;
  }
  if (byData)
    return resizeByData(node, options, policy, *axes);
  if (isEmpty(node.resultType()))
    return node.done(emptyOf(node, node.resultType()));
  auto plans = staticPlans(node, options, policy, *axes);
  return failed(plans) ? failure() : resizeStatically(node, options, *plans);
}

//===----------------------------------------------------------------------===//
// AffineGrid-20
//===----------------------------------------------------------------------===//

/// Every place of the grid, as coordinates from -1 to 1, through the affine map of its batch.
static LogicalResult lowerAffineGrid(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Shape result = node.resultSizes();
  int64_t rank = type.getRank(), axes = rank - 2;
  Parameter size(node, 1);
  Shape theta = node.sizes(0);
  if (axes < 2 || axes > 3 || theta.size() != 3 || !node.agree(result.back(), axes) || size.size() != axes + 2 ||
      !node.agree(theta[0], result[0]) || !node.agree(theta[1], axes) || !node.agree(theta[2], axes + 1))
    return node.fail("theta, the size and the result do not fit together; "
                     "correct the model");
  if (!size.isKnown() && !node.isOpen(1))
    check(node, size, [&](LocBuilder &b) {
      Value fits = size.is(b, 0, result[0]);
      for (int64_t i = 0; i < axes; ++i)
        fits = both(b, fits, size.is(b, 2 + i, result[1 + i]));
      return fits;
    });
  bool corners = node.attrInt("align_corners", 0);
  // One operand for each column: of x, y (and z), and the shift.
  SmallVector<Value> operands(axes + 1, node.operand(0));
  SmallVector<AffineMap> maps;
  for (int64_t column = 0; column <= axes; ++column)
    maps.push_back(AffineMap::get(rank, 0,
                                  {b.getAffineDimExpr(0), b.getAffineDimExpr(rank - 1),
                                   b.getAffineConstantExpr(column)},
                                  b.getContext()));
  return node.done(mapped(b, operands, maps, type, [&](LocBuilder &b, ValueRange s) {
    Type element = s[0].getType();
    Value sum = s.back();
    for (int64_t column = axes; column-- > 0;) {
      // x goes along the last axis of the grid.
      int64_t axis = axes - column;
      Value at = castScalar(b, place(b, axis), element, false, false);
      Value steps = scalarInt(b, element, corners ? result[axis] - 1 : result[axis]);
      if (corners)
        steps = maximum(b, steps, scalar(b, element, 1));
      Value twice = mul(b, at, scalar(b, element, 2));
      if (!corners)
        twice = add(b, twice, scalar(b, element, 1));
      Value coordinate = sub(b, div(b, twice, steps), scalar(b, element, 1));
      sum = add(b, sum, mul(b, s[column], coordinate));
    }
    return sum;
  }));
}

void lower::addResize(Registry &r) {
  r["onnx.AffineGrid"] = checked(lowerAffineGrid);
  r["onnx.Resize"] = checked(lowerResize);
}
