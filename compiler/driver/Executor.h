//===- Executor.h - a compiled model in this process ----------------------===//
#ifndef INGOT_COMPILER_DRIVER_EXECUTOR_H
#define INGOT_COMPILER_DRIVER_EXECUTOR_H

#include "codegen/object/Object.h"
#include "compiler/driver/Interface.h"
#include "compiler/driver/Tensor.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <memory>

namespace ingot {

/// A model made ready to run here, by one of the two roads.
class Executor {
public:
  virtual ~Executor() = default;

  /// The outputs, in the model's order. `inputs` are in the model's order too and have its types and shapes; run() checks
  /// that. The error is what the model's status says (an index out of range).
  llvm::Expected<std::vector<Tensor>> run(llvm::ArrayRef<Tensor> inputs);

  /// Calls the model once and then `count` times more, with the same buffers; `after` is told how many milliseconds each of the latter took. Errors as of
  /// run().
  llvm::Error time(llvm::ArrayRef<Tensor> inputs, unsigned count, llvm::function_ref<void(double)> after);

  /// The calls that follow share their work among that many threads, those of this process and the caller's; does nothing where the code was not made for it. Not to
  /// be called before a fork, which threads do not survive.
  virtual void takeThreads(unsigned) {}

  const Interface &interface() const { return ports; }

protected:
  explicit Executor(Interface ports) : ports(std::move(ports)) {}
  /// Calls the model; buffers are aligned to 64 and have the sizes of the ports, the greatest where data give them. `shapes` has an address for the
  /// shape of each output, null where data do not give it. Returns the status.
  virtual int call(llvm::ArrayRef<const void *> inputs, llvm::ArrayRef<void *> outputs, llvm::ArrayRef<int64_t *> shapes) = 0;

private:
  struct Buffers;
  llvm::Expected<Buffers> allocate(llvm::ArrayRef<Tensor> inputs) const;
  llvm::Error callChecked(const Buffers &buffers);

  Interface ports;
};

/// Through LLVM, in process. The code may call `functions`.
llvm::Expected<std::unique_ptr<Executor>> makeObjectExecutor(mlir::ModuleOp planned, const Interface &interface,
                                                             llvm::ArrayRef<HostFunction> functions = {});

/// Through the emitted C++: $CXX (c++ where unset) makes a shared object in a temporary folder, which is loaded and driven by its descriptor.
llvm::Expected<std::unique_ptr<Executor>> makeCppExecutor(mlir::ModuleOp planned, const Interface &interface);

} // namespace ingot

#endif
