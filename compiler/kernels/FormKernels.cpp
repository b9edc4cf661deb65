//===- FormKernels.cpp - stages become kernels ----------------------------===//
#include "compiler/kernels/DataSizes.h"
#include "compiler/kernels/Passes.h"
#include "compiler/kernels/Sizes.h"
#include "compiler/kernels/Stages.h"
#include "compiler/support/Elements.h"
#include "compiler/support/Names.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include <queue>

namespace ingot {
#define GEN_PASS_DEF_FORMKERNELS
#include "compiler/kernels/Passes.h.inc"
} // namespace ingot

using namespace mlir;
using namespace ingot;

/// Stages in one kernel; what comes after starts another.
constexpr size_t kMostStages = 64;

/// Rows longer than this are not worth keeping in cache between stages.
constexpr int64_t kLongestRowBytes = 256 * 1024;

/// One value for each of the rows, which the first dimensions number.
static bool isOneValueARow(Value value, int64_t rowRank) {
  return llvm::all_of(
      cast<ShapedType>(value.getType()).getShape().drop_front(rowRank),
      [](int64_t size) { return size == 1; });
}

/// Bytes of a row, or of any greater part that is known; nullopt where that is unknown.
static std::optional<int64_t> rowBytes(RankedTensorType type, int64_t rowRank) {
  if (type.getRank() < rowRank)
    return byteSize(type);
  return byteSize(RankedTensorType::get(type.getShape().drop_front(rowRank),
                                        type.getElementType()));
}

/// The operation only gives a reduction its start value, or is empty: it is
/// cloned into the kernel that needs it.
static bool isInitialiser(Operation *op) {
  if (isa<linalg::FillOp, tensor::EmptyOp>(op))
    return true;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  // What nothing uses is a check.
  return generic && generic.getNumDpsInputs() == 0 && isElementwise(generic) &&
         !op->use_empty() && llvm::all_of(op->getUsers(), [&](Operation *user) {
           auto dps = dyn_cast<DestinationStyleOpInterface>(user);
           return dps && llvm::is_contained(dps.getDpsInits(), op->getResult(0));
         });
}

static bool isStage(Operation *op) {
  return isa<linalg::GenericOp, tensor::ConcatOp>(op) && !isInitialiser(op);
}

namespace {
/// Stages in program order. All but the last are used by later stages alone.
using Group = SmallVector<Operation *>;

/// Grows one kernel from a first stage.
class Grower {
public:
  explicit Grower(Operation *root) : stages{root} {
    if (auto generic = dyn_cast<linalg::GenericOp>(root))
      if (generic.getNumReductionLoops() && isRowReduction(generic))
        rowRank = generic.getNumParallelLoops();
  }

  Group run(const DenseSet<Operation *> &taken) {
    Operation *root = stages.front();
    auto first = dyn_cast<linalg::GenericOp>(root);
    if (!first || first.getNumResults() != 1)
      return stages;
    DenseSet<Operation *> tainted;
    // Users of members and of what is tainted, in program order.
    auto later = [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); };
    std::priority_queue<Operation *, std::vector<Operation *>, decltype(later)>
        users(later);
    DenseSet<Operation *> seen;
    auto follow = [&](Operation *op) {
      for (Operation *user : op->getUsers())
        if (Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user))
          if (seen.insert(ancestor).second)
            users.push(ancestor);
    };
    follow(root);
    while (!users.empty() && stages.size() < kMostStages) {
      Operation *op = users.top();
      users.pop();
      follow(op);
      bool usesMember = false, usesTainted = false;
      op->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands()) {
          Operation *def = operand.getDefiningOp();
          usesMember |= def && isMember(def);
          usesTainted |= def && tainted.contains(def);
        }
      });
      auto generic = dyn_cast<linalg::GenericOp>(op);
      if (usesMember && !usesTainted && generic && !taken.contains(op) &&
          isStage(op) && joins(generic)) {
        stages.push_back(op);
        continue;
      }
      tainted.insert(op);
      if (tainted.size() > 64)
        break;
    }
    while (stages.size() > 1 && !isClosed())
      stages.pop_back();
    return stages;
  }

