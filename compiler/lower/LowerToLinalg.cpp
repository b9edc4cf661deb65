//===- LowerToLinalg.cpp - onnx to structured tensor operations -----------===//
//
// The walk goes in the order of the graph, so a node's operands are lowered when it is reached. Each lowering adds operations before
// its node and says which values stand for the node's results; the nodes are removed at the end. A rewrite driver would
// convert types value by value; here types change once, and sign is read off the onnx types that are still there.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/Sizes.h"
#include "compiler/lower/Node.h"
#include "compiler/lower/Passes.h"
#include "compiler/lower/Structured.h"
#include "compiler/lower/Supported.h"
#include "compiler/support/Elements.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;

namespace ingot {
#define GEN_PASS_DEF_LOWERTOLINALG
#include "compiler/lower/Passes.h.inc"
} // namespace ingot

const Registry &lower::registry() {
  static const Registry table = [] {
    Registry registry;
    addControlFlow(registry);
    addConvolution(registry);
    addElementwise(registry);
    addFourier(registry);
    addGenerators(registry);
    addIndexing(registry);
    addLearning(registry);
    addMatMul(registry);
    addNormalization(registry);
    addPooling(registry);
    addQuantized(registry);
    addRandom(registry);
    addRecurrent(registry);
    addReduction(registry);
    addResize(registry);
    addSampling(registry);
    addScatter(registry);
    addSelection(registry);
    addShapes(registry);
    addSignal(registry);
    addSorting(registry);
    addText(registry);
    addTraining(registry);
    addTrees(registry);
    return registry;
  }();
  return table;
}

bool ingot::isSupported(StringRef operationName) {
  return registry().contains(operationName);
}

std::vector<StringRef> ingot::supportedOperations() {
  std::vector<StringRef> names;
  for (StringRef name : registry().keys())
    names.push_back(name);
  llvm::sort(names);
  return names;
}

std::vector<StringRef> ingot::shapeCheckingOperations() {
  std::vector<StringRef> names;
  for (const auto &[name, lowering] : registry())
    if (lowering.checksShape)
      names.push_back(name);
  llvm::sort(names);
  return names;
}

static bool isOnnx(Operation &op) {
  return op.getName().getDialectNamespace() == "onnx";
}

/// No tensor of a model that could run is larger, and index arithmetic on
/// smaller ones cannot overflow.
static constexpr int64_t kMostBytes = int64_t(1) << 40;

static bool isTooLarge(RankedTensorType type) {
  if (!type.hasStaticShape())
    return false;
  std::optional<int64_t> bytes = byteSize(type);
  return !bytes || *bytes > kMostBytes;
}

static std::string typeText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

/// Which of an operator's sizes its lowering can leave open until the call.
enum class OpenSizes { none, any };

