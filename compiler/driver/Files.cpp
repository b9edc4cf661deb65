//===- Files.cpp - folders and files that the tools write -----------------===//
#include "compiler/driver/Files.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <unistd.h>

using namespace ingot;
using llvm::StringRef;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// The folder to remove when the process is interrupted: one at a time is all that a command needs.
static std::string *pending = nullptr;

static void removePending(int signal) {
  if (pending)
    fs::remove_directories(*pending);
  _exit(128 + signal);
}

/// From now on, in place of any folder before.
static void removeOnSignal(StringRef folder) {
  pending = new std::string(folder);
  std::signal(SIGINT, removePending);
  std::signal(SIGTERM, removePending);
}

static llvm::Error failure(StringRef path, std::error_code error) {
  return llvm::createStringError(path + ": " + error.message());
}

/// "out/dir/" and "." name the same folder as "out/dir" and the working folder; a sibling needs the plain form.
static std::string plainPath(StringRef wanted) {
  llvm::SmallString<256> text(wanted);
  fs::make_absolute(text);
  path::remove_dots(text, /*remove_dot_dot=*/true);
  return StringRef(text).size() > 1 ? StringRef(text).rtrim('/').str()
                                    : text.str().str();
}

llvm::Expected<OutputFolder> OutputFolder::create(StringRef wanted) {
  std::string plain = plainPath(wanted);
  if (fs::exists(plain) && !fs::is_directory(plain))
    return llvm::createStringError(wanted + ": not a folder");
  // Beside the topmost folder that does not exist yet: a failed run leaves no parents either.
  StringRef beside = plain;
  while (!path::parent_path(beside).empty() && !fs::exists(path::parent_path(beside)))
    beside = path::parent_path(beside);
  llvm::SmallString<256> temporary;
  fs::createUniquePath(beside + ".tmp-%%%%%%%%", temporary, /*MakeAbsolute=*/false);
  if (std::error_code error = fs::create_directory(temporary, /*IgnoreExisting=*/false, fs::all_all))
    return failure(wanted, error);
  removeOnSignal(temporary);
  return OutputFolder(plain, temporary.str().str());
}

OutputFolder::OutputFolder(OutputFolder &&other)
    : wanted(std::move(other.wanted)), temporary(std::move(other.temporary)) {
  other.temporary.clear();
}

OutputFolder::~OutputFolder() {
  if (!temporary.empty())
    fs::remove_directories(temporary);
}

llvm::Error OutputFolder::commit() {
  if (!fs::exists(wanted)) {
    if (std::error_code error = fs::create_directories(path::parent_path(wanted), /*IgnoreExisting=*/true, fs::all_all))
      return failure(wanted, error);
    if (std::error_code error = fs::rename(temporary, wanted))
      return failure(wanted, error);
    temporary.clear();
    return llvm::Error::success();
  }
  std::error_code error;
  for (fs::directory_iterator it(temporary, error), end; !error && it != end;
       it.increment(error)) {
    llvm::SmallString<256> to(wanted);
    path::append(to, path::filename(it->path()));
    if (std::error_code moved = fs::rename(it->path(), to))
      return failure(to, moved);
  }
  return error ? failure(wanted, error) : llvm::Error::success();
}

llvm::Expected<TemporaryFolder> TemporaryFolder::create() {
  llvm::SmallString<128> name;
  if (std::error_code error = fs::createUniqueDirectory("ingot", name))
    return llvm::createStringError("temporary folder: " + error.message());
  removeOnSignal(name);
  return TemporaryFolder(name.str().str());
}

TemporaryFolder::TemporaryFolder(TemporaryFolder &&other) : path(std::move(other.path)) { other.path.clear(); }

TemporaryFolder::~TemporaryFolder() {
  if (!path.empty())
    fs::remove_directories(path);
}

std::string TemporaryFolder::file(const llvm::Twine &name) const {
  llvm::SmallString<128> full(path);
  llvm::sys::path::append(full, name);
  return full.str().str();
}

llvm::Error ingot::writeFile(StringRef path, StringRef text) {
  if (path.empty() || path == "-") {
    llvm::outs() << text;
    llvm::outs().flush();
    return llvm::Error::success();
  }
  return llvm::writeToOutput(path, [&](llvm::raw_ostream &out) {
    out << text;
    return llvm::Error::success();
  });
}

/// The folder where the tool is installed, if it has such a file; else `otherwise`.
static std::string installed(StringRef folder, StringRef file, const char *otherwise) {
  // An address in the tool, for systems where the program's path comes from it.
  static int here;
  llvm::SmallString<256> path(path::parent_path(path::parent_path(fs::getMainExecutable("ingot", &here))));
  path::append(path, folder);
  return fs::exists(path + "/" + file) ? path.str().str() : otherwise;
}

std::string ingot::runtimeInclude() { return installed("include", "ingot/model.h", INGOT_RUNTIME_INCLUDE); }
std::string ingot::runtimeHost() { return installed("share/ingot/runtime-host", "image.cpp", INGOT_RUNTIME_HOST); }
