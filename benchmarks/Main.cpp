//===- Main.cpp - the sweep over single kernels ----------------------------===//
#include "benchmarks/Table.h"
#include <cmath>
#include <cstring>
#include <fstream>
#include <iostream>
#include <numeric>

#define KERNEL(name, operations, bytes) extern "C" const ingot_model name##_model;
#include "kernels.inc"
#undef KERNEL

static const std::vector<Kernel> kernels = {
#define KERNEL(name, operations, bytes) \
  {#name, operations, bytes, &name##_model, INGOT_BENCHMARK_MODELS "/" #name ".onnx", INGOT_BENCHMARK_MODELS "/" #name ".weights"},
#include "kernels.inc"
#undef KERNEL
};

namespace {
struct Options {
  int threads = 1;
  bool cold = false, peak = true;
  std::string outputs;
};

/// A kernel's inputs, and the engines that compute it: made when they are first asked for, kept to the end, since the runs of all kernels take turns.
struct Subject {
  const Kernel &kernel;
  std::vector<Buffer> inputs;
  std::unique_ptr<Engine> own, peer;
  std::string reason; ///< why there is no engine

  explicit Subject(const Kernel &kernel) : kernel(kernel) {}
  Engine *engine(bool wantsPeer, int threads);
};
} // namespace

Engine *Subject::engine(bool wantsPeer, int threads) {
  if (inputs.empty())
    for (int i = 0; i != kernel.model->input_count; ++i) {
      inputs.emplace_back(size_t(kernel.model->inputs[i].count));
      uint32_t state = 1 + uint32_t(i);
      for (float &value : inputs.back())
        value = float(int32_t(state = state * 1664525 + 1013904223) >> 8) / float(1 << 23);
    }
  std::unique_ptr<Engine> &engine = wantsPeer ? peer : own;
  if (!engine)
    engine = wantsPeer ? makePeer(kernel, inputs, threads, reason) : makeIngot(kernel, inputs, threads);
  return engine.get();
}

/// Empties the caches of everything but the inputs, as when a network comes to a kernel whose weights it has not read since the last call.
static void emptyCaches(const Subject &subject) {
  static std::vector<float> much(size_t(24) << 20, 1);
  float sum = std::accumulate(much.begin(), much.end(), 0.f);
  for (const Buffer &input : subject.inputs)
    sum = std::accumulate(input.begin(), input.end(), sum);
  benchmark::DoNotOptimize(sum);
}

static void measure(benchmark::State &state, Subject &subject, bool wantsPeer, const Options &options) try {
  Engine *engine = subject.engine(wantsPeer, options.threads);
  if (!engine) {
    state.SkipWithError(("left out: " + subject.reason).c_str());
    return;
  }
  engine->run();
  double inside = engine->secondsInside();
  for (auto _ : state) {
    if (options.cold) {
      state.PauseTiming();
      emptyCaches(subject);
      state.ResumeTiming();
    }
    engine->run();
  }
  if (inside >= 0)
    state.counters["inside"] = (engine->secondsInside() - inside) / double(state.iterations());
  using benchmark::Counter;
  if (subject.kernel.operations > 0)
    state.counters["operations/s"] = Counter(subject.kernel.operations, Counter::kIsIterationInvariantRate);
  state.counters["bytes/s"] = Counter(subject.kernel.bytes, Counter::kIsIterationInvariantRate);
} catch (const std::exception &error) {
  state.SkipWithError(error.what());
}

/// Whether the engines agree; a line on stderr where they do not.
static bool compare(Subject &subject) {
  if (!subject.own || !subject.peer)
    return true;
  float difference = 0, greatest = 0;
  Buffer &own = subject.own->output(), &peer = subject.peer->output();
  for (size_t i = 0; i != own.size(); ++i) {
    // A NaN is greater than any bound.
    float one = std::abs(own.data()[i] - peer.data()[i]);
    difference = one <= difference ? difference : one;
    greatest = std::max(greatest, std::abs(peer.data()[i]));
  }
  if (difference <= 1e-3f * greatest)
    return true;
  std::cerr << subject.kernel.name << ": results differ by " << difference << ", where the greatest is " << greatest << '\n';
  return false;
}

static void writeBuffer(const std::string &path, const Buffer &buffer) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char *>(buffer.data()), std::streamsize(buffer.size() * sizeof(float)));
  if (!file.flush())
    throw std::runtime_error(path + " cannot be written");
}

