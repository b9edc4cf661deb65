//===- GraphBuilder.cpp ---------------------------------------------------===//
#include "compiler/import/GraphBuilder.h"
#include "compiler/import/Inference.h"
#include "compiler/import/Schema.h"
#include "dialects/onnx/ONNXDialect.h"

using namespace mlir;
using namespace ingot;
namespace ops = ingot::onnx;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::OpSchema;

Value Scope::lookup(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->outer)
    if (Value value = scope->values.lookup(name))
      return value;
  throw ImportError("the value '" + name + "' is not defined anywhere");
}

Location GraphBuilder::locationOf(StringRef name, StringRef opType) {
  if (fixedLocation)
    return *fixedLocation;
  return NameLoc::get(builder.getStringAttr(name),
                      NameLoc::get(builder.getStringAttr(opType)));
}

void GraphBuilder::defineConstant(Scope &scope, StringRef name, ElementsAttr value,
                              Location loc) {
  auto constant = ops::ConstantOp::create(
      builder, loc, TypeRange(value.getShapedType()), ValueRange(),
      builder.getNamedAttr("value", value));
  scope.define(name, constant.getResult());
}

void GraphBuilder::buildGraph(const GraphProto &graph, Scope &scope) {
  for (const auto &tensor : graph.initializer())
    defineConstant(scope, tensor.name(),
                   elementsFromProto(&context, tensor, readExternal),
                   locationOf(tensor.name(), "Constant"));
  for (const NodeProto &node : graph.node()) {
    try {
      buildNode(node, scope);
    } catch (const ImportError &error) {
      if (!error.opType.empty())
        throw;
      throw ImportError(error.what(), node);
    }
  }
}

Value GraphBuilder::none() {
  return ops::NoneOp::create(builder, builder.getUnknownLoc(),
                              TypeRange(builder.getNoneType()), ValueRange());
}

/// The value of a Constant node, in whichever of its attributes it stands.
ElementsAttr GraphBuilder::constantOf(const NodeProto &node) {
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

/// Types of the inputs of a loop's body, as the loop's own inputs have them; bodies that the specification gives for operators declare none.
static SmallVector<Type> bodyTypes(StringRef loop, ValueRange operands) {
  SmallVector<Type> types;
  if (loop != "Loop" && loop != "Scan")
    return types;
  if (loop == "Loop" && !operands.empty()) {
    Builder builder(operands.front().getContext());
    types = {UnrankedTensorType::get(builder.getI64Type()),
             UnrankedTensorType::get(builder.getI1Type())};
    operands = operands.drop_front(std::min<size_t>(2, operands.size()));
  }
  llvm::append_range(types, operands.getTypes());
  return types;
}

void GraphBuilder::buildNode(const NodeProto &node, Scope &scope) {
  Location loc = locationOf(displayName(node), node.op_type());
  if (node.op_type() == "Constant" && node.domain().empty()) {
    defineConstant(scope, node.output(0), constantOf(node), loc);
    return;
  }
  const OpSchema *schema = newestSchema(node.domain(), node.op_type());
  if (!schema || !RegisteredOperationName::lookup(operationName(*schema), &context))
    throw ImportError("unknown operator: not in the newest opset");
  // It says which values of the graph around it are differentiated, by name.
  if (node.op_type() == "Gradient")
    throw ImportError("gradients are not computed; export the model without training, or with the operators of its gradient");

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
      buildNested(attributes[name]->g(), scope, region,
                  bodyTypes(node.op_type(), state.operands));
  }

  Operation *op = builder.create(state);
  InferenceOptions inference;
  inference.shapes = inferShapes;
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

void GraphBuilder::buildNested(const GraphProto &graph, const Scope &outer,
                               Region &region, ArrayRef<Type> known) {
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&region);
  Scope scope(&outer);
  for (const auto &input : graph.input()) {
    Location loc = NameLoc::get(builder.getStringAttr(input.name()));
    // Shapes of a body's inputs change from one iteration to the next, so that what a file says is not relied upon.
    unsigned number = block->getNumArguments();
    bool declared = input.type().value_case() != ::onnx::TypeProto::VALUE_NOT_SET;
    Type type = !declared && number < known.size() && !isa<NoneType>(known[number])
                    ? known[number]
                    : typeFromProto(&context, input.type());
    if (auto tensor = dyn_cast<TensorType>(type))
      type = UnrankedTensorType::get(tensor.getElementType());
    scope.define(input.name(), block->addArgument(type, loc));
  }
  buildGraph(graph, scope);
  SmallVector<Value> results;
  for (const auto &output : graph.output())
    results.push_back(scope.lookup(output.name()));
  Operation *end = ops::ReturnOp::create(builder, builder.getUnknownLoc(), TypeRange(), results);
  SmallVector<Attribute> promises;
  for (const auto &output : graph.output())
    promises.push_back(declaredShape(&context, output.type()));
  if (llvm::any_of(promises, llvm::IsaPred<DenseI64ArrayAttr>))
    end->setAttr("ingot.promises", builder.getArrayAttr(promises));
}

