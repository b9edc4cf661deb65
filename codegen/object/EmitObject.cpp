//===- EmitObject.cpp - the planned module as an object file --------------===//
#include "codegen/cpp/Interface.h"
#include "codegen/object/MachineModule.h"
#include "codegen/object/Object.h"
#include "codegen/object/PublicEntry.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace ingot;

static InFlightDiagnostic error(MLIRContext *context) { return emitError(UnknownLoc::get(context)); }

/// A machine of the target, or null after an error.
static std::unique_ptr<llvm::TargetMachine> makeMachine(const Target &target, MLIRContext *context) {
  static const bool registered = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    return true;
  }();
  static_cast<void>(registered);
  // Only in its normal form does a triple of three parts have an ABI (eabihf).
  llvm::Triple triple(llvm::Triple::normalize(target.triple));
  std::string problem;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, problem);
  if (!found) {
    error(context) << "code generation: " << problem;
    return nullptr;
  }
  llvm::TargetOptions options = exactOptions();
  options.MCOptions.ABIName = target.abi;
  // A linker that collects garbage can leave out the entry that a program does not use.
  options.FunctionSections = options.DataSections = true;
  // Programs without an operating system lie where they were linked; there, position-independent code would only move the
  // descriptor from read-only memory to memory that is written at start.
  llvm::Reloc::Model model =
      triple.isOSUnknown() ? llvm::Reloc::Static : llvm::Reloc::PIC_;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      triple, target.cpu, target.features, options, model));
}

/// NAME_weights, in read-only data.
static llvm::GlobalVariable *addWeights(llvm::Module &module, StringRef name,
                                        StringRef bytes) {
  llvm::Constant *content = llvm::ConstantDataArray::getRaw(
      bytes, bytes.size(), llvm::Type::getInt8Ty(module.getContext()));
  auto *weights = new llvm::GlobalVariable(
      module, content->getType(), /*isConstant=*/true,
      llvm::GlobalValue::ExternalLinkage, content, name + "_weights");
  weights->setAlignment(llvm::Align(64));
  weights->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return weights;
}

/// What a program on a machine without a C library has all the same: the four functions that compilers call in freestanding code, and the
/// compiler's own, whose names are reserved.
static bool isEverywhere(StringRef symbol) {
  return symbol.starts_with("_") ||
         llvm::StringSwitch<bool>(symbol)
             .Cases({"memcpy", "memmove", "memset", "memcmp"}, true)
             .Default(false);
}

/// Fails where the object needs more than every program has and the symbols that are `known`.
static LogicalResult checkSymbols(const llvm::StringSet<> &known, StringRef path, const Target &target, MLIRContext *context) {
  auto file = llvm::object::ObjectFile::createObjectFile(path);
  if (!file)
    return error(context)
           << "code generation: " << llvm::toString(file.takeError());
  for (const llvm::object::SymbolRef &symbol : file->getBinary()->symbols()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    llvm::Expected<StringRef> name = symbol.getName();
    if (!flags || !name) {
      llvm::consumeError(flags.takeError());
      llvm::consumeError(name.takeError());
      continue;
    }
    if (*flags & llvm::object::SymbolRef::SF_Undefined && !name->empty() &&
        !isEverywhere(*name) && !known.contains(*name))
      return error(context)
             << "an operation needs '" << *name
             << "' of the C library, since " << target.name
             << " has no instruction for it; take another target or element type";
  }
  return success();
}

static LogicalResult writeError(MLIRContext *context, StringRef path,
                                std::error_code code) {
  return error(context) << path << ": cannot be written: " << code.message();
}

static LogicalResult writeFile(MLIRContext *context, StringRef path, StringRef content) {
  std::error_code code;
  llvm::raw_fd_ostream file(path, code);
  if (!code) {
    file << content;
    file.close();
    code = file.error();
    file.clear_error();
  }
  return code ? writeError(context, path, code) : success();
}

/// Optimises the module and writes it as an object.
static LogicalResult writeMachineCode(MLIRContext *context, StringRef path,
                                      llvm::Module &module,
                                      llvm::TargetMachine &machine) {
  optimize(module, machine, 1);
  std::error_code code;
  llvm::raw_fd_ostream file(path, code);
  if (code)
    return writeError(context, path, code);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, file, nullptr,
                                  llvm::CodeGenFileType::ObjectFile))
    return error(context) << "code generation: no object files for " << machine.getTargetTriple().str();
  passes.run(module);
  file.close();
  code = file.error();
  file.clear_error();
  return code ? writeError(context, path, code) : success();
}

static std::string inFolder(const CppOptions &options, const llvm::Twine &file) {
  llvm::SmallString<128> path(options.outDir);
  llvm::sys::path::append(path, file);
  return path.str().str();
}

/// Symbols of runtime-host's libraries that the module's code calls.
static llvm::StringSet<> librarySymbols(ModuleOp planned) {
  llvm::StringSet<> symbols;
  planned.walk([&](LibraryOp op) { symbols.insert(op.getFunction()); });
  return symbols;
}

