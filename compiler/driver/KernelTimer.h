//===- KernelTimer.h - how long kernels take ------------------------------===//
#ifndef INGOT_COMPILER_DRIVER_KERNELTIMER_H
#define INGOT_COMPILER_DRIVER_KERNELTIMER_H

#include "compiler/driver/Interface.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace ingot {

/// Each candidate is measured in so many turns; in a turn it is called again and again for about so long, and at least once.
constexpr unsigned kTurns = 3;
constexpr double kTurnSeconds = 0.007;
/// What takes so many times as long as the fastest in its first turn gets no other.
constexpr double kHopeless = 1.5;

/// A kernel with schedules, as a model of its own.
struct Candidate {
  mlir::OwningOpRef<mlir::ModuleOp> planned; ///< null where the schedules give no code
  Interface interface;
};

class KernelTimer {
public:
  virtual ~KernelTimer() = default;

  /// Least milliseconds of a call of each, with random inputs. They take turns, so that a machine that becomes slower for a while spoils none of them alone.
  /// Infinity where no code comes of one, or none that runs; `trouble` then says why.
  virtual std::vector<double> measure(llvm::ArrayRef<Candidate> candidates) = 0;

  /// How many are best measured at once.
  virtual size_t batch() const = 0;

  /// One line on what went wrong last.
  std::string trouble;
};

/// In this process, on so many threads.
std::unique_ptr<KernelTimer> makeLocalTimer(unsigned threads);

/// Candidates become a program, which the command `compiler` builds and the command `runner` runs (README.md).
llvm::Expected<std::unique_ptr<KernelTimer>> makeRunnerTimer(const std::string &compiler, const std::string &runner, unsigned threads);

} // namespace ingot

#endif
