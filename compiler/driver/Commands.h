//===- Commands.h - what each subcommand of ingot does --------------------===//
//
// Each function takes the parsed command line and returns the exit code: 0, or 1 where the model or the files given are at fault,
// with one line on stderr.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_DRIVER_COMMANDS_H
#define INGOT_COMPILER_DRIVER_COMMANDS_H

#include "compiler/support/ListShape.h"
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ingot {

/// The exit code of `verify` where the peer to compare with is not installed.
constexpr int kPeerMissing = 3;

/// What every command needs to know of the model.
struct ModelOptions {
  std::string model;
  std::string name;              ///< a C identifier; from the file's name where empty
  std::string target = "native"; ///< a name of targets/
  std::vector<std::pair<std::string, std::vector<int64_t>>> shapes;
  std::vector<std::pair<std::string, ListShape>> lists; ///< of sequences and optionals
  bool openSizes = false; ///< sizes that nobody gives are left to the call
  std::string schedules; ///< a file of `tune`; none where empty
  bool noWinograd = false; ///< convolutions as they are defined
  unsigned threads = 1; ///< that share the work of a call
  std::optional<int64_t> stringBytes; ///< room for the strings that the model makes
  std::vector<int64_t> imageSize;     ///< height and width of the largest pictures that ImageDecoder takes; empty: the default
  std::optional<std::vector<std::string>> libraries; ///< of runtime-host, that the code may call; nullopt: those that this tool has
  std::vector<std::string> states; ///< IN:OUT as given; either name may hold ':'
};

struct CompileOptions : ModelOptions {
  std::vector<std::string> models; ///< each is compiled by itself, `model` being one of them at a time
  std::string output; ///< a folder; a file or "-" where `emit` names IR
  std::string emit = "cpp";
  std::string depfile;
  std::string report; ///< a file for figures of each model; none where empty
  std::string weights = "auto"; ///< where they go: auto, array, linked, external
};

struct RunOptions : ModelOptions {
  std::vector<std::pair<std::string, std::string>> inputs; ///< NAME, FILE.npy or a number
  std::string output;
  std::string road = "object";
};

struct VerifyOptions : ModelOptions {
  std::vector<std::pair<std::string, std::string>> inputs;
  std::string data;
  std::string against = "onnxruntime";
  std::string road = "object";
  uint64_t seed = 0;
};

struct BenchOptions : ModelOptions {
  std::vector<std::pair<std::string, std::string>> inputs;
  std::vector<std::string> against; ///< engines of bench_peer.py
  double seconds = 1.5;             ///< how long each engine is measured
  uint64_t seed = 0;
  std::string version;              ///< of this tool
  std::string json;                 ///< files, or "-"; none where empty
  std::string svg;
};

struct TuneOptions : ModelOptions {
  std::string output;
  double seconds = 60; ///< for all kernels together
  std::string compiler; ///< a command; $CXX where empty
  std::string runner;   ///< a command; this process measures where it is empty
};

struct TargetsOptions {
  std::string flagsOf; ///< print the flags for emitted C++ of this target instead of the list
  std::string linksOf; ///< print what a compiler links of the libraries that code for this target may call
};

int compileModels(const CompileOptions &options);
int runModel(const RunOptions &options);
int tuneModel(const TuneOptions &options);
int verifyModel(const VerifyOptions &options);
int benchModel(const BenchOptions &options);
int inspectModel(const ModelOptions &options);
int listTargets(const TargetsOptions &options);

/// The file's name without folder and ending, as a C identifier that is no keyword of C++.
std::string defaultModelName(const std::string &path);
bool isModelName(const std::string &name);

} // namespace ingot

#endif
