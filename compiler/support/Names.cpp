//===- Names.cpp ----------------------------------------------------------===//
#include "compiler/support/Names.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

static void collect(Location loc, std::vector<ingot::NodeName> &nodes) {
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collect(part, nodes);
    return;
  }
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return collect(call.getCallee(), nodes);
  auto name = dyn_cast<NameLoc>(loc);
  if (!name)
    return;
  ingot::NodeName node{name.getName().str(), ""};
  if (auto type = dyn_cast<NameLoc>(name.getChildLoc()))
    node.type = type.getName().str();
  if (!llvm::is_contained(nodes, node))
    nodes.push_back(std::move(node));
}

std::vector<ingot::NodeName> ingot::nodesOf(Location loc) {
  std::vector<NodeName> nodes;
  collect(loc, nodes);
  return nodes;
}

std::string ingot::toIdentifier(llvm::StringRef text) {
  std::string result;
  for (char c : text) {
    if (llvm::isAlnum(c))
      result += llvm::toLower(c);
    else if (!result.empty() && result.back() != '_')
      result += '_';
  }
  while (!result.empty() && result.back() == '_')
    result.pop_back();
  if (result.empty() || llvm::isDigit(result.front()))
    result.insert(0, "k");
  return result;
}
