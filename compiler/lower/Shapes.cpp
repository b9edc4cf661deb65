//===- Shapes.cpp - operators that move elements and compute none ---------===//
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Parameter.h"
#include "compiler/support/Elements.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

static Value yieldFirst(LocBuilder &, ValueRange s) { return s[0]; }

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

/// What Reshape, Flatten, Squeeze and Unsqueeze give: the type says it all.
static LogicalResult giveReshaped(Node &node) {
  RankedTensorType type = node.resultType();
  bool known = type.hasStaticShape() && node.type(0).hasStaticShape();
  if (known && type.getNumElements() != node.type(0).getNumElements())
    return node.fail("the new shape has another number of elements; correct "
                     "the model");
  Value result = reshape(node.b, node.operand(0), node.resultSizes());
  if (!known && result.getDefiningOp() && isMisfit(result.getDefiningOp()))
    return node.fail("how the open sizes of the input make those of the result is not known; fix them with --shape");
  return node.done(result);
}

/// Reshape-25.
static LogicalResult lowerReshape(Node &node) {
  Parameter wanted(node, 1);
  if (wanted.isKnown() || node.isOpen(1))
    return giveReshaped(node);
  ArrayRef<int64_t> shape = node.shape(0);
  ArrayRef<int64_t> result = node.resultType().getShape();
  if (wanted.size() != int64_t(result.size()))
    return node.fail("the new shape has another rank than its result; correct "
                     "the model");
  bool zeroKeeps = !node.attrInt("allowzero", 0);
  check(node, wanted, [&](LocBuilder &b) {
    Value fits, found = number(b, 0);
    for (auto [i, size] : llvm::enumerate(result)) {
      Value given = wanted.at(b, i), free = isNumber(b, given, -1);
      found = add(b, found, castScalar(b, free, b.getI64Type(), true, false));
      Value good = either(b, free, isNumber(b, given, size));
      if (zeroKeeps && i < shape.size() && shape[i] == size)
        good = either(b, good, isNumber(b, given, 0));
      fits = both(b, fits, good);
    }
    return both(b, fits, isWithin(b, found, 0, 2));
  });
  return giveReshaped(node);
}

/// The shape without, of those of size 1, the axes of the set.
static bool dropsTo(ArrayRef<int64_t> whole, int64_t set, ArrayRef<int64_t> rest) {
  SmallVector<int64_t> kept;
  for (auto [axis, size] : llvm::enumerate(whole)) {
    if (!(set >> axis & 1))
      kept.push_back(size);
    else if (size != 1)
      return false;
  }
  return ArrayRef(kept) == rest;
}

/// Squeeze-25, Unsqueeze-25.
static LogicalResult lowerSqueeze(Node &node) {
  Parameter axes(node, 1);
  if (axes.isKnown())
    return giveReshaped(node);
  ArrayRef<int64_t> longer = node.shape(0);
  ArrayRef<int64_t> shorter = node.resultType().getShape();
  if (node.kind() == "Unsqueeze")
    std::swap(longer, shorter);
  int64_t rank = longer.size();
  auto sets = axisSets(node, axes.size(), rank, [&](int64_t set) {
    return dropsTo(longer, set, shorter);
  });
  if (failed(sets))
    return failure();
  if (sets->empty())
    return node.fail("no axes give the result's shape; correct the model");
  check(node, axes, [&](LocBuilder &b) {
    Value set = axisSet(b, axes, rank), fits;
    for (int64_t one : *sets)
      fits = either(b, fits, isNumber(b, set, one));
    return fits;
  });
  return giveReshaped(node);
}

static LogicalResult lowerShape(Node &node) {
  ArrayRef<int64_t> shape = node.shape(0);
  int64_t rank = shape.size();
  auto position = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  int64_t start = position(node.attrInt("start", 0));
  int64_t end = std::max(position(node.attrInt("end", rank)), start);
  ArrayRef<int64_t> asked = shape.slice(start, end - start);
  if (!llvm::is_contained(asked, ShapedType::kDynamic))
    return node.done(indexTable(node.b, asked));
  LocBuilder &b = node.b;
  Shape sizes = node.sizes(0);
  SmallVector<Value> numbers;
  for (const Extent &size : ArrayRef<Extent>(sizes).slice(start, end - start))
    numbers.push_back(scalarInt(b, b.getI64Type(), size));
  return node.done(tensor::FromElementsOp::create(b, node.resultType(), numbers));
}

static LogicalResult lowerSize(Node &node) {
  if (!node.type(0).hasStaticShape())
    return node.done(countOf(node.b, node.operand(0), llvm::to_vector(llvm::seq<int64_t>(0, node.rank(0))), node.b.getI64Type()));
  return node.done(splat(node.b, node.resultType(),
                         node.b.getI64IntegerAttr(node.type(0).getNumElements())));
}

