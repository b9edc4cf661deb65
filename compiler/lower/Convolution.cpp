//===- Convolution.cpp - Conv-22 and ConvTranspose-22 ---------------------===//
//
// Convolutions of any number of spatial dimensions, in the order of the model (batch, channel, space). Padding is an operation
// of its own and the bias another; form-kernels draws both into the contraction.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Convolution.h"
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Node.h"
#include "compiler/support/Elements.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// Attributes are bounded, so that index arithmetic on them cannot overflow.
static constexpr int64_t kLimit = int64_t(1) << 20;

static bool isBetween(ArrayRef<int64_t> values, int64_t low) {
  return llvm::all_of(values,
                      [&](int64_t v) { return v >= low && v < kLimit; });
}

LogicalResult lower::readWindow(Node &node, const Shape &input,
                                const Shape &kernel, Window &window) {
  size_t n = kernel.size();
  window.kernel = kernel;
  window.strides = node.attrInts("strides").value_or(std::vector<int64_t>(n, 1));
  window.dilations =
      node.attrInts("dilations").value_or(std::vector<int64_t>(n, 1));
  std::vector<int64_t> pads =
      node.attrInts("pads").value_or(std::vector<int64_t>(2 * n, 0));
  if (window.strides.size() != n || window.dilations.size() != n ||
      pads.size() != 2 * n || input.size() != n)
    return node.fail("strides, dilations, pads and kernel_shape do not fit " +
                     Twine(n) + " spatial dimensions; correct the model");
  bool isSmall = llvm::all_of(kernel, [](const Extent &size) {
    return !size.isNumber() || (size.value() >= 1 && size.value() < kLimit);
  });
  if (!isSmall || !isBetween(window.strides, 1) ||
      !isBetween(window.dilations, 1) || !isBetween(pads, 0))
    return node.fail("strides, dilations, pads or kernel_shape are out of "
                     "range; correct the model");
  window.low = Shape(ArrayRef(pads).take_front(n));
  window.high = Shape(ArrayRef(pads).drop_front(n));
  window.autoPad = node.attrString("auto_pad", "NOTSET");
  return success();
}

/// The part of auto_pad that both directions share: `total` is spread over both ends.
static void spread(Node &node, Window &window, size_t i, Extent total) {
  MLIRContext *context = node.op->getContext();
  total = total.isNumber() ? Extent(std::max<int64_t>(total.value(), 0))
                           : Extent(greatestSize(node.op, {getAffineConstantExpr(0, context), total.in(context)}));
  bool upper = window.autoPad != "SAME_LOWER";
  window.low[i] = upper ? total / 2 : total - total / 2;
  window.high[i] = total - window.low[i];
}

Shape lower::kernelOf(Node &node, unsigned w) {
  Shape weights = node.sizes(w);
  return Shape(ArrayRef<Extent>(weights).drop_front(std::min<size_t>(2, node.rank(w))));
}

LogicalResult lower::resolvePadding(Node &node, const Shape &input,
                                    const Shape &output, Window &window) {
  for (size_t i = 0; i < input.size(); ++i) {
    Extent reach = (window.kernel[i] - 1) * window.dilations[i] + 1;
    if (window.autoPad == "VALID")
      window.low[i] = window.high[i] = 0;
    else if (window.autoPad != "NOTSET")
      spread(node, window, i, (output[i] - 1) * window.strides[i] + reach - input[i]);
    // What is read: up to the last window's end. Room beyond that is dropped,
    // and ceil_mode's last window may need more than the model's padding.
    // How much that is of open sizes does not matter: what is padded is never in memory.
    Extent needed = (output[i] - 1) * window.strides[i] + reach;
    Extent extra = needed - input[i] - window.low[i] - window.high[i];
    bool ceils = node.attrInt("ceil_mode", 0);
    window.extra.push_back(extra.isNumber() ? extra.value() : ceils ? window.strides[i] - 1 : 0);
  }
  return success();
}

