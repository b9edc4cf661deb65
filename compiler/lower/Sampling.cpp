//===- Sampling.cpp - GridSample, RoiAlign, MaxRoiPool, DeformConv --------===//
//
// Values of a tensor at places that data give. Coordinates become tables first, one for each axis and tap: the place to read, which is always inside or -1 for
// "nothing there", and its weight. What reads the tensor then only multiplies and adds, for all channels with the same tables.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Convolution.h"
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Indexing.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

namespace {
enum class Padding { zeros, border, reflection };

/// The taps along one axis: tensors of one shape.
struct AxisTaps {
  SmallVector<Value> places, weights;
};
} // namespace

/// Every place of an axis of this length is exact in float32.
static constexpr int64_t kLongestAxis = int64_t(1) << 23;

static Value isLess(LocBuilder &b, Value x, Value y) {
  if (isFloat(x.getType()))
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, y);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, y);
}

/// size + offset of a floating-point type.
static Value real(LocBuilder &b, Type type, const Extent &size, double offset = 0) {
  if (size.isNumber())
    return scalar(b, type, double(size.value()) + offset);
  Value whole = scalarInt(b, type, size);
  return offset == 0 ? whole : add(b, whole, scalar(b, type, offset));
}

/// Between `bottom` and `top`; NaN becomes `bottom`.
static Value clamped(LocBuilder &b, Value x, Value bottom, Value top) {
  Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, bottom);
  x = arith::SelectOp::create(b, above, x, bottom);
  return arith::SelectOp::create(b, isLess(b, x, top), x, top);
}

static Value clamped(LocBuilder &b, Value x, double low, const Extent &high) {
  return clamped(b, x, scalar(b, x.getType(), low), real(b, x.getType(), high));
}

/// `value`, or `alone` where the axis has one element.
static Value unlessSingle(LocBuilder &b, const Extent &size, Value value, Value alone) {
  if (size.isNumber())
    return size == 1 ? alone : value;
  Value single = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, index(b, size), index(b, 1));
  return arith::SelectOp::create(b, single, alone, value);
}

/// Folds x at both borders of an axis, which are elements (`aligned`) or half way beyond them, until it lies between them.
static Value reflected(LocBuilder &b, Value x, const Extent &size, bool aligned) {
  Type type = x.getType();
  Value low = scalar(b, type, aligned ? 0 : -0.5), high = real(b, type, size, aligned ? -1 : -0.5);
  Value distance = math::AbsFOp::create(b, sub(b, x, low));
  Value period = real(b, type, aligned ? (size - 1) * 2 : size * 2);
  Value turns = math::FloorOp::create(b, div(b, distance, period));
  Value rest = sub(b, distance, mul(b, turns, period));
  Value back = sub(b, period, rest);
  Value folded = arith::SelectOp::create(b, isLess(b, back, rest), back, rest);
  Value inside = clamped(b, add(b, folded, low), low, high);
  return aligned ? unlessSingle(b, size, inside, low) : inside;
}

/// The same for whole numbers from -4 on.
static Value reflectedPlace(LocBuilder &b, Value place, const Extent &size, bool aligned) {
  Type type = place.getType();
  if (size == 1)
    return scalarInt(b, type, 0);
  Value one = scalarInt(b, type, 1);
  // Of one element the period is none.
  Value period = maximum(b, scalarInt(b, type, aligned ? (size - 1) * 2 : size * 2), one);
  Value turns = mul(b, arith::DivUIOp::create(b, add(b, period, scalarInt(b, type, 3)), period), period);
  Value rest = arith::RemUIOp::create(b, add(b, place, turns), period);
  Value back = sub(b, aligned ? period : sub(b, period, one), rest);
  return unlessSingle(b, size, minimum(b, rest, back), scalarInt(b, type, 0));
}

