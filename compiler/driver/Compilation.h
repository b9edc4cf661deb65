//===- Compilation.h - a model on its way through the pipeline ------------===//
#ifndef INGOT_COMPILER_DRIVER_COMPILATION_H
#define INGOT_COMPILER_DRIVER_COMPILATION_H

#include "codegen/cpp/EmitCpp.h"
#include "compiler/driver/Commands.h"
#include "compiler/driver/Interface.h"
#include "compiler/driver/Pipeline.h"
#include "compiler/driver/Report.h"
#include "compiler/driver/Schedules.h"
#include "compiler/support/Target.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>

namespace ingot {

/// What a command holds while it works on one model. The members are in order of dependence.
class Compilation {
public:
  /// Reads the file; null after one line on stderr. With the least effort, the target is the first that has no vectors.
  static std::unique_ptr<Compilation> import(const ModelOptions &options, Progress &progress, Effort effort = Effort::full);

  /// Brings the module to the form; false after one line on stderr.
  bool bringTo(Form form, Progress &progress);
  /// The same, but keeps quiet: `errors` has what was wrong.
  bool tryBringTo(Form form, Progress &progress);

  /// Of a target with levels: the module becomes, in the form `onnx`, that of the level. The form `onnx` is reached before the first call.
  void startLevel(const Target &level);

  /// Writes the files of --emit `kind` into the folder; the module has the form `plan`. False after one line on stderr.
  /// `weights`: where they go (a name of weightsPlace).
  bool writeCode(const std::string &kind, const std::string &folder, const std::string &weights = "auto");

  /// The same for a target with levels, which are brought to the form `plan` one after the other; `eachLevel` sees them there.
  bool writeLevels(const Target &target, const std::string &kind, const std::string &folder, const std::string &weights, Progress &progress,
                   llvm::function_ref<void(const Target &, mlir::ModuleOp)> eachLevel);

  mlir::ModuleOp module() { return *owned; }
  const ErrorCollector &errors() const { return collector; }
  /// Files that were read: the model, then its external data.
  const std::vector<std::string> &files() const { return read; }

private:
  explicit Compilation(const std::string &file);
  CppOptions cppOptions(const std::string &folder, const std::string &weights);
  /// Says, where the file of schedules was made for other kernels than the module has, so in one line.
  void compareWithTuned(Progress &progress);
  /// Frees the data of large constants that no module refers to.
  void dropUnusedElements();

  mlir::MLIRContext context;
  ErrorCollector collector;
  /// Of a target with levels: what they have in common.
  mlir::OwningOpRef<mlir::ModuleOp> common;
  mlir::OwningOpRef<mlir::ModuleOp> owned;
  Effort effort = Effort::full;
  std::optional<Form> form;
  std::vector<std::string> read;
  std::string schedulesFile; ///< what the user named
  TunedKernels tuned;        ///< its content
};

} // namespace ingot

#endif
