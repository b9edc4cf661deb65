//===- Sorting.cpp - TopK-24 ----------------------------------------------===//
//
// The best elements so far are a heap whose root is the worst of them, in the memory of the results: what comes before the root takes its place. In the end the heap is
// sorted where it is. That takes time with the axis, and with K times its logarithm.
//
// Of sizes that only a call knows, the place of an element in the order is the number of elements before it: a reduction over pairs, with the square of the axis.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Parameter.h"
#include "compiler/lower/Sequential.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

namespace {
/// Which of two elements comes first.
struct Order {
  bool largest, isUnsigned;

  Value isBetter(LocBuilder &b, Value x, Value y) const {
    if (isFloat(x.getType()))
      return arith::CmpFOp::create(b, largest ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, x, y);
    auto predicate = largest ? (isUnsigned ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt)
                             : (isUnsigned ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt);
    return arith::CmpIOp::create(b, predicate, x, y);
  }
  Value areEqual(LocBuilder &b, Value x, Value y) const {
    if (isFloat(x.getType()))
      return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x, y);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, y);
  }
  /// The better one, or of equal ones the earlier one.
  Value comesBefore(LocBuilder &b, Value x, Value y, Value xAt, Value yAt) const {
    Value earlier = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, xAt, yAt);
    return arith::OrIOp::create(b, isBetter(b, x, y), arith::AndIOp::create(b, areEqual(b, x, y), earlier));
  }
};

/// An element and its place on the axis.
struct Element {
  Value value, place;
};

/// A heap in the results' memory: element j lies `stride` times j behind `base`, no element comes behind the one above it ((j - 1) / 2).
class Heap {
public:
  Heap(const Order &order, Value values, Value places, Value base, int64_t stride) : order(order), values(values), places(places), base(base), stride(stride) {}

  Element at(LocBuilder &b, Value j) const {
    Value address = addressOf(b, j);
    return {memref::LoadOp::create(b, values, address), memref::LoadOp::create(b, places, address)};
  }
  void put(LocBuilder &b, Value j, Element element) const {
    Value address = addressOf(b, j);
    memref::StoreOp::create(b, element.value, values, address);
    memref::StoreOp::create(b, element.place, places, address);
  }
  /// `x` is to come before `y`. NaN come last.
  Value comesBefore(LocBuilder &b, Element x, Element y) const {
    Value before = order.comesBefore(b, x.value, y.value, x.place, y.place);
    if (!isFloat(x.value.getType()))
      return before;
    auto isNaN = [&](Value value) { return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, value, value); };
    Value earlier = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, x.place, y.place);
    Value isAhead = arith::SelectOp::create(b, isNaN(x.value), earlier, arith::ConstantOp::create(b, b.getBoolAttr(true)));
    return arith::SelectOp::create(b, isNaN(y.value), isAhead, before);
  }

  /// Puts an element into a heap of `size` elements whose element j it takes the place of: those below that come behind it move up.
  void sink(LocBuilder &b, Value j, Value size, Element element) const {
    // Carries the hole that the element will fill, and the hole again, or the size where it is found.
    SmallVector<Type> types(2, b.getIndexType());
    SmallVector<Location> places(2, b.getLoc());
    auto loop = scf::WhileOp::create(b, types, ValueRange{j, j});
    LocBuilder test = LocBuilder::atBlockEnd(b.getLoc(), b.createBlock(&loop.getBefore(), {}, types, places));
    Value isInside = arith::CmpIOp::create(test, arith::CmpIPredicate::ult, childOf(test, loop.getBefore().getArgument(1)), size);
    scf::ConditionOp::create(test, isInside, loop.getBefore().getArguments());
    LocBuilder step = LocBuilder::atBlockEnd(b.getLoc(), b.createBlock(&loop.getAfter(), {}, types, places));
    Value hole = loop.getAfter().getArgument(1);
    // The later of the two below, or the only one.
    Value first = childOf(step, hole), next = add(step, first, lower::index(step, 1));
    Value second = arith::SelectOp::create(step, arith::CmpIOp::create(step, arith::CmpIPredicate::ult, next, size), next, first);
    Element one = at(step, first), other = at(step, second);
    Value isOther = comesBefore(step, one, other);
    auto choose = [&](Value x, Value y) { return arith::SelectOp::create(step, isOther, x, y); };
    Value child = choose(second, first);
    Element later = {choose(other.value, one.value), choose(other.place, one.place)};
    auto branch = scf::IfOp::create(step, types, comesBefore(step, element, later), /*withElse=*/true);
    LocBuilder up = LocBuilder::atBlockEnd(b.getLoc(), branch.thenBlock());
    put(up, hole, later);
    scf::YieldOp::create(up, ValueRange{child, child});
    LocBuilder stay = LocBuilder::atBlockEnd(b.getLoc(), branch.elseBlock());
    scf::YieldOp::create(stay, ValueRange{hole, size});
    scf::YieldOp::create(step, branch.getResults());
    b.setInsertionPointAfter(loop);
    put(b, loop.getResult(0), element);
  }