private:
  bool isMember(Operation *op) const { return llvm::is_contained(stages, op); }

  /// Parallel loops first, then reductions; the result is indexed by the
  /// parallel loops in order, and by zeros after them.
  static bool isRowReduction(linalg::GenericOp op) {
    unsigned parallel = op.getNumParallelLoops();
    if (op.getNumResults() != 1 || !combinerOf(op, 0) || isContraction(op))
      return false;
    auto types = op.getIteratorTypesArray();
    for (unsigned i = 0; i < parallel; ++i)
      if (types[i] != utils::IteratorType::parallel)
        return false;
    AffineMap out = op.getIndexingMapsArray().back();
    for (auto [i, expr] : llvm::enumerate(out.getResults())) {
      if (i < parallel ? expr != getAffineDimExpr(i, op.getContext())
                       : expr != getAffineConstantExpr(0, op.getContext()))
        return false;
    }
    return out.getNumResults() >= parallel;
  }

  bool joins(linalg::GenericOp op) {
    if (op.getNumResults() != 1)
      return false;
    if (isa<linalg::GenericOp>(stages.front()) && joinsAsEpilogue(op))
      return true;
    return joinsAsRow(op);
  }

  /// Elementwise over exactly the points of the last stage, which it reads in the same order.
  bool joinsAsEpilogue(linalg::GenericOp op) {
    auto root = cast<linalg::GenericOp>(stages.front());
    if (rowStages || !isElementwise(op) || root.getNumReductionLoops() == 0 ||
        hasDataDependentAccess(op))
      return false;
    for (OpOperand &operand : op->getOpOperands()) {
      Operation *def = operand.get().getDefiningOp();
      if (!def || !isMember(def))
        continue;
      AffineMap map = op.getMatchingIndexingMap(&operand);
      if (!map.isPermutation() ||
          !cast<linalg::GenericOp>(def)
               .getIndexingMapsArray()
               .back()
               .isProjectedPermutation(/*allowZeroInResults=*/true))
        return false;
    }
    epilogue = true;
    return true;
  }

  /// Same rows, one after the other, as every stage so far.
  bool joinsAsRow(linalg::GenericOp op) {
    // A contraction computes many rows at once, in register tiles.
    auto root = cast<linalg::GenericOp>(stages.front());
    if (epilogue || isContraction(root) || hasDataDependentAccess(op))
      return false;
    if (op.getNumReductionLoops()) {
      if (!isRowReduction(op) ||
          (rowRank != -1 && rowRank != int64_t(op.getNumParallelLoops())))
        return false;
    } else if (!op.getIndexingMapsArray().back().isIdentity()) {
      return false;
    }
    int64_t rank =
        op.getNumReductionLoops() ? int64_t(op.getNumParallelLoops()) : rowRank;
    // A whole tensor is no row: nothing walks over rows that could keep a value.
    if (rank == 0)
      return false;
    if (rank != -1) {
      for (Operation *stage : stages)
        if (!hasRows(cast<linalg::GenericOp>(stage), rank))
          return false;
      if (!hasRows(op, rank) || !readsRows(op, rank))
        return false;
      int64_t rows = 1;
      SmallVector<int64_t> ranges = op.getStaticLoopRanges();
      for (int64_t size : ArrayRef(ranges).take_front(rank))
        rows = ShapedType::isDynamic(size) ? 0 : rows * size;
      for (OpOperand *input : op.getDpsInputOperands()) {
        auto type = dyn_cast<RankedTensorType>(input->get().getType());
        if (!type)
          continue;
        // How long a row of unknown size is, only the call will show; most are short.
        int64_t bytes = type.hasStaticShape() && rows > 0
                            ? byteSize(type).value_or(INT64_MAX) / rows
                            : rowBytes(type, rank).value_or(0);
        if (bytes > kLongestRowBytes)
          return false;
      }
    } else if (!readsRows(op, op.getNumLoops())) {
      return false;
    }
    rowRank = rank;
    rowStages = true;
    return true;
  }

  static bool hasRows(linalg::GenericOp op, int64_t rank) {
    AffineMap out = op.getIndexingMapsArray().back();
    if (int64_t(out.getNumResults()) < rank || int64_t(op.getNumLoops()) < rank)
      return false;
    for (int64_t i = 0; i < rank; ++i)
      if (out.getResult(i) != getAffineDimExpr(i, op.getContext()))
        return false;
    return true;
  }

  /// Every operand from this group is read at the row that is being computed.
  bool readsRows(linalg::GenericOp op, int64_t rank) {
    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto def = operand->get().getDefiningOp<linalg::GenericOp>();
      if (!def || !isMember(def))
        continue;
      AffineMap map = op.getMatchingIndexingMap(operand);
      for (int64_t i = 0; i < rank; ++i) {
        SmallVector<int64_t> defSizes = def.getStaticLoopRanges();
        SmallVector<int64_t> sizes = op.getStaticLoopRanges();
        if (i >= int64_t(map.getNumResults()) ||
            map.getResult(i) != getAffineDimExpr(i, op.getContext()) ||
            defSizes[i] != sizes[i])
          return false;
      }
      // Within the row: one value, or the same place of the row.
      for (unsigned i = rank; i < map.getNumResults(); ++i)
        if (map.getResult(i) != getAffineDimExpr(i, op.getContext()) &&
            map.getResult(i) != getAffineConstantExpr(0, op.getContext()))
          return false;
    }
    return true;
  }

  /// No value but the last is used outside, and rows between stages fit into the result's own memory.
  bool isClosed() {
    for (Operation *stage : ArrayRef(stages).drop_back())
      for (Operation *user : stage->getUsers())
        if (!isMember(user->getBlock() == stage->getBlock()
                          ? user
                          : stage->getBlock()->findAncestorOpInBlock(*user)))
          return false;
    return !rowStages || rowsFit();
  }

  bool rowsFit() {
    // The reduction whose rows these are may have been left out again.
    if (rowRank == -1 || llvm::none_of(stages, [](Operation *stage) {
          return cast<linalg::GenericOp>(stage).getNumReductionLoops() > 0;
        }))
      return false;
    Value last = stages.back()->getResult(0);
    int64_t holder = -1;
    for (int64_t i = 0, e = stages.size(); i + 1 < e; ++i) {
      Value value = stages[i]->getResult(0);
      if (isOneValueARow(value, rowRank))
        continue; // stays in a register
      if (value.getType() != last.getType() ||
          Sizes().of(value) != Sizes().of(last))
        return false;
      if (holder != -1 && usedAfter(stages[holder], i))
        return false;
      holder = i;
    }
    // The last stage may overwrite what it reads, place by place.
    auto generic = cast<linalg::GenericOp>(stages.back());
    return generic.getNumReductionLoops() == 0 || holder == -1;
  }

  bool usedAfter(Operation *stage, int64_t position) {
    for (int64_t i = position + 1, e = stages.size(); i < e; ++i)
      if (llvm::is_contained(stages[i]->getOperands(), stage->getResult(0)))
        return true;
    return false;
  }

  Group stages;
  int64_t rowRank = -1;
  bool rowStages = false;
  bool epilogue = false;
};

