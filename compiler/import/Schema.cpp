//===- Schema.cpp ---------------------------------------------------------===//
#include "compiler/import/Schema.h"
#include "llvm/ADT/StringMap.h"
#include <algorithm>

using namespace mlir;
using namespace ingot;
using ::onnx::AttributeProto;
using ::onnx::OpSchema;

std::string ingot::canonicalDomain(const std::string &domain) {
  return domain == "ai.onnx" ? "" : domain;
}

std::string ingot::operationName(const OpSchema &schema) {
  std::string name = schema.domain();
  std::replace(name.begin(), name.end(), '.', '_');
  return "onnx." + (name.empty() ? "" : name + "_") + schema.Name();
}

/// Newest schemas that are not deprecated, by operation name: what
/// dialects/onnx is generated from.
static const llvm::StringMap<OpSchema> &newestSchemas() {
  static const llvm::StringMap<OpSchema> schemas = [] {
    llvm::StringMap<OpSchema> newest;
    for (OpSchema &schema :
         ::onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
      if (schema.deprecated())
        continue;
      OpSchema &entry = newest[operationName(schema)];
      if (entry.SinceVersion() < schema.SinceVersion())
        entry = std::move(schema);
    }
    return newest;
  }();
  return schemas;
}

const OpSchema *ingot::schemaOf(Operation *op) {
  StringRef name = op->getName().getStringRef();
  if (name == "onnx.Constant" || !name.starts_with("onnx."))
    return nullptr;
  auto found = newestSchemas().find(name);
  return found == newestSchemas().end() ? nullptr : &found->second;
}

const OpSchema *ingot::newestSchema(const std::string &domain,
                                    const std::string &opType) {
  std::string name = canonicalDomain(domain);
  std::replace(name.begin(), name.end(), '.', '_');
  name = "onnx." + (name.empty() ? "" : name + "_") + opType;
  auto found = newestSchemas().find(name);
  return found == newestSchemas().end() ? nullptr : &found->second;
}

std::vector<std::string> ingot::graphAttributes(const OpSchema &schema) {
  std::vector<std::string> names;
  for (const auto &[name, attribute] : schema.attributes())
    if (attribute.type == AttributeProto::GRAPH)
      names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}
