//===- LowerToLinalg.cpp - onnx to structured tensor operations -----------===//
//
// The walk goes in the order of the graph, so a node's operands are lowered when it is reached. Each lowering adds operations before
// its node and says which values stand for the node's results; the nodes are removed at the end. A rewrite driver would
// convert types value by value; here types change once, and sign is read off the onnx types that are still there.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/Inference.h"
#include "compiler/kernels/DataSizes.h"
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Node.h"
#include "compiler/lower/Passes.h"
#include "compiler/lower/Strings.h"
#include "compiler/lower/Structured.h"
#include "compiler/lower/Supported.h"
#include "compiler/support/Elements.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
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
    addImages(registry);
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

/// The type as people are shown it: as the model has it, without what the compiler notes on its sizes.
static std::string typeText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << plainType(type);
  StringRef named = "!onnx.String";
  for (size_t at = text.find(named); at != std::string::npos; at = text.find(named))
    text.replace(at, named.size(), "string");
  return text;
}

/// Which sizes an operator's lowering can leave open: none; those that a call chooses; of those that data give, which may be 0, the first one as well, or any.
enum class OpenSizes { none, chosen, first, any };

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
      .Cases({"StringConcat", "RegexFullMatch", "ai_onnx_ml_LabelEncoder", "ai_onnx_ml_CategoryMapper", "ImageDecoder"}, OpenSizes::any)
      .Cases({"Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization"}, OpenSizes::first)
      .Cases({"RMSNormalization", "InstanceNormalization", "GroupNormalization"}, OpenSizes::chosen)
      .Cases({"MeanVarianceNormalization", "LpNormalization", "LRN", "Hardmax", "ArgMax", "ArgMin", "CumSum", "CumProd"}, OpenSizes::chosen)
      .Cases({"Einsum", "Split", "Slice", "Expand", "Tile", "Pad", "DepthToSpace", "SpaceToDepth", "ConstantOfShape"}, OpenSizes::chosen)
      .Cases({"OneHot", "ReverseSequence", "Trilu", "EyeLike", "Range", "TopK"}, OpenSizes::chosen)
      .Cases({"CastLike", "Swish", "BitCast", "Dropout", "RandomUniformLike", "RandomNormalLike", "Bernoulli", "Multinomial"}, OpenSizes::chosen)
      .Cases({"ScatterElements", "ScatterND", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"}, OpenSizes::chosen)
      .Cases({"MatMulInteger", "QLinearMatMul", "ConvInteger", "QLinearConv", "ConvTranspose"}, OpenSizes::chosen)
      .Cases({"LpPool", "GlobalLpPool", "CausalConvWithState", "LSTM", "GRU", "RNN", "Loop", "Scan"}, OpenSizes::chosen)
      .Cases({"MaxUnpool", "Resize", "GridSample", "DeformConv", "RoiAlign", "MaxRoiPool"}, OpenSizes::chosen)
      .Cases({"AffineGrid", "CenterCropPad", "Col2Im", "TensorScatter", "DFT", "STFT", "Det"}, OpenSizes::chosen)
      .Cases({"NonZero", "Compress", "Unique", "NonMaxSuppression"}, OpenSizes::chosen)
      .Cases({"TfIdfVectorizer", "StringNormalizer", "StringSplit"}, OpenSizes::chosen)
      .Cases({"ai_onnx_ml_LinearRegressor", "ai_onnx_ml_LinearClassifier", "ai_onnx_ml_SVMRegressor", "ai_onnx_ml_SVMClassifier"}, OpenSizes::chosen)
      .Cases({"ai_onnx_ml_Binarizer", "ai_onnx_ml_Scaler", "ai_onnx_ml_Normalizer", "ai_onnx_ml_Imputer"}, OpenSizes::chosen)
      .Cases({"ai_onnx_ml_ArrayFeatureExtractor", "ai_onnx_ml_FeatureVectorizer", "ai_onnx_ml_OneHotEncoder"}, OpenSizes::chosen)
      .Cases({"ai_onnx_ml_TreeEnsemble", "ai_onnx_ml_TreeEnsembleRegressor", "ai_onnx_ml_TreeEnsembleClassifier"}, OpenSizes::chosen)
      .Cases({"ai_onnx_preview_training_Momentum", "ai_onnx_preview_training_Adagrad", "ai_onnx_preview_training_Adam"}, OpenSizes::chosen)
      .Default(OpenSizes::none);
}

/// Whether data give a size from dimension `from` on.
static bool hasDataSize(RankedTensorType type, Operation *op, size_t from = 0) {
  SizeList sizes = type ? sizesOf(type) : SizeList();
  return llvm::any_of(ArrayRef(sizes).drop_front(std::min(from, sizes.size())), [&](AffineExpr size) { return size && isFromData(size, op); });
}

/// Inference knew nothing of sizes that data give, which come up as the walk goes on: what follows is inferred again with them.
static LogicalResult inferDataSizes(Node &node) {
  Operation *op = node.op;
  bool fromData = llvm::any_of(op->getOperands(), [&](Value operand) {
    return hasDataSize(dyn_cast<RankedTensorType>(operand.getType()), op);
  });
  if (!fromData || op->getNumRegions())
    return success();
  SmallVector<Type> before(op->getResultTypes());
  for (Value result : op->getResults())
    if (auto type = dyn_cast<RankedTensorType>(result.getType()))
      result.setType(RankedTensorType::get(SmallVector<int64_t>(type.getRank(), ShapedType::kDynamic), type.getElementType()));
  if (failed(inferTypes(op)))
    return failure();
  for (auto [result, old] : llvm::zip(op->getResults(), before)) {
    auto type = dyn_cast<RankedTensorType>(old);
    if (!type)
      continue;
    SizeList sizes = sizesOf(type);
    for (auto [size, found] : llvm::zip(sizes, sizesOf(cast<RankedTensorType>(result.getType())))) {
      // That data give what was known before, nothing checks.
      if (size && found && size != found && isFromData(found, op))
        requireEqual(op, size, found);
      size = size ? size : found;
    }
    result.setType(sizedType(sizes, type.getElementType()));
  }
  return success();
}

/// Each has a symbol in every expression over sizes; no model comes near.
constexpr size_t kMostDataSizes = 1000;

/// Open sizes must be ones that the lowering can follow. That sizes of different operands agree where they must, is a requirement of the module: inference
/// (compiler/import/OpenShapes.h) or the builder of a stage (compiler/lower/Structured.h) asks for it.
static LogicalResult checkOpenSizes(Node &node) {
  OpenSizes may = openSizesOf(node.kind());
  for (unsigned i = 0; i < node.numOperands(); ++i) {
    if (!node.operand(i) || node.type(i).hasStaticShape())
      continue;
    RankedTensorType type = node.type(i);
    std::string text = typeText(node.op->getOperand(i).getType());
    bool isUnknown = llvm::is_contained(sizesOf(type), AffineExpr());
    bool isGiven = may != OpenSizes::any && hasDataSize(type, node.op, /*from=*/may == OpenSizes::first ? 1 : 0);
    if (isUnknown || isGiven)
      return node.fail("works with sizes that are known before the data are, and an input has the type " + text +
                       ", whose sizes data give; declare static shapes in the model");
    if (may == OpenSizes::none)
      return node.fail("works with static sizes only, and an input has the type " + text + "; fix its sizes with --shape");
  }
  if (givesDataSizes(node.kind())) {
    if (dataSizes(node.op).size() > kMostDataSizes)
      return node.fail("the model has more than " + Twine(kMostDataSizes) + " sizes that data give; declare static shapes in the model");
    return success();
  }
  for (unsigned i = 0; i < node.op->getNumResults(); ++i)
    if (node.hasResult(i) && llvm::is_contained(sizesOf(node.resultType(i)), AffineExpr()))
      return node.fail("the shape of a result depends on data in a way that is not supported; declare its sizes in the model");
  return success();
}

/// What was lowered tells the sizes that data give; what was asked of them and nobody checks is an error.
static LogicalResult keepDataSizes(Node &node) {
  if (takeUnchecked(node.op))
    return node.fail("its inputs have sizes that data give, of which nobody knows whether they agree with others; "
                     "declare static shapes in the model");
  for (OpResult result : node.op->getResults()) {
    Value value = node.values.lookupOrNull(result);
    auto type = value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
    if (!type || type.hasStaticShape())
      continue;
    SizeList sizes = sizesOf(type);
    if (llvm::is_contained(sizes, AffineExpr()))
      return node.fail("the size of a result is one that a branch or a loop finds, which is not supported outside of it; declare static shapes in the model");
    if (canExceed(sizes, elementBytes(type.getElementType()), kMostBytes, node.op))
      return node.fail("a result can be larger than 1 TB; correct the shapes");
    auto declared = dyn_cast<RankedTensorType>(result.getType());
    if (declared && declared.getRank() == type.getRank() && hasDataSize(type, node.op))
      result.setType(sizedType(sizes, declared.getElementType()));
  }
  return success();
}

/// What asks for a size that data give gets the value that it has.
static void useDataSizes(llvm::iterator_range<Block::iterator> made, func::FuncOp function) {
  SmallVector<SizeOp> asked;
  for (Operation &op : made)
    op.walk([&](SizeOp size) {
      if (size.getNumber() >= kFirstDataSize)
        asked.push_back(size);
    });
  if (asked.empty())
    return;
  DenseMap<unsigned, Value> values = dataSizeValues(function);
  for (SizeOp size : asked) {
    size.replaceAllUsesWith(values.lookup(size.getNumber()));
    size.erase();
  }
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

/// Results without elements need no code of the operator's, unless data could give them another shape.
static bool giveEmpty(Node &node, const Lowering &lowering) {
  auto results = llvm::seq<unsigned>(0, node.op->getNumResults());
  auto isGivenEmpty = [&](unsigned i) { return !node.hasResult(i) || isEmpty(node.resultType(i)); };
  if (lowering.checksShape || node.op->getNumRegions() || !llvm::all_of(results, isGivenEmpty))
    return false;
  for (unsigned i : results)
    if (node.hasResult(i))
      node.set(i, emptyOf(node, node.resultType(i)));
  return true;
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
    if (failed(checkTypes(node)) || failed(inferDataSizes(node)) || failed(checkOpenSizes(node)))
      return failure();
    if (!giveEmpty(node, lowering->second) && failed(lowering->second.function(node)))
      return failure();
    auto madeHere = llvm::make_range(before ? std::next(before->getIterator()) : block.begin(), op.getIterator());
    for (Operation &made : madeHere)
      if (made.walk([](Operation *inner) { return isMisfit(inner) ? WalkResult::interrupt() : WalkResult::advance(); }).wasInterrupted())
        return node.fail("the shapes of its inputs and outputs do not fit each other; correct the model");
    if (failed(keepDataSizes(node)))
      return failure();
    useDataSizes(madeHere, op.getParentOfType<func::FuncOp>());
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

/// What a caller passes for a value of this type: of a string its view, two numbers. Null as for lowerType.
static RankedTensorType interfaceType(Type type) {
  RankedTensorType lowered = lowerType(type);
  if (!lowered || !isString(getElementTypeOrSelf(type)))
    return lowered;
  Shape shape = shapeOf(lowered);
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
             << plainType(argument.getType())
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
  Operation *before = end->getPrevNode();
  LocBuilder atEnd(end->getLoc(), OpBuilder(end));
  for (OpOperand &operand : end->getOpOperands()) {
    Value value = values.lookup(operand.get());
    operand.set(isString(getElementTypeOrSelf(operand.get().getType())) ? viewsOf(atEnd, value) : value);
  }
  useDataSizes(llvm::make_range(before ? std::next(before->getIterator()) : block.begin(), end->getIterator()), function);
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
    numberDataSizes(getOperation());
  }
};
} // namespace
