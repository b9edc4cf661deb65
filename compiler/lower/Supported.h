//===- Supported.h - which operators have a lowering ----------------------===//
#ifndef INGOT_COMPILER_LOWER_SUPPORTED_H
#define INGOT_COMPILER_LOWER_SUPPORTED_H

#include "llvm/ADT/StringRef.h"
#include <vector>

namespace ingot {

/// Whether lower-to-linalg lowers the operation of that full name
/// ("onnx.Conv"). Single uses may still be refused, with an error that says
/// why.
bool isSupported(llvm::StringRef operationName);

/// Full names of all operations with a lowering, sorted.
std::vector<llvm::StringRef> supportedOperations();

/// Those of them whose code checks at run time that the results have the shapes that their types say.
std::vector<llvm::StringRef> shapeCheckingOperations();

} // namespace ingot

#endif
