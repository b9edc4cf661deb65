//===- main.cpp - prints the types of files -------------------------------===//
#include "identify.h"

#include <cstdio>
#include <string_view>
#include <vector>

using namespace filetype;

static constexpr const char usage[] =
    R"(usage: filetype [-l | -i] [-s] FILE...

Prints the type of each file, which a compiled model tells from its content.

  -l, --label         one word for the type, instead of its description
  -i, --mime-type     its MIME type, instead of its description
  -s, --output-score  after it, how sure the model is

The exit status is 1 if a file could not be read.
)";

namespace {
struct Options {
  std::vector<std::string> files;
  bool label = false;
  bool mime = false;
  bool score = false;
  bool help = false;
};
} // namespace

/// Returns an empty string, or what is wrong.
static std::string parse(int argc, char **argv, Options &options) {
  bool onlyFiles = false;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (onlyFiles || argument.size() < 2 || argument[0] != '-')
      options.files.emplace_back(argument);
    else if (argument == "--")
      onlyFiles = true;
    else if (argument == "-l" || argument == "--label")
      options.label = true;
    else if (argument == "-i" || argument == "--mime-type")
      options.mime = true;
    else if (argument == "-s" || argument == "--output-score")
      options.score = true;
    else if (argument == "-h" || argument == "--help")
      options.help = true;
    else
      return "unknown option " + std::string(argument);
  }
  if (options.label && options.mime)
    return "-l and -i exclude each other";
  return options.files.empty() && !options.help ? "no files" : "";
}

static std::string named(const ContentType &type) {
  return std::string(type.description) + " (" + type.group + ")";
}

static std::string describe(const Result &result, const Options &options) {
  bool failed = !result.error.empty();
  if (failed && (options.label || options.mime))
    return "error";
  if (failed)
    return result.error + " (error)";
  std::string text = options.label  ? result.type.label
                     : options.mime ? result.type.mime
                                    : named(result.type);
  if (!result.guess)
    return text;
  char score[16];
  std::snprintf(score, sizeof score, "%.3f", static_cast<double>(result.score));
  return text + " [Low-confidence model best-guess: " + named(*result.guess) +
         ", score=" + score + "]";
}

int main(int argc, char **argv) {
  Options options;
  if (std::string error = parse(argc, argv, options); !error.empty()) {
    std::fprintf(stderr, "filetype: %s; try filetype --help\n", error.c_str());
    return 2;
  }
  if (options.help) {
    std::fputs(usage, stdout);
    return 0;
  }
  int status = 0;
  for (const std::string &file : options.files) {
    Result result = identify(file);
    std::printf("%s: %s", file.c_str(), describe(result, options).c_str());
    if (options.score)
      std::printf(" %d%%", static_cast<int>(result.score * 100));
    std::printf("\n");
    if (!result.error.empty())
      status = 1;
  }
  return status;
}
