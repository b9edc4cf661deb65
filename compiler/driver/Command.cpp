//===- Command.cpp - other programs ---------------------------------------===//
#include "compiler/driver/Command.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/StringSaver.h"
#include <cstdlib>

using namespace ingot;
using llvm::StringRef;

std::vector<std::string> ingot::splitCommand(StringRef text) {
  llvm::BumpPtrAllocator memory;
  llvm::StringSaver saver(memory);
  llvm::SmallVector<const char *> words;
  llvm::cl::TokenizeGNUCommandLine(text, saver, words);
  return std::vector<std::string>(words.begin(), words.end());
}

std::vector<std::string> ingot::withFiles(llvm::ArrayRef<std::string> command, llvm::ArrayRef<std::string> files) {
  std::vector<std::string> words;
  bool found = false;
  for (const std::string &word : command)
    if (word == "{}") {
      found = true;
      words.insert(words.end(), files.begin(), files.end());
    } else {
      words.push_back(word);
    }
  if (!found)
    words.insert(words.end(), files.begin(), files.end());
  return words;
}

static std::string contentOf(const std::string &path) {
  auto text = llvm::MemoryBuffer::getFile(path);
  return text ? (*text)->getBuffer().str() : std::string();
}

llvm::Error ingot::runCommand(const TemporaryFolder &folder, llvm::ArrayRef<std::string> command, StringRef hint, std::string *output, unsigned seconds) {
  const std::string &name = command.front();
  llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName(name);
  if (!program)
    return llvm::createStringError(name + ": not found; " + hint);
  std::string said = folder.file("said"), complained = folder.file("complained"), message;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(said), StringRef(complained)};
  std::vector<StringRef> words(command.begin(), command.end());
  int code = llvm::sys::ExecuteAndWait(*program, words, std::nullopt, redirects, seconds, 0, &message);
  if (output)
    *output = contentOf(said);
  if (code == 0)
    return llvm::Error::success();
  std::string text = contentOf(complained) + contentOf(said);
  llvm::SmallVector<StringRef> lines;
  StringRef(text).trim().split(lines, '\n');
  auto found = llvm::find_if(lines, [](StringRef line) { return line.contains("error"); });
  if (found != lines.end() || !lines.front().empty())
    message = (found != lines.end() ? *found : lines.front()).str();
  else if (message.empty())
    message = "ended with exit code " + std::to_string(code);
  return llvm::createStringError(name + ": " + message);
}

std::string ingot::defaultCompiler() {
  const char *value = std::getenv("CXX");
  return value && *value ? value : "c++";
}
