//===- Pooling.cpp - MaxPool-22, AveragePool-22, LpPool-22, global pools --===//
#include "compiler/lower/Convolution.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// Reduces each window. A tensor without data gives the window's loops their sizes.
static Value pool(LocBuilder &b, Value x, const Window &window,
                  ArrayRef<Extent> output, TypedAttr neutral, Body body) {
  unsigned n = window.kernel.size(), loops = 2 + 2 * n;
  RankedTensorType type = tensorType(x);
  Value taps = tensor::EmptyOp::create(b, window.kernel.numbers(), type.getElementType());
  SmallVector<AffineExpr> tapExprs, outExprs;
  for (unsigned i = 0; i < n; ++i)
    tapExprs.push_back(b.getAffineDimExpr(2 + n + i));
  for (unsigned i = 0; i < 2 + n; ++i)
    outExprs.push_back(b.getAffineDimExpr(i));
  MLIRContext *context = b.getContext();
  AffineMap maps[] = {windowMap(b, window, 2, loops),
                      AffineMap::get(loops, 0, tapExprs, context),
                      AffineMap::get(loops, 0, outExprs, context)};
  SmallVector<IteratorType> kinds(2 + n, IteratorType::parallel);
  kinds.append(n, IteratorType::reduction);
  Shape shape(ArrayRef<Extent>(shapeOf(type)).take_front(2));
  shape.append(output.begin(), output.end());
  return reduction(b, {x, taps}, maps, kinds,
                   tensorType(shape, type.getElementType()), neutral,
                   [&](LocBuilder &b, ValueRange s) {
                     return body(b, {s[0], s[2]});
                   });
}

static LogicalResult readPool(Node &node, Window &window) {
  if (node.rank(0) < 3)
    return node.fail("the input must have a rank of at least 3; correct the "
                     "model");
  if (failed(checkRankStays(node, 0)))
    return failure();
  Shape space(ArrayRef<Extent>(node.sizes(0)).drop_front(2));
  std::vector<int64_t> kernel =
      node.attrInts("kernel_shape").value_or(std::vector<int64_t>());
  if (kernel.size() != space.size())
    return node.fail("kernel_shape does not fit the input; correct the model");
  if (failed(readWindow(node, space, kernel, window)))
    return failure();
  return resolvePadding(node, space,
                        Shape(ArrayRef<Extent>(node.resultSizes()).drop_front(2)), window);
}

//===----------------------------------------------------------------------===//
// MaxPool
//===----------------------------------------------------------------------===//

/// For the second result: the greatest i64 less the place of the first maximum
/// of each window in the flattened input, so that the reduction is a maximum.
static Value maxPlaces(Node &node, Value x, Value best, const Window &window) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.type(0), result = node.resultType(1);
  unsigned n = window.kernel.size(), loops = 2 + 2 * n;
  Shape shape = shapeOf(type);
  bool columnMajor = node.attrInt("storage_order", 0);
  Shape strides(n, 1);
  if (columnMajor)
    for (unsigned i = 1; i < n; ++i)
      strides[i] = strides[i - 1] * shape[1 + i];
  else
    for (unsigned i = n - 1; i-- > 0;)
      strides[i] = strides[i + 1] * shape[3 + i];
  Extent plane = Shape(ArrayRef<Extent>(shape).drop_front(2)).count();

  Value taps = tensor::EmptyOp::create(b, window.kernel.numbers(), type.getElementType());
  SmallVector<AffineExpr> tapExprs, outExprs;
  for (unsigned i = 0; i < n; ++i)
    tapExprs.push_back(b.getAffineDimExpr(2 + n + i));
  for (unsigned i = 0; i < 2 + n; ++i)
    outExprs.push_back(b.getAffineDimExpr(i));
  MLIRContext *context = b.getContext();
  AffineMap out = AffineMap::get(loops, 0, outExprs, context);
  AffineMap maps[] = {windowMap(b, window, 2, loops), out,
                      AffineMap::get(loops, 0, tapExprs, context), out};
  SmallVector<IteratorType> kinds(2 + n, IteratorType::parallel);
  kinds.append(n, IteratorType::reduction);
  Type i64 = b.getI64Type();
  return reduction(
      b, {x, best, taps}, maps, kinds, result, lowestAttr(i64, true),
      [&](LocBuilder &b, ValueRange s) -> Value {
        auto dim = [&](unsigned i) -> Value {
          return linalg::IndexOp::create(b, i);
        };
        auto times = [&](Value value, const Extent &factor) -> Value {
          return arith::MulIOp::create(b, value, index(b, factor));
        };
        Value flat = add(b, times(dim(0), plane * shape[1]),
                         times(dim(1), plane));
        for (unsigned i = 0; i < n; ++i) {
          Value at = add(b, times(dim(2 + i), window.strides[i]),
                         times(dim(2 + n + i), window.dilations[i]));
          at = arith::SubIOp::create(b, at, index(b, window.low[i]));
          flat = add(b, flat, times(at, strides[i]));
        }
        Value place = arith::IndexCastOp::create(b, i64, flat);
        Value isBest =
            isFloat(s[0].getType())
                ? Value(arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, s[0],
                                              s[1]))
                : Value(arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[0],
                                              s[1]));
        // 0 stands for "none": no place is the greatest i64.
        Value negated = arith::SubIOp::create(
            b, scalarInt(b, i64, std::numeric_limits<int64_t>::max()), place);
        Value chosen = arith::SelectOp::create(b, isBest, negated,
                                               scalarInt(b, i64, 0));
        return arith::MaxSIOp::create(b, s.back(), chosen);
      });
}

