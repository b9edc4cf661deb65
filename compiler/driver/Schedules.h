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
  std::string name;             ///< for people
  std::string target;
  mlir::DictionaryAttr schedule;
  double milliseconds = 0;      ///< with this schedule
  double modelMilliseconds = 0; ///< with the cost model's
  int64_t tried = 0;            ///< how many steps of the search were made
  int64_t steps = 0;            ///< of how many

  /// Of threads that it was measured with.
  int64_t threads() const;
};

/// By key (Schedule.h). The file is JSON: {"version": 1, "kernels": {KEY: {"name", "target", "schedule", "ms", "model_ms", "tried", "steps"}}}, `schedule` being
/// MLIR's text of the attribute. Nothing in it comes from the machine but the times, which have three digits.
using TunedKernels = std::map<std::string, TunedKernel>;

/// Errors name the file.
llvm::Expected<TunedKernels> readSchedules(const std::string &path, mlir::MLIRContext &context);
llvm::Error writeSchedules(const std::string &path, const TunedKernels &kernels);

/// The module's attribute `ingot.schedules`.
mlir::DictionaryAttr toAttr(const TunedKernels &kernels, mlir::MLIRContext &context);

} // namespace ingot

#endif