/// Moves one group into an ingot.kernel at the place of its last stage.
class Outliner {
public:
  Outliner(ArrayRef<Operation *> group, Sizes &sizes, const DenseMap<unsigned, Value> &fromData)
      : group(group), sizes(sizes), fromData(fromData) {}

  void run() {
    Operation *last = group.back();
    OpBuilder builder(last);
    std::vector<Location> locs;
    for (Operation *stage : group)
      locs.push_back(stage->getLoc());
    Location loc = FusedLoc::get(last->getContext(), locs);

    Block body;
    OpBuilder inner(last->getContext());
    inner.setInsertionPointToStart(&body);
    for (Operation *stage : group)
      cloneStage(stage, body, inner);
    SmallVector<Value> yields;
    for (Value result : last->getResults())
      yields.push_back(map.lookup(result));
    YieldOp::create(inner, loc, yields);
    ArrayAttr inputSizes = describeInputs(body, builder);

    auto kernel = KernelOp::create(builder, loc, last->getResultTypes(),
                                   builder.getStringAttr(name()), inputs,
                                   DictionaryAttr(), inputSizes);
    kernel.getBody().emplaceBlock();
    Block &target = kernel.getBody().front();
    for (BlockArgument arg : body.getArguments())
      arg.replaceAllUsesWith(target.addArgument(arg.getType(), arg.getLoc()));
    target.getOperations().splice(target.end(), body.getOperations());

    for (auto [result, value] : llvm::zip(last->getResults(), kernel.getResults())) {
      (void)sizes.of(result);
      sizes.replace(result, value);
    }
    last->replaceAllUsesWith(kernel.getResults());
    for (Operation *stage : llvm::reverse(group))
      stage->erase();
  }

private:
  void cloneStage(Operation *stage, Block &body, OpBuilder &inner) {
    bring(stage, body, inner);
    map.map(stage->getResults(), inner.clone(*stage, map)->getResults());
  }

