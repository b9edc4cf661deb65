//===- Compilation.cpp - a model on its way through the pipeline ----------===//
#include "compiler/driver/Compilation.h"
#include "codegen/cpp/Levels.h"
#include "codegen/cpp/WeightData.h"
#include "codegen/object/Object.h"
#include "compiler/driver/Dialects.h"
#include "compiler/driver/KernelAlone.h"
#include "compiler/driver/Libraries.h"
#include "compiler/import/Import.h"
#include "compiler/support/Target.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/support/CodeOptions.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace ingot;
using llvm::StringRef;

/// IN:OUT at the colon in the middle: where names hold colons themselves (`state:0:next:0`), both hold as many.
static std::optional<std::pair<std::string, std::string>> splitState(StringRef text) {
  size_t colons = text.count(':');
  if (colons % 2 == 0)
    return std::nullopt;
  size_t at = text.find(':');
  for (size_t i = 0; i != colons / 2; ++i)
    at = text.find(':', at + 1);
  if (at == 0 || at + 1 == text.size())
    return std::nullopt;
  return std::make_pair(text.take_front(at).str(), text.drop_front(at + 1).str());
}

Compilation::Compilation(const std::string &file)
    : context(mlir::MLIRContext::Threading::DISABLED), collector(context, file) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  context.appendDialectRegistry(registry);
}

std::unique_ptr<Compilation> Compilation::import(const ModelOptions &options, Progress &progress, Effort effort) {
  ImportOptions import;
  // Whether all are given once, or alike.
  auto take = [&](const auto &given, auto &shapes) {
    for (const auto &[name, shape] : given) {
      auto [entry, isNew] = shapes.emplace(name, shape);
      if (isNew || entry->second == shape)
        continue;
      fail(options.model + ": two shapes are given for '" + name + "'");
      return false;
    }
    return true;
  };
  if (!take(options.shapes, import.shapes) || !take(options.lists, import.lists))
    return nullptr;
  for (const std::string &text : options.states) {
    std::optional<std::pair<std::string, std::string>> state = splitState(text);
    if (!state) {
      fail(options.model + ": state '" + text + "' is not of the form INPUT:OUTPUT");
      return nullptr;
    }
    import.state.push_back(*state);
  }
  for (const std::string &library : options.libraries.value_or(std::vector<std::string>()))
    if (!llvm::is_contained(Target::find(options.target)->libraries, library)) {
      fail("there is no library '" + library + "' for the target '" + Target::find(options.target)->name + "'");
      return nullptr;
    }
  import.openSizes = options.openSizes;
  import.modelName = options.name.empty() ? defaultModelName(options.model) : options.name;
  // "native" is this machine's business; the module names the target itself, so that equal targets give equal bytes.
  import.targetName = Target::find(options.target)->parts().front()->name;
  if (effort == Effort::least)
    import.targetName = llvm::find_if(Target::all(), [](const Target &target) { return target.lanes(4) == 1; })->name;

  std::unique_ptr<Compilation> compilation(new Compilation(options.model));
  import.filesRead = &compilation->read;
  compilation->effort = effort;
  progress.show("reading " + options.model);
  mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> module = importModel(compilation->context, options.model, import);
  if (mlir::failed(module)) {
    progress.clear();
    compilation->collector.failWithFirst("reading the model");
    return nullptr;
  }
  compilation->owned = std::move(*module);
  mlir::Builder builder(&compilation->context);
  if (options.stringBytes)
    (*compilation->owned)->setAttr("ingot.string_bytes", builder.getI64IntegerAttr(*options.stringBytes));
  if (!options.imageSize.empty())
    (*compilation->owned)->setAttr("ingot.image_size", builder.getDenseI64ArrayAttr(options.imageSize));
  std::vector<std::string> libraries = options.libraries ? *options.libraries : builtLibraries();
  if (!libraries.empty())
    (*compilation->owned)->setAttr("ingot.libraries", builder.getStrArrayAttr(llvm::to_vector_of<StringRef>(libraries)));
  if (!options.schedules.empty()) {
    llvm::Expected<TunedKernels> kernels = readSchedules(options.schedules, compilation->context);
    if (!kernels) {
      progress.clear();
      fail(kernels.takeError());
      return nullptr;
    }
    (*compilation->owned)->setAttr(kSchedules, toAttr(*kernels, compilation->context));
    compilation->read.push_back(options.schedules);
    compilation->schedulesFile = options.schedules;
    compilation->tuned = std::move(*kernels);
  }
  if (options.noWinograd)
    (*compilation->owned)->setAttr(kNoWinograd, builder.getUnitAttr());
  if (options.threads > 1)
    (*compilation->owned)->setAttr(kThreads, builder.getI64IntegerAttr(options.threads));
  return compilation;
}

