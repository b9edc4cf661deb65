//===- Libraries.cpp ------------------------------------------------------===//
#include "compiler/driver/Libraries.h"
#include "compiler/driver/Files.h"
#include "ingot/image.h"

using namespace ingot;

#ifdef INGOT_HAS_IMAGE
std::vector<std::string> ingot::builtLibraries() { return {"image"}; }

std::vector<HostFunction> ingot::libraryFunctions() { return {{"ingot_decode_image", reinterpret_cast<void *>(ingot_decode_image)}}; }

std::vector<std::string> ingot::linkArguments(llvm::ArrayRef<std::string> libraries) {
  if (!llvm::is_contained(libraries, "image"))
    return {};
  return {runtimeHost() + "/image.cpp", "-I" INGOT_LEPTONICA_INCLUDE, INGOT_LEPTONICA_LIBRARY};
}
#else
std::vector<std::string> ingot::builtLibraries() { return {}; }
std::vector<HostFunction> ingot::libraryFunctions() { return {}; }
std::vector<std::string> ingot::linkArguments(llvm::ArrayRef<std::string>) { return {}; }
#endif
