//===- Names.h - names from a model as C++ identifiers --------------------===//
#ifndef INGOT_CODEGEN_CPP_NAMES_H
#define INGOT_CODEGEN_CPP_NAMES_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <string>

namespace ingot::cpp {

/// A C++ identifier that resembles `text`: no keyword, no name that is reserved to the implementation or that generated code uses
/// itself, at most `longest` characters. Empty where nothing of the text can be used.
std::string identifier(llvm::StringRef text, unsigned longest);

/// The name that a location gives to a value, node or kernel; empty if it gives none.
llvm::StringRef nameOf(mlir::Location loc);

/// Text from a model, made safe for a `//` comment: one line, printable, not ending in a backslash, no trigraphs.
std::string commentText(llvm::StringRef text);

/// A C string literal with its quotes.
std::string stringLiteral(llvm::StringRef text);

/// The names that are visible at a point of the text. Scopes nest, and no name hides another.
class NameScopes {
public:
  NameScopes() { push(); }
  void push() { scopes.emplace_back(); }
  void pop() { scopes.pop_back(); }
  /// `wanted`, or with a number behind it where that is taken.
  std::string add(llvm::StringRef wanted);
  bool contains(llvm::StringRef name) const;

private:
  struct Names {
    llvm::StringSet<> taken;
    /// The first number that may be free behind a wanted name, so that many values of one name take no search each.
    llvm::StringMap<unsigned> next;
  };
  llvm::SmallVector<Names> scopes;
};

} // namespace ingot::cpp

#endif
