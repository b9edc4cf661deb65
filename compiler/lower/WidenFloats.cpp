//===- WidenFloats.cpp - arithmetic on half floats in float32 -------------===//
//
// Lowerings are written for any float. Here the bodies that compute on f16 and bf16 get to do so on f32: what they read is extended, what they
// yield is rounded, once. What only moves elements stays as it is, so that every bit is kept.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Passes.h"
#include "compiler/lower/Structured.h"
#include "compiler/support/Elements.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

namespace ingot {
#define GEN_PASS_DEF_WIDENFLOATS
#include "compiler/lower/Passes.h.inc"
} // namespace ingot

static bool isHalf(Type type) { return type.isF16() || type.isBF16(); }

static bool isHalfTensor(Value value) { return isHalf(elementOf(value)); }

static FloatAttr widened(FloatAttr number) {
  APFloat value = number.getValue();
  bool loses;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses);
  return FloatAttr::get(Float32Type::get(number.getContext()), value);
}

/// Whether the operation computes on what it reads, so that the format matters.
static bool computes(Operation &op) {
  if (isa<arith::ConstantOp, arith::SelectOp, arith::BitcastOp, arith::ExtFOp, arith::TruncFOp, tensor::ExtractOp, linalg::YieldOp>(op))
    return false;
  auto half = [](Type type) { return isHalf(getElementTypeOrSelf(type)); };
  return llvm::any_of(op.getOperandTypes(), half) || llvm::any_of(op.getResultTypes(), half);
}

namespace {
/// Rewrites one body; both forms of a value are made when they are asked for.
class BodyWidener {
public:
  explicit BodyWidener(Block &body) : body(body), b(body.getParentOp()->getLoc(), body.getParentOp()->getContext()) {}

  void run() {
    SmallVector<Operation *> replaced;
    for (Operation &op : llvm::make_early_inc_range(body)) {
      b.setInsertionPoint(&op);
      b.setLoc(op.getLoc());
      if (auto extend = dyn_cast<arith::ExtFOp>(op); extend && isHalf(extend.getIn().getType())) {
        Value value = wideOf(extend.getIn());
        extend.replaceAllUsesWith(castScalar(b, value, extend.getType(), false, false));
      } else if (computes(op) || (isa<arith::SelectOp>(op) && (wide.contains(op.getOperand(1)) || wide.contains(op.getOperand(2))))) {
        clone(op);
      } else {
        for (OpOperand &operand : op.getOpOperands())
          if (!isAccumulated(op, operand))
            operand.set(narrowOf(operand.get()));
          else
            operand.set(wideOf(operand.get()));
        continue;
      }
      replaced.push_back(&op);
    }
    for (Operation *op : llvm::reverse(replaced))
      op->erase();
  }

  /// Says which f32 a value of the body stands for.
  void addWide(Value value, Value known) { wide[value] = fromWide[value] = known; }

  /// Results that the generic keeps in f32.
  SmallVector<bool> keptWide;

private:
  bool isAccumulated(Operation &op, OpOperand &operand) {
    return isa<linalg::YieldOp>(op) && !keptWide.empty() && keptWide[operand.getOperandNumber()];
  }

  Value wideOf(Value value) {
    if (!isHalf(value.getType()))
      return value;
    Value &known = wide[value];
    if (known)
      return known;
    FloatAttr number;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(value);
    if (matchPattern(value, m_Constant(&number)))
      known = arith::ConstantOp::create(b, widened(number));
    else
      known = arith::ExtFOp::create(b, b.getF32Type(), value);
    return known;
  }

  /// The value in its own format; what was computed on f32 is rounded.
  Value narrowOf(Value value) {
    auto computed = fromWide.find(value);
    if (computed == fromWide.end())
      return value;
    Value &known = narrow[value];
    if (!known)
      known = arith::TruncFOp::create(b, value.getType(), computed->second);
    return known;
  }

