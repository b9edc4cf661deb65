//===- Mutate.cpp - changes to the graph of a model -----------------------===//
//
// A model's bytes become messages, some nodes, attributes, shapes, types, names or nested graphs of it change, and it becomes bytes again. What
// operators there are, what they take and what attributes they have, is read from the schema registry. Most changes are such that the checker lets the model
// through, since what lies behind it is to be tried; some are not.
//
//===----------------------------------------------------------------------===//
#include "tests/fuzz/Compile.h"
#include "onnx/defs/data_type_utils.h"
#include "onnx/defs/schema.h"
#include "onnx/onnx_pb.h"
#include "google/protobuf/stubs/logging.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <vector>

using namespace onnx;

namespace {

/// The newest of each operator, and what strings attributes have by default.
struct Operators {
  std::vector<OpSchema> schemas;
  std::vector<std::string> strings = {"",       "SAME_UPPER", "SAME_LOWER", "VALID",  "NOTSET",     "linear", "cubic",      "nearest",
                                      "edge",   "reflect",    "wrap",       "constant", "add",      "mul",    "max",        "min",
                                      "bilinear", "zeros",    "border",     "forward", "reverse",   "bidirectional", "ij,jk->ik", "...ij->...ji",
                                      "Relu",   "Tanh",       "none",       "sum",    "mean",       "avg",    "align_corners", "tf_crop_and_resize",
                                      "asymmetric", "floor",  "half_pixel", "CRD",    "DCR",        "tanh",   "LEFT",       "RIGHT"};

  Operators() {
    for (OpSchema &schema : OpSchemaRegistry::get_all_schemas()) {
      for (const auto &[name, attribute] : schema.attributes())
        if (attribute.default_value.has_s())
          strings.push_back(attribute.default_value.s());
      if (schema.domain().empty() || schema.domain() == "ai.onnx.ml")
        schemas.push_back(schema);
    }
    // The registry's order depends on addresses.
    std::sort(schemas.begin(), schemas.end(), [](const OpSchema &a, const OpSchema &b) {
      return std::make_pair(a.domain(), a.Name()) < std::make_pair(b.domain(), b.Name());
    });
    std::sort(strings.begin(), strings.end());
  }

  static const Operators &get() {
    static const Operators operators;
    return operators;
  }
};

class Mutator {
public:
  Mutator(ModelProto &model, unsigned seed) : model(model), random(seed) {}

  void mutate() {
    collect();
    for (size_t times = 1 + below(3); times > 0; --times) {
      GraphProto &graph = *pick(graphs);
      switch (below(16)) {
      case 0: addNode(graph); break;
      case 1: removeNode(graph); break;
      case 2: renameOperator(graph); break;
      case 3: rewire(graph); break;
      case 4: changeArity(graph); break;
      case 5:
      case 6:
      case 7: changeAttribute(graph); break;
      case 8:
      case 9: changeInitializer(graph); break;
      case 10: changeInput(graph); break;
      case 11: inputToInitializer(graph); break;
      case 12: changeOutputs(graph); break;
      case 13: nest(graph); break;
      case 14: makeFunction(graph); break;
      default: changeModel(); break;
      }
      collect();
    }
  }

  /// Puts another model's graph behind this one's.
  void append(const ModelProto &other) {
    GraphProto &graph = *model.mutable_graph();
    std::vector<std::string> own = namesOf(graph);
    GraphProto copy = other.graph();
    std::set<std::string> free;
    for (const auto &input : copy.input())
      free.insert(input.name());
    std::string prefix = fresh("o") + "/";
    std::map<std::string, std::string> replaced;
    for (const std::string &name : free)
      if (!own.empty() && below(2))
        replaced[name] = pick(own);
    auto rename = [&](std::string *name) {
      if (name->empty())
        return;
      auto found = replaced.find(*name);
      *name = found == replaced.end() ? prefix + *name : found->second;
    };
    for (NodeProto &node : *copy.mutable_node()) {
      for (std::string &name : *node.mutable_input())
        rename(&name);
      for (std::string &name : *node.mutable_output())
        rename(&name);
      *graph.add_node() = node;
    }
    for (TensorProto &tensor : *copy.mutable_initializer()) {
      rename(tensor.mutable_name());
      *graph.add_initializer() = tensor;
    }
    for (ValueInfoProto &input : *copy.mutable_input())
      if (!replaced.count(input.name())) {
        rename(input.mutable_name());
        *graph.add_input() = input;
      }
    for (ValueInfoProto &output : *copy.mutable_output()) {
      rename(output.mutable_name());
      *graph.add_output() = output;
    }
  }

private:
  size_t below(size_t end) { return end == 0 ? 0 : random() % end; }
  template <typename List> auto pick(List &list) -> decltype(list[0]) { return list[below(list.size())]; }
  template <typename Field> auto *any(Field *field) { return field->Mutable(static_cast<int>(below(field->size()))); }

