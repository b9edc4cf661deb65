//===- Selection.cpp - how many elements there are, data say --------------===//
//
// NonZero-13, Compress-11, Unique-11, NonMaxSuppression-11. The results have as many elements as the model declares, and that the data give as many is
// checked; where it declares no number, they have a size that data give. Elements are marked first, and counted by running sums; a place in the
// result then finds its element by a binary search in the sums.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Indexing.h"
#include "compiler/lower/Parameter.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;
using arith::CmpIPredicate;

static Value flag(LocBuilder &b, Value condition) {
  return castScalar(b, condition, b.getI64Type(), true, false);
}

/// Whether two shapes of one rank differ in the size of that axis alone.
static bool fitsBut(Node &node, int64_t axis, const Shape &shape, const Shape &other) {
  for (auto [i, size] : llvm::enumerate(shape))
    if (int64_t(i) != axis && !node.agree(size, other[i]))
      return false;
  return true;
}

/// Whether nothing is known of a size: data are to give it.
static bool isUnknown(Node &node, const Extent &size) { return !size.in(node.op->getContext()); }

/// No call marks more elements than this.
static constexpr int64_t kMostMarks = int64_t(1) << 31;

/// More than any place and length; reductions start from it.
static constexpr int64_t kNone = INT64_MAX;

Value lower::markedPlaces(Node &node, Value marks, const Extent &count) {
  LocBuilder &b = node.b;
  Extent size = shapeOf(marks)[0];
  int64_t longest = size.isNumber() ? size.value() : kMostMarks;
  if (!node.isAtMost(size, longest))
    return marks;
  Value sums = accumulate(b, marks, 0, /*exclusive=*/false, /*reverse=*/false,
                          /*isSum=*/true);
  auto find = [&](LocBuilder &b, Value wanted) -> Value {
    // The number of sums that are not above the place.
    Value found = number(b, 0);
    for (int64_t step = llvm::PowerOf2Ceil(longest + 1); step > 0; step /= 2) {
      Value next = add(b, found, number(b, step));
      Value probe = arith::IndexCastOp::create(
          b, b.getIndexType(), limit(b, next, 1, size));
      Value sum = tensor::ExtractOp::create(
          b, sums, ValueRange(sub(b, probe, index(b, 1))));
      Value before =
          both(b, compare(b, CmpIPredicate::sle, next, number(b, size)),
               compare(b, CmpIPredicate::sle, sum, wanted));
      found = select(b, before, next, found);
    }
    return limit(b, found, 0, size - 1);
  };
  if (isUnknown(node, count))
    return table(b, dataSize(node, sums, size - 1, size), find);
  check(node, sums, [&](LocBuilder &b) {
    Value last = index(b, size - 1);
    return isNumber(b, tensor::ExtractOp::create(b, sums, ValueRange(last)), count);
  });
  return table(b, count, find);
}

/// Sizes as a tensor of i64.
static Value sizeTable(LocBuilder &b, const Shape &sizes) {
  if (sizes.isStatic())
    return indexTable(b, sizes.numbers());
  SmallVector<Value> values;
  for (const Extent &size : sizes)
    values.push_back(number(b, size));
  return tensor::FromElementsOp::create(b, tensorType({int64_t(sizes.size())}, b.getI64Type()), values);
}

static LogicalResult lowerNonZero(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Shape shape = node.sizes(0);
  int64_t rank = shape.size();
  if (type.getRank() != 2 || type.getDimSize(0) != rank)
    return node.fail("the result does not fit the input's rank; correct the "
                     "model");
  Extent size = shape.count(), count = node.resultSizes()[1];
  if (!isUnknown(node, count) && !node.isAtMost(count, size))
    return node.fail("the result has more places than the input; correct the "
                     "model");
  if (size == 0)
    return node.done(emptyOf(node, type));
  Value flat = reshape(b, node.operand(0), {size});
  Value marks = pointwise(
      b, flat, tensorType({size}, b.getI64Type()),
      [](LocBuilder &b, ValueRange s) {
        return flag(b, castScalar(b, s[0], b.getI1Type(), false, true));
      });
  Value places = markedPlaces(node, marks, count);
  // A place in a single number has no coordinates, but whether there is one is told.
  if (rank == 0)
    return node.done(emptyOf(node, tensorType({0, shapeOf(places)[0]}, type.getElementType())));
  Shape strides(rank, 1);
  for (int64_t axis = rank - 1; axis-- > 0;)
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  AffineExpr axis = b.getAffineDimExpr(0);
  AffineMap maps[] = {AffineMap::get(2, 0, b.getAffineDimExpr(1)),
                      AffineMap::get(2, 0, axis), AffineMap::get(2, 0, axis)};
  return node.done(mapped(
      b, {places, sizeTable(b, strides), sizeTable(b, shape)}, maps, type,
      [](LocBuilder &b, ValueRange s) -> Value {
        Value along = arith::DivUIOp::create(b, s[0], s[1]);
        return arith::RemUIOp::create(b, along, s[2]);
      }));
}

