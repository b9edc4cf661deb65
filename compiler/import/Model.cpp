//===- Model.cpp - read, check and convert a model ------------------------===//
//
// The order matters: weights are taken out first, since the converter copies them; functions are inlined before it, since it drops them;
// the IR version is raised before it, since older ones mix initialisers with inputs.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/Model.h"
#include "compiler/import/Schema.h"
#include "compiler/support/Elements.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/stubs/logging.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "onnx/checker.h"
#include "onnx/inliner/inliner.h"
#include "onnx/version_converter/convert.h"
#include <set>

using namespace mlir;
using namespace ingot;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

/// Inlining must not let a small file become a large graph.
constexpr int64_t kMostNodes = 1 << 20;
constexpr int kDeepestCalls = 64;
/// Checker, converter, inference and the stages behind them go into nested graphs by recursion.
constexpr int kDeepestGraphs = 32;

/// Constants up to this many bytes stay in the messages: conversion and inference read the values of shapes and axes.
constexpr size_t kDetachBytes = 1024;

ImportError ingot::describeFailure(const std::exception &error) {
  StringRef text = error.what();
  StringRef message = text.split('\n').first;
  if (message.starts_with("["))
    message = message.split(']').second;
  // ==> Context: Bad node spec for node. Name: n OpType: Conv
  StringRef context = text.split("==> Context:").second.split('\n').first;
  StringRef node = context.split("Name: ").second;
  if (node.empty())
    return ImportError(message.trim());
  auto [name, opType] = node.split(" OpType: ");
  return ImportError(message.trim(), name.trim(), opType.trim());
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

static void checkSize(uint64_t size) {
  if (size == 0)
    throw ImportError("is empty; give an .onnx file");
  // The limit of protobuf.
  if (size > INT_MAX)
    throw ImportError("is larger than 2 GiB; save the model with external data");
}

static std::unique_ptr<llvm::MemoryBuffer> readFile(StringRef path) {
  uint64_t size = 0;
  if (llvm::sys::fs::is_directory(path))
    throw ImportError("is a folder; give the path of an .onnx file");
  if (std::error_code error = llvm::sys::fs::file_size(path, size))
    throw ImportError("cannot be read: " + error.message());
  checkSize(size);
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    throw ImportError("cannot be read: " + buffer.getError().message());
  return std::move(*buffer);
}

static ModelProto parse(StringRef data) {
  checkSize(data.size());
  google::protobuf::io::ArrayInputStream array(data.data(), data.size());
  google::protobuf::io::CodedInputStream stream(&array);
  ModelProto model;
  // A model file starts with its IR version, field 1 as a variable-length number.
  bool resembles = data.size() > 2 && data[0] == 8 && (data[1] & 0x80) == 0;
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    if (resembles)
      throw ImportError("is truncated or corrupted: it starts as an ONNX model "
                        "and cannot be read to its end");
    throw ImportError("is no ONNX model");
  }
  if (!model.has_graph() && !model.has_ir_version())
    throw ImportError("is no ONNX model");
  if (!model.has_graph())
    throw ImportError("has no graph; the file may be truncated");
  if (!model.has_ir_version() || model.ir_version() < 1)
    throw ImportError("has no IR version");
  return model;
}

/// Calls `visit` for the graph and all graphs in it. The depth of messages is
/// bounded by the parser.
template <typename Visit>
static void forEachGraph(GraphProto &graph, Visit visit) {
  visit(graph);
  for (NodeProto &node : *graph.mutable_node())
    for (AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        forEachGraph(*attribute.mutable_g(), visit);
      for (GraphProto &nested : *attribute.mutable_graphs())
        forEachGraph(nested, visit);
    }
}

//===----------------------------------------------------------------------===//
// Model-local functions
//===----------------------------------------------------------------------===//

