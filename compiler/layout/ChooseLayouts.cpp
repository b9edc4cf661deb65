//===- ChooseLayouts.cpp - the order of dimensions in memory --------------===//
#include "compiler/kernels/Stages.h"
#include "compiler/layout/Passes.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

namespace ingot {
#define GEN_PASS_DEF_CHOOSELAYOUTS
#include "compiler/layout/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

/// Dimension i in memory is dimension order[i] of the model's value.
using Order = SmallVector<int64_t>;

static Order identityOrder(int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

static bool isIdentity(ArrayRef<int64_t> order) {
  return llvm::equal(order, llvm::seq<int64_t>(0, order.size()));
}

template <typename T>
static SmallVector<T> permute(ArrayRef<T> values, ArrayRef<int64_t> order) {
  SmallVector<T> result;
  for (int64_t i : order)
    result.push_back(values[i]);
  return result;
}

static RankedTensorType permute(RankedTensorType type, ArrayRef<int64_t> order) {
  return RankedTensorType::get(permute(type.getShape(), order),
                               type.getElementType());
}

static AffineMap permute(AffineMap map, ArrayRef<int64_t> order) {
  return AffineMap::get(map.getNumDims(), 0, permute(map.getResults(), order),
                        map.getContext());
}

/// The order with dimension `last` moved to the end.
static Order withLast(ArrayRef<int64_t> order, int64_t last) {
  Order result;
  for (int64_t i : order)
    if (i != last)
      result.push_back(i);
  result.push_back(last);
  return result;
}

/// What an open size counts as where sizes are compared: more than one of 1, and less than channels.
constexpr int64_t kOpenSize = 2;

static int64_t weightOf(int64_t size) { return ShapedType::isDynamic(size) ? kOpenSize : size; }

static double weightOf(RankedTensorType type) {
  double product = 1;
  for (int64_t size : type.getShape())
    product *= double(weightOf(size));
  return product;
}

namespace {
struct Stored {
  Value value;
  Order order;
};

class Layouts {
public:
  explicit Layouts(func::FuncOp func) : func(func), b(func.getContext()) {}

  void run() {
    for (Block &block : func.getBody())
      visit(block);
    for (Operation *op : llvm::reverse(replaced))
      op->erase();
  }

private:
  void visit(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      b.setInsertionPoint(&op);
      if (auto generic = dyn_cast<linalg::GenericOp>(op))
        visit(generic);
      else if (auto pad = dyn_cast<tensor::PadOp>(op))
        visit(pad);
      else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
        visit(slice);
      else if (auto concat = dyn_cast<tensor::ConcatOp>(op))
        visit(concat);
      else if (auto dim = dyn_cast<tensor::DimOp>(op))
        visit(dim);
      else if (isReshape(&op))
        visitReshape(&op);
      else
        visitOther(&op);
    }
  }

  //===--- the value in memory --------------------------------------------===//

  Stored stored(Value value) {
    auto found = memory.find(value);
    if (found != memory.end())
      return found->second;
    auto type = cast<RankedTensorType>(value.getType());
    return {value, identityOrder(type.getRank())};
  }

  void keep(Operation *op, Value value, Order order) {
    memory[op->getResult(0)] = {value, std::move(order)};
    replaced.push_back(op);
  }

  static RankedTensorType typeOf(Value value) {
    return cast<RankedTensorType>(value.getType());
  }

  /// Elements lie in the same order, though dimensions of one element moved.
  static bool sameElements(ArrayRef<int64_t> shape, ArrayRef<int64_t> a,
                           ArrayRef<int64_t> c) {
    auto isLong = [&](int64_t dim) { return shape[dim] != 1; };
    return llvm::equal(llvm::make_filter_range(a, isLong),
                       llvm::make_filter_range(c, isLong));
  }

  /// The value with its dimensions in another order.
  Value inOrder(Value value, ArrayRef<int64_t> order) {
    Stored from = stored(value);
    if (from.order == Order(order))
      return from.value;
    auto key = std::make_pair(value, Order(order));
    for (auto &[known, result] : copies)
      if (known == key)
        return result;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(from.value);
    auto type = permute(typeOf(value), order);
    Value result;
    if (sameElements(typeOf(value).getShape(), from.order, order)) {
      result = reshape(from.value, type);
    } else {
      // Loops run over the result in memory order.
      AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
      SmallVector<AffineExpr> exprs(type.getRank());
      for (auto [i, dim] : llvm::enumerate(from.order))
        exprs[i] = b.getAffineDimExpr(llvm::find(order, dim) - order.begin());
      AffineMap source = AffineMap::get(type.getRank(), 0, exprs, b.getContext());
      Sizes sizes, stored = tensor::getMixedSizes(b, value.getLoc(), from.value);
      for (int64_t dim : order)
        sizes.push_back(stored[llvm::find(from.order, dim) - from.order.begin()]);
      Value empty = emptyTensor(value.getLoc(), type, sizes);
      result = linalg::GenericOp::create(
                   b, value.getLoc(), type, from.value, empty,
                   ArrayRef<AffineMap>{source, identity},
                   SmallVector<utils::IteratorType>(
                       type.getRank(), utils::IteratorType::parallel),
                   [](OpBuilder &inner, Location loc, ValueRange args) {
                     linalg::YieldOp::create(inner, loc, args[0]);
                   })
                   .getResult(0);
    }
    copies.push_back({key, result});
    return result;
  }

  Value inModelOrder(Value value) {
    return inOrder(value, identityOrder(typeOf(value).getRank()));
  }

  using Sizes = SmallVector<OpFoldResult>;

  Value emptyTensor(Location loc, RankedTensorType type, const Sizes &sizes) {
    if (type.hasStaticShape())
      return tensor::EmptyOp::create(b, loc, type, ValueRange());
    return tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  }

  /// Each dimension that is not 1, or that starts one of `groups`, with the ones behind it; those in front join the first.
  static SmallVector<ReassociationIndices> withUnits(ArrayRef<int64_t> shape, ArrayRef<int64_t> groups) {
    SmallVector<ReassociationIndices> result(1);
    std::optional<int64_t> last;
    for (auto [dim, size] : llvm::enumerate(shape)) {
      if (size != 1 && last && *last != groups[dim])
        result.emplace_back();
      if (size != 1)
        last = groups[dim];
      result.back().push_back(dim);
    }
    return result;
  }

  /// The same where sizes are open: dimensions of one element go, and come where the type has them. Dimensions that are not 1 come together where `groups`,
  /// one number for each dimension of the value, are equal.
  Value reshapeOpen(Value value, RankedTensorType type, ArrayRef<int64_t> groups) {
    RankedTensorType from = typeOf(value);
    Location loc = value.getLoc();
    SmallVector<ReassociationIndices> taken = withUnits(from.getShape(), groups);
    SmallVector<ReassociationIndices> given = withUnits(type.getShape(), identityOrder(type.getRank()));
    SmallVector<int64_t> middle(given.size(), 1);
    for (auto [size, dims] : llvm::zip(middle, given))
      for (int64_t dim : dims)
        size = type.getDimSize(dim) == 1 ? size : type.getDimSize(dim);
    if (int64_t(taken.size()) != from.getRank())
      value = tensor::CollapseShapeOp::create(b, loc, RankedTensorType::get(middle, type.getElementType()), value, taken);
    if (int64_t(given.size()) == type.getRank())
      return value;
    Sizes sizes(type.getRank(), b.getIndexAttr(1)), longer = tensor::getMixedSizes(b, loc, value);
    for (auto [size, dims] : llvm::zip(longer, given))
      for (int64_t dim : dims)
        if (type.getDimSize(dim) != 1)
          sizes[dim] = size;
    return tensor::ExpandShapeOp::create(b, loc, type, value, given, sizes);
  }

  /// Same elements, other shape, in which the same dimensions are not 1 where sizes are open.
  Value reshape(Value value, RankedTensorType type) {
    RankedTensorType from = typeOf(value);
    if (from == type)
      return value;
    if (!type.hasStaticShape())
      return reshapeOpen(value, type, identityOrder(from.getRank()));
    Location loc = value.getLoc();
    auto all = [](int64_t rank) {
      SmallVector<ReassociationIndices> groups;
      if (rank)
        groups.push_back(llvm::to_vector<2>(llvm::seq<int64_t>(0, rank)));
      return groups;
    };
    if (from.getRank() > 1) {
      auto flat = RankedTensorType::get({from.getNumElements()}, from.getElementType());
      value = tensor::CollapseShapeOp::create(b, loc, flat, value, all(from.getRank()));
    }
    if (type.getRank() == 0)
      return tensor::CollapseShapeOp::create(b, loc, type, value, all(0));
    if (type.getRank() > 1 || from.getRank() == 0)
      value = tensor::ExpandShapeOp::create(
          b, loc, type, value, from.getRank() == 0 ? all(0) : all(type.getRank()));
    return value;
  }

  //===--- stages ---------------------------------------------------------===//

  void visit(linalg::GenericOp op) {
    // Computed indices are indices of the model's order.
    op.getRegion().walk([&](tensor::ExtractOp extract) {
      extract.getTensorMutable().set(inModelOrder(extract.getTensor()));
    });
    op.getRegion().walk([&](AddressOp address) {
      address.getMemoryMutable().set(inModelOrder(address.getMemory()));
    });
    if (op.getNumResults() != 1 || !hasPlainStart(op) || !knowsSizes(op))
      return visitOther(op);
    placeSecondFactor(op);

    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<Value> inputs;
    for (auto [i, input] : llvm::enumerate(op.getDpsInputs())) {
      if (!isa<RankedTensorType>(input.getType())) {
        inputs.push_back(input);
        continue;
      }
      Stored from = stored(input);
      inputs.push_back(from.value);
      maps[i] = permute(maps[i], from.order);
    }
    Order order = resultOrder(op, maps);
    maps.back() = permute(maps.back(), order);

    // A transpose of the model that leaves memory as it is.
    if (isDataMovement(op) && maps[0] == maps[1])
      return keep(op, inputs[0], order);
    auto type = permute(typeOf(op.getResult(0)), order);
    auto changed = linalg::GenericOp::create(
        b, op.getLoc(), type, inputs, start(op, type, order), maps,
        op.getIteratorTypesArray());
    changed.getRegion().takeBody(op.getRegion());
    // `op` is erased later and must not be asked for its body again.
    op.getRegion().emplaceBlock();
    keep(op, changed.getResult(0), order);
  }

  static bool hasPlainStart(linalg::GenericOp op) {
    Value init = op.getDpsInits()[0];
    return init.getDefiningOp<tensor::EmptyOp>() ||
           init.getDefiningOp<linalg::FillOp>() || initialValue(op, 0);
  }

  /// The empty tensor that the result starts from, or null.
  static tensor::EmptyOp emptyOf(linalg::GenericOp op) {
    Value init = op.getDpsInits()[0];
    if (auto fill = init.getDefiningOp<linalg::FillOp>())
      init = fill.getOutputs()[0];
    return init.getDefiningOp<tensor::EmptyOp>();
  }

  static bool knowsSizes(linalg::GenericOp op) { return typeOf(op.getResult(0)).hasStaticShape() || emptyOf(op); }

  Value start(linalg::GenericOp op, RankedTensorType type, ArrayRef<int64_t> order) {
    Value init = op.getDpsInits()[0];
    Sizes sizes = type.hasStaticShape() ? Sizes() : permute<OpFoldResult>(emptyOf(op).getMixedSizes(), order);
    Value empty = emptyTensor(op.getLoc(), type, sizes);
    if (init.getDefiningOp<tensor::EmptyOp>())
      return empty;
    if (auto fill = init.getDefiningOp<linalg::FillOp>())
      return linalg::FillOp::create(b, op.getLoc(), fill.getInputs(), empty)
          .getResult(0);
    Value value = arith::ConstantOp::create(b, op.getLoc(), initialValue(op, 0));
    return linalg::FillOp::create(b, op.getLoc(), value, empty).getResult(0);
  }

  static bool isConstant(Value value) {
    return matchPattern(value, m_Constant());
  }

  /// The largest dimension of the result that indexes the second factor, not the first; the last one of equals.
  static std::optional<int64_t> secondFactorsDim(linalg::GenericOp op) {
    if (!isContraction(op) || op.getNumDpsInputs() != 2)
      return std::nullopt;
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<int64_t> loops = op.getStaticLoopRanges();
    std::optional<int64_t> found;
    int64_t size = 0;
    for (auto [i, expr] : llvm::enumerate(maps[2].getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim || !maps[1].isFunctionOfDim(dim.getPosition()) ||
          maps[0].isFunctionOfDim(dim.getPosition()) ||
          weightOf(loops[dim.getPosition()]) < size)
        continue;
      found = i;
      size = weightOf(loops[dim.getPosition()]);
    }
    return found;
  }

  /// The second factor, computed by the model, is read across the lanes: they lie innermost.
  void placeSecondFactor(linalg::GenericOp op) {
    std::optional<int64_t> last = secondFactorsDim(op);
    if (!last || isConstant(op.getDpsInputs()[1]))
      return;
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    if (*last != int64_t(maps[2].getNumResults()) - 1)
      return;
    Value factor = op.getDpsInputs()[1];
    Order order = stored(factor).order;
    for (auto [i, expr] : llvm::enumerate(maps[1].getResults()))
      if (expr == maps[2].getResult(*last) && order.back() != int64_t(i) &&
          typeOf(factor).getDimSize(i) != 1) {
        Order wanted = withLast(order, i);
        Value copy = inOrder(factor, wanted);
        memory[factor] = {copy, wanted};
        return;
      }
  }

  /// `maps` index the operands as they lie in memory.
  Order resultOrder(linalg::GenericOp op, ArrayRef<AffineMap> maps) {
    AffineMap out = op.getIndexingMapsArray().back();
    Order model = identityOrder(out.getNumResults());
    if (isContraction(op)) {
      // Channels of a convolution; a matrix product has them last already.
      std::optional<int64_t> channels = secondFactorsDim(op);
      if (channels)
        return isConstant(op.getDpsInputs()[1]) ? withLast(model, *channels) : model;
      if (!hasWindow(maps[0]))
        return model;
    }
    if (hasWindow(maps.front()) && op.getNumReductionLoops())
      return windowOrder(op, maps.front(), out);
    // Follow the largest operand's order of loops.
    int64_t largest = -1;
    double size = 0;
    for (auto [i, input] : llvm::enumerate(op.getDpsInputs())) {
      auto type = dyn_cast<RankedTensorType>(input.getType());
      if (type && weightOf(type) > size && !isConstant(input)) {
        largest = i;
        size = weightOf(type);
      }
    }
    if (largest == -1 || (isIdentity(stored(op.getDpsInputs()[largest]).order) && comesInOrder(out, maps[largest])))
      return model;
    return orderLike(out, maps[largest]);
  }

  /// The operand's dimensions come in their order in the result, though others may come between: it is repeated over these, as indices are along the rows of a
  /// table. That is no reason for another order.
  static bool comesInOrder(AffineMap out, AffineMap in) {
    int64_t last = -1;
    for (AffineExpr expr : out.getResults()) {
      auto found = llvm::find(in.getResults(), expr);
      if (found == in.getResults().end())
        continue;
      if (found - in.getResults().begin() < last)
        return false;
      last = found - in.getResults().begin();
    }
    return true;
  }

  static bool hasWindow(AffineMap map) {
    return llvm::any_of(map.getResults(), [](AffineExpr expr) {
      auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
      return sum && sum.getKind() == AffineExprKind::Add &&
             !isa<AffineConstantExpr>(sum.getRHS());
    });
  }

  /// Depthwise convolutions and pools: plain dimensions (channels) innermost, as they are read or, where the window's
  /// dimensions are innermost there, the largest of them.
  Order windowOrder(linalg::GenericOp op, AffineMap in, AffineMap out) {
    Order model = identityOrder(out.getNumResults());
    if (isa<AffineDimExpr>(in.getResults().back()))
      return orderLike(out, in);
    int64_t channels = -1, size = 1;
    SmallVector<int64_t> loops = op.getStaticLoopRanges();
    for (AffineExpr expr : in.getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      auto place = llvm::find(out.getResults(), expr);
      if (!dim || place == out.getResults().end() ||
          weightOf(loops[dim.getPosition()]) <= size)
        continue;
      channels = place - out.getResults().begin();
      size = weightOf(loops[dim.getPosition()]);
    }
    return channels == -1 ? model : withLast(model, channels);
  }

  /// Results that are loops of `like` in its order; the others stay in front.
  static Order orderLike(AffineMap out, AffineMap like) {
    auto rank = [&](int64_t result) {
      AffineExpr expr = out.getResult(result);
      for (auto [i, other] : llvm::enumerate(like.getResults()))
        if (isa<AffineDimExpr>(expr) &&
            other.isFunctionOfDim(cast<AffineDimExpr>(expr).getPosition()))
          return int64_t(i);
      return int64_t(-1);
    };
    Order order = identityOrder(out.getNumResults());
    llvm::stable_sort(order,
                      [&](int64_t a, int64_t c) { return rank(a) < rank(c); });
    return order;
  }

  //===--- views ----------------------------------------------------------===//

  /// A dimension by its place in memory.
  void visit(tensor::DimOp op) {
    Stored from = stored(op.getSource());
    std::optional<int64_t> dim = op.getConstantIndex();
    if (isIdentity(from.order) || !dim)
      return visitOther(op);
    Value place = arith::ConstantIndexOp::create(b, op.getLoc(), llvm::find(from.order, *dim) - from.order.begin());
    op.getSourceMutable().set(from.value);
    op.getIndexMutable().set(place);
  }

  void visit(tensor::PadOp op) {
    Stored from = stored(op.getSource());
    Value value = op.getConstantPaddingValue();
    if (isIdentity(from.order) || !value)
      return visitOther(op);
    auto changed = tensor::PadOp::create(
        b, op.getLoc(), permute(op.getResultType(), from.order), from.value,
        permute<OpFoldResult>(op.getMixedLowPad(), from.order),
        permute<OpFoldResult>(op.getMixedHighPad(), from.order), value);
    keep(op, changed, from.order);
  }

  void visit(tensor::ExtractSliceOp op) {
    Stored from = stored(op.getSource());
    if (isIdentity(from.order))
      return visitOther(op);
    if (op.getDroppedDims().any()) {
      // The full slice, then without its dimensions of one element.
      auto full = RankedTensorType::get(op.getStaticSizes(),
                                        op.getType().getElementType());
      Value slice = tensor::ExtractSliceOp::create(
          b, op.getLoc(), permute(full, from.order), from.value,
          permute<OpFoldResult>(op.getMixedOffsets(), from.order),
          permute<OpFoldResult>(op.getMixedSizes(), from.order),
          permute<OpFoldResult>(op.getMixedStrides(), from.order));
      llvm::SmallBitVector dropped = op.getDroppedDims();
      SmallVector<int64_t> place(full.getRank());
      int64_t next = 0;
      for (int64_t i = 0; i < full.getRank(); ++i)
        place[i] = dropped.test(i) ? -1 : next++;
      Order order;
      for (int64_t i : from.order)
        if (place[i] != -1)
          order.push_back(place[i]);
      return keep(op, reshape(slice, permute(op.getType(), order)), order);
    }
    auto changed = tensor::ExtractSliceOp::create(
        b, op.getLoc(), permute(op.getType(), from.order), from.value,
        permute<OpFoldResult>(op.getMixedOffsets(), from.order),
        permute<OpFoldResult>(op.getMixedSizes(), from.order),
        permute<OpFoldResult>(op.getMixedStrides(), from.order));
    keep(op, changed, from.order);
  }

  void visit(tensor::ConcatOp op) {
    Value largest = op.getInputs().front();
    for (Value input : op.getInputs())
      if (weightOf(typeOf(input)) > weightOf(typeOf(largest)))
        largest = input;
    Order order = stored(largest).order;
    if (isIdentity(order))
      return visitOther(op);
    SmallVector<Value> inputs;
    for (Value input : op.getInputs())
      inputs.push_back(inOrder(input, order));
    int64_t dim = llvm::find(order, int64_t(op.getDim())) - order.begin();
    auto changed = tensor::ConcatOp::create(
        b, op.getLoc(), permute(cast<RankedTensorType>(op.getType()), order),
        dim, inputs);
    keep(op, changed, order);
  }

  void visitReshape(Operation *op) {
    Stored from = stored(viewSource(op));
    if (isIdentity(from.order))
      return visitOther(op);
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    bool isOpen = !type.hasStaticShape();
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      Order order = expanded(expand.getReassociationIndices(), from.order);
      RankedTensorType stored = permute(type, order);
      return keep(op, isOpen ? expandOpen(expand, from, stored, order) : reshape(from.value, stored), order);
    }
    auto groups = cast<tensor::CollapseShapeOp>(op).getReassociationIndices();
    std::optional<Order> order = collapsed(groups, from.order, typeOf(viewSource(op)).getShape());
    if (!order)
      return visitOther(op);
    RankedTensorType stored = permute(type, *order);
    keep(op, isOpen ? collapseOpen(groups, from, stored) : reshape(from.value, stored), *order);
  }

  /// Each dimension in memory becomes its group.
  Value expandOpen(tensor::ExpandShapeOp op, const Stored &from, RankedTensorType type, ArrayRef<int64_t> order) {
    SmallVector<ReassociationIndices> model = op.getReassociationIndices(), groups;
    int64_t next = 0;
    for (int64_t dim : from.order) {
      groups.emplace_back();
      for (size_t i = 0; i < model[dim].size(); ++i)
        groups.back().push_back(next++);
    }
    return tensor::ExpandShapeOp::create(b, op.getLoc(), type, from.value, groups,
                                         permute<OpFoldResult>(op.getMixedOutputShape(), order));
  }

  Value collapseOpen(ArrayRef<ReassociationIndices> groups, const Stored &from, RankedTensorType type) {
    SmallVector<int64_t> groupOf(from.order.size());
    for (auto [g, group] : llvm::enumerate(groups))
      for (int64_t dim : group)
        groupOf[llvm::find(from.order, dim) - from.order.begin()] = g;
    return reshapeOpen(from.value, type, groupOf);
  }

  static Order expanded(ArrayRef<ReassociationIndices> groups,
                        ArrayRef<int64_t> order) {
    Order result;
    for (int64_t dim : order)
      llvm::append_range(result, groups[dim]);
    return result;
  }

  /// Only if each group lies together, in its order.
  static std::optional<Order> collapsed(ArrayRef<ReassociationIndices> groups,
                                        ArrayRef<int64_t> order,
                                        ArrayRef<int64_t> shape) {
    SmallVector<int64_t> groupOf(order.size());
    for (auto [g, group] : llvm::enumerate(groups))
      for (int64_t dim : group)
        groupOf[dim] = g;
    Order result;
    int64_t last = -1;
    for (int64_t dim : order) {
      if (shape[dim] == 1)
        continue;
      int64_t group = groupOf[dim];
      if (!result.empty() && result.back() == group) {
        if (dim < last)
          return std::nullopt;
      } else if (llvm::is_contained(result, group)) {
        return std::nullopt;
      } else {
        result.push_back(group);
      }
      last = dim;
    }
    Order all;
    for (int64_t g = 0, e = groups.size(); g < e; ++g)
      if (!llvm::is_contained(result, g))
        all.push_back(g);
    llvm::append_range(all, result);
    return all;
  }

  /// Everything else takes tensors in the model's order.
  void visitOther(Operation *op) {
    for (OpOperand &operand : op->getOpOperands())
      if (isa<RankedTensorType>(operand.get().getType()))
        operand.set(inModelOrder(operand.get()));
    if (isa<linalg::GenericOp, tensor::PadOp>(op))
      return;
    for (Region &region : op->getRegions())
      for (Block &block : region)
        visit(block);
  }

  func::FuncOp func;
  OpBuilder b;
  DenseMap<Value, Stored> memory;
  SmallVector<std::pair<std::pair<Value, Order>, Value>> copies;
  SmallVector<Operation *> replaced;
};

struct ChooseLayouts : ingot::impl::ChooseLayoutsBase<ChooseLayouts> {
  void runOnOperation() override {
    Layouts(getOperation()).run();
  }
};
} // namespace
