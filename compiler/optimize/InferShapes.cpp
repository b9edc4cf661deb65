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

static LogicalResult inferBlock(Block &block);

static LogicalResult inferOperation(Operation *op) {
  InferenceOptions options;
  options.inferRegion = [](Region &region) {
    return inferBlock(region.front());
  };
  return inferTypes(op, options);
}

/// The specification lets the shapes of a loop's values change from one iteration to the next, and so infers none. Mostly they stay: the body
/// is inferred, in a copy, with the shapes that the values have before the loop, and if it gives them back they hold. Returns the loop to go on
/// with.
static onnx::LoopOp keepLoopShapes(onnx::LoopOp loop) {
  // Inputs are the trip count, the condition, and the values; the body yields
  // the condition, the values, and what is collected.
  ValueRange initial = loop->getOperands().drop_front(
      std::min<unsigned>(2, loop->getNumOperands()));
  if (llvm::none_of(initial.getTypes(), llvm::IsaPred<RankedTensorType>))
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
  loop->replaceAllUsesWith(copy->getResults());
  loop.erase();
  return copy;
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
      function.setType(FunctionType::get(
          &getContext(), block.getArgumentTypes(),
          block.getTerminator()->getOperandTypes()));
    }
  }
};
} // namespace