static LogicalResult lowerMaxPool(Node &node) {
  LocBuilder &b = node.b;
  Window window;
  if (failed(readPool(node, window)))
    return failure();
  bool isUnsigned = node.isUnsigned(0);
  TypedAttr lowest = lowestAttr(node.element(0), isUnsigned);
  Value x = padWindow(b, node.operand(0), window, 2, lowest);
  Shape output = node.resultSizes();
  Value result = pool(b, x, window, ArrayRef<Extent>(output).drop_front(2), lowest,
                      [&](LocBuilder &b, ValueRange s) {
                        return largerNumber(b, s[1], s[0], isUnsigned);
                      });
  if (node.hasResult(1)) {
    Value negated = maxPlaces(node, x, result, window);
    node.set(1, pointwise(b, negated, node.resultType(1),
                          [](LocBuilder &b, ValueRange s) {
                            Type type = s[0].getType();
                            return sub(b,
                                       scalarInt(b, type,
                                                 std::numeric_limits<int64_t>::max()),
                                       s[0]);
                          }));
  }
  return node.done(result);
}

//===----------------------------------------------------------------------===//
// AveragePool
//===----------------------------------------------------------------------===//

static constexpr int64_t kMostDivisors = int64_t(1) << 24;

/// How many taps of each window of one dimension count: those on the input and,
/// where told, on the model's padding.
static std::vector<int64_t> countTaps(const Window &window, size_t i,
                                      int64_t input, int64_t output,
                                      bool withPadding) {
  int64_t low = window.low[i].value();
  int64_t from = withPadding ? -low : 0;
  int64_t to = input + (withPadding ? window.high[i].value() : 0);
  std::vector<int64_t> counts(output, 0);
  for (int64_t o = 0; o < output; ++o) {
    int64_t start = o * window.strides[i] - low;
    int64_t step = window.dilations[i];
    int64_t before = start < from ? (from - start + step - 1) / step : 0;
    int64_t end = start < to ? (to - 1 - start) / step + 1 : 0;
    counts[o] = std::max<int64_t>(
        0, std::min(end, window.kernel[i].value()) - before);
  }
  return counts;
}