namespace {
/// What a list of nodes becomes once functions are inlined.
struct Extent {
  int64_t nodes = 0;
  /// How deep calls of functions, and graphs, lie in each other.
  int calls = 0, nesting = 0;
};

/// Measures a model as it will be once its functions are inlined, and refuses what is too large for the recursions over it.
class Measure {
public:
  explicit Measure(ModelProto &model) {
    for (auto &function : *model.mutable_functions())
      functions[key(function.domain(), function.name(), function.overload())] =
          &function;
  }

  template <typename Nodes> Extent ofAll(const Nodes &nodes) {
    Extent total;
    for (const NodeProto &node : nodes) {
      Extent one = ofNode(node);
      total.nodes += one.nodes;
      total.calls = std::max(total.calls, one.calls);
      total.nesting = std::max(total.nesting, one.nesting);
      if (total.nodes > kMostNodes)
        throw ImportError("has more than " + llvm::Twine(kMostNodes) +
                          " nodes once its functions are inlined");
      if (total.nesting > kDeepestGraphs)
        throw ImportError("graphs are nested more than " + llvm::Twine(kDeepestGraphs) +
                              " deep once functions are inlined",
                          node);
    }
    return total;
  }

private:
  static std::string key(const std::string &domain, const std::string &name,
                         const std::string &overload) {
    return canonicalDomain(domain) + "\n" + name + "\n" + overload;
  }

  Extent ofNode(const NodeProto &node) {
    Extent total;
    total.nodes = 1;
    auto addGraph = [&](const GraphProto &graph) {
      Extent inner = ofAll(graph.node());
      total.nodes += inner.nodes;
      total.calls = std::max(total.calls, inner.calls);
      total.nesting = std::max(total.nesting, inner.nesting + 1);
    };
    for (const AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        addGraph(attribute.g());
      for (const GraphProto &graph : attribute.graphs())
        addGraph(graph);
    }
    auto found = functions.find(
        key(node.domain(), node.op_type(), node.overload()));
    if (found == functions.end())
      return total;
    Extent body = ofFunction(found->first(), *found->second, node);
    total.nodes += body.nodes;
    total.calls = std::max(total.calls, body.calls + 1);
    total.nesting = std::max(total.nesting, body.nesting);
    // Of calls that were measured before, too: their order does not count.
    if (total.calls > kDeepestCalls)
      throw ImportError("calls of functions are nested more than " +
                            llvm::Twine(kDeepestCalls) + " deep",
                        node);
    return total;
  }

  Extent ofFunction(StringRef name, const ::onnx::FunctionProto &function, const NodeProto &call) {
    auto [entry, added] = extents.try_emplace(name, std::nullopt);
    if (!added) {
      if (!entry->second)
        throw ImportError("the function calls itself", call);
      return *entry->second;
    }
    if (++open > kDeepestCalls)
      throw ImportError("calls of functions are nested more than " +
                            llvm::Twine(kDeepestCalls) + " deep",
                        call);
    Extent extent = ofAll(function.node());
    --open;
    extents[name] = extent;
    return extent;
  }

  llvm::StringMap<const ::onnx::FunctionProto *> functions;
  /// No value while a function is being measured.
  llvm::StringMap<std::optional<Extent>> extents;
  int open = 0;
};
} // namespace

/// The library's inference, which its converter calls, too, does not return from an Einsum with anything but letters and one ellipsis in a term.
template <typename Nodes> static void checkEquations(const Nodes &nodes) {
  for (const NodeProto &node : nodes)
    for (const AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        checkEquations(attribute.g().node());
      for (const GraphProto &graph : attribute.graphs())
        checkEquations(graph.node());
      if (node.op_type() != "Einsum" || attribute.name() != "equation")
        continue;
      std::string text = attribute.s();
      llvm::erase(text, ' ');
      for (StringRef term : llvm::split(StringRef(text).split("->").first, ',')) {
        auto [before, after] = term.split("...");
        if (!llvm::all_of(before, llvm::isAlpha) || !llvm::all_of(after, llvm::isAlpha))
          throw ImportError("the equation '" + attribute.s() + "' has a term of more than letters and one ellipsis; correct the model", node);
      }
    }
}

