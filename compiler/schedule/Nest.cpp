//===- Nest.cpp - stages to nests -----------------------------------------===//
#include "compiler/schedule/Nest.h"
#include "compiler/kernels/Sizes.h"
#include "compiler/kernels/Stages.h"
#include "compiler/support/Elements.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace ingot;

/// More dimensions than any nest has; only bounds the tables of affine simplification.
constexpr unsigned kMostDims = 32;

/// Simplifies products and quotients of sizes, too, which upstream's simplification is not made for.
static AffineExpr simplified(AffineExpr expr, unsigned dims, unsigned symbols) {
  return expr.isPureAffine() ? simplifyAffineExpr(expr, dims, symbols) : simplifiedSize(expr);
}

static bool addTo(AffineExpr expr, int64_t factor, Linear &linear) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    linear.offset += factor * constant.getValue();
    return true;
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    linear.coefficients[dim.getPosition()] += factor;
    return true;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    linear.symbols[symbol.getPosition()] += factor;
    return true;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (binary.getKind() == AffineExprKind::Add)
    return addTo(binary.getLHS(), factor, linear) &&
           addTo(binary.getRHS(), factor, linear);
  if (binary.getKind() == AffineExprKind::Mul)
    if (auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS()))
      return addTo(binary.getLHS(), factor * constant.getValue(), linear);
  return false;
}

std::optional<Linear> ingot::toLinear(AffineExpr expr, unsigned dims,
                                      unsigned symbols) {
  Linear linear;
  linear.coefficients.assign(dims, 0);
  linear.symbols.assign(symbols, 0);
  if (!addTo(expr, 1, linear))
    return std::nullopt;
  return linear;
}

bool Access::dependsOn(unsigned dim) const {
  if (kind != Buffer)
    return false;
  return linear ? (*linear)[dim] != 0 : index.isFunctionOfDim(dim);
}

std::optional<int64_t> Access::stride(unsigned dim) const {
  if (linear)
    return (*linear)[dim];
  // Divisions by which the dimension does not go cancel out.
  AffineExpr next = index.replace(
      getAffineDimExpr(dim, index.getContext()),
      getAffineDimExpr(dim, index.getContext()) + 1);
  AffineExpr step = simplified(next - index, kMostDims, kMostDims);
  if (auto constant = dyn_cast<AffineConstantExpr>(step))
    return constant.getValue();
  return std::nullopt;
}

bool Nest::isDynamic(unsigned dim) const {
  return ShapedType::isDynamic(sizes[dim]);
}

bool Nest::hasReduction() const {
  for (auto [size, isReduction] : llvm::zip(sizes, reduction))
    if (isReduction && size != 1)
      return true;
  return false;
}

void Nest::forEachAccess(llvm::function_ref<void(Access &)> visit) {
  for (Statement &statement : statements) {
    for (Access &access : statement.inputs)
      if (access.kind == Access::Buffer)
        visit(access);
    for (Access &access : statement.stores)
      if (access.kind == Access::Buffer)
        visit(access);
  }
}

void Nest::forEachAccess(llvm::function_ref<void(const Access &)> visit) const {
  const_cast<Nest *>(this)->forEachAccess(
      [&](Access &access) { visit(access); });
}

/// Row-major flat index.
static AffineExpr flatten(ArrayRef<AffineExpr> exprs, ArrayRef<AffineExpr> shape,
                          MLIRContext *context) {
  AffineExpr flat = getAffineConstantExpr(0, context);
  for (auto [expr, size] : llvm::zip(exprs, shape))
    flat = flat * size + expr;
  return flat;
}

/// expr floordiv divisor and expr mod divisor; terms that are multiples of the divisor leave
/// exactly where the others stay below it, as the sizes of the dimensions tell.
static std::pair<AffineExpr, AffineExpr>
divide(AffineExpr expr, int64_t divisor, ArrayRef<int64_t> sizes,
       unsigned symbols) {
  MLIRContext *context = expr.getContext();
  std::optional<Linear> linear = toLinear(expr, sizes.size(), symbols);
  if (!linear || llvm::any_of(linear->symbols, [](int64_t s) { return s; }))
    return {expr.floorDiv(divisor), expr % divisor};
  AffineExpr quotient = getAffineConstantExpr(linear->offset / divisor, context);
  AffineExpr rest = getAffineConstantExpr(linear->offset % divisor, context);
  int64_t most = linear->offset % divisor;
  for (auto [dim, coefficient] : llvm::enumerate(linear->coefficients)) {
    AffineExpr d = getAffineDimExpr(dim, context);
    if (coefficient < 0 || linear->offset < 0)
      return {expr.floorDiv(divisor), expr % divisor};
    if (coefficient % divisor == 0) {
      quotient = quotient + d * (coefficient / divisor);
    } else {
      rest = rest + d * coefficient;
      if (coefficient && ShapedType::isDynamic(sizes[dim]))
        return {expr.floorDiv(divisor), expr % divisor};
      most += coefficient * (sizes[dim] - 1);
    }
  }
  if (most < divisor)
    return {quotient, rest};
  return {quotient + rest.floorDiv(divisor), rest % divisor};
}