Value lower::padWindow(LocBuilder &b, Value value, const Window &window,
                       unsigned leading, TypedAttr number) {
  RankedTensorType type = tensorType(value);
  Shape low(type.getRank(), 0), high(type.getRank(), 0);
  for (size_t i = 0; i < window.low.size(); ++i) {
    low[leading + i] = window.low[i];
    // A window that ends before the padding does leaves the rest unread.
    Extent end = window.high[i] + window.extra[i];
    high[leading + i] = end.isNumber() ? Extent(std::max<int64_t>(0, end.value())) : end;
  }
  return pad(b, value, low, high, number);
}

/// x[..., oh * stride + kh * dilation, ...] for spatial loops that start at
/// `space` and window loops that start at `taps`.
static void appendWindow(LocBuilder &b, const Window &window, unsigned space,
                         unsigned taps, SmallVectorImpl<AffineExpr> &exprs) {
  for (size_t i = 0; i < window.kernel.size(); ++i)
    exprs.push_back(b.getAffineDimExpr(space + i) * window.strides[i] +
                    b.getAffineDimExpr(taps + i) * window.dilations[i]);
}

AffineMap lower::windowMap(LocBuilder &b, const Window &window, unsigned leading,
                           unsigned loops) {
  SmallVector<AffineExpr> exprs;
  for (unsigned i = 0; i < leading; ++i)
    exprs.push_back(b.getAffineDimExpr(i));
  appendWindow(b, window, leading, leading + window.kernel.size(), exprs);
  return AffineMap::get(loops, 0, exprs, b.getContext());
}

static SmallVector<AffineExpr> dims(LocBuilder &b, unsigned first, unsigned count) {
  SmallVector<AffineExpr> exprs;
  for (unsigned i = 0; i < count; ++i)
    exprs.push_back(b.getAffineDimExpr(first + i));
  return exprs;
}

static AffineMap makeMap(LocBuilder &b, unsigned loops,
                         std::initializer_list<ArrayRef<AffineExpr>> parts) {
  SmallVector<AffineExpr> exprs;
  for (ArrayRef<AffineExpr> part : parts)
    exprs.append(part.begin(), part.end());
  return AffineMap::get(loops, 0, exprs, b.getContext());
}

static SmallVector<IteratorType> loopKinds(unsigned parallel,
                                           unsigned reductions) {
  SmallVector<IteratorType> loops(parallel, IteratorType::parallel);
  loops.append(reductions, IteratorType::reduction);
  return loops;
}

static Shape joined(const Shape &first, const Shape &second) {
  Shape all(first);
  all.append(second.begin(), second.end());
  return all;
}

/// Each channel of x (batch, channel, space) with a filter of its own.
static Value convolveChannels(LocBuilder &b, Value x, Value w, const Window &window, const Shape &result, Type element) {
  // loops: batch, channel, space, taps
  unsigned n = window.kernel.size(), loops = 2 + 2 * n, taps = 2 + n;
  Value taper = reshape(b, w, joined({result[1]}, window.kernel));
  AffineMap maps[] = {windowMap(b, window, 2, loops), makeMap(b, loops, {dims(b, 1, 1), dims(b, taps, n)}),
                      makeMap(b, loops, {dims(b, 0, 2 + n)})};
  return contraction(b, x, taper, maps, loopKinds(2 + n, n), tensorType(result, element));
}

