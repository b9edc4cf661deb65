//===- CopyPadding.cpp - padded copies of what convolutions read ----------===//
//
// A convolution can leave out the steps that read padding, or read a copy that holds the padding. Leaving out splits its rows into an inside and edges, whose
// points are computed one by one; a copy costs one pass over the input, gives whole rows, and lets a window's row and its channels be one loop.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/Stages.h"
#include "compiler/kernels/Passes.h"
#include "mlir/IR/Matchers.h"

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

/// Part of the time that the copy saves, less what it costs; of a contraction whose first operand is `pad`.
static double gainOfCopy(linalg::GenericOp op, tensor::PadOp pad) {
  AffineMap read = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  double filters = 1, gain = 0;
  for (auto [dim, size] : llvm::enumerate(loops))
    if (kinds[dim] == utils::IteratorType::parallel && !read.isFunctionOfDim(dim))
      filters *= size;
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
      int64_t edges = llvm::divideCeil(low, step.getValue()) + llvm::divideCeil(high, step.getValue());
      gain = kEdge * double(std::min(edges, size)) / double(size);
    }
  }
  if (pad.getResultType().getShape().back() < kShortRow)
    gain += kShortRowGain;
  return gain - kCopy / filters;
}

namespace {
struct CopyPadding : ingot::impl::CopyPaddingBase<CopyPadding> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> contractions;
    getOperation().walk([&](linalg::GenericOp op) {
      if (isContraction(op) && op.getNumDpsInputs() == 2)
        contractions.push_back(op);
    });
    DenseMap<Value, Value> copies;
    for (linalg::GenericOp op : contractions) {
      auto pad = op.getDpsInputs()[0].getDefiningOp<tensor::PadOp>();
      if (!pad || !pad.getResultType().hasStaticShape() || !pad.getConstantPaddingValue() || llvm::is_contained(op.getStaticLoopRanges(), ShapedType::kDynamic) ||
          gainOfCopy(op, pad) <= 0)
        continue;
      Value &copy = copies[pad.getResult()];
      if (!copy)
        copy = copyOf(pad);
      op->setOperand(0, copy);
    }
  }

  static Value copyOf(tensor::PadOp pad) {
    OpBuilder b(pad);
    b.setInsertionPointAfter(pad);
    RankedTensorType type = pad.getResultType();
    AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
    Value empty = tensor::EmptyOp::create(b, pad.getLoc(), type, ValueRange());
    return linalg::GenericOp::create(b, pad.getLoc(), type, pad.getResult(), empty, ArrayRef<AffineMap>{identity, identity},
                                     SmallVector<utils::IteratorType>(type.getRank(), utils::IteratorType::parallel),
                                     [](OpBuilder &inner, Location loc, ValueRange args) { linalg::YieldOp::create(inner, loc, args[0]); })
        .getResult(0);
  }
};
} // namespace
