//===- Winograd.cpp - convolutions of 3x3 with fewer multiplications ------===//
//
// F(4x4, 3x3) of "Fast Algorithms for Convolutional Neural Networks" (arXiv 1509.09308): a tile of 4x4 outputs is AT ((G g GT) * (BT d B)) A for
// the 6x6 inputs d that it sees, where * multiplies 36 places each on its own, and the sum over the channels is a matrix product in each place. 36
// multiplications take the place of 144. All steps are contractions, the transforms with constant matrices, so that they are scheduled, vectorised
// and shared among threads as any other.
//
// Of quantised integers the result is exact. With the points 0, 1, -1, 2 and -2 the transformed inputs fit into int16, and so do the transformed weights, less their
// denominators. These are powers of two times 1 or 3, and modulo 2^32, in which everything is summed, 3 has an inverse; eight times the last matrix, on both sides,
// then gives 64 times the result, from which the result follows if it is below 2^25. Whether it is, the weights tell.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/Passes.h"
#include "compiler/kernels/Stages.h"
#include "compiler/support/CodeOptions.h"
#include "compiler/support/Elements.h"
#include "compiler/support/Names.h"
#include "compiler/support/Target.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace ingot {
#define GEN_PASS_DEF_WINOGRAD
#include "compiler/kernels/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

constexpr int64_t kTile = 4, kWindow = 3, kPatch = kTile + kWindow - 1;

namespace {
/// The matrices of the Toom-Cook algorithm: polynomials are evaluated at points, multiplied there, and interpolated. The sixth point is infinity.
struct Transforms {
  double input[kPatch][kPatch] = {};   ///< BT
  double filter[kPatch][kWindow] = {}; ///< G, each row times its denominator
  double output[kTile][kPatch] = {};   ///< AT
  double denominators[kPatch] = {};

  constexpr explicit Transforms(const double (&points)[kPatch - 1]) {
    for (int64_t i = 0; i < kPatch; ++i) {
      bool finite = i < kPatch - 1;
      // The product of (x - p) over the other points, and its value at the own one.
      double polynomial[kPatch + 1] = {1}, value = 1;
      for (int64_t j = 0, degree = 0; j < kPatch - 1; ++j) {
        if (i == j)
          continue;
        ++degree;
        for (int64_t k = degree; k >= 0; --k)
          polynomial[k] = (k ? polynomial[k - 1] : 0) - points[j] * polynomial[k];
        value *= finite ? points[i] - points[j] : 1;
      }
      denominators[i] = value;
      double power = 1;
      for (int64_t k = 0; k < kPatch; ++k, power *= finite ? points[i] : 0) {
        input[i][k] = polynomial[k];
        if (k < kWindow)
          filter[i][k] = finite ? power : k == kWindow - 1;
        if (k < kTile)
          output[k][i] = finite ? power : k == kTile - 1;
      }
    }
  }
};
} // namespace

/// Symmetric and near 1, and every entry of the first and the last matrix exact in float32: rounding errors are less than half of those with the usual
/// 0, 1, -1, 2 and -2.
static constexpr Transforms forFloats({0, 0.75, -0.75, 1.5, -1.5});
static constexpr Transforms forIntegers({0, 1, -1, 2, -2});

/// Results of integers come times 2^kShift, and are below 2^(31 - kShift).
constexpr int64_t kShift = 6;
/// The greatest of factors whose transforms fit into int16: rows of the matrices have sums up to 10 and 7.
constexpr int64_t kGreatestInput = 32767 / 100, kGreatestWeight = 32767 / 49;

/// 8 / denominator modulo 2^32.
static int32_t eightOver(double denominator) {
  auto whole = int64_t(denominator);
  uint32_t odd = uint32_t(whole), inverse = 1;
  int64_t eight = 8;
  for (; odd % 2 == 0; odd = uint32_t(int32_t(odd) / 2))
    eight /= 2;
  // Newton's method doubles the bits that are right.
  for (int i = 0; i < 5; ++i)
    inverse *= 2 - odd * inverse;
  return int32_t(uint32_t(eight) * inverse);
}

