//===- NarrowFactors.cpp - products of int8 -------------------------------===//
//
// Quantised operators multiply integers less their zero points, which have nine bits: sum((x - z) * w). Instructions for int8 want x as it is, so that the sum is
// sum(x * w) - z * sum(w), where sum(w) is a constant for each filter. This holds modulo 2^32, in which everything is summed, and for points at an edge if
// the padding is z.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/Passes.h"
#include "compiler/kernels/Stages.h"
#include "compiler/support/Elements.h"
#include "compiler/support/Target.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

namespace ingot {
#define GEN_PASS_DEF_NARROWFACTORS
#include "compiler/kernels/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

namespace {
/// Integers of 8 bits less a zero point, in int16.
struct Centred {
  Value codes;             ///< of i8
  bool isUnsigned = false; ///< how the codes are read
  int64_t zero = 0;        ///< the zero point, where it is a constant
  Value runtimeZero;       ///< else a tensor of one i8
  SmallVector<Operation *> views; ///< between the difference and the product, the last one first
};

/// A sum of products of such integers and of constant weights of 8 bits.
struct Product {
  linalg::GenericOp op;
  unsigned input, weights; ///< operands
  ElementsAttr constant;
  Centred centred;

  AffineMap mapOf(unsigned operand) { return op.getIndexingMapsArray()[operand]; }
};
} // namespace

/// The operation that widens the argument, if the value is its result, else null.
static Operation *extensionOf(Value value, BlockArgument argument) {
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp>(op) && op->getOperand(0) == argument ? op : nullptr;
}

/// Reads `generic` as codes less a zero point; false if it is anything else.
static bool readDifference(linalg::GenericOp generic, Centred &centred) {
  if (!isElementwise(generic) || generic.getNumResults() != 1 || !getElementTypeOrSelf(generic.getResult(0).getType()).isInteger(16) ||
      !getElementTypeOrSelf(generic.getDpsInputs()[0].getType()).isInteger(8) || generic.getIndexingMapsArray().front() != generic.getIndexingMapsArray().back())
    return false;
  Block &body = generic.getRegion().front();
  Value result = body.getTerminator()->getOperand(0);
  auto difference = result.getDefiningOp<arith::SubIOp>();
  Operation *codes = extensionOf(difference ? difference.getLhs() : result, body.getArgument(0));
  if (!codes)
    return false;
  centred.codes = generic.getDpsInputs()[0];
  centred.isUnsigned = isa<arith::ExtUIOp>(codes);
  if (!difference)
    return true;
  APInt constant;
  if (matchPattern(difference.getRhs(), m_ConstantInt(&constant))) {
    centred.zero = constant.getSExtValue();
    return true;
  }
  if (generic.getNumDpsInputs() != 2 || generic.getIndexingMapsArray()[1].getNumResults() != 0)
    return false;
  Operation *zero = extensionOf(difference.getRhs(), body.getArgument(1));
  if (!zero || isa<arith::ExtUIOp>(zero) != centred.isUnsigned)
    return false;
  Value tensor = generic.getDpsInputs()[1];
  ElementsAttr elements;
  if (!matchPattern(tensor, m_Constant(&elements))) {
    centred.runtimeZero = tensor;
    return true;
  }
  auto bits = dyn_cast_or_null<IntegerAttr>(splatValue(elements));
  if (!bits)
    return false;
  centred.zero = centred.isUnsigned ? int64_t(bits.getValue().getZExtValue()) : bits.getValue().getSExtValue();
  return true;
}

static std::optional<Centred> readCentred(Value value) {
  Centred centred;
  while (Operation *op = value.getDefiningOp()) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (generic && !isDataMovement(generic)) {
      if (readDifference(generic, centred))
        return centred;
      return std::nullopt;
    }
    if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      Value padding = pad.getConstantPaddingValue();
      if (!padding || !matchPattern(padding, m_Zero()))
        return std::nullopt;
    } else if (!generic && !isReshape(op)) {
      return std::nullopt;
    }
    centred.views.push_back(op);
    value = generic ? generic.getDpsInputs()[0] : op->getOperand(0);
  }
  return std::nullopt;
}

static std::optional<Product> readProduct(linalg::GenericOp op) {
  if (!isContraction(op) || op.getNumDpsInputs() != 2 || !getElementTypeOrSelf(op.getResult(0).getType()).isInteger(32) ||
      !op.getIndexingMapsArray()[2].isProjectedPermutation())
    return std::nullopt;
  Block &body = op.getRegion().front();
  auto product = combinerOf(op, 0)->getOperand(combinerOf(op, 0)->getOperand(0) == body.getArgument(2) ? 1 : 0).getDefiningOp<arith::MulIOp>();
  bool isWidened = body.getOperations().size() == 5 &&
                   ((extensionOf(product.getLhs(), body.getArgument(0)) && extensionOf(product.getRhs(), body.getArgument(1))) ||
                    (extensionOf(product.getLhs(), body.getArgument(1)) && extensionOf(product.getRhs(), body.getArgument(0))));
  if (!isWidened || llvm::any_of(body.getOps<arith::ExtUIOp>(), [](Operation *) { return true; }))
    return std::nullopt;
  for (unsigned weights : {1u, 0u}) {
    Product found{op, 1 - weights, weights, {}, {}};
    if (!matchPattern(op.getDpsInputs()[weights], m_Constant(&found.constant)) || !found.mapOf(weights).isProjectedPermutation() ||
        !sumsNeighbours(op, found.input, found.weights) || !found.constant.getElementType().isInteger(8))
      continue;
    std::optional<Centred> centred = readCentred(op.getDpsInputs()[found.input]);
    if (!centred)
      continue;
    bool isPadded = llvm::any_of(centred->views, [](Operation *view) { return isa<tensor::PadOp>(view); });
    if (centred->runtimeZero && isPadded)
      continue;
    found.centred = *centred;
    return found;
  }
  return std::nullopt;
}