Value lower::convolve(LocBuilder &b, Value x, Value w, const Window &window,
                      int64_t group, const Shape &output, Type element) {
  unsigned n = window.kernel.size();
  Shape shape = shapeOf(x), weights = shapeOf(w);
  Extent batch = shape[0], channels = shape[1], filters = weights[0];
  Shape resultShape = joined({batch, filters}, output);

  if (group == 1) {
    // loops: batch, filter, space, channel, taps
    unsigned loops = 3 + 2 * n, channel = 2 + n, taps = 3 + n;
    SmallVector<AffineExpr> read = dims(b, 0, 1);
    read.push_back(b.getAffineDimExpr(channel));
    appendWindow(b, window, 2, taps, read);
    AffineMap maps[] = {makeMap(b, loops, {read}),
                        makeMap(b, loops, {dims(b, 1, 1), dims(b, channel, 1),
                                           dims(b, taps, n)}),
                        makeMap(b, loops, {dims(b, 0, 2 + n)})};
    return contraction(b, x, w, maps, loopKinds(2 + n, 1 + n),
                       tensorType(resultShape, element));
  }
  Extent multiplier = filters / group;
  if (channels == group && multiplier == 1)
    return convolveChannels(b, x, w, window, resultShape, element);
  // loops: batch, group, filter in group, space, channel in group, taps
  Extent inGroup = channels / group;
  unsigned loops = 4 + 2 * n, channel = 3 + n, taps = 4 + n;
  Value xs = reshape(b, x, joined({batch, group, inGroup}, ArrayRef<Extent>(shape).drop_front(2)));
  Value ws = reshape(b, w, joined({group, multiplier, inGroup}, window.kernel));
  SmallVector<AffineExpr> read = dims(b, 0, 2);
  read.push_back(b.getAffineDimExpr(channel));
  appendWindow(b, window, 3, taps, read);
  AffineMap maps[] = {makeMap(b, loops, {read}),
                      makeMap(b, loops, {dims(b, 1, 2), dims(b, channel, 1),
                                         dims(b, taps, n)}),
                      makeMap(b, loops, {dims(b, 0, 3 + n)})};
  Shape split = joined({batch, group, multiplier}, output);
  Value result = contraction(b, xs, ws, maps, loopKinds(3 + n, 1 + n),
                             tensorType(split, element));
  return reshape(b, result, resultShape);
}

Value lower::addChannelBias(LocBuilder &b, Value value, Value bias) {
  RankedTensorType type = tensorType(value);
  unsigned rank = type.getRank();
  AffineMap maps[] = {b.getMultiDimIdentityMap(rank),
                      makeMap(b, rank, {dims(b, 1, 1)})};
  return mapped(b, {value, bias}, maps, type, [](LocBuilder &b, ValueRange s) {
    return add(b, s[0], s[1]);
  });
}

LogicalResult lower::checkRankStays(Node &node, unsigned x) {
  if (node.resultType().getRank() == node.rank(x))
    return success();
  return node.fail("the result must have the rank of the input, " + Twine(node.rank(x)) + "; correct the model");
}

LogicalResult lower::checkConvolution(Node &node, unsigned x, unsigned w,
                                      int64_t group, bool transposed) {
  if (node.rank(x) < 3 || node.rank(w) != node.rank(x))
    return node.fail("the input and the weights must have the same rank, at "
                     "least 3; correct the model");
  if (failed(checkRankStays(node, x)))
    return failure();
  ArrayRef<int64_t> shape = node.shape(x), weights = node.shape(w);
  bool inRange = group >= 1 && group < kLimit;
  Shape input = node.sizes(x), filters = node.sizes(w);
  Extent channels = transposed || !inRange ? filters[0] : filters[1] * group;
  if (!inRange || !node.agree(channels, input[1]) || !node.agree(input[1] / group * group, input[1]) ||
      !node.agree(filters[0] / group * group, filters[0]))
    return node.fail("weights of shape " + Twine(weights[0]) + " x " +
                     Twine(weights[1]) + " do not fit " + Twine(shape[1]) +
                     " channels in " + Twine(group) +
                     " groups; correct the model");
  return success();
}

LogicalResult lower::checkBias(Node &node, unsigned i, const Extent &filters) {
  if (!node.has(i) || (node.rank(i) == 1 && node.agree(node.sizes(i)[0], filters)))
    return success();
  return node.fail("the bias needs one number for each filter; correct the model");
}