/// Weight of tap k (0 to 3) of cubic convolution with a = -0.75, for a place `t` behind tap 1.
static Value cubicWeight(LocBuilder &b, Value t, int64_t k) {
  Type type = t.getType();
  constexpr double a = -0.75;
  auto number = [&](double value) { return scalar(b, type, value); };
  Value x = k == 0   ? add(b, t, number(1))
            : k == 1 ? t
            : k == 2 ? sub(b, number(1), t)
                     : sub(b, number(2), t);
  if (k == 1 || k == 2) {
    Value inner = sub(b, mul(b, number(a + 2), x), number(a + 3));
    return add(b, mul(b, mul(b, inner, x), x), number(1));
  }
  Value inner = sub(b, mul(b, number(a), x), number(5 * a));
  inner = add(b, mul(b, inner, x), number(8 * a));
  return sub(b, mul(b, inner, x), number(4 * a));
}

/// Taps along an axis of `size` elements at `coordinate`, a tensor in units of elements: 1 tap is the nearest element, 2 are linear, 4 cubic.
static AxisTaps makeTaps(LocBuilder &b, Value coordinate, const Extent &size, int64_t count,
                         Padding padding, bool aligned) {
  RankedTensorType type = tensorType(coordinate);
  RankedTensorType placeType = tensorType(shapeOf(type), b.getI32Type());
  Value inside = pointwise(
      b, coordinate, type, [&](LocBuilder &b, ValueRange s) -> Value {
        Value x = s[0];
        if (count == 1)
          x = math::RoundEvenOp::create(b, x);
        if (padding == Padding::border)
          return clamped(b, x, 0, size - 1);
        if (padding == Padding::reflection)
          return reflected(b, x, size, aligned);
        // Further out, all taps are outside as well.
        return clamped(b, x, -3, size + 2);
      });
  AxisTaps taps;
  for (int64_t k = 0; k < count; ++k) {
    taps.places.push_back(pointwise(
        b, inside, placeType, [&](LocBuilder &b, ValueRange s) -> Value {
          Value first = math::FloorOp::create(b, s[0]);
          Value place = arith::FPToSIOp::create(b, b.getI32Type(), first);
          place = add(b, place, scalarInt(b, place.getType(), k - (count == 4)));
          Value zero = scalarInt(b, place.getType(), 0);
          Value last = scalarInt(b, place.getType(), size - 1);
          if (padding == Padding::border)
            return minimum(b, maximum(b, place, zero), last);
          if (padding == Padding::reflection)
            return reflectedPlace(b, place, size, aligned);
          Value none = scalarInt(b, place.getType(), -1);
          Value kept = arith::SelectOp::create(b, isLess(b, last, place), none, place);
          return maximum(b, kept, none);
        }));
    if (count == 1)
      continue;
    taps.weights.push_back(
        pointwise(b, inside, type, [&](LocBuilder &b, ValueRange s) -> Value {
          Value t = sub(b, s[0], math::FloorOp::create(b, s[0]));
          if (count == 4)
            return cubicWeight(b, t, k);
          return k == 1 ? t : sub(b, scalar(b, t.getType(), 1), t);
        }));
  }
  return taps;
}

namespace {
/// The operands of a body that samples: all taps' places and weights.
struct Sampler {
  SmallVector<Value> operands;
  int64_t axes, count;

  Sampler(ArrayRef<AxisTaps> taps)
      : axes(taps.size()), count(taps.front().places.size()) {
    for (const AxisTaps &axis : taps) {
      operands.append(axis.places);
      operands.append(axis.weights);
    }
  }

  /// The value of `data` at `leading` indices and the taps, whose scalars `s` begins with.
  Value read(LocBuilder &b, ValueRange s, Value data, ArrayRef<Value> leading) const {
    return readAxis(b, s, data, SmallVector<Value>(leading), Value(), 0);
  }

private:
  Value readAxis(LocBuilder &b, ValueRange s, Value data, SmallVector<Value> at,
                 Value inside, int64_t axis) const {
    if (axis == axes) {
      Value value = tensor::ExtractOp::create(b, data, at);
      return arith::SelectOp::create(b, inside, value,
                                     scalarInt(b, value.getType(), 0));
    }
    int64_t first = axis * (count == 1 ? 1 : 2 * count);
    Value sum;
    for (int64_t k = 0; k < count; ++k) {
      Value place = s[first + k];
      Value zero = scalarInt(b, place.getType(), 0);
      Value here = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, place, zero);
      if (inside)
        here = arith::AndIOp::create(b, inside, here);
      SmallVector<Value> next(at);
      next.push_back(arith::IndexCastOp::create(b, b.getIndexType(),
                                                maximum(b, place, zero)));
      Value value = readAxis(b, s, data, next, here, axis + 1);
      if (count > 1)
        value = mul(b, value, s[first + count + k]);
      sum = sum ? add(b, sum, value) : value;
    }
    return sum;
  }
};
} // namespace

