//===- Export.cpp ---------------------------------------------------------===//
#include "compiler/export/Export.h"
#include "compiler/import/Proto.h"
#include "compiler/import/Schema.h"
#include "dialects/onnx/ONNXDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "onnx/defs/schema.h"

using namespace mlir;
using namespace ingot;
namespace ops = ingot::onnx;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::OpSchema;

/// From this opset of the main domain on, new versions of operators added types and attributes and changed no meaning. The file
/// gets the oldest one that has all it uses, for the readers that lag behind.
constexpr int kOldestOpset = 21;
/// The IR version that came with it.
constexpr int kOldestIRVersion = 10;

namespace {

class Exporter {
public:
  ModelProto exportModule(ModuleOp module);

private:
  void exportBlock(Block &block, GraphProto &graph);
  void exportConstant(ops::ConstantOp op, GraphProto &graph);
  void exportNode(Operation &op, GraphProto &graph);
  void exportCopy(Value value, const std::string &name, GraphProto &graph);
  void raiseOpset(const OpSchema &schema, const NodeProto &node,
                  ValueRange operands, ValueRange results);

  /// A name that no value has, derived from the operation's.
  std::string freshName(StringRef base) {
    std::string name = base.empty() ? "value" : base.str();
    for (int i = 1; !taken.insert(name).second; ++i)
      name = (base + "_" + llvm::Twine(i)).str();
    return name;
  }
  void describe(Value value, ::onnx::ValueInfoProto &info) {
    info.set_name(names.at(value));
    *info.mutable_type() = protoFromType(value.getType());
  }

  struct Hash {
    size_t operator()(Value value) const { return hash_value(value); }
  };
  std::unordered_map<Value, std::string, Hash> names;
  llvm::StringSet<> taken, nodeNames;
  std::map<std::string, int> opsets = {{"", kOldestOpset}};
};

} // namespace

/// Name and operator of the node at a location; of the first, where nodes were
/// merged.
static StringRef nodeNameOf(Location loc) {
  if (auto fused = dyn_cast<FusedLoc>(loc))
    return fused.getLocations().empty() ? ""
                                        : nodeNameOf(fused.getLocations()[0]);
  auto name = dyn_cast<NameLoc>(loc);
  return name ? name.getName().getValue() : "";
}

void Exporter::exportConstant(ops::ConstantOp op, GraphProto &graph) {
  std::string name = freshName(nodeNameOf(op.getLoc()));
  names[op.getResult()] = name;
  *graph.add_initializer() = protoFromElements(op.getValueAttr(), name);
}

/// Whether the operator as it was in opset `version` takes this node.
static bool accepts(const std::string &domain, int version,
                    const NodeProto &node, ValueRange operands,
                    ValueRange results) {
  const OpSchema *schema =
      ::onnx::OpSchemaRegistry::Schema(node.op_type(), version, domain);
  if (!schema || schema->deprecated())
    return false;
  try {
    schema->Verify(node);
  } catch (const std::exception &) {
    return false;
  }
  auto fits = [&](const std::vector<OpSchema::FormalParameter> &parameters,
                  ValueRange values) {
    for (auto [i, value] : llvm::enumerate(values)) {
      if (isa<NoneType>(value.getType()) || parameters.empty())
        continue;
      const auto &parameter =
          parameters[std::min<size_t>(i, parameters.size() - 1)];
      ::onnx::TypeProto type = protoFromType(value.getType(), false);
      auto allowed = parameter.GetTypes();
      if (!allowed.count(::onnx::Utils::DataTypeUtils::ToType(type)))
        return false;
    }
    return true;
  };
  return fits(schema->inputs(), operands) && fits(schema->outputs(), results);
}

void Exporter::raiseOpset(const OpSchema &schema, const NodeProto &node,
                          ValueRange operands, ValueRange results) {
  auto [opset, added] = opsets.try_emplace(schema.domain(), schema.SinceVersion());
  int newest = schema.SinceVersion();
  if (!schema.domain().empty()) {
    opset->second = std::max(opset->second, newest);
    return;
  }
  while (opset->second < newest && !accepts("", opset->second, node, operands, results))
    ++opset->second;
}

/// Defaults are left out: an older version may not have the attribute.
static bool isDefault(const ::onnx::AttributeProto &attribute,
                      const OpSchema::Attribute &known) {
  const ::onnx::AttributeProto &value = known.default_value;
  if (known.required || !value.has_name() || value.type() != attribute.type())
    return false;
  switch (value.type()) {
  case ::onnx::AttributeProto::INT:
    return value.i() == attribute.i();
  case ::onnx::AttributeProto::FLOAT:
    return value.f() == attribute.f();
  case ::onnx::AttributeProto::STRING:
    return value.s() == attribute.s();
  default:
    return false;
  }
}

