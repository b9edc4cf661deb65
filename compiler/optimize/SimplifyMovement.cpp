//===- SimplifyMovement.cpp - operations that move data or rename it ------===//
#include "compiler/optimize/Patterns.h"
#include "compiler/optimize/Rewrite.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace ingot;

static RankedTensorType staticType(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() ? type : RankedTensorType();
}

/// A reshape to the type of `op`'s result; sizes of zero would mean another
/// thing in its operand.
static LogicalResult replaceByReshape(PatternRewriter &rewriter, Operation *op,
                                      Value data) {
  RankedTensorType type = staticType(op->getResult(0));
  if (!type || !staticType(data) || type.getNumElements() == 0)
    return failure();
  if (data.getType() == type) {
    rewriter.replaceOp(op, data);
    return success();
  }
  Value shape = makeConstant(rewriter, op->getLoc(), type.getShape());
  rewriter.replaceOpWithNewOp<onnx::ReshapeOp>(
      op, TypeRange(Type(type)), ValueRange{data, shape},
      rewriter.getNamedAttr("allowzero", rewriter.getI64IntegerAttr(0)));
  return success();
}

/// Whether all operands after the first are constants or absent. Others are checked when the model runs, against a shape that may be no more
/// than declared.
static bool isKnownMovement(Operation *op) {
  return llvm::all_of(op->getOperands().drop_front(), [](Value operand) {
    return isa<NoneType>(operand.getType()) || onnx::constantValue(operand);
  });
}

static bool isConstantZero(Value value) {
  std::optional<double> splat = value ? splatConstant(value) : 0.0;
  return splat && *splat == 0;
}

/// Whether the operation gives back its first operand when the types are equal.
static bool keepsEqualTypes(Operation *op) {
  StringRef name = op->getName().stripDialect();
  bool always = llvm::StringSwitch<bool>(name)
                    .Cases({"Identity", "Cast", "CastLike"}, true)
                    .Default(false);
  if (always)
    return true;
  if (name == "Expand" || name == "Reshape" || name == "Squeeze" ||
      name == "Unsqueeze" || name == "Flatten")
    return isKnownMovement(op);
  if (name == "Concat" || name == "Sum" || name == "Max" || name == "Min" ||
      name == "Mean")
    return op->getNumOperands() == 1;
  // Equal sizes mean that all is taken, except by a negative step.
  if (name == "Slice") {
    Value steps = onnx::input(op, 4);
    auto values = integerConstant(steps);
    return isKnownMovement(op) &&
           (!steps || (values && llvm::all_of(*values, [](int64_t s) { return s > 0; })));
  }
  // Equal sizes may come from cropping on one side and filling on the other.
  if (name == "Pad")
    return isConstantZero(onnx::input(op, 1));
  if (name == "Tile") {
    auto repeats = integerConstant(op->getOperand(1));
    return repeats && llvm::all_of(*repeats, [](int64_t r) { return r == 1; });
  }
  if (name == "Dropout") {
    Value training = onnx::input(op, 2);
    bool maskUnused = op->getNumResults() < 2 || op->getResult(1).use_empty();
    return maskUnused && isConstantZero(training);
  }
  return false;
}

namespace {

struct RemoveNoOperation : RewritePattern {
  explicit RemoveNoOperation(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isa<onnx::ONNXDialect>(op->getDialect()) || op->getNumOperands() == 0 ||
        op->getNumResults() == 0 || op->getNumRegions() != 0)
      return failure();
    Value data = op->getOperand(0);
    // An Identity needs no known shape.
    bool same = data.getType() == op->getResult(0).getType() &&
                (staticType(data) || isa<onnx::IdentityOp>(op));
    if (!same || !keepsEqualTypes(op))
      return failure();
    if (op->getNumResults() == 1) {
      rewriter.replaceOp(op, data);
      return success();
    }
    if (op->getResult(0).use_empty())
      return failure();
    rewriter.replaceAllUsesWith(op->getResult(0), data);
    return success();
  }
};

/// What changes the shape and moves nothing becomes one kind of operation.
template <typename Op> struct ToReshape : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!isKnownMovement(op))
      return failure();
    return replaceByReshape(rewriter, op, op->getOperand(0));
  }
};

struct MergeReshapes : OpRewritePattern<onnx::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    if (!isKnownMovement(op))
      return failure();
    Operation *before = op->getOperand(0).getDefiningOp();
    if (isa_and_nonnull<onnx::ReshapeOp>(before) && isKnownMovement(before))
      return replaceByReshape(rewriter, op, before->getOperand(0));
    // One whose shape is no constant of sizes gets one.
    RankedTensorType type = staticType(op->getResult(0));
    auto shape = integerConstant(op->getOperand(1));
    if (!type || (shape && ArrayRef(*shape) == type.getShape()))
      return failure();
    return replaceByReshape(rewriter, op, op->getOperand(0));
  }
};