static SmallVector<AffineExpr> dims(LocBuilder &b, int64_t first, int64_t count) {
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < count; ++i)
    exprs.push_back(b.getAffineDimExpr(first + i));
  return exprs;
}

/// Axes are not empty, and not too long.
static LogicalResult checkAxes(Node &node, const Shape &shape) {
  for (const Extent &size : shape)
    if (size == 0 || !node.isAtMost(size, kLongestAxis))
      return node.fail("an axis is empty or too long; correct the model");
  return success();
}

//===----------------------------------------------------------------------===//
// GridSample
//===----------------------------------------------------------------------===//

/// GridSample-22, of any number of dimensions.
static LogicalResult lowerGridSample(Node &node) {
  LocBuilder &b = node.b;
  Shape shape = node.sizes(0), grid = node.sizes(1);
  RankedTensorType type = node.resultType();
  int64_t rank = shape.size(), n = rank - 2;
  if (n < 1 || n > 3 || int64_t(grid.size()) != rank || !node.agree(grid.back(), n) ||
      !node.agree(grid.front(), shape[0]))
    return node.fail("the grid does not fit the input; correct the model");
  if (isEmpty(type))
    return node.done(emptyOf(node, type));
  if (failed(checkAxes(node, shape)))
    return failure();
  std::string mode = node.attrString("mode", "linear");
  std::string outside = node.attrString("padding_mode", "zeros");
  bool aligned = node.attrInt("align_corners", 0);
  int64_t count = mode == "nearest" ? 1 : mode == "cubic" || mode == "bicubic" ? 4 : 2;
  if (count > 1 && !isFloat(type.getElementType()))
    return node.fail("integer elements are supported only by nearest; cast to float first");
  Padding padding = outside == "border"       ? Padding::border
                    : outside == "reflection" ? Padding::reflection
                                              : Padding::zeros;
  // Places in half precision would be off by whole elements.
  Type wide = node.element(1).isF64() ? node.element(1) : Type(b.getF32Type());
  Type element = type.getElementType();
  Type computed = isFloat(element) && !element.isF64() ? Type(b.getF32Type()) : element;
  Shape points(ArrayRef<Extent>(grid).drop_back());
  SmallVector<AxisTaps> taps;
  for (int64_t axis = 0; axis < n; ++axis) {
    // The last axis comes first in the grid.
    Value relative = reshape(
        b, sliceAxis(b, node.operand(1), rank - 1, n - 1 - axis, 1), points);
    Extent size = shape[2 + axis];
    Value coordinate = pointwise(
        b, relative, tensorType(points, wide), [&](LocBuilder &b, ValueRange s) {
          Value x = castScalar(b, s[0], wide, false, false);
          Value one = scalar(b, wide, 1), half = scalar(b, wide, 0.5);
          if (aligned)
            return mul(b, mul(b, add(b, x, one), half), real(b, wide, size - 1));
          return mul(b, sub(b, mul(b, add(b, x, one), real(b, wide, size)), one), half);
        });
    AxisTaps made = makeTaps(b, coordinate, size, count, padding, aligned);
    for (Value &weight : made.weights)
      weight = castTo(b, weight, computed);
    taps.push_back(made);
  }
  Sampler sampler(taps);
  SmallVector<AffineExpr> exprs{b.getAffineDimExpr(0)};
  exprs.append(dims(b, 2, n));
  SmallVector<AffineMap> maps(sampler.operands.size(),
                              AffineMap::get(rank, 0, exprs, b.getContext()));
  Value data = castTo(b, node.operand(0), computed);
  Value result = mapped(b, sampler.operands, maps, tensorType(shapeOf(type), computed),
                        [&](LocBuilder &b, ValueRange s) {
                          return sampler.read(b, s, data,
                                              {linalg::IndexOp::create(b, 0),
                                               linalg::IndexOp::create(b, 1)});
                        });
  return node.done(castTo(b, result, element));
}