/// The sums of the weights in int32 over the reduction loops, as the weights' other dimensions lie.
static ElementsAttr sumsOfWeights(Product &product) {
  auto type = cast<RankedTensorType>(product.constant.getShapedType());
  std::vector<char> data = elementData(product.constant);
  SmallVector<utils::IteratorType> kinds = product.op.getIteratorTypesArray();
  AffineMap map = product.mapOf(product.weights);
  SmallVector<int64_t> shape, strides(type.getRank(), 0);
  int64_t sums = 1;
  for (int64_t i = type.getRank(); i-- > 0;)
    if (kinds[map.getDimPosition(i)] == utils::IteratorType::parallel) {
      shape.insert(shape.begin(), type.getDimSize(i));
      strides[i] = sums;
      sums *= type.getDimSize(i);
    }
  std::vector<uint32_t> totals(sums, 0);
  SmallVector<int64_t> at(type.getRank(), 0);
  int64_t place = 0;
  for (char weight : data) {
    totals[place] += uint32_t(int32_t(int8_t(weight)));
    for (int64_t d = type.getRank(); d-- > 0;) {
      place += strides[d];
      if (++at[d] < type.getDimSize(d))
        break;
      place -= strides[d] * type.getDimSize(d);
      at[d] = 0;
    }
  }
  ArrayRef bytes(reinterpret_cast<const char *>(totals.data()), totals.size() * sizeof(uint32_t));
  return makeElements(RankedTensorType::get(shape, IntegerType::get(product.op.getContext(), 32)), bytes);
}

namespace {
class Rewriter {
public:
  Rewriter(Product &product, const DotInstruction &dot) : b(product.op), loc(product.op.getLoc()), product(product), dot(dot) {}

