//===- CppBuild.cpp - emitted C++ through a compiler ----------------------===//
#include "compiler/driver/CppBuild.h"
#include "codegen/cpp/EmitCpp.h"
#include "compiler/driver/Libraries.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <cstdlib>

using namespace ingot;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

static std::string fromEnvironment(const char *variable, const char *otherwise) {
  const char *value = std::getenv(variable);
  return value && *value ? value : otherwise;
}

/// Runs a program with the arguments; of what it says the first line with "error" in it, or else the first line, is the error.
static llvm::Error runTool(const TemporaryFolder &folder, const std::string &name, std::vector<std::string> arguments) {
  llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName(name);
  if (!program)
    return llvm::createStringError(name + ": not found; install it or say which to take by CXX");
  arguments.insert(arguments.begin(), *program);
  std::string log = folder.file("log"), message;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log), StringRef(log)};
  std::vector<StringRef> references(arguments.begin(), arguments.end());
  if (llvm::sys::ExecuteAndWait(*program, references, std::nullopt, redirects, 0, 0, &message) == 0)
    return llvm::Error::success();
  if (auto text = llvm::MemoryBuffer::getFile(log)) {
    llvm::SmallVector<StringRef> lines;
    (*text)->getBuffer().trim().split(lines, '\n');
    auto found = llvm::find_if(lines, [](StringRef line) { return line.contains("error"); });
    if (found != lines.end() || !lines.front().empty())
      message = (found != lines.end() ? *found : lines.front()).str();
  }
  return llvm::createStringError(name + ": " + message);
}

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
  std::vector<std::string> arguments = compilerFlags(folder, target);
  arguments.push_back("-shared");
  arguments.insert(arguments.end(), sources->begin(), sources->end());
  std::vector<std::string> links = linkArguments(libraries);
  arguments.insert(arguments.end(), links.begin(), links.end());
  arguments.insert(arguments.end(), {"-o", library});
  return runTool(folder, fromEnvironment("CXX", "c++"), arguments);
}
