//===- Reduction.cpp - Reduce*-18, ArgMax-13, ArgMin-13, CumSum-14 --------===//
#include "compiler/lower/Indexing.h"
#include "compiler/lower/Parameter.h"
#include "compiler/lower/Sequential.h"
#include "compiler/support/Elements.h"
#include "compiler/support/Target.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

/// The axes from operand 1 or, in older versions, the attribute; counted from the front, in order. With none, all or, with
/// noop_with_empty_axes, none.
static FailureOr<SmallVector<int64_t>> readAxes(Node &node) {
  int64_t rank = node.rank(0);
  std::optional<std::vector<int64_t>> given = node.attrInts("axes");
  if (node.has(1))
    given = Parameter(node, 1).known();
  SmallVector<int64_t> axes;
  if (!given || given->empty()) {
    if (!node.attrInt("noop_with_empty_axes", 0))
      llvm::append_range(axes, llvm::seq<int64_t>(0, rank));
    return axes;
  }
  for (int64_t axis : *given) {
    if (axis < -rank || axis >= rank)
      return node.fail("axis " + Twine(axis) + " is outside the rank " +
                       Twine(rank) + "; correct the model");
    axes.push_back(axis < 0 ? axis + rank : axis);
  }
  llvm::sort(axes);
  axes.erase(llvm::unique(axes), axes.end());
  return axes;
}

static Value map(LocBuilder &b, Value value,
                 llvm::function_ref<Value(LocBuilder &, Value)> body) {
  return pointwise(b, value, tensorType(value), [&](LocBuilder &b, ValueRange s) {
    return body(b, s[0]);
  });
}

static Value squares(LocBuilder &b, Value value) {
  return map(b, value, [](LocBuilder &b, Value x) { return mul(b, x, x); });
}

static Value magnitudes(LocBuilder &b, Value value, bool isUnsigned) {
  if (isUnsigned)
    return value;
  return map(b, value, [](LocBuilder &b, Value x) -> Value {
    if (isFloat(x.getType()))
      return math::AbsFOp::create(b, x);
    return math::AbsIOp::create(b, x);
  });
}

static Value extreme(LocBuilder &b, Value value, ArrayRef<int64_t> axes,
                     bool greatest, bool isUnsigned) {
  Type type = elementOf(value);
  // The neutral value of bool is that of one unsigned bit.
  TypedAttr neutral = greatest ? lowestAttr(type, isUnsigned)
                               : highestAttr(type, isUnsigned);
  return reduceAxes(b, value, axes, neutral,
                    [&](LocBuilder &b, ValueRange s) {
                      return greatest ? maximum(b, s[1], s[0], isUnsigned)
                                      : minimum(b, s[1], s[0], isUnsigned);
                    });
}

static Value squareRoot(LocBuilder &b, Value x) {
  return math::SqrtOp::create(b, x);
}
static Value logarithm(LocBuilder &b, Value x) { return math::LogOp::create(b, x); }

/// log(sum(exp(x - max))) + max; the greatest element is taken out so that
/// nothing overflows. Infinity less infinity would be NaN, so it stays in.
static Value logSumExp(LocBuilder &b, Value x, ArrayRef<int64_t> axes) {
  Value greatest = map(b, extreme(b, x, axes, /*greatest=*/true, false),
                       [](LocBuilder &b, Value x) -> Value {
                         Type type = x.getType();
                         Value limit = arith::ConstantOp::create(
                             b, highestAttr(type, false));
                         Value isInfinite = arith::CmpFOp::create(
                             b, arith::CmpFPredicate::OEQ,
                             math::AbsFOp::create(b, x), limit);
                         return arith::SelectOp::create(b, isInfinite,
                                                        scalar(b, type, 0), x);
                       });
  Value kept = reshape(b, greatest, keptShape(shapeOf(x), axes));
  Value powers = pointwise(b, {x, kept}, tensorType(x),
                           [](LocBuilder &b, ValueRange s) -> Value {
                             return math::ExpOp::create(b, sub(b, s[0], s[1]));
                           });
  Value sum = sumAxes(b, powers, axes);
  return pointwise(b, {sum, greatest}, tensorType(sum),
                   [](LocBuilder &b, ValueRange s) {
                     return add(b, logarithm(b, s[0]), s[1]);
                   });
}

