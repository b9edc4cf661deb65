//===- LowerToLinalg.cpp - onnx to structured tensor operations -----------===//
//
// The walk goes in the order of the graph, so a node's operands are lowered when it is reached. Each lowering adds operations before
// its node and says which values stand for the node's results; the nodes are removed at the end. A rewrite driver would
// convert types value by value; here types change once, and sign is read off the onnx types that are still there.
//
//===----------------------------------------------------------------------===//
#include "compiler/kernels/DataSizes.h"
#include "compiler/kernels/Sizes.h"
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Node.h"
#include "compiler/lower/Passes.h"
#include "compiler/lower/Strings.h"
#include "compiler/lower/Structured.h"
#include "compiler/lower/Supported.h"
#include "compiler/support/Elements.h"
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
enum class OpenSizes { none, first, any };

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
      .Cases({"LayerNormalization", "MatMul", "Gemm", "Transpose", "Concat"}, OpenSizes::any)
      .Cases({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Gather", "GatherElements", "GatherND", "Shape", "Size"}, OpenSizes::any)
      .Cases({"StringConcat", "RegexFullMatch", "ai_onnx_ml_LabelEncoder", "ai_onnx_ml_CategoryMapper"}, OpenSizes::any)
      .Cases({"Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization"}, OpenSizes::first)
      .Default(OpenSizes::none);
}

/// The operands whose sizes must agree, each as the sizes that it shares with the others, the last ones aligned; `exactly` where a size of 1 does not repeat.
static SmallVector<SmallVector<AffineExpr>> sharedSizes(Node &node, Sizes &sizes, bool &exactly) {
  StringRef kind = node.kind();
  exactly = false;
  SmallVector<SmallVector<AffineExpr>> shared;
  for (Value operand : node.operands())
    shared.emplace_back(sizes.of(operand));
  // What else these take says which dimensions, or has no size in common with the data.
  if (kind.starts_with("Reduce") || openSizesOf(kind) == OpenSizes::first ||
      llvm::is_contained({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Gather"}, kind))
    return {};
  if (kind == "GatherND") {
    exactly = true;
    for (auto &list : shared)
      list.truncate(std::clamp<int64_t>(node.attrInt("batch_dims", 0), 0, list.size()));
  }
  // Places along the axis come from data; along the others, they are those of the result.
  if (kind == "Concat" || kind == "GatherElements")
    if (auto axis = node.axis("axis", 0, node.rank(0))) {
      exactly = true;
      for (auto &list : shared)
        if (*axis < int64_t(list.size()))
          list.erase(list.begin() + *axis);
    }
  return shared;
}

/// The length of the sums of a product, as both of its operands have it.
static std::pair<AffineExpr, AffineExpr> summedSizes(Node &node, Sizes &sizes) {
  ArrayRef<AffineExpr> a = sizes.of(node.operand(0)), c = sizes.of(node.operand(1));
  if (node.kind() == "Gemm")
    return {a[node.attrInt("transA", 0) ? 0 : 1], c[node.attrInt("transB", 0) ? 1 : 0]};
  return {a.back(), c[c.size() < 2 ? 0 : c.size() - 2]};
}

/// Each has a symbol in every expression over sizes; no model comes near.
constexpr size_t kMostDataSizes = 1000;

/// Open sizes must be ones that the operator can have, and where they meet sizes of another operand, known to be
/// equal: whether they are, or one of them is 1 and repeats, only a call would know.
static LogicalResult checkOpenSizes(Node &node, Sizes &sizes) {
  OpenSizes may = openSizesOf(node.kind());
  bool open = false;
  for (Value operand : node.operands()) {
    RankedTensorType type = tensorType(operand);
    if (type.hasStaticShape())
      continue;
    open = true;
    ArrayRef<AffineExpr> known = sizes.of(operand);
    bool fromData = llvm::any_of(known, [&](AffineExpr size) { return isFromData(size, node.op); });
    if (known.empty() || (fromData && may == OpenSizes::none))
      return node.fail("works with sizes that are known before the data are, and an input has the type " + typeText(type) +
                       ", whose sizes data give; declare static shapes in the model");
    bool onlyFirst = type.getRank() && !llvm::is_contained(type.getShape().drop_front(), ShapedType::kDynamic);
    if (may == OpenSizes::none || (may == OpenSizes::first && !onlyFirst))
      return node.fail("works with static sizes only, and an input has the type " +
                       typeText(type) + "; fix its sizes with --shape");
  }
  for (unsigned i = 0; i < node.op->getNumResults(); ++i)
    if (node.hasResult(i) && !node.resultType(i).hasStaticShape() && !open && !givesDataSizes(node.kind()))
      return node.fail("the shape of a result depends on data in a way that is not supported; declare its sizes in the model");
  if (givesDataSizes(node.kind()) && dataSizes(node.op).size() > kMostDataSizes)
    return node.fail("the model has more than " + Twine(kMostDataSizes) + " sizes that data give; declare static shapes in the model");
  if (!open)
    return success();
  auto isNumber = [](AffineExpr size) { return isa<AffineConstantExpr>(size); };
  bool exactly, agree = true;
  // Static sizes among themselves are the business of inference.
  auto meet = [&](AffineExpr x, AffineExpr y) {
    AffineExpr one = getAffineConstantExpr(1, node.op->getContext());
    agree &= x == y || (isNumber(x) && isNumber(y)) || (!exactly && (x == one || y == one));
  };
  auto shared = sharedSizes(node, sizes, exactly);
  if (node.kind() == "MatMul" || node.kind() == "Gemm") {
    exactly = true;
    auto [x, y] = summedSizes(node, sizes);
    meet(x, y);
    exactly = false;
    SmallVector<AffineExpr> result;
    if (node.kind() == "Gemm") {
      result = {shared[0][node.attrInt("transA", 0) ? 1 : 0], shared[1][node.attrInt("transB", 0) ? 0 : 1]};
      shared.erase(shared.begin(), shared.begin() + 2);
      shared.push_back(result);
    } else {
      for (auto &list : shared)
        list.truncate(list.size() < 2 ? 0 : list.size() - 2);
    }
  }
  for (size_t i = 0; i < shared.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      for (auto [x, y] : llvm::zip(llvm::reverse(shared[i]), llvm::reverse(shared[j])))
        meet(x, y);
  if (!agree)
    return node.fail("its inputs have sizes of different names, of which nobody knows whether they are equal; "
                     "give them one name in the model, or fix them with --shape");
  return success();
}

/// Checks what every lowering takes for granted.
static LogicalResult checkTypes(Node &node) {
  for (unsigned i = 0; i < node.op->getNumResults(); ++i)
    if (node.hasResult(i) && node.resultType(i) &&
        isTooLarge(node.resultType(i)))
      return node.fail("output " + Twine(i) +
                       " is larger than 1 TB; correct the shapes");
  bool strings = false;
  for (unsigned i = 0; i < node.numOperands(); ++i)
    strings |= node.has(i) && isString(node.onnxElement(i));
  for (unsigned i = 0; i < node.op->getNumResults(); ++i)
    strings |= node.hasResult(i) && isString(node.onnxResultElement(i));
  if (strings && !takesStrings(node.kind()))
    return node.fail("strings are not supported here; take them out of the model");
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
  Sizes sizes;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!isOnnx(op) || op.hasTrait<OpTrait::IsTerminator>() ||
        op.getName().getStringRef() == "onnx.Return")
      continue;
    OpBuilder builder(&op);
    Node node(&op, values, builder);
    if (op.getName().getStringRef() == "onnx.None")
      continue;
    auto lowering = registry().find(op.getName().getStringRef());
    if (lowering == registry().end())
      return node.fail("this operator is not supported");
    Operation *before = op.getPrevNode();
    if (failed(checkTypes(node)) || failed(checkOpenSizes(node, sizes)) ||
        failed(lowering->second.function(node)))
      return failure();
    for (Operation &made : llvm::make_range(before ? std::next(before->getIterator()) : block.begin(), op.getIterator()))
      if (made.walk([](Operation *inner) { return isMisfit(inner) ? WalkResult::interrupt() : WalkResult::advance(); }).wasInterrupted())
        return node.fail("the shapes of its inputs and outputs do not fit each other; correct the model");
    for (Value result : op.getResults()) {
      Value value = values.lookupOrNull(result);
      auto type = value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
      if (!type || type.hasStaticShape())
        continue;
      if (sizes.of(value).empty())
        return node.fail("the size of a result is one that a branch or a loop finds, which is not supported outside of it; declare static shapes in the model");
      if (canExceed(sizes.of(value), elementBytes(type.getElementType()), kMostBytes, &op))
        return node.fail("a result can be larger than 1 TB; correct the shapes");
    }
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

/// What a caller passes for a value of this type: of a string its view, two numbers. Null as for lowerType.
static RankedTensorType interfaceType(Type type) {
  RankedTensorType lowered = lowerType(type);
  if (!lowered || !isString(getElementTypeOrSelf(type)))
    return lowered;
  SmallVector<int64_t> shape(lowered.getShape());
  shape.push_back(2);
  return tensorType(shape, lowered.getElementType());
}

/// The dimension that a view adds is no open size.
static void addViewDimension(func::FuncOp function, unsigned argument) {
  auto dims = function.getArgAttrOfType<DenseI64ArrayAttr>(argument, "ingot.dims");
  if (!dims)
    return;
  SmallVector<int64_t> longer(dims.asArrayRef());
  longer.push_back(-1);
  function.setArgAttr(argument, "ingot.dims", DenseI64ArrayAttr::get(function.getContext(), longer));
}

static LogicalResult lowerFunction(func::FuncOp function) {
  if (function.isExternal())
    return success();
  Block &block = function.getBody().front();
  IRMapping values;
  for (BlockArgument argument : block.getArguments()) {
    RankedTensorType type = interfaceType(argument.getType());
    if (!type)
      return emitError(function.getLoc())
             << "input " << argument.getArgNumber() << " has the type "
             << argument.getType()
             << ", not a static shape of numbers; give the sizes with --shape";
    values.map(argument, argument);
  }
  // Arguments change their type last: their sign is read until then. A value of the new type stands for them.
  SmallVector<Type> inputs;
  OpBuilder builder = OpBuilder::atBlockBegin(&block);
  for (BlockArgument argument : block.getArguments()) {
    RankedTensorType type = interfaceType(argument.getType());
    inputs.push_back(type);
    if (type == argument.getType())
      continue;
    auto cast = UnrealizedConversionCastOp::create(builder, argument.getLoc(),
                                                   type, argument);
    Value value = cast.getResult(0);
    if (isString(getElementTypeOrSelf(argument.getType()))) {
      LocBuilder b(argument.getLoc(), builder);
      value = handlesOf(b, value);
    }
    values.map(argument, value);
  }
  if (failed(lowerBlock(block, values)))
    return failure();

  Operation *end = block.getTerminator();
  LocBuilder atEnd(end->getLoc(), OpBuilder(end));
  for (OpOperand &operand : end->getOpOperands()) {
    Value value = values.lookup(operand.get());
    operand.set(isString(getElementTypeOrSelf(operand.get().getType())) ? viewsOf(atEnd, value) : value);
  }
  eraseLowered(block);
  for (auto [argument, type] : llvm::zip(block.getArguments(), inputs)) {
    // The cast, where the argument was used at all.
    SmallVector<Operation *> casts;
    if (type != argument.getType())
      llvm::append_range(casts, argument.getUsers());
    if (isString(getElementTypeOrSelf(argument.getType())))
      addViewDimension(function, argument.getArgNumber());
    argument.setType(type);
    for (Operation *cast : casts) {
      cast->getResult(0).replaceAllUsesWith(argument);
      cast->erase();
    }
  }
  function.setFunctionType(FunctionType::get(function.getContext(), inputs,
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