// Costs in multiply-adds of a lane, as measured with AVX2: of a tile and a channel that goes in or comes out, of a byte of weights from memory and
// from the last cache, and what the matrix products lose against a direct convolution.
constexpr double kTransformIn = 500, kTransformOut = 250, kIntegerTransformOut = 500, kByteFromMemory = 4, kByteFromCache = 1.5, kProduct = 1.1;
/// Weights of a model up to this many bytes stay in the last cache from call to call.
constexpr int64_t kLastCache = 8 << 20;
/// The least gain for which all this is done.
constexpr double kLeastGain = 1.15;

namespace {
/// out[n, h, w, k] = sum over r, s, c of in[n, h + r, w + s, c] * weights[k, r, s, c], the weights' dimensions in any order. In float32, or of small integers in int32.
struct Convolution {
  int64_t images, height, width, channels, filters; ///< of the output; channels of the input
  SmallVector<unsigned, 4> weightDims;              ///< where k, r, s and c are among the weights' dimensions
  ElementsAttr weights;
  bool isInteger = false;

  int64_t tilesHigh() const { return llvm::divideCeil(height, kTile); }
  int64_t tilesWide() const { return llvm::divideCeil(width, kTile); }
  int64_t tiles() const { return images * tilesHigh() * tilesWide(); }

  static std::optional<Convolution> match(linalg::GenericOp op);
  std::vector<double> weightValues() const;
  bool isExact(Value input) const;
  bool pays(const Target &target, bool isCached) const;
};

/// The steps, each of which gives a tensor.
class Builder {
public:
  Builder(linalg::GenericOp op, const Convolution &conv) : b(op), loc(op.getLoc()), conv(conv), transforms(conv.isInteger ? forIntegers : forFloats),
        factor(conv.isInteger ? Type(b.getI16Type()) : b.getF32Type()), sum(conv.isInteger ? Type(b.getI32Type()) : b.getF32Type()) {
    auto nodes = nodesOf(op.getLoc());
    node = nodes.empty() ? std::string() : nodes.front().name;
  }

  /// The result, as the tiles lie: [n, tile row, row, tile column, column, k].
  Value build(Value input) {
    step("winograd_input");
    Value patches = padded(input);
    step("winograd_rows");
    Value by = inputMatrix();
    Value rows = transform(patches, {kPatch, conv.images, conv.tilesHigh(), kTile * conv.tilesWide() + 2, conv.channels}, by, /*from=*/2, /*place=*/0);
    step("winograd_columns");
    Value places = transform(rows, {kPatch, kPatch, conv.images, conv.tilesHigh(), conv.tilesWide(), conv.channels}, by, /*from=*/4, /*place=*/1);
    step("winograd_products");
    Value products = multiply(places);
    return back(products);
  }

private:
  /// What follows is this part of the node.
  void step(StringRef name) { loc = NameLoc::get(b.getStringAttr(node), NameLoc::get(b.getStringAttr(name))); }

  AffineExpr dim(unsigned i) { return b.getAffineDimExpr(i); }
  static RankedTensorType type(ArrayRef<int64_t> shape, Type element) { return RankedTensorType::get(shape, element); }

  template <typename T> Value constant(ArrayRef<int64_t> shape, Type element, const std::vector<T> &values) {
    ArrayRef bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(makeElements(type(shape, element), bytes)));
  }

  template <typename T> Value matrix(const double *values, int64_t rows, Type element) {
    return constant({rows, kPatch}, element, std::vector<T>(values, values + rows * kPatch));
  }

  Value inputMatrix() {
    const double *values = &transforms.input[0][0];
    return conv.isInteger ? matrix<int16_t>(values, kPatch, factor) : matrix<float>(values, kPatch, factor);
  }

