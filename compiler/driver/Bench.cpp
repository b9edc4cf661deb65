//===- Bench.cpp - ingot bench --------------------------------------------===//
#include "compiler/driver/BoundModel.h"
#include "compiler/driver/Files.h"
#include "compiler/driver/Python.h"
#include "compiler/driver/Roofline.h"
#include "compiler/driver/Worker.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace ingot;
using llvm::StringRef;

/// The Python program that runs one peer; bench_peer.py, compiled in.
static const char peerProgram[] =
#include "compiler/driver/bench_peer.inc"
    ;

constexpr int kRounds = 5;
/// Fewer runs in a round have no median, more than these tell nothing new.
constexpr double kLeastRuns = 3, kMostRuns = 2000;

namespace {
/// One row of the table.
struct Engine {
  std::string name;
  std::string version;
  Worker worker;
  std::string log = {};  ///< what a peer has to say; empty of Ingot itself
  unsigned runs = 0; ///< in a round
  std::vector<double> times = {};
  std::vector<Tensor> outputs = {};
  std::optional<double> difference = std::nullopt; ///< from the first peer's outputs

  double least() const { return *llvm::min_element(times); }
  double median() const {
    std::vector<double> sorted = times;
    llvm::sort(sorted);
    size_t half = sorted.size() / 2;
    return sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
};
} // namespace

/// Greatest difference of two elements; infinite where a number is finite in one of them only. The shapes are equal.
static double greatestDifference(const Tensor &a, const Tensor &b) {
  double greatest = 0;
  for (int64_t i = 0, e = elementCount(a.shape).value_or(0); i != e; ++i) {
    double x = elementAsDouble(a, i), y = elementAsDouble(b, i);
    if (x == y || (std::isnan(x) && std::isnan(y)))
      continue;
    double difference = std::abs(x - y);
    greatest = std::max(greatest, std::isnan(difference) ? INFINITY : difference);
  }
  return greatest;
}

/// What bench_peer.py reads: the ports by name, and the inputs' values.
static llvm::Error writePeerInputs(const TemporaryFolder &folder, const Interface &interface, llvm::ArrayRef<Tensor> inputs) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os);
  json.object([&] {
    for (auto [key, ports] : {std::pair("inputs", &interface.inputs), std::pair("outputs", &interface.outputs)})
      json.attributeArray(key, [&] {
        for (const Port &port : *ports)
          json.object([&] {
            json.attribute("name", llvm::json::fixUTF8(port.name));
            json.attribute("type", port.type);
            json.attributeArray("shape", [&] {
              for (int64_t size : port.shape)
                json.value(size);
            });
          });
      });
  });
  if (llvm::Error error = writeFile(folder.file("ports.json"), text))
    return error;
  for (const auto &[i, tensor] : llvm::enumerate(inputs))
    if (llvm::Error error = writeNpy(folder.file("input_" + llvm::Twine(i) + ".npy"), tensor))
      return error;
  return llvm::Error::success();
}

/// The compiled model in a process of its own, which answers a number of runs with their times, or with what went wrong.
static llvm::Expected<Worker> startOwn(Executor &executor, llvm::ArrayRef<Tensor> inputs, unsigned threads) {
  return Worker::fork([&, threads](StringRef line) mutable {
    // In the process that needs them, once.
    if (threads > 1)
      executor.takeThreads(std::exchange(threads, 1));
    unsigned count = 0;
    line.getAsInteger(10, count);
    std::string answer;
    llvm::raw_string_ostream os(answer);
    llvm::Error error = executor.time(inputs, count, [&](double milliseconds) { os << llvm::format("%.6f ", milliseconds); });
    return error ? llvm::toString(std::move(error)) : answer;
  });
}

/// What a peer's process, which has ended, said last, or else how it ended.
static std::string lastWords(Worker &worker, const std::string &log) {
  int code = worker.exitCode();
  if (code < 0)
    return "its process was ended by a signal";
  std::string line = lastLine(log);
  return line.empty() ? "its process ended with exit code " + std::to_string(code) : line;
}

