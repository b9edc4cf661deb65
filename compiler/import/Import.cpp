//===- Import.cpp ---------------------------------------------------------===//
#include "compiler/import/Import.h"
#include "compiler/import/GraphBuilder.h"
#include "compiler/import/Inference.h"
#include "compiler/import/Model.h"
#include "compiler/support/Elements.h"
#include "compiler/support/InterfaceList.h"
#include "compiler/support/SizeExpr.h"
#include "dialects/onnx/ONNXDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
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
  /// The tensors that an input is: itself, or the elements of a sequence or optional.
  struct Port {
    const ::onnx::ValueInfoProto *input;
    Type type;
    SmallVector<std::string> names;
    SmallVector<RankedTensorType> tensors;
    bool absent = false;
    bool isSequence = false;
  };

  Port inputPort(const ::onnx::ValueInfoProto &input);
  ListShape elementsOf(const std::string &name, Type type, bool maybeAbsent);
  RankedTensorType tensorType(const std::string &name, Type type, const std::vector<int64_t> *given);
  Value listOf(const Port &port, ValueRange tensors);
  Attribute promiseOf(const ::onnx::ValueInfoProto &output);
  DictionaryAttr interfaceAttr(StringRef name, Type type, StringRef state = {});
  DenseI64ArrayAttr openDims(const ::onnx::ValueInfoProto &input, StringRef tensorName, RankedTensorType type);

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

/// The type of the numbers in a tensor, or in those of a sequence or optional.
static Type tensorElement(Type type) {
  while (auto optional = dyn_cast<ops::OptionalType>(type))
    type = optional.getElementType();
  while (auto sequence = dyn_cast<ops::SequenceType>(type))
    type = sequence.getElementType();
  return getElementTypeOrSelf(type);
}

/// How many tensors a sequence or optional is, and their shapes, as --shape has it: as a whole, or by element.
ListShape Importer::elementsOf(const std::string &name, Type type, bool maybeAbsent) {
  auto whole = options.lists.find(name);
  bool isSequence = isa<ops::SequenceType>(type);
  if (whole != options.lists.end()) {
    if (whole->second.absent ? !maybeAbsent : !isSequence)
      throw ImportError("--shape gives '" + name + "' as " + (whole->second.absent ? "absent" : "a sequence") +
                        ", which it is not in the model");
    return whole->second;
  }
  ListShape list;
  if (!isSequence) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    auto given = options.shapes.find(name);
    if (given != options.shapes.end())
      list.elements.push_back(given->second);
    else
      throw ImportError("the input '" + name + "' is an optional; say with --shape " + name + "=none that it is absent, or " + name + "=" +
                        (tensor ? shapeText(tensor.getShape()) : "...") + " that it is there");
    return list;
  }
  for (;;) {
    auto given = options.shapes.find(elementName(name, list.elements.size()));
    if (given == options.shapes.end())
      break;
    list.elements.push_back(given->second);
  }
  if (list.elements.empty())
    throw ImportError("the input '" + name + "' is " + (maybeAbsent ? "an optional" : "a sequence") +
                      "; give its elements with --shape, as in '" + name + "=[2,3;4;scalar]', [] for none" +
                      (maybeAbsent ? ", or " + name + "=none where it is absent" : std::string()));
  return list;
}

Importer::Port Importer::inputPort(const ::onnx::ValueInfoProto &input) {
  Port port;
  port.input = &input;
  try {
    port.type = typeFromProto(&context, input.type());
  } catch (const ImportError &error) {
    throw ImportError("the input '" + input.name() + "': " + error.what());
  }
  Type element = port.type;
  auto optional = dyn_cast<ops::OptionalType>(port.type);
  if (optional)
    element = optional.getElementType();
  bool isList = optional || isa<ops::SequenceType>(element);
  if (isList) {
    ListShape list = elementsOf(input.name(), element, bool(optional));
    port.absent = list.absent;
    if (auto sequence = dyn_cast<ops::SequenceType>(element)) {
      port.isSequence = true;
      for (size_t i = 0; i < list.elements.size(); ++i) {
        port.names.push_back(elementName(input.name(), i));
        port.tensors.push_back(tensorType(port.names.back(), sequence.getElementType(), &list.elements[i]));
      }
      return port;
    }
    if (list.absent)
      return port;
  }
  auto given = options.shapes.find(input.name());
  port.names.push_back(input.name());
  port.tensors.push_back(tensorType(input.name(), element, given == options.shapes.end() ? nullptr : &given->second));
  return port;
}

