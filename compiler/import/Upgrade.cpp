//===- Upgrade.cpp --------------------------------------------------------===//
//
// An operator has a schema for each version in which it changed. A node goes from one to the next: where the next schema takes the node as it is, nothing
// is to be done, and most changes are of that kind (more types, more attributes). The others are in the table at the end: operator, version, and what to do.
// Ranks are not known here, so that what depends on them is computed from Shape; it becomes a constant when shapes are inferred.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/Upgrade.h"
#include "compiler/import/Schema.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <optional>

using namespace ingot;
using llvm::StringRef;
using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::OpSchema;
using ::onnx::OpSchemaRegistry;
using ::onnx::TensorProto;
using Strings = std::vector<std::string>;
using Ints = std::vector<int64_t>;

Opsets ingot::opsetsOf(
    const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports) {
  Opsets versions;
  for (const auto &opset : imports)
    versions[canonicalDomain(opset.domain())] = opset.version();
  return versions;
}

int64_t ingot::newestOpset(const std::string &domain) {
  const auto &ranges =
      ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  auto range = ranges.find(domain);
  return range == ranges.end() ? 0 : range->second.second;
}

std::string FreshNames::make(StringRef base) {
  std::string name = base.str();
  auto [entry, added] = used.try_emplace(base, 0);
  while (!added) {
    name = (base + "." + llvm::Twine(entry->second++)).str();
    added = used.try_emplace(name, 0).second;
  }
  return name;
}

//===----------------------------------------------------------------------===//
// One step of one node
//===----------------------------------------------------------------------===//

namespace {
/// A node on its way from one version to the next, and the nodes of the newest opset around it.
class Step {
public:
  Step(NodeProto &node, FreshNames &names, Nodes &before, Nodes &after)
      : node(node), names(names), before(before), after(after) {}

  NodeProto &node;
  FreshNames &names;
  /// Set where the node is written in the newest opset.
  bool isNewest = false;

  [[noreturn]] void refuse(const llvm::Twine &why) const {
    throw ImportError(why, node);
  }

  //===--- Attributes -----------------------------------------------------===//

  bool has(StringRef name) const {
    return llvm::any_of(node.attribute(),
                        [&](auto &a) { return a.name() == name; });
  }
  /// Removes the attribute and returns it.
  std::optional<AttributeProto> take(StringRef name) {
    auto &attributes = *node.mutable_attribute();
    for (int i = 0; i < attributes.size(); ++i)
      if (attributes[i].name() == name) {
        AttributeProto taken = std::move(attributes[i]);
        attributes.DeleteSubrange(i, 1);
        return taken;
      }
    return std::nullopt;
  }
  int64_t takeInt(StringRef name, int64_t otherwise) {
    std::optional<AttributeProto> taken = take(name);
    return taken ? taken->i() : otherwise;
  }
  std::string takeString(StringRef name, StringRef otherwise) {
    std::optional<AttributeProto> taken = take(name);
    return taken ? taken->s() : otherwise.str();
  }
  AttributeProto &set(StringRef name, AttributeProto::AttributeType type) {
    return set(node, name, type);
  }
  void setInt(StringRef name, int64_t value) { setInt(node, name, value); }
  void setString(StringRef name, StringRef value) {
    take(name);
    set(name, AttributeProto::STRING).set_s(value.str());
  }

  //===--- Inputs and outputs ---------------------------------------------===//

  std::string input(int index) const {
    return index < node.input_size() ? node.input(index) : "";
  }
  bool hasOutput(int index) const {
    return index < node.output_size() && !node.output(index).empty();
  }
  void setInput(int index, const std::string &name) {
    while (node.input_size() <= index)
      node.add_input();
    *node.mutable_input(index) = name;
  }
  /// Gives the node's output another name, which is returned. The follower, which the caller fills in, computes from it what the model calls the output.
  std::string renameOutput(int index) {
    std::string name = names.make(node.output(index) + ".old");
    node.mutable_output(index)->swap(name);
    // `name` is now what the model calls the value.
    NodeProto &next = *after.Add();
    next.set_name(node.name());
    next.add_output(name);
    return node.output(index);
  }
  NodeProto &follower() { return *after.Mutable(after.size() - 1); }

