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
  Extent length;
  bool inverse = false, half = false;

  /// Half of a transform of real numbers says all; its inverse gives real numbers.
  Extent outputs() const { return half && !inverse ? length / 2 + 1 : length; }
  Extent inputs() const { return half && inverse ? length / 2 + 1 : length; }
  int64_t components() const { return half && inverse ? 1 : 2; }
};
} // namespace

/// More places than this would make the matrix too large.
static constexpr int64_t kMostPlaces = int64_t(1) << 10;

/// The roots of unity, (outputs, components, places that are used, components given), of static sizes.
static Value constantRoots(LocBuilder &b, const Transform &how, int64_t used, int64_t given, Type element) {
  int64_t outputs = how.outputs().value(), length = how.length.value();
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
  return constantTensor(b, {outputs, how.components(), used, given}, element, matrix);
}

/// The same of sizes that a call chooses: each root is computed once, and stands in the matrix wherever its power comes up.
static Value computedRoots(LocBuilder &b, const Transform &how, const Extent &used, const Extent &given, Type element) {
  Type f64 = b.getF64Type();
  RankedTensorType all = tensorType({how.length}, element);
  auto partOfRoots = [&](bool real) {
    return mapped(b, {}, ArrayRef<AffineMap>(), all, [&](LocBuilder &b, ValueRange) -> Value {
      Value length = scalarInt(b, f64, how.length);
      Value turns = div(b, castScalar(b, place(b, 0), f64, false, false), length);
      Value angle = mul(b, turns, scalar(b, f64, how.inverse ? 2 * M_PI : -2 * M_PI));
      Value part = real ? Value(math::CosOp::create(b, angle)) : Value(math::SinOp::create(b, angle));
      return castScalar(b, how.inverse ? div(b, part, length) : part, element, false, false);
    });
  };
  Value reals = partOfRoots(true), imaginaries = partOfRoots(false);
  RankedTensorType type = tensorType({how.outputs(), how.components(), used, given}, element);
  return mapped(b, {}, ArrayRef<AffineMap>(), type, [&](LocBuilder &b, ValueRange) -> Value {
    Value n = place(b, 2), component = place(b, 3), length = number(b, how.length);
    Value power = arith::RemUIOp::create(b, mul(b, place(b, 0), n), length);
    Value at = arith::IndexCastOp::create(b, b.getIndexType(), power);
    Value real = tensor::ExtractOp::create(b, reals, at), imaginary = tensor::ExtractOp::create(b, imaginaries, at);
    // (re + i im) (cos + i sin)
    Value crossed = select(b, isNumber(b, component, 1), arith::NegFOp::create(b, imaginary), imaginary);
    Value root = select(b, compare(b, arith::CmpIPredicate::eq, place(b, 1), component), real, crossed);
    if (!how.half || !how.inverse)
      return root;
    // The half that is not given is the conjugate.
    Value alone = either(b, isNumber(b, n, 0), compare(b, arith::CmpIPredicate::eq, mul(b, n, number(b, 2)), length));
    return select(b, alone, root, mul(b, root, scalar(b, element, 2)));
  });
}