static OpenSizes openSizesOf(StringRef kind) {
  return llvm::StringSwitch<OpenSizes>(kind)
      .Cases({"Abs", "Neg", "Sign", "Not", "BitwiseNot", "Relu", "Sigmoid", "Reciprocal", "Softplus", "Softsign"}, OpenSizes::any)
      .Cases({"Mish", "HardSwish", "IsNaN", "Sqrt", "Exp", "Log", "Erf", "Floor", "Ceil", "Round"}, OpenSizes::any)
      .Cases({"Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Tanh", "Asinh", "Acosh", "Atanh"}, OpenSizes::any)
      .Cases({"LeakyRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "HardSigmoid", "Gelu", "Shrink"}, OpenSizes::any)
      .Cases({"IsInf", "Cast", "Identity", "Add", "Sub", "Mul", "Div", "Mod", "Pow", "PRelu", "And", "Or", "Xor"}, OpenSizes::any)
      .Cases({"BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift", "Equal", "Less", "LessOrEqual", "Greater"}, OpenSizes::any)
      .Cases({"GreaterOrEqual", "Max", "Min", "Sum", "Mean", "Clip", "Where"}, OpenSizes::any)
      .Cases({"ReduceSum", "ReduceMax", "ReduceMin", "ReduceMean", "ReduceProd", "ReduceL1", "ReduceL2"}, OpenSizes::any)
      .Cases({"ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp", "Softmax", "LogSoftmax"}, OpenSizes::any)
      .Cases({"LayerNormalization", "RMSNormalization", "BatchNormalization", "InstanceNormalization", "GroupNormalization"}, OpenSizes::any)
      .Cases({"MeanVarianceNormalization", "LpNormalization", "LRN", "Hardmax", "ArgMax", "ArgMin", "CumSum", "CumProd"}, OpenSizes::any)
      .Cases({"MatMul", "Gemm", "Einsum", "Transpose", "Concat", "Split", "Slice", "Expand", "Tile", "Pad"}, OpenSizes::any)
      .Cases({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "DepthToSpace", "SpaceToDepth", "ConstantOfShape"}, OpenSizes::any)
      .Cases({"Gather", "GatherElements", "GatherND", "OneHot", "ReverseSequence", "Trilu", "EyeLike", "Range", "TopK"}, OpenSizes::any)
      .Cases({"CastLike", "Swish", "BitCast", "Dropout", "RandomUniformLike", "RandomNormalLike", "Bernoulli"}, OpenSizes::any)
      .Cases({"ScatterElements", "ScatterND", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"}, OpenSizes::any)
      .Cases({"MatMulInteger", "QLinearMatMul", "ConvInteger", "QLinearConv", "Conv", "ConvTranspose"}, OpenSizes::any)
      .Cases({"MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"}, OpenSizes::any)
      .Default(OpenSizes::none);
}

/// Open sizes must be ones that the lowering can follow. That sizes of different operands agree where they must, is a requirement of the module: inference
/// (compiler/import/OpenShapes.h) or the builder of a stage (compiler/lower/Structured.h) asks for it.
static LogicalResult checkOpenSizes(Node &node) {
  OpenSizes may = openSizesOf(node.kind());
  for (Value operand : node.operands()) {
    RankedTensorType type = tensorType(operand);
    if (type.hasStaticShape())
      continue;
    if (may == OpenSizes::none)
      return node.fail("works with static sizes only, and an input has the type " +
                       typeText(plainType(type)) + "; fix its sizes with --shape");
  }
  for (unsigned i = 0; i < node.op->getNumResults(); ++i)
    if (node.hasResult(i) && llvm::is_contained(sizesOf(node.resultType(i)), AffineExpr()))
      return node.fail("the shape of a result depends on data, which is not supported");
  return success();
}

/// Small integers that are expressions over the module's sizes.
static LogicalResult giveElements(Node &node, AffineMap elements) {
  LocBuilder &b = node.b;
  RankedTensorType type = node.resultType();
  SmallVector<Value> values;
  for (AffineExpr element : elements.getResults())
    values.push_back(scalarInt(b, type.getElementType(), Extent(element)));
  return node.done(tensor::FromElementsOp::create(b, type, values));
}

/// Checks what every lowering takes for granted.
static LogicalResult checkTypes(Node &node) {
  for (unsigned i = 0; i < node.op->getNumResults(); ++i)
    if (node.hasResult(i) && node.resultType(i) &&
        isTooLarge(node.resultType(i)))
      return node.fail("output " + Twine(i) +
                       " is larger than 1 TB; correct the shapes");
  for (unsigned i = 0; i < node.numOperands(); ++i)
    if (node.has(i) && !node.operand(i))
      return node.fail("input " + Twine(i) +
                       " has a type without a static shape of numbers; give "
                       "the sizes with --shape");
  for (unsigned i = 0; i < node.op->getNumResults(); ++i)
    if (node.hasResult(i) && !node.resultType(i))
      return node.fail("output " + Twine(i) +
                       " has a type without a static shape of numbers; give "
                       "the sizes with --shape");
  return success();
}

LogicalResult lower::lowerBlock(Block &block, IRMapping &values) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!isOnnx(op) || op.hasTrait<OpTrait::IsTerminator>() ||
        op.getName().getStringRef() == "onnx.Return")
      continue;
    OpBuilder builder(&op);
    Node node(&op, values, builder);
    if (op.getName().getStringRef() == "onnx.None")
      continue;
    if (auto elements = op.getAttrOfType<AffineMapAttr>("ingot.elements")) {
      if (failed(checkTypes(node)) || failed(giveElements(node, elements.getValue())))
        return failure();
      continue;
    }
    auto lowering = registry().find(op.getName().getStringRef());
    if (lowering == registry().end())
      return node.fail("this operator is not supported");
    Operation *before = op.getPrevNode();
    if (failed(checkTypes(node)) || failed(checkOpenSizes(node)) ||
        failed(lowering->second.function(node)))
      return failure();
    for (Operation &made : llvm::make_range(before ? std::next(before->getIterator()) : block.begin(), op.getIterator()))
      if (made.walk([](Operation *inner) { return isMisfit(inner) ? WalkResult::interrupt() : WalkResult::advance(); }).wasInterrupted())
        return node.fail("the shapes of its inputs and outputs do not fit each other; correct the model");
  }
  return success();
}

void lower::eraseLowered(Block &block) {
  Operation *end = &block.back();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (&op == end)
      continue;
    if (isOnnx(op)) {
      op.dropAllUses();
      op.erase();
    } else if (isOpTriviallyDead(&op)) {
      op.erase();
    }
  }
}

