//===- Command.h - other programs -----------------------------------------===//
#ifndef INGOT_COMPILER_DRIVER_COMMAND_H
#define INGOT_COMPILER_DRIVER_COMMAND_H

#include "compiler/driver/Files.h"
#include <vector>

namespace ingot {

/// The words of a command that the user gave: blanks stand between them, quotes and backslashes keep blanks as a shell's do. Nothing else is special, since no
/// shell reads it.
std::vector<std::string> splitCommand(llvm::StringRef text);

/// The command with `files` in the place of its word `{}`, or at its end where it has none.
std::vector<std::string> withFiles(llvm::ArrayRef<std::string> command, llvm::ArrayRef<std::string> files);

/// Runs the command, whose first word is a path or is searched for in $PATH, without input, for `seconds` at the most (0: for any time). What it prints goes into
/// `output`, or is thrown away where that is null. The error starts with the command's name: of what the command says the first line with "error" in it, or else
/// the first line. `hint` says what to do where there is no such program.
llvm::Error runCommand(const TemporaryFolder &folder, llvm::ArrayRef<std::string> command, llvm::StringRef hint, std::string *output = nullptr,
                       unsigned seconds = 0);

/// $CXX, c++ where that is unset.
std::string defaultCompiler();

} // namespace ingot

#endif