static LogicalResult lowerAveragePool(Node &node) {
  LocBuilder &b = node.b;
  Window window;
  if (failed(readPool(node, window)))
    return failure();
  Type element = node.element(0);
  RankedTensorType type = node.resultType();
  ArrayRef<int64_t> space = node.shape(0).drop_front(2);
  ArrayRef<int64_t> output = type.getShape().drop_front(2);
  Value x = padWindow(b, node.operand(0), window, 2, numberAttr(element, 0));
  auto sums = [](LocBuilder &b, ValueRange s) { return add(b, s[1], s[0]); };
  Shape sizes = node.resultSizes();
  Value sum = pool(b, x, window, ArrayRef<Extent>(sizes).drop_front(2), numberAttr(element, 0), sums);
  if (!type.hasStaticShape()) {
    // The windows over a plane of ones count their taps.
    Shape plane = node.sizes(0);
    plane[0] = plane[1] = 1;
    Window counting = window;
    if (node.attrInt("count_include_pad", 0))
      for (size_t i = 0; i < space.size(); ++i) {
        plane[2 + i] = plane[2 + i] + window.low[i] + window.high[i];
        counting.low[i] = counting.high[i] = 0;
      }
    Value ones = splat(b, tensorType(plane, element), numberAttr(element, 1));
    ones = padWindow(b, ones, counting, 2, numberAttr(element, 0));
    Value taps = pool(b, ones, window, ArrayRef<Extent>(sizes).drop_front(2), numberAttr(element, 0), sums);
    return node.done(pointwise(b, {sum, taps}, type, [](LocBuilder &b, ValueRange s) {
      return div(b, s[0], maximum(b, s[1], scalar(b, s[1].getType(), 1)));
    }));
  }
  // The divisor of a window is the product over the dimensions.
  int64_t plane = 1;
  for (int64_t size : output)
    plane *= size;
  if (plane > kMostDivisors)
    return node.fail("the output has more than 16 million places a channel, "
                     "which is not supported");
  std::vector<double> divisors{1};
  bool withPadding = node.attrInt("count_include_pad", 0);
  for (size_t i = 0; i < space.size(); ++i) {
    std::vector<double> next;
    auto counts = countTaps(window, i, space[i], output[i], withPadding);
    for (double divisor : divisors)
      for (int64_t count : counts)
        next.push_back(divisor * std::max<int64_t>(count, 1));
    divisors = std::move(next);
  }
  Value divisor = constantTensor(b, output, element, divisors);
  return node.done(pointwise(
      b, {sum, divisor}, type,
      [](LocBuilder &b, ValueRange s) { return div(b, s[0], s[1]); }));
}

//===----------------------------------------------------------------------===//
// LpPool, global pools
//===----------------------------------------------------------------------===//

/// |x|^p, or the p-th root for the inverse.
static Value lpPower(LocBuilder &b, Value x, int64_t p, bool inverse) {
  return pointwise(b, x, tensorType(x), [&](LocBuilder &b, ValueRange s) -> Value {
    Type type = s[0].getType();
    if (p == 1)
      return inverse ? s[0] : Value(math::AbsFOp::create(b, s[0]));
    if (p == 2)
      return inverse ? Value(math::SqrtOp::create(b, s[0]))
                     : mul(b, s[0], s[0]);
    Value size = math::AbsFOp::create(b, s[0]);
    return math::PowFOp::create(
        b, size, scalar(b, type, inverse ? 1.0 / double(p) : double(p)));
  });
}

static LogicalResult lowerLpPool(Node &node) {
  LocBuilder &b = node.b;
  Window window;
  if (failed(readPool(node, window)))
    return failure();
  int64_t p = node.attrInt("p", 2);
  if (p < 1)
    return node.fail("p must be at least 1; correct the model");
  TypedAttr zero = numberAttr(node.element(0), 0);
  Value powers = lpPower(b, node.operand(0), p, /*inverse=*/false);
  Value x = padWindow(b, powers, window, 2, zero);
  Shape output = node.resultSizes();
  Value sum = pool(
      b, x, window, ArrayRef<Extent>(output).drop_front(2), zero,
      [](LocBuilder &b, ValueRange s) { return add(b, s[1], s[0]); });
  return node.done(lpPower(b, sum, p, /*inverse=*/true));
}

static LogicalResult lowerGlobalPool(Node &node) {
  LocBuilder &b = node.b;
  if (node.rank(0) < 2)
    return node.fail("the input must have a rank of at least 2; correct the "
                     "model");
  SmallVector<int64_t> axes;
  llvm::append_range(axes, llvm::seq<int64_t>(2, node.rank(0)));
  Value x = node.operand(0), result;
  if (node.kind() == "GlobalAveragePool") {
    result = meanAxes(b, x, axes);
  } else if (node.kind() == "GlobalMaxPool") {
    result = reduceAxes(
        b, x, axes, lowestAttr(node.element(0), false),
        [](LocBuilder &b, ValueRange s) { return maximum(b, s[1], s[0]); });
  } else {
    int64_t p = node.attrInt("p", 2);
    if (p < 1)
      return node.fail("p must be at least 1; correct the model");
    result = lpPower(b, sumAxes(b, lpPower(b, x, p, false), axes), p, true);
  }
  return node.done(reshape(b, result, node.resultSizes()));
}

void lower::addPooling(Registry &r) {
  r["onnx.MaxPool"] = lowerMaxPool;
  r["onnx.AveragePool"] = lowerAveragePool;
  r["onnx.LpPool"] = lowerLpPool;
  r["onnx.GlobalAveragePool"] = lowerGlobalPool;
  r["onnx.GlobalMaxPool"] = lowerGlobalPool;
  r["onnx.GlobalLpPool"] = lowerGlobalPool;
}
