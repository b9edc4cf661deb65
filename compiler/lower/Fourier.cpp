//===- Fourier.cpp - DFT-20, STFT-17 --------------------------------------===//
//
// A transform is one contraction over place and component (real, imaginary) with the matrix of roots of unity, (output place, output
// component, place, component).
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Parameter.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

namespace {
struct Transform {
  int64_t length;
  bool inverse = false, half = false;

  /// Half of a transform of real numbers says all; its inverse gives real numbers.
  int64_t outputs() const { return half && !inverse ? length / 2 + 1 : length; }
  int64_t inputs() const { return half && inverse ? length / 2 + 1 : length; }
  int64_t components() const { return half && inverse ? 1 : 2; }
};
} // namespace

/// More places than this would make the matrix too large.
static constexpr int64_t kMostPlaces = int64_t(1) << 10;

/// The first places of the axis, with the components in the last one, transformed.
static Value transform(LocBuilder &b, Value x, int64_t axis,
                       const Transform &how) {
  RankedTensorType from = tensorType(x);
  int64_t rank = from.getRank(), given = from.getShape().back();
  int64_t used = std::min(how.inputs(), from.getDimSize(axis));
  int64_t outputs = how.outputs(), length = how.length;
  SmallVector<int64_t> shape(from.getShape());
  shape[axis] = outputs;
  shape.back() = how.components();
  std::vector<double> matrix;
  matrix.reserve(outputs * how.components() * used * given);
  double scale = how.inverse ? 1.0 / double(length) : 1.0;
  for (int64_t k = 0; k < outputs; ++k)
    for (int64_t part = 0; part < how.components(); ++part)
      for (int64_t n = 0; n < used; ++n)
        for (int64_t c = 0; c < given; ++c) {
          // (re + i im) (cos + i sin), of the angle reduced exactly.
          double angle = 2 * M_PI * double(k * n % length) / double(length);
          double real = std::cos(angle) * scale;
          double imaginary = std::sin(how.inverse ? angle : -angle) * scale;
          // The half that is not given is the conjugate.
          if (how.half && how.inverse && n != 0 && 2 * n != length)
            real *= 2, imaginary *= 2;
          matrix.push_back(part == c ? real : c == 1 ? -imaginary : imaginary);
        }
  Value roots = constantTensor(b, {outputs, how.components(), used, given},
                               from.getElementType(), matrix);
  // loops: the result's, then place and component
  SmallVector<AffineExpr> read, out;
  for (int64_t i = 0; i < rank; ++i) {
    out.push_back(b.getAffineDimExpr(i));
    read.push_back(b.getAffineDimExpr(i == axis       ? rank
                                      : i + 1 == rank ? rank + 1
                                                      : i));
  }
  MLIRContext *context = b.getContext();
  AffineMap maps[] = {
      AffineMap::get(rank + 2, 0, read, context),
      AffineMap::get(rank + 2, 0,
                     {b.getAffineDimExpr(axis), b.getAffineDimExpr(rank - 1),
                      b.getAffineDimExpr(rank), b.getAffineDimExpr(rank + 1)},
                     context),
      AffineMap::get(rank + 2, 0, out, context)};
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  loops.append(2, IteratorType::reduction);
  return contraction(b, sliceAxis(b, x, axis, 0, used), roots, maps, loops,
                     tensorType(shape, from.getElementType()));
}

/// Lengths of which the transform has so many outputs.
static SmallVector<int64_t> lengthsOf(int64_t outputs, Transform how) {
  SmallVector<int64_t> lengths;
  for (int64_t length : {outputs, 2 * outputs - 2, 2 * outputs - 1}) {
    how.length = length;
    if (length >= 1 && how.outputs() == outputs &&
        !llvm::is_contained(lengths, length))
      lengths.push_back(length);
  }
  return lengths;
}

static LogicalResult tooLong(Node &node) {
  return node.fail("transforms of more than 1024 places are not supported");
}

static LogicalResult lowerDft(Node &node) {
  RankedTensorType type = node.resultType();
  ArrayRef<int64_t> shape = node.shape(0), result = type.getShape();
  int64_t rank = shape.size();
  Transform how{0, node.attrInt("inverse", 0) != 0,
                node.attrInt("onesided", 0) != 0};
  Parameter length(node, 1), axis(node, 2);
  if (rank < 2 || type.getRank() != rank || shape.back() < 1 ||
      shape.back() > 2 || result.back() != how.components() ||
      (length.isPresent() && length.size() != 1) ||
      (axis.isPresent() && axis.size() != 1))
    return node.fail("the operands do not fit together; correct the model");

  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, rank - 1));
  if (axis.isKnown()) {
    int64_t known = axis.isPresent() ? axis.known()[0] : node.attrInt("axis", -2);
    known += known < 0 ? rank : 0;
    if (known < 0 || known + 1 >= rank)
      return node.fail("the axis is outside the rank; correct the model");
    axes = {known};
  }
  // All axes and lengths that give the result's shape, as one number.
  SmallVector<int64_t> keys;
  bool isLong = false;
  for (int64_t one : axes) {
    SmallVector<int64_t> lengths;
    if (!length.isKnown())
      lengths = lengthsOf(result[one], how);
    else if (length.isPresent())
      lengths = {length.known()[0]};
    else
      lengths = {how.half && how.inverse ? 2 * shape[one] - 2 : shape[one]};
    SmallVector<int64_t> expected(shape);
    for (int64_t places : lengths) {
      how.length = places;
      if (places < 1)
        continue;
      expected[one] = how.outputs();
      expected.back() = how.components();
      if (ArrayRef(expected) != result)
        continue;
      isLong |= std::max(how.outputs(), std::min(how.inputs(), shape[one])) > kMostPlaces;
      if (!isLong)
        keys.push_back(places * rank + one);
    }
  }
  if (isLong)
    return tooLong(node);
  auto build = [&](int64_t key) -> FailureOr<Value> {
    how.length = key / rank;
    return transform(node.b, node.operand(0), key % rank, how);
  };
  if (axis.isKnown() && length.isKnown()) {
    if (keys.empty())
      return node.fail("the length does not give the result's shape; correct "
                       "the model");
    return node.done(*build(keys.front()));
  }
  auto keyOf = [&](LocBuilder &b) {
    Value along = axis.isKnown() ? number(b, axes.front())
                                 : fromFront(b, axis.at(b, 0), rank);
    // Lengths that are not given follow from the axis.
    Value key = number(b, -1);
    for (int64_t one : keys) {
      Value hit = isNumber(b, along, one % rank);
      if (!length.isKnown())
        hit = both(b, hit, isNumber(b, length.at(b, 0), one / rank));
      key = select(b, hit, number(b, one), key);
    }
    return key;
  };
  auto value = choose(node, length.isKnown() ? axis : length, keyOf, keys, build);
  return failed(value) ? failure() : node.done(*value);
}

