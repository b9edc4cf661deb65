//===- Text.cpp -----------------------------------------------------------===//
#include "codegen/cpp/Text.h"
#include "codegen/cpp/Names.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace llvm;
using namespace ingot;
using namespace ingot::cpp;

static Binding bindingOf(StringRef op) {
  return StringSwitch<Binding>(op)
      .Case("||", Binding::logicalOr)
      .Case("&&", Binding::logicalAnd)
      .Case("|", Binding::bitOr)
      .Case("^", Binding::bitXor)
      .Case("&", Binding::bitAnd)
      .Cases({"==", "!="}, Binding::equality)
      .Cases({"<", "<=", ">", ">="}, Binding::relation)
      .Cases({"<<", ">>"}, Binding::shift)
      .Cases({"+", "-"}, Binding::sum)
      .Cases({"*", "/", "%"}, Binding::product)
      .Default(Binding::primary);
}

Expression cpp::binary(const Expression &left, StringRef op,
                       const Expression &right) {
  Binding binding = bindingOf(op);
  // Sums and products nest to the left as they are read; elsewhere the parentheses that compilers ask for are written.
  Binding least = Binding::unary, leastRight = Binding::unary;
  bool chains = binding == Binding::bitOr || binding == Binding::bitAnd;
  if (binding == Binding::sum) {
    least = Binding::sum;
    leastRight = Binding::product;
  } else if (binding == Binding::product) {
    least = Binding::product;
  } else if (binding == Binding::equality || binding == Binding::relation) {
    least = leastRight = Binding::sum;
  } else if (binding == Binding::logicalOr || binding == Binding::logicalAnd) {
    least = leastRight = Binding::equality;
    chains = true;
  }
  bool chained = chains && left.binding == binding;
  return {(chained ? left.text : left.in(least)) + " " + op.str() + " " +
              right.in(leastRight),
          binding};
}

/// The shortest decimal digits that read back as the same value.
template <typename T> static std::string shortest(T value, T (*read)(const char *)) {
  for (int digits = 1;; ++digits) {
    std::string text;
    raw_string_ostream(text) << format("%.*g", digits, double(value));
    if (read(text.c_str()) == value || digits >= 17) {
      if (text.find_first_of(".e") == std::string::npos)
        text += ".0";
      return text;
    }
  }
}

Expression cpp::floatLiteral(const APFloat &value) {
  bool isFloat = &value.getSemantics() == &APFloat::IEEEsingle();
  std::string type = isFloat ? "float" : "double";
  if (value.isNaN()) {
    APInt bits = value.bitcastToAPInt();
    if (value.bitwiseIsEqual(APFloat::getQNaN(value.getSemantics())))
      return {"quiet_nan<" + type + ">"};
    std::string text;
    raw_string_ostream(text)
        << "bitcast<" << type << ">(int" << bits.getBitWidth() << "_t(0x"
        << utohexstr(bits.getZExtValue(), /*LowerCase=*/true)
        << (isFloat ? "))" : "u))");
    return {text};
  }
  Expression literal;
  if (value.isInfinity())
    literal.text = std::string(value.isNegative() ? "-" : "") + "infinity<" +
                   type + ">";
  else if (isFloat)
    literal.text = shortest<float>(value.convertToFloat(),
                                   [](const char *s) { return strtof(s, nullptr); }) +
                   "f";
  else
    literal.text = shortest<double>(value.convertToDouble(),
                                    [](const char *s) { return strtod(s, nullptr); });
  if (value.isNegative())
    literal.binding = Binding::unary;
  return literal;
}

