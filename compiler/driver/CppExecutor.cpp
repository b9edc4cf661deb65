//===- CppExecutor.cpp - the C++ road in this process ---------------------===//
#include "codegen/cpp/EmitCpp.h"
#include "compiler/driver/CppBuild.h"
#include "compiler/driver/Executor.h"
#include "compiler/support/Target.h"
#include "dialects/ingot/IngotDialect.h"
#include "ingot/memory.h"
#include "ingot/model.h"
#include <dlfcn.h>

using namespace ingot;
using llvm::StringRef;

namespace {

/// A model in a shared object, driven by its descriptor.
class CppExecutor : public Executor {
public:
  CppExecutor(Interface interface, void *library, const ingot_model *model)
      : Executor(std::move(interface)), library(library), model(model),
        arena(model->arena_bytes) {}
  ~CppExecutor() override { dlclose(library); }

private:
  int call(llvm::ArrayRef<const void *> inputs, llvm::ArrayRef<void *> outputs, llvm::ArrayRef<int64_t *> shapes) override {
    if (model->run_shaped)
      return model->run_shaped(inputs.data(), outputs.data(), nullptr, shapes.data(), arena.data(), nullptr);
    return model->run(inputs.data(), outputs.data(), arena.data(), nullptr);
  }

  void *library;
  const ingot_model *model;
  Memory arena;
};

} // namespace

llvm::Expected<std::unique_ptr<Executor>> ingot::makeCppExecutor(mlir::ModuleOp planned, const Interface &interface) {
  llvm::Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  CppOptions options;
  options.outDir = folder->name();
  if (mlir::failed(emitCpp(planned, options)))
    return llvm::createStringError("no C++ could be made; `ingot compile` says why");
  std::string path = folder->file("model.so");
  std::vector<std::string> libraries;
  planned.walk([&](LibraryOp op) { libraries.push_back(op.getLibrary().str()); });
  if (llvm::Error error = buildSharedLibrary(*folder, Target::of(planned), path, libraries))
    return error;
  // The folder goes, the mapping stays.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return llvm::createStringError(StringRef(dlerror()));
  std::string symbol = planned->getAttrOfType<mlir::StringAttr>("ingot.model").str() + "_model";
  auto *model = static_cast<const ingot_model *>(dlsym(library, symbol.c_str()));
  if (!model || model->abi_version != INGOT_ABI_VERSION || size_t(model->input_count) != interface.inputs.size() ||
      size_t(model->output_count) != interface.outputs.size()) {
    dlclose(library);
    return llvm::createStringError("the compiled library has no descriptor of this model");
  }
  return std::make_unique<CppExecutor>(withGreatestShapes(interface, planned), library, model);
}
