//===- KernelProfile.h - how long each kernel of a model takes ------------===//
#ifndef INGOT_COMPILER_DRIVER_KERNELPROFILE_H
#define INGOT_COMPILER_DRIVER_KERNELPROFILE_H

#include "compiler/driver/Interface.h"
#include "compiler/driver/Tensor.h"

namespace ingot {

/// One kernel's function; the figures are of all its calls in one run of the model.
struct KernelTime {
  std::string name;
  std::vector<std::string> nodes; ///< what its calls come from, with shapes
  int64_t calls = 0;
  double milliseconds = 0; ///< the least over the runs of each call's, summed
  double operations = 0;   ///< of floats, as Work.h counts them
  double integerOperations = 0;
  double bytes = 0;
};

/// Runs the planned module in this process for about `seconds`, with a clock read after each call of a kernel, whose own cost is taken off. The least
/// time counts, as it does of the peak that it is compared with. Longest first; kernels that were never called are left out. The module is not changed.
llvm::Expected<std::vector<KernelTime>> profileKernels(mlir::ModuleOp planned, const Interface &interface, llvm::ArrayRef<Tensor> inputs,
                                                       double seconds);

} // namespace ingot

#endif
