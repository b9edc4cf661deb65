//===- Replay.cpp - kept inputs and seeded mutations, without libFuzzer ---===//
//
// usage: fuzz-replay [--mutate bytes|graph] [--count N] [--seed N] [--first N] [--crash FILE] [--verbose] FILE|FOLDER...
//
// Compiles each file, then N mutations of them. The same arguments give the same inputs. An input that ends the process, or takes longer than
// 10 s, is left in FILE, as libFuzzer would leave it; so is one that takes more than 1 GB.
//
//===----------------------------------------------------------------------===//
#include "tests/fuzz/Compile.h"
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>
#include <vector>

using Bytes = std::vector<uint8_t>;
namespace fs = std::filesystem;

constexpr long kSlowestSeconds = 10;
constexpr long kMostKilobytes = 1 << 20;
constexpr size_t kLargest = 1 << 16;

//===----------------------------------------------------------------------===//
// What is left of an input that ends the process
//===----------------------------------------------------------------------===//

static const char *crashFile = "crash.onnx";
static const Bytes *current = nullptr;
static std::string currentName;

static void keepCurrent(const char *why) {
  // Only what a signal handler may call.
  int file = open(crashFile, O_CREAT | O_TRUNC | O_WRONLY, 0644);
  ssize_t ignored = write(file, current->data(), current->size());
  for (const char *part : {"fuzz-replay: ", currentName.c_str(), ": ", why, "; the input is in ", crashFile, "\n"})
    ignored = write(2, part, strlen(part));
  (void)ignored;
  close(file);
}

static void onSignal(int signal) {
  keepCurrent(signal == SIGPROF ? "takes longer than 10 s" : "ends the process");
  _exit(1);
}

/// LLVM's fatal errors call exit.
static void onExit() {
  if (current)
    onSignal(0);
}

static void catchSignals() {
  atexit(onExit);
  // A stack that is used up has no room for the handler.
  static char stack[1 << 16];
  stack_t alternative = {};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof(stack);
  sigaltstack(&alternative, nullptr);
  struct sigaction action = {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_ONSTACK;
  for (int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGILL, SIGBUS, SIGPROF})
    sigaction(signal, &action, nullptr);
}

//===----------------------------------------------------------------------===//
// Mutation of bytes
//===----------------------------------------------------------------------===//

static std::minstd_rand generator;

static size_t below(size_t end) { return end == 0 ? 0 : generator() % end; }

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize) {
  static const uint8_t special[] = {0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x08};
  size_t at = below(size), length = std::min(size - at, 1 + below(8));
  switch (size == 0 ? 4 : below(5)) {
  case 0: // one bit
    data[at] ^= 1 << below(8);
    return size;
  case 1: // one byte
    data[at] = special[below(sizeof(special))];
    return size;
  case 2: // some less
    memmove(data + at, data + at + length, size - at - length);
    return size - length;
  case 3: // some from elsewhere
    memmove(data + below(size - length + 1), data + at, length);
    return size;
  default: // one more
    if (size == maxSize)
      return size;
    memmove(data + at + 1, data + at, size - at);
    data[at] = special[below(sizeof(special))];
    return size + 1;
  }
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

static long peakKilobytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// Of this process, not of the clock: a machine may be busy.
static void limitTime(long seconds) {
  itimerval limit = {};
  limit.it_value.tv_sec = seconds;
  setitimer(ITIMER_PROF, &limit, nullptr);
}

/// The error, empty where there was none.
static std::string runOne(const Bytes &input, const std::string &name) {
  current = &input;
  currentName = name;
  limitTime(kSlowestSeconds);
  std::string error = ingot::compileBytes(input.data(), input.size());
  limitTime(0);
  if (peakKilobytes() > kMostKilobytes) {
    keepCurrent("takes more than 1 GB");
    _exit(1);
  }
  current = nullptr;
  return error;
}

int main(int argc, char **argv) {
  std::string kind;
  unsigned count = 0, seed = 1, first = 0;
  bool verbose = false;
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    auto next = [&] { return i + 1 < argc ? argv[++i] : (char *)""; };
    if (argument == "--mutate")
      kind = next();
    else if (argument == "--count")
      count = atoi(next());
    else if (argument == "--seed")
      seed = atoi(next());
    else if (argument == "--first")
      first = atoi(next());
    else if (argument == "--crash")
      crashFile = next();
    else if (argument == "--verbose")
      verbose = true;
    else if (fs::is_directory(argument))
      for (const auto &entry : fs::recursive_directory_iterator(argument)) {
        if (entry.is_regular_file() && entry.path().filename() != "README.md")
          files.push_back(entry.path());
      }
    else
      files.push_back(argument);
  }
  std::sort(files.begin(), files.end());
  catchSignals();

  std::vector<Bytes> inputs;
  std::map<std::string, unsigned> errors;
  for (const fs::path &path : files) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (!file) {
      fprintf(stderr, "fuzz-replay: %s cannot be read\n", path.c_str());
      return 1;
    }
    std::string error = first ? "" : runOne(inputs.back(), path.string());
    if (verbose && !first)
      printf("%s: %s\n", path.c_str(), error.c_str());
  }
  if (inputs.empty()) {
    fprintf(stderr, "fuzz-replay: there is no file to start from\n");
    return 1;
  }

  unsigned compiled = 0;
  for (unsigned i = first; i < count; ++i) {
    // Each depends on its number alone, so that a run can be taken up in the middle.
    generator.seed(seed * 1000003u + i);
    for (int j = 0; j < 4; ++j)
      generator();
    Bytes input = inputs[below(inputs.size())];
    size_t size = input.size(), most = std::max(kLargest, size);
    input.resize(most);
    if (kind == "graph" && below(8) == 0) {
      Bytes other = inputs[below(inputs.size())], one(input.begin(), input.begin() + size);
      size = LLVMFuzzerCustomCrossOver(one.data(), one.size(), other.data(), other.size(), input.data(), most, generator());
    }
    for (size_t times = 1 + below(4); times > 0; --times)
      size = kind == "graph" ? LLVMFuzzerCustomMutator(input.data(), size, most, generator())
                             : LLVMFuzzerMutate(input.data(), size, most);
    input.resize(size);
    if (verbose && i % 1000 == 0)
      fprintf(stderr, "%u\n", i);
    std::string error = runOne(input, "mutation " + std::to_string(i));
    compiled += error.empty();
    if (verbose)
      ++errors[error];
  }
  if (verbose)
    for (const auto &[error, times] : errors)
      printf("%u\t%s\n", times, error.c_str());
  printf("%zu files, %u mutations, of which %u compile\n", files.size(), count > first ? count - first : 0, compiled);
  return 0;
}