/// The reduction over these axes, without them.
static Value reduceOver(Node &node, ArrayRef<int64_t> axes) {
  LocBuilder &b = node.b;
  StringRef kind = node.kind();
  Value x = node.operand(0);
  bool isUnsigned = node.isUnsigned(0), rooted = kind == "ReduceL2";
  if (rooted || kind == "ReduceSumSquare")
    x = squares(b, x);
  if (kind == "ReduceL1")
    x = magnitudes(b, x, isUnsigned);
  // Reducing no axis changes nothing more.
  if (!axes.empty()) {
    if (kind == "ReduceMax" || kind == "ReduceMin")
      x = extreme(b, x, axes, kind == "ReduceMax", isUnsigned);
    else if (kind == "ReduceProd")
      x = reduceAxes(
          b, x, axes, numberAttr(elementOf(x), 1),
          [](LocBuilder &b, ValueRange s) { return mul(b, s[1], s[0]); });
    else if (kind == "ReduceMean")
      x = meanAxes(b, x, axes);
    else if (kind == "ReduceLogSumExp")
      x = logSumExp(b, x, axes);
    else
      x = sumAxes(b, x, axes);
  }
  if (rooted)
    x = map(b, x, squareRoot);
  if (kind == "ReduceLogSum")
    x = map(b, x, logarithm);
  return reshape(b, x, node.resultSizes());
}

static LogicalResult lowerReduce(Node &node) {
  StringRef kind = node.kind();
  if (!isFloat(node.element(0)) &&
      (kind == "ReduceL2" || kind.starts_with("ReduceLogSum")))
    return node.fail("integer elements are not supported; cast to float first");
  Parameter axes(node, 1);
  if (axes.isKnown()) {
    FailureOr<SmallVector<int64_t>> read = readAxes(node);
    if (failed(read))
      return failure();
    return node.done(reduceOver(node, *read));
  }
  ArrayRef<int64_t> shape = node.shape(0);
  int64_t rank = shape.size();
  bool keeps = node.attrInt("keepdims", 1);
  auto sets = axisSets(node, axes.size(), rank, [&](int64_t set) {
    SmallVector<int64_t> left;
    for (int64_t axis = 0; axis < rank; ++axis) {
      bool isReduced = set >> axis & 1;
      if (keeps || !isReduced)
        left.push_back(isReduced ? 1 : shape[axis]);
    }
    return ArrayRef(left) == node.resultType().getShape();
  });
  if (failed(sets))
    return failure();
  auto result = choose(
      node, axes, [&](LocBuilder &b) { return axisSet(b, axes, rank); }, *sets,
      [&](int64_t set) -> FailureOr<Value> {
        return reduceOver(node, axesOf(set, rank));
      });
  return failed(result) ? failure() : node.done(*result);
}

//===----------------------------------------------------------------------===//
// ArgMax, ArgMin
//===----------------------------------------------------------------------===//

/// The greatest value first; then the least (or last) index that holds it.
static LogicalResult lowerArgExtreme(Node &node) {
  LocBuilder &b = node.b;
  std::optional<int64_t> axis = node.axis("axis", 0, node.rank(0));
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  bool last = node.attrInt("select_last_index", 0);
  Value x = node.operand(0);
  Shape shape = node.sizes(0);
  Extent size = shape[*axis];
  Value best = extreme(b, x, *axis, node.kind() == "ArgMax", node.isUnsigned(0));
  Value kept = reshape(b, best, keptShape(shape, *axis));
  Type i64 = b.getI64Type();
  Value places = pointwise(
      b, {x, kept}, tensorType(shape, i64),
      [&](LocBuilder &b, ValueRange s) -> Value {
        Value at = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, *axis));
        // Unordered counts as equal: the extreme is NaN where any element is.
        Value isBest =
            isFloat(s[0].getType())
                ? Value(arith::CmpFOp::create(b, arith::CmpFPredicate::UEQ, s[0],
                                              s[1]))
                : Value(arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[0],
                                              s[1]));
        Value none = scalarInt(b, i64, last ? Extent(0) : size - 1);
        return arith::SelectOp::create(b, isBest, at, none);
      });
  Value result = reduceAxes(
      b, places, *axis,
      last              ? b.getI64IntegerAttr(0)
      : size.isNumber() ? b.getI64IntegerAttr(size.value() - 1)
                        : highestAttr(i64, false),
      [&](LocBuilder &b, ValueRange s) {
        return last ? maximum(b, s[1], s[0]) : minimum(b, s[1], s[0]);
      });
  return node.done(reshape(b, result, node.resultSizes()));
}