/// A peer that has run once. The error is one line that starts with its name.
static llvm::Expected<Engine> startPeer(const std::string &python, const std::string &name, const std::string &model,
                                        const TemporaryFolder &folder, const Interface &interface, unsigned threads) {
  std::string log = folder.file(name + ".log");
  llvm::Expected<Worker> worker = Worker::start(python, {"-c", peerProgram, name, model, folder.name(), std::to_string(threads)}, log);
  if (!worker)
    return worker.takeError();
  llvm::Expected<std::string> ready = worker->receive();
  if (!ready) {
    llvm::consumeError(ready.takeError());
    return llvm::createStringError(name + ": " + lastWords(*worker, log));
  }
  Engine engine{name, StringRef(*ready).split(' ').second.str(), std::move(*worker), log};
  for (const auto &[i, port] : llvm::enumerate(interface.outputs)) {
    llvm::Expected<Tensor> output = readNpy(folder.file(name + "_" + llvm::Twine(i) + ".npy"));
    if (!output)
      return llvm::createStringError(name + ": " + llvm::toString(output.takeError()));
    giveType(*output, port.type);
    if (output->type != port.type || output->shape != port.shape)
      return llvm::createStringError(name + ": output '" + port.name + "' is " + output->type + " " + shapeText(output->shape) + " instead of " +
                                     port.type + " " + shapeText(port.shape));
    engine.outputs.push_back(std::move(*output));
  }
  return engine;
}

/// Milliseconds of each of `runs` runs, after one that is not measured.
static llvm::Expected<std::vector<double>> timesOf(Engine &engine, unsigned runs) {
  llvm::Error error = engine.worker.send(std::to_string(runs));
  llvm::Expected<std::string> line = error ? llvm::Expected<std::string>(std::move(error)) : engine.worker.receive();
  if (!line) {
    llvm::consumeError(line.takeError());
    return llvm::createStringError(lastWords(engine.worker, engine.log));
  }
  llvm::SmallVector<StringRef> words;
  StringRef(*line).split(words, ' ', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  std::vector<double> times;
  for (StringRef word : words) {
    double time;
    if (word.getAsDouble(time))
      return llvm::createStringError(*line);
    times.push_back(time);
  }
  if (times.size() != runs)
    return llvm::createStringError("gave no times");
  return times;
}

/// All engines in turn, `kRounds` times; one that fails leaves with a line on stderr. False where that is Ingot itself, the first.
static bool measure(std::vector<Engine> &engines, const BenchOptions &options, Progress &progress) {
  for (int round = 0; round <= kRounds; ++round)
    for (size_t i = 0; i != engines.size();) {
      Engine &engine = engines[i];
      progress.show(round == 0 ? "trying " + engine.name : "measuring " + engine.name + ", round " + std::to_string(round) + " of " + std::to_string(kRounds));
      // Round 0 says how many runs fill the time.
      llvm::Expected<std::vector<double>> times = timesOf(engine, round == 0 ? 3 : engine.runs);
      if (!times) {
        progress.clear();
        fail((i == 0 ? options.model : engine.name) + ": " + llvm::toString(times.takeError()));
        if (i == 0)
          return false;
        engines.erase(engines.begin() + i);
        continue;
      }
      if (round == 0)
        engine.runs = unsigned(std::clamp(options.seconds * 1e3 / kRounds / std::max(*llvm::min_element(*times), 1e-6), kLeastRuns, kMostRuns));
      else
        llvm::append_range(engine.times, *times);
      ++i;
    }
  return true;
}

/// Bytes of weights, arena, inputs and outputs of a planned module.
static int64_t touchedBytes(mlir::ModuleOp planned, llvm::ArrayRef<Tensor> inputs, llvm::ArrayRef<Tensor> outputs) {
  int64_t total = 0;
  if (auto arena = planned->getAttrOfType<mlir::IntegerAttr>("ingot.arena_bytes"))
    total += arena.getInt();
  if (auto weights = planned->getAttrOfType<mlir::ElementsAttr>("ingot.weights"))
    total += weights.getNumElements();
  for (const Tensor &tensor : llvm::concat<const Tensor>(inputs, outputs))
    total += tensor.data.size();
  return total;
}

static std::string percent(double share) { return llvm::formatv("{0:f0} %", 100 * share); }

/// Columns as wide as their longest cell; the first is set to the left, the others to the right. The first row is the head.
static void printTable(const std::vector<std::vector<std::string>> &rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const std::vector<std::string> &row : rows)
    for (const auto &[width, cell] : llvm::zip_equal(widths, row))
      width = std::max(width, cell.size());
  for (const std::vector<std::string> &row : rows) {
    for (const auto &[i, cell] : llvm::enumerate(row)) {
      if (i == 0)
        llvm::outs() << llvm::left_justify(cell, widths[i]);
      else
        llvm::outs() << "  " << llvm::right_justify(cell, widths[i]);
    }
    llvm::outs() << '\n';
  }
}

static std::string differenceText(const Engine &engine, const Engine *reference) {
  return &engine == reference ? "reference" : engine.difference ? figure(*engine.difference) : "-";
}

static std::string threadsText(unsigned threads) { return std::to_string(threads) + (threads == 1 ? " thread" : " threads"); }

