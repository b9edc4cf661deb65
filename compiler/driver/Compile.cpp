//===- Compile.cpp - ingot compile ----------------------------------------===//
#include "codegen/cpp/Names.h"
#include "compiler/driver/Commands.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Files.h"
#include "compiler/driver/KernelCount.h"
#include "compiler/support/Target.h"
#include "mlir/IR/AsmState.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <map>

using namespace ingot;
using llvm::StringRef;

bool ingot::isModelName(const std::string &name) { return !name.empty() && cpp::identifier(name, 128) == name; }

std::string ingot::defaultModelName(const std::string &path) {
  std::string name = cpp::identifier(llvm::sys::path::stem(path), 100);
  // What the generated code cannot be called gets an underscore there, which reads badly in front of every symbol.
  if (name.empty() || name.back() == '_')
    name += "model";
  return name;
}

/// The module as text. To stdout it is for reading, so large constants are left out; a file is for ingot-opt, so it has everything, with
/// the locations that carry the model's names.
static std::string printed(mlir::ModuleOp module, bool forReading) {
  std::string text;
  llvm::raw_string_ostream out(text);
  mlir::OpPrintingFlags flags;
  if (forReading)
    flags.elideLargeElementsAttrs(16).elideLargeResourceString(64);
  else
    flags.enableDebugInfo();
  module->print(out, flags);
  out << '\n';
  return text;
}

/// Make's quoting of a file name in a rule.
static std::string makeName(StringRef path) {
  std::string text;
  for (char c : path) {
    if (c == ' ' || c == '#' || c == '\\')
      text += '\\';
    text += c == '$' ? "$$" : std::string(1, c);
  }
  return text;
}

static llvm::Error writeDepfile(const CompileOptions &options, StringRef name, llvm::ArrayRef<std::string> files) {
  llvm::SmallString<256> made(options.output);
  llvm::sys::path::append(made, name + ".h");
  std::string rule = makeName(made) + ":";
  for (const std::string &file : files)
    rule += " \\\n  " + makeName(file);
  return writeFile(options.depfile, rule + "\n");
}

/// A line of JSON about a planned module.
static std::string figuresOf(mlir::ModuleOp module, StringRef name, const Target &target) {
  KernelCount count = countKernels(module);
  return llvm::formatv("{{\"model\": \"{0}\", \"target\": \"{1}\", \"kernels\": {2}, \"vectorised\": {3}}\n", name, target.name, count.kernels,
                       count.vectorised);
}

/// Compiles `options.model`; the exit code. Figures of it are added to `report`.
static int compileOne(const CompileOptions &options, std::string &report) {
  std::optional<Form> form = formNamed(options.emit);
  Progress progress;
  const Target &target = *Target::find(options.target);
  bool levelled = !target.levels.empty();
  std::unique_ptr<Compilation> model = Compilation::import(options, progress);
  if (!model || !model->bringTo(levelled ? Form::onnx : form.value_or(Form::plan), progress))
    return 1;
  if (form) {
    bool toStdout = options.output.empty() || options.output == "-";
    progress.clear();
    if (llvm::Error error = writeFile(options.output, printed(model->module(), toStdout)))
      return fail(std::move(error));
    return 0;
  }

  auto count = [&](const Target &level, mlir::ModuleOp module) { report += figuresOf(module, options.name, level); };
  if (!levelled)
    count(target, model->module());
  progress.show("writing code");
  llvm::Expected<OutputFolder> folder = OutputFolder::create(options.output);
  if (!folder)
    return fail(folder.takeError());
  if (!(levelled ? model->writeLevels(target, options.emit, folder->path(), options.weights, progress, count)
                 : model->writeCode(options.emit, folder->path(), options.weights)))
    return 1;
  if (!options.depfile.empty())
    if (llvm::Error error = writeDepfile(options, options.name, model->files()))
      return fail(std::move(error));
  if (llvm::Error error = folder->commit())
    return fail(std::move(error));
  return 0;
}

/// What makes no sense for several models at once, as text for the user; empty where all is well.
static std::string wrongForSeveral(const CompileOptions &options) {
  if (!options.name.empty() || !options.depfile.empty() || !options.shapes.empty() || !options.lists.empty() || !options.states.empty())
    return "--name, --depfile, --shape and --state are for one model; run it once for each";
  if (formNamed(options.emit))
    return "IR can be printed of one model; run it once for each";
  std::map<std::string, std::string> files;
  for (const std::string &model : options.models) {
    auto [entry, isNew] = files.emplace(defaultModelName(model), model);
    if (!isNew)
      return entry->second + " and " + model + " would both be named '" + entry->first + "'; run it once for each, with --name";
  }
  return "";
}

int ingot::compileModels(const CompileOptions &given) {
  CompileOptions options = given;
  options.openSizes = true;
  if (!options.libraries)
    options.libraries.emplace();
  std::string wrong;
  if (!formNamed(options.emit) && options.output.empty())
    wrong = "where should the files go? give -o FOLDER";
  else if (options.models.size() > 1)
    wrong = wrongForSeveral(options);
  const Target &target = *Target::find(options.target);
  if (wrong.empty() && !target.levels.empty() && formNamed(options.emit) > Form::onnx)
    wrong = "IR is for one instruction set; give --target " + target.levels.front() + " or another level of " + target.name;
  if (!wrong.empty()) {
    fail("ingot compile: " + wrong + "; see 'ingot compile --help'");
    return 2;
  }
  int code = 0;
  std::string report;
  for (const std::string &model : options.models) {
    options.model = model;
    options.name = given.name.empty() ? defaultModelName(model) : given.name;
    code = std::max(code, compileOne(options, report));
  }
  if (!options.report.empty())
    if (llvm::Error error = writeFile(options.report, report))
      return fail(std::move(error));
  return code;
}