//===----------------------------------------------------------------------===//
// DeformConv
//===----------------------------------------------------------------------===//

/// DeformConv-22: what the taps of each window read, as columns, times the weights.
static LogicalResult lowerDeformConv(Node &node) {
  LocBuilder &b = node.b;
  int64_t group = node.attrInt("group", 1), offsets = node.attrInt("offset_group", 1);
  if (failed(checkConvolution(node, 0, 1, group, /*transposed=*/false)) ||
      failed(checkBias(node, 3, node.sizes(1)[0])))
    return failure();
  Shape shape = node.sizes(0), space(ArrayRef<Extent>(shape).drop_front(2));
  RankedTensorType type = node.resultType();
  Shape result = shapeOf(type), output(ArrayRef<Extent>(result).drop_front(2));
  Window window;
  if (failed(readWindow(node, space, kernelOf(node, 1), window)))
    return failure();
  int64_t n = space.size();
  Extent batch = shape[0], channels = shape[1], window1 = window.kernel.count();
  Type element = node.element(0);
  auto fits = [&](unsigned i, int64_t perTap) {
    Shape given = node.sizes(i);
    if (int64_t(given.size()) != n + 2 || node.element(i) != element || !node.agree(given[0], batch) ||
        !node.agree(given[1], window1 * (offsets * perTap)))
      return false;
    for (int64_t axis = 0; axis < n; ++axis)
      if (!node.agree(given[2 + axis], output[axis]))
        return false;
    return true;
  };
  if (n > 3 || offsets < 1 || !node.isAtMost(offsets, channels) || !node.agree(channels / offsets * offsets, channels) ||
      !isFloat(element) || !fits(2, n) || (node.has(4) && !fits(4, 1)))
    return node.fail("offset and mask do not fit the windows; correct the model");
  if (isEmpty(type))
    return node.done(emptyOf(node, type));
  if (failed(checkAxes(node, shape)))
    return failure();

  // (batch, offset group, taps, output) for each axis.
  Shape points{batch, offsets};
  llvm::append_range(points, window.kernel);
  Shape split(points);
  split.push_back(n);
  points.append(output.begin(), output.end());
  split.append(output.begin(), output.end());
  Value moved = reshape(b, node.operand(2), split);
  SmallVector<AxisTaps> taps;
  for (int64_t axis = 0; axis < n; ++axis) {
    Value along = reshape(b, sliceAxis(b, moved, 2 + n, axis, 1), points);
    Value coordinate = pointwise(
        b, along, tensorType(points, element), [&](LocBuilder &b, ValueRange s) {
          auto times = [&](int64_t dim, int64_t factor) -> Value {
            return arith::MulIOp::create(b, linalg::IndexOp::create(b, dim),
                                         index(b, factor));
          };
          Value at = add(b, times(2 + n + axis, window.strides[axis]),
                         times(2 + axis, window.dilations[axis]));
          at = sub(b, at, index(b, window.low[axis]));
          Value whole = arith::IndexCastOp::create(b, b.getI64Type(), at);
          return add(b, castScalar(b, whole, element, false, false), s[0]);
        });
    taps.push_back(makeTaps(b, coordinate, space[axis], 2, Padding::zeros, true));
  }
  Sampler sampler(taps);
  SmallVector<Value> operands(sampler.operands);
  if (node.has(4))
    operands.push_back(reshape(b, node.operand(4), points));
  // loops: batch, offset group, channel in it, taps, output
  int64_t loops = 3 + 2 * n;
  Extent perGroup = channels / offsets;
  SmallVector<AffineExpr> exprs = dims(b, 0, 2);
  exprs.append(dims(b, 3, 2 * n));
  SmallVector<AffineMap> maps(operands.size(),
                              AffineMap::get(loops, 0, exprs, b.getContext()));
  Shape columnShape{batch, offsets, perGroup};
  columnShape.append(points.begin() + 2, points.end());
  Value data = node.operand(0);
  Value columns = mapped(
      b, operands, maps, tensorType(columnShape, element),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value first = arith::MulIOp::create(b, linalg::IndexOp::create(b, 1),
                                            index(b, perGroup));
        Value channel = add(b, first, linalg::IndexOp::create(b, 2));
        Value value =
            sampler.read(b, s, data, {linalg::IndexOp::create(b, 0), channel});
        return node.has(4) ? mul(b, value, s.back()) : value;
      });
  Extent filters = node.sizes(1)[0], depth = node.sizes(1)[1] * window1, places = output.count();
  columns = reshape(b, columns, {batch, group, depth, places});
  Value weights = reshape(b, node.operand(1), {group, filters / group, depth});
  // loops: batch, group, filter, place, depth
  MLIRContext *context = b.getContext();
  auto map = [&](ArrayRef<unsigned> order) {
    SmallVector<AffineExpr> list;
    for (unsigned dim : order)
      list.push_back(b.getAffineDimExpr(dim));
    return AffineMap::get(5, 0, list, context);
  };
  AffineMap product[] = {map({1, 2, 4}), map({0, 1, 4, 3}), map({0, 1, 2, 3})};
  SmallVector<IteratorType> kinds(4, IteratorType::parallel);
  kinds.push_back(IteratorType::reduction);
  Value sum = contraction(b, weights, columns, product, kinds,
                          tensorType({batch, group, filters / group, places}, element));
  sum = reshape(b, sum, result);
  if (node.has(3))
    sum = addChannelBias(b, sum, node.operand(3));
  return node.done(sum);
}

