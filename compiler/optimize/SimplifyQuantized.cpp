//===- SimplifyQuantized.cpp - QDQ graphs to integer operators ------------===//
//
// Exporters write a quantised operator as DequantizeLinear, the operator on floats, QuantizeLinear. Here convolutions and matrix products become
// the integer operators that these stand for, by onnxruntime's rules, so that results round as its do; what only moves data moves integers.
//
//===----------------------------------------------------------------------===//
#include "compiler/optimize/Patterns.h"
#include "compiler/optimize/Rewrite.h"
#include "compiler/support/Elements.h"
#include <cmath>

using namespace mlir;
using namespace ingot;

static int64_t integerAttr(Operation *op, StringRef name) {
  auto attribute = op->getAttrOfType<IntegerAttr>(name);
  return attribute ? attribute.getInt() : 0;
}

static bool isByte(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return integer && integer.getWidth() == 8;
}

static RankedTensorType rankedType(Value value) {
  return dyn_cast<RankedTensorType>(value.getType());
}

/// The tensor has one element.
static bool isNumber(Value value) {
  RankedTensorType type = rankedType(value);
  return type && type.hasStaticShape() && type.getNumElements() == 1 && type.getRank() <= 1;
}

namespace {

/// Integers that stand for reals: scale * (value - zero).
struct Quantized {
  Operation *op = nullptr;
  Value value, scale;
  Value zero; ///< null: 0
  int64_t axis = 0;

  RankedTensorType type() const { return rankedType(value); }
  bool isPerTensor() const { return isNumber(scale); }
  /// One scale for each place of dimension `dim`, or one for all.
  bool isAlong(int64_t dim) const {
    if (isPerTensor())
      return true;
    int64_t own = axis < 0 ? axis + type().getRank() : axis;
    return own == dim && rankedType(scale).getRank() == 1;
  }
};

} // namespace

/// The parameters of a QuantizeLinear or DequantizeLinear between float32 and integers.
static std::optional<Quantized> readParameters(Operation *op, Value value) {
  Quantized result{op, value, op->getOperand(1), onnx::input(op, 2), integerAttr(op, "axis")};
  RankedTensorType scale = rankedType(result.scale);
  if (!result.type() || !scale || !scale.hasStaticShape() || !scale.getElementType().isF32() ||
      integerAttr(op, "block_size") != 0 || integerAttr(op, "precision") != 0 ||
      !isa<IntegerType>(result.type().getElementType()))
    return std::nullopt;
  return result;
}

static std::optional<Quantized> dequantized(Value value) {
  auto op = value.getDefiningOp<onnx::DequantizeLinearOp>();
  if (!op || !rankedType(value) || !rankedType(value).getElementType().isF32())
    return std::nullopt;
  return readParameters(op, op->getOperand(0));
}

/// The value in bytes that a QuantizeLinear of one scale makes of a float32 tensor.
static std::optional<Quantized> quantized(onnx::QuantizeLinearOp op) {
  RankedTensorType from = rankedType(op->getOperand(0));
  if (!from || !from.getElementType().isF32())
    return std::nullopt;
  std::optional<Quantized> result = readParameters(op, op->getResult(0));
  if (!result || !isByte(result->type().getElementType()) || !result->isPerTensor())
    return std::nullopt;
  return result;
}

/// The zero point, which integer operators do not leave out.
static Value zeroOf(PatternRewriter &rewriter, const Quantized &q) {
  if (q.zero)
    return q.zero;
  auto type = RankedTensorType::get(rankedType(q.scale).getShape(), q.type().getElementType());
  return makeConstant(rewriter, q.op->getLoc(),
                      ElementsAttr(DenseElementsAttr::get(type, rewriter.getIntegerAttr(type.getElementType(), 0))));
}

/// Scales of the products of two factors, rounded once; nullopt where they are not constant.
static std::optional<std::vector<float>> productScale(const Quantized &x, const Quantized &w) {
  auto xs = realValues(onnx::constantValue(x.scale)), ws = realValues(onnx::constantValue(w.scale));
  if (!xs || !ws)
    return std::nullopt;
  std::vector<float> scales;
  for (double scale : *ws)
    scales.push_back(float(xs->front()) * float(scale));
  return scales;
}

/// The int32 values of a bias whose scale is that of the products, so that sums can start with them.
static std::optional<Value> biasOfSums(Value bias, const Quantized &x, const Quantized &w) {
  std::optional<Quantized> b = dequantized(bias);
  auto products = productScale(x, w);
  if (!b || !products || !b->type().getElementType().isSignlessInteger(32) || b->type().getRank() != 1)
    return std::nullopt;
  auto scales = realValues(onnx::constantValue(b->scale));
  if (!scales || (b->zero && splatConstant(b->zero) != 0))
    return std::nullopt;
  // Nobody has checked that they fit the weights yet.
  bool fit = scales->size() == products->size() || scales->size() == 1 || products->size() == 1;
  if (!fit || scales->empty() || products->empty())
    return std::nullopt;
  for (size_t i = 0, e = std::max(scales->size(), products->size()); i != e; ++i) {
    double own = (*scales)[scales->size() == 1 ? 0 : i];
    double wanted = (*products)[products->size() == 1 ? 0 : i];
    // The product may have been rounded on another way.
    if (!(std::fabs(own - wanted) <= 1e-6 * std::fabs(wanted)))
      return std::nullopt;
  }
  return b->value;
}

