//===- ObjectExecutor.cpp - the road through LLVM in this process ---------===//
#include "compiler/driver/Executor.h"
#include "compiler/driver/Libraries.h"
#include "ingot/threads.h"

using namespace ingot;

namespace {
class ObjectExecutor : public Executor {
public:
  ObjectExecutor(Interface interface, std::unique_ptr<CompiledModel> compiled)
      : Executor(std::move(interface)), compiled(std::move(compiled)) {}

  void takeThreads(unsigned count) override { pool = std::make_unique<ThreadPool>(int(count)); }

private:
  int call(llvm::ArrayRef<const void *> inputs, llvm::ArrayRef<void *> outputs, llvm::ArrayRef<int64_t *> shapes) override {
    return compiled->run(inputs, outputs, shapes, pool ? pool->threads() : nullptr);
  }

  std::unique_ptr<CompiledModel> compiled;
  std::unique_ptr<ThreadPool> pool;
};
} // namespace

llvm::Expected<std::unique_ptr<Executor>> ingot::makeObjectExecutor(mlir::ModuleOp planned, const Interface &interface,
                                                                    llvm::ArrayRef<HostFunction> functions) {
  std::vector<HostFunction> known = libraryFunctions();
  known.insert(known.end(), functions.begin(), functions.end());
  mlir::FailureOr<std::unique_ptr<CompiledModel>> compiled = compileInProcess(planned, /*optimization=*/1, known);
  if (mlir::failed(compiled) || (*compiled)->getNumInputs() != interface.inputs.size() ||
      (*compiled)->getNumOutputs() != interface.outputs.size())
    return llvm::createStringError("no code could be made for this machine");
  return std::make_unique<ObjectExecutor>(withGreatestShapes(interface, planned), std::move(*compiled));
}
