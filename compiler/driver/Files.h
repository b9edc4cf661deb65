//===- Files.h - folders and files that the tools write -------------------===//
#ifndef INGOT_COMPILER_DRIVER_FILES_H
#define INGOT_COMPILER_DRIVER_FILES_H

#include "llvm/Support/Error.h"
#include <string>

namespace ingot {

/// A temporary folder beside the wanted one. Files are written into it; commit() moves them to their place, each by a rename. Without commit(),
/// also on SIGINT and SIGTERM, the temporary folder goes and nothing was written.
class OutputFolder {
public:
  static llvm::Expected<OutputFolder> create(llvm::StringRef wanted);
  OutputFolder(OutputFolder &&other);
  ~OutputFolder();

  /// Where to write.
  const std::string &path() const { return temporary; }
  llvm::Error commit();

private:
  OutputFolder(std::string wanted, std::string temporary)
      : wanted(std::move(wanted)), temporary(std::move(temporary)) {}
  std::string wanted;
  std::string temporary;
};

/// A folder that goes with the object, also on SIGINT and SIGTERM.
class TemporaryFolder {
public:
  static llvm::Expected<TemporaryFolder> create();
  TemporaryFolder(TemporaryFolder &&other);
  ~TemporaryFolder();
  const std::string &name() const { return path; }
  std::string file(const llvm::Twine &name) const;

private:
  explicit TemporaryFolder(std::string path) : path(std::move(path)) {}
  std::string path;
};

/// Writes `text` to `path` by way of a temporary file beside it, or to stdout if the path is empty or "-".
llvm::Error writeFile(llvm::StringRef path, llvm::StringRef text);

/// The folder of runtime-min's headers: of the installation that this tool is in, else of the sources it was built from.
std::string runtimeInclude();
/// The folder of runtime-host, found alike.
std::string runtimeHost();

} // namespace ingot

#endif
