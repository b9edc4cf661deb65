//===- Resize.cpp - Resize-19 ---------------------------------------------===//
//
// Resizing treats each axis alone: an output element is a weighted sum of a few input elements, whose places and weights
// are constants. Coordinates are computed in float32, as the specification's own examples are, since rounding decides nearest neighbours.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"
#include <cmath>

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
  // The corners are those of the whole output, as in onnxruntime; the
  // standard's examples of scales that give no whole size differ.
  if (mode == "align_corners")
    return plan.output == 1 ? 0 : x * (in - 1) / (out - 1);
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
static constexpr int64_t kMostTapsWritten = 4;
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
  int64_t start = places[0], step = output > 1 ? places[1] - places[0] : 1;
  if (matches([&](int64_t o) { return start + o * step; }))
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
      // dim floordiv factor, or dim * step + start
      auto binary = cast<AffineBinaryOpExpr>(exprs[i]);
      if (binary.getKind() == AffineExprKind::FloorDiv) {
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

/// A few taps are written out; many (antialiasing) become a contraction with
/// the matrix of weights.
static Value interpolateAxis(LocBuilder &b, Value x, const AxisPlan &plan,
                             const Taps &taps) {
  RankedTensorType type = tensorType(x);
  Type element = type.getElementType();
  int64_t rank = type.getRank();
  SmallVector<int64_t> shape(type.getShape());
  shape[plan.axis] = plan.output;
  RankedTensorType result = tensorType(shape, element);
  if (taps.count > kMostTapsWritten) {
    std::vector<double> matrix(plan.output * plan.input, 0);
    for (int64_t o = 0; o < plan.output; ++o)
      for (int64_t k = 0; k < taps.count; ++k)
        matrix[o * plan.input + taps.places[o * taps.count + k]] +=
            taps.weights[o * taps.count + k];
    Value weights =
        constantTensor(b, {plan.output, plan.input}, element, matrix);
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < rank; ++i)
      exprs.push_back(b.getAffineDimExpr(i == plan.axis ? rank : i));
    MLIRContext *context = b.getContext();
    AffineMap maps[] = {
        AffineMap::get(rank + 1, 0, exprs, context),
        AffineMap::get(rank + 1, 0,
                       {b.getAffineDimExpr(plan.axis), b.getAffineDimExpr(rank)},
                       context),
        dropAxes(context, rank + 1, rank)};
    SmallVector<IteratorType> loops(rank, IteratorType::parallel);
    loops.push_back(IteratorType::reduction);
    return contraction(b, x, weights, maps, loops, result);
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
  SmallVector<AffineMap> maps(
      tables.size(), AffineMap::get(rank, 0, b.getAffineDimExpr(plan.axis)));
  return mapped(b, tables, maps, result, [&](LocBuilder &b, ValueRange s) {
    Value sum;
    for (int64_t k = 0; k < taps.count; ++k) {
      SmallVector<Value> at;
      for (int64_t i = 0; i < rank; ++i)
        at.push_back(i == plan.axis
                         ? Value(arith::IndexCastOp::create(
                               b, b.getIndexType(), s[2 * k]))
                         : Value(linalg::IndexOp::create(b, i)));
      Value part = mul(b, tensor::ExtractOp::create(b, x, at), s[2 * k + 1]);
      sum = sum ? add(b, sum, part) : part;
    }
    return sum;
  });
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

static LogicalResult lowerResize(Node &node) {
  LocBuilder &b = node.b;
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
  RankedTensorType type = node.resultType();
  int64_t rank = type.getRank();
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i)
    axes.push_back(i);
  axes = node.attrInts("axes").value_or(axes);
  auto scales = node.constantFloats(2), sizes = node.constantFloats(3);
  auto roi = node.constantFloats(1);
  bool crop = options.coordinates == "tf_crop_and_resize";
  if (scales && scales->empty())
    scales = std::nullopt;
  if ((!scales && !sizes) || (crop && !roi))
    return node.fail("roi, scales and sizes must be constant; fix the input's "
                     "shape with --shape");
  if ((scales ? scales : sizes)->size() != axes.size() ||
      (crop && roi->size() != 2 * axes.size()))
    return node.fail("roi, scales and axes do not fit together; correct the "
                     "model");
  if (options.mode != "nearest" && !isFloat(type.getElementType()))
    return node.fail("integer elements are supported only by nearest; cast to "
                     "float first");

  SmallVector<AxisPlan> plans;
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    constexpr int64_t limit = int64_t(1) << 22;
    if (axis >= 0 && axis < rank && type.getDimSize(axis) > limit &&
        type.getDimSize(axis) != node.shape(0)[axis])
      return node.fail("axes of more than 4 million places are not supported");
    if (axis < 0 || axis >= rank || node.shape(0)[axis] < 1 ||
        type.getDimSize(axis) < 1)
      return node.fail("an axis is outside the rank or empty; correct the "
                       "model");
    AxisPlan plan{axis, node.shape(0)[axis], type.getDimSize(axis), 1};
    plan.scale = scales ? float((*scales)[i])
                        : float((*sizes)[i]) / float(plan.input);
    if (!(plan.scale > 0))
      return node.fail("a scale is not positive; correct the model");
    if (crop) {
      plan.roiStart = float((*roi)[i]);
      plan.roiEnd = float((*roi)[axes.size() + i]);
    }
    plans.push_back(plan);
  }
  if (!scales && policy != "stretch") {
    auto byScale = [](const AxisPlan &x, const AxisPlan &y) {
      return x.scale < y.scale;
    };
    float common = policy == "not_larger"
                       ? llvm::min_element(plans, byScale)->scale
                       : llvm::max_element(plans, byScale)->scale;
    for (AxisPlan &plan : plans)
      plan.scale = common;
  }
  SmallVector<Taps> taps;
  SmallVector<AxisPlan> used;
  for (const AxisPlan &plan : plans) {
    if (plan.input == plan.output && plan.scale == 1 && !crop)
      continue;
    // Many taps become a matrix of the input's and the output's places.
    double count = tapCount(options, plan);
    if (double(plan.output) * (count > kMostTapsWritten ? std::max(count, double(plan.input)) : count) > kMostWeights)
      return node.fail("axis " + Twine(plan.axis) + " needs more than 16 million weights, which is not supported");
    used.push_back(plan);
    taps.push_back(computeTaps(options, plan));
  }
  Value x = node.operand(0);
  if (options.mode == "nearest") {
    if (!used.empty())
      x = takeNearest(b, x, type, used, taps);
  } else {
    for (auto [plan, tap] : llvm::zip(used, taps))
      x = interpolateAxis(b, x, plan, tap);
  }
  return node.done(extrapolate(b, x, options.extrapolation, used, taps));
}

void lower::addResize(Registry &r) { r["onnx.Resize"] = lowerResize; }