  std::string fresh(const char *kind) { return kind + std::to_string(random() % 100000); }

  int64_t number() {
    static const int64_t special[] = {0,       1,         -1,        2,        3,          -2,        4,         5,
                                      7,       8,         16,        64,       127,        255,       256,       1000,
                                      -128,    4096,      65536,     1 << 20,  INT32_MAX,  INT32_MIN, INT64_MAX, INT64_MIN,
                                      1 << 30, 1ll << 32, 1ll << 40, 1ll << 62};
    // Small ones more often: a model has to get past inference to say more.
    return special[below(below(3) ? 9 : std::size(special))];
  }
  float real() {
    static const float special[] = {0, 1, -1, 0.5f, 2, 1e-5f, 1e30f, -1e30f, INFINITY, -INFINITY, NAN, 3.7f};
    return special[below(std::size(special))];
  }

  void collect() {
    graphs.clear();
    collect(*model.mutable_graph());
  }
  void collect(GraphProto &graph) {
    graphs.push_back(&graph);
    for (NodeProto &node : *graph.mutable_node())
      for (AttributeProto &attribute : *node.mutable_attribute())
        if (attribute.has_g())
          collect(*attribute.mutable_g());
  }

  /// What nodes of the graph can use; in a nested graph also the main graph's.
  std::vector<std::string> namesOf(const GraphProto &graph) {
    std::vector<std::string> names;
    auto add = [&](const GraphProto &from) {
      for (const auto &input : from.input())
        names.push_back(input.name());
      for (const auto &tensor : from.initializer())
        names.push_back(tensor.name());
      for (const NodeProto &node : from.node())
        names.insert(names.end(), node.output().begin(), node.output().end());
    };
    add(graph);
    if (&graph != &model.graph() && below(2))
      add(model.graph());
    return names;
  }
  std::string anyName(const GraphProto &graph) {
    std::vector<std::string> names = namesOf(graph);
    if (names.empty() || below(30) == 0)
      return below(2) ? "" : "nowhere";
    return pick(names);
  }

  //===--------------------------------------------------------------------===//
  // Tensors and types
  //===--------------------------------------------------------------------===//

  static int bitsOf(int type) {
    switch (type) {
    case TensorProto::DOUBLE: case TensorProto::INT64: case TensorProto::UINT64: case TensorProto::COMPLEX64: return 64;
    case TensorProto::COMPLEX128: return 128;
    case TensorProto::FLOAT: case TensorProto::INT32: case TensorProto::UINT32: return 32;
    case TensorProto::FLOAT16: case TensorProto::BFLOAT16: case TensorProto::INT16: case TensorProto::UINT16: return 16;
    case TensorProto::INT4: case TensorProto::UINT4: case TensorProto::FLOAT4E2M1: return 4;
    default: return 8;
    }
  }

  int anyType() { return 1 + static_cast<int>(below(below(4) ? 16 : TensorProto::DataType_MAX)); }

  std::vector<int64_t> anyShape() {
    static const int64_t sizes[] = {1, 2, 3, 4, 5, 8, 0, 17};
    std::vector<int64_t> shape(below(below(20) ? 5 : 70));
    for (int64_t &size : shape)
      size = sizes[below(below(8) ? 5 : std::size(sizes))];
    return shape;
  }

