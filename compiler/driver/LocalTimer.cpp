//===- LocalTimer.cpp - how long kernels take in this process -------------===//
#include "compiler/driver/Executor.h"
#include "compiler/driver/Inputs.h"
#include "compiler/driver/KernelTimer.h"
#include <cmath>

using namespace ingot;

namespace {
/// A candidate that takes turns.
struct Runner {
  std::unique_ptr<Executor> executor;
  std::vector<Tensor> inputs;
  double least = INFINITY; ///< milliseconds
};

class LocalTimer : public KernelTimer {
public:
  explicit LocalTimer(unsigned threads) : threads(threads) {}
  std::vector<double> measure(llvm::ArrayRef<Candidate> candidates) override;
  size_t batch() const override { return 4; }

private:
  llvm::Error makeReady(Runner &runner, const Candidate &candidate);
  unsigned threads;
};
} // namespace

llvm::Error LocalTimer::makeReady(Runner &runner, const Candidate &candidate) {
  if (!candidate.planned)
    return llvm::createStringError("no code comes of its schedule");
  llvm::Expected<std::vector<Tensor>> inputs = bindInputs(candidate.interface, {}, 0, {});
  if (!inputs)
    return inputs.takeError();
  runner.inputs = std::move(*inputs);
  llvm::Expected<std::unique_ptr<Executor>> executor = makeObjectExecutor(*candidate.planned, candidate.interface);
  if (!executor)
    return executor.takeError();
  runner.executor = std::move(*executor);
  if (threads > 1)
    runner.executor->takeThreads(threads);
  return runner.executor->time(runner.inputs, 1, [&](double time) { runner.least = time; });
}

std::vector<double> LocalTimer::measure(llvm::ArrayRef<Candidate> candidates) {
  std::vector<Runner> runners(candidates.size());
  double fastest = INFINITY;
  for (auto [runner, candidate] : llvm::zip_equal(runners, candidates)) {
    if (llvm::Error error = makeReady(runner, candidate)) {
      trouble = llvm::toString(std::move(error));
      runner.least = INFINITY;
    }
    fastest = std::min(fastest, runner.least);
  }
  for (unsigned turn = 0; turn != kTurns; ++turn)
    for (Runner &runner : runners) {
      bool isHopeless = !(runner.least < kHopeless * fastest);
      if (isHopeless && (turn > 0 || !std::isfinite(runner.least)))
        continue;
      // So far it was called once, which another process may have interrupted: two more calls tell.
      unsigned calls = isHopeless ? 2 : unsigned(std::clamp(kTurnSeconds * 1e3 / std::max(runner.least, 1e-4), 1.0, 1e4));
      llvm::consumeError(runner.executor->time(runner.inputs, calls, [&](double time) { runner.least = std::min(runner.least, time); }));
      fastest = std::min(fastest, runner.least);
    }
  std::vector<double> times;
  for (const Runner &runner : runners)
    times.push_back(runner.least);
  return times;
}

std::unique_ptr<KernelTimer> ingot::makeLocalTimer(unsigned threads) { return std::make_unique<LocalTimer>(threads); }
