//===- InProcess.cpp - the planned module as code in this process ---------===//
#include "codegen/object/MachineModule.h"
#include "codegen/object/Object.h"
#include "compiler/support/Target.h"
#include "compiler/support/CodeOptions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace ingot;

static std::nullopt_t report(ModuleOp module, llvm::Error error) {
  module.emitError() << "code generation: " << llvm::toString(std::move(error));
  return std::nullopt;
}

/// Whether this machine has everything that LLVM may use on the processor.
static bool hostRuns(const llvm::Triple &host, const Target &target) {
  std::string error;
  const llvm::Target *registered =
      llvm::TargetRegistry::lookupTarget(host, error);
  if (!registered)
    return false;
  std::unique_ptr<llvm::MCSubtargetInfo> processor(
      registered->createMCSubtargetInfo(host, target.cpu, target.features));
  if (!processor || !processor->isCPUStringValid(target.cpu))
    return false;
  for (const auto &[name, present] : llvm::sys::getHostCPUFeatures())
    if (!present && processor->checkFeatures("+" + name.str()))
      return false;
  return true;
}

/// Builder of the machine that the module is compiled for in this process: the
/// target's processor, or the host's own where that is none the host can be.
static std::optional<llvm::orc::JITTargetMachineBuilder>
hostMachine(ModuleOp module) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto host = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!host)
    return report(module, host.takeError());
  const Target &target = Target::of(module);
  llvm::Triple triple(target.triple);
  if (triple.getArch() == host->getTargetTriple().getArch() &&
      hostRuns(host->getTargetTriple(), target)) {
    host->setCPU(target.cpu);
    host->getFeatures() = llvm::SubtargetFeatures(target.features);
  }
  host->setOptions(exactOptions());
  return std::move(*host);
}

/// Adds `int32_t entry(void **arguments)`, which calls @main with the
/// pointers in the array.
static void addEntry(llvm::Module &module, llvm::StringRef name) {
  llvm::Function *main = module.getFunction("main");
  main->setLinkage(llvm::GlobalValue::InternalLinkage);
  llvm::IRBuilder<> builder(module.getContext());
  llvm::Type *pointer = builder.getPtrTy();
  auto *entry = llvm::Function::Create(
      llvm::FunctionType::get(builder.getInt32Ty(), {pointer}, false),
      llvm::GlobalValue::ExternalLinkage, name, module);
  builder.SetInsertPoint(
      llvm::BasicBlock::Create(module.getContext(), "", entry));
  llvm::SmallVector<llvm::Value *> arguments;
  for (unsigned i = 0; i < main->arg_size(); ++i)
    arguments.push_back(builder.CreateLoad(
        pointer, builder.CreateConstGEP1_32(pointer, entry->getArg(0), i)));
  builder.CreateRet(builder.CreateCall(main, arguments));
}

namespace {
class HostModel : public CompiledModel {
public:
  static FailureOr<std::unique_ptr<CompiledModel>>
  create(ModuleOp planned, unsigned level, ArrayRef<HostFunction> functions);

  int run(ArrayRef<const void *> inputs, ArrayRef<void *> outputs, ArrayRef<int64_t *> shapes, const ingot_threads *threads) override {
    assert(inputs.size() == numInputs && outputs.size() == numOutputs);
    SmallVector<const void *> arguments(inputs);
    arguments.append(outputs.begin(), outputs.end());
    arguments.push_back(arena.get());
    arguments.push_back(weights);
    for (unsigned output : shapedOutputs)
      arguments.push_back(shapes[output]);
    if (takesThreads)
      arguments.push_back(threads);
    return entry(const_cast<void **>(arguments.data()));
  }
  unsigned getNumInputs() const override { return numInputs; }
  unsigned getNumOutputs() const override { return numOutputs; }

private:
  static constexpr size_t kAlignment = 64;
  struct Deallocate {
    size_t size;
    void operator()(char *data) const {
      llvm::deallocate_buffer(data, size, kAlignment);
    }
  };
  using Buffer = std::unique_ptr<char, Deallocate>;
  static Buffer allocate(size_t size) {
    return Buffer(
        static_cast<char *>(llvm::allocate_buffer(size, kAlignment)),
        Deallocate{size});
  }