/// The first places of the axis, with the components in the last one, transformed.
static Value transform(Node &node, Value x, int64_t axis, const Transform &how) {
  LocBuilder &b = node.b;
  MLIRContext *context = b.getContext();
  Type element = elementOf(x);
  Shape shape = shapeOf(x);
  int64_t rank = shape.size();
  Extent given = shape.back(), used = node.lesser(how.inputs(), shape[axis]);
  bool isStatic = how.length.isNumber() && used.isNumber() && given.isNumber();
  Value roots = isStatic ? constantRoots(b, how, used.value(), given.value(), element) : computedRoots(b, how, used, given, element);
  x = sliceAxis(b, x, axis, 0, used);
  shape[axis] = how.outputs();
  shape.back() = how.components();
  // loops: the result's, then place and component
  SmallVector<AffineExpr> read, out;
  for (int64_t i = 0; i < rank; ++i) {
    out.push_back(b.getAffineDimExpr(i));
    read.push_back(b.getAffineDimExpr(i == axis       ? rank
                                      : i + 1 == rank ? rank + 1
                                                      : i));
  }
  AffineMap maps[] = {
      AffineMap::get(rank + 2, 0, read, context),
      AffineMap::get(rank + 2, 0,
                     {b.getAffineDimExpr(axis), b.getAffineDimExpr(rank - 1),
                      b.getAffineDimExpr(rank), b.getAffineDimExpr(rank + 1)},
                     context),
      AffineMap::get(rank + 2, 0, out, context)};
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  loops.append(2, IteratorType::reduction);
  return contraction(b, x, roots, maps, loops, tensorType(shape, element));
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

/// Of open lengths the caller provides the memory.
static bool isTooLong(const Transform &how, const Extent &given) {
  return how.length.isNumber() && given.isNumber() &&
         std::max(how.outputs().value(), std::min(how.inputs().value(), given.value())) > kMostPlaces;
}

static LogicalResult tooLong(Node &node) {
  return node.fail("transforms of more than 1024 places are not supported");
}

/// An axis and a length that are known, or expressions over open sizes.
static LogicalResult transformKnown(Node &node, Transform how, int64_t axis) {
  Shape expected = node.sizes(0), result = node.resultSizes();
  auto length = node.elements(1);
  how.length = length                    ? length->front()
               : how.half && how.inverse ? (expected[axis] - 1) * 2
                                         : expected[axis];
  if (!node.isAtMost(1, how.length))
    return node.fail("a transform has at least one place; correct the model");
  Extent given = expected[axis];
  expected[axis] = how.outputs();
  expected.back() = how.components();
  for (auto [size, wanted] : llvm::zip(expected, result))
    if (!node.agree(size, wanted))
      return node.fail("the length does not give the result's shape; correct "
                       "the model");
  if (isTooLong(how, given))
    return tooLong(node);
  return node.done(transform(node, node.operand(0), axis, how));
}

static LogicalResult lowerDft(Node &node) {
  Shape shape = node.sizes(0), result = node.resultSizes();
  int64_t rank = shape.size();
  Transform how{0, node.attrInt("inverse", 0) != 0,
                node.attrInt("onesided", 0) != 0};
  Parameter length(node, 1, 1), axis(node, 2, 1);
  if (rank < 2 || int64_t(result.size()) != rank || !node.isAtMost(1, shape.back()) || !node.isAtMost(shape.back(), 2) ||
      !node.agree(result.back(), how.components()) ||
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
    if (length.isKnown() || node.isOpen(1))
      return transformKnown(node, how, known);
  }
  // All axes and lengths that give the result's shape.
  SmallVector<std::pair<int64_t, Extent>> ways;
  for (int64_t one : axes) {
    SmallVector<Extent> lengths;
    if (!length.isKnown() && result[one].isNumber())
      llvm::append_range(lengths, lengthsOf(result[one].value(), how));
    else if (!length.isKnown())
      return node.fail("a length that data give needs a result of static sizes; make it a constant, or fix sizes with --shape");
    else if (length.isPresent())
      lengths = {length.known()[0]};
    else
      lengths = {how.half && how.inverse ? (shape[one] - 1) * 2 : shape[one]};
    Shape expected(shape);
    for (const Extent &places : lengths) {
      how.length = places;
      if (places.isNumber() && places.value() < 1)
        continue;
      expected[one] = how.outputs();
      expected.back() = how.components();
      if (ArrayRef<Extent>(expected) != ArrayRef<Extent>(result))
        continue;
      if (isTooLong(how, shape[one]))
        return tooLong(node);
      ways.push_back({one, places});
    }
  }
  auto build = [&](int64_t way) -> FailureOr<Value> {
    how.length = ways[way].second;
    return transform(node, node.operand(0), ways[way].first, how);
  };
  auto wayOf = [&](LocBuilder &b) {
    Value along = axis.isKnown() ? number(b, axes.front())
                                 : fromFront(b, axis.at(b, 0), rank);
    // Lengths that are not given follow from the axis.
    Value found = number(b, -1);
    for (auto [i, way] : llvm::enumerate(ways)) {
      Value hit = isNumber(b, along, way.first);
      if (!length.isKnown())
        hit = both(b, hit, isNumber(b, length.at(b, 0), way.second));
      found = select(b, hit, number(b, int64_t(i)), found);
    }
    return found;
  };
  auto keys = llvm::to_vector(llvm::seq<int64_t>(0, ways.size()));
  auto value = choose(node, length.isKnown() ? axis : length, wayOf, keys, build);
  return failed(value) ? failure() : node.done(*value);
}

static LogicalResult lowerStft(Node &node) {
  LocBuilder &b = node.b;
  Parameter step(node, 1, 1), length(node, 3, 1);
  Shape shape = node.sizes(0), result = node.resultSizes();
  if (shape.size() != 3 || !node.isAtMost(1, shape[2]) || !node.isAtMost(shape[2], 2) || result.size() != 4 ||
      !node.agree(result[0], shape[0]) || !node.agree(result[3], 2) || !node.isAtMost(1, result[1]) ||
      step.size() != 1 || (length.isPresent() && length.size() != 1) ||
      (node.has(2) && node.rank(2) != 1) || (!node.has(2) && !length.isPresent()))
    return node.fail("the operands do not fit together; correct the model");
  Transform how{0, false, node.attrInt("onesided", 1) != 0};
  // All lengths of a frame that data may give; one where it is known.
  SmallVector<Extent> lengths;
  if (node.has(2))
    lengths = {node.sizes(2)[0]};
  else if (auto known = node.elements(3))
    lengths = {known->front()};
  else if (result[2].isNumber())
    llvm::append_range(lengths, lengthsOf(result[2].value(), how));
  bool isOne = lengths.size() == 1;
  llvm::erase_if(lengths, [&](const Extent &places) {
    how.length = places;
    if (isOne)
      return !node.isAtMost(1, places) || !node.isAtMost(places, shape[1]) || !node.agree(how.outputs(), result[2]);
    return places.value() < 1 || (shape[1].isNumber() && places.value() > shape[1].value()) || how.outputs() != result[2];
  });
  if (lengths.empty())
    return node.fail("no frame of that length fits the signal and the result; "
                     "correct the model");
  if (lengths.back().isNumber() && lengths.back().value() > kMostPlaces)
    return tooLong(node);
  Extent frames = result[1];
  auto build = [&](const Extent &places) -> FailureOr<Value> {
    if (!node.isAtMost(places, shape[1]))
      return node.fail("the signal is shorter than a frame; correct the model");
    Extent last = shape[1] - places;
    auto countOf = [&](LocBuilder &b) {
      Value stride = step.at(b, 0);
      Value sound = compare(b, arith::CmpIPredicate::sgt, stride, number(b, 0));
      Value count = stepCount(b, number(b, 0), number(b, last + 1), stride);
      return both(b, sound, isNumber(b, count, frames));
    };
    if (!step.isKnown())
      check(node, step, countOf);
    else if (step.known()[0] < 1 || !node.agree(last / step.known()[0] + 1, frames))
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
    return transform(node, cut, 2, how);
  };
  if (isOne) {
    if (node.has(2) && length.isPresent() && (!length.isKnown() || !lengths[0].isNumber() || length.known()[0] != lengths[0].value())) {
      auto known = node.elements(3);
      if (known && !node.agree(known->front(), lengths[0]))
        return node.fail("the window is not as long as a frame; correct the model");
      if (!known)
        check(node, length, [&](LocBuilder &b) { return length.is(b, 0, lengths[0]); });
    }
    FailureOr<Value> value = build(lengths.front());
    return failed(value) ? failure() : node.done(*value);
  }
  SmallVector<int64_t> keys;
  for (const Extent &places : lengths)
    keys.push_back(places.value());
  auto value = choose(node, length, [&](LocBuilder &b) { return length.at(b, 0); }, keys, build);
  return failed(value) ? failure() : node.done(*value);
}

void lower::addFourier(Registry &r) {
  r["onnx.DFT"] = checked(lowerDft);
  r["onnx.STFT"] = checked(lowerStft);
}
