//===- ingot-front.cpp - import, optimise and export, for tests -----------===//
#include "compiler/export/Export.h"
#include "compiler/import/Import.h"
#include "compiler/optimize/Optimize.h"
#include "mlir/IR/AsmState.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

static cl::opt<std::string> model(cl::Positional, cl::Required,
                                  cl::desc("MODEL.onnx"));
static cl::list<std::string> shapes("shape", cl::desc("x=1,3,48,320"));
static cl::list<std::string> states("state", cl::desc("in:out"));
static cl::opt<bool> optimize("optimize", cl::desc("run the optimise stage"));
static cl::opt<bool> keepDynamic("dynamic", cl::desc("allow unknown sizes"));
static cl::list<std::string> lowered("lowered", cl::CommaSeparated,
                                     cl::desc("operators not to expand"));
static cl::list<std::string> checked("checked", cl::CommaSeparated,
                                     cl::desc("operators that check their shapes"));
static cl::opt<unsigned> elide("elide", cl::init(16),
                               cl::desc("longest constant to print"));

static cl::opt<std::string> name("name", cl::desc("ingot.model"));
static cl::opt<std::string> target("target", cl::desc("ingot.target"));
static cl::opt<bool> locations("locations", cl::desc("print locations"));
static cl::opt<std::string> exported("export", cl::desc("OUT.onnx"));

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "imports a model and prints it\n");
  ingot::ImportOptions options;
  for (StringRef text : shapes) {
    auto [name, sizes] = text.rsplit('=');
    SmallVector<StringRef> parts;
    sizes.split(parts, ',', -1, /*KeepEmpty=*/false);
    for (StringRef part : parts)
      options.shapes[name.str()].push_back(std::stoll(part.str()));
    options.shapes[name.str()];
  }
  for (StringRef text : states) {
    auto [input, output] = text.split(':');
    options.state.emplace_back(input, output);
  }
  options.modelName = name;
  options.targetName = target;
  mlir::MLIRContext context;
  context.printOpOnDiagnostic(false);
  auto module = ingot::importModel(context, model, options);
  if (failed(module))
    return 1;
  if (optimize) {
    ingot::OptimizeOptions settings;
    settings.requireStatic = !keepDynamic;
    settings.lowered.assign(lowered.begin(), lowered.end());
    settings.checked.assign(checked.begin(), checked.end());
    if (failed(ingot::runOptimize(**module, settings)))
      return 1;
  }
  if (!exported.empty())
    return failed(ingot::exportModel(**module, exported));
  mlir::OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(elide).elideLargeResourceString(elide);
  if (locations)
    flags.enableDebugInfo(/*enable=*/true, /*prettyForm=*/false).useLocalScope();
  (*module)->print(outs(), flags);
  outs() << '\n';
  return 0;
}