  //===--- Nodes before it ------------------------------------------------===//

  NodeProto &add(StringRef opType, const Strings &inputs) {
    NodeProto &added = *before.Add();
    added.set_name(node.name().empty() && node.output_size() ? node.output(0)
                                                             : node.name());
    added.set_op_type(opType.str());
    for (const std::string &name : inputs)
      added.add_input(name);
    added.add_output(names.make((llvm::Twine(added.name()) + "." + opType).str()));
    return added;
  }
  std::string make(StringRef opType, const Strings &inputs) {
    return add(opType, inputs).output(0);
  }
  std::string make(StringRef opType, const Strings &inputs, StringRef attribute,
                   int64_t value) {
    NodeProto &added = add(opType, inputs);
    setInt(added, attribute, value);
    return added.output(0);
  }
  std::string constant(const Ints &values) {
    NodeProto &added = add("Constant", {});
    AttributeProto &attribute = set(added, "value_ints", AttributeProto::INTS);
    for (int64_t value : values)
      attribute.add_ints(value);
    return added.output(0);
  }
  std::string scalar(int64_t value) {
    NodeProto &added = add("Constant", {});
    setInt(added, "value_int", value);
    return added.output(0);
  }
  std::string scalar(float value) {
    NodeProto &added = add("Constant", {});
    set(added, "value_float", AttributeProto::FLOAT).set_f(value);
    return added.output(0);
  }
  std::string reals(const google::protobuf::RepeatedField<float> &values) {
    NodeProto &added = add("Constant", {});
    *set(added, "value_floats", AttributeProto::FLOATS).mutable_floats() = values;
    return added.output(0);
  }
  /// The rank of a value, a tensor of one element.
  std::string rank(const std::string &value) {
    return make("Shape", {make("Shape", {value})});
  }
  /// As many ones as `count` says.
  std::string ones(const std::string &count) {
    NodeProto &added = add("ConstantOfShape", {count});
    TensorProto &one =
        *set(added, "value", AttributeProto::TENSOR).mutable_t();
    one.set_data_type(TensorProto::INT64);
    one.add_dims(1);
    one.add_int64_data(1);
    return added.output(0);
  }

  static AttributeProto &set(NodeProto &node, StringRef name,
                             AttributeProto::AttributeType type) {
    AttributeProto &attribute = *node.add_attribute();
    attribute.set_name(name.str());
    attribute.set_type(type);
    return attribute;
  }
  static void setInt(NodeProto &node, StringRef name, int64_t value) {
    set(node, name, AttributeProto::INT).set_i(value);
  }

private:
  Nodes &before, &after;
};
} // namespace

//===----------------------------------------------------------------------===//
// Attributes become inputs
//===----------------------------------------------------------------------===//

/// An attribute with integers becomes an input; where it is absent or empty, so is the input.
static void intsToInput(Step &step, StringRef name, int index) {
  std::optional<AttributeProto> values = step.take(name);
  if (values && values->ints_size())
    step.setInput(index, step.constant(Ints(values->ints().begin(),
                                            values->ints().end())));
}

static void axesToInput(Step &step) { intsToInput(step, "axes", 1); }
static void splitToInput(Step &step) { intsToInput(step, "split", 1); }
static void shapeToInput(Step &step) {
  if (!step.has("shape"))
    step.refuse("Reshape has no attribute 'shape'");
  // Without sizes it makes a scalar.
  std::optional<AttributeProto> shape = step.take("shape");
  step.setInput(1, step.constant(Ints(shape->ints().begin(), shape->ints().end())));
}

static void sliceToInputs(Step &step) {
  for (auto [index, name] : {std::pair(1, "starts"), {2, "ends"}, {3, "axes"}})
    intsToInput(step, name, index);
}

