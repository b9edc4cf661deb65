//===- Upgrade.h - nodes of old opsets in the form of the newest ----------===//
#ifndef INGOT_COMPILER_IMPORT_UPGRADE_H
#define INGOT_COMPILER_IMPORT_UPGRADE_H

#include "compiler/import/Proto.h"
#include "onnx/defs/schema.h"
#include "llvm/ADT/StringMap.h"
#include <map>

namespace ingot {

using Nodes = google::protobuf::RepeatedPtrField<::onnx::NodeProto>;

/// Versions of operator sets by domain.
using Opsets = std::map<std::string, int64_t>;
Opsets opsetsOf(
    const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports);

/// The newest version of a domain that the onnx library knows, or 0.
int64_t newestOpset(const std::string &domain);

/// Names of values that are used in no graph yet.
class FreshNames {
public:
  /// The name is taken from now on.
  void use(llvm::StringRef name) { used.try_emplace(name, 0); }
  std::string make(llvm::StringRef base);

private:
  /// The number that a name made from this one gets next.
  llvm::StringMap<int64_t> used;
};

/// The first schema of the node's operator after `version`, or null.
const ::onnx::OpSchema *schemaAfter(const ::onnx::NodeProto &node, int version);

/// Appends to `nodes` what `node` means, which is written for `version` of its domain and valid there, in the newest opset. Throws ImportError
/// where the newest opset has no way to say it.
void upgradeNode(::onnx::NodeProto node, int64_t version, FreshNames &names,
                 Nodes &nodes);

} // namespace ingot

#endif
