//===- RunnerTimer.cpp - how long kernels take on another machine ---------===//
#include "codegen/object/Object.h"
#include "compiler/driver/Command.h"
#include "compiler/driver/KernelTimer.h"
#include "compiler/driver/Tensor.h"
#include "compiler/support/Target.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"
#include <cmath>

using namespace ingot;
using llvm::StringRef;

/// The program that measures; tune_program.cpp, compiled in.
static const char program[] =
#include "compiler/driver/tune_program.inc"
    ;

/// A program is given up after so many seconds.
constexpr unsigned kMostSeconds = 600;
/// A program may hold so many candidates, and of several no more bytes of weights than this: boards are small.
constexpr size_t kMostCandidates = 16;
constexpr int64_t kMostWeights = int64_t(1) << 20;

namespace {
class RunnerTimer : public KernelTimer {
public:
  RunnerTimer(TemporaryFolder folder, std::vector<std::string> compiler, std::vector<std::string> runner, unsigned threads)
      : folder(std::move(folder)), compiler(std::move(compiler)), runner(std::move(runner)), threads(threads) {}

  std::vector<double> measure(llvm::ArrayRef<Candidate> candidates) override {
    std::vector<double> times(candidates.size(), INFINITY);
    llvm::SmallVector<size_t> together;
    int64_t bytes = 0;
    auto flush = [&] {
      measureTogether(candidates, together, times);
      together.clear();
      bytes = 0;
    };
    for (size_t i = 0; i != candidates.size(); ++i) {
      if (!candidates[i].planned)
        continue;
      auto weights = (*candidates[i].planned)->getAttrOfType<mlir::ElementsAttr>("ingot.weights");
      bytes += weights ? weights.getNumElements() : 0;
      if (!together.empty() && bytes > kMostWeights)
        flush();
      together.push_back(i);
    }
    flush();
    return times;
  }
  size_t batch() const override { return kMostCandidates; }

private:
  void measureTogether(llvm::ArrayRef<Candidate> candidates, llvm::ArrayRef<size_t> which, std::vector<double> &times);
  llvm::Error tryTogether(llvm::ArrayRef<Candidate> candidates, llvm::ArrayRef<size_t> which, std::vector<double> &times);
  llvm::Error writeSources(llvm::ArrayRef<Candidate> candidates, llvm::ArrayRef<size_t> which);

  TemporaryFolder folder;
  std::vector<std::string> compiler, runner;
  unsigned threads;
};
} // namespace

/// Where a program can't be built or run, its halves may be: one candidate spoils it, or all are too much for the machine.
void RunnerTimer::measureTogether(llvm::ArrayRef<Candidate> candidates, llvm::ArrayRef<size_t> which, std::vector<double> &times) {
  if (which.empty())
    return;
  llvm::Error error = tryTogether(candidates, which, times);
  if (!error)
    return;
  trouble = llvm::toString(std::move(error));
  if (which.size() == 1)
    return;
  measureTogether(candidates, which.take_front(which.size() / 2), times);
  measureTogether(candidates, which.drop_front(which.size() / 2), times);
}

/// Bytes of a candidate's values and arena as the program places them; nullopt where they have no size.
static std::optional<int64_t> memoryOf(const Candidate &candidate) {
  int64_t total = 0;
  auto add = [&](int64_t bytes) { total += int64_t(llvm::alignTo(uint64_t(bytes), 64)); };
  for (const std::vector<Port> *ports : {&candidate.interface.inputs, &candidate.interface.outputs})
    for (const Port &port : *ports) {
      std::optional<int64_t> count = elementCount(port.shape);
      int64_t bytes = bytesOfType(port.type);
      if (!count || bytes == 0 || *count > (int64_t(1) << 40) / bytes)
        return std::nullopt;
      add(*count * bytes);
    }
  if (auto arena = (*candidate.planned)->getAttrOfType<mlir::IntegerAttr>("ingot.arena_bytes"))
    add(arena.getInt());
  return total;
}

