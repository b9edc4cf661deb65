//===- FoldConstants.cpp --------------------------------------------------===//
#include "compiler/optimize/Passes.h"
#include "compiler/optimize/Rewrite.h"
#include "compiler/support/Elements.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace ingot;

namespace ingot {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "compiler/optimize/Passes.h.inc"
} // namespace ingot

static bool isConstant(Value value) {
  return isa_and_nonnull<onnx::ConstantOp, onnx::NoneOp>(value.getDefiningOp());
}

/// Bytes of the constants that a value is computed from, each counted once.
static int64_t sourceBytes(Operation *op, const llvm::SetVector<Operation *> &foldable) {
  llvm::SetVector<Value> sources;
  SmallVector<Operation *> work = {op};
  llvm::SmallPtrSet<Operation *, 16> seen;
  while (!work.empty()) {
    Operation *current = work.pop_back_val();
    if (!seen.insert(current).second)
      continue;
    for (Value operand : current->getOperands()) {
      if (isConstant(operand))
        sources.insert(operand);
      else if (Operation *producer = operand.getDefiningOp();
               foldable.contains(producer))
        work.push_back(producer);
    }
  }
  int64_t bytes = 0;
  for (Value source : sources)
    if (auto type = dyn_cast<RankedTensorType>(source.getType()))
      bytes += splatValue(onnx::constantValue(source))
                   ? elementBytes(type.getElementType())
                   : byteSize(type).value_or(0);
  return bytes;
}

/// Libraries of the host are for the program that runs the model; what they make of data may differ from machine to machine.
static bool callsLibrary(Operation *op) { return isa<onnx::ImageDecoderOp>(op); }

/// What the evaluation of constants may take up on the way to a small result, unless the constants themselves are large.
constexpr int64_t kMostIntermediateBytes = int64_t(1) << 26;

static std::optional<int64_t> resultBytes(Operation *op) {
  int64_t bytes = 0;
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape() ||
        elementBytes(tensor.getElementType()) == 0)
      return std::nullopt;
    std::optional<int64_t> size = byteSize(tensor);
    if (!size)
      return std::nullopt;
    if (__builtin_add_overflow(bytes, *size, &bytes))
      return std::nullopt;
  }
  return bytes;
}

namespace {
struct FoldConstants : ingot::impl::FoldConstantsBase<FoldConstants> {
  using Base = ingot::impl::FoldConstantsBase<FoldConstants>;
  using Base::Base;
  explicit FoldConstants(ConstantEvaluator evaluator)
      : evaluator(std::move(evaluator)) {}

  void runOnOperation() override {
    if (!evaluator)
      return;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && failed(foldFunction(function)))
        return signalPassFailure();
  }

private:
  /// Operations whose values depend on constants alone, in order.
  llvm::SetVector<Operation *> findFoldable(func::FuncOp function) {
    llvm::SetVector<Operation *> foldable;
    for (Operation &op : function.getBody().front()) {
      if (!isa_and_nonnull<onnx::ONNXDialect>(op.getDialect()) ||
          isa<onnx::ConstantOp, onnx::NoneOp>(op) || op.getNumRegions() != 0 || callsLibrary(&op) ||
          !isMemoryEffectFree(&op) || !resultBytes(&op))
        continue;
      if (!llvm::all_of(op.getOperands(), [&](Value operand) {
            return isConstant(operand) ||
                   foldable.contains(operand.getDefiningOp());
          }))
        continue;
      int64_t bytes = *resultBytes(&op);
      if (bytes <= kMostIntermediateBytes || bytes / 4 <= sourceBytes(&op, foldable))
        foldable.insert(&op);
    }
    return foldable;
  }

