//===- Regex.cpp - a regular expression as an automaton -------------------===//
//
// Three steps: the pattern becomes a tree; the tree an automaton of bytes with free steps (Thompson's), where a character is the bytes of its UTF-8; and
// sets of its states the states of the result.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/Regex.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include <algorithm>
#include <map>
#include <optional>

using namespace ingot::lower;
using llvm::StringRef;

namespace {
constexpr int kDeepest = 200;
constexpr size_t kMostParts = 50000, kMostStates = 4096;
constexpr int64_t kMostRepeats = 1000;
constexpr uint32_t kLastCharacter = 0x10ffff;

/// Characters from first to last.
using Range = std::pair<uint32_t, uint32_t>;
using Ranges = std::vector<Range>;

struct Part {
  enum Kind { Characters, Sequence, Choice, Repeat, Begin, End, Border, NoBorder } kind;
  Ranges ranges;
  std::vector<unsigned> children;
  int64_t least = 0, most = -1; ///< most: -1 without bound
};

Ranges sorted(Ranges ranges) {
  llvm::sort(ranges);
  Ranges result;
  for (Range range : ranges)
    if (!result.empty() && range.first <= result.back().second + 1)
      result.back().second = std::max(result.back().second, range.second);
    else
      result.push_back(range);
  return result;
}

Ranges inverted(const Ranges &ranges) {
  Ranges result;
  uint32_t next = 0;
  for (Range range : sorted(ranges)) {
    if (range.first > next)
      result.push_back({next, range.first - 1});
    next = range.second + 1;
  }
  if (next <= kLastCharacter)
    result.push_back({next, kLastCharacter});
  return result;
}

/// ASCII letters in both cases.
Ranges inBothCases(Ranges ranges) {
  Ranges more;
  for (Range range : ranges)
    for (auto [first, last, step] : {std::tuple<uint32_t, uint32_t, int>{'a', 'z', -32}, {'A', 'Z', 32}}) {
      uint32_t from = std::max(first, range.first), to = std::min(last, range.second);
      if (from <= to)
        more.push_back({from + step, to + step});
    }
  ranges.insert(ranges.end(), more.begin(), more.end());
  return ranges;
}

//===----------------------------------------------------------------------===//
// Pattern to tree
//===----------------------------------------------------------------------===//

class Parser {
public:
  explicit Parser(StringRef pattern) : rest(pattern) {}

  unsigned run() {
    unsigned whole = choice(0);
    if (error.empty() && !rest.empty())
      error = "has a ')' that closes nothing; correct it";
    return whole;
  }

  std::vector<Part> parts;
  std::string error;

private:
  unsigned add(Part part) {
    if (parts.size() >= kMostParts)
      error = "is too long; it is not supported";
    parts.push_back(std::move(part));
    return parts.size() - 1;
  }
  unsigned characters(Ranges ranges) {
    return add({Part::Characters, sorted(ignoreCase ? inBothCases(std::move(ranges)) : std::move(ranges)), {}});
  }

  unsigned choice(int depth) {
    if (depth > kDeepest) {
      error = "has groups in each other too deep; it is not supported";
      return 0;
    }
    bool outerCase = ignoreCase, outerDot = dotTakesAll;
    std::vector<unsigned> branches{sequence(depth)};
    while (error.empty() && rest.consume_front("|"))
      branches.push_back(sequence(depth));
    // Flags hold to the end of the group.
    ignoreCase = outerCase;
    dotTakesAll = outerDot;
    return branches.size() == 1 ? branches[0] : add({Part::Choice, {}, branches});
  }

  unsigned sequence(int depth) {
    std::vector<unsigned> items;
    while (error.empty() && !rest.empty() && rest[0] != '|' && rest[0] != ')') {
      std::optional<unsigned> item = atom(depth);
      if (item)
        items.push_back(repeated(*item));
    }
    return add({Part::Sequence, {}, items});
  }

  unsigned repeated(unsigned item) {
    while (error.empty() && !rest.empty()) {
      int64_t least = 0, most = -1;
      if (rest.consume_front("*")) {
      } else if (rest.consume_front("+")) {
        least = 1;
      } else if (rest.consume_front("?")) {
        most = 1;
      } else if (!bounds(least, most)) {
        break;
      }
      // Whether the longest or the shortest is tried first makes no difference to what matches as a whole.
      rest.consume_front("?");
      Part part{Part::Repeat, {}, {item}};
      part.least = least;
      part.most = most;
      item = add(part);
    }
    return item;
  }