void Exporter::exportNode(Operation &op, GraphProto &graph) {
  const OpSchema *schema = schemaOf(&op);
  if (!schema) {
    throw ImportError("'" + op.getName().getStringRef() +
                      "' is no operator of ONNX");
  }
  NodeProto node;
  node.set_op_type(schema->Name());
  node.set_domain(schema->domain());
  std::string name = nodeNameOf(op.getLoc()).str();
  std::string unique = name.empty() ? schema->Name() : name;
  for (int i = 1; !nodeNames.insert(unique).second; ++i)
    unique = name + "_" + std::to_string(i);
  node.set_name(unique);
  for (Value operand : op.getOperands())
    node.add_input(isa<NoneType>(operand.getType()) ? "" : names.at(operand));
  for (OpResult result : op.getResults()) {
    if (isa<NoneType>(result.getType())) {
      node.add_output("");
      continue;
    }
    // Outputs of the model have their names already.
    auto found = names.find(result);
    if (found == names.end())
      found = names.emplace(result, freshName(unique)).first;
    node.add_output(found->second);
  }
  for (NamedAttribute attribute : op.getAttrs()) {
    auto known = schema->attributes().find(attribute.getName().str());
    if (known == schema->attributes().end())
      continue;
    ::onnx::AttributeProto proto =
        protoFromAttribute(attribute.getName(), attribute.getValue());
    if (!isDefault(proto, known->second))
      *node.add_attribute() = std::move(proto);
  }
  for (auto [attribute, region] :
       llvm::zip(graphAttributes(*schema), op.getRegions())) {
    if (region.empty())
      continue;
    auto *proto = node.add_attribute();
    proto->set_name(attribute);
    proto->set_type(::onnx::AttributeProto::GRAPH);
    proto->mutable_g()->set_name(unique + "." + attribute);
    exportBlock(region.front(), *proto->mutable_g());
  }
  raiseOpset(*schema, node, op.getOperands(), op.getResults());
  *graph.add_node() = std::move(node);
}

/// The value under another name.
void Exporter::exportCopy(Value value, const std::string &name,
                          GraphProto &graph) {
  NodeProto &identity = *graph.add_node();
  identity.set_op_type("Identity");
  identity.set_name(name);
  identity.add_input(names.at(value));
  identity.add_output(name);
  if (const OpSchema *schema = newestSchema("", "Identity"))
    raiseOpset(*schema, identity, value, value);
}

void Exporter::exportBlock(Block &block, GraphProto &graph) {
  bool isMain = isa<func::FuncOp>(block.getParentOp());
  for (BlockArgument argument : block.getArguments()) {
    if (!isMain)
      names[argument] = freshName(nodeNameOf(argument.getLoc()));
    describe(argument, *graph.add_input());
  }
  for (Operation &op : block.without_terminator()) {
    if (auto constant = dyn_cast<ops::ConstantOp>(op))
      exportConstant(constant, graph);
    else if (!isa<ops::NoneOp>(op))
      exportNode(op, graph);
  }
  if (isMain)
    return;
  for (Value value : block.getTerminator()->getOperands()) {
    // A nested graph yields values of its own only, each once.
    std::string name = freshName(names.at(value));
    exportCopy(value, name, graph);
    auto &output = *graph.add_output();
    output.set_name(name);
    *output.mutable_type() = protoFromType(value.getType());
  }
}

ModelProto Exporter::exportModule(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal())
    throw ImportError("the module has no function @main");
  auto nameOf = [](DictionaryAttr attributes, const llvm::Twine &otherwise) {
    auto name = attributes ? attributes.getAs<StringAttr>("ingot.name") : StringAttr();
    return name ? name.str() : otherwise.str();
  };
  ModelProto model;
  model.set_producer_name("ingot");
  GraphProto &graph = *model.mutable_graph();
  auto modelName = module->getAttrOfType<StringAttr>("ingot.model");
  graph.set_name(modelName ? modelName.str() : "main");

  for (BlockArgument argument : main.getArguments()) {
    unsigned i = argument.getArgNumber();
    std::string name = nameOf(main.getArgAttrDict(i), "input" + llvm::Twine(i));
    taken.insert(name);
    names[argument] = name;
  }
  Block &block = main.getBody().front();
  // An output that is an input, a constant or another output is a copy.
  std::vector<std::pair<Value, std::string>> copies;
  for (auto [i, value] : llvm::enumerate(block.getTerminator()->getOperands())) {
    std::string name = nameOf(main.getResultAttrDict(i), "output" + llvm::Twine(i));
    taken.insert(name);
    bool computed = value.getDefiningOp() &&
                    !isa<ops::ConstantOp>(value.getDefiningOp());
    if (!computed || !names.emplace(value, name).second)
      copies.emplace_back(value, name);
    auto &output = *graph.add_output();
    output.set_name(name);
    *output.mutable_type() = protoFromType(value.getType());
  }
  exportBlock(block, graph);
  for (const auto &[value, name] : copies) {
    exportCopy(value, name, graph);
  }
  for (const auto &[domain, version] : opsets) {
    auto &opset = *model.add_opset_import();
    opset.set_domain(domain);
    opset.set_version(version);
  }
  model.set_ir_version(opsets[""] == kOldestOpset
                           ? kOldestIRVersion
                           : static_cast<int>(::onnx::IR_VERSION));
  return model;
}

FailureOr<std::string> ingot::exportModel(ModuleOp module) {
  try {
    ModelProto model = Exporter().exportModule(module);
    if (model.ByteSizeLong() > INT_MAX)
      throw ImportError("the model is larger than the 2 GiB that one file can hold");
    std::string bytes;
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    model.SerializeToCodedStream(&coded);
    coded.Trim();
    return bytes;
  } catch (const std::exception &error) {
    return module.emitError() << error.what();
  }
}

LogicalResult ingot::exportModel(ModuleOp module, StringRef path) {
  FailureOr<std::string> bytes = exportModel(module);
  if (failed(bytes))
    return failure();
  llvm::Error error =
      llvm::writeToOutput(path, [&](llvm::raw_ostream &out) {
        out << *bytes;
        return llvm::Error::success();
      });
  if (error)
    return emitError(UnknownLoc::get(module.getContext()))
           << "cannot write '" << path
           << "': " << llvm::toString(std::move(error));
  return success();
}