static LogicalResult lowerConcat(Node &node) {
  auto axis = node.axis("axis", 0, node.resultType().getRank());
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  SmallVector<Value> parts;
  for (Value operand : node.operands())
    if (tensorType(operand).getDimSize(*axis) != 0)
      parts.push_back(operand);
  if (parts.empty())
    return node.done(node.operand(0));
  return node.done(concat(node.b, parts, *axis));
}

static LogicalResult lowerSplit(Node &node) {
  auto axis = node.axis("axis", 0, node.rank(0));
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  Parameter sizes(node, 1);
  if (!sizes.isKnown() && !node.isOpen(1)) {
    if (sizes.size() != node.op->getNumResults())
      return node.fail("there are not as many sizes as outputs; correct the "
                       "model");
    check(node, sizes, [&](LocBuilder &b) {
      Value fits;
      for (unsigned i = 0; i < node.op->getNumResults(); ++i)
        if (node.hasResult(i))
          fits = both(b, fits,
                      sizes.is(b, i, node.resultSizes(i)[*axis]));
      return fits;
    });
  }
  Extent offset = 0, whole = node.sizes(0)[*axis];
  for (unsigned i = 0; i < node.op->getNumResults(); ++i) {
    // The inferred sizes are those of the split operand or num_outputs.
    if (!node.hasResult(i))
      return node.fail("output " + Twine(i) + " is absent; name every output");
    SmallVector<int64_t> expected(node.shape(0));
    if (node.resultType(i).getRank() == node.rank(0))
      expected[*axis] = node.resultType(i).getDimSize(*axis);
    Extent size = node.resultType(i).getRank() == node.rank(0) ? node.resultSizes(i)[*axis] : whole;
    if (node.resultType(i).getShape() != ArrayRef(expected) ||
        !node.isAtMost(offset + size, whole))
      return node.fail("the parts do not fit the whole; correct the model");
    node.set(i, sliceAxis(node.b, node.operand(0), *axis, offset, size));
    offset = offset + size;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

namespace {
/// The axes that the entries of a parameter are for: those of `axes`, or all in order.
class EntryAxes {
public:
  EntryAxes(const Parameter &axes, int64_t entries, int64_t rank)
      : axes(axes), entries(entries), rank(rank) {}

  /// Whether the axes are as many as the entries and, so far as they are known, inside of the rank.
  bool fit() const {
    if (!axes.isPresent())
      return entries <= rank;
    return axes.size() == entries && llvm::all_of(axes.known(), [&](int64_t axis) {
      return axis >= -rank && axis < rank;
    });
  }
  /// Whether some entry may be for the axis.
  bool mayTouch(int64_t axis) const {
    for (int64_t i = 0; i < entries; ++i)
      if (mayBe(i, axis))
        return true;
    return false;
  }
  /// Of the entries' numbers the one for this axis, or `none`.
  Value pick(LocBuilder &b, const Parameter &numbers, int64_t offset,
             int64_t axis, int64_t none) const {
    Value picked = number(b, none);
    for (int64_t i = 0; i < entries; ++i) {
      if (!mayBe(i, axis))
        continue;
      Value given = numbers.at(b, offset + i);
      picked = isKnown() ? given
                         : select(b, isNumber(b, fromFront(b, axes.at(b, i), rank), axis),
                                  given, picked);
    }
    return picked;
  }
  /// Whether the axes that are not known are inside of the rank and differ; null if all are known.
  Value areSound(LocBuilder &b) const {
    if (isKnown())
      return {};
    Value sound;
    SmallVector<Value> all;
    for (int64_t i = 0; i < entries; ++i) {
      Value axis = fromFront(b, axes.at(b, i), rank);
      sound = both(b, sound, isWithin(b, axis, 0, rank));
      for (Value other : all)
        sound = both(b, sound, compare(b, arith::CmpIPredicate::ne, axis, other));
      all.push_back(axis);
    }
    return sound;
  }

private:
  bool isKnown() const { return axes.isKnown(); }
  bool mayBe(int64_t i, int64_t axis) const {
    if (!axes.isPresent())
      return i == axis;
    if (!axes.isKnown())
      return true;
    int64_t known = axes.known()[i];
    return (known < 0 ? known + rank : known) == axis;
  }

  const Parameter &axes;
  int64_t entries, rank;
};
} // namespace

/// The first parameter that is not known, or null.
static const Parameter *unknownOf(ArrayRef<const Parameter *> parameters) {
  for (const Parameter *parameter : parameters)
    if (!parameter->isKnown())
      return parameter;
  return nullptr;
}

/// Slice-13 with starts, ends, axes or steps that data give: each axis has a table of the places that it takes.
static LogicalResult sliceByData(Node &node, const Parameter &some) {
  LocBuilder &b = node.b;
  Parameter starts(node, 1), ends(node, 2), axes(node, 3), steps(node, 4);
  RankedTensorType type = node.resultType();
  ArrayRef<int64_t> shape = node.shape(0);
  int64_t rank = shape.size(), entries = starts.size();
  EntryAxes where(axes, entries, rank);
  if (!where.fit() || ends.size() != entries || entries > rank ||
      (steps.isPresent() && steps.size() != entries))
    return node.fail("starts, ends, axes and steps do not fit together; "
                     "correct the model");
  for (auto [size, taken] : llvm::zip(shape, type.getShape()))
    if (taken > size)
      return node.fail("the result is larger than the input; correct the model");
  struct Range {
    Value begin, end, step;
  };
  auto rangeOf = [&](LocBuilder &b, int64_t axis) {
    int64_t size = shape[axis];
    Range range;
    range.step = steps.isPresent() ? where.pick(b, steps, 0, axis, 1) : number(b, 1);
    range.begin = fromFront(b, where.pick(b, starts, 0, axis, 0), size);
    range.end = fromFront(b, where.pick(b, ends, 0, axis, size), size);
    Value backwards =
        compare(b, arith::CmpIPredicate::slt, range.step, number(b, 0));
    range.begin = select(b, backwards, limit(b, range.begin, 0, size - 1),
                         limit(b, range.begin, 0, size));
    range.end = select(b, backwards, limit(b, range.end, -1, size - 1),
                       limit(b, range.end, 0, size));
    return range;
  };
  check(node, some, [&](LocBuilder &b) {
    Value fits = where.areSound(b);
    for (int64_t i = 0; i < entries && steps.isPresent(); ++i)
      fits = both(b, fits, compare(b, arith::CmpIPredicate::ne, steps.at(b, i), number(b, 0)));
    for (int64_t axis = 0; axis < rank; ++axis) {
      Range range = rangeOf(b, axis);
      Value count = stepCount(b, range.begin, range.end, range.step);
      fits = both(b, fits, isNumber(b, count, type.getDimSize(axis)));
    }
    return fits;
  });
  if (type.getNumElements() == 0)
    return node.done(tensor::EmptyOp::create(b, type.getShape(),
                                             type.getElementType()));
  SmallVector<Value> places(rank);
  for (int64_t axis = 0; axis < rank; ++axis)
    if (where.mayTouch(axis))
      places[axis] = table(b, type.getDimSize(axis), [&](LocBuilder &b, Value i) {
        Range range = rangeOf(b, axis);
        Value at = add(b, range.begin, mul(b, i, range.step));
        return limit(b, at, 0, shape[axis] - 1);
      });
  return node.done(takePlaces(b, node.operand(0), places, type));
}

/// Slice of open sizes, or by them.
static LogicalResult sliceOpen(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  auto starts = node.elements(1), ends = node.elements(2), axes = node.elements(3), steps = node.elements(4);
  MLIRContext *context = b.getContext();
  if (!starts || !ends || ends->size() != starts->size() || (axes && axes->size() != starts->size()) ||
      (steps && steps->size() != starts->size()) || (node.has(3) && !axes) || (node.has(4) && !steps))
    return node.fail("starts, ends, axes and steps must be known where sizes are open; fix them in the model, or sizes with --shape");
  Shape offsets(rank, 0), counts = node.sizes(0);
  SmallVector<int64_t> strides(rank, 1);
  bool backwards = false;
  for (size_t i = 0; i < starts->size(); ++i) {
    int64_t axis = axes ? (*axes)[i].value() : int64_t(i), step = steps ? (*steps)[i].value() : 1;
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank || step == 0 || ShapedType::isDynamic(step))
      return node.fail("starts, ends, axes and steps do not fit together; correct the model");
    auto taken = takenRange(node.op, counts[axis].in(context), (*starts)[i].in(context), (*ends)[i].in(context), step);
    if (!taken)
      return node.fail("whether a bound counts from the end is not known; fix sizes with --shape");
    offsets[axis] = taken->begin;
    counts[axis] = taken->count;
    strides[axis] = step;
    backwards |= step < 0;
  }
  Value x = node.operand(0);
  if (!backwards)
    return node.done(slice(b, x, offsets, counts, strides));
  return node.done(mapped(b, {}, ArrayRef<AffineMap>(), tensorType(counts, node.element(0)),
                          [&](LocBuilder &b, ValueRange) -> Value {
                            SmallVector<Value> at;
                            for (int64_t i = 0; i < rank; ++i) {
                              Value moved = arith::MulIOp::create(b, linalg::IndexOp::create(b, i), index(b, strides[i]));
                              at.push_back(arith::AddIOp::create(b, moved, index(b, offsets[i])));
                            }
                            return tensor::ExtractOp::create(b, x, at);
                          }));
}

/// A view for positive steps; a generic with falling indices for negative ones.
static LogicalResult lowerSlice(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  if (!node.type(0).hasStaticShape() || !node.resultType().hasStaticShape())
    return sliceOpen(node);
  Parameter parameters[] = {{node, 1}, {node, 2}, {node, 3}, {node, 4}};
  if (const Parameter *some = unknownOf({&parameters[0], &parameters[1],
                                         &parameters[2], &parameters[3]}))
    return sliceByData(node, *some);
  auto starts = node.constantInts(1), ends = node.constantInts(2);
  // Lists without elements are known, whether they are constants or not.
  if (parameters[0].size() == 0 && parameters[1].size() == 0)
    starts = ends = std::vector<int64_t>();
  if (!starts || !ends)
    return node.fail("starts and ends are missing; correct the model");
  std::vector<int64_t> axes, steps(starts->size(), 1);
  for (size_t i = 0; i < starts->size(); ++i)
    axes.push_back(i);
  axes = node.constantInts(3).value_or(axes);
  steps = node.constantInts(4).value_or(steps);
  auto wrong = [&] {
    return node.fail("starts, ends, axes and steps do not fit together; "
                     "correct the model");
  };
  if (ends->size() != starts->size() || axes.size() != starts->size() ||
      steps.size() != starts->size())
    return wrong();

  ArrayRef<int64_t> shape = node.shape(0);
  RankedTensorType type = node.resultType();
  SmallVector<int64_t> offsets(rank, 0), strides(rank, 1);
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    int64_t step = steps[i];
    if (axis < 0 || axis >= rank || step == 0)
      return wrong();
    int64_t size = shape[axis], start = (*starts)[i];
    start = start < 0 ? std::max<int64_t>(start, -size) + size : start;
    offsets[axis] = std::clamp<int64_t>(start, 0, step < 0 ? size - 1 : size);
    // Larger steps take one element all the same.
    strides[axis] = std::clamp<int64_t>(step, -size - 1, size + 1);
  }
  bool backwards = false;
  for (int64_t i = 0; i < rank; ++i) {
    if (type.getDimSize(i) <= 1)
      strides[i] = 1;
    backwards |= strides[i] < 0;
    int64_t last = offsets[i] + (type.getDimSize(i) - 1) * strides[i];
    if (type.getDimSize(i) > 0 && (last < 0 || last >= shape[i]))
      return wrong();
  }
  if (type.getNumElements() == 0)
    return node.done(tensor::EmptyOp::create(b, type.getShape(),
                                             type.getElementType()));
  if (!backwards)
    return node.done(
        slice(b, node.operand(0), offsets, type.getShape(), strides));
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(b.getAffineDimExpr(i) * strides[i] + offsets[i]);
  return node.done(mapped(b, node.operand(0),
                          AffineMap::get(rank, 0, exprs, b.getContext()), type,
                          yieldFirst));
}

