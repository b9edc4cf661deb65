//===- HoldPromises.cpp ---------------------------------------------------===//
#include "compiler/import/Inference.h"
#include "compiler/optimize/Passes.h"
#include "compiler/optimize/Promises.h"
#include "compiler/optimize/Rewrite.h"
#include "compiler/support/Elements.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace ingot;

namespace ingot {
#define GEN_PASS_DEF_HOLDPROMISES
#include "compiler/optimize/Passes.h.inc"
} // namespace ingot

constexpr StringLiteral kPromises = "ingot.promises";

static bool isStatic(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped && shaped.hasStaticShape();
}

/// Operators of one tensor whose result has its shape.
static bool keepsShape(StringRef name) {
  return llvm::StringSwitch<bool>(name)
      .Cases({"Identity", "Cast", "CastLike", "Clip"}, true)
      .Cases({"Abs", "Neg", "Sign", "Not", "BitwiseNot", "Floor", "Ceil", "Round"}, true)
      .Cases({"Sqrt", "Reciprocal", "Exp", "Log", "Erf", "IsNaN", "IsInf"}, true)
      .Cases({"Sin", "Cos", "Tan", "Asin", "Acos", "Atan"}, true)
      .Cases({"Relu", "LeakyRelu", "Sigmoid", "Tanh", "Softplus", "Softsign"}, true)
      .Cases({"Elu", "Selu", "Celu", "Gelu", "HardSigmoid", "HardSwish", "Mish"}, true)
      .Cases({"Softmax", "LogSoftmax", "CumSum", "CumProd"}, true)
      .Default(false);
}