  void run() {
    Centred &centred = product.centred;
    // With the other sign a code is 128 more or less, and so is the zero point.
    bool turned = centred.isUnsigned != dot.isFirstUnsigned;
    int64_t shift = !turned ? 0 : dot.isFirstUnsigned ? 128 : -128, zero = centred.zero + shift;
    Value input = turned ? withOtherSign(centred.codes) : centred.codes;
    for (Operation *view : llvm::reverse(centred.views))
      input = again(view, input, zero);
    Value total = multiply(input);
    if (centred.runtimeZero || zero != 0)
      total = takeOff(total, sumsOfWeights(product), zero, shift);
    product.op.getResult(0).replaceAllUsesWith(total);
    product.op.erase();
  }

private:
  Value byte(int64_t value) { return arith::ConstantOp::create(b, loc, b.getIntegerAttr(b.getI8Type(), int8_t(value))); }
  Value emptyLike(Value value, Type element) {
    return tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, value), element).getResult();
  }

  Value withOtherSign(Value codes) {
    auto type = cast<RankedTensorType>(codes.getType());
    AffineMap same = b.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> kinds(type.getRank(), utils::IteratorType::parallel);
    return linalg::GenericOp::create(b, loc, type, codes, emptyLike(codes, type.getElementType()), ArrayRef{same, same}, kinds,
                                     [](OpBuilder &inner, Location at, ValueRange args) {
                                       Value sign = arith::ConstantOp::create(inner, at, inner.getIntegerAttr(inner.getI8Type(), int8_t(-128)));
                                       linalg::YieldOp::create(inner, at, arith::XOrIOp::create(inner, at, args[0], sign).getResult());
                                     })
        .getResult(0);
  }

  /// The view of what it viewed, now of bytes.
  Value again(Operation *view, Value of, int64_t zero) {
    Type element = b.getI8Type();
    auto type = cast<RankedTensorType>(view->getResult(0).getType()).clone(element);
    if (auto pad = dyn_cast<tensor::PadOp>(view))
      return tensor::PadOp::create(b, loc, type, of, pad.getMixedLowPad(), pad.getMixedHighPad(), byte(zero));
    IRMapping map;
    map.map(view->getOperand(0), of);
    auto movement = dyn_cast<linalg::GenericOp>(view);
    if (!movement) {
      Operation *copy = b.clone(*view, map);
      copy->getResult(0).setType(type);
      return copy->getResult(0);
    }
    Value init = tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, movement.getDpsInits()[0]), element);
    return linalg::GenericOp::create(b, loc, type, of, init, movement.getIndexingMapsArray(), movement.getIteratorTypesArray(),
                                     [](OpBuilder &inner, Location at, ValueRange args) { linalg::YieldOp::create(inner, at, args[0]); })
        .getResult(0);
  }

  Value multiply(Value input) {
    SmallVector<Value> inputs(product.op.getDpsInputs());
    inputs[product.input] = input;
    unsigned x = product.input, w = product.weights;
    bool isUnsigned = dot.isFirstUnsigned;
    return linalg::GenericOp::create(b, loc, product.op.getResult(0).getType(), inputs, product.op.getDpsInits()[0], product.op.getIndexingMapsArray(),
                                     product.op.getIteratorTypesArray(),
                                     [&](OpBuilder &inner, Location at, ValueRange args) {
                                       Type wide = inner.getI32Type();
                                       Value left = isUnsigned ? Value(arith::ExtUIOp::create(inner, at, wide, args[x]))
                                                               : arith::ExtSIOp::create(inner, at, wide, args[x]);
                                       Value right = arith::ExtSIOp::create(inner, at, wide, args[w]);
                                       Value each = arith::MulIOp::create(inner, at, left, right);
                                       linalg::YieldOp::create(inner, at, arith::AddIOp::create(inner, at, args[2], each).getResult());
                                     })
        .getResult(0);
  }

  /// total - zero point * sums, where a zero point of the run is `shift` more than its code says.
  Value takeOff(Value total, ElementsAttr sums, int64_t zero, int64_t shift) {
    auto type = cast<RankedTensorType>(total.getType());
    SmallVector<utils::IteratorType> kinds = product.op.getIteratorTypesArray();
    AffineMap result = product.mapOf(2), weights = product.mapOf(product.weights), same = b.getMultiDimIdentityMap(type.getRank());
    SmallVector<AffineExpr> places;
    for (AffineExpr expr : weights.getResults())
      if (kinds[cast<AffineDimExpr>(expr).getPosition()] == utils::IteratorType::parallel)
        places.push_back(b.getAffineDimExpr(*result.getResultPosition(expr)));
    AffineMap byFilter = AffineMap::get(type.getRank(), 0, places, b.getContext());
    SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
    Value constant = arith::ConstantOp::create(b, loc, cast<TypedAttr>(product.centred.runtimeZero ? sums : times(sums, -zero)));
    SmallVector<Value> inputs{total, constant};
    SmallVector<AffineMap> maps{same, byFilter};
    if (Value zeroPoint = product.centred.runtimeZero) {
      inputs.push_back(zeroPoint);
      maps.push_back(AffineMap::get(type.getRank(), 0, {}, b.getContext()));
    }
    maps.push_back(same);
    bool isUnsigned = product.centred.isUnsigned;
    return linalg::GenericOp::create(b, loc, type, inputs, emptyLike(total, type.getElementType()), maps, loops,
                                     [&](OpBuilder &inner, Location at, ValueRange args) {
                                       Value off = args[1];
                                       if (inputs.size() == 3) {
                                         Type wide = inner.getI32Type();
                                         Value code = isUnsigned ? Value(arith::ExtUIOp::create(inner, at, wide, args[2]))
                                                                 : arith::ExtSIOp::create(inner, at, wide, args[2]);
                                         Value moved = arith::ConstantOp::create(inner, at, inner.getI32IntegerAttr(shift));
                                         Value point = arith::AddIOp::create(inner, at, code, moved);
                                         off = arith::MulIOp::create(inner, at, off, point);
                                         linalg::YieldOp::create(inner, at, arith::SubIOp::create(inner, at, args[0], off).getResult());
                                         return;
                                       }
                                       linalg::YieldOp::create(inner, at, arith::AddIOp::create(inner, at, args[0], off).getResult());
                                     })
        .getResult(0);
  }

  ElementsAttr times(ElementsAttr sums, int64_t factor) {
    std::vector<char> data = elementData(sums);
    auto *values = reinterpret_cast<uint32_t *>(data.data());
    for (size_t i = 0; i < data.size() / sizeof(uint32_t); ++i)
      values[i] *= uint32_t(factor);
    return makeElements(cast<RankedTensorType>(sums.getShapedType()), data);
  }

  OpBuilder b;
  Location loc;
  Product &product;
  const DotInstruction &dot;
};

struct NarrowFactors : ingot::impl::NarrowFactorsBase<NarrowFactors> {
  void runOnOperation() override {
    auto module = getOperation()->getParentOfType<ModuleOp>();
    const DotInstruction *dot = module ? Target::of(module).dotOfBytes() : nullptr;
    if (!dot)
      return;
    SmallVector<Product> products;
    getOperation().walk([&](linalg::GenericOp op) {
      if (std::optional<Product> product = readProduct(op))
        products.push_back(*product);
    });
    for (Product &product : products)
      Rewriter(product, *dot).run();
  }
};
} // namespace