/// The value that stands for a sequence or an optional in the graph.
Value Importer::listOf(const Port &port, ValueRange tensors) {
  Location loc = NameLoc::get(builder.getStringAttr(port.input->name()));
  Type type = port.type;
  auto optional = dyn_cast<ops::OptionalType>(type);
  if (optional)
    type = optional.getElementType();
  auto make = [&]() -> Value {
    auto sequence = dyn_cast<ops::SequenceType>(type);
    if (!sequence)
      return tensors.front();
    if (!tensors.empty())
      return ops::SequenceConstructOp::create(builder, loc, TypeRange(type), tensors)->getResult(0);
    NamedAttribute dtype = builder.getNamedAttr(
        "dtype", builder.getI64IntegerAttr(dataTypeOf(tensorElement(sequence))));
    return ops::SequenceEmptyOp::create(builder, loc, TypeRange(type), ValueRange(), dtype)->getResult(0);
  };
  if (!optional)
    return make();
  if (!port.absent)
    return ops::OptionalOp::create(builder, loc, TypeRange(port.type), make())->getResult(0);
  return ops::OptionalOp::create(builder, loc, TypeRange(port.type), ValueRange(),
                                 builder.getNamedAttr("type", TypeAttr::get(type)))
      ->getResult(0);
}

/// The declared type of a tensor, made precise by the shape that --shape gives (null: none).
RankedTensorType Importer::tensorType(const std::string &name, Type type, const std::vector<int64_t> *given) {
  auto tensor = dyn_cast<TensorType>(type);
  if (!tensor)
    throw ImportError("the input '" + name + "' is neither a tensor nor a sequence or optional of tensors, which is not supported");
  RankedTensorType ranked = dyn_cast<RankedTensorType>(tensor);
  if (given) {
    for (int64_t size : *given)
      if (size < 0)
        throw ImportError("--shape gives the input '" + name +
                          "' a negative size");
    ranked = RankedTensorType::get(*given, tensor.getElementType());
    if (!mergeTypes(ranked, type))
      throw ImportError("--shape " + name + "=" +
                        shapeText(*given) +
                        " contradicts the model, which has " +
                        shapeText(tensor.getShape()));
  }
  resized |= ranked != tensor;
  if (!ranked)
    throw ImportError("the input '" + name +
                      "' has no rank; fix it with --shape " + name +
                      "=...");
  if (ranked.hasStaticShape() && elementBytes(ranked.getElementType()) &&
      !byteSize(ranked))
    throw ImportError("the input '" + name + "' of shape " +
                      shapeText(ranked.getShape()) +
                      " is larger than any memory");
  return ranked;
}

/// The shape that --shape gives an output, or that the model declares for it, or unit. What the model declares was written for the
/// sizes that it has by itself.
Attribute Importer::promiseOf(const ::onnx::ValueInfoProto &output) {
  if (auto list = options.lists.find(output.name()); list != options.lists.end()) {
    if (list->second.absent)
      return builder.getStringAttr("none");
    SmallVector<Attribute> elements;
    for (const std::vector<int64_t> &shape : list->second.elements)
      elements.push_back(builder.getDenseI64ArrayAttr(shape));
    return builder.getArrayAttr(elements);
  }
  if (auto given = options.shapes.find(output.name()); given != options.shapes.end())
    return builder.getDenseI64ArrayAttr(given->second);
  return resized ? builder.getUnitAttr() : declaredShape(&context, output.type());
}

