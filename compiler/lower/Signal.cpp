//===- Signal.cpp - MelWeightMatrix-17 ------------------------------------===//
#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

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
  r["onnx.MelWeightMatrix"] = lowerMelWeights;
}
