//===- Compile.cpp - what is fuzzed: from a file's bytes to the plan ------===//
#include "tests/fuzz/Compile.h"
#include "compiler/driver/Dialects.h"
#include "compiler/driver/Pipeline.h"
#include "compiler/driver/Report.h"
#include "compiler/driver/Stages.h"
#include "compiler/import/Import.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/ErrorHandling.h"

using namespace ingot;

/// Runs that share a context: making one costs more than reading bytes that are no model. What it holds for good grows with each.
constexpr unsigned kRunsOfContext = 200;

static mlir::MLIRContext &freshContext() {
  static const mlir::DialectRegistry registry = [] {
    registerAllPasses();
    mlir::DialectRegistry all;
    registerDialects(all);
    return all;
  }();
  static std::unique_ptr<mlir::MLIRContext> context;
  static unsigned runs = 0;
  if (runs++ % kRunsOfContext == 0)
    context = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  return *context;
}

std::string ingot::compileBytes(const uint8_t *data, size_t size) {
  mlir::MLIRContext &context = freshContext();
  ErrorCollector collector(context, "model");
  ImportOptions options;
  options.targetName = "x86-64-v3";
  mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> module =
      importModelBytes(context, llvm::StringRef(reinterpret_cast<const char *>(data), size), "/no/such/folder", options);
  if (mlir::succeeded(module))
    (**module)->setAttr("ingot.libraries", mlir::Builder(&context).getStrArrayAttr({"image"}));
  Progress silent(/*show=*/false);
  if (mlir::succeeded(module) && mlir::succeeded(runStages(**module, std::nullopt, Form::plan, Effort::full, silent)))
    return {};
  if (collector.errors().empty())
    llvm::report_fatal_error("a stage failed without an error");
  return collector.errors().front();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  compileBytes(data, size);
  return 0;
}

#if defined(__SANITIZE_ADDRESS__) || (defined(__has_feature) && __has_feature(address_sanitizer))
/// LLVM's headers poison what their allocators have not given out, and the code in libLLVM and libMLIR, which is built without the
/// sanitizer, would never lift that again. Those libraries keep what they allocate for good.
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0:detect_leaks=0:detect_stack_use_after_return=0:quarantine_size_mb=16:allocator_may_return_null=1";
}
#endif
