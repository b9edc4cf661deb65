//===- Report.h - what the user sees on stderr ----------------------------===//
#ifndef INGOT_COMPILER_DRIVER_REPORT_H
#define INGOT_COMPILER_DRIVER_REPORT_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace ingot {

/// Prints one line on stderr; the part up to the first ": " is bold red on a
/// terminal. Always returns 1, the exit code of the user's mistakes.
int fail(const llvm::Twine &message);
int fail(llvm::Error error);

/// Prints one line on stderr that nothing depends on.
void note(const llvm::Twine &message);

/// Collects the errors that MLIR reports, each as one line in the form
///   FILE: node 'NAME' (OpType): what is wrong; what to do
/// Warnings and remarks are dropped: nobody who compiles a model can act on a pass's remarks.
class ErrorCollector {
public:
  ErrorCollector(mlir::MLIRContext &context, llvm::StringRef file);

  const std::vector<std::string> &errors() const { return lines; }
  /// Prints the first error, or that `doing` failed where there is none.
  int failWithFirst(const llvm::Twine &doing) const;

private:
  std::string file;
  std::vector<std::string> lines;
  mlir::ScopedDiagnosticHandler handler;
};

/// "node 'NAME' (OpType)" of a location made by the importer, the first node of a fused one; empty where there is none.
std::string nodeText(mlir::Location location);

/// One line on a terminal that is rewritten as the work goes on and wiped at the end; nothing elsewhere.
class Progress {
public:
  explicit Progress(bool show = true);
  ~Progress();
  Progress(const Progress &) = delete;
  void show(const llvm::Twine &doing);
  void clear();

private:
  bool visible;
};

} // namespace ingot

#endif