//===----------------------------------------------------------------------===//
// RoiAlign, MaxRoiPool
//===----------------------------------------------------------------------===//

/// The batch index of each region, inside.
static Value checkedBatches(Node &node, Value batches, const Extent &size) {
  return pointwise(node.b, batches, tensorType(shapeOf(batches), node.b.getI64Type()),
                   [&](LocBuilder &b, ValueRange s) -> Value {
                     Value whole = castScalar(b, s[0], b.getI64Type(), false, false);
                     Value at = checkedIndex(b, whole, size, node, false, false);
                     return arith::IndexCastOp::create(b, b.getI64Type(), at);
                   });
}

/// Where the samples of one axis of all regions lie: (regions, output, samples), and how many of them count in each region. The others repeat the last
/// one for a maximum, and lie outside of the image for a sum.
static Value regionSamples(Node &node, int64_t axis, const Extent &size, const Extent &output,
                           const Extent &samples, bool greatest, Value *count) {
  LocBuilder &b = node.b;
  double scale = node.attrFloat("spatial_scale", 1);
  bool half = node.attrString("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  Value rois = node.operand(1);
  Type type = elementOf(rois);
  bool adaptive = node.attrInt("sampling_ratio", 0) == 0;
  Extent regions = shapeOf(rois)[0];
  auto edge = [&](int64_t column) {
    return reshape(b, sliceAxis(b, rois, 1, column, 1), {regions});
  };
  // x1, y1, x2, y2
  Value from = edge(axis == 0 ? 1 : 0), to = edge(axis == 0 ? 3 : 2);
  auto start = [&](LocBuilder &b, Value x) {
    Value scaled = mul(b, x, scalar(b, type, scale));
    return half ? sub(b, scaled, scalar(b, type, 0.5)) : scaled;
  };
  Value bin = pointwise(b, {from, to}, tensorType({regions}, type),
                        [&](LocBuilder &b, ValueRange s) -> Value {
                          Value length = sub(b, start(b, s[1]), start(b, s[0]));
                          if (!half)
                            length = maximum(b, length, scalar(b, type, 1));
                          return div(b, length, real(b, type, output));
                        });
  *count = pointwise(b, bin, tensorType({regions}, type),
                     [&](LocBuilder &b, ValueRange s) -> Value {
                       if (!adaptive)
                         return real(b, type, samples);
                       Value needed = math::CeilOp::create(b, s[0]);
                       Value most = real(b, type, samples);
                       Value fits = arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, needed, most);
                       cf::AssertOp::create(b, fits, b.getStringAttr(node.name() + ": index out of range"));
                       return clamped(b, needed, 0, samples);
                     });
  SmallVector<AffineMap> maps(3, AffineMap::get(3, 0, b.getAffineDimExpr(0)));
  return mapped(b, {from, bin, *count}, maps,
                tensorType({regions, output, samples}, type),
                [&](LocBuilder &b, ValueRange s) -> Value {
                  auto loop = [&](int64_t dim) {
                    Value at = arith::IndexCastOp::create(
                        b, b.getI64Type(), linalg::IndexOp::create(b, dim));
                    return castScalar(b, at, type, false, false);
                  };
                  Value number = loop(2);
                  Value unused = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, number, s[2]);
                  if (greatest) {
                    Value last = sub(b, s[2], scalar(b, type, 1));
                    number = minimum(b, number, last);
                    unused = isLess(b, last, scalar(b, type, 0));
                  }
                  Value sample = add(b, number, scalar(b, type, 0.5));
                  Value place = add(b, start(b, s[0]), mul(b, loop(1), s[1]));
                  place = add(b, place, div(b, mul(b, sample, s[1]), s[2]));
                  Value below = arith::CmpFOp::create(b, arith::CmpFPredicate::ULT, place, scalar(b, type, -1));
                  Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::UGT, place, real(b, type, size));
                  Value nothing = arith::OrIOp::create(b, unused, arith::OrIOp::create(b, below, above));
                  Value far = scalar(b, type, -9);
                  return arith::SelectOp::create(b, nothing, far, clamped(b, place, 0, size - 1));
                });
}