  void clone(Operation &op) {
    OperationState state(op.getLoc(), op.getName());
    for (Value operand : op.getOperands())
      state.operands.push_back(wideOf(operand));
    for (Type type : op.getResultTypes())
      state.types.push_back(isHalf(type) ? Type(b.getF32Type()) : type);
    state.addAttributes(op.getAttrs());
    Operation *made = b.create(state);
    for (auto [before, after] : llvm::zip(op.getResults(), made->getResults())) {
      if (isHalf(before.getType()))
        wide[before] = fromWide[before] = after;
      else
        before.replaceAllUsesWith(after);
    }
  }

  Block &body;
  LocBuilder b;
  DenseMap<Value, Value> wide, fromWide, narrow;
};
} // namespace

/// Accumulators of half floats are f32: the start is extended before, and the sum is rounded after the loops. `rounded` gets what the body
/// reads in place of arguments that have become f32.
static linalg::GenericOp widenReduction(linalg::GenericOp op, SmallVectorImpl<Operation *> &rounded) {
  LocBuilder b(op.getLoc(), op);
  SmallVector<Value> inputs(op.getInputs()), outputs;
  for (Value output : op.getOutputs()) {
    FloatAttr start;
    auto fill = output.getDefiningOp<linalg::FillOp>();
    auto unwritten = output.getDefiningOp<tensor::EmptyOp>();
    if (!isHalfTensor(output)) {
      outputs.push_back(output);
    } else if (unwritten) {
      outputs.push_back(tensor::EmptyOp::create(b, unwritten.getMixedSizes(), b.getF32Type()));
    } else if (fill && matchPattern(fill.getInputs()[0], m_Constant(&start))) {
      auto narrow = fill.getOutputs()[0].getDefiningOp<tensor::EmptyOp>();
      Value empty = narrow ? tensor::EmptyOp::create(b, narrow.getMixedSizes(), b.getF32Type())
                           : tensor::EmptyOp::create(b, tensorType(output).getShape(), b.getF32Type());
      Value number = arith::ConstantOp::create(b, widened(start));
      outputs.push_back(linalg::FillOp::create(b, ValueRange(number), ValueRange(empty)).getResult(0));
    } else {
      outputs.push_back(castTo(b, output, b.getF32Type()));
    }
  }
  SmallVector<Type> types;
  for (Value output : outputs)
    types.push_back(output.getType());
  auto made = linalg::GenericOp::create(b, types, inputs, outputs, op.getIndexingMapsArray(), op.getIteratorTypesArray());
  made.getRegion().takeBody(op.getRegion());
  Block &body = made.getRegion().front();
  OpBuilder inner = OpBuilder::atBlockBegin(&body);
  for (auto [argument, operand] : llvm::zip(body.getArguments(), made->getOperands())) {
    Type before = argument.getType(), after = elementOf(operand);
    if (before == after)
      continue;
    argument.setType(after);
    auto old = arith::TruncFOp::create(inner, op.getLoc(), before, argument);
    argument.replaceAllUsesExcept(old, old);
    rounded.push_back(old);
  }
  for (auto [before, after] : llvm::zip(op.getResults(), made.getResults()))
    before.replaceAllUsesWith(castTo(b, after, elementOf(before)));
  op.erase();
  return made;
}

static void widen(linalg::GenericOp op) {
  Block &body = op.getRegion().front();
  if (llvm::none_of(body, computes))
    return;
  SmallVector<bool> keptWide;
  SmallVector<Operation *> rounded;
  if (op.getNumReductionLoops() > 0 && llvm::any_of(op->getOperands(), isHalfTensor)) {
    for (Value output : op.getOutputs())
      keptWide.push_back(isHalfTensor(output));
    op = widenReduction(op, rounded);
  }
  BodyWidener widener(op.getRegion().front());
  widener.keptWide = keptWide;
  for (Operation *old : rounded)
    widener.addWide(old->getResult(0), old->getOperand(0));
  widener.run();
  for (Operation *old : rounded)
    if (old->use_empty())
      old->erase();
}

namespace {
struct WidenFloats : ingot::impl::WidenFloatsBase<WidenFloats> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> generics;
    getOperation().walk([&](linalg::GenericOp op) { generics.push_back(op); });
    for (linalg::GenericOp op : generics)
      widen(op);
  }
};
} // namespace