//===----------------------------------------------------------------------===//
// CumSum, CumProd
//===----------------------------------------------------------------------===//

/// A reduction over the elements that count for each place: time with the square of the axis.
static Value accumulateAtOnce(LocBuilder &b, Value x, int64_t axis,
                              bool exclusive, bool reverse, bool isSum) {
  RankedTensorType type = tensorType(x);
  int64_t rank = type.getRank();
  Type element = type.getElementType();
  SmallVector<AffineExpr> read;
  for (int64_t i = 0; i < rank; ++i)
    read.push_back(b.getAffineDimExpr(i == axis ? rank : i));
  MLIRContext *context = b.getContext();
  AffineMap maps[] = {AffineMap::get(rank + 1, 0, read, context),
                      dropAxes(context, rank + 1, rank)};
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  loops.push_back(IteratorType::reduction);
  auto predicate = reverse ? (exclusive ? arith::CmpIPredicate::ugt
                                        : arith::CmpIPredicate::uge)
                           : (exclusive ? arith::CmpIPredicate::ult
                                        : arith::CmpIPredicate::ule);
  TypedAttr neutral = numberAttr(element, !isSum);
  return reduction(
      b, x, maps, loops, type, neutral, [&](LocBuilder &b, ValueRange s) {
        Value from = linalg::IndexOp::create(b, rank);
        Value to = linalg::IndexOp::create(b, axis);
        Value counts = arith::CmpIOp::create(b, predicate, from, to);
        Value none = arith::ConstantOp::create(b, neutral);
        Value part = arith::SelectOp::create(b, counts, s[0], none);
        return isSum ? add(b, s[1], part) : mul(b, s[1], part);
      });
}

static Value combined(LocBuilder &b, Value x, Value y, bool isSum) {
  if (isFloat(getElementTypeOrSelf(x.getType())))
    return isSum ? arith::AddFOp::create(b, x, y).getResult() : arith::MulFOp::create(b, x, y);
  return isSum ? arith::AddIOp::create(b, x, y).getResult() : arith::MulIOp::create(b, x, y);
}

namespace {
/// Running sums through memory: of an axis of `size` elements, each `inner` apart from the next.
struct RunningSums {
  int64_t outer, size, inner;
  bool exclusive, reverse, isSum;
  TypedAttr neutral;

