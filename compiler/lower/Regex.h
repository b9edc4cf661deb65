//===- Regex.h - a regular expression as an automaton ---------------------===//
#ifndef INGOT_COMPILER_LOWER_REGEX_H
#define INGOT_COMPILER_LOWER_REGEX_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace ingot::lower {

/// The deterministic automaton of a pattern in RE2's syntax that must match a whole text of UTF-8. One step a byte: from state s by byte c to
/// `states[s * width + classes[c]]`; `states[s * width + width - 1]` is 1 where a text may end. State 0 is left by no byte, 1 is the first.
struct Regex {
  /// Returns what is wrong with the pattern, or cannot be done, as the end of a sentence that begins with the pattern; empty where all is well. No
  /// pattern takes more than some thousand states, and none recursion without bound.
  std::string compile(llvm::StringRef pattern);

  std::vector<uint8_t> classes; ///< of each byte; one more at the end that no text has, so that the table is never one number repeated
  std::vector<int32_t> states;  ///< the same
  int64_t width = 0;            ///< numbers of a state: a step for each class, and whether it may be the last
};

} // namespace ingot::lower

#endif
