//===- Roofline.h - kernels under the roofs of a machine ------------------===//
#ifndef INGOT_COMPILER_DRIVER_ROOFLINE_H
#define INGOT_COMPILER_DRIVER_ROOFLINE_H

#include "compiler/driver/KernelProfile.h"
#include "compiler/driver/MachinePeak.h"

namespace ingot {

/// A kernel's rate against the machine's.
struct Attained {
  double gigaflops = 0; ///< operations on integers among them
  double flopShare = 0; ///< the time that the operations would take at the peaks of floats and of integers, of the time that they take
  double gigabytesPerSecond = 0;
  double byteShare = 0; ///< of the bandwidth of a piece as large as the model
  /// "compute" or "memory", whichever it uses the greater share of; "neither" below kLeastShare of both: it waits for something else, such as
  /// the latency of a sum, or does more than the least.
  const char *bound = "neither";
};
constexpr double kLeastShare = 0.3;

/// On floats and integers.
double operationsOf(const KernelTime &kernel);

Attained attained(const KernelTime &kernel, const MachinePeak &peak);

/// What a call takes at the least, in milliseconds: its operations at the machine's peaks, shared by `threads`, or one pass over the `touched` bytes of
/// weights, arena, inputs and outputs.
struct Floor {
  double arithmetic = 0, memory = 0;
  double greater() const { return arithmetic > memory ? arithmetic : memory; }
};
Floor floorOf(llvm::ArrayRef<KernelTime> kernels, const MachinePeak &peak, int64_t touched, unsigned threads);

/// A picture of the kernels as a stand-alone SVG: operations per byte against GFLOP/s, both axes logarithmic, the roofs as lines, a dot for each kernel whose
/// area is its share of the time, numbered as the list beside it. `title` is any text.
std::string drawRoofline(llvm::StringRef title, llvm::ArrayRef<KernelTime> kernels, const MachinePeak &peak);

/// The number with three significant digits and no exponent where it can do without.
std::string figure(double value);
/// A size in bytes with its unit.
std::string sizeText(int64_t bytes);

} // namespace ingot

#endif
