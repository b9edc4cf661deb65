//===- Model.cpp - read, check and convert a model ------------------------===//
//
// A function is inlined many times, so that its weights are taken out before.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/Model.h"
#include "compiler/import/Flatten.h"
#include "compiler/import/Maps.h"
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
#include <set>

using namespace mlir;
using namespace ingot;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

/// Inference and the stages behind it go into nested graphs by recursion.
constexpr int kDeepestGraphs = 32;

/// Constants up to this many bytes stay in the messages.
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

/// What the library's inference and the stages take for granted of all nodes, once functions are inlined.
static void checkNodes(const Nodes &nodes, int nesting) {
  for (const NodeProto &node : nodes) {
    for (const AttributeProto &attribute : node.attribute()) {
      if (nesting == kDeepestGraphs && (attribute.has_g() || attribute.graphs_size()))
        throw ImportError("graphs are nested more than " + llvm::Twine(kDeepestGraphs) +
                              " deep once functions are inlined",
                          node);
      if (attribute.has_g())
        checkNodes(attribute.g().node(), nesting + 1);
      for (const GraphProto &graph : attribute.graphs())
        checkNodes(graph.node(), nesting + 1);
      if (node.op_type() != "Einsum" || attribute.name() != "equation")
        continue;
      // Inference does not return from a term with anything but letters and one ellipsis.
      std::string text = attribute.s();
      llvm::erase(text, ' ');
      for (StringRef term : llvm::split(StringRef(text).split("->").first, ',')) {
        auto [before, after] = term.split("...");
        if (!llvm::all_of(before, llvm::isAlpha) || !llvm::all_of(after, llvm::isAlpha))
          throw ImportError("the equation '" + attribute.s() + "' has a term of more than letters and one ellipsis; correct the model", node);
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Names and order
//===----------------------------------------------------------------------===//

namespace {
/// Puts the nodes of every graph and function into topological order. Most files are in order; the others are accepted, since a cycle can only be told
/// from a wrong order by trying.
class Sorter {
public:
  void sort(::onnx::ModelProto &model) {
    for (auto &function : *model.mutable_functions()) {
      Names known(nullptr);
      for (const std::string &input : function.input())
        known.define(input, "function", function.name());
      sort(*function.mutable_node(), known);
      for (const std::string &output : function.output())
        checkOutput(output, known);
    }
    sort(*model.mutable_graph(), nullptr);
  }

private:
  /// Names that a graph may use: its own and those of the graphs around it.
  struct Names {
    explicit Names(const Names *outer) : outer(outer) {}

    bool contains(StringRef name) const {
      for (const Names *names = this; names; names = names->outer)
        if (names->own.contains(name))
          return true;
      return false;
    }
    void define(const std::string &name, StringRef kind, const std::string &in) {
      if (!own.insert(name).second)
        throw ImportError("the " + kind + " '" + in + "' defines the value '" +
                          name + "' twice");
    }

    const Names *outer;
    llvm::StringSet<> own;
  };

  static void checkOutput(const std::string &name, const Names &known) {
    if (!known.contains(name))
      throw ImportError("the output '" + name + "' is not defined anywhere");
  }

  void sort(GraphProto &graph, const Names *outer) {
    Names known(outer);
    for (const auto &input : graph.input())
      known.define(input.name(), "graph", graph.name());
    for (const auto &tensor : graph.initializer())
      if (!known.own.contains(tensor.name()))
        known.define(tensor.name(), "graph", graph.name());
    for (const auto &tensor : graph.sparse_initializer())
      if (!known.own.contains(tensor.values().name()))
        known.define(tensor.values().name(), "graph", graph.name());
    sort(*graph.mutable_node(), known);
    for (const auto &output : graph.output())
      checkOutput(output.name(), known);
  }

  void sort(Nodes &nodes, Names &known) {
    // Which node of this graph produces a name.
    llvm::StringMap<int> producers;
    for (int i = 0; i < nodes.size(); ++i)
      for (const std::string &name : nodes[i].output()) {
        if (name.empty())
          continue;
        if (known.own.contains(name) || !producers.try_emplace(name, i).second)
          throw ImportError("the value '" + name + "' is defined twice",
                            nodes[i]);
      }

    std::vector<std::vector<int>> users(nodes.size());
    std::vector<int> missing(nodes.size());
    for (int i = 0; i < nodes.size(); ++i) {
      std::set<int> needed;
      for (const std::string &name : usedNames(nodes[i])) {
        auto producer = producers.find(name);
        if (producer != producers.end())
          needed.insert(producer->second);
        else if (!known.contains(name))
          throw ImportError("the input '" + name + "' is not defined anywhere",
                            nodes[i]);
      }
      missing[i] = needed.size();
      for (int producer : needed)
        users[producer].push_back(i);
    }

    std::set<int> ready;
    for (int i = 0; i < nodes.size(); ++i)
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
    for (int i = 0; i < nodes.size(); ++i)
      if (missing[i] > 0 && int(order.size()) < nodes.size())
        throw ImportError("is part of a cycle", nodes[i]);
    reorder(nodes, order);

    for (NodeProto &node : nodes) {
      for (AttributeProto &attribute : *node.mutable_attribute()) {
        if (attribute.has_g())
          sort(*attribute.mutable_g(), &known);
        for (GraphProto &nested : *attribute.mutable_graphs())
          sort(nested, &known);
      }
      known.own.insert(node.output().begin(), node.output().end());
    }
  }

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

  static void reorder(Nodes &nodes, const std::vector<int> &order) {
    if (std::is_sorted(order.begin(), order.end()))
      return;
    Nodes ordered;
    for (int i : order)
      *ordered.Add() = std::move(nodes[i]);
    nodes.Swap(&ordered);
  }
};
} // namespace

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
    forEachBody([&](Nodes &nodes, GraphProto *graph) {
      for (const NodeProto &node : nodes)
        for (const std::string &output : node.output())
          names.use(output);
      if (!graph)
        return;
      for (const auto &input : graph->input())
        names.use(input.name());
      for (const auto &tensor : graph->initializer())
        names.use(tensor.name());
    });
    for (const auto &function : model.proto.functions())
      for (const std::string &input : function.input())
        names.use(input);
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
    forEachBody([&](Nodes &nodes, GraphProto *graph) {
      detachConstants(nodes);
      if (!graph)
        return;
      if (graph->sparse_initializer_size())
        throw ImportError("the graph '" + graph->name() +
                          "' has sparse initialisers, which are not supported");
      detachInitializers(*graph, /*isMain=*/graph == &main);
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

  /// Calls `visit` for the nodes of all graphs and functions.
  void forEachBody(llvm::function_ref<void(Nodes &, GraphProto *)> visit) {
    auto visitGraph = [&](GraphProto &graph) {
      visit(*graph.mutable_node(), &graph);
    };
    visitGraph(*model.proto.mutable_graph());
    forEachGraph(*model.proto.mutable_graph()->mutable_node(), visitGraph);
    for (auto &function : *model.proto.mutable_functions()) {
      visit(*function.mutable_node(), nullptr);
      forEachGraph(*function.mutable_node(), visitGraph);
    }
  }

  void detachConstants(Nodes &nodes) {
    for (NodeProto &node : nodes) {
      if (node.op_type() != "Constant" || !node.domain().empty() ||
          node.attribute_size() != 1 || node.output_size() != 1 ||
          !node.attribute(0).has_t() ||
          storedBytes(node.attribute(0).t()) <= kDetachBytes)
        continue;
      std::string name = names.make(node.output(0) + ".value");
      TensorProto &tensor = model.weights[name];
      tensor.Swap(node.mutable_attribute(0)->mutable_t());
      tensor.set_name(name);
      node.clear_attribute();
      node.set_op_type("Identity");
      node.add_input(name);
    }
  }

  void detachInitializers(GraphProto &graph, bool isMain) {
    Nodes identities;
    for (TensorProto &tensor : *graph.mutable_initializer()) {
      if (storedBytes(tensor) <= kDetachBytes)
        continue;
      std::string original = tensor.name();
      std::string name = isMain ? original : names.make(original);
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
  FreshNames names;
};
} // namespace

Model ingot::readModel(StringRef path) {
  std::unique_ptr<llvm::MemoryBuffer> file = readFile(path);
  return readModel(file->getBuffer(), llvm::sys::path::parent_path(path));
}

Model ingot::readModel(StringRef bytes, StringRef folder) {
  google::protobuf::LogSilencer silencer;
  Model model;
  model.folder = folder.str();
  model.proto = parse(bytes);
  // Before IR version 3 there was one operator set.
  if (model.proto.ir_version() < 3 && model.proto.opset_import_size() == 0)
    model.proto.add_opset_import()->set_version(1);
  checkOperators(model.proto);
  Sorter().sort(model.proto);
  Detacher(model).detach();
  // Shapes in the file may be of other sizes than what it is compiled for;
  // they are inferred anew.
  auto forget = [](GraphProto &graph) { graph.clear_value_info(); };
  forget(*model.proto.mutable_graph());
  forEachGraph(*model.proto.mutable_graph()->mutable_node(), forget);
  flattenModel(model.proto);
  splitMaps(model.proto);
  checkNodes(model.proto.graph().node(), 0);
  return model;
}