  std::unique_ptr<llvm::orc::LLJIT> jit;
  int (*entry)(void **) = nullptr;
  Buffer arena{nullptr, Deallocate{0}};
  Buffer ownWeights{nullptr, Deallocate{0}};
  const void *weights = nullptr;
  unsigned numInputs = 0;
  unsigned numOutputs = 0;
  bool takesThreads = false;
  SmallVector<unsigned> shapedOutputs; ///< those whose shapes data give
};
} // namespace

FailureOr<std::unique_ptr<CompiledModel>>
HostModel::create(ModuleOp planned, unsigned level,
                  ArrayRef<HostFunction> functions) {
  auto main = planned.lookupSymbol<func::FuncOp>("main");
  auto arenaBytes = planned->getAttrOfType<IntegerAttr>("ingot.arena_bytes");
  auto weights = planned->getAttrOfType<ElementsAttr>("ingot.weights");
  if (!main || main.isExternal() || !arenaBytes || !weights ||
      main.getNumArguments() < 2)
    return planned.emitError()
           << "the module is not at the plan level; run plan-memory first";
  auto model = std::make_unique<HostModel>();

  for (unsigned i = 0; i < main.getNumArguments(); ++i) {
    if (auto output = main.getArgAttrOfType<IntegerAttr>(i, "ingot.shape_of"))
      model->shapedOutputs.push_back(output.getInt());
    else if (main.getArgAttr(i, kThreads))
      model->takesThreads = true;
    else if (!main.getArgAttr(i, "ingot.arena") && !main.getArgAttr(i, "ingot.weights"))
      ++(main.getArgAttr(i, "ingot.output") ? model->numOutputs : model->numInputs);
  }

  auto builder = hostMachine(planned);
  if (!builder)
    return failure();
  builder->setCodeGenOptLevel(level == 0 ? llvm::CodeGenOptLevel::Less
                                         : llvm::CodeGenOptLevel::Default);
  auto machine = builder->createTargetMachine();
  if (!machine)
    return report(planned, machine.takeError()), failure();
  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> code = translate(planned, *context, **machine);
  if (!code)
    return failure();
  addEntry(*code, "ingot_entry");
  optimize(*code, **machine, level);

  auto jit = llvm::orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(*builder))
                 .create();
  if (!jit)
    return report(planned, jit.takeError()), failure();
  llvm::orc::SymbolMap symbols;
  for (const HostFunction &function : functions)
    symbols[(*jit)->mangleAndIntern(function.name)] = {
        llvm::orc::ExecutorAddr::fromPtr(function.address),
        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  if (llvm::Error error = (*jit)->getMainJITDylib().define(
          llvm::orc::absoluteSymbols(std::move(symbols))))
    return report(planned, std::move(error)), failure();
  if (llvm::Error error = (*jit)->addIRModule(llvm::orc::ThreadSafeModule(
          std::move(code), std::move(context))))
    return report(planned, std::move(error)), failure();
  auto entry = (*jit)->lookup("ingot_entry");
  if (!entry)
    return report(planned, entry.takeError()), failure();
  model->entry = entry->toPtr<int (*)(void **)>();
  model->jit = std::move(*jit);

  model->arena = allocate(std::max<int64_t>(arenaBytes.getInt(), kAlignment));
  // The weights stay in the context, unless they are not there as they are in memory, aligned.
  FailureOr<WeightData> data = WeightData::of(planned);
  if (failed(data))
    return failure();
  llvm::StringRef bytes = data->bytes();
  model->weights = bytes.data();
  if (data->isCopy() ||
      reinterpret_cast<uintptr_t>(bytes.data()) % kAlignment) {
    model->ownWeights = allocate(bytes.size());
    std::memcpy(model->ownWeights.get(), bytes.data(), bytes.size());
    model->weights = model->ownWeights.get();
  }
  return std::unique_ptr<CompiledModel>(std::move(model));
}

FailureOr<std::unique_ptr<CompiledModel>>
ingot::compileInProcess(ModuleOp planned, unsigned optimization,
                        ArrayRef<HostFunction> functions) {
  return HostModel::create(planned, optimization, functions);
}