static void countToInput(Step &step) {
  step.setInput(1, step.constant({step.takeInt("k", 0)}));
}

/// A number of the first input's type.
static void floatToInput(Step &step, StringRef name, int index) {
  if (std::optional<AttributeProto> value = step.take(name))
    step.setInput(index, step.make("CastLike", {step.scalar(value->f()),
                                                step.input(0)}));
}

static void limitsToInputs(Step &step) {
  floatToInput(step, "min", 1);
  floatToInput(step, "max", 2);
}

static void padsToInputs(Step &step) {
  std::optional<AttributeProto> pads = step.take("pads");
  step.setInput(1, step.constant(Ints(pads->ints().begin(), pads->ints().end())));
  floatToInput(step, "value", 2);
}

static void ratioToInput(Step &step) {
  if (std::optional<AttributeProto> ratio = step.take("ratio"))
    step.setInput(1, step.scalar(ratio->f()));
}

static void scalesToInput(Step &step) {
  step.setInput(1, step.reals(step.take("scales")->floats()));
}

static void axisToInput(Step &step) {
  step.setInput(2, step.scalar(step.takeInt("axis", 1)));
}

//===----------------------------------------------------------------------===//
// Names and defaults
//===----------------------------------------------------------------------===//

static void castToNumber(Step &step) {
  std::string name = step.takeString("to", "");
  TensorProto::DataType type;
  if (!TensorProto::DataType_Parse(name, &type))
    step.refuse("Cast to '" + name + "', which is no element type");
  step.setInt("to", type);
}

static void concatAxis(Step &step) {
  if (!step.has("axis"))
    step.setInt("axis", 1);
}

static void paddingsToPads(Step &step) {
  std::optional<AttributeProto> paddings = step.take("paddings");
  paddings->set_name("pads");
  *step.node.add_attribute() = std::move(*paddings);
}

static void powerToInt(Step &step) {
  std::optional<AttributeProto> power = step.take("p");
  float p = power ? power->f() : 2;
  if (!(p >= 1 && p < 1 << 20) || p != int64_t(p))
    step.refuse("the norm's power p is no whole number, which only opset 1 has");
  step.setInt("p", int64_t(p));
}

/// Version 1 has a misspelt default.
static void gruDirection(Step &step) {
  if (!step.has("direction"))
    step.setString("direction", "forward");
}

/// Which outputs there are says the same.
static void dropOutputSequence(Step &step) { step.take("output_sequence"); }

static void gridSampleMode(Step &step) {
  std::string mode = step.takeString("mode", "bilinear");
  step.setString("mode", mode == "bilinear"  ? "linear"
                         : mode == "bicubic" ? "cubic"
                                             : mode);
}

static void roiAlignOrigin(Step &step) {
  step.setString("coordinate_transformation_mode", "output_half_pixel");
}

static void splitCount(Step &step) {
  if (step.input(1).empty())
    step.setInt("num_outputs", step.node.output_size());
}

static void scatterElements(Step &step) {
  step.node.set_op_type("ScatterElements");
}

//===----------------------------------------------------------------------===//
// Broadcasting before version 7
//===----------------------------------------------------------------------===//

/// Dimensions of size 1 are added behind those of the second input, so that its first stands at `axis` of the first input.
static void alignAt(Step &step, int64_t axis) {
  // No tensor has so many dimensions.
  if (axis < -1024 || axis > 1024)
    step.refuse("the axis is out of range");
  std::string a = step.input(0), b = step.input(1);
  std::string from = axis < 0 ? step.constant({-axis})
                              : step.make("Sub", {step.rank(a), step.constant({axis})});
  std::string missing = step.make("Sub", {from, step.rank(b)});
  missing = step.make("Max", {missing, step.constant({0})});
  std::string shape = step.make(
      "Concat", {step.make("Shape", {b}), step.ones(missing)}, "axis", 0);
  step.setInput(1, step.make("Reshape", {b, shape}));
}