  /// Results that something else uses, and that are not much larger than what
  /// they are computed from.
  SmallVector<Value> findWanted(const llvm::SetVector<Operation *> &foldable) {
    SmallVector<Value> wanted;
    // From the end, so that what is large itself may still be computed up to
    // the point where it is large.
    llvm::SmallPtrSet<Operation *, 16> kept;
    for (Operation *op : llvm::reverse(foldable.getArrayRef())) {
      bool needed = llvm::any_of(op->getUsers(), [&](Operation *user) {
        return !foldable.contains(user) || kept.contains(user);
      });
      if (!needed)
        continue;
      if (*resultBytes(op) > sourceBytes(op, foldable) + maxGrowth) {
        kept.insert(op);
        continue;
      }
      for (Value result : op->getResults())
        wanted.push_back(result);
    }
    std::reverse(wanted.begin(), wanted.end());
    return wanted;
  }

  /// A module whose @main gives the wanted values, which depend on constants alone.
  OwningOpRef<ModuleOp> batchOf(func::FuncOp function, ArrayRef<Value> wanted, Location loc) {
    llvm::SetVector<Operation *> needed;
    SmallVector<Operation *> work;
    for (Value value : wanted)
      work.push_back(value.getDefiningOp());
    while (!work.empty()) {
      Operation *op = work.pop_back_val();
      if (!needed.insert(op))
        continue;
      for (Value operand : op->getOperands())
        work.push_back(operand.getDefiningOp());
    }

    OwningOpRef<ModuleOp> batch = ModuleOp::create(loc);
    for (StringRef name : {"ingot.model", "ingot.target"})
      if (Attribute attribute = getOperation()->getAttr(name))
        (*batch)->setAttr(name, attribute);
    OpBuilder builder(batch->getBodyRegion());
    SmallVector<Type> types = llvm::to_vector(ValueRange(wanted).getTypes());
    auto main = func::FuncOp::create(builder, loc, "main",
                                     builder.getFunctionType({}, types));
    builder.setInsertionPointToStart(main.addEntryBlock());
    IRMapping mapping;
    for (Operation &op : function.getBody().front())
      if (needed.contains(&op))
        builder.clone(op, mapping);
    SmallVector<Value> returned;
    for (Value value : wanted)
      returned.push_back(mapping.lookup(value));
    func::ReturnOp::create(builder, loc, returned);
    return batch;
  }

  FailureOr<SmallVector<ElementsAttr>> evaluate(func::FuncOp function, ArrayRef<Value> wanted) {
    SmallVector<Diagnostic> errors;
    {
      ScopedDiagnosticHandler collect(&getContext(), [&](Diagnostic &diagnostic) {
        errors.push_back(std::move(diagnostic));
        return success();
      });
      FailureOr<SmallVector<ElementsAttr>> values = evaluator(*batchOf(function, wanted, function.getLoc()));
      if (succeeded(values))
        return values;
    }
    // What went wrong while all of them ran has no node's name: each alone has.
    for (Value value : wanted)
      if (failed(evaluator(*batchOf(function, value, value.getLoc()))))
        return failure();
    for (Diagnostic &error : errors)
      getContext().getDiagEngine().emit(std::move(error));
    return failure();
  }

  LogicalResult foldFunction(func::FuncOp function) {
    llvm::SetVector<Operation *> foldable = findFoldable(function);
    SmallVector<Value> wanted = findWanted(foldable);
    if (wanted.empty())
      return success();

    FailureOr<SmallVector<ElementsAttr>> values = evaluate(function, wanted);
    if (failed(values))
      return failure();
    // An evaluator gives none where they would cost too much: then they are computed when the model runs.
    if (values->size() != wanted.size())
      return success();
    OpBuilder builder(function.getContext());
    for (auto [value, folded] : llvm::zip(wanted, *values)) {
      Operation *op = value.getDefiningOp();
      builder.setInsertionPoint(op);
      value.replaceAllUsesWith(makeConstant(builder, op->getLoc(), folded));
    }
    for (Operation *op : llvm::reverse(foldable.getArrayRef()))
      if (op->use_empty())
        op->erase();
    return success();
  }

  ConstantEvaluator evaluator;
};
} // namespace

std::unique_ptr<Pass> ingot::createFoldConstants(ConstantEvaluator evaluator) {
  return std::make_unique<FoldConstants>(std::move(evaluator));
}