//===----------------------------------------------------------------------===//
// Transpose, DepthToSpace-13, SpaceToDepth-28
//===----------------------------------------------------------------------===//

static LogicalResult lowerTranspose(Node &node) {
  int64_t rank = node.rank(0);
  SmallVector<int64_t> order;
  for (int64_t i = rank; i-- > 0;)
    order.push_back(i);
  if (auto given = node.attrInts("perm"))
    order.assign(given->begin(), given->end());
  SmallVector<int64_t> sorted(order);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, rank)))
    return node.fail("perm is no permutation; correct the model");
  return node.done(transpose(node.b, node.operand(0), order));
}

static LogicalResult lowerDepthToSpace(Node &node) {
  LocBuilder &b = node.b;
  int64_t block = node.attrInt("blocksize", 1);
  Shape s = node.sizes(0);
  if (s.size() != 4 || block < 1 || block > (1 << 15) ||
      !node.agree(s[1] / (block * block) * (block * block), s[1]))
    return node.fail("the input does not fit the blocksize; correct the model");
  Extent channels = s[1] / (block * block);
  bool crd = node.attrString("mode", "DCR") == "CRD";
  Value x = node.operand(0);
  if (crd)
    x = transpose(b, reshape(b, x, {s[0], channels, block, block, s[2], s[3]}),
                  {0, 1, 4, 2, 5, 3});
  else
    x = transpose(b, reshape(b, x, {s[0], block, block, channels, s[2], s[3]}),
                  {0, 3, 4, 1, 5, 2});
  return node.done(reshape(b, x, node.resultSizes()));
}

