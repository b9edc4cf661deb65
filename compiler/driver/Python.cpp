//===- Python.cpp - the Python that peers run in --------------------------===//
#include "compiler/driver/Python.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include <cstdlib>

using namespace ingot;

llvm::Expected<std::string> ingot::findPython() {
  const char *wanted = std::getenv("INGOT_PYTHON");
  std::string name = wanted && *wanted ? wanted : "python3";
  if (llvm::ErrorOr<std::string> python = llvm::sys::findProgramByName(name))
    return *python;
  return llvm::createStringError(name + ": not found; install Python 3");
}

std::string ingot::lastLine(const std::string &log) {
  auto text = llvm::MemoryBuffer::getFile(log);
  if (!text)
    return "";
  llvm::StringRef lines = (*text)->getBuffer().trim();
  return lines.substr(lines.rfind('\n') + 1).str();
}
