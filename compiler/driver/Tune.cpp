//===- Tune.cpp - ingot tune ----------------------------------------------===//
#include "compiler/driver/Compilation.h"
#include "compiler/driver/KernelAlone.h"
#include "compiler/support/CodeOptions.h"
#include "dialects/ingot/IngotDialect.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cmath>
#include <csignal>

using namespace ingot;
using Clock = std::chrono::steady_clock;

/// A schedule must be so much faster than the cost model's to be written down: less is noise.
constexpr double kLeastGain = 0.98;

static double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

//===----------------------------------------------------------------------===//
// Being stopped
//===----------------------------------------------------------------------===//

static volatile std::sig_atomic_t isStopped = 0;
static void (*handlerBefore)(int) = SIG_DFL;

/// The first time, what is being measured is finished and written; the second time the process ends as it would have.
static void stop(int signal) {
  isStopped = 1;
  std::signal(signal, handlerBefore);
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

namespace {
/// A kernel on its way through the search.
struct Subject {
  KernelAlone kernel;
  std::string key, name;
  Schedules best = {};
  bool isOther = false;                ///< than the cost model's
  double milliseconds = INFINITY;      ///< of these
  double modelMilliseconds = INFINITY; ///< of the cost model's
  std::vector<KernelAlone::Step> steps = {};
  size_t tried = 0; ///< of these
};

class Search {
public:
  Search(const TuneOptions &options, KernelTimer &timer, Progress &progress) : options(options), timer(timer), progress(progress), start(Clock::now()) {}

  /// Kernels of the model whose search is not at its end, each once, the slowest first. `known` has what was found before.
  std::vector<Subject> subjects(mlir::ModuleOp module, const TunedKernels &known);
  /// Makes steps of the subject until `seconds` are over, none are left or the user stops it.
  void run(Subject &subject, const llvm::Twine &what, double seconds);
  TunedKernel result(const Subject &subject, mlir::MLIRContext &context) const;
  double secondsLeft() const { return options.seconds - secondsSince(start); }

private:
  /// Measures the best schedules and the cost model's, in turn: they count as others only where they gain.
  void compare(Subject &subject);
  void show(const Subject &subject, const llvm::Twine &what);

  const TuneOptions &options;
  KernelTimer &timer;
  Progress &progress;
  Clock::time_point start;
};
} // namespace

std::vector<Subject> Search::subjects(mlir::ModuleOp module, const TunedKernels &known) {
  std::vector<Subject> found;
  llvm::StringMap<bool> seen;
  module.walk([&](KernelOp op) {
    if (!KernelAlone::canBe(op))
      return;
    Subject subject{KernelAlone(op), keyOf(op), op.getName().str()};
    if (!seen.try_emplace(subject.key, true).second)
      return;
    subject.best = subject.kernel.chosen();
    subject.steps = subject.kernel.steps();
    if (auto before = known.find(subject.key); before != known.end() && before->second.threads() == int64_t(options.threads)) {
      const TunedKernel &kernel = before->second;
      subject.tried = size_t(std::clamp<int64_t>(kernel.tried, 0, subject.steps.size()));
      auto nests = kernel.schedule.getAs<mlir::ArrayAttr>("nests");
      if (subject.tried == subject.steps.size() && kernel.tried == kernel.steps)
        return;
      if (nests && nests.size() == subject.best.size() && llvm::all_of(nests, llvm::IsaPred<mlir::DictionaryAttr>))
        for (auto [schedule, nest] : llvm::zip_equal(subject.best, nests))
          if (schedule.toAttr(op.getContext()) != nest) {
            schedule = Schedule::fromAttr(llvm::cast<mlir::DictionaryAttr>(nest));
            subject.isOther = true;
          }
    }
    found.push_back(std::move(subject));
  });
  std::vector<Subject> measured;
  for (size_t i = 0; i < found.size() && !isStopped; i += timer.batch()) {
    progress.show("measuring what the cost model chooses, kernel " + llvm::Twine(i + 1) + " of " + llvm::Twine(found.size()));
    std::vector<Candidate> candidates;
    auto subjects = llvm::MutableArrayRef(found).slice(i, std::min(timer.batch(), found.size() - i));
    for (Subject &subject : subjects)
      candidates.push_back(subject.kernel.with(subject.kernel.chosen()));
    for (auto [subject, time] : llvm::zip_equal(subjects, timer.measure(candidates))) {
      subject.milliseconds = subject.modelMilliseconds = time;
      if (std::isfinite(time))
        measured.push_back(std::move(subject));
      else if (!isStopped)
        progress.clear(), note(options.model + ": kernel '" + subject.name + "' is left out: " + timer.trouble);
    }
  }
  llvm::stable_sort(measured, [](const Subject &a, const Subject &b) { return a.milliseconds > b.milliseconds; });
  return measured;
}

void Search::show(const Subject &subject, const llvm::Twine &what) {
  progress.show(what + llvm::formatv(", {0}: {1:f4} ms, the cost model's {2:f4} ms; schedule {3} of {4}, {5:f0} s left", subject.name, subject.milliseconds,
                                     subject.modelMilliseconds, subject.tried, subject.steps.size(), std::max(secondsLeft(), 0.0))
                           .str());
}

void Search::run(Subject &subject, const llvm::Twine &what, double seconds) {
  Clock::time_point begin = Clock::now();
  while (subject.tried != subject.steps.size() && secondsSince(begin) < seconds && !isStopped) {
    show(subject, what);
    // The best so far takes part: the machine may be slower now than it was.
    std::vector<Schedules> tries{subject.best};
    std::vector<Candidate> candidates;
    candidates.push_back(subject.kernel.with(subject.best));
    size_t steps = 0;
    for (; tries.size() < std::max<size_t>(timer.batch(), 2) && subject.tried + steps != subject.steps.size(); ++steps)
      if (std::optional<Schedules> next = subject.steps[subject.tried + steps](subject.best)) {
        candidates.push_back(subject.kernel.with(*next));
        tries.push_back(std::move(*next));
      }
    std::vector<double> times = timer.measure(candidates);
    // What was ended by the user's signal, too, says nothing.
    if (isStopped && llvm::all_of(times, [](double time) { return !std::isfinite(time); }))
      return;
    subject.tried += steps;
    auto least = llvm::min_element(times);
    if (std::isfinite(*least)) {
      subject.milliseconds = *least;
      subject.best = tries[least - times.begin()];
      subject.isOther |= least != times.begin();
    }
  }
  if (subject.isOther)
    compare(subject);
  if (!subject.isOther) {
    subject.best = subject.kernel.chosen();
    subject.milliseconds = subject.modelMilliseconds;
  }
}

void Search::compare(Subject &subject) {
  for (int round = 0; round < 2; ++round) {
    std::vector<Candidate> both;
    both.push_back(subject.kernel.with(subject.kernel.chosen()));
    both.push_back(subject.kernel.with(subject.best));
    std::vector<double> times = timer.measure(both);
    if (!llvm::all_of(times, [](double time) { return std::isfinite(time); }))
      continue;
    subject.modelMilliseconds = round == 0 ? times[0] : std::min(times[0], subject.modelMilliseconds);
    subject.milliseconds = round == 0 ? times[1] : std::min(times[1], subject.milliseconds);
  }
  subject.isOther = subject.milliseconds < kLeastGain * subject.modelMilliseconds;
}

TunedKernel Search::result(const Subject &subject, mlir::MLIRContext &context) const {
  mlir::Builder builder(&context);
  llvm::SmallVector<mlir::Attribute> nests;
  for (const Schedule &schedule : subject.best)
    nests.push_back(schedule.toAttr(&context));
  llvm::SmallVector<mlir::NamedAttribute> fields{builder.getNamedAttr("nests", builder.getArrayAttr(nests))};
  if (options.threads > 1)
    fields.push_back(builder.getNamedAttr(kScheduleThreads, builder.getI64IntegerAttr(options.threads)));
  return {subject.name,
          options.target,
          builder.getDictionaryAttr(fields),
          subject.milliseconds,
          subject.modelMilliseconds,
          int64_t(subject.tried),
          int64_t(subject.steps.size())};
}

//===----------------------------------------------------------------------===//
// The command
//===----------------------------------------------------------------------===//

static std::string kernelLine(const Subject &subject) {
  return llvm::formatv("{0}: {1:f4} ms, {2:f2} times as fast as the cost model's {3:f4} ms; {4} of {5} schedules\n", subject.name, subject.milliseconds,
                       subject.modelMilliseconds / subject.milliseconds, subject.modelMilliseconds, subject.tried, subject.steps.size());
}

/// What was done, and how the cost model compares.
static void printEnd(const TuneOptions &options, llvm::ArrayRef<Subject> done, bool isComplete) {
  std::vector<double> ratios;
  for (const Subject &subject : done)
    ratios.push_back(subject.modelMilliseconds / subject.milliseconds);
  llvm::sort(ratios);
  llvm::outs() << options.model << ": " << options.target << ", " << ratios.size() << " kernels measured; the cost model's choice takes "
               << llvm::formatv("{0:f2} times the best that was found in the median, {1:f2} at the most\n", ratios[ratios.size() / 2], ratios.back())
               << "written to " << options.output << "; `ingot compile --schedules " << options.output << "` reads it"
               << (isComplete ? "\n" : "; the same command goes on from there\n");
}

/// Makes the search of each kernel in its share of the time, and writes what it finds.
static int searchAll(const TuneOptions &options, Search &search, std::vector<Subject> &subjects, TunedKernels &known, mlir::MLIRContext &context,
                     Progress &progress) {
  double rest = 0;
  for (const Subject &subject : subjects)
    rest += subject.milliseconds;
  size_t done = 0;
  bool isComplete = true;
  for (; done != subjects.size() && !isStopped; ++done) {
    Subject &subject = subjects[done];
    // Half of what is left by time, the slowest having most to gain, half alike.
    double share = std::max(search.secondsLeft(), 0.0) * (0.5 * subject.milliseconds / std::max(rest, 1e-9) + 0.5 / double(subjects.size() - done));
    rest -= subject.milliseconds;
    search.run(subject, "kernel " + llvm::Twine(done + 1) + " of " + llvm::Twine(subjects.size()), share);
    known[subject.key] = search.result(subject, context);
    isComplete &= subject.tried == subject.steps.size();
    // A search that is stopped goes on from here.
    if (llvm::Error error = writeSchedules(options.output, known))
      return fail(std::move(error));
    progress.clear();
    llvm::outs() << kernelLine(subject);
    llvm::outs().flush();
  }
  if (done == 0)
    return fail(options.model + ": stopped before anything was measured");
  printEnd(options, llvm::ArrayRef(subjects).take_front(done), isComplete && done == subjects.size());
  return 0;
}

/// Makes the target one that can be measured; false after one line on stderr.
static bool chooseTarget(TuneOptions &options) {
  const Target &target = *Target::find(options.target);
  const Target *measured = options.runner.empty() ? target.here() : target.levels.empty() ? &target : nullptr;
  if (measured)
    options.target = measured->name;
  else if (options.runner.empty())
    fail(options.model + ": target " + target.name + " does not run on this machine; `ingot targets` says which do, and --runner measures on another");
  else
    fail(options.model + ": a program is for one instruction set; give --target " + target.levels.front() + " or another level of " + target.name);
  return measured;
}

int ingot::tuneModel(const TuneOptions &given) {
  Progress progress;
  TuneOptions options = given;
  if (!chooseTarget(options))
    return 1;
  std::unique_ptr<Compilation> model = Compilation::import(options, progress);
  if (!model || !model->bringTo(Form::kernels, progress))
    return 1;
  mlir::MLIRContext &context = *model->module()->getContext();
  TunedKernels known;
  if (llvm::sys::fs::exists(options.output)) {
    llvm::Expected<TunedKernels> before = readSchedules(options.output, context);
    if (!before)
      return fail(before.takeError());
    known = std::move(*before);
  }
  llvm::Expected<std::unique_ptr<KernelTimer>> timer =
      options.runner.empty() ? makeLocalTimer(options.threads) : makeRunnerTimer(options.compiler, options.runner, options.threads);
  if (!timer)
    return fail(timer.takeError());
  // After the timer, whose folder goes on a signal.
  handlerBefore = std::signal(SIGINT, stop);
  Search search(options, **timer, progress);
  std::vector<Subject> subjects = search.subjects(model->module(), known);
  if (!subjects.empty())
    return searchAll(options, search, subjects, known, context, progress);
  progress.clear();
  if (isStopped)
    return fail(options.model + ": stopped before anything was measured");
  if (!(*timer)->trouble.empty())
    return fail(options.model + ": no kernel can be measured: " + (*timer)->trouble);
  llvm::outs() << options.model << ": all schedules of its kernels were measured, see " << options.output << "; remove it to measure them anew\n";
  return 0;
}