  /// Makes every value that the operation uses available in the kernel.
  void bring(Operation *op, Block &body, OpBuilder &inner) {
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (!op->isAncestor(operand.getParentBlock()->getParentOp()) ||
            operand.getParentBlock() == op->getBlock())
          bringValue(operand, body, inner);
    });
  }

  void bringValue(Value value, Block &body, OpBuilder &inner) {
    if (map.contains(value))
      return;
    Operation *def = value.getDefiningOp();
    Attribute constant;
    bool splat = matchPattern(value, m_Constant(&constant)) &&
                 (!isa<ShapedType>(value.getType()) || splatValue(constant));
    if (def && (splat || isView(def) || isInitialiser(def) ||
                isa<affine::AffineApplyOp>(def))) {
      bring(def, body, inner);
      map.map(def->getResults(), inner.clone(*def, map)->getResults());
      return;
    }
    // One operand for each of the module's sizes.
    if (auto size = value.getDefiningOp<SizeOp>())
      for (auto [input, argument] : llvm::zip(inputs, body.getArguments()))
        if (auto known = input.getDefiningOp<SizeOp>())
          if (known.getNumber() == size.getNumber())
            return map.map(value, Value(argument));
    inputs.push_back(value);
    map.map(value, body.addArgument(value.getType(), value.getLoc()));
  }

  /// The sizes of the operands over those of type index, to which the named sizes that they
  /// need are added; null where all are static.
  ArrayAttr describeInputs(Block &body, OpBuilder &builder) {
    MLIRContext *context = builder.getContext();
    bool allStatic = llvm::all_of(inputs, [](Value input) { return isStatic(input.getType()); }) &&
                     llvm::all_of(group.back()->getResultTypes(), isStatic);
    if (allStatic)
      return {};
    auto indexNumber = [&](int64_t name) {
      unsigned number = 0;
      Value size = fromData.lookup(name);
      for (Value input : inputs) {
        auto known = input.getDefiningOp<SizeOp>();
        if (size ? input == size : known && int64_t(known.getNumber()) == name)
          return number;
        number += isa<IndexType>(input.getType());
      }
      if (!size)
        size = SizeOp::create(builder, group.back()->getLoc(), builder.getIndexType(), name);
      inputs.push_back(size);
      body.addArgument(size.getType(), size.getLoc());
      return number;
    };
    SmallVector<SmallVector<AffineExpr>> exprs;
    SmallVector<Value> tensors(inputs);
    for (Value tensor : tensors) {
      exprs.emplace_back(sizes.of(tensor));
      for (AffineExpr &expr : exprs.back()) {
        // Two steps, since numbers of the one kind are numbers of the other, too.
        SmallVector<AffineExpr> symbols(symbolNames(group.back()).size(),
                                        getAffineConstantExpr(0, context));
        expr.walk([&](AffineExpr part) {
          if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
            symbols[symbol.getPosition()] =
                getAffineSymbolExpr(indexNumber(symbol.getPosition()), context);
        });
        expr = expr.replaceSymbols(symbols);
      }
    }
    exprs.resize(inputs.size());
    unsigned indices = llvm::count_if(inputs, [](Value input) {
      return isa<IndexType>(input.getType());
    });
    SmallVector<AffineMap> maps;
    for (auto &list : exprs)
      maps.push_back(AffineMap::get(0, indices, list, context));
    return builder.getAffineMapArrayAttr(maps);
  }

  /// Operator types of the nodes, in order, each node once: conv_add_relu.
  std::string name() {
    std::string text;
    std::vector<NodeName> named;
    for (Operation *stage : group)
      for (const NodeName &node : nodesOf(stage->getLoc())) {
        if (text.size() >= 32 || llvm::is_contained(named, node))
          continue;
        named.push_back(node);
        text += (text.empty() ? "" : "_") + (node.type.empty() ? node.name : node.type);
      }
    return toIdentifier(text.empty() ? "kernel" : text);
  }

  ArrayRef<Operation *> group;
  Sizes &sizes;
  const DenseMap<unsigned, Value> &fromData;
  IRMapping map;
  SmallVector<Value> inputs;
};