/// The permutation of a transpose of known rank.
static std::optional<SmallVector<int64_t>> permutation(onnx::TransposeOp op) {
  auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  if (!type)
    return std::nullopt;
  if (auto given = op.getPerm())
    return SmallVector<int64_t>(*given);
  SmallVector<int64_t> reversed;
  for (int64_t axis = type.getRank(); axis-- > 0;)
    reversed.push_back(axis);
  return reversed;
}

struct SimplifyTranspose : OpRewritePattern<onnx::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto order = permutation(op);
    if (!order)
      return failure();
    // Axes of one element may go anywhere.
    auto type = cast<RankedTensorType>(op->getOperand(0).getType());
    SmallVector<int64_t> moved;
    for (int64_t axis : *order)
      if (type.getDimSize(axis) != 1)
        moved.push_back(axis);
    if (llvm::is_sorted(moved) &&
        succeeded(replaceByReshape(rewriter, op, op->getOperand(0))))
      return success();

    auto before = op->getOperand(0).getDefiningOp<onnx::TransposeOp>();
    auto first = before ? permutation(before) : std::nullopt;
    if (!first)
      return failure();
    for (int64_t &axis : *order)
      axis = (*first)[axis];
    rewriter.replaceOpWithNewOp<onnx::TransposeOp>(
        op, op->getResultTypes(), before->getOperands(),
        rewriter.getNamedAttr("perm", rewriter.getDenseI64ArrayAttr(*order)));
    return success();
  }
};

/// One constant element of an axis is a slice, which is a view.
struct GatherToSlice : OpRewritePattern<onnx::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GatherOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType type = staticType(op->getOperand(0));
    auto indices = integerConstant(op->getOperand(1));
    if (!type || !staticType(op->getResult(0)) || !indices ||
        indices->size() != 1)
      return failure();
    int64_t axis = op.getAxis(), index = indices->front();
    if (axis < 0)
      axis += type.getRank();
    if (axis < 0 || axis >= type.getRank())
      return failure();
    if (index < 0)
      index += type.getDimSize(axis);
    if (index < 0 || index >= type.getDimSize(axis))
      return failure();
    SmallVector<int64_t> shape(type.getShape());
    shape[axis] = 1;
    Location loc = op->getLoc();
    Value starts = makeConstant(rewriter, loc, {index});
    Value ends = makeConstant(rewriter, loc, {index + 1});
    Value axes = makeConstant(rewriter, loc, {axis});
    auto slice = onnx::SliceOp::create(
        rewriter, loc,
        TypeRange(RankedTensorType::get(shape, type.getElementType())),
        ValueRange{op->getOperand(0), starts, ends, axes});
    return replaceByReshape(rewriter, op, slice->getResult(0));
  }
};

/// A reshape of a constant is a constant.
struct ReshapeConstant : OpRewritePattern<onnx::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    ElementsAttr value = onnx::constantValue(op->getOperand(0));
    RankedTensorType type = staticType(op->getResult(0));
    if (!value || !type || type.getNumElements() != value.getNumElements())
      return failure();
    ElementsAttr reshaped;
    if (auto dense = dyn_cast<DenseElementsAttr>(value))
      reshaped = dense.reshape(type);
    else if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
      reshaped = DenseResourceElementsAttr::get(type, resource.getRawHandle());
    if (!reshaped)
      return failure();
    rewriter.replaceOp(op, makeConstant(rewriter, op->getLoc(), reshaped));
    return success();
  }
};

struct InlineIf : OpRewritePattern<onnx::IfOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::IfOp op,
                                PatternRewriter &rewriter) const override {
    auto condition = integerConstant(op.getCond());
    if (!condition || condition->size() != 1)
      return failure();
    Region &taken =
        condition->front() ? op.getThenBranch() : op.getElseBranch();
    Operation *end = taken.front().getTerminator();
    SmallVector<Value> values(end->getOperands());
    rewriter.eraseOp(end);
    rewriter.inlineBlockBefore(&taken.front(), op);
    rewriter.replaceOp(op, values);
    return success();
  }
};

} // namespace

void ingot::populateMovementPatterns(RewritePatternSet &patterns) {
  patterns.add<RemoveNoOperation, MergeReshapes, SimplifyTranspose,
               GatherToSlice, ReshapeConstant, InlineIf,
               ToReshape<onnx::SqueezeOp>, ToReshape<onnx::UnsqueezeOp>,
               ToReshape<onnx::FlattenOp>>(patterns.getContext());
}