static LogicalResult lowerConv(Node &node) {
  LocBuilder &b = node.b;
  int64_t group = node.attrInt("group", 1);
  if (failed(checkConvolution(node, 0, 1, group, /*transposed=*/false)) ||
      failed(checkBias(node, 2, node.sizes(1)[0])))
    return failure();
  Shape space(ArrayRef<Extent>(node.sizes(0)).drop_front(2));
  Shape output(ArrayRef<Extent>(node.resultSizes()).drop_front(2));
  Window window;
  if (failed(readWindow(node, space, kernelOf(node, 1), window)) ||
      failed(resolvePadding(node, space, output, window)))
    return failure();
  Type element = node.element(0);
  Value x = padWindow(b, node.operand(0), window, 2, numberAttr(element, 0));
  Value result =
      convolve(b, x, node.operand(1), window, group, output, element);
  if (node.has(2))
    result = addChannelBias(b, result, node.operand(2));
  return node.done(result);
}

/// CausalConvWithState-27: a window of each channel over what came before, which past_state or zeros begin.
static LogicalResult lowerCausalConv(Node &node) {
  LocBuilder &b = node.b;
  if (node.rank(0) != 3 || node.rank(1) != 3)
    return node.fail("the input and the weights must have a rank of 3; correct the model");
  Shape shape = node.sizes(0), weights = node.sizes(1);
  Extent batch = shape[0], channels = shape[1], before = weights[2] - 1;
  if (!node.agree(weights[0], channels) || !node.agree(weights[1], 1) || !node.isAtMost(1, weights[2]) ||
      failed(checkBias(node, 2, channels)))
    return node.fail("the weights do not fit the input; correct the model");
  Type element = node.element(0);
  Value x = node.operand(0), w = node.operand(1);
  if (before == 0) {
    // A window of one place sees nothing before.
  } else if (!node.has(3)) {
    x = pad(b, x, {0, 0, before}, {0, 0, 0}, numberAttr(element, 0));
  } else {
    Shape past = node.sizes(3);
    if (past.size() != 3 || !node.agree(past[0], batch) || !node.agree(past[1], channels) || !node.agree(past[2], before))
      return node.fail("the past state does not fit the input; correct the model");
    x = concat(b, {node.operand(3), x}, 2);
  }
  Window window;
  window.strides = window.dilations = {1};
  window.kernel = {weights[2]};
  Value result = convolveChannels(b, x, w, window, shape, element);
  if (node.has(2))
    result = addChannelBias(b, result, node.operand(2));
  std::string activation = node.attrString("activation", "none");
  if (activation == "silu" || activation == "swish")
    result = pointwise(b, result, tensorType(result), [](LocBuilder &b, ValueRange s) -> Value {
      Type f32 = b.getF32Type();
      Value wide = castScalar(b, s[0], f32, false, false);
      return castScalar(b, mul(b, wide, logistic(b, wide)), s[0].getType(), false, false);
    });
  else if (activation != "none")
    return node.fail("the activation '" + activation + "' is unknown; correct the model");
  node.set(0, result);
  if (node.hasResult(1) && before == 0)
    node.set(1, emptyOf(node, node.resultType(1)));
  else if (node.hasResult(1))
    node.set(1, sliceAxis(b, x, 2, shape[2], before));
  return success();
}

//===----------------------------------------------------------------------===//
// ConvTranspose
//===----------------------------------------------------------------------===//