/// RoiAlign-22.
static LogicalResult lowerRoiAlign(Node &node) {
  LocBuilder &b = node.b;
  Shape shape = node.sizes(0), result = node.resultSizes();
  RankedTensorType type = node.resultType();
  Type element = type.getElementType();
  int64_t ratio = node.attrInt("sampling_ratio", 0);
  bool greatest = node.attrString("mode", "avg") == "max";
  if (shape.size() != 4 || node.rank(1) != 2 || !node.agree(node.sizes(1)[1], 4) ||
      node.rank(2) != 1 || !node.agree(node.sizes(2)[0], node.sizes(1)[0]) || ratio < 0 ||
      ratio > 1024 || !isFloat(element) || type.getRank() != 4 ||
      !node.agree(result[0], node.sizes(1)[0]))
    return node.fail("the regions do not fit the input; correct the model");
  if (isEmpty(type))
    return node.done(emptyOf(node, type));
  if (failed(checkAxes(node, shape)))
    return failure();
  SmallVector<AxisTaps> taps;
  Value counts[2];
  Extent samples[2];
  for (int64_t axis : {0, 1}) {
    Extent output = result[2 + axis];
    // Without a number, as many samples as a region has elements for each result; one that is larger than the image is refused at run time.
    samples[axis] = ratio ? Extent(ratio) : shape[2 + axis] / output + 2;
    Value places = regionSamples(node, axis, shape[2 + axis], output, samples[axis],
                                 greatest, &counts[axis]);
    // Clamped to the image, the tap beyond its end has the weight 0.
    taps.push_back(makeTaps(b, places, shape[2 + axis], 2, Padding::zeros, true));
  }
  Sampler sampler(taps);
  // loops: region, channel, row, column, and samples of both
  MLIRContext *context = b.getContext();
  SmallVector<AffineMap> maps;
  for (int64_t axis : {0, 1})
    maps.append(4, AffineMap::get(6, 0, {b.getAffineDimExpr(0), b.getAffineDimExpr(2 + axis),
                                         b.getAffineDimExpr(4 + axis)}, context));
  SmallVector<Value> operands(sampler.operands);
  operands.push_back(checkedBatches(node, node.operand(2), shape[0]));
  maps.push_back(AffineMap::get(6, 0, b.getAffineDimExpr(0)));
  maps.push_back(AffineMap::get(6, 0, dims(b, 0, 4), context));
  SmallVector<IteratorType> kinds(4, IteratorType::parallel);
  kinds.append(2, IteratorType::reduction);
  Value data = node.operand(0);
  auto channels = [&](LocBuilder &b, ValueRange s) {
    Value batch = arith::IndexCastOp::create(b, b.getIndexType(), s[8]);
    return SmallVector<Value>{batch, linalg::IndexOp::create(b, 1)};
  };
  if (greatest) {
    // The greatest of all weighted taps, as the specification's own code has it.
    Value result = reduction(
        b, operands, maps, kinds, type, lowestAttr(element, false),
        [&](LocBuilder &b, ValueRange s) -> Value {
          Value zero = scalarInt(b, b.getI32Type(), 0), best;
          Value used = arith::ConstantOp::create(b, b.getBoolAttr(true));
          for (int64_t axis : {0, 1})
            used = arith::AndIOp::create(
                b, used, arith::CmpIOp::create(b, arith::CmpIPredicate::sge, s[4 * axis], zero));
          SmallVector<Value> at = channels(b, s);
          for (int64_t i : {0, 1})
            for (int64_t j : {0, 1}) {
              SmallVector<Value> place(at);
              for (Value p : {s[i], s[4 + j]})
                place.push_back(arith::IndexCastOp::create(
                    b, b.getIndexType(), maximum(b, p, zero)));
              Value value = tensor::ExtractOp::create(b, data, place);
              Value weight = mul(b, s[2 + i], s[6 + j]);
              weight = arith::SelectOp::create(b, used, weight, scalar(b, element, 0));
              value = mul(b, value, weight);
              best = best ? maximum(b, best, value) : value;
            }
          return maximum(b, s.back(), best);
        });
    return node.done(result);
  }
  Value sum = reduction(b, operands, maps, kinds, type, numberAttr(element, 0),
                        [&](LocBuilder &b, ValueRange s) -> Value {
                          return add(b, s.back(), sampler.read(b, s, data, channels(b, s)));
                        });
  SmallVector<AffineMap> perRegion(2, AffineMap::get(4, 0, b.getAffineDimExpr(0)));
  perRegion.insert(perRegion.begin(), b.getMultiDimIdentityMap(4));
  return node.done(mapped(b, {sum, counts[0], counts[1]}, perRegion, type,
                          [&](LocBuilder &b, ValueRange s) {
                            Value count = mul(b, s[1], s[2]);
                            count = maximum(b, count, scalar(b, element, 1));
                            return div(b, s[0], count);
                          }));
}