namespace {
class NestBuilder {
public:
  explicit NestBuilder(KernelOp kernel)
      : kernel(kernel), context(kernel.getContext()) {}

  FailureOr<KernelNests> run() {
    Block &body = kernel.getBody().front();
    for (BlockArgument argument : body.getArguments()) {
      if (isa<RankedTensorType>(argument.getType()))
        result.bufferOf[argument] = result.numBuffers++;
      else if (isa<IndexType>(argument.getType()))
        result.indexArguments.push_back(argument);
      else
        result.scalarArguments.push_back(argument);
    }
    Operation *yield = body.getTerminator();
    for (Value value : yield->getOperands())
      result.bufferOf[value] = result.numBuffers++;
    lastResult = yield->getNumOperands() ? yield->getOperand(0) : Value();

    collectStages(body);
    chooseRows();
    for (auto &group : groups)
      if (failed(addNest(group)))
        return failure();
    for (Operation &op : body)
      if (auto concat = dyn_cast<tensor::ConcatOp>(op))
        if (failed(addConcat(concat)))
          return failure();
    return std::move(result);
  }

private:
  /// A root, and the elementwise stages that follow it point by point.
  void collectStages(Block &body) {
    for (auto op : body.getOps<linalg::GenericOp>()) {
      if (op->use_empty() || onlyInitialises(op))
        continue;
      if (!groups.empty() && followsInRegisters(op, groups.back()))
        groups.back().push_back(op);
      else
        groups.push_back({op});
    }
  }

  static bool onlyInitialises(linalg::GenericOp op) {
    return op.getNumDpsInputs() == 0 && isElementwise(op) &&
           llvm::all_of(op->getUsers(), [&](Operation *user) {
             auto generic = dyn_cast<linalg::GenericOp>(user);
             return generic && llvm::is_contained(generic.getDpsInits(),
                                                  op.getResult(0));
           });
  }

  bool followsInRegisters(linalg::GenericOp op,
                          ArrayRef<linalg::GenericOp> group) {
    if (!isElementwise(op))
      return false;
    linalg::GenericOp root = group.front();
    bool reads = false;
    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto def = operand->get().getDefiningOp<linalg::GenericOp>();
      if (!def || !llvm::is_contained(group, def))
        continue;
      if (!op.getMatchingIndexingMap(operand).isPermutation() ||
          op.getNumLoops() != root.getNumParallelLoops())
        return false;
      reads = true;
    }
    // Stages that keep a row in memory are nests of their own.
    return reads && root.getNumReductionLoops() > 0;
  }

  void chooseRows() {
    if (groups.size() < 2)
      return;
    for (auto &group : groups)
      if (group.front().getNumReductionLoops())
        rows = group.front().getNumParallelLoops();
  }

  LogicalResult addNest(ArrayRef<linalg::GenericOp> group) {
    Nest nest;
    linalg::GenericOp root = group.front();
    nest.sizes = root.getStaticLoopRanges();
    auto extents = extentsOf(root);
    if (!extents)
      return kernel.emitError("has loops whose sizes are not known");
    nest.extents = *extents;
    for (utils::IteratorType type : root.getIteratorTypesArray())
      nest.reduction.push_back(type == utils::IteratorType::reduction);
    nest.outer = rows;
    sizes = nest.sizes;

    SmallVector<AffineExpr> rootDims;
    for (unsigned i = 0; i < nest.sizes.size(); ++i)
      rootDims.push_back(nest.sizes[i] == 1
                             ? getAffineConstantExpr(0, context)
                             : getAffineDimExpr(i, context));
    DenseMap<Value, SmallVector<AffineExpr>> indexOf;
    for (linalg::GenericOp op : group) {
      Statement statement;
      statement.op = op;
      statement.dims.resize(op.getNumLoops(), getAffineConstantExpr(0, context));
      if (op == root) {
        statement.dims = rootDims;
      } else {
        for (OpOperand *operand : op.getDpsInputOperands()) {
          auto found = indexOf.find(operand->get());
          if (found == indexOf.end())
            continue;
          AffineMap map = op.getMatchingIndexingMap(operand);
          for (auto [i, expr] : llvm::enumerate(map.getResults()))
            statement.dims[cast<AffineDimExpr>(expr).getPosition()] =
                found->second[i];
        }
      }
      if (failed(addInputs(statement, indexOf)))
        return failure();
      for (OpOperand &init : op.getDpsInitsMutable()) {
        Value value = op.getTiedOpResult(&init);
        AffineMap map = op.getMatchingIndexingMap(&init);
        SmallVector<AffineExpr> exprs;
        for (AffineExpr expr : map.getResults())
          exprs.push_back(substitute(expr, statement.dims));
        statement.results.push_back(value);
        statement.stores.push_back(storeOf(value, exprs));
        indexOf[value] = exprs;
      }
      if (hasAssert(op))
        result.checked = true;
      op.getRegion().walk([&](StringOp string) { result.makesStrings |= string.getMakes(); });
      nest.statements.push_back(std::move(statement));
    }
    markSkippable(nest);
    result.nests.push_back(std::move(nest));
    return success();
  }

