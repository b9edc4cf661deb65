//===- SimplifyWeights.cpp - constants per channel into weights -----------===//
//
// y = conv(x, W) + b, then y * s + t with constants per output channel, is conv(x, W * s) + (b * s + t). The new weights are computed in
// double and rounded once.
//
//===----------------------------------------------------------------------===//
#include "compiler/optimize/Patterns.h"
#include "compiler/optimize/Rewrite.h"
#include <cmath>

using namespace mlir;
using namespace ingot;

namespace {

/// A convolution or matrix product with constant weights.
struct Producer {
  Operation *op = nullptr;
  RankedTensorType weightType;
  std::vector<double> weights;
  /// Empty where there is none.
  std::vector<double> bias;
  int64_t channels = 0;
  /// The channel of a weight is its index / inner % channels, plus, in a grouped transposed convolution, the group's offset.
  int64_t inner = 1;
  int64_t groups = 1;

  int64_t channelOf(int64_t index) const {
    int64_t perGroup = channels / groups;
    int64_t channel = index / inner % perGroup;
    if (groups == 1)
      return channel;
    return index / (int64_t(weights.size()) / groups) * perGroup + channel;
  }
};

} // namespace

/// The producer of `value`, if that is its only use.
static std::optional<Producer> findProducer(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !value.hasOneUse())
    return std::nullopt;
  Producer producer;
  producer.op = op;
  if (!isa<onnx::ConvOp, onnx::ConvTransposeOp, onnx::GemmOp>(op))
    return std::nullopt;
  ElementsAttr weights = onnx::constantValue(op->getOperand(1));
  auto reals = realValues(weights);
  if (!reals)
    return std::nullopt;
  producer.weights = std::move(*reals);
  producer.weightType = cast<RankedTensorType>(weights.getShapedType());
  ArrayRef<int64_t> shape = producer.weightType.getShape();
  if (auto gemm = dyn_cast<onnx::GemmOp>(op)) {
    if (!gemm.getAlpha().isExactlyValue(1) || !gemm.getBeta().isExactlyValue(1))
      return std::nullopt;
    bool transposed = gemm.getTransB();
    producer.channels = shape[transposed ? 0 : 1];
    producer.inner = transposed ? shape[1] : 1;
  } else if (auto conv = dyn_cast<onnx::ConvTransposeOp>(op)) {
    // Weights are [input channels, output channels / groups, ...].
    producer.groups = conv.getGroup();
    producer.channels = shape[1] * producer.groups;
    for (int64_t size : shape.drop_front(2))
      producer.inner *= size;
  } else {
    producer.channels = shape[0];
    for (int64_t size : shape.drop_front(1))
      producer.inner *= size;
  }
  if (producer.channels == 0)
    return std::nullopt;
  if (Value bias = onnx::input(op, 2)) {
    auto values = realValues(onnx::constantValue(bias));
    if (!values || int64_t(values->size()) != producer.channels)
      return std::nullopt;
    producer.bias = std::move(*values);
  }
  return producer;
}

static bool allFinite(ArrayRef<double> values, Type element) {
  double largest = element.isF32() ? double(std::numeric_limits<float>::max())
                                   : std::numeric_limits<double>::max();
  return llvm::all_of(values,
                      [&](double v) { return std::fabs(v) <= largest; });
}

/// Replaces `op`, which scales and shifts the producer's result.
static LogicalResult absorb(PatternRewriter &rewriter, Operation *op,
                            Producer &producer, ArrayRef<double> scale,
                            ArrayRef<double> shift) {
  for (size_t i = 0; i < producer.weights.size(); ++i)
    producer.weights[i] *= scale[producer.channelOf(i)];
  producer.bias.resize(producer.channels);
  for (int64_t c = 0; c < producer.channels; ++c)
    producer.bias[c] = producer.bias[c] * scale[c] + shift[c];
  Type element = producer.weightType.getElementType();
  if (!allFinite(producer.weights, element) ||
      !allFinite(producer.bias, element))
    return failure();

  Location loc = producer.op->getLoc();
  std::string name = nodeName(loc).str();
  SmallVector<Value> operands(producer.op->getOperands());
  operands.resize(3);
  rewriter.setInsertionPoint(op);
  operands[1] = makeConstant(
      rewriter, loc,
      makeReals(producer.weightType, producer.weights, name + ".weight"));
  operands[2] = makeConstant(
      rewriter, loc,
      makeReals(RankedTensorType::get(producer.channels, element),
                producer.bias, name + ".bias"));
  OperationState state(rewriter.getFusedLoc({loc, op->getLoc()}),
                       producer.op->getName());
  state.addOperands(operands);
  state.addTypes(op->getResult(0).getType());
  state.addAttributes(producer.op->getAttrs());
  rewriter.replaceOp(op, rewriter.create(state)->getResults());
  return success();
}