static LogicalResult lowerSpaceToDepth(Node &node) {
  LocBuilder &b = node.b;
  int64_t block = node.attrInt("blocksize", 1);
  Shape s = node.sizes(0);
  if (s.size() != 4 || block < 1 || block > (1 << 15) || !node.agree(s[2] / block * block, s[2]) ||
      !node.agree(s[3] / block * block, s[3]))
    return node.fail("the input does not fit the blocksize; correct the model");
  Value x = reshape(b, node.operand(0), {s[0], s[1], s[2] / block, block,
                                         s[3] / block, block});
  if (node.attrString("mode", "DCR") == "CRD")
    x = transpose(b, x, {0, 1, 3, 5, 2, 4});
  else
    x = transpose(b, x, {0, 3, 5, 1, 2, 4});
  return node.done(reshape(b, x, node.resultSizes()));
}

//===----------------------------------------------------------------------===//
// Expand-13, Tile-13
//===----------------------------------------------------------------------===//

static LogicalResult lowerExpand(Node &node) {
  Parameter wanted(node, 1);
  bool follows = !node.type(0).hasStaticShape() && (wanted.isKnown() || node.isOpen(1));
  if (follows || !node.resultType().hasStaticShape())
    return node.done(broadcast(node.b, node.operand(0), node.resultSizes()));
  ArrayRef<int64_t> shape = node.shape(0);
  ArrayRef<int64_t> result = node.resultType().getShape();
  int64_t rank = result.size(), added = rank - shape.size();
  auto sizeAt = [&](int64_t axis) { return axis < added ? 1 : shape[axis - added]; };
  for (int64_t axis = 0; axis < rank; ++axis)
    if (added < 0 || (sizeAt(axis) != 1 && sizeAt(axis) != result[axis]))
      return node.fail("the input does not broadcast to the result's shape; "
                       "correct the model");
  if (!wanted.isKnown()) {
    int64_t missing = rank - wanted.size();
    if (missing < 0 || (missing > 0 && added > 0))
      return node.fail("the new shape has another rank than its result; "
                       "correct the model");
    check(node, wanted, [&](LocBuilder &b) {
      Value fits;
      for (int64_t i = 0; i < wanted.size(); ++i) {
        int64_t axis = missing + i;
        Value good = wanted.is(b, i, result[axis]);
        if (sizeAt(axis) == result[axis])
          good = either(b, good, wanted.is(b, i, 1));
        fits = both(b, fits, good);
      }
      return fits;
    });
    if (llvm::any_of(llvm::seq(missing), [&](int64_t axis) {
          return sizeAt(axis) != result[axis];
        }))
      return node.fail("the new shape has another rank than its result; "
                       "correct the model");
  }
  return node.done(
      broadcast(node.b, node.operand(0), node.resultType().getShape()));
}

