//===- Import.cpp ---------------------------------------------------------===//
#include "compiler/import/Import.h"
#include "compiler/import/GraphBuilder.h"
#include "compiler/import/Inference.h"
#include "compiler/import/Model.h"
#include "compiler/support/Elements.h"
#include "compiler/support/SizeExpr.h"
#include "dialects/onnx/ONNXDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace ingot;
namespace ops = ingot::onnx;
using ::onnx::GraphProto;

namespace {
class Importer {
public:
  Importer(MLIRContext &context, Model &model, const ImportOptions &options)
      : context(context), model(model), options(options), builder(&context),
        readExternal(externalReader(model.folder, options.filesRead)),
        graphBuilder(builder, readExternal, /*inferShapes=*/false) {}

  OwningOpRef<ModuleOp> import(StringRef path);

private:
  RankedTensorType inputType(const ::onnx::ValueInfoProto &input);
  Attribute promiseOf(const ::onnx::ValueInfoProto &output);
  DictionaryAttr interfaceAttr(StringRef name, Type type, StringRef state = {});
  DenseI64ArrayAttr openDims(const ::onnx::ValueInfoProto &input, RankedTensorType type);

  /// Names of open sizes, in the order in which inputs have them.
  SmallVector<std::string> sizes;
  MLIRContext &context;
  Model &model;
  const ImportOptions &options;
  /// --shape gives an input another shape than the model does.
  bool resized = false;
  OpBuilder builder;
  ReadExternal readExternal;
  GraphBuilder graphBuilder;
};
} // namespace

/// Turns a file's name into a C identifier.
static std::string identifier(StringRef text) {
  std::string name;
  for (char c : text)
    name += llvm::isAlnum(c) ? c : '_';
  if (name.empty() || llvm::isDigit(name[0]))
    name = "model_" + name;
  return name;
}

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : ",") +
            (ShapedType::isDynamic(size) ? std::string("?")
                                         : std::to_string(size));
  return text;
}

/// The declared type, made precise by --shape.
RankedTensorType Importer::inputType(const ::onnx::ValueInfoProto &input) {
  Type type;
  try {
    type = typeFromProto(&context, input.type());
  } catch (const ImportError &error) {
    throw ImportError("the input '" + input.name() + "': " + error.what());
  }
  auto given = options.shapes.find(input.name());
  auto tensor = dyn_cast<TensorType>(type);
  if (!tensor)
    throw ImportError("the input '" + input.name() +
                      "' is no tensor, which is not supported");
  RankedTensorType ranked = dyn_cast<RankedTensorType>(tensor);
  if (given != options.shapes.end()) {
    for (int64_t size : given->second)
      if (size < 0)
        throw ImportError("--shape gives the input '" + input.name() +
                          "' a negative size");
    ranked = RankedTensorType::get(given->second, tensor.getElementType());
    if (!mergeTypes(ranked, type))
      throw ImportError("--shape " + input.name() + "=" +
                        shapeText(given->second) +
                        " contradicts the model, which has " +
                        shapeText(tensor.getShape()));
  }
  resized |= ranked != tensor;
  if (!ranked)
    throw ImportError("the input '" + input.name() +
                      "' has no rank; fix it with --shape " + input.name() +
                      "=...");
  if (ranked.hasStaticShape() && elementBytes(ranked.getElementType()) &&
      !byteSize(ranked))
    throw ImportError("the input '" + input.name() + "' of shape " +
                      shapeText(ranked.getShape()) +
                      " is larger than any memory");
  return ranked;
}

/// The shape that the model declares for an output, or unit. It was written for the sizes that the model has by itself.
Attribute Importer::promiseOf(const ::onnx::ValueInfoProto &output) {
  Attribute none = builder.getUnitAttr();
  if (resized || !output.type().has_tensor_type() ||
      !output.type().tensor_type().has_shape() ||
      !output.type().tensor_type().elem_type())
    return none;
  SmallVector<int64_t> shape;
  for (const auto &dim : output.type().tensor_type().shape().dim()) {
    if (!dim.has_dim_value() || dim.dim_value() < 0)
      return none;
    shape.push_back(dim.dim_value());
  }
  return builder.getDenseI64ArrayAttr(shape);
}