  /// Sizes of the loops; nullopt where one is not known.
  std::optional<SmallVector<AffineExpr>> extentsOf(linalg::GenericOp op) {
    SmallVector<AffineExpr> extents;
    for (auto [loop, size] : llvm::enumerate(op.getStaticLoopRanges())) {
      extents.push_back(ShapedType::isDynamic(size)
                            ? AffineExpr()
                            : getAffineConstantExpr(size, context));
      for (OpOperand &operand : op->getOpOperands()) {
        AffineMap map = op.getMatchingIndexingMap(&operand);
        for (auto [i, expr] : llvm::enumerate(map.getResults()))
          if (!extents.back() && expr == getAffineDimExpr(loop, context) &&
              !shapes.of(operand.get()).empty())
            extents.back() = shapes.of(operand.get())[i];
      }
      if (!extents.back())
        return std::nullopt;
    }
    return extents;
  }

  /// Row-major flat index of a tensor's element.
  AffineExpr flatIndex(Value tensor, ArrayRef<AffineExpr> exprs) {
    return flatten(exprs, shapes.of(tensor), context);
  }

  static bool hasAssert(linalg::GenericOp op) {
    return op.getRegion().front().walk([](cf::AssertOp) {
      return WalkResult::interrupt();
    }).wasInterrupted();
  }

  AffineExpr substitute(AffineExpr expr, ArrayRef<AffineExpr> dims) {
    return simplified(expr.replaceDims(dims), sizes.size(),
                      result.indexArguments.size());
  }

  LogicalResult
  addInputs(Statement &statement,
            const DenseMap<Value, SmallVector<AffineExpr>> &inRegisters) {
    Block &body = statement.op.getRegion().front();
    for (OpOperand *operand : statement.op.getDpsInputOperands()) {
      Value value = operand->get();
      Access access;
      access.element = getElementTypeOrSelf(value.getType());
      if (body.getArgument(operand->getOperandNumber()).use_empty()) {
        statement.inputs.push_back(access);
        continue;
      }
      if (inRegisters.contains(value)) {
        access.kind = Access::Value;
        access.value = value;
        statement.inputs.push_back(access);
        continue;
      }
      SmallVector<AffineExpr> exprs;
      AffineMap map = statement.op.getMatchingIndexingMap(operand);
      for (AffineExpr expr : map.getResults())
        exprs.push_back(substitute(expr, statement.dims));
      if (failed(resolve(value, exprs, access)))
        return failure();
      statement.inputs.push_back(std::move(access));
    }
    return success();
  }

  /// One value a row lives in a register from its nest to the end of the row.
  bool isRowScalar(Value value) {
    if (!rows)
      return false;
    auto type = cast<RankedTensorType>(value.getType());
    for (auto [i, size] : llvm::enumerate(type.getShape()))
      if (i >= rows && size != 1)
        return false;
    return true;
  }

  Access storeOf(Value value, ArrayRef<AffineExpr> exprs) {
    Access access;
    access.element = getElementTypeOrSelf(value.getType());
    auto found = result.bufferOf.find(value);
    bool inMemory = found != result.bufferOf.end();
    // A row that later stages read is kept in the result's memory.
    bool keepsRow = !inMemory && rows && !isRowScalar(value) && usedByNests(value);
    if (!inMemory && !keepsRow)
      return access;
    access.kind = Access::Buffer;
    access.buffer = inMemory ? found->second : result.bufferOf.lookup(lastResult);
    setIndex(access, flatIndex(value, exprs));
    return access;
  }

