//===- Numbers.cpp - values that are not NaN ------------------------------===//
#include "compiler/support/Numbers.h"
#include "compiler/support/Elements.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace ingot;

/// Steps to one answer, which is no beyond them.
constexpr int64_t kMostSteps = 64;

namespace {
/// Values that are numbers if those that carry them round their loops are, which is what is to be shown: a loop's first value is one, and each step keeps it so.
class Numbers {
public:
  bool contains(Value value) {
    if (++steps > kMostSteps)
      return false;
    if (!known.insert(value).second)
      return true;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto loop = dyn_cast_or_null<scf::ForOp>(argument.getOwner()->getParentOp());
      return loop && argument != loop.getInductionVar() && carries(loop, argument.getArgNumber() - loop.getNumInductionVars());
    }
    Attribute constant;
    if (matchPattern(value, m_Constant(&constant))) {
      auto number = dyn_cast_or_null<FloatAttr>(splatValue(constant));
      return number && !number.getValue().isNaN();
    }
    Operation *op = value.getDefiningOp();
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return carries(loop, cast<OpResult>(value).getResultNumber());
    if (isa<arith::MaxNumFOp, arith::MinNumFOp>(op))
      return either(op->getOperand(0), op->getOperand(1));
    if (auto broadcast = dyn_cast<vector::BroadcastOp>(op))
      return contains(broadcast.getSource());
    if (auto reduction = dyn_cast<vector::ReductionOp>(op))
      return (reduction.getKind() == vector::CombiningKind::MAXNUMF || reduction.getKind() == vector::CombiningKind::MINNUMF) && contains(reduction.getVector());
    auto select = dyn_cast<arith::SelectOp>(op);
    auto compare = select ? select.getCondition().getDefiningOp<arith::CmpFOp>() : nullptr;
    // What compares is a number.
    return compare && isOrdered(compare.getPredicate()) && compare.getLhs() == select.getTrueValue() && contains(select.getFalseValue());
  }

private:
  bool carries(scf::ForOp loop, unsigned i) {
    return contains(loop.getInitArgs()[i]) && contains(loop.getBody()->getTerminator()->getOperand(i));
  }

  bool either(Value a, Value b) {
    // What was assumed on the way to a failure does not hold for the second try.
    auto before = known;
    if (contains(b))
      return true;
    known = before;
    return contains(a);
  }

  static bool isOrdered(arith::CmpFPredicate predicate) {
    return predicate == arith::CmpFPredicate::OGT || predicate == arith::CmpFPredicate::OLT;
  }

  llvm::SmallDenseSet<Value, 16> known;
  int64_t steps = 0;
};
} // namespace

bool ingot::isNumber(Value value) { return Numbers().contains(value); }

int ingot::numberOperand(Operation *op) {
  for (int i : {1, 0})
    if (isNumber(op->getOperand(i)))
      return i;
  return -1;
}