/// Every output belongs to one input and one tap where the window is as large as the stride: one contraction over the
/// channels, whose result (batch, filter, ih, kh, iw, kw) is the output in order.
static Value spreadWindows(LocBuilder &b, Value x, Value w, const Window &window,
                           int64_t group) {
  unsigned n = window.kernel.size();
  Shape shape = shapeOf(x), weights = shapeOf(w);
  Extent batch = shape[0], inGroup = shape[1] / group, filters = weights[1];
  unsigned lead = group == 1 ? 2 : 3, loops = lead + 2 * n + 1;
  unsigned channel = loops - 1;
  SmallVector<AffineExpr> read = dims(b, 0, lead - 1);
  SmallVector<AffineExpr> readWeights =
      group == 1 ? SmallVector<AffineExpr>() : dims(b, 1, 1);
  read.push_back(b.getAffineDimExpr(channel));
  readWeights.push_back(b.getAffineDimExpr(channel));
  readWeights.push_back(b.getAffineDimExpr(lead - 1));
  Shape split{batch};
  if (group != 1) {
    x = reshape(b, x, joined({batch, group, inGroup}, ArrayRef<Extent>(shape).drop_front(2)));
    w = reshape(b, w, joined({group, inGroup, filters}, window.kernel));
    split.push_back(group);
  }
  split.push_back(filters);
  Shape whole{batch, filters * group};
  for (unsigned i = 0; i < n; ++i) {
    read.push_back(b.getAffineDimExpr(lead + 2 * i));
    readWeights.push_back(b.getAffineDimExpr(lead + 2 * i + 1));
    split.push_back(shape[2 + i]);
    split.push_back(window.kernel[i]);
    whole.push_back(shape[2 + i] * window.kernel[i]);
  }
  AffineMap maps[] = {makeMap(b, loops, {read}),
                      makeMap(b, loops, {readWeights}),
                      makeMap(b, loops, {dims(b, 0, loops - 1)})};
  Value result = contraction(b, x, w, maps, loopKinds(loops - 1, 1),
                             tensorType(split, elementOf(x)));
  return reshape(b, result, whole);
}

/// (channel, filter in group, taps) to (filter, channel in group, taps backwards). Maps count backwards from a number alone: what is open counts in the body.
static Value turnWeights(LocBuilder &b, Value w, const Window &window,
                         int64_t group) {
  unsigned n = window.kernel.size();
  RankedTensorType type = tensorType(w);
  Extent inGroup = shapeOf(type)[0] / group, filters = shapeOf(type)[1];
  Value split = reshape(b, w, joined({group, inGroup, filters}, window.kernel));
  SmallVector<AffineExpr> exprs{b.getAffineDimExpr(0), b.getAffineDimExpr(2),
                                b.getAffineDimExpr(1)};
  for (unsigned i = 0; i < n; ++i)
    exprs.push_back(b.getAffineConstantExpr(window.kernel[i].value() - 1) -
                    b.getAffineDimExpr(3 + i));
  Shape shape = joined({group, filters, inGroup}, window.kernel);
  Value turned = !window.kernel.isStatic() ? mapped(
      b, {}, ArrayRef<AffineMap>(), tensorType(shape, type.getElementType()), [&](LocBuilder &b, ValueRange) -> Value {
        auto dim = [&](unsigned i) -> Value { return linalg::IndexOp::create(b, i); };
        SmallVector<Value> at{dim(0), dim(2), dim(1)};
        for (unsigned i = 0; i < n; ++i)
          at.push_back(sub(b, index(b, window.kernel[i] - 1), dim(3 + i)));
        return tensor::ExtractOp::create(b, split, at);
      }) : mapped(b, split, makeMap(b, 3 + n, {exprs}),
                        tensorType(shape, type.getElementType()),
                        [](LocBuilder &, ValueRange s) { return s[0]; });
  return reshape(b, turned,
                 joined({filters * group, inGroup}, window.kernel));
}

/// x with stride - 1 zeros after each element of each spatial dimension.
static Value insertZeros(LocBuilder &b, Value x, ArrayRef<int64_t> strides) {
  Shape shape = shapeOf(x);
  Shape split(ArrayRef<Extent>(shape).take_front(2)), whole = split;
  Shape low(2, 0), high(2, 0);
  for (size_t i = 0; i < strides.size(); ++i) {
    split.append({shape[2 + i], 1});
    low.append({0, 0});
    high.append({0, strides[i] - 1});
    whole.push_back(shape[2 + i] * strides[i]);
  }
  Value apart = pad(b, reshape(b, x, split), low, high,
                    numberAttr(elementOf(x), 0));
  return reshape(b, apart, whole);
}