/// The greatest of each part of one axis of `x` (regions, channels, rows, columns), which becomes `output` long: rows or columns between the region's bounds.
static Value poolAxis(Node &node, Value x, Value regions, int64_t axis, const Extent &output) {
  LocBuilder &b = node.b;
  Shape shape = shapeOf(x);
  Type element = elementOf(x), i64 = b.getI64Type();
  Extent count = shape[0], size = shape[2 + axis];
  double scale = node.attrFloat("spatial_scale", 1);
  auto edge = [&](int64_t column) {
    return reshape(b, sliceAxis(b, regions, 1, column, 1), {count});
  };
  // batch, x1, y1, x2, y2
  Value from = edge(axis == 0 ? 2 : 1), to = edge(axis == 0 ? 4 : 3);
  auto bound = [&](bool upper) {
    SmallVector<AffineMap> maps(2, AffineMap::get(2, 0, b.getAffineDimExpr(0)));
    return mapped(b, {from, to}, maps, tensorType({count, output}, i64),
                  [&](LocBuilder &b, ValueRange s) -> Value {
                    auto place = [&](Value v) -> Value {
                      Value scaled = mul(b, v, scalar(b, element, scale));
                      scaled = math::FloorOp::create(b, add(b, scaled, scalar(b, element, 0.5)));
                      return clamped(b, scaled, -1e6, int64_t(1e6));
                    };
                    Value start = place(s[0]), one = scalar(b, element, 1);
                    Value length = maximum(b, add(b, sub(b, place(s[1]), start), one), one);
                    Value bin = div(b, length, real(b, element, output));
                    Value at = castScalar(b, arith::IndexCastOp::create(b, i64, linalg::IndexOp::create(b, 1)),
                                          element, false, false);
                    Value edge = upper ? Value(math::CeilOp::create(b, mul(b, add(b, at, one), bin)))
                                       : Value(math::FloorOp::create(b, mul(b, at, bin)));
                    return arith::FPToSIOp::create(b, i64, clamped(b, add(b, edge, start), 0, size));
                  });
  };
  Value low = bound(false), high = bound(true);
  // loops: the result's four, and the axis
  SmallVector<AffineExpr> read = dims(b, 0, 4);
  read[2 + axis] = b.getAffineDimExpr(4);
  MLIRContext *context = b.getContext();
  AffineMap table = AffineMap::get(5, 0, {b.getAffineDimExpr(0), b.getAffineDimExpr(2 + axis)}, context);
  AffineMap maps[] = {AffineMap::get(5, 0, read, context), table, table,
                      AffineMap::get(5, 0, dims(b, 0, 4), context)};
  SmallVector<IteratorType> kinds(4, IteratorType::parallel);
  kinds.push_back(IteratorType::reduction);
  shape[2 + axis] = output;
  TypedAttr lowest = lowestAttr(element, false);
  return reduction(b, {x, low, high}, maps, kinds, tensorType(shape, element), lowest,
                   [&](LocBuilder &b, ValueRange s) -> Value {
                     Value at = arith::IndexCastOp::create(b, i64, linalg::IndexOp::create(b, 4));
                     Value first = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, at, s[1]);
                     Value last = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, at, s[2]);
                     Value used = arith::AndIOp::create(b, first, last);
                     Value none = arith::ConstantOp::create(b, lowest);
                     return maximum(b, s[3], arith::SelectOp::create(b, used, s[0], none));
                   });
}