DictionaryAttr Importer::interfaceAttr(StringRef name, Type type,
                                       StringRef state) {
  SmallVector<NamedAttribute> attributes = {
      builder.getNamedAttr("ingot.name", builder.getStringAttr(name)),
      builder.getNamedAttr("ingot.type",
                           builder.getStringAttr(
                               elementTypeName(getElementTypeOrSelf(type))))};
  if (!state.empty())
    attributes.push_back(
        builder.getNamedAttr("ingot.state", builder.getStringAttr(state)));
  return builder.getDictionaryAttr(attributes);
}

/// For each dimension the number of its open size, or -1; null where none is open.
DenseI64ArrayAttr Importer::openDims(const ::onnx::ValueInfoProto &input,
                                     RankedTensorType type) {
  if (!options.openSizes || type.hasStaticShape())
    return {};
  SmallVector<int64_t> numbers(type.getRank(), -1);
  const auto &shape = input.type().tensor_type().shape();
  for (int64_t i = 0; i < type.getRank(); ++i) {
    if (!type.isDynamicDim(i))
      continue;
    std::string name;
    if (i < shape.dim_size())
      name = shape.dim(i).dim_param();
    if (name.empty())
      name = input.name() + "_" + std::to_string(i);
    auto *known = llvm::find(sizes, name);
    numbers[i] = known - sizes.begin();
    if (known == sizes.end())
      sizes.push_back(name);
  }
  return builder.getDenseI64ArrayAttr(numbers);
}

/// The type with the open sizes that the numbers say.
static RankedTensorType withOpenSizes(RankedTensorType type, DenseI64ArrayAttr dims) {
  SizeList list = sizesOf(type);
  for (auto [size, number] : llvm::zip(list, dims.asArrayRef()))
    if (number >= 0)
      size = getAffineSymbolExpr(number, type.getContext());
  return sizedType(list, type.getElementType());
}