  bool usedByNests(Value value) {
    unsigned own = groupOf(value.getDefiningOp());
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      return groupOf(user) != own;
    });
  }

  unsigned groupOf(Operation *op) {
    for (auto [i, group] : llvm::enumerate(groups))
      for (linalg::GenericOp member : group)
        if (member == op)
          return i;
    return groups.size();
  }

  void setIndex(Access &access, AffineExpr index) {
    unsigned dims = sizes.size(), symbols = result.indexArguments.size();
    access.index = simplified(index, dims, symbols);
    access.linear = toLinear(access.index, dims, symbols);
  }

  /// Walks through views to memory, a register or a constant.
  LogicalResult resolve(Value value, SmallVector<AffineExpr> exprs,
                        Access &access) {
    if (shapes.of(value).size() != exprs.size())
      return kernel.emitError("has an operand whose sizes are not known");
    if (auto found = result.bufferOf.find(value);
        found != result.bufferOf.end()) {
      access.kind = Access::Buffer;
      access.buffer = found->second;
      setIndex(access, flatIndex(value, exprs));
      return success();
    }
    Operation *def = value.getDefiningOp();
    Attribute constant;
    if (matchPattern(value, m_Constant(&constant))) {
      access.constant = cast<TypedAttr>(splatValue(constant));
      access.kind = Access::Constant;
      return success();
    }
    if (isa_and_nonnull<linalg::GenericOp>(def)) {
      if (isRowScalar(value)) {
        access.kind = Access::Value;
        access.value = value;
        return success();
      }
      // Only rows are kept, in the result's memory.
      if (!rows)
        return kernel.emitError("has a stage that reads another which is kept nowhere; fuse-elementwise merges them");
      access.kind = Access::Buffer;
      access.buffer = result.bufferOf.lookup(lastResult);
      setIndex(access, flatIndex(value, exprs));
      return success();
    }
    if (auto fill = dyn_cast_or_null<linalg::FillOp>(def)) {
      if (!matchPattern(fill.getInputs()[0], m_Constant(&access.constant)))
        return kernel.emitError("has a fill by a value that is no constant");
      access.kind = Access::Constant;
      return success();
    }
    if (isReshape(def))
      return resolveReshape(def, exprs, access);
    if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(def))
      return resolveSlice(slice, exprs, access);
    if (auto pad = dyn_cast_or_null<tensor::PadOp>(def))
      return resolvePad(pad, exprs, access);
    if (auto empty = dyn_cast_or_null<tensor::EmptyOp>(def); empty && llvm::is_contained(empty.getType().getShape(), 0)) {
      // Nothing of it is ever read.
      access.constant = OpBuilder(context).getZeroAttr(empty.getType().getElementType());
      access.kind = Access::Constant;
      return success();
    }
    return kernel.emitError("has an operand that is no view, constant or stage");
  }

  LogicalResult resolveReshape(Operation *reshape, ArrayRef<AffineExpr> exprs,
                               Access &access) {
    Value source = viewSource(reshape);
    Value base = source;
    while (isReshape(base.getDefiningOp()))
      base = viewSource(base.getDefiningOp());
    auto from = cast<RankedTensorType>(source.getType());
    bool expands = isa<tensor::ExpandShapeOp>(reshape);
    auto groups =
        expands ? cast<tensor::ExpandShapeOp>(reshape).getReassociationIndices()
                : cast<tensor::CollapseShapeOp>(reshape).getReassociationIndices();
    SmallVector<AffineExpr> inner;
    if (expands) {
      for (auto &group : groups) {
        AffineExpr flat = getAffineConstantExpr(0, context);
        for (int64_t i : group)
          flat = flat * shapes.of(reshape->getResult(0))[i] + exprs[i];
        inner.push_back(substituteNothing(flat));
      }
      if (groups.empty())
        inner.clear();
      return resolve(source, inner, access);
    }
    // Memory that is walked as it lies needs no division.
    if (!isView(base.getDefiningOp()) || isReshape(base.getDefiningOp())) {
      AffineExpr flat = flatIndex(reshape->getResult(0), exprs);
      return resolveFlat(base, flat, access);
    }
    inner.resize(from.getRank(), getAffineConstantExpr(0, context));
    for (auto [g, group] : llvm::enumerate(groups)) {
      AffineExpr rest = exprs[g];
      for (int64_t i : llvm::reverse(group)) {
        if (from.getDimSize(i) == 1)
          continue;
        bool outermost = true;
        for (int64_t j : group)
          outermost &= j >= i || from.getDimSize(j) == 1;
        if (outermost) {
          inner[i] = rest;
          break;
        }
        auto [quotient, remainder] = divideBy(rest, source, i);
        inner[i] = substituteNothing(remainder);
        rest = substituteNothing(quotient);
      }
    }
    return resolve(source, inner, access);
  }

  /// Quotient and rest of a division by a tensor's size.
  std::pair<AffineExpr, AffineExpr> divideBy(AffineExpr expr, Value tensor,
                                             int64_t dim) {
    AffineExpr size = shapes.of(tensor)[dim];
    if (auto constant = dyn_cast<AffineConstantExpr>(size))
      return divide(expr, constant.getValue(), sizes,
                    result.indexArguments.size());
    return {expr.floorDiv(size), expr % size};
  }

  AffineExpr substituteNothing(AffineExpr expr) {
    return simplified(expr, sizes.size(), result.indexArguments.size());
  }

  /// `base` is memory, a register or a constant; `flat` indexes it row-major.
  LogicalResult resolveFlat(Value base, AffineExpr flat, Access &access) {
    auto type = cast<RankedTensorType>(base.getType());
    SmallVector<AffineExpr> zeros(type.getRank(),
                                  getAffineConstantExpr(0, context));
    if (failed(resolve(base, zeros, access)))
      return failure();
    if (access.kind == Access::Buffer)
      setIndex(access, flat);
    return success();
  }

  LogicalResult resolveSlice(tensor::ExtractSliceOp slice,
                             ArrayRef<AffineExpr> exprs, Access &access) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    SmallVector<AffineExpr> inner;
    unsigned next = 0;
    for (auto [i, offset] : llvm::enumerate(slice.getMixedOffsets())) {
      std::optional<int64_t> stride =
          getConstantIntValue(slice.getMixedStrides()[i]);
      if (!stride)
        return kernel.emitError("has a slice whose stride is no constant");
      AffineExpr expr = dropped.test(i) ? getAffineConstantExpr(0, context)
                                        : exprs[next++];
      expr = expr * *stride;
      AffineExpr begin = shapes.of(offset, context);
      if (!begin)
        return kernel.emitError("has a slice at an offset that is no size");
      expr = expr + begin;
      inner.push_back(substituteNothing(expr));
    }
    return resolve(slice.getSource(), inner, access);
  }

  LogicalResult resolvePad(tensor::PadOp pad, ArrayRef<AffineExpr> exprs,
                           Access &access) {
    TypedAttr value;
    Value padding = pad.getConstantPaddingValue();
    if (!padding || !matchPattern(padding, m_Constant(&value)) ||
        (access.padding && access.padding != value))
      return kernel.emitError("has padding by a value that is no constant");
    access.padding = value;
    auto from = pad.getSourceType();
    SmallVector<AffineExpr> inner(exprs.begin(), exprs.end());
    for (auto [i, low, high] : llvm::enumerate(pad.getMixedLowPad(), pad.getMixedHighPad())) {
      AffineExpr before = shapes.of(low, context);
      if (!before)
        return kernel.emitError("has padding of an unknown size");
      inner[i] = substituteNothing(inner[i] - before);
      if (getConstantIntValue(low) != 0 || getConstantIntValue(high) != 0)
        access.bounds.push_back(
            {inner[i],
             toLinear(inner[i], sizes.size(), result.indexArguments.size()),
             from.getDimSize(i), shapes.of(pad.getSource())[i]});
    }
    return resolve(pad.getSource(), inner, access);
  }

  /// acc + padding * x with padding 0, or combine(acc, padding) where padding
  /// is the accumulator's start: nothing changes, so loops may leave it out.
  static void markSkippable(Nest &nest) {
    linalg::GenericOp root = nest.root().op;
    if (root.getNumReductionLoops() == 0 || root.getNumResults() != 1)
      return;
    Operation *combiner = combinerOf(root, 0);
    TypedAttr start = initialValue(root, 0);
    if (!combiner || !start)
      return;
    Block &body = root.getRegion().front();
    Value acc = body.getArgument(root.getNumDpsInputs());
    Value term = combiner->getOperand(combiner->getOperand(0) == acc ? 1 : 0);
    for (auto [i, access] : llvm::enumerate(nest.root().inputs)) {
      if (access.bounds.empty())
        continue;
      Value argument = body.getArgument(i);
      Operation *product = term.getDefiningOp();
      bool inProduct =
          isContraction(root) && product &&
          llvm::any_of(product->getOperands(), [&](Value factor) {
            Operation *widened = factor.getDefiningOp();
            return factor == argument || (isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp>(widened) && widened->getOperand(0) == argument);
          }) &&
          (matchPattern(access.padding, m_AnyZeroFloat()) || matchPattern(access.padding, m_Zero()));
      if (term != argument && !inProduct)
        continue;
      if (term == argument && access.padding != start)
        continue;
      access.skippable = llvm::all_of(access.bounds, [&](const Bound &bound) {
        return bound.linear && oneReduction(nest, *bound.linear);
      });
    }
  }

  /// Exactly one reduction dimension, walked forward, and no index argument.
  static bool oneReduction(const Nest &nest, const Linear &linear) {
    unsigned reductions = 0;
    for (auto [dim, coefficient] : llvm::enumerate(linear.coefficients)) {
      if (coefficient < 0)
        return false;
      reductions += coefficient && nest.reduction[dim];
    }
    return reductions == 1 &&
           llvm::all_of(linear.symbols, [](int64_t s) { return s == 0; });
  }

  LogicalResult addConcat(tensor::ConcatOp concat) {
    int64_t axis = concat.getDim();
    AffineExpr offset = getAffineConstantExpr(0, context);
    for (Value operand : concat.getInputs()) {
      auto part = cast<RankedTensorType>(operand.getType());
      Nest nest;
      nest.sizes.assign(part.getShape().begin(), part.getShape().end());
      nest.extents.assign(shapes.of(operand).begin(), shapes.of(operand).end());
      if (nest.extents.size() != nest.sizes.size())
        return kernel.emitError("has an operand whose sizes are not known");
      nest.reduction.assign(part.getRank(), false);
      sizes = nest.sizes;
      Statement statement;
      SmallVector<AffineExpr> from, to;
      for (int64_t i = 0; i < part.getRank(); ++i) {
        AffineExpr dim = part.getDimSize(i) == 1
                             ? getAffineConstantExpr(0, context)
                             : getAffineDimExpr(i, context);
        from.push_back(dim);
        to.push_back(i == axis ? dim + offset : dim);
      }
      offset = offset + nest.extents[axis];
      Access load, store;
      load.element = store.element = part.getElementType();
      if (failed(resolve(operand, from, load)))
        return failure();
      store.kind = Access::Buffer;
      store.buffer = result.bufferOf.lookup(concat.getResult());
      setIndex(store, flatIndex(concat.getResult(), to));
      statement.inputs.push_back(load);
      statement.stores.push_back(store);
      statement.results.push_back(concat.getResult());
      nest.statements.push_back(std::move(statement));
      if (!llvm::is_contained(part.getShape(), 0))
        result.nests.push_back(std::move(nest));
    }
    return success();
  }

  KernelOp kernel;
  MLIRContext *context;
  Sizes shapes;
  KernelNests result;
  Value lastResult;
  unsigned rows = 0;
  SmallVector<int64_t> sizes; ///< of the nest being built
  SmallVector<SmallVector<linalg::GenericOp>> groups;
};
} // namespace