  void write(LocBuilder &b, Value x, Value out, int64_t lanes) const {
    forEach(b, "o", 0, outer, 1, [&](LocBuilder &b, Value o) {
      // Neighbouring columns in the lanes of vectors, a line of the cache together; what is left over one by one.
      int64_t columns = 0;
      for (int64_t width : {2 * lanes, lanes, int64_t(1)}) {
        int64_t end = columns + (inner - columns) / width * width;
        if (end != columns)
          forEach(b, "h", columns, end, width, [&](LocBuilder &b, Value h) { writeColumns(b, x, out, o, h, width, std::min(width, lanes)); });
        columns = end;
      }
    });
  }

private:
  void writeColumns(LocBuilder &b, Value x, Value out, Value o, Value h, int64_t columns, int64_t width) const {
    Type type = cast<MemRefType>(x.getType()).getElementType();
    TypedAttr start = neutral;
    if (width > 1) {
      auto vector = VectorType::get({width}, type);
      type = vector;
      start = DenseElementsAttr::get(vector, ArrayRef<Attribute>(neutral));
    }
    SmallVector<Value> sums(columns / width, arith::ConstantOp::create(b, start));
    forEachFrom(b, "i", 0, size, sums, [&](LocBuilder &b, Value i, ValueRange before) {
      if (reverse)
        i = sub(b, index(b, size - 1), i);
      Value at = add(b, mul(b, add(b, mul(b, o, index(b, size)), i), index(b, inner)), h);
      SmallVector<Value> after;
      for (auto [k, sum] : llvm::enumerate(before)) {
        Value place = add(b, at, index(b, int64_t(k) * width));
        Value value = width > 1 ? Value(vector::LoadOp::create(b, cast<VectorType>(type), x, place)) : Value(memref::LoadOp::create(b, x, place));
        after.push_back(combined(b, sum, value, isSum));
        Value stored = exclusive ? Value(sum) : after.back();
        if (width > 1)
          vector::StoreOp::create(b, stored, out, place);
        else
          memref::StoreOp::create(b, stored, out, place);
      }
      return after;
    });
  }
};
} // namespace

Value lower::accumulate(LocBuilder &b, Value x, int64_t axis, bool exclusive,
                        bool reverse, bool isSum) {
  RankedTensorType type = tensorType(x);
  if (!type.hasStaticShape())
    return accumulateAtOnce(b, x, axis, exclusive, reverse, isSum);
  Type element = type.getElementType();
  if (element.isF16() || element.isBF16())
    return castTo(b, accumulate(b, castTo(b, x, b.getF32Type()), axis, exclusive, reverse, isSum), element);
  auto countOf = [](ArrayRef<int64_t> sizes) { return llvm::product_of(sizes); };
  ArrayRef<int64_t> sizes = type.getShape();
  RunningSums sums{countOf(sizes.take_front(axis)), sizes[axis], countOf(sizes.drop_front(axis + 1)), exclusive, reverse, isSum, numberAttr(element, !isSum)};
  if (type.getNumElements() == 0)
    return x;
  int64_t lanes = Target::of(b.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>()).lanes(elementBytes(element));
  return launchLoops(b, isSum ? "cumsum" : "cumprod", isSum ? "running sums" : "running products", x, type, /*checked=*/false,
                     [&](LocBuilder &b, ValueRange memory) { sums.write(b, memory[0], memory[1], lanes); })
      .front();
}

static LogicalResult lowerCumulative(Node &node) {
  Parameter axis(node, 1);
  int64_t rank = node.rank(0);
  if (axis.size() != 1 || (axis.isKnown() && (axis.known()[0] < -rank ||
                                              axis.known()[0] >= rank)))
    return node.fail("the axis must be one inside the rank; correct the model");
  bool exclusive = node.attrInt("exclusive", 0);
  bool reverse = node.attrInt("reverse", 0);
  bool isSum = node.kind() == "CumSum";
  auto along = [&](int64_t axis) -> FailureOr<Value> {
    return accumulate(node.b, node.operand(0), axis, exclusive, reverse, isSum);
  };
  if (axis.isKnown()) {
    int64_t known = axis.known()[0];
    return node.done(*along(known < 0 ? known + rank : known));
  }
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  auto result = choose(
      node, axis,
      [&](LocBuilder &b) { return fromFront(b, axis.at(b, 0), rank); }, axes,
      along);
  return failed(result) ? failure() : node.done(*result);
}

void lower::addReduction(Registry &r) {
  for (StringRef name : {"Sum", "Mean", "Max", "Min", "Prod", "L1", "L2",
                         "SumSquare", "LogSum", "LogSumExp"})
    r[("onnx.Reduce" + name).str()] = checked(lowerReduce);
  r["onnx.ArgMax"] = r["onnx.ArgMin"] = lowerArgExtreme;
  r["onnx.CumSum"] = r["onnx.CumProd"] = lowerCumulative;
}