  /// {n}, {n,} or {n,m}; anything else stands for itself.
  bool bounds(int64_t &least, int64_t &most) {
    StringRef text = rest;
    if (!text.consume_front("{") || text.consumeInteger(10, least) || least < 0)
      return false;
    most = least;
    if (text.consume_front(",")) {
      most = -1;
      if (!text.starts_with("}") && (text.consumeInteger(10, most) || most < 0))
        return false;
    }
    if (!text.consume_front("}"))
      return false;
    if (least > kMostRepeats || most > kMostRepeats || (most != -1 && most < least))
      error = "repeats something too often, or in the wrong order; correct it";
    rest = text;
    return true;
  }

  std::optional<unsigned> atom(int depth) {
    if (rest.consume_front("("))
      return group(depth);
    if (rest.consume_front("["))
      return characters(characterClass());
    if (rest.consume_front("."))
      return characters(dotTakesAll ? Ranges{{0, kLastCharacter}} : inverted({{'\n', '\n'}}));
    if (rest.consume_front("^") || rest.consume_front("\\A"))
      return add({Part::Begin, {}, {}});
    if (rest.consume_front("$") || rest.consume_front("\\z"))
      return add({Part::End, {}, {}});
    if (rest.consume_front("\\b"))
      return add({Part::Border, {}, {}});
    if (rest.consume_front("\\B"))
      return add({Part::NoBorder, {}, {}});
    if (StringRef("*+?").contains(rest[0])) {
      error = "has a '" + rest.take_front().str() + "' with nothing before it; correct it";
      return std::nullopt;
    }
    if (rest[0] == '\\')
      return characters(escape());
    uint32_t character = next();
    return characters({{character, character}});
  }

  std::optional<unsigned> group(int depth) {
    if (rest.consume_front("?")) {
      if (rest.consume_front("P<") || rest.consume_front("<")) {
        if (rest.starts_with("=") || rest.starts_with("!"))
          return refuse("looks back");
        size_t end = rest.find('>');
        if (end == StringRef::npos)
          return refuse("has a group whose name does not end");
        rest = rest.drop_front(end + 1);
      } else if (rest.starts_with("=") || rest.starts_with("!")) {
        return refuse("looks ahead");
      } else if (!rest.consume_front(":")) {
        bool value = true;
        bool newCase = ignoreCase, newDot = dotTakesAll;
        for (; !rest.empty() && rest[0] != ':' && rest[0] != ')'; rest = rest.drop_front()) {
          if (rest[0] == '-')
            value = false;
          else if (rest[0] == 'i')
            newCase = value;
          else if (rest[0] == 's')
            newDot = value;
          else if (rest[0] != 'U')
            return refuse("has the flag '" + rest.take_front().str() + "'");
        }
        // To the end of the group that this stands in.
        if (rest.consume_front(")")) {
          ignoreCase = newCase;
          dotTakesAll = newDot;
          return std::nullopt;
        }
        rest.consume_front(":");
        bool outerCase = ignoreCase, outerDot = dotTakesAll;
        ignoreCase = newCase;
        dotTakesAll = newDot;
        std::optional<unsigned> inner = close(depth);
        ignoreCase = outerCase;
        dotTakesAll = outerDot;
        return inner;
      }
    }
    return close(depth);
  }

  std::optional<unsigned> close(int depth) {
    unsigned inner = choice(depth + 1);
    if (error.empty() && !rest.consume_front(")"))
      error = "has a '(' that is not closed; correct it";
    return inner;
  }

  std::nullopt_t refuse(const std::string &what) {
    error = what + ", which is not supported; write it otherwise";
    return std::nullopt;
  }

  /// One character of the pattern's UTF-8.
  uint32_t next() {
    const llvm::UTF8 *begin = rest.bytes_begin();
    llvm::UTF32 character = 0;
    if (rest.empty() || llvm::convertUTF8Sequence(&begin, rest.bytes_end(), &character, llvm::strictConversion) != llvm::conversionOK) {
      error = "ends too early, or is no UTF-8; correct it";
      return 0;
    }
    rest = rest.drop_front(begin - rest.bytes_begin());
    return character;
  }