  Value outputMatrix() {
    if (!conv.isInteger)
      return matrix<float>(&transforms.output[0][0], kTile, sum);
    std::vector<int32_t> values;
    for (const auto &row : transforms.output)
      for (int64_t i = 0; i < kPatch; ++i)
        values.push_back(int32_t(uint32_t(int32_t(row[i])) * uint32_t(eightOver(transforms.denominators[i]))));
    return constant({kTile, kPatch}, sum, values);
  }

  /// Sums of products in the type `element`, over the loops behind those of the result's dimensions.
  Value contraction(Value x, Value y, ArrayRef<int64_t> shape, Type element, unsigned loops, ArrayRef<AffineExpr> xs, ArrayRef<AffineExpr> ys,
                    ArrayRef<AffineExpr> outs) {
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(element));
    Value empty = tensor::EmptyOp::create(b, loc, shape, element);
    Value start = linalg::FillOp::create(b, loc, zero, empty).getResult(0);
    auto map = [&](ArrayRef<AffineExpr> exprs) { return AffineMap::get(loops, 0, exprs, b.getContext()); };
    SmallVector<utils::IteratorType> kinds(shape.size(), utils::IteratorType::parallel);
    kinds.append(loops - shape.size(), utils::IteratorType::reduction);
    return linalg::GenericOp::create(b, loc, type(shape, element), ValueRange{x, y}, start, ArrayRef{map(xs), map(ys), map(outs)}, kinds,
                                     [&](OpBuilder &inner, Location at, ValueRange args) {
                                       auto widened = [&](Value value) -> Value {
                                         return value.getType() == element ? value : arith::ExtSIOp::create(inner, at, element, value);
                                       };
                                       Value left = widened(args[0]), right = widened(args[1]), total;
                                       if (conv.isInteger)
                                         total = arith::AddIOp::create(inner, at, args[2], arith::MulIOp::create(inner, at, left, right));
                                       else
                                         total = arith::AddFOp::create(inner, at, args[2], arith::MulFOp::create(inner, at, left, right));
                                       linalg::YieldOp::create(inner, at, total);
                                     })
        .getResult(0);
  }

  /// A copy of the input with the padding, which covers whole tiles.
  Value padded(Value input) {
    SmallVector<int64_t> low(4, 0), shape = {conv.images, kTile * conv.tilesHigh() + 2, kTile * conv.tilesWide() + 2, conv.channels};
    if (auto pad = input.getDefiningOp<tensor::PadOp>()) {
      low.assign(pad.getStaticLow().begin(), pad.getStaticLow().end());
      input = pad.getSource();
    }
    auto source = cast<RankedTensorType>(input.getType());
    if (source.getShape() == ArrayRef(shape))
      return input;
    SmallVector<int64_t> high;
    for (auto [to, from, before] : llvm::zip(shape, source.getShape(), low))
      high.push_back(to - from - before);
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(factor));
    auto attributes = [&](ArrayRef<int64_t> sizes) { return getAsIndexOpFoldResult(b.getContext(), sizes); };
    return copyOfPadded(tensor::PadOp::create(b, loc, type(shape, factor), input, attributes(low), attributes(high), zero));
  }

  /// BT along a spatial dimension of x, for each tile: the result's dimension `from` counts tiles of it, dimension `place` the matrix' rows, and the
  /// others are x's.
  Value transform(Value x, ArrayRef<int64_t> shape, Value by, unsigned from, unsigned place) {
    unsigned rank = shape.size();
    SmallVector<AffineExpr> xs, outs;
    for (unsigned i = 0; i < rank; ++i) {
      outs.push_back(dim(i));
      if (i != place)
        xs.push_back(i == from ? dim(i) * kTile + dim(rank) : dim(i));
    }
    return contraction(x, by, shape, factor, rank + 1, xs, {dim(place), dim(rank)}, outs);
  }

  /// In each place the sum over the channels, for all tiles and filters: [place, tile, filter].
  Value multiply(Value places) {
    int64_t count = kPatch * kPatch;
    Value flat = tensor::CollapseShapeOp::create(b, loc, places, ArrayRef<ReassociationIndices>{{0, 1}, {2, 3, 4}, {5}});
    return contraction(flat, transformedWeights(), {count, conv.tiles(), conv.filters}, sum, 4, {dim(0), dim(1), dim(3)}, {dim(0), dim(3), dim(2)},
                       {dim(0), dim(1), dim(2)});
  }

  /// G g GT, computed in double, of integers without the denominators: [place, channel, filter].
  Value transformedWeights() {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(conv.weights.getShapedType()).getShape();
    int64_t strides[4], stride[4], inner = 1;
    for (int i = 3; i >= 0; inner *= shape[i--])
      strides[i] = inner;
    for (int i = 0; i < 4; ++i)
      stride[i] = strides[conv.weightDims[i]];
    double filter[kPatch][kWindow];
    for (int64_t i = 0; i < kPatch; ++i)
      for (int64_t s = 0; s < kWindow; ++s)
        filter[i][s] = transforms.filter[i][s] / (conv.isInteger ? 1 : transforms.denominators[i]);
    std::vector<double> values = conv.weightValues(), result(size_t(kPatch * kPatch * conv.channels * conv.filters));
    for (int64_t k = 0; k < conv.filters; ++k)
      for (int64_t c = 0; c < conv.channels; ++c) {
        const double *g = values.data() + k * stride[0] + c * stride[3];
        double half[kPatch][kWindow] = {};
        for (int64_t i = 0; i < kPatch; ++i)
          for (int64_t s = 0; s < kWindow; ++s)
            for (int64_t r = 0; r < kWindow; ++r)
              half[i][s] += filter[i][r] * g[r * stride[1] + s * stride[2]];
        for (int64_t i = 0; i < kPatch; ++i)
          for (int64_t j = 0; j < kPatch; ++j) {
            double total = 0;
            for (int64_t s = 0; s < kWindow; ++s)
              total += half[i][s] * filter[j][s];
            result[size_t(((i * kPatch + j) * conv.channels + c) * conv.filters + k)] = total;
          }
      }
    SmallVector<int64_t> made = {kPatch * kPatch, conv.channels, conv.filters};
    if (conv.isInteger)
      return constant(made, factor, std::vector<int16_t>(result.begin(), result.end()));
    return constant(made, factor, std::vector<float>(result.begin(), result.end()));
  }

  /// AT along both dimensions.
  Value back(Value products) {
    int64_t n = conv.images, high = conv.tilesHigh(), wide = conv.tilesWide(), k = conv.filters;
    Value places = tensor::ExpandShapeOp::create(b, loc, type({kPatch, kPatch, n, high, wide, k}, sum), products, ArrayRef<ReassociationIndices>{{0, 1}, {2, 3, 4}, {5}});
    Value by = outputMatrix();
    // [place, n, tile row, tile column, column, k]
    step("winograd_columns_back");
    Value columns = contraction(places, by, {kPatch, n, high, wide, kTile, k}, sum, 7, {dim(0), dim(6), dim(1), dim(2), dim(3), dim(5)}, {dim(4), dim(6)},
                                {dim(0), dim(1), dim(2), dim(3), dim(4), dim(5)});
    step("winograd_rows_back");
    Value result = contraction(columns, by, {n, high, kTile, wide, kTile, k}, sum, 7, {dim(6), dim(0), dim(1), dim(3), dim(4), dim(5)}, {dim(2), dim(6)},
                               {dim(0), dim(1), dim(2), dim(3), dim(4), dim(5)});
    return conv.isInteger ? shifted(result) : result;
  }

  Value shifted(Value value) {
    auto shaped = cast<RankedTensorType>(value.getType());
    AffineMap same = b.getMultiDimIdentityMap(shaped.getRank());
    SmallVector<utils::IteratorType> kinds(shaped.getRank(), utils::IteratorType::parallel);
    Value empty = tensor::EmptyOp::create(b, loc, shaped.getShape(), shaped.getElementType());
    return linalg::GenericOp::create(b, loc, shaped, value, empty, ArrayRef{same, same}, kinds,
                                     [](OpBuilder &inner, Location at, ValueRange args) {
                                       Value shift = arith::ConstantOp::create(inner, at, inner.getI32IntegerAttr(kShift));
                                       linalg::YieldOp::create(inner, at, arith::ShRSIOp::create(inner, at, args[0], shift).getResult());
                                     })
        .getResult(0);
  }

  OpBuilder b;
  Location loc;
  const Convolution &conv;
  const Transforms &transforms;
  Type factor, sum; ///< of the products
  std::string node;
};
} // namespace

