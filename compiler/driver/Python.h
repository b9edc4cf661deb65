//===- Python.h - the Python that peers run in ----------------------------===//
#ifndef INGOT_COMPILER_DRIVER_PYTHON_H
#define INGOT_COMPILER_DRIVER_PYTHON_H

#include "llvm/Support/Error.h"
#include <string>

namespace ingot {

/// The path of $INGOT_PYTHON, or else of python3. The error says what to install, and can be followed by " with the packages ...".
llvm::Expected<std::string> findPython();

/// What a program has said last, in the file that its stderr went to: warnings of packages come before. Empty where it said nothing.
std::string lastLine(const std::string &log);

} // namespace ingot

#endif