/// Without an axis the last dimensions match, as they do now; -1 was written for that, too.
static void broadcastAxis(Step &step) {
  int64_t axis = step.takeInt("axis", -1);
  if (step.takeInt("broadcast", 0) && axis != -1)
    alignAt(step, axis);
}

static void dropBroadcast(Step &step) { step.take("broadcast"); }

/// A slope for each channel. Exporters wrote slopes with the dimensions behind, too.
static void slopeOfChannels(Step &step) { alignAt(step, 1); }

//===----------------------------------------------------------------------===//
// Normalisation, softmax, dropout
//===----------------------------------------------------------------------===//

/// In test mode there is one output. Which mode it is follows from their number then.
static void testMode(Step &step) {
  if (step.takeInt("is_test", 0))
    while (step.node.output_size() > 1)
      step.node.mutable_output()->RemoveLast();
}

/// A parameter for each feature, not for each channel, is what broadcasting from the right gives.
static void perFeature(Step &step) {
  if (step.takeInt("spatial", 1))
    return;
  if (step.hasOutput(1))
    step.refuse("training with spatial=0, which only versions before 9 have");
  std::optional<AttributeProto> epsilon = step.take("epsilon");
  step.take("momentum");
  std::string variance = step.input(4);
  std::string small = step.make(
      "CastLike", {step.scalar(epsilon ? epsilon->f() : 1e-5f), variance});
  std::string deviation =
      step.make("Sqrt", {step.make("Add", {variance, small})});
  std::string centred = step.make("Sub", {step.input(0), step.input(3)});
  std::string scaled = step.make(
      "Mul", {step.make("Div", {centred, deviation}), step.input(1)});
  std::string bias = step.input(2);
  step.node.clear_input();
  step.node.set_op_type("Add");
  step.setInput(0, scaled);
  step.setInput(1, bias);
  step.isNewest = true;
}

static void trainingMode(Step &step) {
  if (step.hasOutput(3) || step.hasOutput(4))
    step.refuse("the outputs saved_mean and saved_var, which only versions before 14 have");
  bool trains = step.hasOutput(1) || step.hasOutput(2);
  while (step.node.output_size() > (trains ? 3 : 1))
    step.node.mutable_output()->RemoveLast();
  if (trains)
    step.setInt("training_mode", 1);
}

/// All dimensions from the axis on are one.
static void softmaxOfMatrix(Step &step) {
  int64_t axis = step.takeInt("axis", 1);
  step.setInt("axis", -1);
  if (axis == -1)
    return;
  std::string whole = step.input(0);
  step.setInput(0, step.make("Flatten", {whole}, "axis", axis));
  std::string shape = step.make("Shape", {whole});
  std::string flat = step.renameOutput(0);
  NodeProto &reshape = step.follower();
  reshape.set_op_type("Reshape");
  reshape.add_input(flat);
  reshape.add_input(shape);
}

/// The mask had the type of the data.
static void maskToBool(Step &step) {
  if (!step.hasOutput(1))
    return;
  std::string mask = step.renameOutput(1);
  NodeProto &cast = step.follower();
  cast.set_op_type("CastLike");
  cast.add_input(mask);
  cast.add_input(step.input(0));
}

/// Parameters of groups become parameters of channels.
static void groupParameters(Step &step) {
  int64_t groups = 0;
  for (const AttributeProto &attribute : step.node.attribute())
    if (attribute.name() == "num_groups")
      groups = attribute.i();
  NodeProto &channels = step.add("Shape", {step.input(0)});
  Step::setInt(channels, "start", 1);
  Step::setInt(channels, "end", 2);
  std::string count = channels.output(0);
  std::string repeats = step.make("Div", {count, step.constant({groups})});
  std::string shape = step.make("Concat", {step.constant({1}), repeats}, "axis", 0);
  for (int index : {1, 2}) {
    std::string column = step.make("Reshape", {step.input(index), step.constant({-1, 1})});
    std::string repeated = step.make("Expand", {column, shape});
    step.setInput(index, step.make("Reshape", {repeated, step.constant({-1})}));
  }
}