/// Of a sequence or optional, whose tensors are not known yet, the element type is theirs.
DictionaryAttr Importer::interfaceAttr(StringRef name, Type type,
                                       StringRef state) {
  SmallVector<NamedAttribute> attributes = {
      builder.getNamedAttr("ingot.name", builder.getStringAttr(name)),
      builder.getNamedAttr("ingot.type",
                           builder.getStringAttr(elementTypeName(tensorElement(type))))};
  if (!state.empty())
    attributes.push_back(
        builder.getNamedAttr("ingot.state", builder.getStringAttr(state)));
  return builder.getDictionaryAttr(attributes);
}

/// For each dimension the number of its open size, or -1; null where none is open.
DenseI64ArrayAttr Importer::openDims(const ::onnx::ValueInfoProto &input, StringRef tensorName, RankedTensorType type) {
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
      name = tensorName.str() + "_" + std::to_string(i);
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
    return llvm::any_of(inputs, [&](auto *i) { return i->name() == name && i->type().has_tensor_type(); });
  };
  SmallVector<Port> ports;
  SmallVector<Type> types;
  SmallVector<DenseI64ArrayAttr> dims;
  llvm::StringSet<> known;
  for (auto *input : inputs) {
    Port &port = ports.emplace_back(inputPort(*input));
    known.insert(input->name());
    known.insert_range(port.names);
    for (auto [name, type] : llvm::zip_equal(port.names, port.tensors)) {
      dims.push_back(openDims(*input, name, type));
      types.push_back(dims.back() ? withOpenSizes(type, dims.back()) : type);
    }
  }
  for (const auto &output : graph.output())
    known.insert(output.name());
  auto checkNames = [&](const auto &given) {
    for (const auto &[name, shape] : given)
      if (!known.contains(name))
        throw ImportError("--shape names '" + name + "', which is no input or output; the inputs are " + inputNames);
  };
  checkNames(options.shapes);
  checkNames(options.lists);

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
  SmallVector<Attribute> lists;
  unsigned first = 0;
  for (const Port &port : ports) {
    for (auto [i, name, type] : llvm::enumerate(port.names, port.tensors)) {
      BlockArgument argument = block.getArgument(first + i);
      argument.setLoc(NameLoc::get(builder.getStringAttr(name)));
      main.setArgAttrs(first + i, interfaceAttr(name, type));
      if (dims[first + i])
        main.setArgAttr(first + i, "ingot.dims", dims[first + i]);
    }
    unsigned count = port.tensors.size();
    if (isa<TensorType>(port.type)) {
      scope.define(port.input->name(), block.getArgument(first));
    } else {
      scope.define(port.input->name(), listOf(port, block.getArguments().slice(first, count)));
      StringRef kind = port.absent ? "absent" : port.isSequence ? "sequence" : "optional";
      lists.push_back(interfaceList(builder, port.input->name(), "input", kind, first, count));
    }
    first += count;
  }
  if (!lists.empty())
    (*module)->setAttr(kInterfaceLists, builder.getArrayAttr(lists));
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
                        "', which is no input that is a tensor; the inputs are " + inputNames);
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
    if (llvm::none_of(graph.output(), [&](auto &o) { return o.name() == output && !o.type().has_sequence_type() && !o.type().has_optional_type(); }))
      throw ImportError("--state names '" + output + "', which is no output that is a tensor");
  if (!sizes.empty()) {
    SmallVector<StringRef> names(sizes.begin(), sizes.end());
    (*module)->setAttr("ingot.sizes", builder.getStrArrayAttr(names));
  }
  func::ReturnOp::create(builder, UnknownLoc::get(&context), results);
  main.setType(builder.getFunctionType(types, resultTypes));
  SmallVector<Attribute> promises;
  for (const auto &output : graph.output())
    promises.push_back(promiseOf(output));
  if (!llvm::all_of(promises, llvm::IsaPred<UnitAttr>))
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
