//===- Signal.cpp - MelWeightMatrix-17 ------------------------------------===//
#include "compiler/lower/Parameter.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

static Value compareReal(LocBuilder &b, arith::CmpFPredicate predicate, Value x, Value y) {
  return arith::CmpFOp::create(b, predicate, x, y);
}

/// The same for inputs that data give: the edges are computed when the model runs, then each element by itself.
static LogicalResult melWeightsByData(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Parameter bins(node, 0), length(node, 1), rate(node, 2), lower(node, 3), upper(node, 4);
  const Parameter *inputs[] = {&bins, &length, &rate, &lower, &upper};
  for (const Parameter *input : inputs)
    if (input->size() != 1)
      return node.fail("an input is no single number; correct the model");
  if (type.getRank() != 2 || !isFloat(type.getElementType()) || type.getNumElements() == 0)
    return node.fail("the result does not fit the inputs; correct the model");
  int64_t rows = type.getDimSize(0), count = type.getDimSize(1);
  Type f64 = b.getF64Type(), i64 = b.getI64Type();
  auto real = [&](LocBuilder &b, double value) { return scalar(b, f64, value); };
  auto mel = [&](LocBuilder &b, Value hertz) {
    Value ratio = add(b, div(b, hertz, real(b, 700)), real(b, 1));
    return mul(b, real(b, 2595 / std::log(10.0)), math::LogOp::create(b, ratio));
  };
  // The place among the rows of the edge between bins with that number.
  auto edge = [&](LocBuilder &b, Value number) {
    Value low = mel(b, lower.real(b, 0)), high = mel(b, upper.real(b, 0));
    Value step = div(b, sub(b, high, low), real(b, double(count + 2)));
    Value at = div(b, add(b, low, mul(b, number, step)), real(b, 2595 / std::log(10.0)));
    Value hertz = mul(b, real(b, 700), sub(b, math::ExpOp::create(b, at), real(b, 1)));
    Value place = mul(b, add(b, length.real(b, 0), real(b, 1)), hertz);
    return Value(math::FloorOp::create(b, div(b, place, rate.real(b, 0))));
  };
  const Parameter *given = *llvm::find_if(inputs, [](const Parameter *input) { return !input->isKnown(); });
  check(node, *given, [&](LocBuilder &b) {
    Value fits = either(b, length.is(b, 0, 2 * rows - 2), length.is(b, 0, 2 * rows - 1));
    fits = both(b, fits, bins.is(b, 0, count));
    fits = both(b, fits, compareReal(b, arith::CmpFPredicate::OGT, rate.real(b, 0), real(b, 0)));
    fits = both(b, fits, compareReal(b, arith::CmpFPredicate::OGE, lower.real(b, 0), real(b, 0)));
    fits = both(b, fits, compareReal(b, arith::CmpFPredicate::OLE, lower.real(b, 0), upper.real(b, 0)));
    return both(b, fits, compareReal(b, arith::CmpFPredicate::OLE, edge(b, real(b, double(count + 1))), real(b, double(rows))));
  });
  Value edges = table(b, count + 2, [&](LocBuilder &b, Value i) {
    Value at = edge(b, castScalar(b, i, f64, false, false)), least = real(b, 0), most = real(b, double(rows));
    at = select(b, compareReal(b, arith::CmpFPredicate::OGE, at, least), at, least);
    at = select(b, compareReal(b, arith::CmpFPredicate::OLE, at, most), at, most);
    return castScalar(b, at, i64, false, false);
  });
  return node.done(mapped(b, ValueRange(), {}, type, [&](LocBuilder &b, ValueRange) -> Value {
    auto edgeAt = [&](int64_t offset) -> Value {
      Value at = add(b, linalg::IndexOp::create(b, 1), index(b, offset));
      return tensor::ExtractOp::create(b, edges, ValueRange(at));
    };
    Value row = place(b, 0), left = edgeAt(0), centre = edgeAt(1), right = edgeAt(2);
    auto ratio = [&](Value x, Value y) {
      // Where it is not used, y may be 0.
      y = select(b, isNumber(b, y, 0), number(b, 1), y);
      return div(b, castScalar(b, x, f64, false, false), castScalar(b, y, f64, false, false));
    };
    auto inside = [&](Value low, Value high) {
      return both(b, compare(b, arith::CmpIPredicate::sge, row, low), compare(b, arith::CmpIPredicate::slt, row, high));
    };
    Value value = select(b, inside(left, centre), ratio(sub(b, row, left), sub(b, centre, left)), real(b, 0));
    value = select(b, compare(b, arith::CmpIPredicate::eq, row, centre), real(b, 1), value);
    value = select(b, inside(centre, right), ratio(sub(b, right, row), sub(b, right, centre)), value);
    return castScalar(b, value, type.getElementType(), false, false);
  }));
}

/// MelWeightMatrix-17: triangles between neighbouring mel frequencies.
static LogicalResult lowerMelWeights(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  double inputs[5];
  for (unsigned i = 0; i < 5; ++i) {
    auto given = node.constantFloats(i);
    if (!given)
      return melWeightsByData(node);
    if (given->size() != 1)
      return node.fail("an input is no single number; correct the model");
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
  r["onnx.MelWeightMatrix"] = checked(lowerMelWeights);
}
