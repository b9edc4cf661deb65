//===- Pipeline.cpp - the stages between a model and its code -------------===//
#include "compiler/driver/Pipeline.h"
#include "codegen/object/Object.h"
#include "compiler/lower/Supported.h"
#include "compiler/optimize/Optimize.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
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

/// What computing constants may cost: some seconds of scalar work, and memory in proportion to the constants that the file has. A small file
/// can ask for any amount.
constexpr double kMostFoldedSteps = double(1ll << 32);
constexpr int64_t kMostFoldedArena = int64_t(1) << 29;

/// Iterations of all loops of a module in the form `linalg`.
static double countSteps(mlir::ModuleOp module) {
  double total = 0;
  module.walk([&](mlir::linalg::LinalgOp op) {
    double steps = 1;
    for (int64_t range : op.getStaticLoopRanges())
      steps *= double(std::max<int64_t>(range, 1));
    for (auto loop = op->getParentOfType<mlir::scf::ForOp>(); loop; loop = loop->getParentOfType<mlir::scf::ForOp>())
      if (std::optional<llvm::APInt> count = loop.getStaticTripCount())
        steps *= count->roundToDouble();
    total += steps;
  });
  return total;
}

static bool fitsArena(mlir::ModuleOp planned) {
  auto arena = planned->getAttrOfType<mlir::IntegerAttr>("ingot.arena_bytes");
  auto weights = planned->getAttrOfType<mlir::ElementsAttr>("ingot.weights");
  return arena && weights && arena.getInt() / 4 <= kMostFoldedArena / 4 + weights.getNumElements();
}

/// Constant parts of the graph are compiled and run by the stages after this one.
static mlir::LogicalResult optimize(mlir::ModuleOp module) {
  OptimizeOptions options = optimizeOptions();
  options.evaluator = [](mlir::ModuleOp constants) -> mlir::FailureOr<llvm::SmallVector<mlir::ElementsAttr>> {
    bool tooMuch = false;
    auto values = evaluateConstants(constants, [&](mlir::ModuleOp part) {
      Progress silent(/*show=*/false);
      if (mlir::failed(runStages(part, Form::onnx, Form::linalg, Effort::full, silent)))
        return mlir::failure();
      tooMuch = countSteps(part) > kMostFoldedSteps;
      if (tooMuch || mlir::failed(runStages(part, Form::linalg, Form::plan, Effort::full, silent)))
        return mlir::failure();
      tooMuch = !fitsArena(part);
      return mlir::failure(tooMuch);
    });
    if (tooMuch)
      return llvm::SmallVector<mlir::ElementsAttr>();
    return values;
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
    {Form::kernels, "fusing operations", nullptr, "func.func(narrow-factors,widen-factors,fuse-elementwise,tabulate,fuse-elementwise,tabulate,winograd,simplify-rounding,copy-padding,copy-panels)"},
    {Form::kernels, "forming kernels", nullptr, "func.func(form-kernels)"},
    {Form::kernels, "choosing schedules", nullptr, "choose-schedules"},
    {Form::loops, "expanding kernels", nullptr, "expand-kernels"},
    {Form::loops, "expanding functions", nullptr, "expand-math,expand-strings"},
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
