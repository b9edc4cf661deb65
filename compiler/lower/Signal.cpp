//===- Signal.cpp - STFT-17, MelWeightMatrix-17 ---------------------------===//
#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// Frames and frequencies of a transform are at most so many: the matrix of roots of unity is written out.
static constexpr int64_t kMostPlaces = int64_t(1) << 11;

/// STFT-17: one contraction of each frame, weighted by the window, with the roots of unity.
static LogicalResult lowerStft(Node &node) {
  LocBuilder &b = node.b;
  ArrayRef<int64_t> shape = node.shape(0);
  RankedTensorType type = node.resultType();
  auto step = node.constantInts(1);
  std::optional<std::vector<int64_t>> given = node.has(3) ? node.constantInts(3) : std::nullopt;
  if (!step || step->size() != 1 || (node.has(3) && (!given || given->size() != 1)))
    return node.fail("frame_step and frame_length must be constant; fix them in the model");
  bool hasWindow = node.has(2);
  if (shape.size() < 2 || shape.size() > 3 || (shape.size() == 3 && (shape[2] < 1 || shape[2] > 2)) ||
      type.getRank() != 4 || type.getShape().back() != 2 || (!given && !hasWindow) ||
      (hasWindow && node.rank(2) != 1))
    return node.fail("signal, window and frame_length do not fit together; correct the model");
  int64_t length = given ? given->front() : node.shape(2)[0], hop = step->front();
  int64_t batch = shape[0], components = shape.size() == 3 ? shape[2] : 1;
  bool half = node.attrInt("onesided", 1);
  int64_t outputs = half ? length / 2 + 1 : length;
  if (length < 1 || length > kMostPlaces)
    return node.fail("frames of more than 2048 places are not supported");
  if (hop < 1 || length > shape[1] || (hasWindow && node.shape(2)[0] != length))
    return node.fail("signal, window and frame_length do not fit together; correct the model");
  int64_t frames = (shape[1] - length) / hop + 1;
  if (type.getShape().take_front(3) != ArrayRef<int64_t>{batch, frames, outputs})
    return node.fail("the result's shape does not fit the frames; correct the model");
  Type element = type.getElementType();
  std::vector<double> matrix;
  matrix.reserve(outputs * 2 * length * components);
  for (int64_t k = 0; k < outputs; ++k)
    for (int64_t part = 0; part < 2; ++part)
      for (int64_t n = 0; n < length; ++n)
        for (int64_t c = 0; c < components; ++c) {
          double angle = 2 * M_PI * double(k * n % length) / double(length);
          matrix.push_back(part == c ? std::cos(angle) : c == 1 ? std::sin(angle) : -std::sin(angle));
        }
  Value roots = constantTensor(b, {outputs, 2, length, components}, element, matrix);
  Value x = reshape(b, node.operand(0), {batch, shape[1], components});
  x = sliceAxis(b, x, 1, 0, (frames - 1) * hop + length);
  MLIRContext *context = b.getContext();
  auto d = [&](unsigned i) { return b.getAffineDimExpr(i); };
  // loops: batch, frame, frequency, part, then place and component
  AffineMap read = AffineMap::get(6, 0, {d(0), d(1) * hop + d(4), d(5)}, context);
  if (hasWindow) {
    AffineMap maps[] = {AffineMap::get(4, 0, {d(0), d(1) * hop + d(2), d(3)}, context), AffineMap::get(4, 0, d(2))};
    x = mapped(b, {x, castTo(b, node.operand(2), element)}, maps,
               tensorType({batch, frames, length, components}, element),
               [](LocBuilder &b, ValueRange s) { return mul(b, s[0], s[1]); });
    read = AffineMap::get(6, 0, {d(0), d(1), d(4), d(5)}, context);
  }
  AffineMap maps[] = {read, AffineMap::get(6, 0, {d(2), d(3), d(4), d(5)}, context),
                      AffineMap::get(6, 0, {d(0), d(1), d(2), d(3)}, context)};
  SmallVector<IteratorType> kinds(4, IteratorType::parallel);
  kinds.append(2, IteratorType::reduction);
  return node.done(contraction(b, x, roots, maps, kinds, type));
}

/// MelWeightMatrix-17 of constants: triangles between neighbouring mel frequencies.
static LogicalResult lowerMelWeights(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  double inputs[5];
  for (unsigned i = 0; i < 5; ++i) {
    auto given = node.constantFloats(i);
    if (!given || given->size() != 1)
      return node.fail("all inputs must be constant; fix them in the model");
    inputs[i] = given->front();
  }
  auto [bins, length, rate, lower, upper] = inputs;
  if (!(bins >= 1 && bins <= 1 << 16 && length >= 1 && length <= 1 << 20 && rate > 0 && lower >= 0 && upper >= lower))
    return node.fail("an input is out of range; correct the model");
  int64_t count = int64_t(bins), rows = int64_t(length) / 2 + 1;
  if (type.getRank() != 2 || type.getDimSize(0) != rows || type.getDimSize(1) != count ||
      !isFloat(type.getElementType()))
    return node.fail("the result does not fit the inputs; correct the model");
  auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  double low = mel(lower), step = (mel(upper) - low) / double(count + 2);
  std::vector<int64_t> edges;
  for (int64_t i = 0; i < count + 2; ++i) {
    double hertz = 700 * (std::pow(10, (low + double(i) * step) / 2595) - 1);
    double edge = std::floor((length + 1) * hertz / rate);
    if (!(edge >= 0 && edge <= double(rows)))
      return node.fail("the upper edge is above half of the sample rate; correct the model");
    edges.push_back(int64_t(edge));
  }
  std::vector<double> table(rows * count, 0);
  auto put = [&](int64_t row, int64_t column, double value) {
    if (row < rows)
      table[row * count + column] = value;
  };
  for (int64_t i = 0; i < count; ++i) {
    int64_t left = edges[i], centre = edges[i + 1], right = edges[i + 2];
    if (left == centre)
      put(centre, i, 1);
    for (int64_t j = left; left != centre && j <= centre; ++j)
      put(j, i, double(j - left) / double(centre - left));
    for (int64_t j = centre; j < right; ++j)
      put(j, i, double(right - j) / double(right - centre));
  }
  return node.done(constantTensor(b, {rows, count}, type.getElementType(), table));
}

void lower::addSignal(Registry &r) {
  r["onnx.STFT"] = lowerStft;
  r["onnx.MelWeightMatrix"] = lowerMelWeights;
}
