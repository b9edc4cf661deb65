//===- string.h - elements of tensors of strings --------------------------===//
#ifndef INGOT_STRING_H
#define INGOT_STRING_H

#include <cstddef>
#include <ingot/model.h>
#include <utility>

namespace ingot {

/// A string that somebody else owns: `ingot_string` of model.h, which says how
/// long outputs are valid. Made from a literal (without its zero), from pointer
/// and size, or from anything with data() and size(), as std::string and
/// std::string_view; turned into anything that is made from pointer and size by
/// `as<std::string>()`.
struct String : ingot_string {
  constexpr String() noexcept : ingot_string{} {}
  constexpr String(const char *text, std::int64_t bytes) noexcept
      : ingot_string{} {
    data = text;
    size = bytes;
  }
  template <std::size_t N>
  constexpr String(const char (&literal)[N]) noexcept
      : String(literal, static_cast<std::int64_t>(N) - 1) {}
  template <typename Text, typename = decltype(std::declval<const Text &>().data()),
            typename = decltype(std::declval<const Text &>().size())>
  constexpr String(const Text &text) noexcept
      : String(text.data(), static_cast<std::int64_t>(text.size())) {}

  template <typename Text> Text as() const {
    return Text(size > 0 ? data : "", static_cast<std::size_t>(size));
  }
};
static_assert(sizeof(String) == 16, "a string is two numbers to generated code");

} // namespace ingot

#endif