static void printEngines(const std::vector<Engine> &engines, const Engine *reference) {
  std::vector<std::vector<std::string>> rows{{"engine", "version", "min ms", "median ms", "max abs diff"}};
  for (const Engine &engine : engines)
    rows.push_back({engine.name, engine.version, figure(engine.least()), figure(engine.median()), differenceText(engine, reference)});
  printTable(rows);
}

static void printFloor(const Floor &floor, const Engine &own) {
  llvm::outs() << "floor: " << figure(floor.arithmetic) << " ms of arithmetic at the peaks, " << figure(floor.memory)
               << " ms for one pass over what the model touches; a call takes " << figure(own.least() / floor.greater()) << " times the greater\n";
}

static void printKernels(llvm::ArrayRef<KernelTime> kernels, const MachinePeak &peak) {
  /// What is left out of the table takes less than this share.
  constexpr double kRest = 0.005;
  double total = 0, shown = 0;
  for (const KernelTime &kernel : kernels)
    total += kernel.milliseconds;
  std::vector<std::vector<std::string>> rows{{"kernel", "calls", "min ms", "of time", "GFLOP/s", "of peak", "GB/s", "of memory", "bound by"}};
  size_t count = 0;
  for (const KernelTime &kernel : kernels) {
    if (total - shown <= kRest * total && kernels.size() - count > 1)
      break;
    Attained rate = attained(kernel, peak);
    std::vector<std::string> row{kernel.name, std::to_string(kernel.calls), figure(kernel.milliseconds),
                                 percent(total > 0 ? kernel.milliseconds / total : 0), "-", "-", "-", "-", rate.bound};
    // Of a call that the clock cannot tell from nothing there is no rate.
    if (kernel.milliseconds > 0 && operationsOf(kernel) > 0) {
      row[4] = figure(rate.gigaflops);
      row[5] = percent(rate.flopShare);
    }
    if (kernel.milliseconds > 0) {
      row[6] = figure(rate.gigabytesPerSecond);
      row[7] = percent(rate.byteShare);
    }
    rows.push_back(std::move(row));
    shown += kernel.milliseconds;
    ++count;
  }
  printTable(rows);
  if (count != kernels.size())
    llvm::outs() << "and " << kernels.size() - count << " more: " << figure(total - shown) << " ms\n";
  llvm::outs() << "peak: " << figure(peak.gigaflops) << " GFLOP/s of float32 multiply-adds, " << figure(peak.integer) << " G/s of integers'; memory: " << figure(peak.model.gigabytesPerSecond)
               << " GB/s read from " << sizeText(peak.model.bytes);
  if (peak.model.bytes > kLeastPiece)
    llvm::outs() << ", which the model touches";
  if (peak.memory.bytes != peak.model.bytes)
    llvm::outs() << " (" << figure(peak.memory.gigabytesPerSecond) << " GB/s from " << sizeText(peak.memory.bytes) << ")";
  llvm::outs() << '\n';
}

/// The file of --json. A number that JSON has not, an infinite difference, is a string.
static std::string jsonText(const BenchOptions &options, const std::string &target, const std::vector<Engine> &engines,
                            llvm::ArrayRef<KernelTime> kernels, const MachinePeak &peak, const Floor &floor) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os, 2);
  double total = 0;
  for (const KernelTime &kernel : kernels)
    total += kernel.milliseconds;
  json.object([&] {
    json.attribute("model", llvm::json::fixUTF8(options.model));
    json.attribute("target", target);
    json.attribute("threads", int64_t(options.threads));
    json.attributeArray("rows", [&] {
      for (const Engine &engine : engines)
        json.object([&] {
          json.attribute("engine", engine.name);
          json.attribute("version", llvm::json::fixUTF8(engine.version));
          json.attribute("min_ms", engine.least());
          json.attribute("median_ms", engine.median());
          if (!engine.difference)
            json.attribute("max_abs_diff", nullptr);
          else if (std::isfinite(*engine.difference))
            json.attribute("max_abs_diff", *engine.difference);
          else
            json.attribute("max_abs_diff", "infinite");
        });
    });
    json.attributeArray("kernels", [&] {
      for (const KernelTime &kernel : kernels) {
        Attained rate = attained(kernel, peak);
        json.object([&] {
          json.attribute("name", kernel.name);
          json.attributeArray("nodes", [&] {
            for (const std::string &node : kernel.nodes)
              json.value(llvm::json::fixUTF8(node));
          });
          json.attribute("calls", kernel.calls);
          json.attribute("ms", kernel.milliseconds);
          json.attribute("time_share", total > 0 ? kernel.milliseconds / total : 0);
          json.attribute("operations", kernel.operations);
          json.attribute("integer_operations", kernel.integerOperations);
          json.attribute("bytes", kernel.bytes);
          json.attribute("gflops", rate.gigaflops);
          json.attribute("peak_share", rate.flopShare);
          json.attribute("gb_per_s", rate.gigabytesPerSecond);
          json.attribute("memory_share", rate.byteShare);
          json.attribute("bound_by", rate.bound);
        });
      }
    });
    json.attributeObject("peak", [&] {
      json.attribute("gflops", peak.gigaflops);
      json.attribute("integer_gops", peak.integer);
      json.attribute("model_bytes", peak.model.bytes);
      json.attribute("model_gb_per_s", peak.model.gigabytesPerSecond);
      json.attribute("memory_gb_per_s", peak.memory.gigabytesPerSecond);
    });
    json.attributeObject("floor", [&] {
      json.attribute("arithmetic_ms", floor.arithmetic);
      json.attribute("memory_ms", floor.memory);
    });
  });
  os << '\n';
  return text;
}

