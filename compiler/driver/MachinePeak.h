//===- MachinePeak.h - what this machine can do at the most ---------------===//
#ifndef INGOT_COMPILER_DRIVER_MACHINEPEAK_H
#define INGOT_COMPILER_DRIVER_MACHINEPEAK_H

#include "compiler/support/Target.h"
#include "llvm/Support/Error.h"

namespace ingot {

/// Bytes: from less the time to begin would be measured.
constexpr int64_t kLeastPiece = int64_t(16) << 10;

/// How fast one thread reads a piece of memory again and again.
struct Bandwidth {
  int64_t bytes = 0;         ///< the size of the piece
  double gigabytesPerSecond = 0;
};

struct MachinePeak {
  double gigaflops = 0; ///< of float32 multiply-adds that wait for nothing, each two operations
  double integer = 0;   ///< the same of int16 ones that are summed in int32, or of int32 ones where the target has no instruction for those
  Bandwidth model;      ///< a piece as large as what the model touches, but at least kLeastPiece; caches may hold it
  Bandwidth memory;     ///< a piece that no cache holds
};

/// Measures in about a second, with code made for the target as a model's is. `modelBytes`: what the model touches in a run.
llvm::Expected<MachinePeak> measurePeak(const Target &target, int64_t modelBytes);

} // namespace ingot

#endif