OwningOpRef<ModuleOp> Importer::import(StringRef path) {
  GraphProto &graph = *model.proto.mutable_graph();
  std::string inputNames;
  std::vector<const ::onnx::ValueInfoProto *> inputs;
  for (const auto &input : graph.input()) {
    if (model.weights.count(input.name()))
      continue;
    inputs.push_back(&input);
    inputNames += (inputNames.empty() ? "" : ", ") + input.name();
  }
  auto hasInput = [&](StringRef name) {
    return llvm::any_of(inputs, [&](auto *i) { return i->name() == name; });
  };
  for (const auto &[name, shape] : options.shapes)
    if (!hasInput(name))
      throw ImportError("--shape names '" + name +
                        "', which is no input; the inputs are " + inputNames);

  SmallVector<Type> types;
  SmallVector<DenseI64ArrayAttr> dims;
  for (auto *input : inputs) {
    RankedTensorType type = inputType(*input);
    dims.push_back(openDims(*input, type));
    types.push_back(dims.back() ? withOpenSizes(type, dims.back()) : type);
  }

  StringRef file = llvm::sys::path::stem(path);
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  (*module)->setAttr("ingot.model",
                     builder.getStringAttr(options.modelName.empty()
                                               ? identifier(file)
                                               : options.modelName));
  if (!options.targetName.empty())
    (*module)->setAttr("ingot.target",
                       builder.getStringAttr(options.targetName));
  builder.setInsertionPointToStart(module->getBody());
  auto main = func::FuncOp::create(builder, UnknownLoc::get(&context), "main",
                                   builder.getFunctionType(types, {}));
  Block &block = *main.addEntryBlock();
  builder.setInsertionPointToStart(&block);

  Scope scope;
  for (auto [i, input] : llvm::enumerate(inputs)) {
    scope.define(input->name(), block.getArgument(i));
    block.getArgument(i).setLoc(
        NameLoc::get(builder.getStringAttr(input->name())));
    main.setArgAttrs(i, interfaceAttr(input->name(), types[i]));
    if (dims[i])
      main.setArgAttr(i, "ingot.dims", dims[i]);
  }
  for (auto &[name, tensor] : model.weights) {
    ElementsAttr value = elementsFromProto(&context, tensor, readExternal);
    // The data are now in the attribute.
    tensor.Clear();
    graphBuilder.defineConstant(scope, name, value,
                                graphBuilder.locationOf(name, "Constant"));
  }
  graphBuilder.buildGraph(graph, scope);

  SmallVector<Value> results;
  SmallVector<Type> resultTypes;
  llvm::StringMap<std::string> nextOf;
  for (const auto &[input, output] : options.state) {
    if (!hasInput(input))
      throw ImportError("--state names '" + input +
                        "', which is no input; the inputs are " + inputNames);
    nextOf[output] = input;
  }
  for (const auto &output : graph.output()) {
    Value value = scope.lookup(output.name());
    results.push_back(value);
    resultTypes.push_back(value.getType());
    if (output.type().has_tensor_type() &&
        output.type().tensor_type().elem_type() &&
        output.type().tensor_type().elem_type() !=
            dataTypeOf(getElementTypeOrSelf(value.getType())))
      throw ImportError("the output '" + output.name() + "' is declared as " +
                        elementTypeName(output.type().tensor_type().elem_type()) +
                        " and is computed as " +
                        elementTypeName(getElementTypeOrSelf(value.getType())));
  }
  for (const auto &[output, input] : nextOf)
    if (llvm::none_of(graph.output(),
                      [&](auto &o) { return o.name() == output; }))
      throw ImportError("--state names '" + output + "', which is no output");
  if (!sizes.empty()) {
    SmallVector<StringRef> names(sizes.begin(), sizes.end());
    (*module)->setAttr("ingot.sizes", builder.getStrArrayAttr(names));
  }
  func::ReturnOp::create(builder, UnknownLoc::get(&context), results);
  main.setType(builder.getFunctionType(types, resultTypes));
  SmallVector<Attribute> promises;
  for (const auto &output : graph.output())
    promises.push_back(promiseOf(output));
  if (llvm::any_of(promises, llvm::IsaPred<DenseI64ArrayAttr>))
    main->setAttr("ingot.promises", builder.getArrayAttr(promises));
  for (auto [i, output] : llvm::enumerate(graph.output())) {
    auto state = nextOf.find(output.name());
    main.setResultAttrs(
        i, interfaceAttr(output.name(), resultTypes[i],
                         state == nextOf.end() ? "" : state->second));
  }
  return module;
}

/// `read` gives the prepared model, or throws.
static FailureOr<OwningOpRef<ModuleOp>> importFrom(MLIRContext &context, StringRef path, const ImportOptions &options,
                                                   llvm::function_ref<Model()> read) {
  auto report = [&](const ImportError &error) -> LogicalResult {
    Location loc = UnknownLoc::get(&context);
    if (!error.opType.empty())
      loc = NameLoc::get(
          StringAttr::get(&context, error.node),
          NameLoc::get(StringAttr::get(&context, error.opType)));
    return emitError(loc) << error.what();
  };
  try {
    Model model = read();
    // Only now: the dialect takes longer to load than what is no model takes to be refused.
    context.loadDialect<ops::ONNXDialect, func::FuncDialect>();
    OwningOpRef<ModuleOp> module =
        Importer(context, model, options).import(path);
    if (failed(verify(*module)))
      return failure();
    return module;
  } catch (const Reported &) {
    return failure();
  } catch (const ImportError &error) {
    return report(error);
  } catch (const std::bad_alloc &) {
    return report(ImportError("needs more memory than there is"));
  } catch (const std::exception &error) {
    return report(describeFailure(error));
  }
}

FailureOr<OwningOpRef<ModuleOp>> ingot::importModel(MLIRContext &context, StringRef path, const ImportOptions &options) {
  if (options.filesRead)
    options.filesRead->push_back(path.str());
  return importFrom(context, path, options, [&] { return readModel(path); });
}

FailureOr<OwningOpRef<ModuleOp>> ingot::importModelBytes(MLIRContext &context, StringRef bytes, StringRef folder,
                                                         const ImportOptions &options) {
  return importFrom(context, "model", options, [&] { return readModel(bytes, folder); });
}