/// Tile of open sizes, or as often as they say: dimensions of repeats before those that are repeated.
static LogicalResult tileOpen(Node &node) {
  LocBuilder &b = node.b;
  auto repeats = node.elements(1);
  Shape shape = node.sizes(0), split, repeated;
  if (!repeats || repeats->size() != shape.size())
    return node.fail("repeats must be known where sizes are open; fix them in the model, or sizes with --shape");
  for (auto [size, times] : llvm::zip(shape, *repeats)) {
    split.append({1, size});
    repeated.append({times, size});
  }
  Value x = broadcast(b, reshape(b, node.operand(0), split), repeated);
  return node.done(reshape(b, x, node.resultSizes()));
}

static LogicalResult lowerTile(Node &node) {
  if (!node.type(0).hasStaticShape() || !node.resultType().hasStaticShape())
    return tileOpen(node);
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Value x = node.operand(0);
  Parameter repeats(node, 1);
  if (!repeats.isKnown()) {
    ArrayRef<int64_t> shape = node.shape(0);
    bool fit = repeats.size() == type.getRank() && node.rank(0) == type.getRank();
    for (int64_t i = 0; fit && i < type.getRank(); ++i)
      fit = shape[i] == 0 ? type.getDimSize(i) == 0
                          : type.getDimSize(i) % shape[i] == 0;
    if (!fit)
      return node.fail("no repeats give the result's shape; correct the model");
    check(node, repeats, [&](LocBuilder &b) {
      Value fits;
      for (auto [i, size] : llvm::enumerate(shape))
        if (size != 0)
          fits = both(b, fits, repeats.is(b, i, type.getDimSize(i) / size));
      return fits;
    });
  }
  if (TypedAttr number = splatOf(x))
    return node.done(splat(b, type, number));
  SmallVector<AffineExpr> exprs;
  for (auto [i, size] : llvm::enumerate(node.shape(0))) {
    AffineExpr dim = b.getAffineDimExpr(i);
    if (size == 1 && type.getDimSize(i) != 1)
      exprs.push_back(b.getAffineConstantExpr(0));
    else
      exprs.push_back(size == type.getDimSize(i) ? dim : dim % size);
  }
  if (type == tensorType(x))
    return node.done(x);
  return node.done(
      mapped(b, x, AffineMap::get(type.getRank(), 0, exprs, b.getContext()),
             type, yieldFirst));
}