void Compilation::dropUnusedElements() {
  llvm::StringSet<> used;
  auto note = [&](mlir::Attribute attribute) {
    if (attribute)
      attribute.walk([&](mlir::DenseResourceElementsAttr elements) { used.insert(elements.getRawHandle().getKey()); });
  };
  for (mlir::ModuleOp module : {*owned, common ? *common : mlir::ModuleOp()})
    if (module)
      module->walk([&](mlir::Operation *op) {
        for (mlir::NamedAttribute attribute : op->getDiscardableAttrs())
          note(attribute.getValue());
        for (mlir::StringAttr name : op->getName().getAttributeNames())
          note(op->getInherentAttr(name).value_or(mlir::Attribute()));
      });
  auto &manager = mlir::DenseResourceElementsHandle::getManagerInterface(&context).getBlobManager();
  std::vector<std::string> unused;
  manager.getBlobMap([&](const auto &blobs) {
    for (const auto &blob : blobs)
      if (!used.contains(blob.getKey()))
        unused.push_back(blob.getKey().str());
  });
  for (const std::string &key : unused)
    manager.lookup(key)->setBlob(mlir::AsmResourceBlob());
}

void Compilation::compareWithTuned(Progress &progress) {
  const std::string &target = Target::of(*owned).name;
  bool fitsTarget = tuned.empty();
  llvm::StringSet<> targets;
  for (const auto &[key, kernel] : tuned) {
    fitsTarget |= kernel.target == target;
    targets.insert(kernel.target);
  }
  size_t kernels = 0, missing = 0;
  owned->walk([&](KernelOp kernel) {
    if (!KernelAlone::canBe(kernel))
      return;
    ++kernels;
    missing += tuned.count(keyOf(kernel)) == 0;
  });
  if (missing == 0)
    return;
  progress.clear();
  if (!fitsTarget)
    note(schedulesFile + ": has no schedules for " + target + ", but for " + llvm::join(llvm::to_vector(targets.keys()), ", ") +
         "; the cost model chooses all. `ingot tune --target " + target + "` adds them");
  else
    note(schedulesFile + ": lacks " + llvm::Twine(missing) + " of the model's " + llvm::Twine(kernels) +
         " kernels, for which the cost model chooses: it was made for another model, other shapes or another version of Ingot; `ingot tune` adds them");
}

bool Compilation::tryBringTo(Form wanted, Progress &progress) {
  while (!form || *form < wanted) {
    Form next = form ? Form(int(*form) + 1) : Form::onnx;
    if (mlir::failed(runStages(*owned, form, next, effort, progress)))
      return false;
    form = next;
    if (next == Form::kernels && !schedulesFile.empty())
      compareWithTuned(progress);
    // Stages fold and pack weights into new constants; of a large model, memory holds few copies.
    dropUnusedElements();
  }
  return true;
}

bool Compilation::bringTo(Form wanted, Progress &progress) {
  if (tryBringTo(wanted, progress))
    return true;
  progress.clear();
  collector.failWithFirst("compiling");
  return false;
}

CppOptions Compilation::cppOptions(const std::string &folder, const std::string &weights) {
  CppOptions options;
  options.outDir = folder;
  options.weights = *weightsPlace(weights);
  options.source = llvm::sys::path::filename(read.front()).str();
  return options;
}

bool Compilation::writeCode(const std::string &kind, const std::string &folder, const std::string &weights) {
  CppOptions options = cppOptions(folder, weights);
  if (mlir::succeeded(kind == "cpp" ? emitCpp(*owned, options) : emitObject(*owned, options, kind == "library")))
    return true;
  collector.failWithFirst("writing code");
  return false;
}

void Compilation::startLevel(const Target &level) {
  if (!common)
    common = std::move(owned);
  owned = common->clone();
  (*owned)->setAttr("ingot.target", mlir::StringAttr::get(&context, level.name));
  form = Form::onnx;
}

bool Compilation::writeLevels(const Target &target, const std::string &kind, const std::string &folder, const std::string &weights,
                              Progress &progress, llvm::function_ref<void(const Target &, mlir::ModuleOp)> eachLevel) {
  CppOptions options = cppOptions(folder, weights);
  if (!bringTo(Form::onnx, progress))
    return false;
  options.name = (*owned)->getAttrOfType<mlir::StringAttr>("ingot.model").str();
  std::vector<cpp::Interface> levels;
  SharedWeights shared;
  auto failed = [&](const llvm::Twine &doing) {
    progress.clear();
    collector.failWithFirst(doing);
    return false;
  };
  for (const Target *level : target.parts()) {
    startLevel(*level);
    if (!bringTo(Form::plan, progress))
      return false;
    eachLevel(*level, *owned);
    progress.show("writing code for " + level->name);
    if (mlir::failed(shared.take(*owned)))
      return failed("sharing weights");
    mlir::FailureOr<cpp::Interface> interface = kind == "cpp" ? emitCppLevel(*owned, options) : emitObjectLevel(*owned, options);
    if (mlir::failed(interface))
      return failed("writing code");
    levels.push_back(std::move(*interface));
  }
  mlir::FailureOr<cpp::Interface> interface = cpp::joinLevels(levels, target, options, context);
  if (mlir::failed(interface))
    return failed("joining levels");
  interface->weightBytes = int64_t(shared.bytes().size());
  if (mlir::succeeded(kind == "cpp" ? emitCppChoice(*interface, shared.bytes(), options, &context)
                                    : emitObjectChoice(*interface, shared.bytes(), options, kind == "library", &context)))
    return true;
  return failed("writing code");
}