static LogicalResult lowerCompress(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Value x = node.operand(0);
  if (!node.hasAttr("axis"))
    x = reshape(b, x, {node.sizes(0).count()});
  int64_t rank = tensorType(x).getRank();
  auto axis = node.axis("axis", 0, rank);
  if (!axis || node.rank(1) != 1 || type.getRank() != rank)
    return node.fail("the axis or the condition does not fit the input; correct "
                     "the model");
  Extent size = shapeOf(x)[*axis], given = node.sizes(1)[0], count = node.resultSizes()[*axis];
  if (!node.isAtMost(given, size) || (!isUnknown(node, count) && !node.isAtMost(count, given)) ||
      !fitsBut(node, *axis, shapeOf(x), node.resultSizes()))
    return node.fail("the condition is longer than the axis, or shorter than "
                     "the result; correct the model");
  if (given == 0)
    return node.done(emptyOf(node, type));
  Value marks = castTo(b, node.operand(1), b.getI64Type(), true, false);
  Value places = markedPlaces(node, marks, count);
  if (isEmpty(tensorType(x)) || isEmpty(type)) {
    // How many are taken counts all the same.
    Shape taken = node.sizes(0).size() == size_t(rank) ? shapeOf(x) : Shape(rank, 0);
    taken[*axis] = shapeOf(places)[0];
    return node.done(emptyOf(node, tensorType(taken, type.getElementType())));
  }
  SmallVector<Value> tables(rank);
  tables[*axis] = places;
  return node.done(takePlaces(b, x, tables, type));
}

//===----------------------------------------------------------------------===//
// Unique
//===----------------------------------------------------------------------===//

/// NaN equals NaN and comes last, so that each element has a place.
static Value isNan(LocBuilder &b, Value x) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
}

static Value equals(LocBuilder &b, Value x, Value y) {
  if (!isFloat(x.getType()))
    return compare(b, CmpIPredicate::eq, x, y);
  Value same = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x, y);
  return either(b, same, both(b, isNan(b, x), isNan(b, y)));
}

static Value isLess(LocBuilder &b, Value x, Value y, bool isUnsigned) {
  if (!isFloat(x.getType()))
    return compare(b, isUnsigned ? CmpIPredicate::ult : CmpIPredicate::slt, x, y);
  Value less = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, y);
  Value ordered = arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, x, x);
  return either(b, less, both(b, ordered, isNan(b, y)));
}

namespace {
/// Compares the rows of a matrix.
class Rows {
public:
  Rows(LocBuilder &b, Value rows, bool isUnsigned)
      : rows(rows), isUnsigned(isUnsigned) {
    Shape shape = shapeOf(rows);
    count = shape[0], length = shape[1];
    if (length == 1)
      return;
    // The first place at which two rows differ, or kNone.
    AffineExpr i = b.getAffineDimExpr(0), j = b.getAffineDimExpr(1),
               k = b.getAffineDimExpr(2);
    MLIRContext *context = b.getContext();
    AffineMap maps[] = {AffineMap::get(3, 0, {i, k}, context),
                        AffineMap::get(3, 0, {j, k}, context),
                        AffineMap::get(3, 0, {i, j}, context)};
    IteratorType loops[] = {IteratorType::parallel, IteratorType::parallel,
                            IteratorType::reduction};
    differences = reduction(
        b, {rows, rows}, maps, loops, tensorType({count, count}, b.getI64Type()),
        b.getI64IntegerAttr(kNone), [&](LocBuilder &b, ValueRange s) {
          Value here = select(b, equals(b, s[0], s[1]), number(b, kNone),
                              place(b, 2));
          return minimum(b, s[2], here);
        });
  }

