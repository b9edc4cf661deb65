//===- Parameter.cpp ------------------------------------------------------===//
#include "compiler/lower/Parameter.h"
#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;
using arith::CmpIPredicate;

/// More branches for the values of one operand are not worth their code.
constexpr size_t kMostBranches = 64;
/// Sets of axes are enumerated up to this rank.
constexpr int64_t kHighestRank = 12;

Parameter::Parameter(const Node &node, unsigned operand, std::optional<int64_t> size)
    : present(node.has(operand)) {
  if (!present)
    return;
  bool isStatic = node.type(operand).hasStaticShape();
  // Of open size, it is none that could be read one by one.
  if (!isStatic && (!size || node.rank(operand) != 1 || !node.agree(node.sizes(operand)[0], *size)))
    return;
  count = isStatic ? node.type(operand).getNumElements() : *size;
  isUnsigned = node.isUnsigned(operand);
  if (count == 0)
    return;
  auto constants = node.constantInts(operand);
  auto floats = node.constantFloats(operand);
  if (floats) {
    reals = *floats;
    if (constants)
      integers = *constants;
    else
      for (double real : reals)
        integers.push_back(std::abs(real) < 0x1p62 ? int64_t(real) : 0);
    return;
  }
  LocBuilder b = node.b;
  values = reshape(b, node.operand(operand), {count});
}

Value Parameter::element(LocBuilder &b, int64_t i) const {
  return tensor::ExtractOp::create(b, values, ValueRange(index(b, i)));
}

Value Parameter::at(LocBuilder &b, int64_t i) const {
  if (isKnown())
    return number(b, integers[i]);
  return castScalar(b, element(b, i), b.getI64Type(), isUnsigned, false);
}

Value Parameter::real(LocBuilder &b, int64_t i) const {
  if (isKnown())
    return scalar(b, b.getF64Type(), reals[i]);
  return castScalar(b, element(b, i), b.getF64Type(), isUnsigned, false);
}

Value Parameter::is(LocBuilder &b, int64_t i, const Extent &value) const {
  if (isKnown() || !isFloat(elementOf(values)))
    return isNumber(b, at(b, i), value);
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, real(b, i),
                               scalarInt(b, b.getF64Type(), value));
}

Value lower::number(LocBuilder &b, const Extent &value) {
  return scalarInt(b, b.getI64Type(), value);
}

Value lower::compare(LocBuilder &b, CmpIPredicate predicate, Value x, Value y) {
  return arith::CmpIOp::create(b, predicate, x, y);
}

Value lower::isNumber(LocBuilder &b, Value x, const Extent &value) {
  return compare(b, CmpIPredicate::eq, x, scalarInt(b, x.getType(), value));
}

Value lower::select(LocBuilder &b, Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, condition, x, y);
}

Value lower::both(LocBuilder &b, Value x, Value y) {
  return x ? Value(arith::AndIOp::create(b, x, y)) : y;
}

Value lower::either(LocBuilder &b, Value x, Value y) {
  return x ? Value(arith::OrIOp::create(b, x, y)) : y;
}

Value lower::limit(LocBuilder &b, Value x, const Extent &low, const Extent &high) {
  return minimum(b, maximum(b, x, number(b, low)), number(b, high));
}

Value lower::isWithin(LocBuilder &b, Value x, const Extent &low, const Extent &high) {
  return both(b, compare(b, CmpIPredicate::sge, x, number(b, low)),
              compare(b, CmpIPredicate::slt, x, number(b, high)));
}

Value lower::fromFront(LocBuilder &b, Value axis, const Extent &rank) {
  Value below = compare(b, CmpIPredicate::slt, axis, number(b, 0));
  return select(b, below, add(b, axis, number(b, rank)), axis);
}

Value lower::place(LocBuilder &b, int64_t i) {
  return arith::IndexCastOp::create(b, b.getI64Type(),
                                    linalg::IndexOp::create(b, i));
}

Value lower::stepCount(LocBuilder &b, Value begin, Value end, Value step) {
  Value zero = number(b, 0), one = number(b, 1);
  Value forwards = compare(b, CmpIPredicate::sge, step, zero);
  Value distance = select(b, forwards, sub(b, end, begin), sub(b, begin, end));
  Value width = select(b, forwards, step, sub(b, zero, step));
  width = select(b, isNumber(b, width, 0), one, width);
  // As unsigned numbers, the width of the least number fits, and no division overflows.
  Value more = arith::DivUIOp::create(b, sub(b, distance, one), width);
  Value some = compare(b, CmpIPredicate::sgt, distance, zero);
  return select(b, some, add(b, more, one), zero);
}

static void assertHolds(LocBuilder &b, const Node &node, Value condition) {
  cf::AssertOp::create(
      b, condition,
      b.getStringAttr(node.name() +
                      ": the data give another shape than the model declares"));
}

/// A stage that gives one i64. The result has an axis, whose size the stage takes from it: so it stays a stage with a result
/// where nothing reads that.
static Value single(LocBuilder &b, Value reads,
                    llvm::function_ref<Value(LocBuilder &)> body) {
  SmallVector<AffineExpr> first(tensorType(reads).getRank(),
                                b.getAffineConstantExpr(0));
  return mapped(b, reads, AffineMap::get(1, 0, first, b.getContext()),
                tensorType({1}, b.getI64Type()),
                [&](LocBuilder &b, ValueRange) { return body(b); });
}

