//===- Maps.cpp -----------------------------------------------------------===//
#include "compiler/import/Maps.h"
#include "compiler/import/Flatten.h"
#include <map>
#include <set>

using namespace ingot;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;
using ::onnx::ValueInfoProto;

namespace {
/// The two outputs that take the place of one.
struct Split {
  ValueInfoProto keys, values;
};

class Splitter {
public:
  explicit Splitter(GraphProto &graph) : graph(graph) {
    noteNames(graph);
    forEachGraph(*graph.mutable_node(), [&](GraphProto &nested) { noteNames(nested); });
    for (const ValueInfoProto &output : graph.output())
      ++outputs[output.name()];
  }

  void run() {
    Nodes nodes;
    for (NodeProto &node : *graph.mutable_node())
      if (!split(node, nodes))
        nodes.Add()->Swap(&node);
    graph.mutable_node()->Swap(&nodes);
    google::protobuf::RepeatedPtrField<ValueInfoProto> kept;
    for (ValueInfoProto &output : *graph.mutable_output()) {
      auto found = splits.find(output.name());
      if (found == splits.end()) {
        kept.Add()->Swap(&output);
        continue;
      }
      kept.Add()->Swap(&found->second.keys);
      kept.Add()->Swap(&found->second.values);
    }
    graph.mutable_output()->Swap(&kept);
  }

private:
  void noteNames(const GraphProto &in) {
    for (const auto &input : in.input())
      names.use(input.name());
    for (const TensorProto &tensor : in.initializer())
      names.use(tensor.name());
    for (const NodeProto &node : in.node()) {
      used.insert(node.input().begin(), node.input().end());
      for (const std::string &name : node.output())
        names.use(name);
    }
    if (&in != &graph)
      for (const auto &output : in.output())
        used.insert(output.name());
  }

  /// Whether the node is a ZipMap of which nothing but one output of the model is made; then what takes its place is added to `nodes`.
  bool split(NodeProto &node, Nodes &nodes) {
    if (node.op_type() != "ZipMap" || node.domain() != "ai.onnx.ml" || node.input_size() != 1 || node.output_size() != 1 || node.attribute_size() != 1)
      return false;
    const std::string name = node.output(0);
    auto output = outputs.find(name);
    if (output == outputs.end() || output->second != 1 || used.count(name))
      return false;
    AttributeProto labels = node.attribute(0);
    bool strings = labels.name() == "classlabels_strings";
    int count = strings ? labels.strings_size() : labels.ints_size();
    if (count == 0)
      return false;
    labels.set_name(strings ? "value_strings" : "value_ints");

    Split &made = splits[name];
    made.keys = describe(name + ".keys", strings ? TensorProto::STRING : TensorProto::INT64);
    made.keys.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(count);
    made.values = describe(name + ".values", TensorProto::FLOAT);
    *constant(made.keys.name(), nodes).add_attribute() = labels;
    AttributeProto rows;
    rows.set_name("value_ints");
    rows.set_type(AttributeProto::INTS);
    rows.add_ints(-1);
    rows.add_ints(count);
    std::string shape = names.make(name + ".shape");
    *constant(shape, nodes).add_attribute() = rows;
    // One map alone is a row, too.
    NodeProto &reshape = *nodes.Add();
    reshape.set_name(node.name().empty() ? name : node.name());
    reshape.set_op_type("Reshape");
    reshape.add_input(node.input(0));
    reshape.add_input(shape);
    reshape.add_output(made.values.name());
    return true;
  }

  ValueInfoProto describe(const std::string &name, int element) {
    ValueInfoProto value;
    value.set_name(names.make(name));
    value.mutable_type()->mutable_tensor_type()->set_elem_type(element);
    return value;
  }

  static NodeProto &constant(const std::string &name, Nodes &nodes) {
    NodeProto &node = *nodes.Add();
    node.set_op_type("Constant");
    node.add_output(name);
    return node;
  }

  GraphProto &graph;
  FreshNames names;
  std::set<std::string> used; ///< by nodes, and as results of nested graphs
  std::map<std::string, int> outputs;
  std::map<std::string, Split> splits;
};
} // namespace

void ingot::splitMaps(ModelProto &model) { Splitter(*model.mutable_graph()).run(); }
