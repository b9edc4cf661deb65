//===- CppExecutor.cpp - the C++ road in this process ---------------------===//
#include "codegen/cpp/EmitCpp.h"
#include "compiler/driver/Executor.h"
#include "compiler/driver/Files.h"
#include "compiler/support/Target.h"
#include "ingot/model.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <dlfcn.h>

using namespace ingot;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

namespace {

/// A model in a shared object, driven by its descriptor.
class CppExecutor : public Executor {
public:
  CppExecutor(Interface interface, void *library, const ingot_model *model)
      : Executor(std::move(interface)), library(library), model(model),
        arena(std::aligned_alloc(64, llvm::alignTo(std::max<size_t>(model->arena_bytes, 1), 64)), std::free) {}
  ~CppExecutor() override { dlclose(library); }

private:
  int call(llvm::ArrayRef<const void *> inputs, llvm::ArrayRef<void *> outputs) override {
    return model->run(inputs.data(), outputs.data(), arena.get(), nullptr);
  }

  void *library;
  const ingot_model *model;
  std::unique_ptr<void, decltype(&std::free)> arena;
};

} // namespace

/// Runs the compiler on what lies in the folder; the first line that it says is the error.
static llvm::Error buildLibrary(const TemporaryFolder &folder, const Target &target, const std::string &library) {
  const char *wanted = std::getenv("CXX");
  std::string name = wanted && *wanted ? wanted : "c++";
  llvm::ErrorOr<std::string> compiler = llvm::sys::findProgramByName(name);
  if (!compiler)
    return llvm::createStringError(name + ": not found; install a C++ compiler or set CXX");
  std::vector<std::string> arguments{*compiler, "-std=c++17", "-fPIC", "-shared", "-I" + runtimeInclude(), "-I" + folder.name()};
  for (const std::vector<std::string> &flags : {cppCompileFlags(), target.compileFlags})
    arguments.insert(arguments.end(), flags.begin(), flags.end());
  std::error_code error;
  for (fs::directory_iterator it(folder.name(), error), end; !error && it != end; it.increment(error))
    if (StringRef suffix = llvm::sys::path::extension(it->path()); suffix == ".cpp" || suffix == ".S" || suffix == ".s")
      arguments.push_back(it->path());
  if (error)
    return llvm::createStringError(folder.name() + ": " + error.message());
  arguments.insert(arguments.end(), {"-o", library});

  std::string log = folder.file("log"), message;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log), StringRef(log)};
  std::vector<StringRef> references(arguments.begin(), arguments.end());
  if (llvm::sys::ExecuteAndWait(*compiler, references, std::nullopt, redirects, 0, 0, &message) == 0)
    return llvm::Error::success();
  if (auto text = llvm::MemoryBuffer::getFile(log))
    if (StringRef said = (*text)->getBuffer().trim(); !said.empty())
      message = said.split('\n').first.str();
  return llvm::createStringError(name + ": " + message);
}

llvm::Expected<std::unique_ptr<Executor>> ingot::makeCppExecutor(mlir::ModuleOp planned, const Interface &interface) {
  llvm::Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  CppOptions options;
  options.outDir = folder->name();
  if (mlir::failed(emitCpp(planned, options)))
    return llvm::createStringError("no C++ could be made");
  std::string path = folder->file("model.so");
  if (llvm::Error error = buildLibrary(*folder, Target::of(planned), path))
    return error;
  // The folder goes, the mapping stays.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return llvm::createStringError(StringRef(dlerror()));
  std::string symbol = planned->getAttrOfType<mlir::StringAttr>("ingot.model").str() + "_model";
  auto *model = static_cast<const ingot_model *>(dlsym(library, symbol.c_str()));
  if (!model || model->abi_version != INGOT_ABI_VERSION || size_t(model->input_count) != interface.inputs.size() ||
      size_t(model->output_count) != interface.outputs.size()) {
    dlclose(library);
    return llvm::createStringError("the compiled library has no descriptor of this model");
  }
  return std::make_unique<CppExecutor>(interface, library, model);
}
