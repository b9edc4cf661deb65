//===- main.cpp - reads the text in a picture -----------------------------===//
#include "models.h"
#include "png_file.h"

#include <chrono>
#include <cstdio>
#include <string_view>

using namespace ocr;

static constexpr const char usage[] =
    R"(usage: ocr [--boxes] [--times] PICTURE.png

Prints the lines of text in a picture, from top to bottom.

  --boxes  before each line, the corners of its box (upper left, upper right,
           lower right, lower left; pixels) and its score from 0 to 1
  --times  on standard error, how long each step took
)";

/// Lines that the recogniser is less sure of are most often no text.
static constexpr double minScore = 0.5;

namespace {
struct Options {
  std::string picture;
  bool boxes = false;
  bool times = false;
  bool help = false;
};

/// Adds up the time of each step.
class Stopwatch {
public:
  /// Milliseconds since the last call, or since the stopwatch was made.
  double lap() {
    auto now = std::chrono::steady_clock::now();
    std::chrono::duration<double, std::milli> passed = now - last;
    last = now;
    return passed.count();
  }

private:
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};
} // namespace

/// Returns an empty string, or what is wrong.
static std::string parse(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h")
      options.help = true;
    else if (argument == "--boxes")
      options.boxes = true;
    else if (argument == "--times")
      options.times = true;
    else if (argument.size() > 1 && argument[0] == '-')
      return "unknown option " + std::string(argument);
    else if (!options.picture.empty())
      return "more than one picture";
    else
      options.picture = argument;
  }
  return options.picture.empty() && !options.help ? "no picture" : "";
}

static void print(const Quad &box, const Line &line, const Options &options) {
  if (options.boxes) {
    for (Point corner : box)
      std::printf("%.0f,%.0f ", corner.x, corner.y);
    std::printf("%.3f ", line.score);
  }
  std::printf("%s\n", line.text.c_str());
}

int main(int argc, char **argv) {
  Options options;
  if (std::string error = parse(argc, argv, options); !error.empty()) {
    std::fprintf(stderr, "ocr: %s; try ocr --help\n", error.c_str());
    return 2;
  }
  if (options.help) {
    std::fputs(usage, stdout);
    return 0;
  }

  Stopwatch stopwatch;
  Image picture;
  if (std::string error = readPng(options.picture, picture); !error.empty()) {
    std::fprintf(stderr, "ocr: %s\n", error.c_str());
    return 1;
  }
  double read = stopwatch.lap();
  std::vector<Quad> boxes = detect(picture);
  double found = stopwatch.lap();

  double turned = 0, recognised = 0;
  for (const Quad &box : boxes) {
    Image cut = cutOut(picture, box);
    if (cut.height >= 1.5 * cut.width) // the line runs upwards or downwards
      cut = turnLeft(cut);
    if (isUpsideDown(cut))
      cut = turnAround(cut);
    turned += stopwatch.lap();
    Line line = recognise(cut);
    if (line.score >= minScore)
      print(box, line, options);
    recognised += stopwatch.lap();
  }
  if (options.times)
    std::fprintf(stderr,
                 "read the file  %8.1f ms\nfind lines     %8.1f ms\n"
                 "turn %3zu lines %8.1f ms\nread %3zu lines %8.1f ms\n",
                 read, found, boxes.size(), turned, boxes.size(), recognised);
  return 0;
}
