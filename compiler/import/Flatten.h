//===- Flatten.h - one graph of the newest opset --------------------------===//
#ifndef INGOT_COMPILER_IMPORT_FLATTEN_H
#define INGOT_COMPILER_IMPORT_FLATTEN_H

#include "compiler/import/Upgrade.h"

namespace ingot {

/// Every operator of the graph must be one that its opset has, or one of the model's functions.
void checkOperators(::onnx::ModelProto &model);

/// Replaces calls of the model's functions by their bodies and raises every node to the newest opset, in nested graphs, too. Graphs and functions must
/// be in topological order, and `checkOperators` must have passed.
void flattenModel(::onnx::ModelProto &model);

/// The same for nodes that call no functions.
void upgradeNodes(Nodes &nodes, const Opsets &opsets, FreshNames &names);

/// Puts a call's attributes where the body refers to them. One that is absent leaves the body's attribute absent, too.
void bindAttributes(Nodes &nodes,
                    const std::map<std::string, ::onnx::AttributeProto> &given);

/// Calls `visit` for all graphs in `nodes`, outer ones first. The depth of messages is bounded by the parser.
template <typename Visit> void forEachGraph(Nodes &nodes, Visit visit) {
  for (::onnx::NodeProto &node : nodes)
    for (::onnx::AttributeProto &attribute : *node.mutable_attribute()) {
      auto enter = [&](::onnx::GraphProto &graph) {
        visit(graph);
        forEachGraph(*graph.mutable_node(), visit);
      };
      if (attribute.has_g())
        enter(*attribute.mutable_g());
      for (::onnx::GraphProto &nested : *attribute.mutable_graphs())
        enter(nested);
    }
}

} // namespace ingot

#endif
