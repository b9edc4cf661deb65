//===- Tabulate.cpp - functions of one byte as tables ---------------------===//
//
// Quantised models round each step of an activation to a byte again: x * sigmoid(x) is four steps, a hard swish with a scale of its own is ten. All of it is a
// function of the first byte. It is evaluated here for each of the 256, by the operations' own folding, so that results keep their bits.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/Passes.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

namespace ingot {
#define GEN_PASS_DEF_TABULATE
#include "compiler/kernels/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

constexpr int64_t kCodes = 256;

/// Instructions for one lane that is looked up: its code to a register, the element back into the vector.
constexpr int64_t kLookup = 4;

/// Instructions, roughly, for a vector of results.
static int64_t costOf(Operation *op, int64_t lanes) {
  if (isa<LookupOp>(op))
    return kLookup * lanes;
  if (isa<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(op))
    return 6;
  if (isa<math::AbsFOp, math::AbsIOp, math::FloorOp, math::CeilOp, math::TruncOp, math::RoundEvenOp, math::CopySignOp, math::FmaOp>(op))
    return 1;
  if (isa<math::MathDialect>(op->getDialect()))
    return 20;
  return isa<arith::ConstantOp>(op) ? 0 : 1;
}

/// Types that memory holds as they are; a table of others would need a format of its own.
static bool hasTable(Type type) { return type.isInteger(8) || type.isInteger(16) || type.isInteger(32) || type.isF32(); }

namespace {

/// Evaluates operations of scalars for all codes at once: as vectors, one lane for each.
class Evaluator {
public:
  Evaluator(Value code) : b(code.getContext()) {
    SmallVector<int8_t> codes(kCodes);
    for (int64_t i = 0; i < kCodes; ++i)
      codes[i] = int8_t(i);
    values[code] = DenseElementsAttr::get(vectorOf(b.getI8Type()), ArrayRef<int8_t>(codes));
  }

  /// Values of `value` by code; null where something does not fold. Operations that it depends on were evaluated.
  DenseElementsAttr valuesOf(Value value) {
    if (DenseElementsAttr known = values.lookup(value))
      return known;
    Attribute constant;
    if (!matchPattern(value, m_Constant(&constant)))
      return {};
    return values[value] = DenseElementsAttr::get(vectorOf(value.getType()), constant);
  }

  bool evaluate(Operation *op) {
    SmallVector<Attribute> operands;
    for (Value operand : op->getOperands()) {
      operands.push_back(valuesOf(operand));
      if (!operands.back())
        return false;
    }
    DenseElementsAttr result = foldVector(op, operands);
    if (!result)
      result = foldEach(op, operands);
    if (!result)
      return false;
    values[op->getResult(0)] = result;
    return true;
  }

private:
  static VectorType vectorOf(Type type) { return VectorType::get({kCodes}, type); }

  DenseElementsAttr foldVector(Operation *op, ArrayRef<Attribute> operands) {
    Block scratch;
    OperationState state(op->getLoc(), op->getName());
    for (Value operand : op->getOperands())
      state.operands.push_back(scratch.addArgument(vectorOf(operand.getType()), op->getLoc()));
    state.addTypes(vectorOf(op->getResult(0).getType()));
    state.addAttributes(op->getAttrs());
    Operation *wide = Operation::create(state);
    scratch.push_back(wide);
    SmallVector<OpFoldResult> results;
    if (failed(wide->fold(operands, results)) || results.size() != 1)
      return {};
    if (auto attribute = dyn_cast_if_present<Attribute>(results[0]))
      return dyn_cast<DenseElementsAttr>(attribute);
    // One of the operands, as it is.
    for (auto [argument, attribute] : llvm::zip(scratch.getArguments(), operands))
      if (results[0] == OpFoldResult(Value(argument)))
        return cast<DenseElementsAttr>(attribute);
    return {};
  }