FailureOr<KernelNests> ingot::buildNests(KernelOp kernel) {
  return NestBuilder(kernel).run();
}

std::optional<std::pair<int64_t, int64_t>> ingot::copiedRange(const Nest &nest, unsigned dim) {
  const Statement &root = nest.root();
  if (nest.statements.size() != 1 || root.inputs.size() != 1 || dim < nest.outer || nest.isDynamic(dim))
    return std::nullopt;
  // What computes of elements alone does so of padding, too.
  if (root.op && (root.op.getNumReductionLoops() || !root.op.getBody()->getOps<linalg::IndexOp>().empty()))
    return std::nullopt;
  int64_t begin = 0, end = nest.sizes[dim];
  bool found = false;
  for (const Bound &bound : root.inputs.front().bounds) {
    if (!bound.index.isFunctionOfDim(dim))
      continue;
    if (!bound.linear || ShapedType::isDynamic(bound.size) || (*bound.linear)[dim] != 1)
      return std::nullopt;
    auto isZero = [](int64_t coefficient) { return coefficient == 0; };
    if (llvm::count_if(bound.linear->coefficients, isZero) + 1 != int64_t(nest.sizes.size()) || !llvm::all_of(bound.linear->symbols, isZero))
      return std::nullopt;
    found = true;
    begin = std::max(begin, -bound.linear->offset);
    end = std::min(end, bound.size - bound.linear->offset);
  }
  begin = std::min(begin, nest.sizes[dim]);
  return found ? std::make_optional(std::make_pair(begin, std::max(begin, end))) : std::nullopt;
}