private:
  static Value childOf(LocBuilder &b, Value j) { return add(b, mul(b, j, lower::index(b, 2)), lower::index(b, 1)); }
  Value addressOf(LocBuilder &b, Value j) const { return add(b, base, mul(b, j, lower::index(b, stride))); }

  const Order &order;
  Value values, places, base;
  int64_t stride;
};

/// The first `count` elements of an axis of `size`, each `inner` apart from the next.
struct Selection {
  int64_t outer, size, count, inner;
  Order order;

  void write(LocBuilder &b, Value x, Value values, Value places) const {
    forEach(b, "o", 0, outer, 1, [&](LocBuilder &b, Value o) {
      forEach(b, "h", 0, inner, 1, [&](LocBuilder &b, Value h) {
        Value from = add(b, mul(b, o, index(b, size * inner)), h);
        auto read = [&](LocBuilder &b, Value i) -> Element {
          return {memref::LoadOp::create(b, x, add(b, from, mul(b, i, index(b, inner)))), arith::IndexCastOp::create(b, b.getI64Type(), i)};
        };
        select(b, Heap(order, values, places, add(b, mul(b, o, index(b, count * inner)), h), inner), read);
      });
    });
  }

private:
  void select(LocBuilder &b, const Heap &heap, llvm::function_ref<Element(LocBuilder &, Value)> read) const {
    Value all = index(b, count), root = index(b, 0);
    forEach(b, "i", 0, count, 1, [&](LocBuilder &b, Value i) { heap.put(b, i, read(b, i)); });
    forEach(b, "i", 0, count / 2, 1, [&](LocBuilder &b, Value i) {
      Value j = sub(b, index(b, count / 2 - 1), i);
      heap.sink(b, j, all, heap.at(b, j));
    });
    forEach(b, "i", count, size, 1, [&](LocBuilder &b, Value i) {
      Element element = read(b, i);
      auto branch = scf::IfOp::create(b, heap.comesBefore(b, element, heap.at(b, root)));
      LocBuilder inner = LocBuilder::atBlockBegin(b.getLoc(), branch.thenBlock());
      heap.sink(inner, root, all, element);
    });
    // The last of the rest goes to the end of the rest.
    forEach(b, "i", 0, count - 1, 1, [&](LocBuilder &b, Value i) {
      Value last = sub(b, index(b, count - 1), i);
      Element moved = heap.at(b, last);
      heap.put(b, last, heap.at(b, root));
      heap.sink(b, root, last, moved);
    });
  }
};
} // namespace

static void selectThroughMemory(Node &node, int64_t axis, int64_t count, const Order &order) {
  LocBuilder &b = node.b;
  Value x = node.operand(0);
  RankedTensorType valuesType = node.resultType(0);
  // Halves in memory, floats in comparisons.
  Type element = valuesType.getElementType();
  bool isHalf = element.isF16() || element.isBF16();
  if (isHalf)
    x = castTo(b, x, b.getF32Type());
  ArrayRef<int64_t> sizes = tensorType(x).getShape();
  Selection selection{llvm::product_of(sizes.take_front(axis)), sizes[axis], count, llvm::product_of(sizes.drop_front(axis + 1)), order};
  Type results[] = {RankedTensorType::get(valuesType.getShape(), elementOf(x)), RankedTensorType::get(valuesType.getShape(), b.getI64Type())};
  SmallVector<Value> found = launchLoops(b, "topk", "the first in order", x, results, /*checked=*/false, [&](LocBuilder &b, ValueRange memory) {
    selection.write(b, memory[0], memory[1], memory[2]);
  });
  if (node.hasResult(0))
    node.set(0, isHalf ? castTo(b, found[0], element) : found[0]);
  if (node.hasResult(1))
    node.set(1, found[1]);
}

