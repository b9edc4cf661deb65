//===- wav_file.cpp -------------------------------------------------------===//
#include "wav_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>

using namespace voice;

namespace {
/// The bytes of a file that are not read yet; numbers have their low byte
/// first.
struct Reader {
  const unsigned char *at;
  const unsigned char *end;

  std::size_t left() const { return static_cast<std::size_t>(end - at); }

  std::uint32_t number(int bytes) {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i)
      value |= static_cast<std::uint32_t>(*at++) << (8 * i);
    return value;
  }

  bool skipTag(const char *tag) {
    bool same = left() >= 4 && std::memcmp(at, tag, 4) == 0;
    if (same)
      at += 4;
    return same;
  }
};
} // namespace

/// Reads the chunk "fmt ".
static std::string readFormat(Reader chunk, Sound &sound) {
  if (chunk.left() < 16)
    return "the format is cut short";
  std::uint32_t encoding = chunk.number(2);
  std::uint32_t channels = chunk.number(2);
  std::uint32_t rate = chunk.number(4);
  chunk.number(4); // bytes in a second
  chunk.number(2); // bytes of a sample in all channels
  std::uint32_t bits = chunk.number(2);
  // In the extensible format the encoding follows the bits, the size of the
  // extension, the bits in use and the places of the speakers.
  if (encoding == 0xFFFE && chunk.left() >= 10) {
    chunk.at += 8;
    encoding = chunk.number(2);
  }
  if (encoding != 1 || bits != 16)
    return "samples must be 16-bit integers; convert it: sox IN.wav -b 16 -e "
           "signed OUT.wav";
  if (channels != 1)
    return "there are " + std::to_string(channels) +
           " channels, one is wanted; convert it: sox IN.wav -c 1 OUT.wav";
  if (rate != 8000 && rate != 16000)
    return "there are " + std::to_string(rate) +
           " samples in a second, 8000 or 16000 are wanted; convert it: sox "
           "IN.wav -r 16000 OUT.wav";
  sound.rate = static_cast<int>(rate);
  return "";
}

static void readSamples(Reader chunk, Sound &sound) {
  sound.samples.reserve(chunk.left() / 2);
  while (chunk.left() >= 2) {
    auto value = static_cast<std::int16_t>(chunk.number(2));
    sound.samples.push_back(static_cast<float>(value) / 32768.0f);
  }
}

static std::string parse(Reader file, Sound &sound) {
  if (!file.skipTag("RIFF") || file.left() < 4)
    return "this is no WAV file";
  file.at += 4; // the file's size, which some writers leave open
  if (!file.skipTag("WAVE"))
    return "this is no WAV file";
  while (file.left() >= 8) {
    bool isFormat = std::memcmp(file.at, "fmt ", 4) == 0;
    bool isData = std::memcmp(file.at, "data", 4) == 0;
    file.at += 4;
    std::size_t size = file.number(4);
    Reader chunk = {file.at, file.at + std::min(size, file.left())};
    if (isFormat)
      if (std::string error = readFormat(chunk, sound); !error.empty())
        return error;
    if (isData && sound.rate != 0) {
      readSamples(chunk, sound);
      return "";
    }
    // Chunks begin at even places.
    file.at += std::min(size + size % 2, file.left());
  }
  return sound.rate == 0 ? "there is no format" : "there are no samples";
}

std::string voice::readWav(const std::string &path, Sound &sound) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file)
    return path + ": " + std::strerror(errno ? errno : EIO);
  auto begin = reinterpret_cast<const unsigned char *>(bytes.data());
  sound = Sound();
  std::string error = parse({begin, begin + bytes.size()}, sound);
  return error.empty() ? "" : path + ": " + error;
}