/// Dimensions that a body asks the number of, or that bounds hold, keep their identity.
static bool isNamed(const Nest &nest, unsigned dim) {
  bool named = dim < nest.outer;
  for (const Statement &statement : nest.statements)
    if (statement.op)
      statement.op.getRegion().front().walk([&](linalg::IndexOp index) {
        named |= statement.dims[index.getDim()].isFunctionOfDim(dim);
      });
  nest.forEachAccess([&](const Access &access) {
    for (const Bound &bound : access.bounds)
      named |= bound.index.isFunctionOfDim(dim);
  });
  return named;
}

/// So do those in uneven expressions where a part of them is asked for.
static bool isFixed(const Nest &nest, unsigned dim) {
  bool fixed = isNamed(nest, dim);
  nest.forEachAccess([&](const Access &access) {
    fixed |= !access.linear && access.index.isFunctionOfDim(dim);
  });
  return fixed;
}

/// Whether a step of `outer` goes as far as all steps of `inner`, of which there are `size`, so that one loop can walk both.
static bool walksAsOne(const Access &access, unsigned outer, unsigned inner, AffineExpr size) {
  MLIRContext *context = size.getContext();
  AffineExpr o = getAffineDimExpr(outer, context), i = getAffineDimExpr(inner, context);
  if (access.linear && isa<AffineConstantExpr>(size))
    return (*access.linear)[outer] == (*access.linear)[inner] * cast<AffineConstantExpr>(size).getValue();
  if (access.linear)
    return (*access.linear)[outer] == 0 && (*access.linear)[inner] == 0;
  AffineExpr byOuter = simplifiedSize(access.index.replace(o, o + 1) - access.index);
  AffineExpr byInner = simplifiedSize(access.index.replace(i, i + size) - access.index);
  return byOuter == byInner && !byOuter.isFunctionOfDim(outer) && !byOuter.isFunctionOfDim(inner);
}