  /// Data as its shape needs them, of the old bytes, of one number, or of noise.
  void fill(TensorProto &tensor) {
    int64_t count = 1;
    for (int64_t size : tensor.dims())
      if (size < 0 || size > 4096 || (count *= size) > 4096)
        return; // The shape lies then, as it may.
    int type = tensor.data_type();
    std::string old = tensor.raw_data();
    for (int64_t value : tensor.int64_data())
      old.append(reinterpret_cast<const char *>(&value), 8);
    for (float value : tensor.float_data())
      old.append(reinterpret_cast<const char *>(&value), 4);
    tensor.clear_raw_data();
    tensor.clear_float_data();
    tensor.clear_int32_data();
    tensor.clear_int64_data();
    tensor.clear_double_data();
    tensor.clear_uint64_data();
    tensor.clear_string_data();
    if (type == TensorProto::STRING) {
      for (int64_t i = 0; i < count; ++i)
        tensor.add_string_data("s" + std::to_string(below(4)));
      return;
    }
    std::string data((count * bitsOf(type) + 7) / 8, '\0');
    for (size_t i = 0; i < data.size() && !old.empty(); ++i)
      data[i] = old[i % old.size()];
    size_t width = std::max(1, bitsOf(type) / 8);
    bool integer = type != TensorProto::FLOAT && type != TensorProto::DOUBLE;
    for (size_t i = 0, how = below(4); how < 2 && i + width <= data.size(); i += width) {
      if (how == 0 && below(4))
        continue;
      int64_t whole = number();
      float single = real();
      double wide = single;
      memcpy(&data[i], integer ? static_cast<void *>(&whole) : width == 4 ? static_cast<void *>(&single) : &wide, std::min<size_t>(width, 8));
    }
    tensor.set_raw_data(data);
  }

  void changeTensor(TensorProto &tensor) {
    switch (below(5)) {
    case 0:
      tensor.set_data_type(anyType());
      break;
    case 1:
      tensor.clear_dims();
      for (int64_t size : anyShape())
        tensor.add_dims(size);
      break;
    case 2:
      if (tensor.dims_size())
        tensor.set_dims(static_cast<int>(below(tensor.dims_size())), number());
      break;
    case 3:
      if (below(10) == 0) {
        tensor.set_data_location(TensorProto::EXTERNAL);
        auto *entry = tensor.add_external_data();
        entry->set_key(below(2) ? "location" : "offset");
        entry->set_value(below(2) ? "w.bin" : "18446744073709551615");
      } else if (below(10) == 0) {
        tensor.mutable_raw_data()->resize(below(40));
        return;
      }
      break;
    default:
      break;
    }
    fill(tensor);
  }

  void setShape(TypeProto::Tensor &type, const std::vector<int64_t> &shape) {
    type.mutable_shape()->clear_dim();
    for (int64_t size : shape)
      type.mutable_shape()->add_dim()->set_dim_value(size);
  }

  TypeProto anyTypeProto(int depth = 0) {
    TypeProto type;
    switch (depth > 2 ? 9 : below(12)) {
    case 0:
      *type.mutable_sequence_type()->mutable_elem_type() = anyTypeProto(depth + 1);
      break;
    case 1:
      *type.mutable_optional_type()->mutable_elem_type() = anyTypeProto(depth + 1);
      break;
    case 2:
      type.mutable_map_type()->set_key_type(anyType());
      *type.mutable_map_type()->mutable_value_type() = anyTypeProto(depth + 1);
      break;
    default:
      type.mutable_tensor_type()->set_elem_type(anyType());
      if (below(10))
        setShape(*type.mutable_tensor_type(), anyShape());
    }
    return type;
  }