  /// In a body: of the rows of two loop indices.
  Value same(LocBuilder &b, Value i, Value j) const {
    if (!differences)
      return equals(b, element(b, i, index(b, 0)), element(b, j, index(b, 0)));
    Value at = tensor::ExtractOp::create(b, differences, ValueRange{i, j});
    return isNumber(b, at, kNone);
  }
  Value less(LocBuilder &b, Value i, Value j) const {
    Value at = index(b, 0);
    if (differences) {
      Value first = tensor::ExtractOp::create(b, differences, ValueRange{i, j});
      // Equal rows compare an equal element.
      at = arith::IndexCastOp::create(b, b.getIndexType(),
                                      limit(b, first, 0, length - 1));
    }
    return isLess(b, element(b, i, at), element(b, j, at), isUnsigned);
  }

  Extent count, length;

private:
  Value element(LocBuilder &b, Value i, Value k) const {
    return tensor::ExtractOp::create(b, rows, ValueRange{i, k});
  }

  Value rows, differences;
  bool isUnsigned;
};
} // namespace

/// For each place of `each`, a table, the combination of `body` over others, whose `values` are tables of one size. The body gets the two loop
/// indices, the values and the total so far.
static Value overOthers(
    LocBuilder &b, Value each, ValueRange values, int64_t neutral,
    llvm::function_ref<Value(LocBuilder &, Value, Value, ValueRange)> body) {
  SmallVector<Value> operands(values);
  operands.push_back(each);
  SmallVector<AffineMap> maps(values.size(),
                              AffineMap::get(2, 0, b.getAffineDimExpr(1)));
  maps.append(2, AffineMap::get(2, 0, b.getAffineDimExpr(0)));
  IteratorType loops[] = {IteratorType::parallel, IteratorType::reduction};
  return reduction(b, operands, maps, loops, tensorType(each),
                   b.getI64IntegerAttr(neutral),
                   [&](LocBuilder &b, ValueRange s) {
                     SmallVector<Value> scalars(s);
                     scalars.erase(scalars.end() - 2);
                     return body(b, linalg::IndexOp::create(b, 0),
                                 linalg::IndexOp::create(b, 1), scalars);
                   });
}

