//===- CopyPadding.cpp - padded copies of what convolutions read ----------===//
//
// A convolution can leave out the steps that read padding, or read a copy that holds the padding. Leaving out splits its rows into an inside and edges, whose
// points are computed one by one; a copy costs one pass over the input, gives whole rows, and lets a window's row and its channels be one loop.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/Stages.h"
#include "compiler/kernels/Passes.h"
#include "compiler/support/Elements.h"
#include "compiler/support/Target.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"
#include <cstring>

namespace ingot {
#define GEN_PASS_DEF_COPYPADDING
#include "compiler/kernels/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

/// What a point at an edge costs more than one inside, in points: it stands in registers alone.
constexpr double kEdge = 3;
/// What copying an element costs, in multiply-adds of a vector's lane.
constexpr double kCopy = 4;
/// Rows of a window shorter than this gain from being one with its columns.
constexpr int64_t kShortRow = 16;
constexpr double kShortRowGain = 0.25;
/// What a size that only the call knows is taken for.
constexpr int64_t kNominalSize = 64;
/// Products of integers and of bfloat16 go in pairs along the innermost dimension, where no step of it is left out.
constexpr double kPairsGain = 0.4;

static int64_t nominal(int64_t size) { return ShapedType::isDynamic(size) ? kNominalSize : size; }

/// Part of the time that the copy saves, less what it costs; of a contraction whose first operand is `pad`.
static double gainOfCopy(linalg::GenericOp op, tensor::PadOp pad) {
  AffineMap read = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  double filters = 1, gain = 0;
  for (auto [dim, size] : llvm::enumerate(loops))
    if (kinds[dim] == utils::IteratorType::parallel && !read.isFunctionOfDim(dim))
      filters *= nominal(size);
  // The innermost dimension with padding is the one that points are taken from.
  for (int64_t i = 0, e = read.getNumResults(); i < e; ++i) {
    int64_t low = pad.getStaticLow()[i], high = pad.getStaticHigh()[i];
    if (low == 0 && high == 0)
      continue;
    for (auto [dim, size] : llvm::enumerate(loops)) {
      if (kinds[dim] != utils::IteratorType::parallel || !read.getResult(i).isFunctionOfDim(dim))
        continue;
      AffineExpr moved = read.getResult(i).replace(getAffineDimExpr(dim, op.getContext()), getAffineDimExpr(dim, op.getContext()) + 1);
      auto step = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(moved - read.getResult(i), loops.size(), 0));
      if (!step || step.getValue() <= 0)
        return -1;
      // Where nobody knows the edges, each point is at one.
      if (ShapedType::isDynamic(size) || ShapedType::isDynamic(low) || ShapedType::isDynamic(high)) {
        gain = kEdge;
        continue;
      }
      int64_t edges = llvm::divideCeil(low, step.getValue()) + llvm::divideCeil(high, step.getValue());
      gain = kEdge * double(std::min(edges, size)) / double(size);
    }
  }
  if (nominal(pad.getResultType().getShape().back()) < kShortRow)
    gain += kShortRowGain;
  bool padsInnermost = pad.getStaticLow().back() != 0 || pad.getStaticHigh().back() != 0;
  Type factor = getElementTypeOrSelf(op.getDpsInputs()[0].getType());
  if (padsInnermost && (isa<IntegerType>(factor) || factor.isBF16()))
    gain += kPairsGain;
  return gain - kCopy / filters;
}

/// Elements that one step of the loop makes in a tensor that is read by `map`.
static int64_t strideOf(AffineMap map, ArrayRef<int64_t> shape, unsigned loop) {
  int64_t stride = 0, inner = 1;
  for (int64_t i = int64_t(shape.size()) - 1; i >= 0; inner *= nominal(shape[i--])) {
    AffineExpr expr = map.getResult(i), dim = getAffineDimExpr(loop, map.getContext());
    if (!expr.isFunctionOfDim(loop))
      continue;
    auto step = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(expr.replace(dim, dim + 1) - expr, map.getNumDims(), 0));
    stride += step ? step.getValue() * inner : inner;
  }
  return stride;
}

/// The constant with dimension i of the result that was dimension `order[i]`.
static ElementsAttr permuted(ElementsAttr elements, ArrayRef<int64_t> order) {
  auto from = cast<RankedTensorType>(elements.getShapedType());
  SmallVector<int64_t> shape, strides(from.getRank(), 1), steps;
  for (int64_t i = from.getRank() - 1; i > 0; --i)
    strides[i - 1] = strides[i] * from.getDimSize(i);
  for (int64_t i : order) {
    shape.push_back(from.getDimSize(i));
    steps.push_back(strides[i]);
  }
  auto to = RankedTensorType::get(shape, from.getElementType());
  int64_t size = elementBytes(from.getElementType());
  std::vector<char> data = elementData(elements), result(data.size());
  SmallVector<int64_t> at(shape.size(), 0);
  int64_t source = 0;
  for (size_t next = 0; next < result.size(); next += size) {
    std::memcpy(result.data() + next, data.data() + source * size, size);
    for (int64_t i = int64_t(shape.size()) - 1; i >= 0; --i) {
      source += steps[i];
      if (++at[i] < shape[i])
        break;
      source -= steps[i] * shape[i];
      at[i] = 0;
    }
  }
  return makeElements(to, result);
}

