//===- Interface.h - the inputs and outputs of a model --------------------===//
#ifndef INGOT_COMPILER_DRIVER_INTERFACE_H
#define INGOT_COMPILER_DRIVER_INTERFACE_H

#include "mlir/IR/BuiltinOps.h"
#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

/// An input or output as the model names it.
struct Port {
  std::string name;
  std::string type;           ///< ONNX element type in lower case
  std::vector<int64_t> shape; ///< -1 where the size is not known
  std::string state;          ///< of an output: the input whose next value it is
  std::vector<int64_t> most;  ///< of an output whose shape data give: the greatest one; else empty
};

struct Interface {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

/// Of a module before plan-memory, whose @main has tensors.
Interface interfaceOf(mlir::ModuleOp module);

/// The same with the greatest shapes of outputs, as the planned module has them.
Interface withGreatestShapes(Interface interface, mlir::ModuleOp planned);

/// The name with every character outside [A-Za-z0-9_] written as _.
std::string fileStem(llvm::StringRef name);

} // namespace ingot

#endif