//===----------------------------------------------------------------------===//
// Pad-25
//===----------------------------------------------------------------------===//

/// For each place of a padded axis the place in the input that it shows.
static std::vector<int64_t> sourcePlaces(StringRef mode, int64_t size,
                                         int64_t low, int64_t padded) {
  std::vector<int64_t> places;
  for (int64_t i = 0; i < padded; ++i) {
    int64_t at = i - low;
    if (mode == "edge") {
      at = std::clamp<int64_t>(at, 0, size - 1);
    } else if (mode == "wrap") {
      at = ((at % size) + size) % size;
    } else if (size == 1) {
      at = 0;
    } else {
      int64_t period = 2 * (size - 1);
      at = ((at % period) + period) % period;
      at = at < size ? at : period - at;
    }
    places.push_back(at);
  }
  return places;
}

/// An input that is shown more often than this in pieces is read through a table.
static constexpr size_t kMostParts = 16;

static Value showPlaces(LocBuilder &b, Value x, int64_t axis,
                        ArrayRef<int64_t> places) {
  RankedTensorType type = tensorType(x);
  int64_t rank = type.getRank();
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = places.size();
  return mapped(b, indexTable(b, places),
                AffineMap::get(rank, 0, b.getAffineDimExpr(axis)),
                tensorType(shape, type.getElementType()),
                [&](LocBuilder &b, ValueRange s) -> Value {
                  SmallVector<Value> at;
                  for (int64_t i = 0; i < rank; ++i)
                    at.push_back(linalg::IndexOp::create(b, i));
                  at[axis] = arith::IndexCastOp::create(b, b.getIndexType(),
                                                        s[0]);
                  return tensor::ExtractOp::create(b, x, at);
                });
}

/// Repeats rows of one axis: slices of the input beside each other, each
/// backwards where the input is reflected.
static Value padAxis(LocBuilder &b, Value x, int64_t axis,
                     ArrayRef<int64_t> places) {
  RankedTensorType type = tensorType(x);
  int64_t rank = type.getRank();
  SmallVector<Value> parts;
  for (size_t i = 0; i < places.size();) {
    // The longest run that rises or falls by one, or stays.
    size_t end = i + 1;
    int64_t step = end < places.size() ? places[end] - places[i] : 1;
    while (end < places.size() && places[end] - places[end - 1] == step)
      ++end;
    // The turning point belongs to the longer run.
    if (step != 1 && end < places.size() && places[end] == places[end - 1] + 1)
      --end;
    int64_t length = end - i;
    if (length == 1 || step == 1) {
      parts.push_back(sliceAxis(b, x, axis, places[i], length));
    } else {
      SmallVector<AffineExpr> exprs;
      for (int64_t d = 0; d < rank; ++d)
        exprs.push_back(b.getAffineDimExpr(d));
      exprs[axis] = exprs[axis] * step + places[i];
      SmallVector<int64_t> shape(type.getShape());
      shape[axis] = length;
      parts.push_back(
          mapped(b, x, AffineMap::get(rank, 0, exprs, b.getContext()),
                 tensorType(shape, type.getElementType()), yieldFirst));
    }
    i = end;
    if (parts.size() > kMostParts)
      return showPlaces(b, x, axis, places);
  }
  return concat(b, parts, axis);
}

