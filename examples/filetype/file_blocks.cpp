//===- file_blocks.cpp
//-------------------------------------------------------===//
#include "file_blocks.h"
#include "file_types.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>

using namespace filetype;

int filetype::readBlocks(const std::string &path, Blocks &blocks) {
  errno = 0;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  if (size >= 0) {
    std::streamoff count = std::min<std::streamoff>(size, blockSize);
    auto read = [&](std::string &block, std::streamoff from) {
      block.resize(static_cast<std::size_t>(count));
      file.seekg(from);
      file.read(block.data(), count);
    };
    read(blocks.first, 0);
    read(blocks.last, size - count);
  }
  if (file)
    return 0;
  return errno ? errno : EIO;
}

static bool isSpace(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

bool filetype::extractFeatures(const Blocks &blocks, std::int32_t *features) {
  auto number = [](char byte) -> std::int32_t {
    return static_cast<unsigned char>(byte);
  };
  std::fill_n(features, beginSize + endSize, padding);

  auto begin =
      std::find_if_not(blocks.first.begin(), blocks.first.end(), isSpace);
  std::ptrdiff_t count =
      std::min<std::ptrdiff_t>(blocks.first.end() - begin, beginSize);
  std::transform(begin, begin + count, features, number);
  if (count < minSize)
    return false;

  auto end = std::find_if_not(blocks.last.rbegin(), blocks.last.rend(), isSpace)
                 .base();
  count = std::min<std::ptrdiff_t>(end - blocks.last.begin(), endSize);
  std::transform(end - count, end, features + beginSize + endSize - count,
                 number);
  return true;
}

/// The length of the character that begins at `at`, or 0 where its bytes are no
/// UTF-8: cut short, longer than needed, a surrogate, or above U+10FFFF.
static std::size_t characterLength(const std::string &bytes, std::size_t at) {
  auto byte = [&](std::size_t i) -> unsigned {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  unsigned lead = byte(at), second = byte(at + 1);
  if (lead < 0x80)
    return 1;
  std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length == 0 || lead > 0xF4 || (lead == 0xE0 && second < 0xA0) ||
      (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
      (lead == 0xF4 && second > 0x8F))
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xC0) != 0x80)
      return 0;
  return length;
}

bool filetype::isUtf8(const std::string &bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t length = characterLength(bytes, at);
    if (length == 0)
      return false;
    at += length;
  }
  return true;
}