/// Types say no longer what their open sizes are: from here on that is found from what makes a value (compiler/kernels/Sizes.h). The module's sizes stand
/// in front, where every expression may use them.
static void forgetSizes(func::FuncOp function) {
  Block &entry = function.getBody().front();
  auto forget = [](Value value) { value.setType(plainType(value.getType())); };
  function.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), forget);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArguments(), forget);
    if (isa<SizeOp>(op))
      op->moveBefore(&entry, entry.begin());
  });
}

static LogicalResult lowerFunction(func::FuncOp function) {
  if (function.isExternal())
    return success();
  Block &block = function.getBody().front();
  IRMapping values;
  for (BlockArgument argument : block.getArguments()) {
    RankedTensorType type = lowerType(argument.getType());
    if (!type)
      return emitError(function.getLoc())
             << "input " << argument.getArgNumber() << " has the type "
             << plainType(argument.getType())
             << ", not a static shape of numbers; give the sizes with --shape";
    values.map(argument, argument);
  }
  // Arguments change their type last: their sign is read until then. A value of the new type stands for them.
  SmallVector<Type> inputs;
  OpBuilder builder = OpBuilder::atBlockBegin(&block);
  for (BlockArgument argument : block.getArguments()) {
    RankedTensorType type = lowerType(argument.getType());
    inputs.push_back(type);
    if (type == argument.getType())
      continue;
    auto cast = UnrealizedConversionCastOp::create(builder, argument.getLoc(),
                                                   type, argument);
    values.map(argument, cast.getResult(0));
  }
  if (failed(lowerBlock(block, values)))
    return failure();

  Operation *end = block.getTerminator();
  for (OpOperand &operand : end->getOpOperands())
    operand.set(values.lookup(operand.get()));
  eraseLowered(block);
  for (auto [argument, type] : llvm::zip(block.getArguments(), inputs)) {
    // The cast, where the argument was used at all.
    SmallVector<Operation *> casts;
    if (type != argument.getType())
      llvm::append_range(casts, argument.getUsers());
    argument.setType(type);
    for (Operation *cast : casts) {
      cast->getResult(0).replaceAllUsesWith(argument);
      cast->erase();
    }
  }
  forgetSizes(function);
  function.setFunctionType(FunctionType::get(function.getContext(), block.getArgumentTypes(),
                                             end->getOperandTypes()));
  return success();
}

namespace {
struct LowerToLinalg : ingot::impl::LowerToLinalgBase<LowerToLinalg> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(lowerFunction(function)))
        return signalPassFailure();
  }
};
} // namespace