int ingot::benchModel(const BenchOptions &given) {
  Progress progress;
  BenchOptions options = given;
  // Of a target with levels, what such a model would take here.
  const Target *here = Target::find(options.target)->here();
  if (!here)
    return fail(options.model + ": target " + options.target + " does not run on this machine; `ingot targets` says which do");
  const Target &target = *here;
  options.target = target.name;
  llvm::Expected<std::vector<GivenInput>> inputs = readInputs(options.inputs);
  if (!inputs)
    return fail(inputs.takeError());
  std::optional<BoundModel> model = BoundModel::import(options, *inputs, options.seed, progress);
  if (!model || !model->run(options, "object", progress))
    return 1;
  mlir::ModuleOp planned = model->compilation->module();
  int64_t touched = touchedBytes(planned, model->inputs, model->outputs);

  std::vector<Engine> engines;
  {
    llvm::Expected<TemporaryFolder> folder = TemporaryFolder::create();
    if (!folder)
      return fail(folder.takeError());
    if (llvm::Error error = writePeerInputs(*folder, model->interface, model->inputs))
      return fail(std::move(error));
    llvm::Expected<Worker> own = startOwn(*model->executor, model->inputs, options.threads);
    if (!own)
      return fail(own.takeError());
    engines.push_back({"ingot", options.version, std::move(*own)});
    engines.back().outputs = std::move(model->outputs);
    llvm::Expected<std::string> python = options.against.empty() ? std::string() : findPython();
    if (!python) {
      progress.clear();
      fail(llvm::toString(python.takeError()) + " with the packages of " + llvm::join(options.against, ", ") + " to compare with them");
      options.against.clear();
    }
    for (const std::string &name : options.against) {
      progress.show("loading " + name);
      llvm::Expected<Engine> peer = startPeer(*python, name, options.model, *folder, model->interface, options.threads);
      if (peer) {
        engines.push_back(std::move(*peer));
        continue;
      }
      progress.clear();
      fail(peer.takeError());
    }
    bool measured = measure(engines, options, progress);
    for (Engine &engine : engines)
      engine.worker.exitCode();
    if (!measured)
      return 1;
  }
  const Engine *reference = engines.size() > 1 ? &engines[1] : nullptr;
  for (Engine &engine : engines)
    if (reference && &engine != reference) {
      engine.difference = 0;
      for (const auto &[a, b] : llvm::zip_equal(engine.outputs, reference->outputs))
        engine.difference = std::max(*engine.difference, greatestDifference(a, b));
    }

  progress.show("measuring each kernel");
  llvm::Expected<std::vector<KernelTime>> kernels = profileKernels(planned, model->interface, model->inputs, options.seconds);
  if (!kernels)
    return fail(options.model + ": " + llvm::toString(kernels.takeError()));
  progress.show("measuring the machine's peak");
  llvm::Expected<MachinePeak> peak = measurePeak(target, touched);
  if (!peak)
    return fail(peak.takeError());
  Floor floor = floorOf(*kernels, *peak, touched, options.threads);
  progress.clear();

  if (options.json != "-" && options.svg != "-") {
    llvm::outs() << options.model << ": " << target.name << ", " << threadsText(options.threads) << ", inputs by seed " << options.seed << "\n\n";
    printEngines(engines, reference);
    llvm::outs() << (options.threads > 1 ? "\nkernels on one thread:\n" : "\n");
    printKernels(*kernels, *peak);
    printFloor(floor, engines.front());
  }
  if (!options.json.empty())
    if (llvm::Error error = writeFile(options.json, jsonText(options, target.name, engines, *kernels, *peak, floor)))
      return fail(std::move(error));
  if (!options.svg.empty())
    if (llvm::Error error = writeFile(options.svg, drawRoofline(llvm::sys::path::filename(options.model).str() + ", " + target.name + ", 1 thread",
                                                                *kernels, *peak)))
      return fail(std::move(error));
  return 0;
}
