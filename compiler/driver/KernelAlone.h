//===- KernelAlone.h - one kernel of a model as a model of its own --------===//
#ifndef INGOT_COMPILER_DRIVER_KERNELALONE_H
#define INGOT_COMPILER_DRIVER_KERNELALONE_H

#include "compiler/driver/KernelTimer.h"
#include "compiler/schedule/Schedule.h"

namespace ingot {

/// One schedule for each nest of a kernel.
using Schedules = std::vector<Schedule>;

/// A kernel that has schedules, in a module of the form `kernels` that outlives the object.
class KernelAlone {
public:
  /// Whether it can be measured by itself: its operands and results are tensors of static shapes and of types that values can be made for.
  static bool canBe(KernelOp kernel);
  explicit KernelAlone(KernelOp kernel) : kernel(kernel) {}

  std::string key() const { return keyOf(kernel); }
  std::string name() const { return KernelOp(kernel).getName().str(); }
  /// What the kernel has.
  Schedules chosen() const;

  /// One step of a search: from schedules to others.
  using Step = std::function<std::optional<Schedules>(const Schedules &)>;
  /// All that a search tries, in the order in which it does: the same for the same kernel and number of threads, so that a search can go on where it was
  /// stopped. A step gives nothing where it does not fit the schedules.
  std::vector<Step> steps() const;

  /// Planned, with these schedules; errors are not reported.
  Candidate with(const Schedules &schedules) const;

private:
  mlir::OwningOpRef<mlir::ModuleOp> module() const;

  KernelOp kernel;
};

} // namespace ingot

#endif
