//===- ElementTypes.h - the numbers of element types ----------------------===//
#ifndef INGOT_COMPILER_IMPORT_ELEMENTTYPES_H
#define INGOT_COMPILER_IMPORT_ELEMENTTYPES_H

#include "mlir/IR/Types.h"
#include <string>

namespace ingot {

/// Element type of a `TensorProto.DataType` number, and back (0 if there is
/// none).
mlir::Type elementTypeOf(mlir::MLIRContext *context, int dataType);
int dataTypeOf(mlir::Type elementType);
/// `float`, `int64`, `bool`, ...: the specification's name in lower case; `undefined` where there is none.
std::string elementTypeName(mlir::Type elementType);

} // namespace ingot

#endif
