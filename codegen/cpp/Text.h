//===- Text.h - expressions, statements and lines -------------------------===//
#ifndef INGOT_CODEGEN_CPP_TEXT_H
#define INGOT_CODEGEN_CPP_TEXT_H

#include "codegen/cpp/EmitCpp.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include <string>
#include <vector>

namespace ingot::cpp {

/// How tightly the outermost operator of an expression binds.
enum class Binding {
  conditional,
  logicalOr,
  logicalAnd,
  bitOr,
  bitXor,
  bitAnd,
  equality,
  relation,
  shift,
  sum,
  product,
  unary,
  primary,
};

struct Expression {
  std::string text;
  Binding binding = Binding::primary;

  /// The text, in parentheses if it binds less tightly than `least`.
  std::string in(Binding least) const {
    return binding < least ? "(" + text + ")" : text;
  }
};

/// left OP right. The operands get parentheses where the language needs them, and where compilers warn without.
Expression binary(const Expression &left, llvm::StringRef op,
                  const Expression &right);

/// Literals of scalars. `typed`: the literal alone has the type (int8_t(3)), for arguments of templates.
Expression floatLiteral(const llvm::APFloat &value);
Expression integerLiteral(const llvm::APInt &value, bool typed);

/// The lines of a function's body. Statements are kept apart until they are printed, so that short ones can share a line.
class Body {
public:
  explicit Body(const CppStyle &style) : style(style) {}

  /// `type name = value;`, or without a value.
  void declare(const llvm::Twine &type, const llvm::Twine &name,
               const llvm::Twine &value);
  /// Any statement, with its semicolon. Statements in a row of the same non-empty kind may share lines.
  void statement(const llvm::Twine &text, llvm::StringRef kind = "");
  /// `head {`, one level deeper until `close`.
  void open(const llvm::Twine &head);
  void close(const llvm::Twine &tail = "}");
  /// `} else {`
  void orElse();

  /// A place to come back to: everything after it is dropped.
  size_t mark() const { return items.size(); }
  void rewind(size_t mark) { items.resize(mark); }
  void print(llvm::raw_ostream &os) const;
  /// Lines that print() would write.
  unsigned lines() const;

private:
  struct Item {
    unsigned depth;
    std::string type;
    std::string kind;
    std::string text;
  };
  std::vector<std::string> layOut() const;

  const CppStyle &style;
  unsigned depth = 1;
  std::vector<Item> items;
};

/// `text` broken into lines of at most `columns` characters at commas and operators, the later ones indented by four more.
std::vector<std::string> wrap(llvm::StringRef text, unsigned indent,
                              unsigned columns);

/// Prose in `//` comments.
void printComment(llvm::raw_ostream &os, llvm::StringRef text,
                  unsigned columns);

} // namespace ingot::cpp

#endif
