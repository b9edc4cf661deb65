//===- Executor.h - a compiled model in this process ----------------------===//
#ifndef INGOT_COMPILER_DRIVER_EXECUTOR_H
#define INGOT_COMPILER_DRIVER_EXECUTOR_H

#include "compiler/driver/Interface.h"
#include "compiler/driver/Tensor.h"
#include <memory>

namespace ingot {

/// A model made ready to run here, by one of the two roads.
class Executor {
public:
  virtual ~Executor() = default;

  /// The outputs, in the model's order. `inputs` are in the model's order too and have its types and shapes; run() checks
  /// that. The error is what the model's status says (an index out of range).
  llvm::Expected<std::vector<Tensor>> run(llvm::ArrayRef<Tensor> inputs);

  const Interface &interface() const { return ports; }

protected:
  explicit Executor(Interface ports) : ports(std::move(ports)) {}
  /// Calls the model; buffers are aligned to 64 and have the sizes of the ports, the greatest where data give them. `shapes` has an address for the
  /// shape of each output, null where data do not give it. Returns the status.
  virtual int call(llvm::ArrayRef<const void *> inputs, llvm::ArrayRef<void *> outputs, llvm::ArrayRef<int64_t *> shapes) = 0;

private:
  Interface ports;
};

/// Through LLVM, in process.
llvm::Expected<std::unique_ptr<Executor>> makeObjectExecutor(mlir::ModuleOp planned, const Interface &interface);

/// Through the emitted C++: $CXX (c++ where unset) makes a shared object in a temporary folder, which is loaded and driven by its descriptor.
llvm::Expected<std::unique_ptr<Executor>> makeCppExecutor(mlir::ModuleOp planned, const Interface &interface);

} // namespace ingot

#endif