//===----------------------------------------------------------------------===//
// Resizing
//===----------------------------------------------------------------------===//

static void upsampleScales(Step &step) {
  float height = step.take("height_scale")->f();
  float width = step.take("width_scale")->f();
  AttributeProto &scales = step.set("scales", AttributeProto::FLOATS);
  for (float scale : {1.0f, 1.0f, height, width})
    scales.add_floats(scale);
  if (step.takeString("mode", "nearest") == "bilinear")
    step.setString("mode", "linear");
}

/// Between two versions: no axis of the Resize shrinks.
static constexpr llvm::StringLiteral kOnlyGrows = "ingot.grows";

/// Scales of Upsample are at least 1.
static void upsampleToResize(Step &step) {
  step.node.set_op_type("Resize");
  step.setInt(kOnlyGrows, 1);
}

/// Version 10 has one way from output to input: x / scale. The nearest element is the one below where sizes grow, the one above where they shrink, so
/// that an axis is resized in one of two nodes.
static void resizeOrigin(Step &step) {
  std::string mode = step.takeString("mode", "nearest");
  step.setString("mode", mode);
  step.setString("coordinate_transformation_mode", "asymmetric");
  std::string scales = step.input(1);
  bool onlyGrows = step.takeInt(kOnlyGrows, 0) != 0;
  step.setInput(1, "");
  step.setInput(2, scales);
  if (mode != "nearest")
    return;
  if (onlyGrows) {
    step.setString("nearest_mode", "floor");
    return;
  }
  std::string one = step.scalar(1.0f);
  step.setInput(2, step.make("Max", {scales, one}));
  step.setString("nearest_mode", "floor");
  std::string shrunk = step.make("Min", {scales, one});
  std::string grown = step.renameOutput(0);
  NodeProto &second = step.follower();
  second.set_op_type("Resize");
  second.add_input(grown);
  second.add_input("");
  second.add_input(shrunk);
  for (auto [name, value] :
       {std::pair("mode", "nearest"),
        {"coordinate_transformation_mode", "asymmetric"},
        {"nearest_mode", "ceil"}})
    Step::set(second, name, AttributeProto::STRING).set_s(value);
}