  static std::optional<Ranges> perlClass(char c) {
    switch (c) {
    case 'd':
      return Ranges{{'0', '9'}};
    case 's':
      return Ranges{{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
    case 'w':
      return Ranges{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    case 'D':
    case 'S':
    case 'W':
      return inverted(*perlClass(llvm::toLower(c)));
    default:
      return std::nullopt;
    }
  }

  /// A backslash and what follows.
  Ranges escape() {
    rest = rest.drop_front();
    if (rest.empty()) {
      error = "ends in a backslash; correct it";
      return {};
    }
    if (auto known = perlClass(rest[0])) {
      rest = rest.drop_front();
      return *known;
    }
    static const std::pair<char, char> controls[] = {{'a', '\a'}, {'f', '\f'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'v', '\v'}};
    for (auto [letter, value] : controls)
      if (rest.consume_front(StringRef(&letter, 1)))
        return {{uint32_t(value), uint32_t(value)}};
    if (rest.consume_front("x")) {
      bool braced = rest.consume_front("{");
      size_t digits = rest.find_if_not([](char c) { return llvm::isHexDigit(c); });
      StringRef text = rest.take_front(braced ? digits : 2);
      uint32_t value = 0;
      if (text.empty() || text.getAsInteger(16, value) || value > kLastCharacter) {
        error = "has a '\\x' without a number; correct it";
        return {};
      }
      rest = rest.drop_front(text.size());
      if (braced && !rest.consume_front("}"))
        error = "has a '\\x{' that is not closed; correct it";
      return {{value, value}};
    }
    if (llvm::isAlnum(rest[0])) {
      refuse("has '\\" + rest.take_front().str() + "'");
      return {};
    }
    uint32_t character = next();
    return {{character, character}};
  }

  static std::optional<Ranges> namedClass(StringRef name) {
    static const std::pair<StringRef, Ranges> known[] = {
        {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
        {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
        {"ascii", {{0, 127}}},
        {"blank", {{'\t', '\t'}, {' ', ' '}}},
        {"cntrl", {{0, 31}, {127, 127}}},
        {"digit", {{'0', '9'}}},
        {"graph", {{'!', '~'}}},
        {"lower", {{'a', 'z'}}},
        {"print", {{' ', '~'}}},
        {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
        {"space", {{'\t', '\r'}, {' ', ' '}}},
        {"upper", {{'A', 'Z'}}},
        {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
        {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
    };
    bool negated = name.consume_front("^");
    for (const auto &[text, ranges] : known)
      if (text == name)
        return negated ? inverted(ranges) : ranges;
    return std::nullopt;
  }

  /// Behind the bracket that opens it.
  Ranges characterClass() {
    bool negated = rest.consume_front("^");
    Ranges ranges;
    for (bool first = true; error.empty(); first = false) {
      if (rest.empty()) {
        error = "has a '[' that is not closed; correct it";
        break;
      }
      if (!first && rest.consume_front("]"))
        break;
      if (rest.starts_with("[:")) {
        size_t end = rest.find(":]");
        auto known = end == StringRef::npos ? std::nullopt : namedClass(rest.slice(2, end));
        if (!known) {
          error = "has a '[:' without a known name; correct it";
          break;
        }
        ranges.insert(ranges.end(), known->begin(), known->end());
        rest = rest.drop_front(end + 2);
        continue;
      }
      Ranges from = classCharacter();
      if (from.size() == 1 && from[0].first == from[0].second && rest.size() > 1 && rest[0] == '-' && rest[1] != ']') {
        rest = rest.drop_front();
        Ranges to = classCharacter();
        if (error.empty() && (to.size() != 1 || to[0].first != to[0].second || to[0].first < from[0].first))
          error = "has a range of characters that ends before it begins; correct it";
        if (error.empty())
          from[0].second = to[0].first;
      }
      ranges.insert(ranges.end(), from.begin(), from.end());
    }
    if (ignoreCase)
      ranges = inBothCases(std::move(ranges));
    return negated ? inverted(ranges) : ranges;
  }

  Ranges classCharacter() {
    if (rest.starts_with("\\"))
      return escape();
    uint32_t character = next();
    return {{character, character}};
  }

  StringRef rest;
  bool ignoreCase = false, dotTakesAll = false;
};

//===----------------------------------------------------------------------===//
// Tree to an automaton with free steps
//===----------------------------------------------------------------------===//

struct Step {
  enum Kind { Bytes, Free, AtBegin, AtEnd, AtBorder, OffBorder } kind;
  uint8_t first = 0, last = 0;
  unsigned to = 0;
};

class Automaton {
public:
  explicit Automaton(const std::vector<Part> &parts) : parts(parts) {}

  /// Steps from `from` over the part; the state behind it.
  unsigned build(unsigned number, unsigned from) {
    const Part &part = parts[number];
    switch (part.kind) {
    case Part::Characters: {
      unsigned to = state();
      for (Range range : part.ranges)
        addCharacters(from, to, range.first, range.second);
      return to;
    }
    case Part::Sequence:
      for (unsigned child : part.children)
        from = build(child, from);
      return from;
    case Part::Choice: {
      unsigned to = state();
      for (unsigned child : part.children)
        add(build(child, free(from)), {Step::Free, 0, 0, to});
      return to;
    }
    case Part::Repeat: {
      for (int64_t i = 0; i < part.least && !tooLarge(); ++i)
        from = build(part.children[0], from);
      unsigned to = state();
      if (part.most < 0) {
        unsigned loop = free(from);
        add(loop, {Step::Free, 0, 0, to});
        add(build(part.children[0], loop), {Step::Free, 0, 0, loop});
        return to;
      }
      add(from, {Step::Free, 0, 0, to});
      for (int64_t i = part.least; i < part.most && !tooLarge(); ++i) {
        from = build(part.children[0], from);
        add(from, {Step::Free, 0, 0, to});
      }
      return to;
    }
    case Part::Begin:
      return assertion(Step::AtBegin, from);
    case Part::End:
      return assertion(Step::AtEnd, from);
    case Part::Border:
      return assertion(Step::AtBorder, from);
    case Part::NoBorder:
      return assertion(Step::OffBorder, from);
    }
    return from;
  }

  unsigned assertion(Step::Kind kind, unsigned from) {
    unsigned to = state();
    add(from, {kind, 0, 0, to});
    return to;
  }

  unsigned state() {
    steps.emplace_back();
    return steps.size() - 1;
  }
  bool tooLarge() const { return steps.size() > kMostParts; }

  std::vector<std::vector<Step>> steps;

private:
  void add(unsigned from, Step step) { steps[from].push_back(step); }
  unsigned free(unsigned from) {
    unsigned to = state();
    add(from, {Step::Free, 0, 0, to});
    return to;
  }

  /// The bytes of the UTF-8 of all characters of a range.
  void addCharacters(unsigned from, unsigned to, uint32_t first, uint32_t last) {
    if (first > last || tooLarge())
      return;
    // Surrogates are no characters.
    if (first < 0xd800 && last >= 0xd800) {
      addCharacters(from, to, first, 0xd7ff);
      return addCharacters(from, to, 0xe000, last);
    }
    if (first >= 0xd800 && first < 0xe000)
      return addCharacters(from, to, 0xe000, last);
    // One length of sequences at a time.
    for (uint32_t limit : {0x7fu, 0x7ffu, 0xffffu})
      if (first <= limit && last > limit) {
        addCharacters(from, to, first, limit);
        return addCharacters(from, to, limit + 1, last);
      }
    // All bytes but the first that differ run over all their values.
    for (unsigned bits = 6; bits <= 18; bits += 6) {
      uint32_t low = (1u << bits) - 1;
      if ((first & ~low) == (last & ~low))
        continue;
      if (first & low) {
        addCharacters(from, to, first, first | low);
        return addCharacters(from, to, (first | low) + 1, last);
      }
      if ((last & low) != low) {
        addCharacters(from, to, first, (last & ~low) - 1);
        return addCharacters(from, to, last & ~low, last);
      }
    }
    uint8_t begin[4], end[4];
    unsigned length = encode(first, begin);
    encode(last, end);
    for (unsigned i = 0; i + 1 < length; ++i) {
      unsigned next = state();
      add(from, {Step::Bytes, begin[i], end[i], next});
      from = next;
    }
    add(from, {Step::Bytes, begin[length - 1], end[length - 1], to});
  }

  static unsigned encode(uint32_t character, uint8_t *bytes) {
    if (character < 0x80) {
      bytes[0] = uint8_t(character);
      return 1;
    }
    unsigned length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (unsigned i = length; --i;) {
      bytes[i] = uint8_t(0x80 | (character & 0x3f));
      character >>= 6;
    }
    bytes[0] = uint8_t((0xf00 >> length) | character);
    return length;
  }

  const std::vector<Part> &parts;
};

/// A set of states, in order.
using Set = std::vector<unsigned>;

/// What holds at a place of the text.
struct Place {
  bool begin = false, end = false;
  /// Whether it lies between a letter, digit or underscore of ASCII and something else; none where that is not known yet.
  std::optional<bool> border;
};

bool isWord(uint8_t byte) { return llvm::isAlnum(char(byte)) || byte == '_'; }

/// The states that steps without bytes lead to as well.
Set closed(const Automaton &automaton, Set set, const Place &place) {
  std::vector<bool> seen(automaton.steps.size());
  Set work = std::move(set), result;
  for (unsigned state : work)
    seen[state] = true;
  while (!work.empty()) {
    unsigned state = work.back();
    work.pop_back();
    result.push_back(state);
    for (const Step &step : automaton.steps[state]) {
      bool taken = step.kind == Step::Free || (step.kind == Step::AtBegin && place.begin) || (step.kind == Step::AtEnd && place.end) ||
                   (step.kind == Step::AtBorder && place.border == true) || (step.kind == Step::OffBorder && place.border == false);
      if (taken && !seen[step.to]) {
        seen[step.to] = true;
        work.push_back(step.to);
      }
    }
  }
  llvm::sort(result);
  return result;
}
} // namespace

std::string Regex::compile(StringRef pattern) {
  Parser parser(pattern);
  unsigned whole = parser.run();
  if (!parser.error.empty())
    return parser.error;
  Automaton automaton(parser.parts);
  unsigned begin = automaton.state(), end = automaton.build(whole, begin);
  std::string tooLarge = "needs an automaton that is too large; write it otherwise";
  if (automaton.tooLarge())
    return tooLarge;

  // Bytes between the same ends of ranges are one class.
  bool starts[257] = {true};
  bool hasBorders = false;
  for (const auto &steps : automaton.steps)
    for (const Step &step : steps) {
      if (step.kind == Step::Bytes)
        starts[step.first] = starts[step.last + 1] = true;
      hasBorders |= step.kind == Step::AtBorder || step.kind == Step::OffBorder;
    }
  std::vector<uint8_t> examples;
  classes.clear();
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (starts[byte] || (hasBorders && byte && isWord(uint8_t(byte)) != isWord(uint8_t(byte - 1))))
      examples.push_back(uint8_t(byte));
    classes.push_back(uint8_t(examples.size() - 1));
  }
  classes.push_back(255 - classes.back());
  width = int64_t(examples.size()) + 1;

  // A state is a set and, where borders of words matter, whether the last byte was of a word.
  using State = std::pair<Set, bool>;
  std::map<State, int32_t> numbers;
  std::vector<State> found;
  auto numberOf = [&](const State &state) {
    auto [known, isNew] = numbers.try_emplace(state, int32_t(found.size()));
    if (isNew)
      found.push_back(state);
    return known->second;
  };
  numberOf({{}, false});
  // The first state is one of its own, since assertions of the begin hold there alone.
  found.push_back({{begin}, false});
  states.clear();
  for (size_t i = 0; i < found.size(); ++i) {
    if (found.size() > kMostStates || found.size() * size_t(width) > kMostStates * 64)
      return tooLarge;
    State state = found[i];
    Place place;
    place.begin = i == 1;
    for (uint8_t byte : examples) {
      bool word = hasBorders && isWord(byte);
      if (hasBorders)
        place.border = word != state.second;
      Set next;
      for (unsigned from : closed(automaton, state.first, place))
        for (const Step &step : automaton.steps[from])
          if (step.kind == Step::Bytes && step.first <= byte && byte <= step.last)
            next.push_back(step.to);
      llvm::sort(next);
      next.erase(std::unique(next.begin(), next.end()), next.end());
      bool dead = next.empty();
      states.push_back(numberOf({closed(automaton, std::move(next), {}), word && !dead}));
    }
    place.end = true;
    if (hasBorders)
      place.border = state.second;
    states.push_back(llvm::is_contained(closed(automaton, state.first, place), end));
  }
  states.push_back(-1);
  return "";
}
