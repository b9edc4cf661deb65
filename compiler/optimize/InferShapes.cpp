//===- InferShapes.cpp ----------------------------------------------------===//
#include "compiler/import/Inference.h"
#include "compiler/import/OpenShapes.h"
#include "compiler/optimize/Lists.h"
#include "compiler/optimize/Passes.h"
#include "compiler/optimize/Rewrite.h"
#include "compiler/optimize/SmallValues.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace ingot;

namespace ingot {
#define GEN_PASS_DEF_INFERSHAPES
#include "compiler/optimize/Passes.h.inc"
} // namespace ingot

constexpr unsigned kDeepestKept = 3;

/// Operations that copies of loops' bodies may add to a model in all.
constexpr int64_t kMostCopied = 65536;
/// Elements that the sequences of a model have in all. Each insertion makes a sequence of its own.
constexpr int64_t kMostListed = int64_t(1) << 22;

/// What --shape or the model says of an operation's results that are sequences or optionals; only while the pass runs.
constexpr StringLiteral kPromised = "ingot.promised";

namespace {
/// One walk over a function.
class Inferrer {
public:
  explicit Inferrer(bool byData) { options.byData = byData; }

  LogicalResult inferBlock(Block &block) { return inferRange(block, block.empty() ? nullptr : &block.front(), nullptr); }

private:
  LogicalResult inferRange(Block &block, Operation *op, Operation *end);
  LogicalResult inferOperation(Operation *op);
  onnx::LoopOp keepLoopShapes(onnx::LoopOp loop);
  FailureOr<bool> inferBranches(onnx::IfOp op);

  int64_t budget = kMostCopied, elements = kMostListed;
  ListOptions options{false, &budget, &elements};
};
} // namespace

static unsigned loopDepth(Operation *op) {
  unsigned depth = 0;
  while ((op = op->getParentOp()))
    depth += isa<onnx::LoopOp>(op);
  return depth;
}

LogicalResult Inferrer::inferOperation(Operation *op) {
  InferenceOptions inference;
  // The branches of an If were inferred already.
  if (!isa<onnx::IfOp>(op))
    inference.inferRegion = [this](Region &region) { return inferBlock(region.front()); };
  return inferTypes(op, inference);
}

/// Number of iterations of a loop whose condition is always true; null where only data tell.
static AffineExpr tripCount(onnx::LoopOp loop) {
  auto isTrue = [](Value value) {
    auto known = integerConstant(value);
    return known && known->size() == 1 && known->front();
  };
  Value condition = onnx::input(loop, 1);
  if (condition && !isTrue(condition))
    return {};
  Block &body = loop.getBodyRegion().front();
  Value again = body.getTerminator()->getOperand(0);
  while (auto identity = again.getDefiningOp<onnx::IdentityOp>())
    again = identity->getOperand(0);
  if (again != body.getArgument(1) && !isTrue(again))
    return {};
  Value most = onnx::input(loop, 0);
  auto count = most ? elementsOf(most) : std::nullopt;
  if (!count || count->size() != 1)
    return {};
  return greatestSize(loop, {getAffineConstantExpr(0, loop.getContext()), count->front()});
}

/// The specification lets the shapes of a loop's values change from one iteration to the next, and so infers none. Mostly they stay: the body
/// is inferred, in a copy, with the shapes that the values have before the loop, and if it gives them back they hold. Returns the loop to go on
/// with.
onnx::LoopOp Inferrer::keepLoopShapes(onnx::LoopOp loop) {
  // Inputs are the trip count, the condition, and the values; the body yields
  // the condition, the values, and what is collected.
  ValueRange initial = loop->getOperands().drop_front(
      std::min<unsigned>(2, loop->getNumOperands()));
  // Each level of loops is inferred twice, so that deep nests are left alone.
  if (llvm::none_of(initial.getTypes(), llvm::IsaPred<RankedTensorType>) ||
      loopDepth(loop) > kDeepestKept)
    return loop;
  OpBuilder builder(loop);
  auto copy = cast<onnx::LoopOp>(builder.clone(*loop));
  Block &body = copy.getBodyRegion().front();
  auto scalar = [&](Type element) { return RankedTensorType::get({}, element); };
  bool holds = body.getNumArguments() == initial.size() + 2;
  if (holds) {
    body.getArgument(0).setType(scalar(builder.getI64Type()));
    body.getArgument(1).setType(scalar(builder.getI1Type()));
    for (auto [argument, value] :
         llvm::zip(body.getArguments().drop_front(2), initial))
      argument.setType(value.getType());
    // A failure here may come from the assumption.
    ScopedDiagnosticHandler silent(loop.getContext(),
                                   [](Diagnostic &) { return success(); });
    holds = succeeded(inferBlock(body));
  }
  ValueRange yielded = body.getTerminator()->getOperands();
  for (auto [i, value] : llvm::enumerate(initial))
    holds = holds && i + 1 < yielded.size() &&
            yielded[i + 1].getType() == value.getType();
  if (!holds) {
    copy.erase();
    return loop;
  }
  for (auto [result, value] : llvm::zip(copy->getResults(), initial))
    result.setType(value.getType());
  // What each iteration yields is collected along a new first axis; how many iterations there are, only data may tell.
  AffineExpr count = tripCount(copy);
  for (auto [result, value] :
       llvm::zip(copy->getResults().drop_front(initial.size()),
                 yielded.drop_front(initial.size() + 1))) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      continue;
    SizeList shape = {count};
    llvm::append_range(shape, sizesOf(type));
    auto inferred = sizedType(shape, type.getElementType());
    // What the model declares may have told more.
    Type merged = mergeTypes(result.getType(), inferred);
    result.setType(merged && !count ? merged : inferred);
  }
  loop->replaceAllUsesWith(copy->getResults());
  loop.erase();
  return copy;
}