static LogicalResult lowerConvTranspose(Node &node) {
  LocBuilder &b = node.b;
  int64_t group = node.attrInt("group", 1);
  if (failed(checkConvolution(node, 0, 1, group, /*transposed=*/true)) ||
      failed(checkBias(node, 2, node.sizes(1)[1] * group)))
    return failure();
  Shape shape = node.sizes(0), space(ArrayRef<Extent>(shape).drop_front(2));
  RankedTensorType type = node.resultType();
  Shape output(ArrayRef<Extent>(node.resultSizes()).drop_front(2));
  unsigned n = space.size();
  Window window;
  if (failed(readWindow(node, space, kernelOf(node, 1), window)))
    return failure();
  // Output o gets input i through tap k where o = i * stride + k * dilation - low.
  bool dense = true, whole = true;
  for (unsigned i = 0; i < n; ++i) {
    Extent reach = (space[i] - 1) * window.strides[i] +
                   (window.kernel[i] - 1) * window.dilations[i] + 1;
    if (window.autoPad == "VALID")
      window.low[i] = 0;
    else if (window.autoPad != "NOTSET")
      spread(node, window, i, reach - output[i]);
    else if (node.hasAttr("output_shape"))
      spread(node, window, i, (reach - output[i]) / 2 * 2);
    dense &= window.kernel[i] == window.strides[i] && window.dilations[i] == 1;
    // What is left of the stretched input is not negative.
    Extent left = space[i] * window.strides[i] - window.low[i] - output[i];
    whole &= left.isNumber() && left.value() >= 0;
  }
  Type element = node.element(0);
  Value result;
  if (dense && whole) {
    result = spreadWindows(b, node.operand(0), node.operand(1), window, group);
    Shape offsets(2, 0);
    offsets.append(window.low.begin(), window.low.end());
    result = slice(b, result, offsets, shapeOf(type), SmallVector<int64_t>(2 + n, 1));
  } else {
    // A convolution with the taps backwards over the input with zeros between.
    Value x = insertZeros(b, node.operand(0), window.strides);
    Window turned = window;
    turned.strides.assign(n, 1);
    Shape low(2, 0), high(2, 0), offsets(2, 0);
    Shape sizes(ArrayRef<Extent>(shape).take_front(2));
    auto positive = [&](const Extent &size) {
      MLIRContext *context = b.getContext();
      return size.isNumber() ? Extent(std::max<int64_t>(0, size.value()))
                             : Extent(greatestSize(node.op, {getAffineConstantExpr(0, context), size.in(context)}));
    };
    for (unsigned i = 0; i < n; ++i) {
      Extent reach = (window.kernel[i] - 1) * window.dilations[i];
      Extent first = reach - window.low[i], needed = output[i] + reach;
      Extent stretched = space[i] * window.strides[i];
      low.push_back(positive(first));
      offsets.push_back(positive(Extent(0) - first));
      high.push_back(positive(needed - first - stretched));
      sizes.push_back(needed);
    }
    x = pad(b, x, low, high, numberAttr(element, 0));
    x = slice(b, x, offsets, sizes, SmallVector<int64_t>(2 + n, 1));
    Value w = turnWeights(b, node.operand(1), window, group);
    result = convolve(b, x, w, turned, group, output, element);
  }
  if (node.has(2))
    result = addChannelBias(b, result, node.operand(2));
  return node.done(result);
}

//===----------------------------------------------------------------------===//
// Col2Im
//===----------------------------------------------------------------------===//

