//===- CppBuild.h - emitted C++ through a compiler ------------------------===//
#ifndef INGOT_COMPILER_DRIVER_CPPBUILD_H
#define INGOT_COMPILER_DRIVER_CPPBUILD_H

#include "compiler/driver/Files.h"
#include "compiler/support/Target.h"

namespace ingot {

/// Compiles the .cpp files of the folder, with $CXX (c++ where unset) and the target's flags, and links them into the shared object
/// `library`, together with those of runtime-host that it calls. An error is the first line that the compiler says.
llvm::Error buildSharedLibrary(const TemporaryFolder &folder, const Target &target, const std::string &library,
                               llvm::ArrayRef<std::string> libraries);

} // namespace ingot

#endif