/// Views that something else than a stage reads get a copy of their own.
void copyEscapingViews(func::FuncOp func) {
  SmallVector<OpOperand *> escaping;
  func.walk([&](Operation *op) {
    // A body that reads by computed indices needs memory as it lies.
    bool inBody = op->getParentOfType<linalg::GenericOp>() &&
                  !isa<tensor::ExtractOp, AddressOp>(op);
    if (isStage(op) || isView(op) || inBody || isInitialiser(op))
      return;
    for (OpOperand &operand : op->getOpOperands()) {
      Operation *def = operand.get().getDefiningOp();
      while (def && isReshape(def))
        def = viewSource(def).getDefiningOp();
      if (def && isView(def))
        escaping.push_back(&operand);
    }
  });
  for (OpOperand *operand : escaping) {
    // The copy goes behind the non-reshape view, the reshapes stay.
    OpOperand *use = operand;
    while (isReshape(use->get().getDefiningOp()))
      use = &use->get().getDefiningOp()->getOpOperand(0);
    Value view = use->get();
    if (!isView(view.getDefiningOp()))
      continue; // copied already, through another use
    OpBuilder builder(view.getContext());
    builder.setInsertionPointAfterValue(view);
    auto type = cast<RankedTensorType>(view.getType());
    AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
    SmallVector<Value> dynamic;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(i))
        dynamic.push_back(tensor::DimOp::create(builder, view.getLoc(), view, i));
    Value empty = tensor::EmptyOp::create(builder, view.getLoc(), type, dynamic);
    auto copy = linalg::GenericOp::create(
        builder, view.getLoc(), type, view, empty,
        ArrayRef<AffineMap>{identity, identity},
        SmallVector<utils::IteratorType>(type.getRank(),
                                         utils::IteratorType::parallel),
        [](OpBuilder &b, Location loc, ValueRange args) {
          linalg::YieldOp::create(b, loc, args[0]);
        });
    use->set(copy.getResult(0));
  }
}

/// A cast, by which canonicalisation says that an open size is a static one, becomes a copy: buffers of the one and the other are of different types.
void copyCasts(func::FuncOp func) {
  SmallVector<tensor::CastOp> casts;
  func.walk([&](tensor::CastOp cast) { casts.push_back(cast); });
  for (tensor::CastOp cast : casts) {
    OpBuilder builder(cast);
    auto type = dyn_cast<RankedTensorType>(cast.getType());
    if (!type || !isa<RankedTensorType>(cast.getSource().getType()))
      continue;
    AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
    SmallVector<Value> dynamic;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(i))
        dynamic.push_back(tensor::DimOp::create(builder, cast.getLoc(), cast.getSource(), i));
    Value empty = tensor::EmptyOp::create(builder, cast.getLoc(), type, dynamic);
    auto copy = linalg::GenericOp::create(
        builder, cast.getLoc(), type, cast.getSource(), empty, ArrayRef<AffineMap>{identity, identity},
        SmallVector<utils::IteratorType>(type.getRank(), utils::IteratorType::parallel),
        [](OpBuilder &b, Location loc, ValueRange args) { linalg::YieldOp::create(b, loc, args[0]); });
    cast.replaceAllUsesWith(copy.getResult(0));
    cast.erase();
  }
}