/// Sums go through the window as the input lies in memory, the weights with them, so that neighbouring loops are one.
static void orderSums(linalg::GenericOp op) {
  AffineMap read = op.getIndexingMapsArray()[0], weights = op.getIndexingMapsArray()[1];
  ElementsAttr constant;
  if (!matchPattern(op.getDpsInputs()[1], m_Constant(&constant)) || !weights.isProjectedPermutation())
    return;
  auto type = cast<RankedTensorType>(op.getDpsInputs()[0].getType());
  SmallVector<unsigned> sums;
  op.getReductionDims(sums);
  SmallVector<unsigned> sorted = sums;
  llvm::stable_sort(sorted, [&](unsigned a, unsigned b) { return strideOf(read, type.getShape(), a) > strideOf(read, type.getShape(), b); });

  // The weights' dimensions: those of parallel loops in front.
  SmallVector<int64_t> order;
  for (auto [i, expr] : llvm::enumerate(weights.getResults()))
    if (!llvm::is_contained(sums, cast<AffineDimExpr>(expr).getPosition()))
      order.push_back(i);
  for (unsigned loop : sorted)
    for (auto [i, expr] : llvm::enumerate(weights.getResults()))
      if (cast<AffineDimExpr>(expr).getPosition() == loop)
        order.push_back(i);
  IRRewriter rewriter(op);
  if (!llvm::is_sorted(order)) {
    Value turned = arith::ConstantOp::create(rewriter, op.getDpsInputs()[1].getLoc(), cast<TypedAttr>(permuted(constant, order)));
    SmallVector<AffineExpr> exprs;
    for (int64_t i : order)
      exprs.push_back(weights.getResult(i));
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    maps[1] = AffineMap::get(weights.getNumDims(), 0, exprs, op.getContext());
    op.setOperand(1, turned);
    op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
  }
  SmallVector<unsigned> loops = llvm::to_vector(llvm::seq<unsigned>(0, op.getNumLoops()));
  for (auto [place, loop] : llvm::zip(sums, sorted))
    loops[place] = loop;
  if (!llvm::is_sorted(loops))
    (void)linalg::interchangeGenericOp(rewriter, op, loops);
}

/// The padding with so many elements more behind each row that `terms` steps of a window can be read together where there are fewer.
static tensor::PadOp withWholeTerms(tensor::PadOp pad, linalg::GenericOp op, int64_t terms) {
  if (!getElementTypeOrSelf(op.getResult(0).getType()).isInteger(32) || (pad.getStaticLow().back() == 0 && pad.getStaticHigh().back() == 0) ||
      ShapedType::isDynamic(pad.getStaticHigh().back()))
    return pad;
  AffineExpr innermost = op.getIndexingMapsArray()[0].getResults().back();
  int64_t window = 0;
  for (auto [loop, size] : llvm::enumerate(op.getStaticLoopRanges()))
    if (op.getIteratorTypesArray()[loop] == utils::IteratorType::reduction && innermost.isFunctionOfDim(loop) && !ShapedType::isDynamic(size))
      window = size;
  int64_t more = llvm::alignTo(window, terms) - window;
  if (more == 0)
    return pad;
  OpBuilder b(pad);
  SmallVector<int64_t> shape(pad.getResultType().getShape());
  SmallVector<OpFoldResult> high = pad.getMixedHighPad();
  if (!ShapedType::isDynamic(shape.back()))
    shape.back() += more;
  high.back() = b.getIndexAttr(pad.getStaticHigh().back() + more);
  return tensor::PadOp::create(b, pad.getLoc(), pad.getResultType().clone(shape), pad.getSource(), pad.getMixedLowPad(), high, pad.getConstantPaddingValue());
}

/// Steps that read the padding can be left out.
static bool addsNothing(tensor::PadOp pad) {
  Value value = pad.getConstantPaddingValue();
  return matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero());
}

namespace {
struct CopyPadding : ingot::impl::CopyPaddingBase<CopyPadding> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> contractions;
    getOperation().walk([&](linalg::GenericOp op) {
      if (isContraction(op) && op.getNumDpsInputs() == 2)
        contractions.push_back(op);
    });
    auto module = getOperation()->getParentOfType<ModuleOp>();
    const DotInstruction *dot = module ? Target::of(module).dotOf(/*floats=*/false) : nullptr;
    int64_t terms = dot ? dot->terms : 1;
    DenseMap<Value, Value> copies;
    for (linalg::GenericOp op : contractions) {
      OpOperand *read = &op->getOpOperand(0);
      while (Operation *view = read->get().getDefiningOp()) {
        if (!isReshape(view))
          break;
        read = &view->getOpOperand(0);
      }
      bool isDirect = read->getOwner() == op;
      auto pad = read->get().getDefiningOp<tensor::PadOp>();
      if (!pad || !pad.getConstantPaddingValue() || (addsNothing(pad) && !(isDirect && gainOfCopy(op, pad) > 0)))
        continue;
      Value &copy = copies[pad.getResult()];
      if (!copy)
        copy = copyOfPadded(isDirect && pad->hasOneUse() ? withWholeTerms(pad, op, terms) : pad);
      read->set(copy);
      if (isDirect)
        orderSums(op);
    }
  }
};
} // namespace