/// Pairs of rows are compared: time goes with the square of their number.
static LogicalResult lowerUnique(Node &node) {
  LocBuilder &b = node.b;
  Value x = node.operand(0);
  if (!node.hasAttr("axis"))
    x = reshape(b, x, {node.sizes(0).count()});
  RankedTensorType type = tensorType(x), resultType = node.resultType();
  int64_t rank = type.getRank();
  auto axis = node.axis("axis", 0, rank);
  if (!axis || resultType.getRank() != rank)
    return node.fail("the axis is outside the rank; correct the model");
  Shape shape = shapeOf(x);
  Extent size = shape[*axis], count = node.resultSizes()[*axis];
  bool isDeclared = !isUnknown(node, count);
  for (unsigned i = 1; i < node.op->getNumResults(); ++i) {
    if (!node.hasResult(i))
      continue;
    Shape found = node.resultSizes(i);
    const Extent &wanted = i == 2 ? size : count;
    if (found.size() != 1 || (!isUnknown(node, found[0]) && !isUnknown(node, wanted) && !node.agree(found[0], wanted)))
      return node.fail("the results do not fit together; correct the model");
  }
  if (!fitsBut(node, *axis, shape, node.resultSizes()))
    return node.fail("the result does not fit the input; correct the model");
  if (size == 0 && (!isDeclared || count == 0)) {
    for (unsigned i = 0; i < node.op->getNumResults(); ++i)
      if (node.hasResult(i))
        node.set(i, emptyOf(node, node.resultType(i)));
    return success();
  }
  constexpr int64_t mostPairs = int64_t(1) << 26;
  if ((isDeclared && !node.isAtMost(count, size)) || count == 0 || isEmpty(type) ||
      (size.isNumber() && size.value() > mostPairs / size.value()))
    return node.fail("the result does not fit the input, or there are too "
                     "many elements to compare; correct the model");
  auto order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  order.erase(order.begin() + *axis);
  order.insert(order.begin(), *axis);
  Extent length = 1;
  for (int64_t i = 0; i < rank; ++i)
    length = i == *axis ? length : length * shape[i];
  Value matrix = reshape(b, transpose(b, x, order), {size, length});
  Rows rows(b, matrix, node.isUnsigned(0));

  // The first row that equals each, and a mark for those that are it themselves.
  Value all = splat(b, tensorType({size}, b.getI64Type()), b.getI64IntegerAttr(0));
  if (size.isNumber())
    all = indexTable(b, SmallVector<int64_t>(size.value(), 0));
  Value first = overOthers(
      b, all, all, kNone, [&](LocBuilder &b, Value i, Value j, ValueRange s) {
        Value here = select(b, rows.same(b, i, j), place(b, 1), number(b, kNone));
        return minimum(b, s.back(), here);
      });
  Value marks = pointwise(b, first, tensorType(first),
                          [](LocBuilder &b, ValueRange s) {
                            return flag(b, compare(b, CmpIPredicate::eq, s[0],
                                                   place(b, 0)));
                          });
  // The place in the result of the row that each equals.
  Value inverse;
  if (node.attrInt("sorted", 1)) {
    inverse = overOthers(
        b, all, marks, 0,
        [&](LocBuilder &b, Value i, Value j, ValueRange s) {
          return add(b, s[1], select(b, rows.less(b, j, i), s[0], number(b, 0)));
        });
  } else {
    Value before = accumulate(b, marks, 0, /*exclusive=*/true,
                              /*reverse=*/false, /*isSum=*/true);
    inverse = pointwise(
        b, first, tensorType(first), [&](LocBuilder &b, ValueRange s) -> Value {
          Value at = arith::IndexCastOp::create(
              b, b.getIndexType(), limit(b, s[0], 0, size - 1));
          return tensor::ExtractOp::create(b, before, ValueRange(at));
        });
  }
  Value total = sumAxes(b, marks, {0}), found;
  if (isDeclared) {
    check(node, total, [&](LocBuilder &b) {
      return isNumber(b, tensor::ExtractOp::create(b, total, ValueRange()), count);
    });
    found = table(b, count, [](LocBuilder &, Value place) { return place; });
  } else {
    found = table(b, dataSize(node, total, 0, size),
                  [](LocBuilder &, Value place) { return place; });
  }
  Value indices = overOthers(
      b, found, {inverse, marks}, 0,
      [&](LocBuilder &b, Value, Value, ValueRange s) {
        Value hit = both(b, compare(b, CmpIPredicate::eq, s[0], place(b, 0)),
                         isNumber(b, s[1], 1));
        return add(b, s[2], select(b, hit, place(b, 1), number(b, 0)));
      });
  if (node.hasResult(0)) {
    SmallVector<Value> tables(rank);
    tables[*axis] = pointwise(b, indices, tensorType(indices),
                              [&](LocBuilder &b, ValueRange s) {
                                return limit(b, s[0], 0, size - 1);
                              });
    node.set(0, takePlaces(b, x, tables, resultType));
  }
  if (node.hasResult(1))
    node.set(1, indices);
  if (node.hasResult(2))
    node.set(2, inverse);
  if (node.hasResult(3))
    node.set(3, overOthers(b, found, inverse, 0,
                           [&](LocBuilder &b, Value, Value, ValueRange s) {
                             Value hit = compare(b, CmpIPredicate::eq, s[0],
                                                 place(b, 0));
                             return add(b, s[1], flag(b, hit));
                           }));
  return success();
}

//===----------------------------------------------------------------------===//
// NonMaxSuppression
//===----------------------------------------------------------------------===//

