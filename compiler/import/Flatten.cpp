//===- Flatten.cpp --------------------------------------------------------===//
//
// Functions and versions are one walk: a function has its own opsets, and what an attribute of its nodes says is known at the call.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/Flatten.h"
#include "compiler/import/Model.h"
#include "compiler/import/Schema.h"
#include "onnx/checker.h"
#include <optional>

using namespace ingot;
using ::onnx::AttributeProto;
using ::onnx::FunctionProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::OpSchema;

/// Inlining must not let a small file become a large graph.
constexpr int64_t kMostNodes = 1 << 20;
constexpr int kDeepestCalls = 64;

namespace {
class Functions {
public:
  explicit Functions(const ModelProto &model) {
    for (const FunctionProto &function : model.functions())
      functions[key(function.domain(), function.name(), function.overload())] =
          &function;
  }

  /// The function that the node calls, or null.
  const FunctionProto *operator[](const NodeProto &node) const {
    if (functions.empty())
      return nullptr;
    return functions.lookup(key(node.domain(), node.op_type(), node.overload()));
  }

private:
  static std::string key(const std::string &domain, const std::string &name,
                         const std::string &overload) {
    return canonicalDomain(domain) + "\n" + name + "\n" + overload;
  }

  llvm::StringMap<const FunctionProto *> functions;
};

/// Counts the nodes that a model has once its functions are inlined, and how deep their calls lie in each other.
class InlinedSize {
public:
  struct Extent {
    int64_t nodes = 0;
    int calls = 0;
  };

  explicit InlinedSize(const Functions &functions) : functions(functions) {}

  Extent count(const Nodes &nodes) {
    Extent total;
    for (const NodeProto &node : nodes) {
      add(total, countNode(node));
      if (total.nodes > kMostNodes)
        throw ImportError("has more than " + llvm::Twine(kMostNodes) +
                          " nodes once its functions are inlined");
    }
    return total;
  }

private:
  static void add(Extent &total, const Extent &part) {
    total.nodes += part.nodes;
    total.calls = std::max(total.calls, part.calls);
  }

  Extent countNode(const NodeProto &node) {
    Extent total;
    for (const AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        add(total, count(attribute.g().node()));
      for (const GraphProto &graph : attribute.graphs())
        add(total, count(graph.node()));
    }
    ++total.nodes;
    if (const FunctionProto *function = functions[node]) {
      Extent body = countFunction(*function, node);
      ++body.calls;
      add(total, body);
    }
    // Of calls that were counted before, too: their order does not matter.
    if (total.calls > kDeepestCalls)
      tooDeep(node);
    return total;
  }

  Extent countFunction(const FunctionProto &function, const NodeProto &call) {
    auto [entry, added] = extents.try_emplace(&function, std::nullopt);
    if (!added) {
      if (!entry->second)
        throw ImportError("the function calls itself", call);
      return *entry->second;
    }
    if (++open > kDeepestCalls)
      tooDeep(call);
    Extent extent = count(function.node());
    --open;
    return *(extents[&function] = extent);
  }

  [[noreturn]] static void tooDeep(const NodeProto &call) {
    throw ImportError("calls of functions are nested more than " +
                          llvm::Twine(kDeepestCalls) + " deep",
                      call);
  }

  const Functions &functions;
  /// No value while a function is being counted.
  std::map<const FunctionProto *, std::optional<Extent>> extents;
  int open = 0;
};
} // namespace

static std::string shownDomain(const std::string &domain) {
  return domain.empty() ? "ai.onnx" : domain;
}

/// The schema of the node, whose domain is made canonical.
static const OpSchema *schemaFor(NodeProto &node, const Opsets &opsets) {
  std::string domain = canonicalDomain(node.domain());
  node.set_domain(domain);
  auto version = opsets.find(domain);
  if (version == opsets.end())
    throw ImportError("unknown operator: the model imports no opset of the domain '" +
                          shownDomain(domain) + "'",
                      node);
  const OpSchema *schema = ::onnx::OpSchemaRegistry::Schema(
      node.op_type(), static_cast<int>(version->second), domain);
  if (!schema)
    throw ImportError("unknown operator: opset " + llvm::Twine(version->second) +
                          " of " + shownDomain(domain) +
                          " has none of that name",
                      node);
  return schema;
}

static void checkOpsets(const Opsets &opsets) {
  for (const auto &[domain, version] : opsets) {
    int64_t newest = newestOpset(domain);
    if (newest && (version < 1 || version > newest))
      throw ImportError("needs opset " + llvm::Twine(version) + " of " +
                        shownDomain(domain) + ", known are 1 to " +
                        llvm::Twine(newest));
  }
}