static Value withShape(PatternRewriter &rewriter, Location loc, Value value, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> wanted(shape);
  for (int64_t &size : wanted)
    size = ShapedType::isDynamic(size) ? -1 : size;
  auto type = RankedTensorType::get(shape, rankedType(value).getElementType());
  return onnx::ReshapeOp::create(rewriter, loc, TypeRange(Type(type)),
                                 ValueRange{value, makeConstant(rewriter, loc, wanted)},
                                 rewriter.getNamedAttr("allowzero", rewriter.getI64IntegerAttr(0)))
      ->getResult(0);
}

/// A QLinearConv of the result's type.
static Value quantizedConvolution(PatternRewriter &rewriter, Location loc, Type type, const Quantized &x, const Quantized &w,
                                  const Quantized &y, Value bias, ArrayRef<NamedAttribute> attributes) {
  SmallVector<Value> operands{x.value, x.scale, zeroOf(rewriter, x), w.value, w.scale, zeroOf(rewriter, w),
                              y.scale, zeroOf(rewriter, y)};
  if (bias)
    operands.push_back(bias);
  return onnx::QLinearConvOp::create(rewriter, loc, TypeRange(type), operands, attributes)->getResult(0);
}

namespace {

/// QuantizeLinear(Conv(DequantizeLinear(x), DequantizeLinear(w))) and the same of matrix products.
struct QuantizedProduct : OpRewritePattern<onnx::QuantizeLinearOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::QuantizeLinearOp op, PatternRewriter &rewriter) const override {
    Operation *product = op->getOperand(0).getDefiningOp();
    if (!product || !product->hasOneUse() || !isa<onnx::ConvOp, onnx::GemmOp, onnx::MatMulOp>(product))
      return failure();
    std::optional<Quantized> x = dequantized(product->getOperand(0)), w = dequantized(product->getOperand(1)), y = quantized(op);
    if (!x || !w || !y || !isByte(x->type().getElementType()) || !isByte(w->type().getElementType()) || !x->isPerTensor())
      return failure();
    Value bias;
    if (Value addend = onnx::input(product, 2)) {
      std::optional<Value> sums = biasOfSums(addend, *x, *w);
      if (!sums)
        return failure();
      bias = *sums;
    }
    Location loc = rewriter.getFusedLoc({product->getLoc(), op->getLoc()});
    Value result;
    if (isa<onnx::ConvOp>(product) && w->isAlong(0))
      result = quantizedConvolution(rewriter, loc, op->getResult(0).getType(), *x, *w, *y, bias, product->getAttrs());
    else if (auto gemm = dyn_cast<onnx::GemmOp>(product))
      result = convolveMatrix(rewriter, loc, gemm, *x, *w, *y, bias);
    else if (isa<onnx::MatMulOp>(product) && w->isAlong(w->type().getRank() - 1))
      result = onnx::QLinearMatMulOp::create(rewriter, loc, TypeRange(op->getResult(0).getType()),
                                             ValueRange{x->value, x->scale, zeroOf(rewriter, *x), w->value, w->scale,
                                                        zeroOf(rewriter, *w), y->scale, zeroOf(rewriter, *y)},
                                             ArrayRef<NamedAttribute>())
                   ->getResult(0);
    if (!result)
      return failure();
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  /// A Gemm as a convolution over one point, which has a bias in sums; null where it scales or transposes what a convolution does not.
  static Value convolveMatrix(PatternRewriter &rewriter, Location loc, onnx::GemmOp gemm, const Quantized &x, Quantized w,
                              const Quantized &y, Value bias) {
    bool transposed = gemm.getTransB();
    if (gemm.getTransA() || !gemm.getAlpha().isExactlyValue(1) || (bias && !gemm.getBeta().isExactlyValue(1)) ||
        !w.isAlong(transposed ? 0 : 1) || !w.type().hasStaticShape())
      return {};
    int64_t filters = w.type().getDimSize(transposed ? 0 : 1), channels = w.type().getDimSize(transposed ? 1 : 0);
    if (bias && rankedType(bias).getDimSize(0) != filters)
      return {};
    int64_t rows = x.type().getDimSize(0);
    Quantized points = x;
    points.value = withShape(rewriter, loc, x.value, {rows, channels, 1, 1});
    Value matrix = w.value;
    if (!transposed)
      matrix = onnx::TransposeOp::create(
                   rewriter, loc, TypeRange(Type(RankedTensorType::get({filters, channels}, w.type().getElementType()))), ValueRange(matrix),
                   rewriter.getNamedAttr("perm", rewriter.getDenseI64ArrayAttr({1, 0})))
                   ->getResult(0);
    Quantized kernel = w;
    kernel.value = withShape(rewriter, loc, matrix, {filters, channels, 1, 1});
    SmallVector<NamedAttribute> attributes{rewriter.getNamedAttr("auto_pad", rewriter.getStringAttr("NOTSET")),
                                           rewriter.getNamedAttr("group", rewriter.getIntegerAttr(rewriter.getI64Type(), 1))};
    Type type = RankedTensorType::get({rows, filters, 1, 1}, y.type().getElementType());
    Value result = quantizedConvolution(rewriter, loc, type, points, kernel, y, bias, attributes);
    return withShape(rewriter, loc, result, {rows, filters});
  }
};