/// Whether two boxes overlap by more than the threshold. `box` gives coordinate k of the first or second one.
static Value overlaps(LocBuilder &b, bool isCentred, Value threshold,
                      llvm::function_ref<Value(LocBuilder &, int, int64_t)> box) {
  Value low[2][2], high[2][2], area[2];
  for (int which : {0, 1}) {
    for (int axis : {0, 1}) {
      Value first = box(b, which, axis), second = box(b, which, axis + 2);
      if (isCentred) {
        Value half = div(b, second, scalar(b, second.getType(), 2));
        second = add(b, first, half);
        first = sub(b, first, half);
      }
      low[which][axis] = minimum(b, first, second);
      high[which][axis] = maximum(b, first, second);
    }
    area[which] = mul(b, sub(b, high[which][0], low[which][0]),
                      sub(b, high[which][1], low[which][1]));
  }
  Value zero = scalar(b, threshold.getType(), 0), common;
  for (int axis : {0, 1}) {
    Value width = maximum(b, zero,
                          sub(b, minimum(b, high[0][axis], high[1][axis]),
                              maximum(b, low[0][axis], low[1][axis])));
    common = common ? mul(b, common, width) : width;
  }
  Value whole = sub(b, add(b, area[0], area[1]), common);
  Value share = div(b, common, whole);
  // Boxes without an area overlap nothing: 0 / 0 is not above the threshold.
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, share, threshold);
}

