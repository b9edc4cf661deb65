//===- Stages.cpp ---------------------------------------------------------===//
#include "compiler/kernels/Stages.h"
#include "compiler/support/Elements.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

bool ingot::isElementwise(linalg::GenericOp op) {
  if (op.getNumParallelLoops() != op.getNumLoops())
    return false;
  for (OpOperand &init : op.getDpsInitsMutable())
    if (!op.getMatchingIndexingMap(&init).isPermutation())
      return false;
  return true;
}

bool ingot::isDataMovement(linalg::GenericOp op) {
  if (!isElementwise(op) || op.getNumDpsInputs() != 1 || op.getNumResults() != 1)
    return false;
  Block &body = op.getRegion().front();
  return llvm::hasSingleElement(body) &&
         body.getTerminator()->getOperand(0) == body.getArgument(0);
}

Operation *ingot::combinerOf(linalg::GenericOp op, unsigned index) {
  Block &body = op.getRegion().front();
  BlockArgument acc = body.getArgument(op.getNumDpsInputs() + index);
  Operation *combiner =
      body.getTerminator()->getOperand(index).getDefiningOp();
  if (!combiner || !acc.hasOneUse() || *acc.user_begin() != combiner ||
      combiner->getNumOperands() != 2 || combiner->getNumResults() != 1)
    return nullptr;
  if (!isa<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp,
           arith::MaxNumFOp, arith::MinNumFOp, arith::AddIOp, arith::MulIOp,
           arith::MaxSIOp, arith::MinSIOp, arith::MaxUIOp, arith::MinUIOp,
           arith::AndIOp, arith::OrIOp, arith::XOrIOp>(combiner))
    return nullptr;
  return combiner;
}

bool ingot::isContraction(linalg::GenericOp op) {
  if (op.getNumReductionLoops() == 0 || op.getNumResults() != 1)
    return false;
  Operation *add = combinerOf(op, 0);
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add))
    return false;
  Value acc = op.getRegion().front().getArgument(op.getNumDpsInputs());
  Value term = add->getOperand(add->getOperand(0) == acc ? 1 : 0);
  return isa_and_nonnull<arith::MulFOp, arith::MulIOp>(term.getDefiningOp());
}

/// Fewer terms, and fewer sums that share them, are not worth an instruction.
constexpr int64_t kLeastTerms = 3, kLeastFilters = 4;

bool ingot::sumsNeighbours(linalg::GenericOp op, unsigned input, unsigned weights) {
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  AffineMap read = op.getIndexingMapsArray()[input], second = op.getIndexingMapsArray()[weights];
  ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getDpsInputs()[input].getType()).getShape();
  const auto *innermost = llvm::find_if(llvm::reverse(shape), [](int64_t size) { return size != 1; }).base();
  if (innermost == shape.begin())
    return false;
  AffineExpr place = read.getResult(innermost - shape.begin() - 1);
  bool sideBySide = false;
  int64_t filters = 1;
  for (auto [loop, size] : llvm::enumerate(loops)) {
    if (kinds[loop] == utils::IteratorType::reduction)
      sideBySide |= !ShapedType::isDynamic(size) && size >= kLeastTerms && place.isFunctionOfDim(loop);
    else if (second.isFunctionOfDim(loop) && !read.isFunctionOfDim(loop))
      filters = std::max(filters, size);
  }
  return sideBySide && filters >= kLeastFilters;
}

TypedAttr ingot::initialValue(linalg::GenericOp op, unsigned index) {
  Value init = op.getDpsInitOperand(index)->get();
  if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
    TypedAttr value;
    if (matchPattern(fill.getInputs()[0], m_Constant(&value)))
      return value;
    return {};
  }
  if (auto generic = init.getDefiningOp<linalg::GenericOp>()) {
    TypedAttr value;
    if (isElementwise(generic) &&
        matchPattern(generic.getRegion().front().getTerminator()->getOperand(0),
                     m_Constant(&value)))
      return value;
    return {};
  }
  Attribute constant;
  if (matchPattern(init, m_Constant(&constant)))
    return dyn_cast_or_null<TypedAttr>(splatValue(constant));
  return {};
}

bool ingot::isReshape(Operation *op) {
  return isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
}

bool ingot::isView(Operation *op) {
  return isReshape(op) ||
         isa_and_nonnull<tensor::ExtractSliceOp, tensor::PadOp>(op);
}

bool ingot::hasDataDependentAccess(linalg::GenericOp op) {
  return op.getRegion().front().walk([](Operation *inner) {
    return isa<tensor::ExtractOp, cf::AssertOp, AddressOp>(inner)
               ? WalkResult::interrupt()
               : WalkResult::advance();
  }).wasInterrupted();
}

Value ingot::copyOfPadded(tensor::PadOp pad) {
  OpBuilder b(pad);
  b.setInsertionPointAfter(pad);
  RankedTensorType type = pad.getResultType();
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  Value empty = tensor::EmptyOp::create(b, pad.getLoc(), tensor::getMixedSizes(b, pad.getLoc(), pad.getResult()), type.getElementType());
  return linalg::GenericOp::create(b, pad.getLoc(), type, pad.getResult(), empty, ArrayRef<AffineMap>{identity, identity},
                                   SmallVector<utils::IteratorType>(type.getRank(), utils::IteratorType::parallel),
                                   [](OpBuilder &inner, Location loc, ValueRange args) { linalg::YieldOp::create(inner, loc, args[0]); })
      .getResult(0);
}
