//===- Names.cpp ----------------------------------------------------------===//
#include "codegen/cpp/Names.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cpp;

/// Keywords of C++20 and of the compilers, macros that compilers define without an underscore, and what vector.h and the files' own
/// text call theirs.
static bool isReserved(StringRef name) {
  static const llvm::StringSet<> names = {
      // Keywords.
      "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor",
      "bool", "break", "case", "catch", "char", "char8_t", "char16_t",
      "char32_t", "class", "compl", "concept", "const", "consteval",
      "constexpr", "constinit", "const_cast", "continue", "co_await",
      "co_return", "co_yield", "decltype", "default", "delete", "do", "double",
      "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false",
      "float", "for", "friend", "goto", "if", "inline", "int", "long",
      "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr",
      "operator", "or", "or_eq", "private", "protected", "public", "register",
      "reinterpret_cast", "requires", "return", "short", "signed", "sizeof",
      "static", "static_assert", "static_cast", "struct", "switch", "template",
      "this", "thread_local", "throw", "true", "try", "typedef", "typeid",
      "typename", "union", "unsigned", "using", "virtual", "void", "volatile",
      "wchar_t", "while", "xor", "xor_eq", "typeof", "restrict", "final",
      "override", "import", "module",
      // Macros.
      "linux", "unix", "i386", "arm", "mips", "sun", "vax", "near", "far",
      "errno", "assert", "offsetof", "NULL", "EOF", "NAN", "INFINITY",
      "HUGE_VAL", "stdin", "stdout", "stderr", "min", "max", "PI", "complex",
      "I",
      // Ours.
      "std", "ingot", "main", "detail", "byte", "size_t", "ptrdiff_t",
      "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t",
      "uint32_t", "uint64_t", "Vector", "VectorOf", "Traits", "Element", "Int",
      "Bits", "BitsOf", "Common", "CommonOf", "Lanes", "LanesOf", "CountTo",
      "Unsigned", "UnsignedOf", "Status", "lanes", "is_vector", "view", "load",
      "store", "bitcast", "splat", "splat_lanes", "shuffle", "slice_lanes",
      "join_lanes", "low", "high", "join", "insert", "map_lanes", "convert",
      "as_unsigned", "convert_unsigned", "convert_to_unsigned", "convert_mask",
      "mask_bits", "bits_mask", "load_mask", "store_mask", "select", "infinity",
      "quiet_nan", "fma", "fma_one", "fma_vector", "abs", "copysign", "maximum",
      "minimum", "relu", "at_least", "at_most", "number_at_least",
      "number_at_most", "widen", "in_register", "dot", "dot_unsigned", "INGOT_ROLLED", "max_number", "min_number",
      "sqrt", "sqrt_one", "round_magnitude", "round_vector", "roundeven",
      "trunc", "floor", "ceil", "max_signed", "min_signed", "max_unsigned",
      "min_unsigned", "max_index", "min_index", "div_unsigned", "rem_unsigned",
      "shift_right_unsigned", "floor_div", "ceil_div", "floor_mod", "reduce",
      "is_aligned", "run_pointers", "input_values", "output_values", "lists",
      "weights", "arena", "run", "graph", "text", "Inputs", "Outputs", "State",
      "Context", "exp", "log", "sin", "cos", "tan", "pow", "tanh", "erf"};
  if (names.contains(name) || name.starts_with("reduce_"))
    return true;
  // f32x16 and the like.
  size_t digits = name.find_first_not_of("0123456789", 1);
  return name.size() > 3 && (name[0] == 'f' || name[0] == 'i') &&
         digits != StringRef::npos && digits > 1 && name[digits] == 'x';
}

std::string cpp::identifier(StringRef text, unsigned longest) {
  std::string name;
  for (char c : text) {
    bool usable = llvm::isAlnum(c);
    // Two underscores in a row and leading ones are reserved.
    if (!usable && (name.empty() || name.back() == '_'))
      continue;
    name += usable ? c : '_';
  }
  // The end of a long name tells more than its beginning; it is cut between words.
  if (name.size() > longest) {
    size_t word = name.find('_', name.size() - longest - 1);
    name.erase(0, word == std::string::npos || word + 1 == name.size()
                      ? name.size() - longest
                      : word + 1);
  }
  while (!name.empty() && name.back() == '_')
    name.pop_back();
  if (name.empty())
    return name;
  if (llvm::isDigit(name[0]))
    name = "n" + name;
  if (isReserved(name))
    name += '_';
  return name;
}

StringRef cpp::nameOf(Location loc) {
  if (auto named = dyn_cast<NameLoc>(loc))
    return named.getName();
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return nameOf(call.getCallee());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (StringRef name = nameOf(part); !name.empty())
        return name;
  return {};
}

std::string cpp::commentText(StringRef text) {
  std::string safe;
  for (char c : text)
    safe += llvm::isPrint(c) && c != '?' && c != '\\' ? c
            : c == '\\'                               ? '/'
                                                      : '.';
  return StringRef(safe).trim().str();
}

std::string cpp::stringLiteral(StringRef text) {
  std::string literal = "\"";
  for (char c : text) {
    // Octal escapes take three digits at most, so that what follows is never part of one; `?` could start a trigraph.
    if (!llvm::isPrint(c) || c == '"' || c == '\\' || c == '?') {
      unsigned char byte = static_cast<unsigned char>(c);
      literal += '\\';
      literal += char('0' + (byte >> 6));
      literal += char('0' + ((byte >> 3) & 7));
      literal += char('0' + (byte & 7));
    } else {
      literal += c;
    }
  }
  return literal + '"';
}

std::string NameScopes::add(StringRef wanted) {
  std::string name = wanted.str();
  // A name that ends in a digit gets a letter before the number, or v1 and v11 would be confused.
  bool digit = !name.empty() && llvm::isDigit(name.back());
  if (contains(name)) {
    // What a scope around found to be taken still is.
    unsigned number = 2;
    for (const Names &scope : scopes)
      number = std::max(number, scope.next.lookup(wanted));
    do
      name = (wanted + (digit ? "_" : "") + llvm::Twine(number++)).str();
    while (contains(name));
    scopes.back().next[wanted] = number;
  }
  scopes.back().taken.insert(name);
  return name;
}

bool NameScopes::contains(StringRef name) const {
  return llvm::any_of(scopes, [&](const Names &scope) {
    return scope.taken.contains(name);
  });
}
