//===- Tune.cpp - ingot tune ----------------------------------------------===//
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Executor.h"
#include "compiler/driver/Inputs.h"
#include "compiler/driver/KernelProfile.h"
#include "compiler/driver/Schedules.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cmath>
#include <random>

using namespace ingot;
using Clock = std::chrono::steady_clock;

/// How long one schedule is measured; that of the fastest so far is measured anew beside what seems faster.
constexpr double kMeasureSeconds = 0.02;
/// A schedule must be so much faster than the cost model's to be written down: less is noise.
constexpr double kLeastGain = 0.98;

static double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

namespace {
/// A kernel that is measured alone, with random operands.
class Subject {
public:
  /// Nothing where the kernel takes something else than tensors of static shapes and numbers.
  static std::optional<Subject> of(KernelOp kernel);

  /// Least milliseconds of a call with the schedules of the kernel's nests; infinity where no code comes of them.
  double measure(llvm::ArrayRef<Schedule> schedules);
  /// Schedules of one nest that can be tried, the cost model's first.
  std::vector<Schedule> alternatives(size_t nest);
  std::vector<Schedule> chosen() const;

  std::string key, name;
  double milliseconds = 0; ///< of the best schedules so far
  std::vector<Schedule> best;
  int64_t measured = 0;
  double modelMilliseconds = 0;

private:
  /// A module whose @main calls the kernel alone.
  mlir::OwningOpRef<mlir::ModuleOp> alone() const;

  KernelOp kernel;
};
} // namespace

static const char *onnxType(mlir::Type type) {
  if (type.isF32())
    return "float";
  if (type.isF64())
    return "double";
  if (!type.isSignlessInteger())
    return nullptr;
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return "bool";
  case 8:
    return "int8";
  case 16:
    return "int16";
  case 32:
    return "int32";
  case 64:
    return "int64";
  default:
    return nullptr;
  }
}

std::optional<Subject> Subject::of(KernelOp kernel) {
  auto fits = [](mlir::Type type) {
    auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && onnxType(tensor.getElementType());
  };
  if (!llvm::all_of(kernel.getInputs().getTypes(), fits) || !llvm::all_of(kernel.getResultTypes(), fits))
    return std::nullopt;
  Subject subject;
  subject.kernel = kernel;
  subject.key = keyOf(kernel);
  subject.name = kernel.getName().str();
  subject.best = subject.chosen();
  return subject;
}

std::vector<Schedule> Subject::chosen() const {
  std::vector<Schedule> schedules;
  KernelOp op = kernel;
  for (mlir::Attribute nest : op.getSchedule()->getAs<mlir::ArrayAttr>("nests"))
    schedules.push_back(Schedule::fromAttr(llvm::cast<mlir::DictionaryAttr>(nest)));
  return schedules;
}

std::vector<Schedule> Subject::alternatives(size_t index) {
  mlir::FailureOr<KernelNests> nests = buildNests(kernel);
  if (mlir::failed(nests) || index >= nests->nests.size())
    return {};
  llvm::SmallVector<bool> isConstant = constantBuffers(kernel, *nests);
  Nest &nest = nests->nests[index];
  mergeDimensions(nest, nests->indexArguments.size());
  return alternativeSchedules(nest, isConstant, Target::of(kernel->getParentOfType<mlir::ModuleOp>()));
}

