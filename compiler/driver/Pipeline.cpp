//===- Pipeline.cpp - the stages between a model and its code -------------===//
#include "compiler/driver/Pipeline.h"
#include "codegen/object/Object.h"
#include "compiler/lower/Supported.h"
#include "compiler/optimize/Optimize.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ErrorHandling.h"

using namespace ingot;

static OptimizeOptions optimizeOptions() {
  OptimizeOptions options;
  for (llvm::StringRef name : supportedOperations())
    options.lowered.push_back(name.str());
  for (llvm::StringRef name : shapeCheckingOperations())
    options.checked.push_back(name.str());
  return options;
}

/// Constant parts of the graph are compiled and run by the stages after this one.
static mlir::LogicalResult optimize(mlir::ModuleOp module) {
  OptimizeOptions options = optimizeOptions();
  options.evaluator = [](mlir::ModuleOp constants) {
    return evaluateConstants(constants, [](mlir::ModuleOp part) {
      Progress silent(/*show=*/false);
      return runStages(part, Form::onnx, Form::plan, Effort::full, silent);
    });
  };
  return runOptimize(module, options);
}

/// Shapes must be known, so what computes them is folded; other constants are computed when the model runs.
static mlir::LogicalResult inferShapes(mlir::ModuleOp module) { return runOptimize(module, optimizeOptions()); }

static const Stage all[] = {
    {Form::onnx, "simplifying the graph", optimize, nullptr, Effort::full},
    {Form::onnx, "inferring shapes", inferShapes, nullptr, Effort::least},
    {Form::linalg, "lowering operators", nullptr, "lower-to-linalg,widen-floats,canonicalize,cse"},
    {Form::kernels, "choosing layouts", nullptr, "func.func(choose-layouts),canonicalize,cse", Effort::full},
    {Form::kernels, "fusing operations", nullptr, "func.func(fuse-elementwise)"},
    {Form::kernels, "forming kernels", nullptr, "func.func(form-kernels)"},
    {Form::kernels, "choosing schedules", nullptr, "choose-schedules"},
    {Form::loops, "expanding kernels", nullptr, "expand-kernels"},
    {Form::loops, "expanding functions", nullptr, "expand-math"},
    {Form::plan, "planning memory", nullptr, "plan-memory"},
};

llvm::ArrayRef<Stage> ingot::stages() { return all; }

std::optional<Form> ingot::formNamed(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Form>>(name)
      .Case("onnx", Form::onnx)
      .Case("linalg", Form::linalg)
      .Case("kernels", Form::kernels)
      .Case("loops", Form::loops)
      .Case("plan", Form::plan)
      .Default(std::nullopt);
}

static mlir::LogicalResult runPasses(const char *passes, mlir::ModuleOp module) {
  mlir::PassManager manager(module.getContext(), mlir::ModuleOp::getOperationName());
  // The text is a constant of this file: that it parses does not depend on the model.
  if (mlir::failed(mlir::parsePassPipeline(passes, manager)))
    llvm::report_fatal_error("a stage of the pipeline names an unknown pass");
  return manager.run(module);
}

mlir::LogicalResult ingot::runStages(mlir::ModuleOp module, std::optional<Form> from, Form until, Effort effort,
                                     Progress &progress) {
  for (const Stage &stage : all) {
    if ((from && stage.gives <= *from) || stage.gives > until || stage.only.value_or(effort) != effort)
      continue;
    progress.show(stage.doing);
    if (mlir::failed(stage.run ? stage.run(module) : runPasses(stage.passes, module)))
      return mlir::failure();
  }
  return mlir::success();
}