void ingot::checkOperators(ModelProto &model) {
  Opsets opsets = opsetsOf(model.opset_import());
  checkOpsets(opsets);
  for (const FunctionProto &function : model.functions())
    checkOpsets(opsetsOf(function.opset_import()));
  Functions functions(model);
  InlinedSize(functions).count(model.graph().node());
  auto check = [&](GraphProto &graph) {
    for (NodeProto &node : *graph.mutable_node()) {
      if (!functions[node])
        schemaFor(node, opsets);
      for (const AttributeProto &attribute : node.attribute())
        if (!attribute.ref_attr_name().empty())
          throw ImportError("the attribute '" + attribute.name() +
                                "' refers to one of a function, outside of any",
                            node);
    }
  };
  check(*model.mutable_graph());
  forEachGraph(*model.mutable_graph()->mutable_node(), check);
}

void ingot::bindAttributes(Nodes &nodes,
                           const std::map<std::string, AttributeProto> &given) {
  for (NodeProto &node : nodes) {
    google::protobuf::RepeatedPtrField<AttributeProto> bound;
    for (AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        bindAttributes(*attribute.mutable_g()->mutable_node(), given);
      for (GraphProto &graph : *attribute.mutable_graphs())
        bindAttributes(*graph.mutable_node(), given);
      if (attribute.ref_attr_name().empty()) {
        *bound.Add() = std::move(attribute);
        continue;
      }
      auto value = given.find(attribute.ref_attr_name());
      if (value == given.end())
        continue;
      AttributeProto &copy = *bound.Add();
      copy = value->second;
      copy.set_name(attribute.name());
    }
    node.mutable_attribute()->Swap(&bound);
  }
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

namespace {
/// New names for the values of a function's body at one call. A nested graph may define a name that is defined elsewhere.
class Renamer {
public:
  Renamer(FreshNames &names, const NodeProto &call) : names(names), call(call) {}

  void define(const std::string &name, std::string actual) {
    auto [entry, added] = actualNames.try_emplace(name, actual);
    undo.emplace_back(name, added ? std::nullopt
                                  : std::optional(entry->second));
    entry->second = std::move(actual);
  }
  bool isDefined(const std::string &name) const {
    return actualNames.count(name);
  }
  const std::string &lookup(const std::string &name) const {
    return actualNames.find(name)->second;
  }

  void rename(NodeProto &node) {
    for (std::string &input : *node.mutable_input())
      use(input);
    for (AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        rename(*attribute.mutable_g());
      for (GraphProto &graph : *attribute.mutable_graphs())
        rename(graph);
    }
    for (std::string &output : *node.mutable_output()) {
      // Outputs of the function have their names already.
      if (!output.empty() && !isDefined(output))
        define(output, names.make(output));
      use(output);
    }
    // Where it stands in the model is told by the calls around it.
    if (!call.name().empty() && !node.name().empty())
      node.set_name(call.name() + "/" + node.name());
  }

private:
  /// Names of weights are the model's.
  void use(std::string &name) const {
    auto found = actualNames.find(name);
    if (found != actualNames.end())
      name = found->second;
  }
  void rename(GraphProto &graph) {
    size_t depth = undo.size();
    auto fresh = [&](const std::string &name) {
      define(name, names.make(name));
      return lookup(name);
    };
    for (auto &input : *graph.mutable_input())
      input.set_name(fresh(input.name()));
    for (auto &tensor : *graph.mutable_initializer())
      tensor.set_name(fresh(tensor.name()));
    for (NodeProto &node : *graph.mutable_node()) {
      for (const std::string &output : node.output())
        if (!output.empty())
          fresh(output);
      rename(node);
    }
    for (auto &output : *graph.mutable_output())
      use(*output.mutable_name());
    for (; undo.size() > depth; undo.pop_back()) {
      auto &[name, before] = undo.back();
      if (before)
        actualNames[name] = *before;
      else
        actualNames.erase(name);
    }
  }

  FreshNames &names;
  const NodeProto &call;
  llvm::StringMap<std::string> actualNames;
  std::vector<std::pair<std::string, std::optional<std::string>>> undo;
};

class Flattener {
public:
  Flattener(const Functions &functions, FreshNames &names)
      : functions(functions), names(names) {}

  void flatten(Nodes &nodes, const Opsets &opsets) {
    Nodes result;
    result.Reserve(nodes.size());
    for (NodeProto &node : nodes)
      append(std::move(node), opsets, result);
    nodes.Swap(&result);
  }

private:
  void append(NodeProto &&node, const Opsets &opsets, Nodes &result) {
    for (AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        flatten(*attribute.mutable_g()->mutable_node(), opsets);
      for (GraphProto &graph : *attribute.mutable_graphs())
        flatten(*graph.mutable_node(), opsets);
    }
    if (const FunctionProto *function = functions[node])
      return inlineCall(node, *function, result);
    const OpSchema *schema = schemaFor(node, opsets);
    // A deprecated version that a later one replaces has that one's form (GroupNormalization 18).
    if (schema->deprecated())
      if (const OpSchema *next = schemaAfter(node, schema->SinceVersion()))
        schema = next;
    // Upgrades take attributes to be there and of the right kind.
    try {
      checkAttributes(node);
      schema->Verify(node);
    } catch (const std::exception &error) {
      throw ImportError(describeFailure(error).what(), node);
    }
    upgradeNode(std::move(node), opsets.at(node.domain()), names, result);
  }

  /// What the format demands, whatever the operator.
  static void checkAttributes(const NodeProto &node) {
    static const ::onnx::checker::CheckerContext context = [] {
      ::onnx::checker::CheckerContext context;
      context.set_ir_version(::onnx::IR_VERSION);
      return context;
    }();
    for (const AttributeProto &attribute : node.attribute())
      if (!attribute.has_g() && !attribute.graphs_size())
        ::onnx::checker::check_attribute(attribute, context,
                                         ::onnx::checker::LexicalScopeContext());
  }

  void inlineCall(const NodeProto &call, const FunctionProto &function,
                  Nodes &result) {
    if (call.input_size() > function.input_size() ||
        call.output_size() > function.output_size())
      throw ImportError("the function has " + llvm::Twine(function.input_size()) +
                            " inputs and " + llvm::Twine(function.output_size()) +
                            " outputs, the call more",
                        call);
    std::map<std::string, AttributeProto> attributes;
    for (const AttributeProto &attribute : function.attribute_proto())
      attributes[attribute.name()] = attribute;
    for (const AttributeProto &attribute : call.attribute()) {
      if (attribute.has_g() || attribute.graphs_size())
        throw ImportError("the attribute '" + attribute.name() +
                              "' of a function is a graph, which is not supported",
                          call);
      attributes[attribute.name()] = attribute;
    }

    Nodes body = function.node();
    bindAttributes(body, attributes);
    Renamer renamer(names, call);
    for (int i = 0; i < function.input_size(); ++i)
      renamer.define(function.input(i), i < call.input_size() ? call.input(i) : "");
    // An output that is an input, or another output, too, is a copy.
    std::vector<std::pair<std::string, std::string>> copies;
    for (int i = 0; i < call.output_size(); ++i) {
      if (call.output(i).empty())
        continue;
      if (renamer.isDefined(function.output(i)))
        copies.emplace_back(function.output(i), call.output(i));
      else
        renamer.define(function.output(i), call.output(i));
    }
    for (NodeProto &node : body)
      renamer.rename(node);
    for (auto &[from, to] : copies) {
      NodeProto &copy = *body.Add();
      copy.set_op_type("Identity");
      copy.set_name(call.name());
      copy.add_input(renamer.lookup(from));
      copy.add_output(to);
    }
    Opsets opsets = opsetsOf(function.opset_import());
    if (!copies.empty())
      opsets.try_emplace("", newestOpset(""));
    for (NodeProto &node : body)
      append(std::move(node), opsets, result);
  }

  const Functions &functions;
  FreshNames &names;
};
} // namespace

static void useNames(const Nodes &nodes, FreshNames &names) {
  for (const NodeProto &node : nodes)
    for (const std::string &output : node.output())
      names.use(output);
}

static void useNames(const GraphProto &graph, FreshNames &names) {
  for (const auto &input : graph.input())
    names.use(input.name());
  for (const auto &tensor : graph.initializer())
    names.use(tensor.name());
  useNames(graph.node(), names);
}

void ingot::flattenModel(ModelProto &model) {
  FreshNames names;
  useNames(model.graph(), names);
  forEachGraph(*model.mutable_graph()->mutable_node(),
               [&](GraphProto &graph) { useNames(graph, names); });
  Functions functions(model);
  Flattener(functions, names)
      .flatten(*model.mutable_graph()->mutable_node(),
               opsetsOf(model.opset_import()));
  model.clear_functions();
}

void ingot::upgradeNodes(Nodes &nodes, const Opsets &opsets, FreshNames &names) {
  useNames(nodes, names);
  forEachGraph(nodes, [&](GraphProto &graph) { useNames(graph, names); });
  ModelProto none;
  Functions functions(none);
  Flattener(functions, names).flatten(nodes, opsets);
}