static void inlineFunctions(ModelProto &model) {
  checkEquations(model.graph().node());
  for (const auto &function : model.functions())
    checkEquations(function.node());
  Measure(model).ofAll(model.graph().node());
  if (model.functions_size() == 0)
    return;
  ::onnx::inliner::InlineLocalFunctions(model, /*convert_version=*/true);
  model.clear_functions();
  // Calls may have given equations to functions.
  checkEquations(model.graph().node());
}

//===----------------------------------------------------------------------===//
// Names and order
//===----------------------------------------------------------------------===//

namespace {
/// Puts the nodes of every graph into topological order. Most files are in order; the others are accepted, since a cycle can only be told
/// from a wrong order by trying.
class Sorter {
public:
  /// Names that a graph knows so far, and those of the graphs around it. Not one set: a graph of many names may hold many graphs.
  struct Known {
    const Known *outer;
    llvm::StringSet<> names;

    bool contains(StringRef name) const {
      return names.contains(name) || (outer && outer->contains(name));
    }
  };

  void sort(GraphProto &graph, const Known *outer) {
    Known known{outer, {}};
    llvm::StringSet<> own;
    auto define = [&](const std::string &name) {
      if (!own.insert(name).second)
        throw ImportError("the graph '" + graph.name() + "' defines the value '" +
                          name + "' twice");
      known.names.insert(name);
    };
    for (const auto &input : graph.input())
      define(input.name());
    for (const auto &tensor : graph.initializer())
      if (!own.contains(tensor.name()))
        define(tensor.name());
    for (const auto &tensor : graph.sparse_initializer())
      if (!own.contains(tensor.values().name()))
        define(tensor.values().name());

    // Which node of this graph produces a name.
    llvm::StringMap<int> producers;
    for (int i = 0; i < graph.node_size(); ++i)
      for (const std::string &name : graph.node(i).output()) {
        if (name.empty())
          continue;
        if (own.contains(name) || !producers.try_emplace(name, i).second)
          throw ImportError("the value '" + name + "' is defined twice",
                            graph.node(i));
      }

    std::vector<std::vector<int>> users(graph.node_size());
    std::vector<int> missing(graph.node_size());
    for (int i = 0; i < graph.node_size(); ++i) {
      std::set<int> needed;
      for (const std::string &name : usedNames(graph.node(i))) {
        auto producer = producers.find(name);
        if (producer != producers.end())
          needed.insert(producer->second);
        else if (!known.contains(name))
          throw ImportError("the input '" + name + "' is not defined anywhere",
                            graph.node(i));
      }
      missing[i] = needed.size();
      for (int producer : needed)
        users[producer].push_back(i);
    }

    std::set<int> ready;
    for (int i = 0; i < graph.node_size(); ++i)
      if (missing[i] == 0)
        ready.insert(i);
    std::vector<int> order;
    while (!ready.empty()) {
      int node = *ready.begin();
      ready.erase(ready.begin());
      order.push_back(node);
      for (int user : users[node])
        if (--missing[user] == 0)
          ready.insert(user);
    }
    for (int i = 0; i < graph.node_size(); ++i)
      if (missing[i] > 0 && int(order.size()) < graph.node_size())
        throw ImportError("is part of a cycle", graph.node(i));
    reorder(graph, order);

    for (NodeProto &node : *graph.mutable_node()) {
      for (AttributeProto &attribute : *node.mutable_attribute()) {
        if (attribute.has_g())
          sort(*attribute.mutable_g(), &known);
        for (GraphProto &nested : *attribute.mutable_graphs())
          sort(nested, &known);
      }
      for (const std::string &name : node.output())
        known.names.insert(name);
    }
    for (const auto &output : graph.output())
      if (!known.contains(output.name()))
        throw ImportError("the output '" + output.name() +
                          "' is not defined anywhere");
  }

private:
  /// Inputs of the node, and what its nested graphs take from outside.
  static std::set<std::string> usedNames(const NodeProto &node) {
    std::set<std::string> names(node.input().begin(), node.input().end());
    for (const AttributeProto &attribute : node.attribute()) {
      auto add = [&](const GraphProto &graph) {
        std::set<std::string> free = freeNames(graph);
        names.insert(free.begin(), free.end());
      };
      if (attribute.has_g())
        add(attribute.g());
      for (const GraphProto &graph : attribute.graphs())
        add(graph);
    }
    names.erase("");
    return names;
  }