static void merge(Nest &nest, unsigned outer, unsigned inner, unsigned symbols) {
  bool isOpen = nest.isDynamic(outer) || nest.isDynamic(inner);
  int64_t steps = nest.sizes[inner];
  nest.sizes[inner] = isOpen ? ShapedType::kDynamic : nest.sizes[inner] * nest.sizes[outer];
  nest.extents[inner] = simplifiedSize(nest.extents[inner] * nest.extents[outer]);
  MLIRContext *context = nest.extents[inner].getContext();
  nest.sizes[outer] = 1;
  nest.extents[outer] = getAffineConstantExpr(1, context);
  nest.forEachAccess([&](Access &access) {
    // Steps of a copy's dimension are blocks of the merged one's.
    for (Bound &bound : access.bounds)
      if (bound.index.isFunctionOfDim(outer)) {
        bound.linear->coefficients[inner] = 1;
        bound.linear->coefficients[outer] = 0;
        bound.linear->offset *= steps;
        bound.size *= steps;
        bound.extent = getAffineConstantExpr(bound.size, context);
        bound.index = getAffineDimExpr(inner, context) + bound.linear->offset;
      }
    if (access.linear) {
      access.linear->coefficients[outer] = 0;
      return;
    }
    access.index = simplified(access.index.replace(getAffineDimExpr(outer, context), getAffineConstantExpr(0, context)),
                              nest.sizes.size(), symbols);
    access.linear = toLinear(access.index, nest.sizes.size(), symbols);
  });
}

/// The size of the blocks in which uneven accesses walk the dimension, if all of these do so in the same way; else 1.
static int64_t blocksOf(const Nest &nest, unsigned dim) {
  AffineExpr d = getAffineDimExpr(dim, nest.extents[dim].getContext());
  int64_t block = 1;
  bool same = true;
  nest.forEachAccess([&](const Access &access) {
    if (access.linear || !access.index)
      return;
    access.index.walk([&](AffineExpr expr) {
      auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
      if (!binary || (expr.getKind() != AffineExprKind::FloorDiv && expr.getKind() != AffineExprKind::Mod) || !expr.isFunctionOfDim(dim))
        return;
      auto size = dyn_cast<AffineConstantExpr>(binary.getRHS());
      same &= binary.getLHS() == d && size && (block == 1 || block == size.getValue());
      if (size)
        block = size.getValue();
    });
  });
  return same && block > 1 ? block : 1;
}