llvm::Error RunnerTimer::writeSources(llvm::ArrayRef<Candidate> candidates, llvm::ArrayRef<size_t> which) {
  int64_t memory = 64;
  size_t values = 1;
  std::string names;
  for (auto [number, index] : llvm::enumerate(which)) {
    std::optional<int64_t> bytes = memoryOf(candidates[index]);
    if (!bytes)
      return llvm::createStringError("a kernel has operands without a fixed size");
    memory = std::max(memory, *bytes);
    values = std::max({values, candidates[index].interface.inputs.size(), candidates[index].interface.outputs.size()});
    names += " X(k" + std::to_string(number) + ")";
  }
  std::string text;
  llvm::raw_string_ostream(text) << "#define INGOT_CANDIDATES(X)" << names << "\n#define INGOT_MEMORY " << memory << "\n#define INGOT_VALUES " << values
                                 << "\n#define INGOT_THREADS " << threads << "\n#define INGOT_TURNS " << kTurns << "\n#define INGOT_TURN_MICROSECONDS "
                                 << int64_t(kTurnSeconds * 1e6) << '\n';
  if (llvm::Error error = writeFile(folder.file("candidates.h"), text))
    return error;
  return writeFile(folder.file("program.cpp"), program);
}

/// What the program prints; other lines are those of loaders and the like.
static llvm::Error readTimes(StringRef text, llvm::ArrayRef<size_t> which, std::vector<double> &times) {
  std::vector<std::pair<size_t, double>> ticks;
  double second = 0;
  llvm::SmallVector<StringRef> lines;
  text.split(lines, '\n');
  for (StringRef line : lines) {
    llvm::SmallVector<StringRef> words;
    line.trim().split(words, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    size_t number = 0;
    double took = 0, calls = 0;
    if (words.size() < 3 || words[0] != "ingot")
      continue;
    if (words[1] == "end")
      (void)words[2].getAsDouble(second);
    else if (words.size() == 4 && !words[1].getAsInteger(10, number) && number < which.size() && !words[2].getAsDouble(took) && !words[3].getAsDouble(calls) &&
             calls > 0)
      ticks.push_back({number, took / calls});
  }
  if (!(second > 0))
    return llvm::createStringError("the program did not print its last line, 'ingot end TICKS'");
  for (auto [number, each] : ticks)
    times[which[number]] = each / second * 1e3;
  return llvm::Error::success();
}

llvm::Error RunnerTimer::tryTogether(llvm::ArrayRef<Candidate> candidates, llvm::ArrayRef<size_t> which, std::vector<double> &times) {
  if (llvm::Error error = writeSources(candidates, which))
    return error;
  std::string binary = folder.file("program");
  std::vector<std::string> files{"-std=c++17", "-O2", "-I" + runtimeInclude(), "-I" + folder.name(), folder.file("program.cpp")};
  llvm::append_range(files, Target::of(*candidates[which.front()].planned).compileFlags);
  for (size_t number = 0; number != which.size(); ++number) {
    CppOptions options;
    options.name = "k" + std::to_string(number);
    options.outDir = folder.name();
    if (mlir::failed(emitObject(*candidates[which[number]].planned, options)))
      return llvm::createStringError("no object could be made");
    files.push_back(folder.file(options.name + ".o"));
  }
  // Compilers for bare boards do not know the option; the program says what is missing there.
  llvm::Triple machine(llvm::Triple::normalize(Target::of(*candidates[which.front()].planned).triple));
  if (threads > 1 && machine.getOS() != llvm::Triple::UnknownOS)
    files.push_back("-pthread");
  files.insert(files.end(), {"-o", binary});
  if (llvm::Error error = runCommand(folder, withFiles(compiler, files), "name the target's compiler by --compiler"))
    return error;
  std::string output;
  if (llvm::Error error = runCommand(folder, withFiles(runner, {binary}), "--runner names what runs the target's programs", &output, kMostSeconds))
    return error;
  return readTimes(output, which, times);
}

llvm::Expected<std::unique_ptr<KernelTimer>> ingot::makeRunnerTimer(const std::string &compiler, const std::string &runner, unsigned threads) {
  std::vector<std::string> compilerWords = compiler.empty() ? std::vector<std::string>{defaultCompiler()} : splitCommand(compiler),
                           runnerWords = splitCommand(runner);
  if (compilerWords.empty() || runnerWords.empty())
    return llvm::createStringError("--compiler and --runner are commands: the name of a program and what it is called with");
  llvm::Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  return std::make_unique<RunnerTimer>(std::move(*folder), std::move(compilerWords), std::move(runnerWords), threads);
}