  /// A value that a schema's parameter may have, as an initialiser or an input.
  std::string newValue(GraphProto &graph, const OpSchema::FormalParameter &parameter) {
    TypeProto type;
    std::vector<DataType> allowed(parameter.GetTypes().begin(), parameter.GetTypes().end());
    // A set of interned pointers: sorted by what they say, not by where they lie.
    std::sort(allowed.begin(), allowed.end(), [](DataType a, DataType b) { return *a < *b; });
    if (allowed.empty())
      type = anyTypeProto();
    else
      type = Utils::DataTypeUtils::ToTypeProto(pick(allowed));
    if (type.has_tensor_type())
      setShape(*type.mutable_tensor_type(), anyShape());
    std::string name = fresh("v");
    if (type.has_tensor_type() && (below(2) || &graph != &model.graph())) {
      TensorProto &tensor = *graph.add_initializer();
      tensor.set_name(name);
      tensor.set_data_type(type.tensor_type().elem_type());
      for (const auto &dim : type.tensor_type().shape().dim())
        tensor.add_dims(dim.dim_value());
      fill(tensor);
    } else if (&graph == &model.graph()) {
      ValueInfoProto &input = *graph.add_input();
      input.set_name(name);
      *input.mutable_type() = type;
    }
    return name;
  }

  //===--------------------------------------------------------------------===//
  // Attributes
  //===--------------------------------------------------------------------===//