/// (x + 0.5) / scale is half_pixel plus one half.
static void resizeHalfPixel(Step &step) {
  std::string origin =
      step.takeString("coordinate_transformation_mode", "half_pixel");
  if (origin != "tf_half_pixel_for_nn") {
    step.setString("coordinate_transformation_mode", origin);
    return;
  }
  std::string rounding = step.takeString("nearest_mode", "round_prefer_floor");
  std::string mode = step.takeString("mode", "nearest");
  if (mode != "nearest" ||
      (rounding != "floor" && rounding != "round_prefer_floor"))
    step.refuse("tf_half_pixel_for_nn with mode '" + mode +
                "' and nearest_mode '" + rounding +
                "', which only versions before 13 have");
  step.setString("mode", mode);
  step.setString("coordinate_transformation_mode", "half_pixel");
  step.setString("nearest_mode",
                 rounding == "floor" ? "round_prefer_ceil" : "ceil");
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

/// One axis is repeated; both are given as numbers of the data's type.
static void tileRepeats(Step &step) {
  auto integer = [&](const std::string &value) {
    return step.make("Cast", {value}, "to", TensorProto::INT64);
  };
  std::string rank = step.make("Squeeze", {step.rank(step.input(0))});
  std::string axes = step.make(
      "Range", {step.scalar(int64_t(0)), rank, step.scalar(int64_t(1))});
  std::string isAxis = step.make("Equal", {axes, integer(step.input(2))});
  std::string repeats = step.make(
      "Where", {isAxis, integer(step.input(1)), step.scalar(int64_t(1))});
  step.node.mutable_input()->RemoveLast();
  step.setInput(1, repeats);
}

/// Sizes as a second input have the data's type.
static void splitSizes(Step &step) {
  if (!step.has("axis"))
    step.setInt("axis", 0);
  if (step.input(1).empty())
    return;
  step.take("split");
  step.setInput(1, step.make("Cast", {step.input(1)}, "to", TensorProto::INT64));
  step.isNewest = true;
}

/// All values have a batch as first dimension: each sequence is scanned in the iteration of a scan over the batch.
static void scanWithoutBatch(Step &step) {
  NodeProto &node = step.node;
  if (!step.input(0).empty())
    step.refuse("lengths of sequences, which only version 8 has");
  node.mutable_input()->DeleteSubrange(0, 1);
  NodeProto inner = node;
  std::optional<AttributeProto> body = step.take("body");
  node.clear_attribute();
  for (AttributeProto &attribute : *inner.mutable_attribute())
    if (attribute.name() == "directions")
      attribute.set_name("scan_input_directions");

  GraphProto sequence;
  sequence.set_name(body->g().name());
  inner.clear_input();
  inner.clear_output();
  for (int i = 0; i < node.input_size(); ++i) {
    auto &input = *sequence.add_input();
    input.set_name(step.names.make(node.input(i) + ".sequence"));
    inner.add_input(input.name());
    if (i >= body->g().input_size())
      step.refuse("more inputs than its body has");
    *input.mutable_type() = body->g().input(i).type();
    input.mutable_type()->mutable_tensor_type()->clear_shape();
  }
  for (int i = 0; i < node.output_size(); ++i) {
    auto &output = *sequence.add_output();
    output.set_name(step.names.make(
        (node.output(i).empty() ? node.name() : node.output(i)) + ".sequence"));
    inner.add_output(output.name());
  }
  *sequence.add_node() = std::move(inner);
  *step.set("body", AttributeProto::GRAPH).mutable_g() = std::move(sequence);
  step.setInt("num_scan_inputs", node.input_size());
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

namespace {
struct Upgrade {
  void (*apply)(Step &step);
  int version;
  std::vector<const char *> operators;
};
} // namespace

/// What to do with a node of the main domain so that it means in `version` what it meant before.
static const Upgrade upgrades[] = {
    {paddingsToPads, 2, {"Pad"}},
    {powerToInt, 2, {"LpPool", "GlobalLpPool"}},
    {splitSizes, 2, {"Split"}},
    {gruDirection, 3, {"GRU"}},
    {concatAxis, 4, {"Concat"}},
    {shapeToInput, 5, {"Reshape"}},
    {castToNumber, 6, {"Cast"}},
    {tileRepeats, 6, {"Tile"}},
    {broadcastAxis, 7, {"Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less"}},
    {dropBroadcast, 7, {"Gemm"}},
    {slopeOfChannels, 7, {"PRelu"}},
    {testMode, 7, {"BatchNormalization", "Dropout"}},
    {upsampleScales, 7, {"Upsample"}},
    {dropOutputSequence, 7, {"RNN", "GRU", "LSTM"}},
    {perFeature, 9, {"BatchNormalization"}},
    {scalesToInput, 9, {"Upsample"}},
    {scanWithoutBatch, 9, {"Scan"}},
    {maskToBool, 10, {"Dropout"}},
    {sliceToInputs, 10, {"Slice"}},
    {countToInput, 10, {"TopK"}},
    {upsampleToResize, 10, {"Upsample"}},
    {limitsToInputs, 11, {"Clip"}},
    {padsToInputs, 11, {"Pad"}},
    {resizeOrigin, 11, {"Resize"}},
    {scatterElements, 11, {"Scatter"}},
    {ratioToInput, 12, {"Dropout"}},
    {softmaxOfMatrix, 13, {"Softmax", "LogSoftmax", "Hardmax"}},
    {axesToInput, 13, {"Squeeze", "Unsqueeze", "ReduceSum"}},
    {splitToInput, 13, {"Split"}},
    {resizeHalfPixel, 13, {"Resize"}},
    {trainingMode, 14, {"BatchNormalization"}},
    {roiAlignOrigin, 16, {"RoiAlign"}},
    {axesToInput, 18, {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare"}},
    {splitCount, 18, {"Split"}},
    {axisToInput, 20, {"DFT"}},
    {gridSampleMode, 20, {"GridSample"}},
    {groupParameters, 21, {"GroupNormalization"}},
};

static const Upgrade *upgradeOf(const NodeProto &node, int version) {
  static const auto *table = [] {
    auto *byName = new llvm::StringMap<std::map<int, const Upgrade *>>;
    for (const Upgrade &upgrade : upgrades)
      for (const char *name : upgrade.operators)
        (*byName)[name][upgrade.version] = &upgrade;
    return byName;
  }();
  if (!node.domain().empty())
    return nullptr;
  auto entry = table->find(node.op_type());
  if (entry == table->end())
    return nullptr;
  auto found = entry->second.find(version);
  return found == entry->second.end() ? nullptr : found->second;
}

//===----------------------------------------------------------------------===//
// From one schema to the next
//===----------------------------------------------------------------------===//

static bool sameDefault(const OpSchema::Attribute &a, const OpSchema::Attribute &b) {
  return a.default_value.SerializeAsString() ==
         b.default_value.SerializeAsString();
}

/// The next schema has to take the node as it is, once defaults that have changed are written down.
static void keep(Step &step, const OpSchema &from, const OpSchema &next) {
  auto refuse = [&](const llvm::Twine &why) {
    step.refuse("cannot be converted from version " +
                llvm::Twine(from.SinceVersion()) + " of the operator to version " +
                llvm::Twine(next.SinceVersion()) + ": " + why);
  };
  for (const auto &[name, attribute] : from.attributes()) {
    auto found = next.attributes().find(name);
    bool kept = found != next.attributes().end() &&
                found->second.type == attribute.type;
    if (step.has(name)) {
      if (!kept)
        refuse("the attribute '" + name + "' is not known there");
      continue;
    }
    if (kept && attribute.default_value.has_name() &&
        !sameDefault(attribute, found->second)) {
      *step.node.add_attribute() = attribute.default_value;
      step.node.mutable_attribute()->rbegin()->set_name(name);
    }
  }
  for (const auto &[name, attribute] : next.attributes())
    if (attribute.required && !step.has(name))
      refuse("the attribute '" + name + "' is needed there");
  if (step.node.input_size() < next.min_input() ||
      step.node.input_size() > next.max_input())
    refuse("the number of inputs is another there");
  if (step.node.output_size() < next.min_output() ||
      step.node.output_size() > next.max_output())
    refuse("the number of outputs is another there");
}

const OpSchema *ingot::schemaAfter(const NodeProto &node, int version) {
  int newest = newestOpset(node.domain());
  for (int next = version + 1; next <= newest; ++next) {
    const OpSchema *schema =
        OpSchemaRegistry::Schema(node.op_type(), next, node.domain());
    if (schema && schema->SinceVersion() == next)
      return schema;
  }
  return nullptr;
}

void ingot::upgradeNode(NodeProto node, int64_t opset, FreshNames &names,
                        Nodes &nodes) {
  Nodes after;
  Step step(node, names, nodes, after);
  // A hint about memory.
  if (opset < 6 && node.domain().empty())
    step.take("consumed_inputs");
  int version = opset;
  const OpSchema *schema =
      OpSchemaRegistry::Schema(node.op_type(), version, node.domain());
  while (schema && !step.isNewest) {
    const OpSchema *next = schemaAfter(node, version);
    if (!next)
      break;
    version = next->SinceVersion();
    if (const Upgrade *upgrade = upgradeOf(node, version))
      upgrade->apply(step);
    else if (next->deprecated())
      break;
    else
      keep(step, *schema, *next);
    schema = OpSchemaRegistry::Schema(node.op_type(), version, node.domain());
  }
  *nodes.Add() = std::move(node);
  // What was added last computes from what was added before it.
  for (auto &added : llvm::reverse(after))
    *nodes.Add() = std::move(added);
}