mlir::OwningOpRef<mlir::ModuleOp> Subject::alone() const {
  mlir::MLIRContext *context = KernelOp(kernel)->getContext();
  mlir::OpBuilder builder(context);
  mlir::Location loc = builder.getUnknownLoc();
  KernelOp op = kernel;
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc);
  auto outer = op->getParentOfType<mlir::ModuleOp>();
  (*module)->setAttr("ingot.model", builder.getStringAttr("kernel"));
  (*module)->setAttr("ingot.target", outer->getAttr("ingot.target"));
  llvm::SmallVector<mlir::Value> variables;
  for (mlir::Value input : op.getInputs())
    if (!mlir::matchPattern(input, mlir::m_Constant()) && !llvm::is_contained(variables, input))
      variables.push_back(input);
  builder.setInsertionPointToEnd(module->getBody());
  auto main = mlir::func::FuncOp::create(builder, loc, "main",
                                         builder.getFunctionType(llvm::to_vector(mlir::ValueRange(variables).getTypes()), op.getResultTypes()));
  auto describe = [&](mlir::Type type, llvm::Twine name) {
    return llvm::SmallVector<mlir::NamedAttribute>{
        builder.getNamedAttr("ingot.name", builder.getStringAttr(name)),
        builder.getNamedAttr("ingot.type", builder.getStringAttr(onnxType(mlir::getElementTypeOrSelf(type))))};
  };
  for (auto [i, variable] : llvm::enumerate(variables))
    main.setArgAttrs(i, describe(variable.getType(), "x" + llvm::Twine(i)));
  for (auto [i, type] : llvm::enumerate(op.getResultTypes()))
    main.setResultAttrs(i, describe(type, "y" + llvm::Twine(i)));
  mlir::Block *body = main.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  mlir::IRMapping mapping;
  mapping.map(variables, body->getArguments());
  for (mlir::Value input : op.getInputs())
    if (!mapping.contains(input))
      mapping.map(input, builder.clone(*input.getDefiningOp())->getResult(0));
  mlir::Operation *copy = builder.clone(*op, mapping);
  mlir::func::ReturnOp::create(builder, loc, copy->getResults());
  return module;
}

double Subject::measure(llvm::ArrayRef<Schedule> schedules) {
  ++measured;
  mlir::OwningOpRef<mlir::ModuleOp> module = alone();
  mlir::Builder builder(module->getContext());
  llvm::SmallVector<mlir::Attribute> nests;
  for (const Schedule &schedule : schedules)
    nests.push_back(schedule.toAttr(module->getContext()));
  module->walk([&](KernelOp op) { op.setScheduleAttr(builder.getDictionaryAttr(builder.getNamedAttr("nests", builder.getArrayAttr(nests)))); });
  Interface interface = interfaceOf(*module);
  llvm::Expected<std::vector<Tensor>> inputs = bindInputs(interface, {}, 0, std::vector<int64_t>(interface.inputs.size(), 0));
  Progress silent(/*show=*/false);
  mlir::ScopedDiagnosticHandler quiet(module->getContext(), [](mlir::Diagnostic &) { return mlir::success(); });
  double least = INFINITY;
  if (inputs && mlir::succeeded(runStages(*module, Form::kernels, Form::plan, Effort::full, silent)))
    if (auto executor = makeObjectExecutor(*module, interface)) {
      double once = 0;
      auto keep = [&](double time) { least = std::min(least, time); };
      llvm::Error error = (*executor)->time(*inputs, 1, [&](double time) { once = time; });
      if (!error)
        error = (*executor)->time(*inputs, unsigned(std::clamp(kMeasureSeconds * 1e3 / std::max(once, 1e-4), 3.0, 1e4)), keep);
      if (error)
        least = INFINITY;
      llvm::consumeError(std::move(error));
    } else {
      llvm::consumeError(executor.takeError());
    }
  else if (!inputs)
    llvm::consumeError(inputs.takeError());
  return least;
}

/// Every kernel of the model that can be measured, each once, the slowest first.
static std::vector<Subject> subjectsOf(mlir::ModuleOp module, Progress &progress) {
  std::vector<Subject> subjects;
  llvm::StringMap<bool> seen;
  module.walk([&](KernelOp kernel) {
    std::optional<Subject> subject = Subject::of(kernel);
    if (subject && seen.try_emplace(subject->key, true).second)
      subjects.push_back(std::move(*subject));
  });
  for (auto [i, subject] : llvm::enumerate(subjects)) {
    progress.show("measuring what the cost model chooses, kernel " + llvm::Twine(i + 1) + " of " + llvm::Twine(subjects.size()));
    subject.milliseconds = subject.modelMilliseconds = subject.measure(subject.best);
  }
  llvm::stable_sort(subjects, [](const Subject &a, const Subject &b) { return a.milliseconds > b.milliseconds; });
  return subjects;
}