/// acc + a * b in float32; or in int32, of a and b widened from integers of 16 bits or fewer. No other operations.
static bool hasPlainBody(linalg::GenericOp op) {
  Block &body = op.getRegion().front();
  Value acc = body.getArgument(2);
  Operation *add = combinerOf(op, 0);
  Operation *product = add->getOperand(add->getOperand(0) == acc ? 1 : 0).getDefiningOp();
  unsigned widenings = 0;
  for (Value value : product->getOperands()) {
    if (auto widened = value.getDefiningOp<arith::ExtSIOp>()) {
      ++widenings;
      value = widened.getIn();
    }
    if (!isa<BlockArgument>(value))
      return false;
  }
  bool isInteger = isa<arith::MulIOp>(product);
  return product->getOperand(0) != product->getOperand(1) && add->getResult(0).getType().isInteger(32) == isInteger && widenings == (isInteger ? 2 : 0) &&
         body.getOperations().size() == 3 + widenings;
}

std::optional<Convolution> Convolution::match(linalg::GenericOp op) {
  if (!isContraction(op) || op.getNumDpsInputs() != 2 || op.getNumLoops() != 7 || !hasPlainBody(op))
    return std::nullopt;
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  SmallVector<unsigned> sums;
  op.getReductionDims(sums);
  auto input = dyn_cast<RankedTensorType>(op.getDpsInputs()[0].getType());
  auto output = cast<RankedTensorType>(op.getResult(0).getType());
  Convolution conv;
  if (!input || input.getRank() != 4 || output.getRank() != 4 || sums.size() != 3 || !(input.getElementType().isF32() || input.getElementType().isInteger(16)) ||
      llvm::is_contained(loops, ShapedType::kDynamic) || !matchPattern(op.getDpsInputs()[1], m_Constant(&conv.weights)))
    return std::nullopt;
  // Weights that are one number repeated take no memory, and would then.
  if (splatValue(conv.weights))
    return std::nullopt;
  AffineMap x = op.getIndexingMapsArray()[0], w = op.getIndexingMapsArray()[1], y = op.getIndexingMapsArray()[2];
  if (!y.isProjectedPermutation() || !w.isProjectedPermutation() || w.getNumResults() != 4)
    return std::nullopt;
  unsigned n = y.getDimPosition(0), h = y.getDimPosition(1), v = y.getDimPosition(2), k = y.getDimPosition(3);
  // The window's loops: what an index of the input has beside the output's.
  auto windowLoop = [&](unsigned place, unsigned loop) -> std::optional<unsigned> {
    for (unsigned sum : sums)
      if (x.getResult(place) == getAffineDimExpr(loop, op.getContext()) + getAffineDimExpr(sum, op.getContext()))
        return sum;
    return std::nullopt;
  };
  std::optional<unsigned> r = windowLoop(1, h), s = windowLoop(2, v);
  auto c = dyn_cast<AffineDimExpr>(x.getResult(3));
  if (!r || !s || !c || !llvm::is_contained(sums, c.getPosition()) || x.getResult(0) != getAffineDimExpr(n, op.getContext()) || loops[*r] != kWindow ||
      loops[*s] != kWindow)
    return std::nullopt;
  for (unsigned loop : {k, *r, *s, c.getPosition()}) {
    std::optional<unsigned> place = w.getResultPosition(getAffineDimExpr(loop, op.getContext()));
    if (!place)
      return std::nullopt;
    conv.weightDims.push_back(*place);
  }
  // Padding is of zeros, and not of the channels.
  if (auto pad = op.getDpsInputs()[0].getDefiningOp<tensor::PadOp>()) {
    auto value = pad.getConstantPaddingValue();
    if (!pad.getSourceType().hasStaticShape() || !value || !(matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero())) || pad.getStaticLow()[0] || pad.getStaticHigh()[0] ||
        pad.getStaticLow()[3] || pad.getStaticHigh()[3])
      return std::nullopt;
  }
  conv.images = loops[n];
  conv.height = loops[h];
  conv.width = loops[v];
  conv.filters = loops[k];
  conv.channels = loops[c.getPosition()];
  conv.isInteger = output.getElementType().isInteger(32);
  if (conv.isInteger && !conv.isExact(op.getDpsInputs()[0]))
    return std::nullopt;
  return conv;
}

