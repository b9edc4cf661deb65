//===- Library.h - calls of libraries of the host -------------------------===//
#ifndef INGOT_COMPILER_LOWER_LIBRARY_H
#define INGOT_COMPILER_LOWER_LIBRARY_H

#include "compiler/lower/Node.h"

namespace ingot::lower {

/// Calls a function of a library of runtime-host: a launch of a function of the loops level, in destination-passing style, that passes everything on, the status
/// word last. `inputs` are tensors and scalars, `results` tensor types; the values of these are returned. Fails, naming the node, where the target has no such library, or the module's
/// attribute `ingot.libraries` does not name it.
mlir::FailureOr<llvm::SmallVector<mlir::Value>> callLibrary(Node &node, llvm::StringRef library, llvm::StringRef function,
                                                            mlir::ValueRange inputs, mlir::TypeRange results);

} // namespace ingot::lower

#endif
