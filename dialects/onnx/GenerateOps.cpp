//===- GenerateOps.cpp - writes ONNXOps.td from onnx's schema registry ----===//
//
// A program of the build: one ODS record for the newest version of every operator of every domain that the linked onnx
// library registers. What the records are made of stands in ONNXBase.td.
//
//===----------------------------------------------------------------------===//
#include "onnx/defs/schema.h"
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

using onnx::AttributeProto;
using onnx::OpSchema;

/// `ai.onnx.ml` to `Ml`, `ai.onnx.preview.training` to `PreviewTraining`, the
/// main domain to nothing.
static std::string classPrefix(std::string domain) {
  const std::string common = "ai.onnx";
  if (domain.compare(0, common.size(), common) == 0)
    domain = domain.substr(common.size());
  std::string prefix;
  bool upper = true;
  for (char c : domain) {
    bool letter = std::isalnum(static_cast<unsigned char>(c));
    if (letter)
      prefix += upper ? std::toupper(c) : c;
    upper = !letter;
  }
  return prefix;
}

static std::string mnemonic(const OpSchema &schema) {
  std::string name = schema.domain();
  std::replace(name.begin(), name.end(), '.', '_');
  return name.empty() ? schema.Name() : name + "_" + schema.Name();
}

static std::string quote(const std::string &text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      quoted += '\\';
    quoted += std::isprint(static_cast<unsigned char>(c)) ? c : ' ';
  }
  return quoted + "\"";
}

/// The first sentence of the documentation, on one line.
static std::string summary(const OpSchema &schema) {
  std::string text;
  for (const char *c = schema.doc(); c && *c; ++c) {
    bool space = std::isspace(static_cast<unsigned char>(*c));
    if (space && (text.empty() || text.back() == ' '))
      continue;
    text += space ? ' ' : *c;
    if (text.size() > 12 && text.back() == ' ' && text[text.size() - 2] == '.')
      break;
  }
  if (text.size() > 160)
    text = text.substr(0, 157) + "...";
  while (!text.empty() && (text.back() == ' ' || text.back() == '.'))
    text.pop_back();
  return text;
}

/// C++ literal of a float that reads back as the same value.
static std::string floatLiteral(float value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.9gf", value);
  std::string literal = text;
  if (literal.find_first_of(".en") == std::string::npos)
    literal.insert(literal.size() - 1, ".0");
  return literal;
}

/// The ODS constraint of an attribute, with its default; empty for graphs.
static std::string attributeKind(const OpSchema::Attribute &attribute) {
  const AttributeProto &value = attribute.default_value;
  bool hasDefault = value.has_name();
  std::string kind, literal;
  switch (attribute.type) {
  case AttributeProto::INT:
    kind = "I64Attr";
    literal = std::to_string(value.i());
    break;
  case AttributeProto::FLOAT:
    kind = "F32Attr";
    literal = floatLiteral(value.f());
    break;
  case AttributeProto::STRING:
    kind = "StrAttr";
    literal = quote(quote(value.s()));
    literal = literal.substr(1, literal.size() - 2);
    break;
  case AttributeProto::INTS:
    kind = "DenseI64ArrayAttr";
    hasDefault = false;
    break;
  case AttributeProto::FLOATS:
    kind = "DenseF32ArrayAttr";
    hasDefault = false;
    break;
  case AttributeProto::STRINGS:
    kind = "StrArrayAttr";
    hasDefault = false;
    break;
  case AttributeProto::TENSOR:
  case AttributeProto::SPARSE_TENSOR:
    kind = "ElementsAttr";
    hasDefault = false;
    break;
  case AttributeProto::TYPE_PROTO:
    kind = "TypeAttr";
    hasDefault = false;
    break;
  default:
    return "";
  }
  if (attribute.required)
    return kind;
  if (hasDefault)
    return "DefaultValuedAttr<" + kind + ", \"" + literal + "\">";
  return "OptionalAttr<" + kind + ">";
}

namespace {
/// Hands out names whose generated getters are unique within an operation.
class Names {
public:
  /// `suffix` is what to append, with a letter, for as long as the name is taken.
  std::string unique(const std::string &name, const std::string &suffix) {
    std::string candidate = name;
    for (char &c : candidate)
      if (!std::isalnum(static_cast<unsigned char>(c)))
        c = '_';
    while (!getters.insert(getter(candidate)).second)
      candidate += suffix;
    return candidate;
  }

  /// A name that stays as it is.
  void take(const std::string &name) { getters.insert(getter(name)); }

private:
  /// As ODS derives it: `kernel_shape` to `KernelShape`.
  static std::string getter(const std::string &name) {
    std::string text;
    bool upper = true;
    for (char c : name) {
      if (c != '_')
        text += upper ? std::toupper(c) : c;
      upper = c == '_';
    }
    return text;
  }
  // Members of mlir::Op and mlir::OpState that a getter must not hide.
  std::set<std::string> getters = {
      "Attrs",   "Attr",    "Type",         "Types",    "Operand", "Operands",
      "Result",  "Results", "Loc",          "Context",  "Region",  "Regions",
      "Parent",  "ParentOp", "OperationName", "Operation", "Body", "Effects",
      "ODSOperands", "ODSResults", "Properties", "NumOperands", "NumResults",
      "ResultTypes", "OperandTypes", "Name", "AttrDictionary", "Dialect"};
};
} // namespace