std::vector<double> Convolution::weightValues() const {
  if (isInteger) {
    std::vector<int64_t> values = *integerValues(weights);
    return std::vector<double>(values.begin(), values.end());
  }
  std::vector<char> data = elementData(weights);
  auto values = ArrayRef(reinterpret_cast<const float *>(data.data()), data.size() / sizeof(float));
  return std::vector<double>(values.begin(), values.end());
}

/// The greatest magnitude that an integer can have which a body computes, as far as its last operations tell.
static int64_t greatest(Value value) {
  int64_t bits = value.getType().getIntOrFloatBitWidth();
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return std::abs(constant.getSExtValue());
  if (auto widened = value.getDefiningOp<arith::ExtUIOp>())
    return (int64_t(1) << widened.getIn().getType().getIntOrFloatBitWidth()) - 1;
  if (auto widened = value.getDefiningOp<arith::ExtSIOp>())
    return int64_t(1) << (widened.getIn().getType().getIntOrFloatBitWidth() - 1);
  if (auto difference = value.getDefiningOp<arith::SubIOp>()) {
    // Of two integers that are widened without a sign, the greater counts.
    Value left = difference.getLhs(), right = difference.getRhs();
    APInt taken;
    bool bothPositive = left.getDefiningOp<arith::ExtUIOp>() &&
                        (right.getDefiningOp<arith::ExtUIOp>() || (matchPattern(right, m_ConstantInt(&taken)) && !taken.isNegative()));
    int64_t least = std::min<int64_t>(greatest(left) + greatest(right), int64_t(1) << (bits - 1));
    return bothPositive ? std::max(greatest(left), greatest(right)) : least;
  }
  return int64_t(1) << (bits - 1);
}

