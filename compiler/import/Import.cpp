//===- Import.cpp ---------------------------------------------------------===//
#include "compiler/import/Import.h"
#include "compiler/import/Inference.h"
#include "compiler/import/Model.h"
#include "compiler/import/Schema.h"
#include "compiler/support/Elements.h"
#include "dialects/onnx/ONNXDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace ingot;
namespace ops = ingot::onnx;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::OpSchema;

namespace {

/// An error was emitted as a diagnostic already.
struct Reported : std::exception {};

/// Values of a graph by name; a nested graph sees those of the graphs around
/// it unless it has its own of that name.
class Scope {
public:
  explicit Scope(const Scope *outer = nullptr) : outer(outer) {}
  void define(StringRef name, Value value) { values[name] = value; }
  Value lookup(StringRef name) const {
    for (const Scope *scope = this; scope; scope = scope->outer)
      if (Value value = scope->values.lookup(name))
        return value;
    throw ImportError("the value '" + name + "' is not defined anywhere");
  }

private:
  const Scope *outer;
  llvm::StringMap<Value> values;
};

class Importer {
public:
  Importer(MLIRContext &context, Model &model, const ImportOptions &options)
      : context(context), model(model), options(options), builder(&context),
        readExternal(externalReader(model.folder)) {}

  OwningOpRef<ModuleOp> import(StringRef path);

private:
  Location locationOf(StringRef name, StringRef opType) {
    return NameLoc::get(builder.getStringAttr(name),
                        NameLoc::get(builder.getStringAttr(opType)));
  }

  RankedTensorType inputType(const ::onnx::ValueInfoProto &input);
  DictionaryAttr interfaceAttr(StringRef name, Type type, StringRef state = {});
  void defineConstant(Scope &scope, StringRef name, ElementsAttr value,
                      Location loc);
  void importNodes(const GraphProto &graph, Scope &scope);
  void importNode(const NodeProto &node, Scope &scope);
  ElementsAttr constantOf(const NodeProto &node);
  void importNested(const GraphProto &graph, const Scope &outer,
                    Region &region);
  Value none();

  MLIRContext &context;
  Model &model;
  const ImportOptions &options;
  OpBuilder builder;
  ReadExternal readExternal;
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

void Importer::defineConstant(Scope &scope, StringRef name, ElementsAttr value,
                              Location loc) {
  auto constant = ops::ConstantOp::create(
      builder, loc, TypeRange(value.getShapedType()), ValueRange(),
      builder.getNamedAttr("value", value));
  scope.define(name, constant.getResult());
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
  for (auto *input : inputs)
    types.push_back(inputType(*input));

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
  }
  for (auto &[name, tensor] : model.weights) {
    ElementsAttr value = elementsFromProto(&context, tensor, readExternal);
    // The data are now in the attribute.
    tensor.Clear();
    defineConstant(scope, name, value, locationOf(name, "Constant"));
  }
  importNodes(graph, scope);

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
                        elementTypeName(elementTypeOf(
                            &context, output.type().tensor_type().elem_type())) +
                        " and is computed as " +
                        elementTypeName(getElementTypeOrSelf(value.getType())));
  }
  for (const auto &[output, input] : nextOf)
    if (llvm::none_of(graph.output(),
                      [&](auto &o) { return o.name() == output; }))
      throw ImportError("--state names '" + output + "', which is no output");
  func::ReturnOp::create(builder, UnknownLoc::get(&context), results);
  main.setType(builder.getFunctionType(types, resultTypes));
  for (auto [i, output] : llvm::enumerate(graph.output())) {
    auto state = nextOf.find(output.name());
    main.setResultAttrs(
        i, interfaceAttr(output.name(), resultTypes[i],
                         state == nextOf.end() ? "" : state->second));
  }
  return module;
}

void Importer::importNodes(const GraphProto &graph, Scope &scope) {
  for (const auto &tensor : graph.initializer())
    defineConstant(scope, tensor.name(),
                   elementsFromProto(&context, tensor, readExternal),
                   locationOf(tensor.name(), "Constant"));
  for (const NodeProto &node : graph.node()) {
    try {
      importNode(node, scope);
    } catch (const ImportError &error) {
      if (!error.opType.empty())
        throw;
      throw ImportError(error.what(), node);
    }
  }
}

Value Importer::none() {
  return ops::NoneOp::create(builder, builder.getUnknownLoc(),
                              TypeRange(builder.getNoneType()), ValueRange());
}