static LogicalResult lowerStft(Node &node) {
  LocBuilder &b = node.b;
  Parameter step(node, 1), length(node, 3);
  ArrayRef<int64_t> shape = node.shape(0);
  ArrayRef<int64_t> result = node.resultType().getShape();
  if (shape.size() != 3 || shape[2] < 1 || shape[2] > 2 || result.size() != 4 ||
      result[0] != shape[0] || result[3] != 2 || result[1] < 1 ||
      step.size() != 1 || (length.isPresent() && length.size() != 1) ||
      (node.has(2) && node.rank(2) != 1) || (!node.has(2) && !length.isPresent()))
    return node.fail("the operands do not fit together; correct the model");
  Transform how{0, false, node.attrInt("onesided", 1) != 0};
  SmallVector<int64_t> lengths;
  if (node.has(2))
    lengths = {node.shape(2)[0]};
  else if (length.isKnown())
    lengths = {length.known()[0]};
  else
    lengths = lengthsOf(result[2], how);
  llvm::erase_if(lengths, [&](int64_t places) {
    how.length = places;
    return places < 1 || places > shape[1] || how.outputs() != result[2];
  });
  if (lengths.empty())
    return node.fail("no frame of that length fits the signal and the result; "
                     "correct the model");
  if (lengths.back() > kMostPlaces)
    return tooLong(node);
  int64_t frames = result[1];
  auto build = [&](int64_t places) -> FailureOr<Value> {
    int64_t last = shape[1] - places;
    auto countOf = [&](LocBuilder &b) {
      Value stride = step.at(b, 0);
      Value sound = compare(b, arith::CmpIPredicate::sgt, stride, number(b, 0));
      Value count = stepCount(b, number(b, 0), number(b, last + 1), stride);
      return both(b, sound, isNumber(b, count, frames));
    };
    if (!step.isKnown())
      check(node, step, countOf);
    else if (step.known()[0] < 1 || last / step.known()[0] + 1 != frames)
      return node.fail("the frame step does not give the result's shape; "
                       "correct the model");
    Value starts = table(b, frames, [&](LocBuilder &b, Value i) {
      Value stride = limit(b, step.at(b, 0), 0, shape[1]);
      return limit(b, mul(b, i, stride), 0, last);
    });
    AffineExpr frame = b.getAffineDimExpr(1), at = b.getAffineDimExpr(2);
    SmallVector<Value> operands{starts};
    SmallVector<AffineMap> maps{AffineMap::get(4, 0, frame)};
    if (node.has(2)) {
      operands.push_back(node.operand(2));
      maps.push_back(AffineMap::get(4, 0, at));
    }
    Value signal = node.operand(0);
    Value cut = mapped(
        b, operands, maps,
        tensorType({shape[0], frames, places, shape[2]}, elementOf(signal)),
        [&](LocBuilder &b, ValueRange s) {
          Value from = arith::IndexCastOp::create(b, b.getIndexType(), s[0]);
          SmallVector<Value> index = {
              linalg::IndexOp::create(b, 0),
              add(b, from, linalg::IndexOp::create(b, 2)),
              linalg::IndexOp::create(b, 3)};
          Value sample = tensor::ExtractOp::create(b, signal, index);
          return s.size() > 1 ? mul(b, sample, s[1]) : sample;
        });
    how.length = places;
    return transform(b, cut, 2, how);
  };
  if (length.isKnown() || (node.has(2) && lengths.size() == 1)) {
    if (!length.isKnown())
      check(node, length, [&](LocBuilder &b) { return length.is(b, 0, lengths[0]); });
    FailureOr<Value> value = build(lengths.front());
    return failed(value) ? failure() : node.done(*value);
  }
  auto value = choose(
      node, length, [&](LocBuilder &b) { return length.at(b, 0); }, lengths, build);
  return failed(value) ? failure() : node.done(*value);
}

void lower::addFourier(Registry &r) {
  r["onnx.DFT"] = checked(lowerDft);
  r["onnx.STFT"] = checked(lowerStft);
}
