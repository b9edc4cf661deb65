//===- Functions.cpp ------------------------------------------------------===//
#include "compiler/import/Functions.h"
#include "compiler/import/Flatten.h"
#include "compiler/import/GraphBuilder.h"
#include "compiler/import/Inference.h"
#include "compiler/import/Model.h"
#include "compiler/import/Schema.h"
#include <algorithm>

using namespace mlir;
using namespace ingot;
using ::onnx::AttributeProto;
using ::onnx::FunctionProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::TypeProto;

bool ingot::hasFunctionBody(Operation *op) {
  const ::onnx::OpSchema *schema = schemaOf(op);
  return schema &&
         (schema->HasFunction() || schema->HasContextDependentFunction());
}

static std::string valueName(StringRef kind, unsigned index) {
  return (kind + llvm::Twine(index)).str();
}

/// The operation as a node, and the types of its inputs.
static NodeProto nodeOf(Operation *op, const ::onnx::OpSchema &schema,
                        std::vector<TypeProto> &inputTypes) {
  NodeProto node;
  node.set_op_type(schema.Name());
  node.set_domain(schema.domain());
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    bool absent = isa<NoneType>(operand.getType());
    node.add_input(absent ? "" : valueName("input.", i));
    inputTypes.push_back(protoFromType(operand.getType()));
  }
  for (auto [i, result] : llvm::enumerate(op->getResults()))
    node.add_output(isa<NoneType>(result.getType()) ? ""
                                                    : valueName("output.", i));
  for (NamedAttribute attribute : op->getAttrs())
    *node.add_attribute() =
        protoFromAttribute(attribute.getName(), attribute.getValue());
  return node;
}

static int newestOf(const std::vector<int> &versions) {
  return *std::max_element(versions.begin(), versions.end());
}

/// Bodies that are built for a node include the node's graphs. Each is given as one node with the graph's name, whose place the region
/// takes once the body is built.
static bool addStandIns(NodeProto &node, Operation *op,
                        const ::onnx::OpSchema &schema) {
  for (auto [name, region] : llvm::zip(graphAttributes(schema), op->getRegions())) {
    if (region.empty())
      continue;
    Block &block = region.front();
    if (block.getNumArguments() != 1 || block.getTerminator()->getNumOperands() != 1)
      return false;
    AttributeProto &attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(AttributeProto::GRAPH);
    GraphProto &graph = *attribute.mutable_g();
    graph.set_name(name);
    auto add = [&](::onnx::ValueInfoProto &info, StringRef value, Type type) {
      info.set_name(value.str());
      *info.mutable_type() = protoFromType(type, false);
    };
    add(*graph.add_input(), "from", block.getArgument(0).getType());
    add(*graph.add_output(), "to", block.getTerminator()->getOperand(0).getType());
    NodeProto &standIn = *graph.add_node();
    standIn.set_op_type("Neg");
    standIn.set_name(name);
    standIn.add_input("from");
    standIn.add_output("to");
  }
  return true;
}

/// Names of the stand-ins' outputs in the body, one for each region (empty where there is no graph); nullopt where the body has not each of
/// them once.
static std::optional<std::vector<std::string>>
findStandIns(const FunctionProto &body, Operation *op,
             const ::onnx::OpSchema &schema) {
  std::vector<std::string> outputs;
  for (auto [name, region] : llvm::zip(graphAttributes(schema), op->getRegions())) {
    outputs.emplace_back();
    if (region.empty())
      continue;
    for (const NodeProto &node : body.node()) {
      if (node.op_type() != "Neg" || !StringRef(node.name()).contains(name))
        continue;
      if (!outputs.back().empty())
        return std::nullopt;
      outputs.back() = node.output(0);
    }
    if (outputs.back().empty())
      return std::nullopt;
  }
  return outputs;
}

