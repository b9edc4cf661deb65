//===- Schedules.h - files of measured schedules --------------------------===//
#ifndef INGOT_COMPILER_DRIVER_SCHEDULES_H
#define INGOT_COMPILER_DRIVER_SCHEDULES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/Error.h"
#include <map>
#include <string>

namespace ingot {

/// What a tuner found for one kernel.
struct TunedKernel {
  std::string name;            ///< for people
  mlir::DictionaryAttr schedule;
  double milliseconds = 0;     ///< with this schedule
  double modelMilliseconds = 0; ///< with the cost model's
  int64_t measured = 0;        ///< how many schedules were tried
};

/// By key (Schedule.h). The file is JSON: {"version": 1, "kernels": {KEY: {"name", "schedule", "ms", "model_ms", "measured"}}}, `schedule` being MLIR's
/// text of the attribute.
using TunedKernels = std::map<std::string, TunedKernel>;

/// Errors name the file.
llvm::Expected<TunedKernels> readSchedules(const std::string &path, mlir::MLIRContext &context);
llvm::Error writeSchedules(const std::string &path, const TunedKernels &kernels);

/// The module's attribute `ingot.schedules`.
mlir::DictionaryAttr toAttr(const TunedKernels &kernels, mlir::MLIRContext &context);

} // namespace ingot

#endif