/// A float constant with one value for each channel of `type` (axis 1, or the last of a matrix product), broadcast if it is one value.
static std::optional<std::vector<double>>
perChannel(Value value, RankedTensorType type, int64_t channels) {
  ElementsAttr elements = onnx::constantValue(value);
  auto reals = realValues(elements);
  if (!reals)
    return std::nullopt;
  if (reals->size() == 1) {
    if (elements.getShapedType().getRank() > type.getRank())
      return std::nullopt;
    return std::vector<double>(channels, reals->front());
  }
  ArrayRef<int64_t> shape = elements.getShapedType().getShape();
  int64_t behind = type.getRank() - 2;
  if (int64_t(reals->size()) != channels || int64_t(shape.size()) <= behind ||
      int64_t(shape.size()) > type.getRank() ||
      shape[shape.size() - 1 - behind] != channels)
    return std::nullopt;
  return reals;
}

namespace {

/// Normalisation with the statistics of training is a scale and a shift.
struct FoldBatchNormalization
    : OpRewritePattern<onnx::BatchNormalizationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::BatchNormalizationOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
    if (op.getTrainingMode() || op->getNumResults() != 1 || !type ||
        type.getRank() < 2)
      return failure();
    std::optional<std::vector<double>> values[4];
    for (int i = 0; i < 4; ++i) {
      values[i] = realValues(onnx::constantValue(op->getOperand(i + 1)));
      if (!values[i] || values[i]->size() != values[0]->size())
        return failure();
    }
    double epsilon = op.getEpsilon().convertToDouble();
    int64_t channels = values[0]->size();
    std::vector<double> scale(channels), shift(channels);
    for (int64_t c = 0; c < channels; ++c) {
      scale[c] = (*values[0])[c] / std::sqrt((*values[3])[c] + epsilon);
      shift[c] = (*values[1])[c] - (*values[2])[c] * scale[c];
    }
    std::optional<Producer> producer = findProducer(op->getOperand(0));
    if (producer && producer->channels == channels)
      return absorb(rewriter, op, *producer, scale, shift);

    SmallVector<int64_t> shape(type.getRank() - 1, 1);
    shape[0] = channels;
    auto constantType = RankedTensorType::get(shape, type.getElementType());
    std::string name = nodeName(op->getLoc()).str();
    if (!allFinite(scale, type.getElementType()) ||
        !allFinite(shift, type.getElementType()))
      return failure();
    Value factor = makeConstant(rewriter, op->getLoc(),
                                makeReals(constantType, scale, name + ".scale"));
    Value summand = makeConstant(rewriter, op->getLoc(),
                                 makeReals(constantType, shift, name + ".shift"));
    Value scaled = onnx::MulOp::create(
        rewriter, op->getLoc(), op->getResultTypes(),
        ValueRange{op->getOperand(0), factor})->getResult(0);
    rewriter.replaceOpWithNewOp<onnx::AddOp>(op, op->getResultTypes(),
                                             ValueRange{scaled, summand});
    return success();
  }
};

/// Mul, Div, Add or Sub of a producer's result and a constant per channel.
template <typename Op> struct FoldPerChannel : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    bool commutes = std::is_same_v<Op, onnx::MulOp> || std::is_same_v<Op, onnx::AddOp>;
    for (int side : {0, 1}) {
      if (side == 1 && !commutes)
        break;
      Value data = op->getOperand(side), other = op->getOperand(1 - side);
      auto type = dyn_cast<RankedTensorType>(data.getType());
      if (!type || type != op->getResult(0).getType() || type.getRank() < 2 ||
          !onnx::constantValue(other))
        continue;
      std::optional<Producer> producer = findProducer(data);
      if (!producer)
        continue;
      auto constant = perChannel(other, type, producer->channels);
      if (!constant)
        continue;
      std::vector<double> scale(producer->channels, 1), shift(producer->channels, 0);
      for (int64_t c = 0; c < producer->channels; ++c) {
        double value = (*constant)[c];
        if (std::is_same_v<Op, onnx::MulOp>)
          scale[c] = value;
        else if (std::is_same_v<Op, onnx::DivOp>)
          scale[c] = 1 / value;
        else
          shift[c] = std::is_same_v<Op, onnx::SubOp> ? -value : value;
      }
      return absorb(rewriter, op, *producer, scale, shift);
    }
    return failure();
  }
};

} // namespace

void ingot::populateWeightPatterns(RewritePatternSet &patterns) {
  patterns.add<FoldBatchNormalization, FoldPerChannel<onnx::MulOp>,
               FoldPerChannel<onnx::DivOp>, FoldPerChannel<onnx::AddOp>,
               FoldPerChannel<onnx::SubOp>>(patterns.getContext());
}
