//===- Shapes.cpp - operators that move elements and compute none ---------===//
#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"
#include "compiler/support/Elements.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

static Value yieldFirst(LocBuilder &, ValueRange s) { return s[0]; }

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

/// Reshape-25, Flatten-25, Squeeze-25, Unsqueeze-25: the inferred type says it all.
static LogicalResult lowerReshape(Node &node) {
  RankedTensorType type = node.resultType();
  bool known = type.hasStaticShape() && node.type(0).hasStaticShape();
  if (known && type.getNumElements() != node.type(0).getNumElements())
    return node.fail("the new shape has another number of elements; correct "
                     "the model");
  Value result = reshape(node.b, node.operand(0), type.getShape());
  if (!known && result.getDefiningOp<tensor::CastOp>())
    return node.fail("how the open sizes of the input make those of the result is not known; fix them with --shape");
  return node.done(result);
}

static LogicalResult lowerShape(Node &node) {
  ArrayRef<int64_t> shape = node.shape(0);
  int64_t rank = shape.size();
  auto position = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  int64_t start = position(node.attrInt("start", 0));
  int64_t end = position(node.attrInt("end", rank));
  return node.done(indexTable(
      node.b, shape.slice(start, std::max<int64_t>(0, end - start))));
}

static LogicalResult lowerSize(Node &node) {
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
  int64_t offset = 0, whole = node.shape(0)[*axis];
  for (unsigned i = 0; i < node.op->getNumResults(); ++i) {
    // The inferred sizes are those of the split operand or num_outputs.
    if (!node.hasResult(i))
      return node.fail("output " + Twine(i) + " is absent; name every output");
    int64_t size = node.resultType(i).getDimSize(*axis);
    if (size > whole - offset)
      return node.fail("the parts are longer than the whole; correct the model");
    node.set(i, sliceAxis(node.b, node.operand(0), *axis, offset, size));
    offset += size;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

/// A view for positive steps; a generic with falling indices for negative ones.
static LogicalResult lowerSlice(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  auto starts = node.constantInts(1), ends = node.constantInts(2);
  if (!starts || !ends || (node.has(3) && !node.constant(3)) ||
      (node.has(4) && !node.constant(4)))
    return node.fail("starts, ends, axes and steps must be constant; fix them "
                     "in the model");
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
  ArrayRef<int64_t> s = node.shape(0);
  if (s.size() != 4 || block < 1 || block > (1 << 15) ||
      s[1] % (block * block) != 0)
    return node.fail("the input does not fit the blocksize; correct the model");
  int64_t channels = s[1] / (block * block);
  bool crd = node.attrString("mode", "DCR") == "CRD";
  Value x = node.operand(0);
  if (crd)
    x = transpose(b, reshape(b, x, {s[0], channels, block, block, s[2], s[3]}),
                  {0, 1, 4, 2, 5, 3});
  else
    x = transpose(b, reshape(b, x, {s[0], block, block, channels, s[2], s[3]}),
                  {0, 3, 4, 1, 5, 2});
  return node.done(reshape(b, x, node.resultType().getShape()));
}

static LogicalResult lowerSpaceToDepth(Node &node) {
  LocBuilder &b = node.b;
  int64_t block = node.attrInt("blocksize", 1);
  ArrayRef<int64_t> s = node.shape(0);
  if (s.size() != 4 || block < 1 || s[2] % block != 0 || s[3] % block != 0)
    return node.fail("the input does not fit the blocksize; correct the model");
  Value x = reshape(b, node.operand(0), {s[0], s[1], s[2] / block, block,
                                         s[3] / block, block});
  if (node.attrString("mode", "DCR") == "CRD")
    x = transpose(b, x, {0, 1, 3, 5, 2, 4});
  else
    x = transpose(b, x, {0, 3, 5, 1, 2, 4});
  return node.done(reshape(b, x, node.resultType().getShape()));
}

//===----------------------------------------------------------------------===//
// Expand-13, Tile-13
//===----------------------------------------------------------------------===//

static LogicalResult lowerExpand(Node &node) {
  return node.done(
      broadcast(node.b, node.operand(0), node.resultType().getShape()));
}

static LogicalResult lowerTile(Node &node) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  Value x = node.operand(0);
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

static LogicalResult lowerPad(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  auto pads = node.constantInts(1);
  if (!pads || (node.has(3) && !node.constant(3)))
    return node.fail("pads and axes must be constant; fix them in the model");
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

void lower::addShapes(Registry &r) {
  r["onnx.Reshape"] = r["onnx.Flatten"] = lowerReshape;
  r["onnx.Squeeze"] = r["onnx.Unsqueeze"] = lowerReshape;
  r["onnx.Shape"] = lowerShape;
  r["onnx.Size"] = lowerSize;
  r["onnx.Concat"] = lowerConcat;
  r["onnx.Split"] = lowerSplit;
  r["onnx.Slice"] = lowerSlice;
  r["onnx.Transpose"] = lowerTranspose;
  r["onnx.DepthToSpace"] = lowerDepthToSpace;
  r["onnx.SpaceToDepth"] = lowerSpaceToDepth;
  r["onnx.Expand"] = lowerExpand;
  r["onnx.Tile"] = lowerTile;
  r["onnx.Pad"] = lowerPad;
}
