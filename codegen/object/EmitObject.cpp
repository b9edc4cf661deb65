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

/// A machine of the target, or null after an error.
static std::unique_ptr<llvm::TargetMachine> makeMachine(ModuleOp planned) {
  static const bool registered = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    return true;
  }();
  static_cast<void>(registered);
  const Target &target = Target::of(planned);
  // Only in its normal form does a triple of three parts have an ABI (eabihf).
  llvm::Triple triple(llvm::Triple::normalize(target.triple));
  std::string problem;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, problem);
  if (!found) {
    planned.emitError() << "code generation: " << problem;
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

/// Fails where the object needs more than every program has, and the libraries of runtime-host that it calls.
static LogicalResult checkSymbols(ModuleOp planned, StringRef path) {
  auto file = llvm::object::ObjectFile::createObjectFile(path);
  if (!file)
    return planned.emitError()
           << "code generation: " << llvm::toString(file.takeError());
  llvm::StringSet<> libraries;
  planned.walk([&](LibraryOp op) { libraries.insert(op.getFunction()); });
  for (const llvm::object::SymbolRef &symbol : file->getBinary()->symbols()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    llvm::Expected<StringRef> name = symbol.getName();
    if (!flags || !name) {
      llvm::consumeError(flags.takeError());
      llvm::consumeError(name.takeError());
      continue;
    }
    if (*flags & llvm::object::SymbolRef::SF_Undefined && !name->empty() &&
        !isEverywhere(*name) && !libraries.contains(*name))
      return planned.emitError()
             << "an operation needs '" << *name
             << "' of the C library, since " << Target::of(planned).name
             << " has no instruction for it; take another target or element type";
  }
  return success();
}

static LogicalResult writeError(ModuleOp planned, StringRef path,
                                std::error_code code) {
  return emitError(UnknownLoc::get(planned.getContext()))
         << path << ": cannot be written: " << code.message();
}

static LogicalResult writeFile(ModuleOp planned, StringRef path, StringRef content) {
  std::error_code code;
  llvm::raw_fd_ostream file(path, code);
  if (!code) {
    file << content;
    file.close();
    code = file.error();
    file.clear_error();
  }
  return code ? writeError(planned, path, code) : success();
}

static LogicalResult writeMachineCode(ModuleOp planned, StringRef path,
                                      llvm::Module &module,
                                      llvm::TargetMachine &machine) {
  std::error_code code;
  llvm::raw_fd_ostream file(path, code);
  if (code)
    return writeError(planned, path, code);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, file, nullptr,
                                  llvm::CodeGenFileType::ObjectFile))
    return planned.emitError() << "code generation: no object files for "
                               << Target::of(planned).triple;
  passes.run(module);
  file.close();
  code = file.error();
  file.clear_error();
  return code ? writeError(planned, path, code) : success();
}

LogicalResult ingot::emitObject(ModuleOp planned, const CppOptions &options,
                                bool asLibrary) {
  FailureOr<cpp::Interface> interface = cpp::readInterface(planned, options);
  FailureOr<WeightData> weights = WeightData::of(planned);
  if (failed(interface) || failed(weights))
    return failure();
  const std::string &name = interface->name;
  auto inFolder = [&](const llvm::Twine &file) {
    llvm::SmallString<128> path(options.outDir);
    llvm::sys::path::append(path, file);
    return path.str().str();
  };
  if (std::error_code code = llvm::sys::fs::create_directories(options.outDir))
    return writeError(planned, options.outDir, code);

  std::string object = inFolder(name + ".o");
  {
    std::unique_ptr<llvm::TargetMachine> machine = makeMachine(planned);
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> code =
        machine ? translate(planned, context, *machine) : nullptr;
    if (!code)
      return failure();
    bool linked = interface->weightBytes && !interface->externalWeights;
    addPublicEntry(*code, *interface,
                   linked ? addWeights(*code, name, weights->bytes()) : nullptr);
    optimize(*code, *machine, 1);
    if (failed(writeMachineCode(planned, object, *code, *machine)))
      return failure();
  }
  if (failed(checkSymbols(planned, object)) ||
      failed(writeFile(planned, inFolder(name + ".h"),
                       cpp::printHeader(*interface, options.style))))
    return failure();
  if (interface->externalWeights &&
      failed(writeFile(planned, inFolder(name + ".weights"), weights->bytes())))
    return failure();
  if (!asLibrary)
    return success();

  // No dates and owners in the archive, so that equal models give equal bytes.
  std::vector<llvm::NewArchiveMember> members;
  auto member = llvm::NewArchiveMember::getFile(object, /*Deterministic=*/true);
  if (!member)
    return writeError(planned, object, llvm::errorToErrorCode(member.takeError()));
  member->MemberName = llvm::sys::path::filename(object);
  members.push_back(std::move(*member));
  std::string library = inFolder("lib" + name + ".a");
  if (llvm::Error error = llvm::writeArchive(
          library, members, llvm::SymtabWritingMode::NormalSymtab,
          llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false))
    return writeError(planned, library, llvm::errorToErrorCode(std::move(error)));
  members.clear();
  if (std::error_code code = llvm::sys::fs::remove(object))
    return writeError(planned, object, code);
  return success();
}