  /// For operations that fold scalars alone.
  DenseElementsAttr foldEach(Operation *op, ArrayRef<Attribute> operands) {
    SmallVector<Attribute> elements;
    for (int64_t i = 0; i < kCodes; ++i) {
      SmallVector<Attribute> scalars;
      for (Attribute operand : operands)
        scalars.push_back(cast<DenseElementsAttr>(operand).getValues<Attribute>()[i]);
      SmallVector<OpFoldResult> results;
      if (failed(op->fold(scalars, results)) || results.size() != 1)
        return {};
      auto element = dyn_cast_if_present<Attribute>(results[0]);
      for (auto [operand, scalar] : llvm::zip(op->getOperands(), scalars))
        if (!element && results[0] == OpFoldResult(operand))
          element = scalar;
      if (!element)
        return {};
      elements.push_back(element);
    }
    return DenseElementsAttr::get(vectorOf(op->getResult(0).getType()), elements);
  }

  OpBuilder b;
  DenseMap<Value, DenseElementsAttr> values;
};

class Body {
public:
  Body(Block &block, int64_t lanes) : block(block), lanes(lanes) {}

  void run() {
    findCodes();
    // The last value of a chain comes first; what it needed is dead then.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      if (isOpTriviallyDead(&op))
        op.erase();
      else if (op.getNumResults() == 1)
        tabulate(&op);
    }
  }

private:
  /// For each value the one i8 that it is a function of, if there is one.
  void findCodes() {
    for (BlockArgument argument : block.getArguments())
      if (argument.getType().isInteger(8))
        codes[argument] = argument;
    for (Operation &op : block) {
      if (op.getNumResults() != 1)
        continue;
      Value result = op.getResult(0), code = codeOf(op);
      if (!code && result.getType().isInteger(8) && !op.hasTrait<OpTrait::ConstantLike>())
        code = result;
      if (code)
        codes[result] = code;
    }
  }

  Value codeOf(Operation &op) {
    if (op.getNumRegions() || !isPure(&op))
      return {};
    Value found;
    for (Value operand : op.getOperands()) {
      if (matchPattern(operand, m_Constant()))
        continue;
      Value code = codes.lookup(operand);
      if (!code || (found && code != found))
        return {};
      found = code;
    }
    return found;
  }

  void tabulate(Operation *op) {
    Value result = op->getResult(0), code = codes.lookup(result);
    if (!code || code == result || !hasTable(result.getType()))
      return;
    SmallVector<Operation *> chain = between(code, op);
    int64_t cost = 0;
    for (Operation *step : chain)
      cost += costOf(step, lanes);
    if (cost <= kLookup * lanes + 2)
      return;
    Evaluator evaluator(code);
    for (Operation *step : chain)
      if (!evaluator.evaluate(step))
        return;
    DenseElementsAttr table = evaluator.valuesOf(result).reshape(RankedTensorType::get({kCodes}, result.getType()));
    OpBuilder b(op);
    result.replaceAllUsesWith(LookupOp::create(b, op->getLoc(), result.getType(), code, table));
    op->erase();
  }

  /// The operations that lead from the code to `last`, in order.
  SmallVector<Operation *> between(Value code, Operation *last) {
    llvm::SmallPtrSet<Operation *, 32> needed = {last};
    SmallVector<Operation *> chain;
    for (Operation *op = last; op && !needed.empty(); op = op->getPrevNode()) {
      if (!needed.erase(op))
        continue;
      chain.push_back(op);
      for (Value operand : op->getOperands())
        if (Operation *from = operand.getDefiningOp(); from && operand != code && codes.contains(operand))
          needed.insert(from);
    }
    std::reverse(chain.begin(), chain.end());
    return chain;
  }

  Block &block;
  int64_t lanes;
  DenseMap<Value, Value> codes;
};

struct Tabulate : ingot::impl::TabulateBase<Tabulate> {
  void runOnOperation() override {
    auto module = getOperation()->getParentOfType<ModuleOp>();
    int64_t lanes = module ? Target::of(module).lanes(4) : 1;
    getOperation().walk([&](linalg::GenericOp op) {
      if (op.getNumReductionLoops() == 0)
        Body(*op.getBody(), lanes).run();
    });
  }
};
} // namespace