/// Makes two dimensions of one that is walked in blocks (panels of a product's operand), so that all accesses are even.
static void splitBlocks(Nest &nest, unsigned dim, unsigned symbols) {
  int64_t block = nest.isDynamic(dim) || isNamed(nest, dim) ? 1 : blocksOf(nest, dim);
  if (block == 1 || nest.sizes[dim] % block || nest.sizes[dim] == block)
    return;
  MLIRContext *context = nest.extents[dim].getContext();
  unsigned inner = nest.sizes.size();
  AffineExpr d = getAffineDimExpr(dim, context), i = getAffineDimExpr(inner, context);
  DenseMap<AffineExpr, AffineExpr> parts = {{d, d * block + i}, {d.floorDiv(block), d}, {d % block, i}};
  Nest split = nest;
  split.sizes[dim] /= block;
  split.sizes.push_back(block);
  split.extents[dim] = getAffineConstantExpr(split.sizes[dim], context);
  split.extents.push_back(getAffineConstantExpr(block, context));
  split.reduction.push_back(split.reduction[dim]);
  bool even = true;
  split.forEachAccess([&](Access &access) {
    for (Bound &bound : access.bounds)
      if (bound.linear)
        bound.linear->coefficients.push_back(0);
    if (!access.index)
      return;
    bool wasEven = access.linear.has_value();
    access.index = simplified(access.index.replace(parts), split.sizes.size(), symbols);
    access.linear = toLinear(access.index, split.sizes.size(), symbols);
    even &= access.linear.has_value() || (!wasEven && !access.index.isFunctionOfDim(dim) && !access.index.isFunctionOfDim(inner));
  });
  if (!even)
    return;
  for (Statement &statement : split.statements)
    for (AffineExpr &expr : statement.dims)
      expr = expr.replace(parts);
  nest = std::move(split);
}

void ingot::mergeDimensions(Nest &nest, unsigned symbols) {
  for (unsigned dim = nest.outer, dims = nest.sizes.size(); dim < dims; ++dim)
    splitBlocks(nest, dim, symbols);
  for (int64_t outer = nest.sizes.size() - 2; outer >= 0; --outer) {
    bool isCopied = copiedRange(nest, outer).has_value();
    if (nest.sizes[outer] == 1 || (isNamed(nest, outer) && !isCopied))
      continue;
    for (unsigned inner = outer + 1; inner < nest.sizes.size(); ++inner) {
      if (nest.sizes[inner] == 1 ||
          nest.reduction[inner] != nest.reduction[outer])
        continue;
      bool merges = !isNamed(nest, inner) && !(isCopied && nest.isDynamic(inner));
      nest.forEachAccess([&](const Access &access) {
        merges = merges && walksAsOne(access, outer, inner, nest.extents[inner]);
      });
      if (merges) {
        merge(nest, outer, inner, symbols);
        break;
      }
      // Sums keep their order: only neighbours merge.
      if (nest.reduction[outer])
        break;
    }
  }
}

bool ingot::canSplit(const Nest &nest, unsigned dim) {
  return !isFixed(nest, dim) && !nest.isDynamic(dim);
}

void ingot::splitDimension(Nest &nest, unsigned dim, int64_t inner) {
  MLIRContext *context = nest.extents[dim].getContext();
  nest.sizes[dim] /= inner;
  nest.sizes.push_back(inner);
  nest.extents[dim] = getAffineConstantExpr(nest.sizes[dim], context);
  nest.extents.push_back(getAffineConstantExpr(inner, context));
  nest.reduction.push_back(nest.reduction[dim]);
  auto split = [&](Linear &linear) {
    linear.coefficients.push_back(linear.coefficients[dim]);
    linear.coefficients[dim] *= inner;
  };
  nest.forEachAccess([&](Access &access) {
    if (access.linear)
      split(*access.linear);
    for (Bound &bound : access.bounds)
      if (bound.linear)
        split(*bound.linear);
  });
}

SmallVector<unsigned> ingot::reductionOrder(const Nest &nest) {
  SmallVector<unsigned> dims;
  for (unsigned dim = 0; dim < nest.sizes.size(); ++dim)
    if (nest.reduction[dim] && nest.sizes[dim] != 1)
      dims.push_back(dim);
  auto rank = [&](unsigned dim) {
    bool bounded = false;
    nest.forEachAccess([&](const Access &access) {
      for (const Bound &bound : access.bounds)
        bounded |= bound.index.isFunctionOfDim(dim);
    });
    int64_t stride = 0;
    for (const Access &access : nest.root().inputs)
      if (access.kind == Access::Buffer && access.linear) {
        stride = std::abs((*access.linear)[dim]);
        break;
      }
    return std::make_pair(bounded, stride);
  };
  llvm::stable_sort(dims, [&](unsigned a, unsigned b) { return rank(a) > rank(b); });
  return dims;
}