/// Moves a graph to where its stand-in is.
static void inlineGraph(Region &region, Operation *standIn) {
  Block &block = region.front();
  block.getArgument(0).replaceAllUsesWith(standIn->getOperand(0));
  Operation *end = block.getTerminator();
  standIn->getResult(0).replaceAllUsesWith(end->getOperand(0));
  end->erase();
  standIn->getBlock()->getOperations().splice(standIn->getIterator(),
                                              block.getOperations());
  standIn->erase();
}

/// The body, or nullopt where there is none for this node.
static std::optional<FunctionProto>
bodyOf(const NodeProto &node, const std::vector<TypeProto> &inputTypes,
       const ::onnx::OpSchema &schema) {
  FunctionProto body;
  if (schema.HasContextDependentFunction()) {
    ::onnx::FunctionBodyBuildContextImpl context(node, inputTypes);
    if (!schema.BuildContextDependentFunction(
            context, body,
            newestOf(schema.context_dependent_function_opset_versions())))
      return std::nullopt;
    return body;
  }
  const FunctionProto *function =
      schema.GetFunction(newestOf(schema.function_opset_versions()));
  if (!function)
    return std::nullopt;
  return *function;
}

static FailureOr<bool> expand(Operation *op) {
  const ::onnx::OpSchema *schema = schemaOf(op);
  std::vector<TypeProto> inputTypes;
  NodeProto node = nodeOf(op, *schema, inputTypes);
  if (!addStandIns(node, op, *schema))
    return false;
  std::optional<FunctionProto> body = bodyOf(node, inputTypes, *schema);
  if (!body)
    return false;
  auto standIns = findStandIns(*body, op, *schema);
  if (!standIns)
    return false;
  std::map<std::string, AttributeProto> attributes;
  for (const AttributeProto &attribute : body->attribute_proto())
    attributes[attribute.name()] = attribute;
  for (const AttributeProto &attribute : node.attribute())
    attributes[attribute.name()] = attribute;
  bindAttributes(*body->mutable_node(), attributes);

  llvm::StringMap<bool> present;
  for (auto [i, name] : llvm::enumerate(body->input())) {
    // An absent input of the body is an absent input of the nodes that use it.
    if (i >= op->getNumOperands() || isa<NoneType>(op->getOperand(i).getType()))
      continue;
    present[name] = true;
  }
  for (NodeProto &inner : *body->mutable_node()) {
    for (std::string &name : *inner.mutable_input())
      if (!present.count(name))
        name.clear();
    for (const std::string &name : inner.output())
      present[name] = true;
  }
  // The body may be written for an older opset than the newest.
  FreshNames names;
  for (const std::string &name : body->input())
    names.use(name);
  GraphProto graph;
  graph.mutable_node()->Swap(body->mutable_node());
  Opsets opsets = opsetsOf(body->opset_import());
  // Bodies that are built for a node need not say what they are written in.
  opsets.try_emplace("", newestOpset(""));
  upgradeNodes(*graph.mutable_node(), opsets, names);

  OpBuilder builder(op);
  GraphBuilder graphBuilder(builder, {}, /*inferShapes=*/true);
  graphBuilder.setLocation(op->getLoc());
  Scope scope;
  for (auto [i, name] : llvm::enumerate(body->input()))
    if (i < op->getNumOperands())
      scope.define(name, op->getOperand(i));
  graphBuilder.buildGraph(graph, scope);
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    if (result.use_empty())
      continue;
    Value value = scope.lookup(body->output(static_cast<int>(i)));
    // The body may find out less than the operator did.
    if (Type known = mergeTypes(value.getType(), result.getType());
        known && value.getDefiningOp())
      value.setType(known);
    result.replaceAllUsesWith(value);
  }
  for (auto [name, region] : llvm::zip(*standIns, op->getRegions()))
    if (!name.empty())
      inlineGraph(region, scope.lookup(name).getDefiningOp());
  op->erase();
  return true;
}

FailureOr<bool> ingot::expandFunction(Operation *op) {
  if (!hasFunctionBody(op))
    return false;
  try {
    return expand(op);
  } catch (const Reported &) {
    return failure();
  } catch (const std::exception &error) {
    op->emitError() << describeFailure(error).what();
    return failure();
  }
}
