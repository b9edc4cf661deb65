//===- InferShapes.cpp ----------------------------------------------------===//
#include "compiler/import/Inference.h"
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

/// `TensorProto.INT64`, as the attribute `to` of Cast has it.
constexpr int64_t kInt64DataType = 7;

constexpr unsigned kDeepestKept = 3;

static LogicalResult inferBlock(Block &block);

static unsigned loopDepth(Operation *op) {
  unsigned depth = 0;
  while ((op = op->getParentOp()))
    depth += isa<onnx::LoopOp>(op);
  return depth;
}

static LogicalResult inferOperation(Operation *op) {
  InferenceOptions options;
  // The branches of an If were inferred already.
  if (isa<onnx::IfOp>(op))
    return inferTypes(op, options);
  options.inferRegion = [](Region &region) {
    return inferBlock(region.front());
  };
  return inferTypes(op, options);
}

/// Number of iterations of a loop whose condition is always true, or nullopt.
static std::optional<int64_t> tripCount(onnx::LoopOp loop) {
  auto isTrue = [](Value value) {
    auto known = integerConstant(value);
    return known && known->size() == 1 && known->front();
  };
  Value condition = onnx::input(loop, 1);
  if (condition && !isTrue(condition))
    return std::nullopt;
  Block &body = loop.getBodyRegion().front();
  Value again = body.getTerminator()->getOperand(0);
  while (auto identity = again.getDefiningOp<onnx::IdentityOp>())
    again = identity->getOperand(0);
  if (again != body.getArgument(1) && !isTrue(again))
    return std::nullopt;
  auto count = integerConstant(onnx::input(loop, 0));
  if (!count || count->size() != 1)
    return std::nullopt;
  return std::max<int64_t>(count->front(), 0);
}

/// The specification lets the shapes of a loop's values change from one iteration to the next, and so infers none. Mostly they stay: the body
/// is inferred, in a copy, with the shapes that the values have before the loop, and if it gives them back they hold. Returns the loop to go on
/// with.
static onnx::LoopOp keepLoopShapes(onnx::LoopOp loop) {
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
  int64_t count = tripCount(copy).value_or(ShapedType::kDynamic);
  for (auto [result, value] :
       llvm::zip(copy->getResults().drop_front(initial.size()),
                 yielded.drop_front(initial.size() + 1))) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      continue;
    SmallVector<int64_t> shape = {count};
    llvm::append_range(shape, type.getShape());
    auto inferred = RankedTensorType::get(shape, type.getElementType());
    // What the model declares may have told more.
    Type merged = mergeTypes(result.getType(), inferred);
    result.setType(merged && count == ShapedType::kDynamic ? merged : inferred);
  }
  loop->replaceAllUsesWith(copy->getResults());
  loop.erase();
  return copy;
}

/// Makes a value that is `value` if the condition is `expected`, and an index out of range, which is checked at run time, if not.
static Value guarded(OpBuilder &builder, Location loc, Value value,
                     Value condition, bool expected) {
  auto type = cast<RankedTensorType>(value.getType());
  if (expected)
    condition = onnx::NotOp::create(builder, loc, condition.getType(),
                                    ValueRange(condition))
                    ->getResult(0);
  auto number = RankedTensorType::get({}, builder.getI64Type());
  Value scalar = makeConstant(builder, loc, ArrayRef<int64_t>());
  condition = onnx::ReshapeOp::create(
                  builder, loc,
                  TypeRange(RankedTensorType::get({}, builder.getI1Type())),
                  ValueRange{condition, scalar})
                  ->getResult(0);
  NamedAttribute toInteger = builder.getNamedAttr(
      "to", builder.getI64IntegerAttr(kInt64DataType));
  Value index = onnx::CastOp::create(builder, loc, TypeRange(Type(number)),
                                     ValueRange(condition), toInteger)
                    ->getResult(0);
  SmallVector<int64_t> shape = {1};
  llvm::append_range(shape, type.getShape());
  Value row =
      onnx::ReshapeOp::create(
          builder, loc,
          TypeRange(RankedTensorType::get(shape, type.getElementType())),
          ValueRange{value, makeConstant(builder, loc, shape)})
          ->getResult(0);
  NamedAttribute axis =
      builder.getNamedAttr("axis", builder.getI64IntegerAttr(0));
  return onnx::GatherOp::create(builder, loc, TypeRange(Type(type)),
                                ValueRange{row, index}, axis)
      ->getResult(0);
}

/// Infers both branches. Where the sizes of the inputs make one impossible (a product of matrices that do not fit), the other one takes
/// the If's place, and running into the impossible one is an error at run time, as it is anywhere. Returns whether the If was replaced.
static FailureOr<bool> inferBranches(onnx::IfOp op) {
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
  Region &taken = thenWorks ? op.getThenBranch() : op.getElseBranch();
  SmallVector<Value> values(taken.front().getTerminator()->getOperands());
  // The check needs a value of known size to hang on.
  Value *smallest = nullptr;
  for (Value &value : values) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (type && type.hasStaticShape() && type.getNumElements() > 0 &&
        (!smallest || type.getNumElements() <
                          cast<ShapedType>(smallest->getType()).getNumElements()))
      smallest = &value;
  }
  if ((!thenWorks && !elseWorks) || !smallest) {
    for (Diagnostic &error : thenWorks ? elseErrors : thenErrors)
      op.getContext()->getDiagEngine().emit(std::move(error));
    return failure();
  }

  taken.front().getTerminator()->erase();
  op->getBlock()->getOperations().splice(op->getIterator(),
                                         taken.front().getOperations());
  OpBuilder builder(op);
  *smallest = guarded(builder, op.getLoc(), *smallest, op.getCond(), thenWorks);
  op->replaceAllUsesWith(values);
  op->erase();
  return true;
}

static LogicalResult inferBlock(Block &block) {
  Operation *op = block.empty() ? nullptr : &block.front();
  while (op) {
    if (auto branch = dyn_cast<onnx::IfOp>(op)) {
      Operation *before = op->getPrevNode();
      if (auto values = inlineConstantIf(branch)) {
        op->replaceAllUsesWith(*values);
        op->erase();
        op = before ? before->getNextNode() : &block.front();
        continue;
      }
      FailureOr<bool> replaced = inferBranches(branch);
      if (failed(replaced))
        return failure();
      if (*replaced) {
        op = before ? before->getNextNode() : &block.front();
        continue;
      }
    }
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

namespace {
struct InferShapes : ingot::impl::InferShapesBase<InferShapes> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      Block &block = function.getBody().front();
      if (failed(inferBlock(block)))
        return signalPassFailure();
      updateResultTypes(function);
    }
  }
};
} // namespace