/// Tries schedules of the kernel's nests, in random order, until `seconds` are over or all were tried.
static void search(Subject &subject, double seconds, std::mt19937_64 &random, llvm::function_ref<void()> report) {
  Clock::time_point start = Clock::now();
  for (size_t nest = 0; nest < subject.best.size(); ++nest) {
    std::vector<Schedule> tries = subject.alternatives(nest);
    if (tries.empty())
      continue;
    tries.erase(tries.begin());
    std::shuffle(tries.begin(), tries.end(), random);
    for (const Schedule &candidate : tries) {
      if (secondsSince(start) > seconds)
        return;
      std::vector<Schedule> schedules = subject.best;
      schedules[nest] = candidate;
      double time = subject.measure(schedules);
      // What looks faster is measured once more beside the best: the machine may have other work.
      if (time < subject.milliseconds)
        time = std::min(time, subject.measure(schedules)), subject.milliseconds = std::min(subject.milliseconds, subject.measure(subject.best));
      if (time >= subject.milliseconds)
        continue;
      subject.milliseconds = time;
      subject.best = schedules;
      report();
    }
  }
}

int ingot::tuneModel(const TuneOptions &given) {
  Progress progress;
  TuneOptions options = given;
  // Of a target with levels, what such a model would take here.
  const Target *here = Target::find(options.target)->here();
  if (!here)
    return fail(options.model + ": target " + options.target + " does not run on this machine; `ingot targets` says which do");
  const Target &target = *here;
  options.target = target.name;
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
  std::vector<Subject> subjects = subjectsOf(model->module(), progress);
  llvm::erase_if(subjects, [&](const Subject &subject) { return known.count(subject.key) != 0; });
  double total = 0;
  for (const Subject &subject : subjects)
    total += subject.milliseconds;

  mlir::Builder builder(&context);
  std::mt19937_64 random(options.seed);
  std::vector<double> ratios;
  for (auto [i, subject] : llvm::enumerate(subjects)) {
    double share = options.seconds * (total > 0 ? 0.5 * subject.milliseconds / total + 0.5 / double(subjects.size()) : 0);
    auto report = [&, i = i, &subject = subject] {
      progress.show(llvm::formatv("kernel {0} of {1}, {2}: {3:f4} ms, the cost model's {4:f4} ms", i + 1, subjects.size(), subject.name, subject.milliseconds,
                                  subject.modelMilliseconds)
                        .str());
    };
    report();
    search(subject, share, random, report);
    // Both once more, in turn, since the machine may have become slower or faster.
    for (int round = 0; round < 3; ++round) {
      subject.modelMilliseconds = std::min(subject.modelMilliseconds, subject.measure(subject.chosen()));
      subject.milliseconds = std::min(subject.milliseconds, subject.measure(subject.best));
    }
    bool better = subject.milliseconds < kLeastGain * subject.modelMilliseconds;
    llvm::SmallVector<mlir::Attribute> nests;
    for (const Schedule &schedule : better ? subject.best : subject.chosen())
      nests.push_back(schedule.toAttr(&context));
    double reached = better ? subject.milliseconds : subject.modelMilliseconds;
    known[subject.key] = {subject.name, builder.getDictionaryAttr(builder.getNamedAttr("nests", builder.getArrayAttr(nests))), reached,
                          subject.modelMilliseconds, subject.measured};
    ratios.push_back(subject.modelMilliseconds / reached);
    // A search that is stopped goes on from here.
    if (llvm::Error error = writeSchedules(options.output, known))
      return fail(std::move(error));
  }
  progress.clear();
  if (ratios.empty()) {
    llvm::outs() << options.model << ": all its kernels are in " << options.output << " already; remove it to measure them anew\n";
    return 0;
  }
  llvm::sort(ratios);
  llvm::outs() << options.model << ": " << target.name << ", " << ratios.size() << " kernels measured; the cost model's choice takes "
               << llvm::format("%.2f", ratios[ratios.size() / 2]) << " times the best that was found in the median, " << llvm::format("%.2f", ratios.back())
               << " at the most\nwritten to " << options.output << "; `ingot compile --schedules " << options.output << "` reads it\n";
  return 0;
}
