//===- CppBuild.cpp - emitted C++ through a compiler ----------------------===//
#include "compiler/driver/CppBuild.h"
#include "codegen/cpp/EmitCpp.h"
#include "compiler/driver/Command.h"
#include "compiler/driver/Libraries.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace ingot;
namespace fs = llvm::sys::fs;

static llvm::Expected<std::vector<std::string>> sourcesIn(const TemporaryFolder &folder) {
  std::vector<std::string> sources;
  std::error_code error;
  for (fs::directory_iterator it(folder.name(), error), end; !error && it != end; it.increment(error))
    if (llvm::sys::path::extension(it->path()) == ".cpp")
      sources.push_back(it->path());
  if (error)
    return llvm::createStringError(folder.name() + ": " + error.message());
  return sources;
}

static std::vector<std::string> compilerFlags(const TemporaryFolder &folder, const Target &target) {
  std::vector<std::string> flags{"-std=c++17", "-fPIC", "-I" + runtimeInclude(), "-I" + folder.name()};
  for (const std::vector<std::string> &more : {cppCompileFlags(), target.compileFlags})
    flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

llvm::Error ingot::buildSharedLibrary(const TemporaryFolder &folder, const Target &target, const std::string &library,
                                      llvm::ArrayRef<std::string> libraries) {
  llvm::Expected<std::vector<std::string>> sources = sourcesIn(folder);
  if (!sources)
    return sources.takeError();
  std::vector<std::string> command{defaultCompiler()};
  llvm::append_range(command, compilerFlags(folder, target));
  command.push_back("-shared");
  llvm::append_range(command, *sources);
  llvm::append_range(command, linkArguments(libraries));
  command.insert(command.end(), {"-o", library});
  return runCommand(folder, command, "install it or say which to take by CXX");
}
