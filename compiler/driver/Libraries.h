//===- Libraries.h - the libraries that code may call ---------------------===//
#ifndef INGOT_COMPILER_DRIVER_LIBRARIES_H
#define INGOT_COMPILER_DRIVER_LIBRARIES_H

#include "codegen/object/Object.h"
#include "llvm/ADT/ArrayRef.h"
#include <string>
#include <vector>

namespace ingot {

/// Names of the libraries of runtime-host that this tool was built with, and their functions.
std::vector<std::string> builtLibraries();
std::vector<HostFunction> libraryFunctions();

/// What a C++ compiler that links a model is given so that it can call them: sources and libraries. Those that this tool was not built with are left out.
std::vector<std::string> linkArguments(llvm::ArrayRef<std::string> libraries);

} // namespace ingot

#endif