using Parameters = std::vector<OpSchema::FormalParameter>;

/// Required parameters get a name each. One optional or variadic one gets its own, too; several together are one variadic list, since
/// they are told apart by position alone.
static std::vector<std::string> parameterList(const Parameters &parameters,
                                              const std::string &rest,
                                              Names &names,
                                              const std::string &suffix) {
  std::vector<std::string> list;
  size_t fixed = 0;
  while (fixed < parameters.size() &&
         parameters[fixed].GetOption() == OpSchema::Single)
    ++fixed;
  for (size_t i = 0; i < fixed; ++i)
    list.push_back("AnyType:$" + names.unique(parameters[i].GetName(), suffix));
  if (fixed == parameters.size())
    return list;
  bool single = fixed + 1 == parameters.size();
  bool variadic = !single || parameters[fixed].GetOption() == OpSchema::Variadic;
  std::string name = single ? parameters[fixed].GetName() : rest;
  list.push_back((variadic ? "Variadic<AnyType>:$" : "Optional<AnyType>:$") +
                 names.unique(name, suffix));
  return list;
}

static std::string join(const std::vector<std::string> &list) {
  std::string text;
  for (const std::string &item : list)
    text += (text.empty() ? "" : ",\n      ") + item;
  return text;
}

static void writeOperation(const OpSchema &schema, std::ostream &out) {
  Names names;
  // Attribute names are the specification's, so they are served first; the
  // order is alphabetical, as in the specification.
  std::map<std::string, const OpSchema::Attribute *> attributes;
  for (const auto &[name, attribute] : schema.attributes())
    attributes[name] = &attribute;
  std::vector<std::string> attributeList, regions;
  for (const auto &[name, attribute] : attributes) {
    std::string kind = attributeKind(*attribute);
    if (kind.empty()) {
      regions.push_back((attribute->required ? "SizedRegion<1>:$" : "AnyRegion:$") +
                        names.unique(name, "_region"));
    } else {
      attributeList.push_back(kind + ":$" + name);
      names.take(name);
    }
  }
  std::vector<std::string> arguments =
      parameterList(schema.inputs(), "optional_inputs", names, "_in");
  arguments.insert(arguments.end(), attributeList.begin(), attributeList.end());
  std::vector<std::string> results =
      parameterList(schema.outputs(), "optional_outputs", names, "_out");

  std::string traits;
  if (!regions.empty())
    traits = "RecursiveMemoryEffects, RecursivelySpeculatable";
  else if (schema.GetNodeDeterminism() !=
           OpSchema::NodeDeterminism::NonDeterministic)
    traits = "Pure";
  out << "def ONNX_" << classPrefix(schema.domain()) << schema.Name()
      << "Op : ONNX_Op<" << quote(mnemonic(schema)) << ", [" << traits
      << "]> {\n  let summary = " << quote(summary(schema)) << ";\n";
  out << "  let arguments = (ins\n      " << join(arguments) << ");\n";
  out << "  let results = (outs\n      " << join(results) << ");\n";
  if (!regions.empty())
    out << "  let regions = (region\n      " << join(regions) << ");\n";
  out << "}\n\n";
}

/// The newest version that is not deprecated. A main domain operator whose newest version is deprecated is left out: import replaces it. In other domains
/// such operators stay as they were.
static std::map<std::string, OpSchema> newestSchemas() {
  std::map<std::string, OpSchema> newest;
  std::map<std::string, int> gone;
  for (OpSchema &schema :
       onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
    std::string key = mnemonic(schema);
    if (schema.deprecated()) {
      if (schema.domain().empty())
        gone[key] = std::max(gone[key], schema.SinceVersion());
      continue;
    }
    auto [entry, added] = newest.try_emplace(key, schema);
    if (!added && entry->second.SinceVersion() < schema.SinceVersion())
      entry->second = std::move(schema);
  }
  for (const auto &[key, version] : gone)
    if (newest.count(key) && newest.at(key).SinceVersion() < version)
      newest.erase(key);
  // Written by hand in ONNXBase.td: a single attribute, and a folder.
  newest.erase("Constant");
  return newest;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    std::cerr << "usage: ingot-onnx-ods OUTPUT.td\n";
    return 2;
  }
  std::ofstream out(argv[1]);
  out << "// Written by dialects/onnx/GenerateOps.cpp from the schema registry.\n"
         "include \"dialects/onnx/ONNXBase.td\"\n\n";
  for (const auto &[key, schema] : newestSchemas())
    writeOperation(schema, out);
  out.close();
  return out ? 0 : 1;
}