/// Every class takes its best box that is left, and drops what overlaps it, as often as there may be results.
static LogicalResult lowerNonMaxSuppression(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Type i64 = b.getI64Type();
  Shape boxShape = node.sizes(0), scoreShape = node.sizes(1);
  if (boxShape.size() != 3 || scoreShape.size() != 3 || !node.agree(boxShape[2], 4) ||
      !node.agree(boxShape[0], scoreShape[0]) || !node.agree(boxShape[1], scoreShape[2]) ||
      type.getRank() != 2 || type.getDimSize(1) != 3)
    return node.fail("boxes and scores do not fit together; correct the model");
  for (unsigned i : {2u, 3u, 4u})
    if (node.has(i) && !node.agree(node.sizes(i).count(), 1))
      return node.fail("the limits must be single numbers; correct the model");
  Extent batches = scoreShape[0], classes = scoreShape[1], boxes = scoreShape[2];
  Extent count = node.resultSizes()[0];
  bool isDeclared = !isUnknown(node, count);
  if (isDeclared && !node.isAtMost(count, scoreShape.count()))
    return node.fail("the result has more boxes than there are; correct the "
                     "model");
  if (scoreShape.count() == 0)
    return node.done(emptyOf(node, type));
  Parameter most(node, 2, 1), overlap(node, 3, 1), least(node, 4, 1);
  // One round more than there may be results shows that there are too many.
  Extent rounds = boxes;
  if (isDeclared)
    rounds = node.lesser(boxes, count + 1);
  else if (!most.isPresent())
    rounds = 0;
  else if (most.isKnown())
    rounds = node.lesser(boxes, std::max<int64_t>(most.known()[0], 0));
  if (rounds == 0)
    return node.done(emptyOf(node, type));
  bool isCentred = node.attrInt("center_point_box", 0);
  Value all = node.operand(0), scores = node.operand(1);
  RankedTensorType whole = tensorType(scoreShape, i64);
  RankedTensorType each = tensorType({batches, classes}, i64);

  Value left = pointwise(b, scores, whole, [&](LocBuilder &b, ValueRange s) {
    Value good = arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, s[0], s[0]);
    if (least.isPresent())
      good = arith::CmpFOp::create(
          b, arith::CmpFPredicate::OGT, s[0],
          castScalar(b, least.real(b, 0), s[0].getType(), false, false));
    return flag(b, good);
  });
  Value picked = splat(b, tensorType({batches, classes, rounds}, i64),
                       b.getI64IntegerAttr(-1));
  auto loop = scf::ForOp::create(b, index(b, 0), index(b, rounds), index(b, 1),
                                 ValueRange{counter(b, 0), left, picked});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(loop.getBody());
    Value round = loop.getRegionIterArg(0);
    left = loop.getRegionIterArg(1), picked = loop.getRegionIterArg(2);
    Type element = elementOf(scores);
    TypedAttr lowest = lowestAttr(element, false);
    Value open = pointwise(b, {scores, left}, tensorType(scores),
                           [&](LocBuilder &b, ValueRange s) {
                             return select(b, isNumber(b, s[1], 1), s[0],
                                           arith::ConstantOp::create(b, lowest));
                           });
    Value best = reduceAxes(b, open, {2}, lowest,
                            [](LocBuilder &b, ValueRange s) {
                              return maximum(b, s[1], s[0]);
                            });
    Value bestOfEach = reshape(b, best, {batches, classes, 1});
    Value candidates = pointwise(
        b, {open, bestOfEach, left}, whole, [&](LocBuilder &b, ValueRange s) {
          Value hit = both(b, arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, s[0], s[1]),
                           isNumber(b, s[2], 1));
          return select(b, hit, place(b, 2), number(b, kNone));
        });
    Value first = reduceAxes(b, candidates, {2}, b.getI64IntegerAttr(kNone),
                             [](LocBuilder &b, ValueRange s) {
                               return minimum(b, s[1], s[0]);
                             });
    Value pick = pointwise(
        b, {first, round}, each, [&](LocBuilder &b, ValueRange s) {
          Value limit = most.isPresent() ? most.at(b, 0) : number(b, 0);
          Value good = both(b, compare(b, CmpIPredicate::slt, s[0], number(b, boxes)),
                            compare(b, CmpIPredicate::slt, s[1], limit));
          return select(b, good, s[0], number(b, -1));
        });
    Value pickOfEach = reshape(b, pick, {batches, classes, 1});
    Value next = pointwise(
        b, {left, pickOfEach}, whole, [&](LocBuilder &b, ValueRange s) {
          Value chosen = limit(b, s[1], 0, boxes - 1);
          Value at[] = {linalg::IndexOp::create(b, 2),
                        arith::IndexCastOp::create(b, b.getIndexType(), chosen)};
          Value batch = linalg::IndexOp::create(b, 0);
          Value threshold =
              overlap.isPresent()
                  ? castScalar(b, overlap.real(b, 0), elementOf(all), false, false)
                  : scalar(b, elementOf(all), 0);
          Value drops = overlaps(
              b, isCentred, threshold,
              [&](LocBuilder &b, int which, int64_t k) -> Value {
                return tensor::ExtractOp::create(
                    b, all, ValueRange{batch, at[which], index(b, k)});
              });
          drops = either(b, drops, compare(b, CmpIPredicate::eq, place(b, 2), s[1]));
          Value some = compare(b, CmpIPredicate::sge, s[1], number(b, 0));
          return select(b, both(b, some, drops), number(b, 0), s[0]);
        });
    scf::YieldOp::create(
        b, ValueRange{advance(b, round, 1), next, writeSlice(b, picked, pick, 2, round)});
  }
  Extent size = batches * classes * rounds;
  Value flat = reshape(b, loop.getResult(2), {size});
  Value marks = pointwise(b, flat, tensorType(flat), [](LocBuilder &b, ValueRange s) {
    return flag(b, compare(b, CmpIPredicate::sge, s[0], number(b, 0)));
  });
  Value places = markedPlaces(node, marks, count);
  return node.done(mapped(
      b, places, AffineMap::get(2, 0, b.getAffineDimExpr(0)), type,
      [&](LocBuilder &b, ValueRange s) {
        Value at = arith::IndexCastOp::create(b, b.getIndexType(), s[0]);
        Value box = tensor::ExtractOp::create(b, flat, ValueRange(at));
        Value row = arith::DivUIOp::create(b, s[0], number(b, rounds));
        Value batch = arith::DivUIOp::create(b, row, number(b, classes));
        Value kind = arith::RemUIOp::create(b, row, number(b, classes));
        Value column = place(b, 1);
        return select(b, isNumber(b, column, 0), batch,
                      select(b, isNumber(b, column, 1), kind, box));
      }));
}

void lower::addSelection(Registry &r) {
  r["onnx.NonZero"] = checked(lowerNonZero);
  r["onnx.Compress"] = checked(lowerCompress);
  r["onnx.Unique"] = checked(lowerUnique);
  r["onnx.NonMaxSuppression"] = checked(lowerNonMaxSuppression);
}