static LogicalResult lowerTopK(Node &node) {
  LocBuilder &b = node.b;
  int64_t rank = node.rank(0);
  auto axis = node.axis("axis", -1, rank);
  if (!axis)
    return node.fail("the axis is outside the rank; correct the model");
  Value x = node.operand(0);
  Shape shape = node.sizes(0);
  Extent size = shape[*axis], count = node.resultSizes(0)[*axis];
  if (!node.isAtMost(count, size))
    return node.fail("K is larger than the axis; correct the model");
  SmallVector<int64_t> expected(node.shape(0));
  expected[*axis] = count.value();
  for (unsigned i = 0; i < node.op->getNumResults(); ++i)
    if (node.hasResult(i) && node.resultType(i).getShape() != ArrayRef(expected))
      return node.fail("the results do not fit the input; correct the model");
  Parameter wanted(node, 1);
  if (!wanted.isKnown() && !node.isOpen(1))
    check(node, wanted, [&](LocBuilder &b) { return wanted.is(b, 0, count); });
  RankedTensorType valuesType = node.resultType(0);
  if (shapeOf(valuesType).count() == 0) {
    node.set(0, tensor::EmptyOp::create(b, valuesType.getShape(),
                                        valuesType.getElementType()));
    node.set(1, tensor::EmptyOp::create(b, valuesType.getShape(),
                                        b.getI64Type()));
    return success();
  }
  bool largest = node.attrInt("largest", 1);
  Order order{largest, node.isUnsigned(0)};
  if (tensorType(x).hasStaticShape() && valuesType.hasStaticShape()) {
    selectThroughMemory(node, *axis, count.value(), order);
    return success();
  }
  MLIRContext *context = b.getContext();
  Type i64 = b.getI64Type();
  SmallVector<IteratorType> loops(rank, IteratorType::parallel);
  loops.push_back(IteratorType::reduction);
  // All of the loops but `rank` as they are, with that one in place of the axis.
  auto along = [&](int64_t loop) {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < rank; ++i)
      exprs.push_back(b.getAffineDimExpr(i == *axis ? loop : i));
    return AffineMap::get(rank + 1, 0, exprs, context);
  };
  AffineMap self = along(*axis), other = along(rank);
  AffineMap placeMaps[] = {self, other, self};
  Value places = reduction(
      b, {x, x}, placeMaps, loops, tensorType(shape, i64),
      b.getI64IntegerAttr(0), [&](LocBuilder &b, ValueRange s) -> Value {
        Value before = order.comesBefore(b, s[1], s[0], linalg::IndexOp::create(b, rank), linalg::IndexOp::create(b, *axis));
        return add(b, s[2], arith::ExtUIOp::create(b, i64, before));
      });
  // Element i of the result is the one whose place is i.
  Shape outShape = shapeOf(valuesType);
  AffineMap indexMaps[] = {other, self};
  Value indices = reduction(
      b, places, indexMaps, loops, tensorType(outShape, i64),
      b.getI64IntegerAttr(0), [&](LocBuilder &b, ValueRange s) -> Value {
        Value wanted = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, *axis));
        Value at = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, rank));
        Value hit =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, s[0], wanted);
        Value none = scalarInt(b, i64, 0);
        return add(b, s[1], arith::SelectOp::create(b, hit, at, none));
      });
  if (node.hasResult(1))
    node.set(1, indices);
  if (!node.hasResult(0))
    return success();
  return node.done(pointwise(
      b, indices, valuesType, [&](LocBuilder &b, ValueRange s) -> Value {
        SmallVector<Value> at;
        for (int64_t i = 0; i < rank; ++i)
          at.push_back(linalg::IndexOp::create(b, i));
        // NaN has no place, and could leave a sum of several indices.
        Value limited = minimum(b, s[0], scalarInt(b, i64, size - 1));
        at[*axis] = arith::IndexCastOp::create(b, b.getIndexType(), limited);
        return tensor::ExtractOp::create(b, x, at);
      }));
}

void lower::addSorting(Registry &r) { r["onnx.TopK"] = checked(lowerTopK); }
