//===- WidenFactors.cpp - where half floats of sums become float32 --------===//
//
// Sums of half floats are of float32, and so are the factors of products. What a sum reads once is converted as it is read: it moves in half the bytes. What it
// reads again and again is converted once, by what computes it where that is possible: its rounded result is then stored as float32. Weights become
// float32 here where conversions would cost more than what fewer bytes save. Pairs of bfloat16 stay as they are for the instruction that multiplies them.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/Passes.h"
#include "compiler/kernels/Stages.h"
#include "compiler/support/Elements.h"
#include "compiler/support/Target.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

namespace ingot {
#define GEN_PASS_DEF_WIDENFACTORS
#include "compiler/kernels/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

/// Weights that are read so many times at the most stay halves where they are converted by an instruction or two: their bytes count for more. Measured on products of 8 and
/// 16 rows: 1.4 to 1.7 times as fast as weights of float32 that lie beyond the caches, 3 to 15 % slower within.
constexpr int64_t kMostReads = 16;

static bool isHalf(Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  return element.isF16() || element.isBF16();
}

/// The body does nothing with the operand but extend it to float32; an operand that only gives loops their sizes is left alone.
static bool extendsOnly(OpOperand &operand) {
  auto op = dyn_cast<linalg::GenericOp>(operand.getOwner());
  if (!op || !op.isDpsInput(&operand) || !isHalf(operand.get()))
    return false;
  BlockArgument argument = op.getMatchingBlockArgument(&operand);
  return !argument.use_empty() && llvm::all_of(argument.getUsers(), [](Operation *user) { return isa<arith::ExtFOp>(user) && user->getResult(0).getType().isF32(); });
}

/// Lets the body read `wide`, the operand's value in float32.
static void readWide(OpOperand &operand, Value wide) {
  auto op = cast<linalg::GenericOp>(operand.getOwner());
  BlockArgument argument = op.getMatchingBlockArgument(&operand);
  for (Operation *extension : llvm::make_early_inc_range(argument.getUsers())) {
    extension->getResult(0).replaceAllUsesWith(argument);
    extension->erase();
  }
  argument.setType(getElementTypeOrSelf(wide.getType()));
  operand.set(wide);
}

/// How often a loop reads each element; large where only a call knows.
static int64_t countReads(linalg::GenericOp op, OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  int64_t reads = 1;
  for (auto [loop, size] : llvm::enumerate(op.getStaticLoopRanges()))
    if (!map.isFunctionOfDim(loop) && reads <= kMostReads)
      reads *= ShapedType::isDynamic(size) ? kMostReads + 1 : size;
  return map.isProjectedPermutation(/*allowZeroInResults=*/true) ? reads : kMostReads + 1;
}

/// Pairs of bfloat16 are summed by an instruction, if there is one.
static bool isForInstruction(linalg::GenericOp op, const Target &target) {
  if (!target.dotOf(/*floats=*/true) || !isContraction(op) || op.getNumDpsInputs() != 2 || !op.getIndexingMapsArray()[2].isProjectedPermutation() ||
      op.getRegion().front().getOperations().size() != 5)
    return false;
  for (OpOperand *input : op.getDpsInputOperands())
    if (!getElementTypeOrSelf(input->get().getType()).isBF16() || !extendsOnly(*input))
      return false;
  for (unsigned weights : {1u, 0u})
    if (matchPattern(op.getDpsInputs()[weights], m_Constant()) && op.getIndexingMapsArray()[weights].isProjectedPermutation() && sumsNeighbours(op, 1 - weights, weights))
      return true;
  return false;
}

namespace {
struct WidenFactors : ingot::impl::WidenFactorsBase<WidenFactors> {
  void runOnOperation() override {
    auto module = getOperation()->getParentOfType<ModuleOp>();
    SmallVector<linalg::GenericOp> sums;
    getOperation().walk([&](linalg::GenericOp op) {
      if (op.getNumReductionLoops() && !(module && isForInstruction(op, Target::of(module))))
        sums.push_back(op);
    });
    for (linalg::GenericOp op : sums)
      for (OpOperand *input : op.getDpsInputOperands())
        widen(op, *input);
    for (Operation *view : llvm::reverse(views))
      if (isOpTriviallyDead(view))
        view->erase();
    for (auto [value, wide] : computed)
      moveOthers(value, wide);
  }

private:
  /// Of bfloat16 the bits are shifted; float16 takes an instruction, or a dozen.
  bool isCheap(Value halves) {
    auto module = getOperation()->getParentOfType<ModuleOp>();
    return getElementTypeOrSelf(halves.getType()).isBF16() || (module && Target::of(module).halfConversions);
  }