/// Col2Im-18: each place of the image adds up what the windows over it have for it: the columns, spread by the strides, are read against the
/// window's direction.
static LogicalResult lowerCol2Im(Node &node) {
  LocBuilder &b = node.b;
  auto image = node.constantInts(1), block = node.constantInts(2);
  if (!image || !block)
    return node.fail("image_shape and block_shape must be constant; fix them in the model");
  RankedTensorType type = node.resultType();
  unsigned n = image->size();
  Window window;
  if (n < 1 || block->size() != n || node.rank(0) != 3 || type.getRank() != int64_t(n) + 2 ||
      ArrayRef(*image) != type.getShape().drop_front(2) || !isFloat(node.element(0)))
    return node.fail("the shapes do not fit together; correct the model");
  if (failed(readWindow(node, *image, *block, window)))
    return failure();
  int64_t batch = node.shape(0)[0], channels = type.getDimSize(1), taps = 1, places = 1;
  SmallVector<int64_t> split{batch, channels};
  for (int64_t size : *block) {
    if (size > node.shape(0)[1] / taps)
      return node.fail("the columns do not fit the block; correct the model");
    taps *= size;
    split.push_back(size);
  }
  SmallVector<int64_t> counts;
  for (unsigned i = 0; i < n; ++i) {
    int64_t reach = (window.kernel[i].value() - 1) * window.dilations[i] + 1;
    int64_t room = (*image)[i] + window.low[i].value() + window.high[i].value() - reach;
    if (room < 0)
      return node.fail("a window is larger than the image; correct the model");
    counts.push_back(room / window.strides[i] + 1);
    places *= counts.back();
    split.push_back(counts.back());
  }
  if (batch < 1 || node.shape(0)[1] != channels * taps || node.shape(0)[2] != places)
    return node.fail("the columns do not fit the image; correct the model");
  // (batch, channel, taps, windows), then the windows' places in the padded image.
  Value x = reshape(b, node.operand(0), split);
  SmallVector<int64_t> lead{batch, channels * taps};
  lead.append(counts.begin(), counts.end());
  x = insertZeros(b, reshape(b, x, lead), window.strides);
  SmallVector<int64_t> low(2 + n, 0), high(2 + n, 0), shape{batch, channels};
  llvm::append_range(shape, window.kernel.numbers());
  for (unsigned i = 0; i < n; ++i) {
    int64_t reach = (window.kernel[i].value() - 1) * window.dilations[i];
    low[2 + i] = reach;
    high[2 + i] = std::max<int64_t>(
        0, window.low[i].value() + (*image)[i] - counts[i] * window.strides[i]);
    shape.push_back(reach + counts[i] * window.strides[i] + high[2 + i]);
  }
  TypedAttr zero = numberAttr(node.element(0), 0);
  x = reshape(b, pad(b, x, low, high, zero), shape);
  // loops: batch, channel, image, taps
  unsigned loops = 2 + 2 * n;
  SmallVector<AffineExpr> read = dims(b, 0, 2);
  read.append(dims(b, 2 + n, n));
  for (unsigned i = 0; i < n; ++i)
    read.push_back(b.getAffineDimExpr(2 + i) - b.getAffineDimExpr(2 + n + i) * window.dilations[i] +
                   (window.low[i].value() + (window.kernel[i].value() - 1) * window.dilations[i]));
  AffineMap maps[] = {makeMap(b, loops, {read}), makeMap(b, loops, {dims(b, 0, 2 + n)})};
  Value result = reduction(b, x, maps, loopKinds(2 + n, n), type, zero,
                           [](LocBuilder &b, ValueRange s) { return add(b, s[1], s[0]); });
  return node.done(result);
}

void lower::addConvolution(Registry &r) {
  r["onnx.Col2Im"] = lowerCol2Im;
  r["onnx.CausalConvWithState"] = lowerCausalConv;
  r["onnx.Conv"] = lowerConv;
  r["onnx.ConvTranspose"] = lowerConvTranspose;
}