  static std::set<std::string> freeNames(const GraphProto &graph) {
    std::set<std::string> names, own;
    for (const auto &input : graph.input())
      own.insert(input.name());
    for (const auto &tensor : graph.initializer())
      own.insert(tensor.name());
    for (const auto &tensor : graph.sparse_initializer())
      own.insert(tensor.values().name());
    for (const NodeProto &node : graph.node())
      own.insert(node.output().begin(), node.output().end());
    for (const NodeProto &node : graph.node())
      for (const std::string &name : usedNames(node))
        if (!own.count(name))
          names.insert(name);
    for (const auto &output : graph.output())
      if (!own.count(output.name()))
        names.insert(output.name());
    return names;
  }

  static void reorder(GraphProto &graph, const std::vector<int> &order) {
    if (std::is_sorted(order.begin(), order.end()))
      return;
    google::protobuf::RepeatedPtrField<NodeProto> nodes;
    for (int i : order)
      *nodes.Add() = std::move(*graph.mutable_node(i));
    graph.mutable_node()->Swap(&nodes);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

static std::map<std::string, int64_t> opsets(const ModelProto &model) {
  std::map<std::string, int64_t> versions;
  for (const auto &opset : model.opset_import())
    versions[canonicalDomain(opset.domain())] = opset.version();
  return versions;
}

/// Every operator must be one that its opset has.
static void checkOperators(ModelProto &model) {
  std::map<std::string, int64_t> versions = opsets(model);
  const auto &ranges =
      ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  for (const auto &[domain, version] : versions) {
    auto range = ranges.find(domain);
    if (range == ranges.end())
      continue;
    std::string shown = domain.empty() ? "ai.onnx" : domain;
    if (version < 1 || version > range->second.second)
      throw ImportError("needs opset " + llvm::Twine(version) + " of " + shown +
                        ", known are 1 to " +
                        llvm::Twine(range->second.second));
  }
  int64_t nodes = 0;
  forEachGraph(*model.mutable_graph(), [&](GraphProto &graph) {
    nodes += graph.node_size();
    if (nodes > kMostNodes)
      throw ImportError("has more than " + llvm::Twine(kMostNodes) + " nodes");
    for (NodeProto &node : *graph.mutable_node()) {
      std::string domain = canonicalDomain(node.domain());
      std::string shown = domain.empty() ? "ai.onnx" : domain;
      node.set_domain(domain);
      auto version = versions.find(domain);
      if (version == versions.end())
        throw ImportError("unknown operator: the model imports no opset of the domain '" +
                              shown + "'",
                          node);
      const ::onnx::OpSchema *schema = ::onnx::OpSchemaRegistry::Schema(
          node.op_type(), static_cast<int>(version->second), domain);
      if (!schema)
        throw ImportError("unknown operator: opset " +
                              llvm::Twine(version->second) + " of " + shown +
                              " has none of that name",
                          node);
      for (const AttributeProto &attribute : node.attribute())
        if (!attribute.ref_attr_name().empty())
          throw ImportError("the attribute '" + attribute.name() +
                                "' refers to one of a function, outside of any",
                            node);
    }
  });
}

/// The library's checker, for what schemas and the format demand. The main graph is checked as a nested one is: there the shapes of outputs may be
/// missing, as they are in many files, and inputs are looked at by the importer.
static void checkGraph(const ModelProto &model) {
  ::onnx::checker::CheckerContext context;
  context.set_ir_version(static_cast<int>(model.ir_version()));
  std::unordered_map<std::string, int> versions;
  for (const auto &[domain, version] : opsets(model))
    versions[domain] = static_cast<int>(version);
  context.set_opset_imports(versions);
  context.set_is_main_graph(false);
  ::onnx::checker::check_graph(model.graph(), context,
                               ::onnx::checker::LexicalScopeContext());
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static size_t storedBytes(const TensorProto &tensor) {
  if (tensor.data_location() == TensorProto::EXTERNAL)
    return SIZE_MAX;
  return tensor.raw_data().size() + 4 * size_t(tensor.float_data_size()) +
         4 * size_t(tensor.int32_data_size()) +
         8 * size_t(tensor.int64_data_size()) +
         8 * size_t(tensor.double_data_size()) +
         8 * size_t(tensor.uint64_data_size());
}

namespace {
/// Takes large constants out of the graphs. In the main graph an initialiser becomes an input of its name; a constant anywhere else becomes an Identity
/// of a fresh input, since nested graphs have a fixed number of inputs.
class Detacher {
public:
  explicit Detacher(Model &model) : model(model) {
    forEachGraph(*model.proto.mutable_graph(), [&](GraphProto &graph) {
      for (const auto &input : graph.input())
        names.insert(input.name());
      for (const auto &tensor : graph.initializer())
        names.insert(tensor.name());
      for (const NodeProto &node : graph.node())
        for (const std::string &output : node.output())
          names.insert(output);
    });
  }

  void detach() {
    GraphProto &main = *model.proto.mutable_graph();
    // An initialiser that is an input, too, is a default that the caller may
    // replace; here it is a constant.
    llvm::StringSet<> initialised;
    for (const TensorProto &tensor : main.initializer())
      initialised.insert(tensor.name());
    keepIf(*main.mutable_input(), [&](const ::onnx::ValueInfoProto &input) {
      return !initialised.contains(input.name());
    });
    forEachGraph(main, [&](GraphProto &graph) {
      if (graph.sparse_initializer_size())
        throw ImportError("the graph '" + graph.name() +
                          "' has sparse initialisers, which are not supported");
      detachConstants(graph);
      detachInitializers(graph, /*isMain=*/&graph == &main);
    });
    for (const auto &[name, tensor] : model.weights) {
      ::onnx::ValueInfoProto &input = *main.add_input();
      input.set_name(name);
      auto *type = input.mutable_type()->mutable_tensor_type();
      type->set_elem_type(tensor.data_type());
      type->mutable_shape();
      for (int64_t size : tensor.dims())
        type->mutable_shape()->add_dim()->set_dim_value(size);
    }
  }

private:
  template <typename Field, typename Predicate>
  static void keepIf(Field &field, Predicate keep) {
    int kept = 0;
    for (int i = 0; i < field.size(); ++i)
      if (keep(field.Get(i)))
        field.SwapElements(i, kept++);
    field.DeleteSubrange(kept, field.size() - kept);
  }

  std::string freshName(const std::string &base) {
    std::string name = base;
    for (int i = 0; !names.insert(name).second; ++i)
      name = base + "." + std::to_string(i);
    return name;
  }

  void detachConstants(GraphProto &graph) {
    for (NodeProto &node : *graph.mutable_node()) {
      if (node.op_type() != "Constant" || !node.domain().empty() ||
          node.attribute_size() != 1 || node.output_size() != 1 ||
          !node.attribute(0).has_t() ||
          storedBytes(node.attribute(0).t()) <= kDetachBytes)
        continue;
      std::string name = freshName(node.output(0) + ".value");
      TensorProto &tensor = model.weights[name];
      tensor.Swap(node.mutable_attribute(0)->mutable_t());
      tensor.set_name(name);
      node.clear_attribute();
      node.set_op_type("Identity");
      node.add_input(name);
    }
  }

  void detachInitializers(GraphProto &graph, bool isMain) {
    google::protobuf::RepeatedPtrField<NodeProto> identities;
    for (TensorProto &tensor : *graph.mutable_initializer()) {
      if (storedBytes(tensor) <= kDetachBytes)
        continue;
      std::string original = tensor.name();
      std::string name = isMain ? original : freshName(original);
      if (!isMain) {
        NodeProto &identity = *identities.Add();
        identity.set_op_type("Identity");
        identity.add_input(name);
        identity.add_output(original);
      }
      TensorProto &weight = model.weights[name];
      weight.Swap(&tensor);
      weight.set_name(name);
      tensor.clear_name();
    }
    keepIf(*graph.mutable_initializer(), [](const TensorProto &tensor) {
      return !tensor.name().empty();
    });
    if (identities.empty())
      return;
    for (NodeProto &node : *graph.mutable_node())
      identities.Add()->Swap(&node);
    graph.mutable_node()->Swap(&identities);
  }

  Model &model;
  llvm::StringSet<> names;
};
} // namespace

//===----------------------------------------------------------------------===//
// Versions
//===----------------------------------------------------------------------===//

/// Whether every operator means the same in the newest opset.
static bool isNewest(ModelProto &model, int64_t version) {
  bool newest = true;
  forEachGraph(*model.mutable_graph(), [&](GraphProto &graph) {
    for (const NodeProto &node : graph.node()) {
      if (!node.domain().empty())
        continue;
      const ::onnx::OpSchema *used = ::onnx::OpSchemaRegistry::Schema(
          node.op_type(), static_cast<int>(version), "");
      const ::onnx::OpSchema *last = newestSchema("", node.op_type());
      newest &= last && used && used->SinceVersion() == last->SinceVersion();
    }
  });
  return newest;
}

void ingot::convertOpset(ModelProto &model) {
  int newest = ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance()
                   .Map()
                   .at("")
                   .second;
  int64_t version = opsets(model)[""];
  if (version == 0 || version == newest)
    return;
  if (isNewest(model, version)) {
    for (auto &opset : *model.mutable_opset_import())
      if (canonicalDomain(opset.domain()).empty())
        opset.set_version(newest);
    return;
  }
  try {
    model = ::onnx::version_conversion::ConvertVersion(model, newest);
  } catch (const std::exception &error) {
    ImportError failure = describeFailure(error);
    throw ImportError("cannot be converted from opset " +
                          llvm::Twine(version) + " to " + llvm::Twine(newest) +
                          ": " + failure.what(),
                      failure.node, failure.opType);
  }
}

Model ingot::readModel(StringRef path) {
  std::unique_ptr<llvm::MemoryBuffer> file = readFile(path);
  return readModel(file->getBuffer(), llvm::sys::path::parent_path(path));
}

Model ingot::readModel(StringRef bytes, StringRef folder) {
  google::protobuf::LogSilencer silencer;
  Model model;
  model.folder = folder.str();
  model.proto = parse(bytes);
  inlineFunctions(model.proto);
  checkOperators(model.proto);
  Sorter().sort(*model.proto.mutable_graph(), nullptr);
  Detacher(model).detach();
  // Shapes in the file may be of other sizes than what it is compiled for;
  // they are inferred anew.
  forEachGraph(*model.proto.mutable_graph(),
               [](GraphProto &graph) { graph.clear_value_info(); });
  model.proto.set_ir_version(
      std::max<int64_t>(model.proto.ir_version(), 10));
  checkGraph(model.proto);
  convertOpset(model.proto);
  Sorter().sort(*model.proto.mutable_graph(), nullptr);
  return model;
}