/// The same of a tensor's elements.
static int64_t greatestElement(Value tensor) {
  while (Operation *op = tensor.getDefiningOp()) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (generic && !isDataMovement(generic))
      return greatest(generic.getRegion().front().getTerminator()->getOperand(cast<OpResult>(tensor).getResultNumber()));
    if (!generic && !isReshape(op) && !isa<tensor::PadOp>(op))
      break;
    tensor = op->getOperand(0);
  }
  return int64_t(1) << 15;
}

/// All transforms fit into their types, and the results into what is left of them.
bool Convolution::isExact(Value input) const {
  if (!weights.getElementType().isInteger(8) && !weights.getElementType().isInteger(16))
    return false;
  int64_t most = greatestElement(input);
  if (most > kGreatestInput)
    return false;
  std::vector<double> values = weightValues();
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weights.getShapedType()).getShape();
  int64_t inner = 1;
  for (int64_t i = weightDims[0] + 1; i < 4; ++i)
    inner *= shape[i];
  std::vector<double> totals(filters, 0);
  for (auto [i, value] : llvm::enumerate(values)) {
    if (std::abs(value) > kGreatestWeight)
      return false;
    totals[int64_t(i) / inner % filters] += std::abs(value);
  }
  return llvm::all_of(totals, [&](double total) { return total * double(most) < double(int64_t(1) << (31 - kShift)); });
}

