//===- InterfaceList.h - sequences and optionals of the interface ---------===//
//
// @main has tensors alone. Which of them are elements of a sequence, or what an optional holds, stands in the module's attribute
// `ingot.lists` (docs/ir.md).
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_SUPPORT_INTERFACELIST_H
#define INGOT_COMPILER_SUPPORT_INTERFACELIST_H

#include "mlir/IR/Builders.h"

namespace ingot {

constexpr llvm::StringLiteral kInterfaceLists = "ingot.lists";

/// `side` is "input" or "output", `kind` "sequence", "optional" (one tensor) or "absent" (none); `first` is the place of its first tensor among the
/// arguments or results of @main, where the `count` tensors stand in order.
inline mlir::DictionaryAttr interfaceList(mlir::Builder &b, llvm::StringRef name, llvm::StringRef side, llvm::StringRef kind,
                                          int64_t first, int64_t count) {
  return b.getDictionaryAttr({b.getNamedAttr("name", b.getStringAttr(name)), b.getNamedAttr("side", b.getStringAttr(side)),
                              b.getNamedAttr("kind", b.getStringAttr(kind)), b.getNamedAttr("first", b.getI64IntegerAttr(first)),
                              b.getNamedAttr("count", b.getI64IntegerAttr(count))});
}

/// What an element of a sequence is called at the interface.
inline std::string elementName(llvm::StringRef name, size_t i) { return (name + "[" + llvm::Twine(i) + "]").str(); }

} // namespace ingot

#endif