/// What stands beside the objects: NAME.h and, where they are external, the weights.
static LogicalResult writeCompanions(const cpp::Interface &interface, StringRef weights, const CppOptions &options, MLIRContext *context) {
  if (failed(writeFile(context, inFolder(options, interface.name + ".h"), cpp::printHeader(interface, options.style))))
    return failure();
  return interface.externalWeights ? writeFile(context, inFolder(options, interface.name + ".weights"), weights) : success();
}

/// Puts the objects into libNAME.a and removes them.
static LogicalResult makeLibrary(ArrayRef<std::string> objects, const std::string &name, const CppOptions &options, MLIRContext *context) {
  // No dates and owners in the archive, so that equal models give equal bytes.
  std::vector<llvm::NewArchiveMember> members;
  for (const std::string &object : objects) {
    auto member = llvm::NewArchiveMember::getFile(object, /*Deterministic=*/true);
    if (!member)
      return writeError(context, object, llvm::errorToErrorCode(member.takeError()));
    member->MemberName = llvm::sys::path::filename(object);
    members.push_back(std::move(*member));
  }
  std::string library = inFolder(options, "lib" + name + ".a");
  if (llvm::Error error = llvm::writeArchive(
          library, members, llvm::SymtabWritingMode::NormalSymtab,
          llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false))
    return writeError(context, library, llvm::errorToErrorCode(std::move(error)));
  members.clear();
  for (const std::string &object : objects)
    if (std::error_code code = llvm::sys::fs::remove(object))
      return writeError(context, object, code);
  return success();
}

LogicalResult ingot::emitObject(ModuleOp planned, const CppOptions &options,
                                bool asLibrary) {
  FailureOr<cpp::Interface> interface = cpp::readInterface(planned, options);
  FailureOr<WeightData> weights = WeightData::of(planned);
  if (failed(interface) || failed(weights))
    return failure();
  MLIRContext *context = planned.getContext();
  const std::string &name = interface->name;
  if (std::error_code code = llvm::sys::fs::create_directories(options.outDir))
    return writeError(context, options.outDir, code);

  std::string object = inFolder(options, name + ".o");
  const Target &target = Target::of(planned);
  {
    std::unique_ptr<llvm::TargetMachine> machine = makeMachine(target, context);
    llvm::LLVMContext llvmContext;
    std::unique_ptr<llvm::Module> code =
        machine ? translate(planned, llvmContext, *machine) : nullptr;
    if (!code)
      return failure();
    bool linked = interface->weightBytes && !interface->externalWeights;
    addPublicEntry(*code, *interface,
                   linked ? addWeights(*code, name, weights->bytes()) : nullptr);
    if (failed(writeMachineCode(context, object, *code, *machine)))
      return failure();
  }
  if (failed(checkSymbols(librarySymbols(planned), object, target, context)) ||
      failed(writeCompanions(*interface, weights->bytes(), options, context)))
    return failure();
  return asLibrary ? makeLibrary({object}, name, options, context) : success();
}

FailureOr<cpp::Interface> ingot::emitObjectLevel(ModuleOp planned, const CppOptions &options) {
  CppOptions level = options;
  const Target &target = Target::of(planned);
  level.name = cpp::levelStem(options.name, target);
  FailureOr<cpp::Interface> interface = cpp::readInterface(planned, level);
  if (failed(interface))
    return failure();
  MLIRContext *context = planned.getContext();
  if (std::error_code code = llvm::sys::fs::create_directories(options.outDir))
    return writeError(context, options.outDir, code);
  std::string object = inFolder(options, level.name + ".o");
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(target, context);
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> code = machine ? translate(planned, llvmContext, *machine) : nullptr;
  if (!code)
    return failure();
  exportLevel(*code, level.name + "_graph");
  if (failed(writeMachineCode(context, object, *code, *machine)) || failed(checkSymbols(librarySymbols(planned), object, target, context)))
    return failure();
  return interface;
}

LogicalResult ingot::emitObjectChoice(const cpp::Interface &interface, StringRef weights, const CppOptions &options, bool asLibrary,
                                      MLIRContext *context) {
  const std::string &name = interface.name;
  const Target &target = *Target::find(interface.target);
  std::vector<std::string> objects = {inFolder(options, name + ".o")};
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(target, context);
  if (!machine)
    return failure();
  if (!machine->getTargetTriple().isX86())
    return error(context) << "code generation: nothing tells the levels of " << target.name << " apart when the model runs";
  llvm::LLVMContext llvmContext;
  llvm::Module code("ingot", llvmContext);
  code.setDataLayout(machine->createDataLayout());
  code.setTargetTriple(machine->getTargetTriple());
  addChoice(code, interface);
  bool linked = interface.weightBytes && !interface.externalWeights;
  addPublicEntry(code, interface, linked ? addWeights(code, name, weights) : nullptr);
  llvm::StringSet<> known;
  for (const cpp::ModelLevel &level : interface.levels) {
    known.insert(level.function);
    objects.push_back(inFolder(options, StringRef(level.function).drop_back(StringRef("_graph").size()) + ".o"));
  }
  if (failed(writeMachineCode(context, objects.front(), code, *machine)) || failed(checkSymbols(known, objects.front(), target, context)) ||
      failed(writeCompanions(interface, weights, options, context)))
    return failure();
  return asLibrary ? makeLibrary(objects, name, options, context) : success();
}