/// Pad-25 with pads or axes that data give: each axis has a table of the places that it shows.
static LogicalResult padByData(Node &node, const Parameter *some) {
  LocBuilder &b = node.b;
  Parameter pads(node, 1), axes(node, 3);
  RankedTensorType type = node.resultType();
  Shape shape = node.sizes(0), padded = node.resultSizes();
  int64_t rank = shape.size(), entries = pads.size() / 2;
  std::string mode = node.attrString("mode", "constant");
  EntryAxes where(axes, entries, rank);
  if (!where.fit() || pads.size() != 2 * entries || entries > rank ||
      (node.has(2) && node.type(2).getNumElements() != 1))
    return node.fail("the pads do not fit the input; correct the model");
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!where.mayTouch(axis) && !node.agree(shape[axis], padded[axis]))
      return node.fail("the pads do not fit the input; correct the model");
  // What is left of an axis by negative pads, and what stands before it.
  struct Part {
    Value before, offset, size;
  };
  auto partOf = [&](LocBuilder &b, int64_t axis) {
    Value low = where.pick(b, pads, 0, axis, 0), zero = number(b, 0);
    Value high = where.pick(b, pads, entries, axis, 0);
    Part part;
    part.before = maximum(b, low, zero);
    part.offset = limit(b, sub(b, zero, low), 0, shape[axis]);
    Value cut = limit(b, sub(b, zero, high), 0, shape[axis]);
    part.size = sub(b, sub(b, number(b, shape[axis]), part.offset), cut);
    return part;
  };
  if (some)
    check(node, *some, [&](LocBuilder &b) {
    constexpr int64_t most = int64_t(1) << 40;
    Value fits = where.areSound(b);
    for (int64_t axis = 0; axis < rank; ++axis) {
      Value low = where.pick(b, pads, 0, axis, 0);
      Value high = where.pick(b, pads, entries, axis, 0);
      fits = both(b, fits, isWithin(b, low, -most, most));
      fits = both(b, fits, isWithin(b, high, -most, most));
      Value whole = add(b, number(b, shape[axis]), add(b, low, high));
      fits = both(b, fits, isNumber(b, whole, padded[axis]));
      // What shows places of the input needs one.
      if (mode != "constant" && type.getDimSize(axis) != 0)
        fits = both(b, fits, compare(b, arith::CmpIPredicate::sgt,
                                     partOf(b, axis).size, number(b, 0)));
    }
    return fits;
  });
  Type element = type.getElementType();
  Value fill;
  if (mode == "constant")
    fill = node.has(2) ? node.operand(2)
                       : splat(b, tensorType({}, element), numberAttr(element, 0));
  if (padded.count() == 0)
    return node.done(tensor::EmptyOp::create(b, type.getShape(), element));
  if (shape.count() == 0) {
    if (!fill)
      return node.fail("the input is empty; correct the model");
    return node.done(broadcast(b, reshape(b, fill, {}), padded));
  }
  SmallVector<Value> places(rank);
  for (int64_t axis = 0; axis < rank; ++axis)
    if (where.mayTouch(axis))
      places[axis] = table(b, padded[axis], [&](LocBuilder &b, Value i) {
        Part part = partOf(b, axis);
        Value zero = number(b, 0), one = number(b, 1);
        Value at = sub(b, i, part.before);
        Value last = maximum(b, sub(b, part.size, one), zero);
        // The remainder that is not negative.
        auto modulo = [&](Value x, Value by) {
          by = maximum(b, by, one);
          Value rest = arith::RemSIOp::create(b, x, by);
          Value below = compare(b, arith::CmpIPredicate::slt, rest, zero);
          return select(b, below, add(b, rest, by), rest);
        };
        Value outside;
        if (mode == "constant") {
          outside = either(b, compare(b, arith::CmpIPredicate::slt, at, zero),
                           compare(b, arith::CmpIPredicate::sge, at, part.size));
        } else if (mode == "edge") {
          at = minimum(b, maximum(b, at, zero), last);
        } else if (mode == "wrap") {
          at = modulo(at, part.size);
        } else {
          Value period = mul(b, last, number(b, 2));
          at = modulo(at, period);
          Value back = sub(b, period, at);
          at = select(b, compare(b, arith::CmpIPredicate::sgt, at, last), back, at);
        }
        Value inside = limit(b, add(b, at, part.offset), 0, shape[axis] - 1);
        return outside ? select(b, outside, number(b, -1), inside) : inside;
      });
  return node.done(takePlaces(b, node.operand(0), places, type, fill));
}