static void writeOutputs(Subject &subject, const std::string &folder) {
  std::string stem = folder + '/' + subject.kernel.name;
  for (size_t i = 0; i != subject.inputs.size(); ++i)
    writeBuffer(stem + ".x" + std::to_string(i), subject.inputs[i]);
  if (subject.own)
    writeBuffer(stem + ".ingot", subject.own->output());
  if (subject.peer)
    writeBuffer(stem + '.' + peerName(), subject.peer->output());
}

static void printHelp() {
  std::cout << "usage: ingot-benchmark [OPTION...]\n\n"
               "Measures the kernels of benchmarks/kernels.py, compiled by Ingot"
            << (*peerName() ? std::string(", beside ") + peerName() : std::string())
            << ".\n\n"
               "  --threads=N     on N threads; more than one only where it was built for them (INGOT_BENCHMARK_THREADS)\n"
               "  --cold          with caches emptied before each call, except of the inputs\n"
               "  --no-peak       does not measure the machine's peak first\n"
               "  --outputs=DIR   writes inputs and outputs as raw floats: DIR/KERNEL.x0..., DIR/KERNEL.ENGINE\n\n"
               "and Google Benchmark's: --benchmark_filter=REGEX, --benchmark_repetitions=N (the least time counts), --benchmark_min_time=SECONDS\n"
               "(of a repetition), --benchmark_out=FILE (JSON), --benchmark_list_tests, ...\n";
}

/// Takes Ingot's own options out of the arguments. False where one is wrong.
static bool parse(std::vector<char *> &arguments, Options &options) {
  std::vector<char *> rest;
  for (char *argument : arguments) {
    if (std::strncmp(argument, "--threads=", 10) == 0)
      options.threads = std::atoi(argument + 10);
    else if (std::strncmp(argument, "--outputs=", 10) == 0)
      options.outputs = argument + 10;
    else if (std::strcmp(argument, "--cold") == 0)
      options.cold = true;
    else if (std::strcmp(argument, "--no-peak") == 0)
      options.peak = false;
    else
      rest.push_back(argument);
  }
  arguments = rest;
  return options.threads >= 1;
}

static int sweep(std::vector<char *> arguments) {
  Options options;
  // Those given come later, and count.
  std::string defaults[] = {"--benchmark_repetitions=20", "--benchmark_min_time=0.02", "--benchmark_enable_random_interleaving=true"};
  for (std::string &argument : defaults)
    arguments.insert(arguments.begin() + 1, argument.data());
  if (!parse(arguments, options)) {
    std::cerr << "ingot-benchmark: --threads takes a positive number\n";
    return 2;
  }
  int count = int(arguments.size());
  benchmark::Initialize(&count, arguments.data(), printHelp);
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data()))
    return 2;

  std::vector<Subject> subjects;
  for (const Kernel &kernel : kernels)
    subjects.emplace_back(kernel);
  for (Subject &subject : subjects)
    for (bool peer : {false, true})
      if (!peer || *peerName())
        benchmark::RegisterBenchmark((subject.kernel.name + std::string("/") + (peer ? peerName() : "ingot")).c_str(),
                                     [&, peer](benchmark::State &state) { measure(state, subject, peer, options); })
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond);

  Peak peak;
  if (options.peak) {
    peak = Peak::measure();
    benchmark::AddCustomContext("peak_operations_per_second", std::to_string(peak.operations));
    for (auto [bytes, rate] : peak.pieces)
      benchmark::AddCustomContext("peak_bytes_per_second_from_" + std::to_string(int64_t(bytes)), std::to_string(rate));
  }
  benchmark::AddCustomContext("threads", std::to_string(options.threads));
  benchmark::AddCustomContext("caches", options.cold ? "emptied" : "kept");
  if (*peerName())
    benchmark::AddCustomContext(peerName(), peerVersion());
  TableReporter table(kernels, peak, options.threads);
  benchmark::RunSpecifiedBenchmarks(&table);
  bool right = !table.failed();
  for (Subject &subject : subjects) {
    right &= compare(subject);
    if (!options.outputs.empty())
      writeOutputs(subject, options.outputs);
  }
  return right ? 0 : 1;
}

int main(int argc, char **argv) try {
  return sweep({argv, argv + argc});
} catch (const std::exception &error) {
  std::cerr << "ingot-benchmark: " << error.what() << '\n';
  return 1;
}