/// The value of a Constant node, in whichever of its attributes it stands.
ElementsAttr Importer::constantOf(const NodeProto &node) {
  if (node.attribute_size() != 1)
    throw ImportError("needs exactly one attribute");
  const AttributeProto &attribute = node.attribute(0);
  if (attribute.type() == AttributeProto::TENSOR)
    return elementsFromProto(&context, attribute.t(), readExternal);
  auto vector = [&](int64_t size, Type element) {
    return RankedTensorType::get(size, element);
  };
  switch (attribute.type()) {
  case AttributeProto::FLOAT:
    return DenseElementsAttr::get(
        RankedTensorType::get({}, builder.getF32Type()), attribute.f());
  case AttributeProto::INT:
    return DenseElementsAttr::get(
        RankedTensorType::get({}, builder.getI64Type()),
        static_cast<int64_t>(attribute.i()));
  case AttributeProto::FLOATS: {
    SmallVector<float> values(attribute.floats().begin(),
                              attribute.floats().end());
    return DenseElementsAttr::get(vector(values.size(), builder.getF32Type()),
                                  ArrayRef(values));
  }
  case AttributeProto::INTS: {
    SmallVector<int64_t> values(attribute.ints().begin(),
                                attribute.ints().end());
    return DenseElementsAttr::get(vector(values.size(), builder.getI64Type()),
                                  ArrayRef(values));
  }
  case AttributeProto::STRING:
    return DenseStringElementsAttr::get(
        RankedTensorType::get({}, ops::StringType::get(&context)),
        StringRef(attribute.s()));
  case AttributeProto::STRINGS: {
    SmallVector<StringRef> strings(attribute.strings().begin(),
                                   attribute.strings().end());
    return DenseStringElementsAttr::get(
        vector(strings.size(), ops::StringType::get(&context)), strings);
  }
  default:
    throw ImportError("the attribute '" + attribute.name() +
                      "' is not supported");
  }
}

void Importer::importNode(const NodeProto &node, Scope &scope) {
  Location loc = locationOf(displayName(node), node.op_type());
  // The converter writes the absent input as a node.
  if (node.op_type() == "Undefined" && node.input_size() == 0)
    return;
  if (node.op_type() == "Constant" && node.domain().empty()) {
    defineConstant(scope, node.output(0), constantOf(node), loc);
    return;
  }
  const OpSchema *schema = newestSchema(node.domain(), node.op_type());
  if (!schema || !RegisteredOperationName::lookup(operationName(*schema), &context))
    throw ImportError("unknown operator: not in the newest opset");

  OperationState state(loc, operationName(*schema));
  int inputs = node.input_size();
  while (inputs > 0 && node.input(inputs - 1).empty())
    --inputs;
  for (int i = 0; i < inputs; ++i)
    state.addOperands(node.input(i).empty() ? none()
                                            : scope.lookup(node.input(i)));
  int outputs = node.output_size();
  while (outputs > 0 && node.output(outputs - 1).empty())
    --outputs;
  outputs = std::max(outputs, schema->min_output());
  for (int i = 0; i < outputs; ++i) {
    bool absent = i >= node.output_size() || node.output(i).empty();
    bool optional = i < int(schema->outputs().size()) &&
                    schema->outputs()[i].GetOption() == OpSchema::Optional;
    state.addTypes(absent && optional ? Type(builder.getNoneType())
                                      : ops::UnknownType::get(&context));
  }

  std::map<std::string, const AttributeProto *> attributes;
  for (const AttributeProto &attribute : node.attribute())
    attributes[attribute.name()] = &attribute;
  for (const auto &[name, attribute] : schema->attributes()) {
    const AttributeProto *value = attributes.count(name) ? attributes[name]
                                  : attribute.default_value.has_name()
                                      ? &attribute.default_value
                                      : nullptr;
    if (!value || attribute.type == AttributeProto::GRAPH)
      continue;
    Attribute converted = attributeFromProto(&context, *value, readExternal);
    if (!converted || value->type() != attribute.type)
      throw ImportError("the attribute '" + name + "' has the wrong kind");
    state.addAttribute(name, converted);
  }
  for (const std::string &name : graphAttributes(*schema)) {
    Region &region = *state.addRegion();
    if (attributes.count(name))
      importNested(attributes[name]->g(), scope, region);
  }

  Operation *op = builder.create(state);
  InferenceOptions inference;
  inference.shapes = false;
  inference.checkTypes = true;
  if (failed(inferTypes(op, inference)))
    throw Reported();
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    if (isa<ops::UnknownType>(result.getType()))
      throw ImportError("the type of output " + llvm::Twine(i) +
                        " cannot be inferred");
    if (int(i) < node.output_size() && !node.output(i).empty())
      scope.define(node.output(i), result);
  }
}

void Importer::importNested(const GraphProto &graph, const Scope &outer,
                            Region &region) {
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&region);
  Scope scope(&outer);
  for (const auto &input : graph.input()) {
    Location loc = NameLoc::get(builder.getStringAttr(input.name()));
    // Shapes of a body's inputs change from one iteration to the next, so that what a file says is not relied upon.
    Type type = typeFromProto(&context, input.type());
    if (auto tensor = dyn_cast<TensorType>(type))
      type = UnrankedTensorType::get(tensor.getElementType());
    scope.define(input.name(), block->addArgument(type, loc));
  }
  importNodes(graph, scope);
  SmallVector<Value> results;
  for (const auto &output : graph.output())
    results.push_back(scope.lookup(output.name()));
  ops::ReturnOp::create(builder, builder.getUnknownLoc(), TypeRange(),
                         results);
}

FailureOr<OwningOpRef<ModuleOp>>
ingot::importModel(MLIRContext &context, StringRef path,
                   const ImportOptions &options) {
  context.loadDialect<ops::ONNXDialect, func::FuncDialect>();
  auto report = [&](const ImportError &error) -> LogicalResult {
    Location loc = UnknownLoc::get(&context);
    if (!error.opType.empty())
      loc = NameLoc::get(
          StringAttr::get(&context, error.node),
          NameLoc::get(StringAttr::get(&context, error.opType)));
    return emitError(loc) << error.what();
  };
  try {
    Model model = readModel(path);
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