Expression cpp::integerLiteral(const APInt &value, bool typed) {
  unsigned width = value.getBitWidth();
  if (width == 1)
    return {value.isZero() ? "false" : "true"};
  std::string cast = "int" + std::to_string(width) + "_t(";
  uint64_t bits = value.getZExtValue();
  // Bit patterns are easier to read in base 16.
  bool pattern = bits >= 0x10000 && width <= 64 && value.getSExtValue() != -1 &&
                 (countr_zero(bits) >= 12 || isMask_64(bits));
  bool isSmallNegative = value.isNegative() && value.sgt(-0x10000);
  if (pattern && !isSmallNegative) {
    std::string hex = "0x" + utohexstr(bits, /*LowerCase=*/true);
    bool fits = !value.isNegative() && width >= 32;
    return {fits && !(typed && width != 32) ? hex : cast + hex + ")"};
  }
  if (value.isMinSignedValue())
    return {cast + "-" + utostr(bits - 1) + (width == 64 ? "L) - 1" : " - 1)"),
            width == 64 ? Binding::sum : Binding::primary};
  std::string digits = itostr(value.getSExtValue());
  if (typed && width != 32)
    return {cast + digits + ")"};
  return {digits, value.isNegative() ? Binding::unary : Binding::primary};
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

std::vector<std::string> cpp::wrap(StringRef text, unsigned indent,
                                   unsigned columns) {
  std::vector<std::string> lines;
  std::string margin(indent, ' ');
  while (margin.size() + text.size() > columns) {
    unsigned room = columns - margin.size();
    int depth = 0, bestDepth = 1 << 20;
    size_t best = StringRef::npos;
    for (size_t i = 0; i < text.size() && i < room; ++i) {
      char c = text[i];
      depth += c == '(' || c == '[' || c == '{';
      depth -= c == ')' || c == ']' || c == '}';
      // After a comma, or after a binary operator between blanks; the assignment is the last resort.
      bool comma = (c == ',' || c == ';') && i + 1 < text.size() && text[i + 1] == ' ';
      bool op = i > 0 && i + 1 < text.size() && text[i - 1] == ' ' &&
                text[i + 1] == ' ' && StringRef("+-*/&|?:<>").contains(c);
      bool assign = i > 0 && text[i - 1] == ' ' && c == '=' && text[i + 1] == ' ';
      if (!comma && !op && !assign)
        continue;
      int cost = 2 * depth + (op && (c == '*' || c == '/')) + 16 * assign;
      if (cost <= bestDepth && i > room / 4) {
        bestDepth = cost;
        best = i + 1;
      }
    }
    if (best == StringRef::npos)
      break;
    lines.push_back(margin + text.take_front(best).rtrim().str());
    text = text.drop_front(best).ltrim();
    if (lines.size() == 1)
      margin += "    ";
  }
  lines.push_back(margin + text.str());
  return lines;
}

void cpp::printComment(raw_ostream &os, StringRef text, unsigned columns) {
  std::string safe = commentText(text);
  StringRef rest = safe;
  do {
    size_t end = rest.size();
    if (end + 3 > columns) {
      end = rest.take_front(columns - 3).rfind(' ');
      if (end == StringRef::npos || end == 0)
        end = std::min(rest.size(), size_t(columns - 3));
    }
    os << "// " << rest.take_front(end).rtrim() << "\n";
    rest = rest.drop_front(end).ltrim();
  } while (!rest.empty());
}

void Body::declare(const Twine &type, const Twine &name, const Twine &value) {
  std::string text = name.str(), initial = value.str();
  if (!initial.empty())
    text += " = " + initial;
  items.push_back({depth, type.str(), "", text});
}

void Body::statement(const Twine &text, StringRef kind) {
  items.push_back({depth, "", kind.str(), text.str()});
}

void Body::open(const Twine &head) {
  items.push_back({depth++, "", "", (head + " {").str()});
}

void Body::close(const Twine &tail) {
  items.push_back({--depth, "", "", tail.str()});
}

void Body::orElse() {
  items.push_back({depth - 1, "", "", "} else {"});
}

std::vector<std::string> Body::layOut() const {
  std::vector<std::string> lines;
  for (size_t i = 0; i < items.size();) {
    const Item &item = items[i];
    unsigned indent = style.indent * item.depth;
    size_t end = i + 1;
    auto joins = [&](const Item &next) {
      return next.depth == item.depth && next.type == item.type &&
             next.kind == item.kind &&
             (item.kind.empty() ||
              std::max(item.text.size(), next.text.size()) * 2 < style.columns);
    };
    if (!item.type.empty() && !StringRef(item.type).ends_with("*")) {
      // Short declarations of one type share a line.
      std::string line = item.type + " " + item.text;
      while (end < items.size() && joins(items[end]) &&
             indent + line.size() + items[end].text.size() + 3 <= style.columns)
        line += ", " + items[end++].text;
      llvm::append_range(lines, wrap(line + ";", indent, style.columns));
    } else if (!item.kind.empty()) {
      while (end < items.size() && joins(items[end]))
        ++end;
      // Runs of statements of one kind, as register tiles are made of, share lines.
      bool run = end - i >= 4;
      std::string line;
      for (size_t k = i; k < end; ++k) {
        if (!line.empty() &&
            (!run || indent + line.size() + items[k].text.size() + 1 >
                         style.columns)) {
          llvm::append_range(lines, wrap(line, indent, style.columns));
          line.clear();
        }
        line += (line.empty() ? "" : " ") + items[k].text;
      }
      llvm::append_range(lines, wrap(line, indent, style.columns));
    } else {
      std::string text = item.text;
      if (!item.type.empty())
        text = item.type + text + ";";
      llvm::append_range(lines, wrap(text, indent, style.columns));
    }
    i = end;
  }
  return lines;
}

void Body::print(raw_ostream &os) const {
  for (const std::string &line : layOut())
    os << line << "\n";
}

unsigned Body::lines() const { return layOut().size(); }
