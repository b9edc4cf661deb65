//===- Names.h - the model's names in locations ---------------------------===//
#ifndef INGOT_COMPILER_SUPPORT_NAMES_H
#define INGOT_COMPILER_SUPPORT_NAMES_H

#include "mlir/IR/Location.h"
#include <string>
#include <vector>

namespace ingot {

/// A node of the model: `NameLoc(name, NameLoc(type))`.
struct NodeName {
  std::string name;
  std::string type;
  bool operator==(const NodeName &other) const {
    return name == other.name && type == other.type;
  }
};

/// The nodes that an operation came from, in order, each once.
std::vector<NodeName> nodesOf(mlir::Location loc);

/// Lower-case identifier [a-z0-9_] that starts with a letter; every other character becomes one underscore.
std::string toIdentifier(llvm::StringRef text);

} // namespace ingot

#endif
