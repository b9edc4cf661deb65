//===- main.cpp - marks speech in a WAV file ------------------------------===//
#include "detector.h"
#include "segments.h"

#include <cstdio>
#include <string_view>

using namespace voice;

static constexpr const char usage[] =
    R"(usage: voice [--samples] [--probabilities] [--nested] FILE.wav

Prints where in a sound somebody speaks: start and end of each segment in
seconds. The file has one channel of 16 bits at 8000 or 16000 Hz.

  --samples        print numbers of samples instead of seconds
  --probabilities  instead of segments, print the model's probability of speech
                   for each 32 ms
  --nested         use the other one of the two models that are linked in
)";

namespace {
struct Options {
  std::string file;
  Variant variant = Variant::flat;
  bool samples = false;
  bool probabilities = false;
  bool help = false;
};
} // namespace

/// Returns an empty string, or what is wrong.
static std::string parse(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h")
      options.help = true;
    else if (argument == "--samples")
      options.samples = true;
    else if (argument == "--probabilities")
      options.probabilities = true;
    else if (argument == "--nested")
      options.variant = Variant::nested;
    else if (argument.size() > 1 && argument[0] == '-')
      return "unknown option " + std::string(argument);
    else if (!options.file.empty())
      return "more than one file";
    else
      options.file = argument;
  }
  return options.file.empty() && !options.help ? "no file" : "";
}

int main(int argc, char **argv) {
  Options options;
  if (std::string error = parse(argc, argv, options); !error.empty()) {
    std::fprintf(stderr, "voice: %s; try voice --help\n", error.c_str());
    return 2;
  }
  if (options.help) {
    std::fputs(usage, stdout);
    return 0;
  }
  Sound sound;
  if (std::string error = readWav(options.file, sound); !error.empty()) {
    std::fprintf(stderr, "voice: %s\n", error.c_str());
    return 1;
  }

  std::vector<float> probabilities =
      speechProbabilities(sound, options.variant);
  if (options.probabilities) {
    for (float probability : probabilities)
      std::printf("%.6f\n", static_cast<double>(probability));
    return 0;
  }
  auto sampleCount = static_cast<long>(sound.samples.size());
  for (const Segment &segment :
       findSpeech(probabilities, sound.rate, sampleCount)) {
    double rate = sound.rate;
    if (options.samples)
      std::printf("%ld %ld\n", segment.start, segment.end);
    else
      std::printf("%.3f %.3f\n", static_cast<double>(segment.start) / rate,
                  static_cast<double>(segment.end) / rate);
  }
  return 0;
}