/// Infers both branches. Where the sizes of the inputs make one impossible (a product of matrices that do not fit), the other one takes
/// the If's place, and running into the impossible one is an error at run time, as it is anywhere. Returns whether the If was replaced.
FailureOr<bool> Inferrer::inferBranches(onnx::IfOp op) {
  // What is wrong with a branch is kept rather than found again: Ifs in Ifs would double that with each level.
  auto succeeds = [&](Region &region, SmallVectorImpl<Diagnostic> &errors) {
    ScopedDiagnosticHandler silent(op.getContext(), [&](Diagnostic &diagnostic) {
      errors.push_back(std::move(diagnostic));
      return success();
    });
    return succeeded(inferBlock(region.front()));
  };
  SmallVector<Diagnostic> thenErrors, elseErrors;
  bool thenWorks = succeeds(op.getThenBranch(), thenErrors);
  bool elseWorks = succeeds(op.getElseBranch(), elseErrors);
  if (thenWorks && elseWorks)
    return false;
  // The check needs a value of known size to hang on.
  if ((!thenWorks && !elseWorks) || !takeBranch(op, thenWorks ? op.getThenBranch() : op.getElseBranch())) {
    for (Diagnostic &error : thenWorks ? elseErrors : thenErrors)
      op.getContext()->getDiagEngine().emit(std::move(error));
    return failure();
  }
  return true;
}

/// The specification's own function bodies give Range tensors of one dimension.
static void takeScalars(onnx::RangeOp range) {
  for (OpOperand &operand : range->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type || type.getRank() == 0 || !type.hasStaticShape() || type.getNumElements() != 1)
      continue;
    OpBuilder builder(range);
    Type scalar = RankedTensorType::get({}, type.getElementType());
    Value shape = makeConstant(builder, range.getLoc(), ArrayRef<int64_t>());
    Value number = onnx::ReshapeOp::create(builder, range.getLoc(), TypeRange(scalar), ValueRange{operand.get(), shape})->getResult(0);
    if (ElementsAttr value = evaluateSmall(number.getDefiningOp()))
      number = makeConstant(builder, range.getLoc(), value);
    operand.set(number);
  }
}

LogicalResult Inferrer::inferRange(Block &block, Operation *op, Operation *end) {
  while (op != end) {
    Operation *before = op->getPrevNode();
    // What took the place of `op` is walked, too.
    auto again = [&] { op = before ? before->getNextNode() : &block.front(); };
    auto promised = dyn_cast_or_null<ArrayAttr>(op->removeAttr(kPromised));
    if (auto branch = dyn_cast<onnx::IfOp>(op)) {
      if (auto values = inlineConstantIf(branch)) {
        op->replaceAllUsesWith(*values);
        op->erase();
        again();
        continue;
      }
      FailureOr<bool> replaced = inferBranches(branch);
      if (failed(replaced))
        return failure();
      if (*replaced) {
        again();
        continue;
      }
    }
    FailureOr<bool> resolved = resolveLists(op, promised, options, [this](Operation *from, Operation *to) {
      return inferRange(*to->getBlock(), from, to);
    });
    if (failed(resolved))
      return failure();
    if (*resolved) {
      again();
      continue;
    }
    if (auto range = dyn_cast<onnx::RangeOp>(op))
      takeScalars(range);
    if (auto loop = dyn_cast<onnx::LoopOp>(op))
      op = keepLoopShapes(loop);
    if (failed(inferOperation(op)))
      return failure();
    Operation *next = op->getNextNode();
    if (ElementsAttr value = evaluateSmall(op)) {
      OpBuilder builder(op);
      op->getResult(0).replaceAllUsesWith(
          makeConstant(builder, op->getLoc(), value));
      op->erase();
    }
    op = next;
  }
  return success();
}

/// The operation that makes what a result of @main is, and the number of its result.
static OpResult sourceOf(Value value) {
  auto result = dyn_cast<OpResult>(value);
  while (result && isa<onnx::IdentityOp, onnx::OptionalOp, onnx::OptionalGetElementOp>(result.getOwner()) && result.getOwner()->getNumOperands())
    result = dyn_cast<OpResult>(result.getOwner()->getOperand(0));
  return result;
}

/// Puts promises for results that are sequences, elements of some, or what loops give, where they are made.
static void placePromises(func::FuncOp function) {
  auto promises = function->getAttrOfType<ArrayAttr>("ingot.promises");
  if (!promises)
    return;
  Builder b(function.getContext());
  for (auto [promise, value] : llvm::zip(promises, function.getBody().front().getTerminator()->getOperands())) {
    OpResult source = sourceOf(value);
    if (!source || isa<UnitAttr>(promise) || !(isListType(source.getType()) || isa<onnx::SequenceAtOp, onnx::LoopOp>(source.getOwner())))
      continue;
    SmallVector<Attribute> all(source.getOwner()->getNumResults(), b.getUnitAttr());
    if (auto others = source.getOwner()->getAttrOfType<ArrayAttr>(kPromised))
      all.assign(others.begin(), others.end());
    all[source.getResultNumber()] = promise;
    source.getOwner()->setAttr(kPromised, b.getArrayAttr(all));
  }
}

namespace {
struct InferShapes : ingot::impl::InferShapesBase<InferShapes> {
  using Base = ingot::impl::InferShapesBase<InferShapes>;
  using Base::Base;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      Block &block = function.getBody().front();
      if (byData)
        placePromises(function);
      if (failed(Inferrer(byData).inferBlock(block)))
        return signalPassFailure();
      if (function.getName() == "main")
        resolveResults(function);
      updateResultTypes(function);
    }
  }
};
} // namespace
