//===- Compilation.h - a model on its way through the pipeline ------------===//
#ifndef INGOT_COMPILER_DRIVER_COMPILATION_H
#define INGOT_COMPILER_DRIVER_COMPILATION_H

#include "compiler/driver/Commands.h"
#include "compiler/driver/Interface.h"
#include "compiler/driver/Pipeline.h"
#include "compiler/driver/Report.h"
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

  /// Writes the files of --emit `kind` into the folder; the module has the form `plan`. False after one line on stderr.
  /// `weights`: where they go (a name of weightsPlace).
  bool writeCode(const std::string &kind, const std::string &folder, const std::string &weights = "auto");

  mlir::ModuleOp module() { return *owned; }
  const ErrorCollector &errors() const { return collector; }
  /// Files that were read: the model, then its external data.
  const std::vector<std::string> &files() const { return read; }

private:
  explicit Compilation(const std::string &file);

  mlir::MLIRContext context;
  ErrorCollector collector;
  mlir::OwningOpRef<mlir::ModuleOp> owned;
  Effort effort = Effort::full;
  std::optional<Form> form;
  std::vector<std::string> read;
};

} // namespace ingot

#endif