static LogicalResult lowerPad(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  Parameter parameters[] = {{node, 1}, {node, 3}};
  if (const Parameter *some = unknownOf({&parameters[0], &parameters[1]}))
    return padByData(node, some);
  if (!node.type(0).hasStaticShape())
    return padByData(node, nullptr);
  auto pads = node.constantInts(1);
  if (!pads)
    return node.fail("the pads are missing; correct the model");
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i)
    axes.push_back(i);
  axes = node.constantInts(3).value_or(axes);
  auto wrong = [&] {
    return node.fail("the pads do not fit the input; correct the model");
  };
  if (pads->size() != 2 * axes.size())
    return wrong();
  ArrayRef<int64_t> shape = node.shape(0);
  ArrayRef<int64_t> padded = node.resultType().getShape();
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    constexpr int64_t limit = int64_t(1) << 40;
    int64_t before = (*pads)[i], after = (*pads)[axes.size() + i];
    if (axis < 0 || axis >= rank || before > limit || before < -limit ||
        after > limit || after < -limit || shape[axis] + before + after != padded[axis])
      return wrong();
    low[axis] = before;
    high[axis] = after;
  }
  // Negative pads cut off, before anything is added.
  SmallVector<int64_t> offsets(rank), sizes(rank);
  for (int64_t i = 0; i < rank; ++i) {
    offsets[i] = std::max<int64_t>(0, -low[i]);
    int64_t cut = offsets[i] + std::max<int64_t>(0, -high[i]);
    sizes[i] = std::max<int64_t>(0, shape[i] - cut);
    low[i] = std::max<int64_t>(0, low[i]);
    high[i] = std::max<int64_t>(0, high[i]);
    if (sizes[i] + low[i] + high[i] != padded[i])
      return wrong();
  }
  Value x = slice(b, node.operand(0), offsets, sizes,
                  SmallVector<int64_t>(rank, 1));
  std::string mode = node.attrString("mode", "constant");
  if (mode != "constant") {
    for (int64_t i = 0; i < rank; ++i) {
      if (padded[i] == sizes[i])
        continue;
      if (sizes[i] == 0)
        return wrong();
      if (padded[i] > (int64_t(1) << 22))
        return node.fail("axes of more than 4 million places are not "
                         "supported");
      x = padAxis(b, x, i, sourcePlaces(mode, sizes[i], low[i], padded[i]));
    }
    return node.done(x);
  }
  Type element = node.element(0);
  if (node.has(2) && node.type(2).getNumElements() != 1)
    return node.fail("the value must be one number; correct the model");
  if (!node.has(2))
    return node.done(pad(b, x, low, high, numberAttr(element, 0)));
  if (TypedAttr number = splatOf(node.operand(2)))
    return node.done(pad(b, x, low, high, number));
  // A value known only at run time: padded with zeros, and chosen by place.
  Value zeros = pad(b, x, low, high, numberAttr(element, 0));
  Value value = reshape(b, node.operand(2), {});
  return node.done(pointwise(
      b, {zeros, value}, node.resultType(),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value inside;
        for (int64_t i = 0; i < rank; ++i) {
          if (!low[i] && !high[i])
            continue;
          Value at = linalg::IndexOp::create(b, i);
          Value above = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, at,
                                              index(b, low[i]));
          Value below = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, at,
                                              index(b, low[i] + sizes[i]));
          Value both = arith::AndIOp::create(b, above, below);
          inside = inside ? Value(arith::AndIOp::create(b, inside, both)) : both;
        }
        return inside ? Value(arith::SelectOp::create(b, inside, s[0], s[1]))
                      : s[0];
      }));
}

/// CenterCropPad-18: the middle of the input, or the input in the middle.
static LogicalResult lowerCenterCropPad(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Shape shape = node.sizes(0), result = node.resultSizes();
  int64_t rank = shape.size();
  Parameter wanted(node, 1);
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i)
    axes.push_back(i);
  axes = node.attrInts("axes").value_or(axes);
  if (int64_t(result.size()) != rank || wanted.size() != int64_t(axes.size()))
    return node.fail("the sizes do not fit the input; correct the model");
  SmallVector<bool> touched(rank, false);
  for (int64_t &axis : axes) {
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank)
      return node.fail("an axis is outside the rank; correct the model");
    touched[axis] = true;
  }
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!touched[axis] && !node.agree(shape[axis], result[axis]))
      return node.fail("the sizes do not fit the input; correct the model");
  if (!wanted.isKnown() && !node.isOpen(1))
    check(node, wanted, [&](LocBuilder &b) {
      Value fits;
      for (auto [i, axis] : llvm::enumerate(axes))
        fits = both(b, fits, wanted.is(b, i, result[axis]));
      return fits;
    });
  Shape offsets(rank, 0), sizes(shape), low(rank, 0), high(rank, 0);
  for (int64_t axis = 0; axis < rank; ++axis) {
    sizes[axis] = node.lesser(shape[axis], result[axis]);
    offsets[axis] = (shape[axis] - sizes[axis]) / 2;
    low[axis] = (result[axis] - sizes[axis]) / 2;
    high[axis] = result[axis] - sizes[axis] - low[axis];
  }
  if (result.count() == 0)
    return node.done(emptyOf(node, type));
  Value x = slice(b, node.operand(0), offsets, sizes, SmallVector<int64_t>(rank, 1));
  return node.done(pad(b, x, low, high, numberAttr(type.getElementType(), 0)));
}

void lower::addShapes(Registry &r) {
  r["onnx.Reshape"] = checked(lowerReshape);
  r["onnx.Flatten"] = giveReshaped;
  r["onnx.Squeeze"] = r["onnx.Unsqueeze"] = checked(lowerSqueeze);
  r["onnx.Shape"] = lowerShape;
  r["onnx.Size"] = lowerSize;
  r["onnx.Concat"] = lowerConcat;
  r["onnx.Split"] = checked(lowerSplit);
  r["onnx.Slice"] = checked(lowerSlice);
  r["onnx.Transpose"] = lowerTranspose;
  r["onnx.DepthToSpace"] = lowerDepthToSpace;
  r["onnx.SpaceToDepth"] = lowerSpaceToDepth;
  r["onnx.Expand"] = checked(lowerExpand);
  r["onnx.Tile"] = checked(lowerTile);
  r["onnx.CenterCropPad"] = checked(lowerCenterCropPad);
  r["onnx.Pad"] = checked(lowerPad);
}