/// A product of integers that is not quantised again: the sums times the product of the scales.
struct DequantizedMatMul : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MatMulOp op, PatternRewriter &rewriter) const override {
    std::optional<Quantized> x = dequantized(op->getOperand(0)), w = dequantized(op->getOperand(1));
    RankedTensorType type = rankedType(op->getResult(0));
    if (!x || !w || !type || !isByte(x->type().getElementType()) || !isByte(w->type().getElementType()) || !x->isPerTensor() ||
        w->type().getRank() < 2 || !w->isAlong(w->type().getRank() - 1))
      return failure();
    // That of a result which is quantised again is another pattern's.
    if (llvm::any_of(op->getUsers(), llvm::IsaPred<onnx::QuantizeLinearOp>))
      return failure();
    auto scales = productScale(*x, *w);
    if (!scales)
      return failure();
    Location loc = op->getLoc();
    Value sums = onnx::MatMulIntegerOp::create(
                     rewriter, loc, TypeRange(Type(type.clone(rewriter.getI32Type()))),
                     ValueRange{x->value, w->value, zeroOf(rewriter, *x), zeroOf(rewriter, *w)}, ArrayRef<NamedAttribute>())
                     ->getResult(0);
    RankedTensorType scaleType = rankedType(w->scale);
    Value scale = makeConstant(rewriter, loc, makeElements(scaleType, ArrayRef(reinterpret_cast<const char *>(scales->data()), scales->size() * sizeof(float)),
                                                           nodeName(loc).str() + ".scale"));
    SmallVector<NamedAttribute> attributes(x->op->getAttrs());
    NamedAttrList list(attributes);
    list.set("axis", rewriter.getIntegerAttr(rewriter.getI64Type(), type.getRank() - 1));
    rewriter.replaceOpWithNewOp<onnx::DequantizeLinearOp>(op, op->getResultTypes(), ValueRange{sums, scale}, list);
    return success();
  }
};

/// What moves data between a DequantizeLinear and a QuantizeLinear of the same parameters moves integers.
struct MoveIntegers : OpRewritePattern<onnx::QuantizeLinearOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::QuantizeLinearOp op, PatternRewriter &rewriter) const override {
    Operation *mover = op->getOperand(0).getDefiningOp();
    if (!mover || !mover->hasOneUse() || !moves(mover))
      return failure();
    std::optional<Quantized> x = dequantized(mover->getOperand(0)), y = quantized(op);
    if (!x || !y || !x->isPerTensor() || x->type().getElementType() != y->type().getElementType() ||
        !sameConstant(x->scale, y->scale) || !sameConstant(x->zero, y->zero))
      return failure();
    SmallVector<Value> operands(mover->getOperands());
    operands[0] = x->value;
    OperationState state(rewriter.getFusedLoc({mover->getLoc(), op->getLoc()}), mover->getName());
    state.addOperands(operands);
    state.addTypes(op->getResult(0).getType());
    state.addAttributes(mover->getAttrs());
    rewriter.replaceOp(op, rewriter.create(state)->getResults());
    return success();
  }

private:
  static bool moves(Operation *op) {
    return op->getNumResults() == 1 &&
           isa<onnx::MaxPoolOp, onnx::ReshapeOp, onnx::FlattenOp, onnx::TransposeOp, onnx::SqueezeOp, onnx::UnsqueezeOp, onnx::SliceOp,
               onnx::GatherOp, onnx::ExpandOp, onnx::TileOp, onnx::DepthToSpaceOp, onnx::SpaceToDepthOp, onnx::IdentityOp>(op);
  }
  static bool sameConstant(Value a, Value b) {
    if (!a || !b)
      return !a && !b;
    return a == b || (onnx::constantValue(a) && onnx::constantValue(a) == onnx::constantValue(b));
  }
};

} // namespace

void ingot::populateQuantizedPatterns(RewritePatternSet &patterns) {
  patterns.add<QuantizedProduct, DequantizedMatMul, MoveIntegers>(patterns.getContext());
}