/// Operators whose operands broadcast to the result's shape.
static bool broadcasts(StringRef name) {
  return llvm::StringSwitch<bool>(name)
      .Cases({"Add", "Sub", "Mul", "Div", "Mod", "Pow", "Min", "Max", "Sum", "Mean"}, true)
      .Cases({"And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor"}, true)
      .Cases({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Where"}, true)
      .Default(false);
}

static bool hasOneElement(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 0;
}

/// The value that has the shape of this one whatever the data are, furthest back.
static Value shapeSource(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !isa<onnx::ONNXDialect>(op->getDialect()))
    return value;
  StringRef name = op->getName().stripDialect();
  if (keepsShape(name))
    return shapeSource(op->getOperand(0));
  if (!broadcasts(name))
    return value;
  // Operands of one shape, and numbers, give that shape.
  Value source;
  for (Value operand : op->getOperands()) {
    if (hasOneElement(operand))
      continue;
    Value next = shapeSource(operand);
    if (source && source != next)
      return value;
    source = next;
  }
  return source ? source : value;
}

namespace {
struct HoldPromises : ingot::impl::HoldPromisesBase<HoldPromises> {
  using Base = ingot::impl::HoldPromisesBase<HoldPromises>;
  using Base::Base;

  void runOnOperation() override {
    llvm::StringSet<> checks;
    for (const std::string &name : checked)
      checks.insert(name);
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      auto promises = function->getAttrOfType<ArrayAttr>(kPromises);
      if (!promises || function.isExternal())
        continue;
      function.walk([&](onnx::LoopOp loop) { holdLoop(loop, checks); });
      Operation *end = function.getBody().front().getTerminator();
      for (auto [promise, value] : llvm::zip(promises, end->getOperands()))
        if (auto shape = dyn_cast<DenseI64ArrayAttr>(promise))
          hold(value, shape.asArrayRef(), checks);
      updateResultTypes(function);
    }
  }

private:
  /// What a loop carries has the shape that it begins with, where the body declares that. Inference goes on from there: it keeps the shapes of
  /// what a loop carries if the body gives them back.
  static void holdLoop(onnx::LoopOp loop, const llvm::StringSet<> &checks) {
    Block &body = loop.getBodyRegion().front();
    auto promises = body.getTerminator()->getAttrOfType<ArrayAttr>(kPromises);
    ValueRange initial = loop->getOperands().drop_front(std::min<unsigned>(2, loop->getNumOperands()));
    if (!promises || promises.size() != body.getTerminator()->getNumOperands() ||
        body.getNumArguments() != initial.size() + 2 || promises.size() < initial.size() + 1)
      return;
    SmallVector<Type> types(body.getArgumentTypes());
    for (auto [argument, value] : llvm::zip(body.getArguments().drop_front(2), initial))
      argument.setType(value.getType());
    for (auto [i, value] : llvm::enumerate(initial)) {
      auto shape = dyn_cast<DenseI64ArrayAttr>(promises[i + 1]);
      if (shape && isStatic(value.getType()) &&
          cast<ShapedType>(value.getType()).getShape() == shape.asArrayRef())
        hold(body.getTerminator()->getOperand(i + 1), shape.asArrayRef(), checks);
    }
    // Whether they hold, inference finds.
    for (auto [argument, type] : llvm::zip(body.getArguments(), types))
      argument.setType(type);
  }

  /// Operands that broadcast to a shape have its sizes or 1. Which, is told where the size is 1, and where no other operand has it.
  static void holdBroadcast(Operation *op, ArrayRef<int64_t> shape, const llvm::StringSet<> &checks) {
    auto sizeAt = [&](Value operand, size_t fromEnd) -> int64_t {
      auto type = dyn_cast<RankedTensorType>(operand.getType());
      if (!type)
        return ShapedType::kDynamic;
      return int64_t(fromEnd) < type.getRank() ? type.getDimSize(type.getRank() - 1 - fromEnd) : 1;
    };
    for (Value operand : op->getOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.getType());
      if (!type || type.hasStaticShape() || type.getRank() > int64_t(shape.size()))
        continue;
      SmallVector<int64_t> wanted(type.getShape());
      for (auto [i, size] : llvm::enumerate(llvm::reverse(wanted))) {
        int64_t whole = shape[shape.size() - 1 - i];
        bool alone = llvm::all_of(op->getOperands(), [&](Value other) { return other == operand || sizeAt(other, i) == 1; });
        if (ShapedType::isDynamic(size) && (whole == 1 || alone))
          size = whole;
      }
      if (!llvm::is_contained(wanted, ShapedType::kDynamic))
        hold(operand, wanted, checks);
    }
  }

  static void hold(Value value, ArrayRef<int64_t> shape,
                   const llvm::StringSet<> &checks) {
    value = shapeSource(value);
    Operation *op = value.getDefiningOp();
    auto type = dyn_cast<TensorType>(value.getType());
    if (!op || !type || isStatic(type))
      return;
    if (auto transpose = dyn_cast<onnx::TransposeOp>(op))
      return holdTransposed(transpose, shape, checks);
    if (isa<onnx::ONNXDialect>(op->getDialect()) && broadcasts(op->getName().stripDialect()))
      return holdBroadcast(op, shape, checks);
    auto promised = RankedTensorType::get(shape, type.getElementType());
    // A declaration that contradicts what is known is none.
    if (!checks.contains(op->getName().getStringRef()) ||
        !mergeTypes(type, promised) || !byteSize(promised))
      return;
    value.setType(promised);
    // Its indices have the shape of its values.
    if (auto top = dyn_cast<onnx::TopKOp>(op))
      for (Value result : top->getResults())
        if (auto tensor = dyn_cast<TensorType>(result.getType());
            tensor && !isStatic(tensor))
          result.setType(RankedTensorType::get(shape, tensor.getElementType()));
  }

  static void holdTransposed(onnx::TransposeOp op, ArrayRef<int64_t> shape,
                             const llvm::StringSet<> &checks) {
    SmallVector<int64_t> order;
    if (auto given = op.getPerm())
      order.assign(given->begin(), given->end());
    else
      for (int64_t axis = shape.size(); axis-- > 0;)
        order.push_back(axis);
    SmallVector<int64_t> before(shape.size(), -1);
    if (order.size() != shape.size())
      return;
    for (auto [axis, size] : llvm::zip(order, shape)) {
      if (axis < 0 || axis >= int64_t(shape.size()) || before[axis] != -1)
        return;
      before[axis] = size;
    }
    hold(op->getOperand(0), before, checks);
  }
};
} // namespace

bool ingot::hasPromises(ModuleOp module) {
  return llvm::any_of(module.getOps<func::FuncOp>(), [](func::FuncOp function) {
    return function->hasAttr(kPromises) &&
           !llvm::all_of(function.getResultTypes(), isStatic);
  });
}

void ingot::dropPromises(ModuleOp module) {
  module.walk([](Operation *op) { op->removeAttr(kPromises); });
}