/// Asks for the size of a tensor become expressions over the named sizes.
LogicalResult resolveSizes(func::FuncOp func, const DenseMap<unsigned, Value> &fromData) {
  Sizes sizes;
  SmallVector<tensor::DimOp> asks;
  func.walk([&](tensor::DimOp dim) { asks.push_back(dim); });
  for (tensor::DimOp dim : asks) {
    OpBuilder builder(dim);
    AffineExpr size = sizes.of(OpFoldResult(dim.getResult()), func.getContext());
    if (!size)
      return dim.emitError() << "the size of a value depends on data, which is not supported";
    unsigned names = symbolNames(func).size();
    SmallVector<OpFoldResult> operands;
    for (unsigned i = 0; i < names; ++i) {
      Value given = fromData.lookup(i);
      operands.push_back(given ? given : SizeOp::create(builder, dim.getLoc(), builder.getIndexType(), i).getResult());
    }
    OpFoldResult value = affine::makeComposedFoldedAffineApply(
        builder, dim.getLoc(), AffineMap::get(0, names, size), operands);
    dim.replaceAllUsesWith(getValueOrCreateConstantIndexOp(builder, dim.getLoc(), value));
    dim.erase();
  }
  return success();
}

/// A choice between tensors is control flow; where its branches do nothing else, canonicalisation makes a select of it.
void branchOnTensors(func::FuncOp func) {
  func.walk([](arith::SelectOp select) {
    if (!isa<TensorType>(select.getType()) ||
        !select.getCondition().getType().isInteger(1))
      return;
    OpBuilder builder(select);
    auto branch = scf::IfOp::create(
        builder, select.getLoc(), select.getCondition(),
        [&](OpBuilder &b, Location loc) {
          scf::YieldOp::create(b, loc, select.getTrueValue());
        },
        [&](OpBuilder &b, Location loc) {
          scf::YieldOp::create(b, loc, select.getFalseValue());
        });
    select.replaceAllUsesWith(branch.getResult(0));
    select.erase();
  });
}

void formKernels(Block &block, Sizes &sizes, const DenseMap<unsigned, Value> &fromData) {
  for (Operation &op : block)
    for (Region &region : op.getRegions())
      if (isa<scf::IfOp, scf::ForOp, scf::WhileOp>(op))
        for (Block &inner : region)
          formKernels(inner, sizes, fromData);

  DenseSet<Operation *> taken;
  SmallVector<Group> groups;
  for (Operation &op : block) {
    if (!isStage(&op) || taken.contains(&op))
      continue;
    groups.push_back(Grower(&op).run(taken));
    taken.insert(groups.back().begin(), groups.back().end());
  }
  for (Group &group : groups)
    Outliner(group, sizes, fromData).run();
}

struct FormKernels : ingot::impl::FormKernelsBase<FormKernels> {
  void runOnOperation() override {
    branchOnTensors(getOperation());
    copyCasts(getOperation());
    copyEscapingViews(getOperation());
    DenseMap<unsigned, Value> fromData = dataSizeValues(getOperation());
    if (failed(resolveSizes(getOperation(), fromData)))
      return signalPassFailure();
    Sizes sizes;
    for (Block &block : getOperation().getBody())
      formKernels(block, sizes, fromData);
    // What was cloned into kernels is no longer needed outside.
    IRRewriter rewriter(&getContext());
    (void)runRegionDCE(rewriter, getOperation().getBody());
  }
};
} // namespace