  void widen(linalg::GenericOp op, OpOperand &input) {
    if (!extendsOnly(input))
      return;
    ElementsAttr elements;
    bool isConstant = matchPattern(input.get(), m_Constant(&elements));
    int64_t reads = countReads(op, input);
    if (isConstant ? reads <= kMostReads && isCheap(input.get()) : reads == 1)
      return;
    readWide(input, isConstant ? constantOf(input.get(), elements) : wideOf(input.get()));
  }

  Value constantOf(Value value, ElementsAttr elements) {
    Value &known = casts[value];
    if (!known) {
      OpBuilder b(value.getDefiningOp());
      known = arith::ConstantOp::create(b, value.getLoc(), cast<TypedAttr>(widenedHalves(elements)));
    }
    return known;
  }

  /// The value in float32. Where it is a view of what the model computes, that is widened, and viewed.
  Value wideOf(Value value) {
    SmallVector<Operation *> chain;
    Value source = value;
    for (Operation *op = source.getDefiningOp(); op && isView(op); op = source.getDefiningOp()) {
      auto pad = dyn_cast<tensor::PadOp>(op);
      FloatAttr padding;
      if (pad && !(pad.getConstantPaddingValue() && matchPattern(pad.getConstantPaddingValue(), m_Constant(&padding))))
        break;
      chain.push_back(op);
      source = viewSource(op);
    }
    auto producer = source.getDefiningOp<linalg::GenericOp>();
    bool isComputed = producer && isElementwise(producer) && producer.getNumResults() == 1 && !isDataMovement(producer);
    if (!isComputed)
      return castOf(value);
    Value wide = castOf(source);
    computed.insert({source, wide});
    for (Operation *view : llvm::reverse(chain)) {
      views.insert(view);
      Value &known = casts[view->getResult(0)];
      if (!known)
        known = again(view, wide);
      wide = known;
    }
    return wide;
  }

  Value castOf(Value value) {
    Value &known = casts[value];
    if (known)
      return known;
    OpBuilder b(value.getContext());
    b.setInsertionPointAfterValue(value);
    Location loc = value.getLoc();
    auto type = cast<RankedTensorType>(value.getType()).clone(b.getF32Type());
    AffineMap same = b.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> kinds(type.getRank(), utils::IteratorType::parallel);
    Value empty = tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, value), type.getElementType());
    known = linalg::GenericOp::create(b, loc, type, value, empty, ArrayRef{same, same}, kinds, [](OpBuilder &inner, Location at, ValueRange args) {
              linalg::YieldOp::create(inner, at, arith::ExtFOp::create(inner, at, inner.getF32Type(), args[0]).getResult());
            }).getResult(0);
    return known;
  }

  /// The view of what it viewed, now of float32.
  static Value again(Operation *view, Value of) {
    OpBuilder b(view);
    b.setInsertionPointAfter(view);
    IRMapping map;
    map.map(view->getOperand(0), of);
    auto type = cast<RankedTensorType>(view->getResult(0).getType()).clone(b.getF32Type());
    if (auto pad = dyn_cast<tensor::PadOp>(view)) {
      FloatAttr padding;
      matchPattern(pad.getConstantPaddingValue(), m_Constant(&padding));
      Value number = arith::ConstantOp::create(b, view->getLoc(), b.getF32FloatAttr(float(padding.getValueAsDouble())));
      return tensor::PadOp::create(b, view->getLoc(), type, of, pad.getMixedLowPad(), pad.getMixedHighPad(), number);
    }
    Operation *copy = b.clone(*view, map);
    copy->getResult(0).setType(type);
    return copy->getResult(0);
  }

  /// If nothing else needs the halves, all read the value in float32, which then is what is computed.
  static void moveOthers(Value value, Value wide) {
    SmallVector<OpOperand *> others;
    for (OpOperand &use : value.getUses()) {
      if (use.getOwner() == wide.getDefiningOp() || isa<tensor::DimOp>(use.getOwner()))
        continue;
      if (!extendsOnly(use) || isContraction(cast<linalg::GenericOp>(use.getOwner())))
        return;
      others.push_back(&use);
    }
    for (OpOperand *use : others)
      readWide(*use, wide);
  }

  DenseMap<Value, Value> casts; ///< what was made, by the value that it is in float32
  llvm::MapVector<Value, Value> computed;
  llvm::SetVector<Operation *> views; ///< of halves, that are viewed in float32 now; sources before what views them
};
} // namespace