  GraphProto smallGraph(const GraphProto &around, size_t inputs, size_t outputs) {
    GraphProto graph;
    graph.set_name(fresh("g"));
    std::vector<std::string> names = namesOf(around);
    for (size_t i = 0; i < inputs; ++i) {
      ValueInfoProto &input = *graph.add_input();
      input.set_name(fresh("a"));
      *input.mutable_type() = anyTypeProto();
      if (i == 0)
        input.mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::INT64);
      if (i == 1)
        input.mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::BOOL);
      names.push_back(input.name());
    }
    for (size_t i = 0; i < outputs && !names.empty(); ++i) {
      NodeProto &node = *graph.add_node();
      node.set_op_type("Identity");
      node.add_input(i == 0 && inputs > 1 ? graph.input(1).name() : pick(names));
      node.add_output(fresh("i"));
      graph.add_output()->set_name(node.output(0));
    }
    return graph;
  }

  void setAttribute(const GraphProto &graph, NodeProto &node, const std::string &name, AttributeProto::AttributeType type) {
    AttributeProto *attribute = nullptr;
    for (AttributeProto &present : *node.mutable_attribute())
      if (present.name() == name)
        attribute = &present;
    if (!attribute)
      attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    switch (type) {
    case AttributeProto::INT: attribute->set_i(name == "to" ? anyType() : number()); break;
    case AttributeProto::FLOAT: attribute->set_f(real()); break;
    case AttributeProto::STRING: attribute->set_s(pick(Operators::get().strings)); break;
    case AttributeProto::TENSOR:
      if (!attribute->has_t()) {
        attribute->mutable_t()->set_data_type(TensorProto::FLOAT);
        attribute->mutable_t()->add_dims(1);
      }
      changeTensor(*attribute->mutable_t());
      break;
    case AttributeProto::INTS:
      if (attribute->ints_size() && below(2)) {
        attribute->set_ints(static_cast<int>(below(attribute->ints_size())), number());
        break;
      }
      attribute->clear_ints();
      for (size_t i = below(7); i > 0; --i)
        attribute->add_ints(number());
      break;
    case AttributeProto::FLOATS:
      attribute->clear_floats();
      for (size_t i = below(7); i > 0; --i)
        attribute->add_floats(real());
      break;
    case AttributeProto::STRINGS:
      attribute->clear_strings();
      for (size_t i = below(4); i > 0; --i)
        attribute->add_strings(pick(Operators::get().strings));
      break;
    case AttributeProto::TYPE_PROTO: *attribute->mutable_tp() = anyTypeProto(); break;
    case AttributeProto::GRAPH: *attribute->mutable_g() = smallGraph(graph, below(4), below(4)); break;
    default: break;
    }
  }

  const OpSchema *schemaOf(const NodeProto &node) {
    for (const OpSchema &schema : Operators::get().schemas)
      if (schema.Name() == node.op_type() && schema.domain() == node.domain())
        return &schema;
    return nullptr;
  }

  void changeAttribute(GraphProto &graph) {
    if (graph.node_size() == 0)
      return;
    NodeProto &node = *any(graph.mutable_node());
    if (node.attribute_size() && below(6) == 0) {
      node.mutable_attribute()->DeleteSubrange(static_cast<int>(below(node.attribute_size())), 1);
      return;
    }
    const OpSchema *schema = schemaOf(node);
    if (!schema || schema->attributes().empty() || below(20) == 0) {
      setAttribute(graph, node, "value", static_cast<AttributeProto::AttributeType>(below(14)));
      return;
    }
    auto found = schema->attributes().begin();
    std::advance(found, below(schema->attributes().size()));
    setAttribute(graph, node, found->first, found->second.type);
  }

  //===--------------------------------------------------------------------===//
  // Nodes
  //===--------------------------------------------------------------------===//

  void addNode(GraphProto &graph) {
    const OpSchema &schema = pick(Operators::get().schemas);
    NodeProto node;
    node.set_op_type(schema.Name());
    node.set_domain(schema.domain());
    if (below(2))
      node.set_name(fresh("n"));
    const auto &parameters = schema.inputs();
    std::string last;
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (parameters[i].GetOption() == OpSchema::Optional && below(2)) {
        node.add_input("");
        continue;
      }
      size_t times = parameters[i].GetOption() == OpSchema::Variadic ? 1 + below(3) : 1;
      for (; times > 0; --times) {
        // Operands of one type are mostly of one shape, too.
        if (i > 0 && !last.empty() && parameters[i].GetTypeStr() == parameters[0].GetTypeStr() && below(2))
          node.add_input(last);
        else
          node.add_input(below(3) ? newValue(graph, parameters[i]) : anyName(graph));
        last = node.input(0);
      }
    }
    for (const auto &[name, attribute] : schema.attributes())
      if (attribute.required || below(3) == 0)
        setAttribute(graph, node, name, attribute.type);
    size_t outputs = schema.min_output() + (schema.max_output() > schema.min_output() ? below(3) : 0);
    for (size_t i = 0; i < outputs; ++i) {
      node.add_output(fresh("y"));
      graph.add_output()->set_name(node.output(static_cast<int>(i)));
    }
    if (node.domain() == "ai.onnx.ml" && std::none_of(model.opset_import().begin(), model.opset_import().end(),
                                                      [](const auto &set) { return set.domain() == "ai.onnx.ml"; })) {
      auto *opset = model.add_opset_import();
      opset->set_domain("ai.onnx.ml");
      opset->set_version(1 + below(5));
    }
    *graph.add_node() = node;
  }

  void removeNode(GraphProto &graph) {
    if (graph.node_size())
      graph.mutable_node()->DeleteSubrange(static_cast<int>(below(graph.node_size())), 1);
  }

  void renameOperator(GraphProto &graph) {
    if (graph.node_size() == 0)
      return;
    NodeProto &node = *any(graph.mutable_node());
    // One that takes as many inputs, if there is one soon.
    for (int tries = 0; tries < 20; ++tries) {
      const OpSchema &schema = pick(Operators::get().schemas);
      node.set_op_type(schema.Name());
      node.set_domain(schema.domain());
      if (schema.min_input() <= node.input_size() && node.input_size() <= schema.max_input() && schema.domain().empty())
        break;
    }
    if (below(2))
      node.clear_attribute();
    if (const OpSchema *schema = schemaOf(node))
      for (const auto &[name, attribute] : schema->attributes())
        if (attribute.required)
          setAttribute(graph, node, name, attribute.type);
  }

  void rewire(GraphProto &graph) {
    if (graph.node_size() == 0)
      return;
    NodeProto &node = *any(graph.mutable_node());
    switch (below(4)) {
    case 0:
      if (node.output_size() && below(4) == 0)
        *any(node.mutable_output()) = anyName(graph);
      break;
    case 1:
      graph.mutable_node()->SwapElements(static_cast<int>(below(graph.node_size())), static_cast<int>(below(graph.node_size())));
      break;
    default:
      if (node.input_size())
        *any(node.mutable_input()) = anyName(graph);
    }
  }

  void changeArity(GraphProto &graph) {
    if (graph.node_size() == 0)
      return;
    NodeProto &node = *any(graph.mutable_node());
    switch (below(4)) {
    case 0:
      node.add_input(anyName(graph));
      break;
    case 1:
      if (node.input_size())
        node.mutable_input()->RemoveLast();
      break;
    case 2:
      node.add_output(fresh("y"));
      break;
    default:
      if (node.output_size())
        node.mutable_output()->RemoveLast();
    }
  }

  //===--------------------------------------------------------------------===//
  // Graphs
  //===--------------------------------------------------------------------===//

  void changeInitializer(GraphProto &graph) {
    if (graph.initializer_size() == 0)
      return inputToInitializer(graph);
    changeTensor(*any(graph.mutable_initializer()));
    if (below(30) == 0)
      *graph.add_initializer() = graph.initializer(0);
  }

  void changeInput(GraphProto &graph) {
    if (graph.input_size() == 0)
      return;
    ValueInfoProto &input = *any(graph.mutable_input());
    auto *type = input.mutable_type();
    switch (below(5)) {
    case 0: *type = anyTypeProto(); break;
    case 1: type->mutable_tensor_type()->set_elem_type(anyType()); break;
    case 2: type->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(number()); break;
    case 3: setShape(*type->mutable_tensor_type(), anyShape()); break;
    default: {
      auto *shape = type->mutable_tensor_type()->mutable_shape();
      if (shape->dim_size() == 0)
        break;
      auto *dim = any(shape->mutable_dim());
      if (below(10))
        dim->set_dim_value(number());
      else
        dim->set_dim_param("n");
    }
    }
  }

  void inputToInitializer(GraphProto &graph) {
    if (graph.input_size() == 0)
      return;
    int index = static_cast<int>(below(graph.input_size()));
    ValueInfoProto input = graph.input(index);
    if (!input.type().has_tensor_type())
      return;
    TensorProto &tensor = *graph.add_initializer();
    tensor.set_name(input.name());
    tensor.set_data_type(input.type().tensor_type().elem_type());
    for (const auto &dim : input.type().tensor_type().shape().dim())
      tensor.add_dims(dim.dim_value());
    fill(tensor);
    graph.mutable_input()->DeleteSubrange(index, 1);
  }

  void changeOutputs(GraphProto &graph) {
    if (graph.output_size() > 1 && below(2)) {
      graph.mutable_output()->DeleteSubrange(static_cast<int>(below(graph.output_size())), 1);
      return;
    }
    graph.add_output()->set_name(anyName(graph));
  }

  /// A node goes into a nested graph of its own.
  void nest(GraphProto &graph) {
    if (graph.node_size() == 0)
      return;
    NodeProto &node = *any(graph.mutable_node());
    NodeProto inner = node;
    size_t outputs = std::max(1, inner.output_size());
    node.Clear();
    auto branch = [&](const char *name, size_t inputs) {
      AttributeProto &attribute = *node.add_attribute();
      attribute.set_name(name);
      attribute.set_type(AttributeProto::GRAPH);
      GraphProto &body = *attribute.mutable_g();
      body = smallGraph(graph, inputs, inputs > 1);
      NodeProto &copy = *body.add_node();
      copy = inner;
      if (inputs > 2 && copy.input_size() && below(2))
        copy.set_input(0, body.input(2).name());
      for (std::string &name : *copy.mutable_output()) {
        if (!name.empty())
          name += ".in";
        body.add_output()->set_name(name);
      }
    };
    for (const std::string &name : inner.output())
      node.add_output(name);
    if (below(2)) {
      node.set_op_type("If");
      branch("then_branch", 0);
      branch("else_branch", 0);
      node.add_input(constant(graph, TensorProto::BOOL));
      return;
    }
    node.set_op_type("Loop");
    node.add_input(below(4) ? constant(graph, TensorProto::INT64) : "");
    node.add_input(below(4) ? constant(graph, TensorProto::BOOL) : "");
    for (size_t i = 0; i < outputs; ++i)
      node.add_input(inner.input_size() ? inner.input(0) : anyName(graph));
    branch("body", 2 + outputs);
  }

  std::string constant(GraphProto &graph, int type) {
    TensorProto &tensor = *graph.add_initializer();
    tensor.set_name(fresh("c"));
    tensor.set_data_type(type);
    int64_t value = below(10) ? below(4) : number();
    tensor.set_raw_data(&value, bitsOf(type) / 8);
    return tensor.name();
  }

  /// A node becomes a call of a function that holds it, or calls go where they should not.
  void makeFunction(GraphProto &graph) {
    if (graph.node_size() == 0)
      return;
    NodeProto &node = *any(graph.mutable_node());
    FunctionProto &function = *model.add_functions();
    function.set_name(fresh("f"));
    function.set_domain("local");
    for (const std::string &name : node.input())
      if (!name.empty() || below(2))
        function.add_input(name);
    for (const std::string &name : node.output())
      function.add_output(name);
    *function.add_node() = node;
    if (below(4) == 0) {
      NodeProto &call = *function.add_node();
      call.set_op_type(model.functions(static_cast<int>(below(model.functions_size()))).name());
      call.set_domain("local");
      *call.mutable_input() = node.input();
      call.add_output(fresh("y"));
    }
    for (AttributeProto &attribute : *function.mutable_node(0)->mutable_attribute())
      if (below(3) == 0 && attribute.type() != AttributeProto::GRAPH) {
        function.add_attribute(attribute.name());
        attribute.set_ref_attr_name(attribute.name());
      }
    *function.mutable_opset_import() = model.opset_import();
    node.set_op_type(function.name());
    node.set_domain("local");
    if (std::none_of(model.opset_import().begin(), model.opset_import().end(), [](const auto &set) { return set.domain() == "local"; })) {
      auto *opset = model.add_opset_import();
      opset->set_domain("local");
      opset->set_version(1);
    }
  }

  void changeModel() {
    switch (below(4)) {
    case 0: model.set_ir_version(static_cast<int64_t>(below(14))); break;
    case 1:
      if (model.functions_size())
        changeAttributeOf(*any(model.mutable_functions()));
      break;
    default:
      if (model.opset_import_size())
        any(model.mutable_opset_import())->set_version(below(20) ? static_cast<int64_t>(1 + below(27)) : number());
    }
  }
  void changeAttributeOf(FunctionProto &function) {
    if (function.node_size() == 0)
      return;
    NodeProto &node = *any(function.mutable_node());
    if (const OpSchema *schema = schemaOf(node))
      for (const auto &[name, attribute] : schema->attributes())
        if (below(3) == 0)
          setAttribute(model.graph(), node, name, attribute.type);
  }

  ModelProto &model;
  std::mt19937 random;
  std::vector<GraphProto *> graphs;
};

} // namespace

static bool parse(ModelProto &model, const uint8_t *data, size_t size) {
  static google::protobuf::LogSilencer silencer;
  return model.ParseFromArray(data, static_cast<int>(size)) && model.has_graph();
}

/// The bytes of the model, or 0 where they are too many.
static size_t write(const ModelProto &model, uint8_t *out, size_t maxSize) {
  size_t size = model.ByteSizeLong();
  return size <= maxSize && model.SerializeToArray(out, static_cast<int>(size)) ? size : 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  ModelProto model;
  if (!parse(model, data, size)) {
    model.Clear();
    model.set_ir_version(10);
    model.add_opset_import()->set_version(20);
    model.mutable_graph()->set_name("g");
  }
  Mutator(model, seed).mutate();
  size_t written = write(model, data, maxSize);
  return written ? written : size;
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t firstSize, const uint8_t *second, size_t secondSize, uint8_t *out,
                                            size_t maxSize, unsigned seed) {
  ModelProto one, other;
  if (!parse(one, first, firstSize) || !parse(other, second, secondSize))
    return 0;
  Mutator(one, seed).append(other);
  return write(one, out, maxSize);
}
