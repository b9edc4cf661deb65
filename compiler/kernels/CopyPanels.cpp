//===- CopyPanels.cpp - copies of what products read with long steps -------===//
//
// A step of a product's sum goes on by a whole row of its second operand. Constant weights are packed so that it goes on by what a register tile takes; data that
// the call brings has long rows, where each step is on another page, and its place in the caches is often that of the steps before. A copy in panels as
// wide as register tiles costs one pass over the operand.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/Passes.h"
#include "compiler/kernels/Stages.h"
#include "compiler/support/Target.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

namespace ingot {
#define GEN_PASS_DEF_COPYPANELS
#include "compiler/kernels/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

/// Rows of so many bytes, half a page, are long.
constexpr int64_t kLongRow = 2048;
/// Steps of a sum, fewer of which stay in the nearest cache wherever they lie.
constexpr int64_t kLeastSteps = 32;
/// Points that read the same operand, from which on the copy costs little beside the product.
constexpr int64_t kLeastReaders = 128;
/// Bytes of a line of the cache.
constexpr int64_t kLine = 64;

namespace {
/// What a panel is made of: the operand's dimension that becomes two, and how wide panels are.
struct Panels {
  unsigned dim;
  int64_t width;
};
} // namespace

/// The operand in panels, where that pays: it is no constant, its innermost dimension is one of the result's and long, and many points read it.
static std::optional<Panels> panelsOf(linalg::GenericOp op, OpOperand &operand, const Target &target) {
  auto type = dyn_cast<RankedTensorType>(operand.get().getType());
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!type || !type.hasStaticShape() || !type.getElementType().isF32() || !map.isProjectedPermutation() || matchPattern(operand.get(), m_Constant()))
    return std::nullopt;
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  if (llvm::any_of(loops, ShapedType::isDynamic) || map.getNumResults() < 2)
    return std::nullopt;
  unsigned innermost = cast<AffineDimExpr>(map.getResults().back()).getPosition();
  int64_t steps = 1, readers = 1;
  for (auto [dim, size] : llvm::enumerate(loops)) {
    if (kinds[dim] == utils::IteratorType::reduction && map.isFunctionOfDim(dim))
      steps *= size;
    else if (kinds[dim] == utils::IteratorType::parallel && !map.isFunctionOfDim(dim))
      readers *= size;
  }
  int64_t row = loops[innermost] * 4;
  if (kinds[innermost] != utils::IteratorType::parallel || row < kLongRow || steps < kLeastSteps || readers < kLeastReaders)
    return std::nullopt;
  // Two vectors, or a line of the cache; one where rows do not end with two.
  int64_t lanes = target.lanes(4);
  for (int64_t width : {std::max(kLine / 4, 2 * lanes), lanes})
    if (width > 1 && loops[innermost] % width == 0)
      return Panels{unsigned(map.getNumResults() - 1), width};
  return std::nullopt;
}

/// What the operand is a transpose of, if nothing else reads that transpose, and how it is read; else the operand itself.
static std::pair<Value, AffineMap> throughTranspose(Value operand) {
  auto type = cast<RankedTensorType>(operand.getType());
  AffineMap identity = AffineMap::getMultiDimIdentityMap(type.getRank(), type.getContext());
  auto source = operand.getDefiningOp<linalg::GenericOp>();
  if (!source || !isDataMovement(source) || !operand.hasOneUse())
    return {operand, identity};
  AffineMap read = source.getMatchingIndexingMap(source.getDpsInputOperand(0)), written = source.getMatchingIndexingMap(source.getDpsInitOperand(0));
  if (!read.isPermutation() || !written.isPermutation())
    return {operand, identity};
  return {source.getDpsInputs()[0], read.compose(inversePermutation(written))};
}

/// A stage that copies the operand: its parallel dimensions, the number of the panel, its dimensions of sums, and the place in the panel. Sets `order` to
/// the operand's dimensions in that order, the innermost one's number of panels in its place.
static Value copyOf(linalg::GenericOp op, OpOperand &operand, Panels panels, SmallVectorImpl<unsigned> &order) {
  OpBuilder b(op);
  auto type = cast<RankedTensorType>(operand.get().getType());
  AffineMap map = op.getMatchingIndexingMap(&operand);
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  for (auto kind : {utils::IteratorType::parallel, utils::IteratorType::reduction})
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (kinds[cast<AffineDimExpr>(expr).getPosition()] == kind)
        order.push_back(i);
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> from(type.getRank());
  for (auto [place, dim] : llvm::enumerate(order)) {
    bool split = dim == panels.dim;
    shape.push_back(split ? type.getDimSize(dim) / panels.width : type.getDimSize(dim));
    from[dim] = split ? b.getAffineDimExpr(place) * panels.width + b.getAffineDimExpr(order.size()) : b.getAffineDimExpr(place);
  }
  shape.push_back(panels.width);
  auto [source, read] = throughTranspose(operand.get());
  AffineMap reads = read.compose(AffineMap::get(shape.size(), 0, from, b.getContext()));
  Value empty = tensor::EmptyOp::create(b, op.getLoc(), shape, type.getElementType());
  SmallVector<utils::IteratorType> parallel(shape.size(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(b, op.getLoc(), empty.getType(), source, empty, {reads, b.getMultiDimIdentityMap(shape.size())}, parallel,
                                   [](OpBuilder &inner, Location loc, ValueRange values) { linalg::YieldOp::create(inner, loc, values[0]); })
      .getResult(0);
}

static void readPanels(linalg::GenericOp op, OpOperand &operand, Panels panels) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  SmallVector<unsigned> order;
  Value copy = copyOf(op, operand, panels, order);
  AffineExpr lane = map.getResult(panels.dim);
  SmallVector<AffineExpr> exprs;
  for (unsigned dim : order)
    exprs.push_back(dim == panels.dim ? lane.floorDiv(panels.width) : map.getResult(dim));
  exprs.push_back(lane % panels.width);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps[operand.getOperandNumber()] = AffineMap::get(map.getNumDims(), 0, exprs, op.getContext());
  operand.set(copy);
  op.setIndexingMapsAttr(Builder(op.getContext()).getAffineMapArrayAttr(maps));
}

namespace {
struct CopyPanels : ingot::impl::CopyPanelsBase<CopyPanels> {
  void runOnOperation() override {
    const Target &target = Target::of(getOperation()->getParentOfType<ModuleOp>());
    SmallVector<linalg::GenericOp> products;
    getOperation().walk([&](linalg::GenericOp op) {
      if (isContraction(op) && op.getNumDpsInputs() == 2)
        products.push_back(op);
    });
    for (linalg::GenericOp op : products)
      for (OpOperand *operand : op.getDpsInputOperands())
        if (std::optional<Panels> panels = panelsOf(op, *operand, target))
          readPanels(op, *operand, *panels);
  }
};
} // namespace