/// MaxRoiPool-22: rows first, then columns; an empty part gives 0.
static LogicalResult lowerMaxRoiPool(Node &node) {
  LocBuilder &b = node.b;
  Shape shape = node.sizes(0), result = node.resultSizes();
  RankedTensorType type = node.resultType();
  Type element = type.getElementType();
  if (shape.size() != 4 || node.rank(1) != 2 || !node.agree(node.sizes(1)[1], 5) ||
      type.getRank() != 4 || !node.agree(result[0], node.sizes(1)[0]) || !isFloat(element) ||
      node.element(1) != element)
    return node.fail("the regions do not fit the input; correct the model");
  if (isEmpty(type) || isEmpty(node.type(0)))
    return node.fail("the input is empty; correct the model");
  Extent regions = result[0];
  Value rois = node.operand(1), data = node.operand(0);
  Value batches = checkedBatches(node, reshape(b, sliceAxis(b, rois, 1, 0, 1), {regions}), shape[0]);
  Value images = mapped(
      b, batches, AffineMap::get(4, 0, b.getAffineDimExpr(0)),
      tensorType({regions, shape[1], shape[2], shape[3]}, element),
      [&](LocBuilder &b, ValueRange s) -> Value {
        SmallVector<Value> at{arith::IndexCastOp::create(b, b.getIndexType(), s[0])};
        for (int64_t i = 1; i < 4; ++i)
          at.push_back(linalg::IndexOp::create(b, i));
        return tensor::ExtractOp::create(b, data, at);
      });
  Value rows = poolAxis(node, images, rois, 0, result[2]);
  Value pooled = poolAxis(node, rows, rois, 1, result[3]);
  return node.done(pointwise(b, pooled, type, [&](LocBuilder &b, ValueRange s) -> Value {
    Value none = arith::ConstantOp::create(b, lowestAttr(element, false));
    Value empty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, s[0], none);
    return arith::SelectOp::create(b, empty, scalar(b, element, 0), s[0]);
  }));
}

void lower::addSampling(Registry &r) {
  r["onnx.GridSample"] = lowerGridSample;
  r["onnx.DeformConv"] = lowerDeformConv;
  r["onnx.RoiAlign"] = lowerRoiAlign;
  r["onnx.MaxRoiPool"] = lowerMaxRoiPool;
}