bool Convolution::pays(const Target &target, bool isCached) const {
  int64_t lanes = target.lanes(4);
  if (lanes < 4 || channels < lanes || filters < lanes)
    return false;
  // Without pairs a product of int16 is one of int32.
  if (isInteger && llvm::none_of(target.dots, [](const DotInstruction &dot) { return !dot.isFloat && dot.bits[1] == 16; }))
    return false;
  double products = double(channels) * double(filters), tileCount = double(tiles());
  double direct = 9 * products * double(images * height * width);
  double sums = kPatch * kPatch * products * tileCount * kProduct;
  double out = isInteger ? kIntegerTransformOut : kTransformOut;
  double around = tileCount * (kTransformIn * double(channels) + out * double(filters));
  double before = 9 * products * double(weights.getElementType().getIntOrFloatBitWidth() / 8);
  double weightBytes = kPatch * kPatch * products * (isInteger ? 2 : 4);
  double byte = weightBytes <= double(target.l2Bytes) ? 0 : isCached ? kByteFromCache : kByteFromMemory;
  return direct > kLeastGain * (sums + around + byte * (weightBytes - before));
}

static int64_t constantBytes(Operation *function) {
  int64_t total = 0;
  function->walk([&](arith::ConstantOp op) {
    if (auto type = dyn_cast<RankedTensorType>(op.getType()))
      total += type.getNumElements() * elementBytes(type.getElementType());
  });
  return total;
}

/// Operations on the result's elements go with the tiles, so that they stay in the last transform's kernel.
static void moveReshapesDown(Operation *function, llvm::SmallPtrSet<Operation *, 8> reshapes) {
  RewritePatternSet patterns(function->getContext());
  linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, [&](OpOperand *operand) {
    auto user = dyn_cast<linalg::GenericOp>(operand->getOwner());
    return user && isElementwise(user) && reshapes.contains(operand->get().getDefiningOp());
  });
  tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, function->getContext());
  GreedyRewriteConfig config;
  config.enableFolding(false);
  (void)applyPatternsGreedily(function, std::move(patterns), config);
}

namespace {
struct Winograd : ingot::impl::WinogradBase<Winograd> {
  void runOnOperation() override {
    auto module = getOperation()->getParentOfType<ModuleOp>();
    if (!module || module->hasAttr(kNoWinograd))
      return;
    const Target &target = Target::of(module);
    SmallVector<linalg::GenericOp> generics;
    getOperation().walk([&](linalg::GenericOp op) { generics.push_back(op); });
    bool changed = false /* by rounding */, isCached = constantBytes(getOperation()) <= kLastCache;
    llvm::SmallPtrSet<Operation *, 8> reshapes;
    for (linalg::GenericOp op : generics) {
      std::optional<Convolution> conv = Convolution::match(op);
      if (!conv || !conv->pays(target, isCached))
        continue;
      Value tiles = Builder(op, *conv).build(op.getDpsInputs()[0]);
      OpBuilder b(op);
      auto collapsed = tensor::CollapseShapeOp::create(b, op.getLoc(), tiles, ArrayRef<ReassociationIndices>{{0}, {1, 2}, {3, 4}, {5}});
      Value result = collapsed;
      auto wanted = cast<RankedTensorType>(op.getResult(0).getType());
      if (result.getType() != wanted)
        result = tensor::ExtractSliceOp::create(b, op.getLoc(), wanted, result, SmallVector<OpFoldResult>(4, b.getIndexAttr(0)),
                                                getAsIndexOpFoldResult(b.getContext(), wanted.getShape()), SmallVector<OpFoldResult>(4, b.getIndexAttr(1)));
      else
        reshapes.insert(collapsed);
      op.getResult(0).replaceAllUsesWith(result);
      op.erase();
      changed |= !conv->isInteger;
    }
    if (changed)
      module->setAttr(kWinograd, UnitAttr::get(&getContext()));
    if (!reshapes.empty())
      moveReshapesDown(getOperation(), reshapes);
  }
};
} // namespace