void lower::check(Node &node, Value reads, Condition condition) {
  single(node.b, reads, [&](LocBuilder &b) {
    Value holds = condition(b);
    if (!holds)
      return number(b, 0);
    assertHolds(b, node, holds);
    return castScalar(b, holds, b.getI64Type(), true, false);
  });
}

Value lower::table(LocBuilder &b, const Extent &count,
                   llvm::function_ref<Value(LocBuilder &, Value)> body) {
  return mapped(b, {}, ArrayRef<AffineMap>(), tensorType({count}, b.getI64Type()),
                [&](LocBuilder &b, ValueRange) { return body(b, place(b, 0)); });
}

Value lower::takePlaces(LocBuilder &b, Value x, ArrayRef<Value> tables,
                        RankedTensorType type, Value fill) {
  int64_t rank = type.getRank();
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  SmallVector<int64_t> operandOf(rank, -1);
  for (auto [axis, values] : llvm::enumerate(tables)) {
    if (!values)
      continue;
    operandOf[axis] = operands.size();
    operands.push_back(values);
    maps.push_back(AffineMap::get(rank, 0, b.getAffineDimExpr(axis)));
  }
  if (fill) {
    operands.push_back(reshape(b, fill, {}));
    maps.push_back(AffineMap::get(rank, 0, {}, b.getContext()));
  }
  return mapped(b, operands, maps, type, [&](LocBuilder &b, ValueRange s) {
    SmallVector<Value> at;
    Value inside;
    for (int64_t axis = 0; axis < rank; ++axis) {
      if (operandOf[axis] < 0) {
        at.push_back(linalg::IndexOp::create(b, axis));
        continue;
      }
      Value from = s[operandOf[axis]];
      if (fill) {
        inside = both(b, inside, compare(b, CmpIPredicate::sge, from, number(b, 0)));
        from = maximum(b, from, number(b, 0));
      }
      at.push_back(arith::IndexCastOp::create(b, b.getIndexType(), from));
    }
    Value element = tensor::ExtractOp::create(b, x, at);
    return inside ? select(b, inside, element, s.back()) : element;
  });
}

FailureOr<Value>
lower::choose(Node &node, const Parameter &parameter,
              llvm::function_ref<Value(LocBuilder &)> key, ArrayRef<int64_t> keys,
              llvm::function_ref<FailureOr<Value>(int64_t)> build) {
  LocBuilder &b = node.b;
  if (keys.empty())
    return node.fail("no value of the operand that says the axes or sizes gives the shape that is declared for the result; correct the model");
  if (keys.size() > kMostBranches)
    return node.fail("the operand that says the axes or sizes is not constant, and too many values are possible; fix it in the model");
  Value chosen = single(b, parameter.tensor(), [&](LocBuilder &b) {
    Value found = key(b), known;
    for (int64_t one : keys)
      known = either(b, known, isNumber(b, found, one));
    assertHolds(b, node, known);
    return found;
  });
  if (keys.size() == 1)
    return build(keys.front());
  Value value = tensor::ExtractOp::create(b, reshape(b, chosen, {}), ValueRange());
  OpBuilder::InsertionGuard guard(b);
  Value whole;
  // The last one is the branch for what the check found wrong, too.
  for (int64_t one : keys.drop_back()) {
    auto branch = scf::IfOp::create(b, node.resultType(), isNumber(b, value, one),
                                    /*addThenBlock=*/true, /*addElseBlock=*/true);
    if (whole)
      scf::YieldOp::create(b, branch.getResult(0));
    else
      whole = branch.getResult(0);
    b.setInsertionPointToStart(branch.thenBlock());
    FailureOr<Value> result = build(one);
    if (failed(result))
      return failure();
    scf::YieldOp::create(b, *result);
    b.setInsertionPointToStart(branch.elseBlock());
  }
  FailureOr<Value> last = build(keys.back());
  if (failed(last))
    return failure();
  scf::YieldOp::create(b, *last);
  return whole;
}

Value lower::axisSet(LocBuilder &b, const Parameter &axes, int64_t rank) {
  Value set = number(b, 0), sound;
  for (int64_t i = 0; i < axes.size(); ++i) {
    Value axis = fromFront(b, axes.at(b, i), rank);
    sound = both(b, sound, isWithin(b, axis, 0, rank));
    Value bit = arith::ShLIOp::create(b, number(b, 1), limit(b, axis, 0, rank - 1));
    // An axis that comes twice leaves fewer bits than any wanted set has.
    set = arith::OrIOp::create(b, set, bit);
  }
  return sound ? select(b, sound, set, number(b, -1)) : set;
}

FailureOr<SmallVector<int64_t>>
lower::axisSets(Node &node, int64_t count, int64_t rank,
                llvm::function_ref<bool(int64_t)> wanted) {
  if (rank > kHighestRank)
    return node.fail("axes that are not constant are supported up to a rank of " +
                     Twine(kHighestRank) + "; fix them in the model");
  SmallVector<int64_t> sets;
  for (int64_t set = 0; set < int64_t(1) << rank; ++set)
    if (llvm::popcount(uint64_t(set)) == count && wanted(set))
      sets.push_back(set);
  return sets;
}

SmallVector<int64_t> lower::axesOf(int64_t set, int64_t rank) {
  SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (set >> axis & 1)
      axes.push_back(axis);
  return axes;
}
