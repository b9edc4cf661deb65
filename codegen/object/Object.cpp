//===- Object.cpp - the planned module as machine code --------------------===//
#include "codegen/object/Object.h"
#include "codegen/object/LowerToLLVM.h"
#include "compiler/support/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace ingot;

//===----------------------------------------------------------------------===//
// LLVM modules
//===----------------------------------------------------------------------===//

/// Multiplications and additions stay as they are written (the C++ road is
/// built with -ffp-contract=off).
static llvm::TargetOptions exactOptions() {
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return options;
}

static std::unique_ptr<llvm::Module>
translate(ModuleOp planned, llvm::LLVMContext &context,
          llvm::TargetMachine &machine) {
  llvm::DataLayout layout = machine.createDataLayout();
  OwningOpRef<ModuleOp> module(planned.clone());
  if (failed(lowerToLLVM(*module, layout.getPointerSizeInBits())))
    return nullptr;
  registerBuiltinDialectTranslation(*planned.getContext());
  registerLLVMDialectTranslation(*planned.getContext());
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(*module, context, "ingot");
  if (!code) {
    planned.emitError() << "the planned module could not be translated to LLVM";
    return nullptr;
  }
  code->setDataLayout(layout);
  code->setTargetTriple(machine.getTargetTriple());
  // Vectors are as wide as the schedule made them: LLVM would halve 512-bit
  // ones on processors that it thinks slow with them.
  std::string width =
      std::to_string(8 * Target::of(planned).vectorBytes);
  for (llvm::Function &function : *code)
    if (!function.isDeclaration()) {
      function.addFnAttr(llvm::Attribute::NoUnwind);
      function.addFnAttr("prefer-vector-width", width);
    }
  return code;
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine,
                     unsigned level) {
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  // Kernels come with their loops, vectors and registers chosen, so that little is left to find: at level 1 calls of elementary functions are
  // inlined, and what lowering wrote twice or into loops is cleared away. instcombine ends the process where one round leaves something to
  // do, unless it is told that this is no error.
  llvm::ModulePassManager passes;
  if (level <= 1)
    llvm::cantFail(builder.parsePassPipeline(
        passes, level == 0 ? "always-inline"
                           : "always-inline,function(early-cse,instcombine<no-verify-fixpoint>,"
                             "simplifycfg,loop-mssa(licm),early-cse)"));
  else
    passes = builder.buildPerModuleDefaultPipeline(
        level == 2 ? llvm::OptimizationLevel::O2
                   : llvm::OptimizationLevel::O3);
  passes.run(module, modules);
}

static std::nullopt_t report(ModuleOp module, llvm::Error error) {
  module.emitError() << "code generation: " << llvm::toString(std::move(error));
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// In process
//===----------------------------------------------------------------------===//

/// Whether this machine has everything that LLVM may use on the processor.
static bool hostRuns(const llvm::Triple &host, llvm::StringRef cpu) {
  std::string error;
  const llvm::Target *registered =
      llvm::TargetRegistry::lookupTarget(host, error);
  if (!registered)
    return false;
  std::unique_ptr<llvm::MCSubtargetInfo> processor(
      registered->createMCSubtargetInfo(host, cpu, ""));
  if (!processor || !processor->isCPUStringValid(cpu))
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
      hostRuns(host->getTargetTriple(), target.cpu)) {
    host->setCPU(target.cpu);
    host->getFeatures() = llvm::SubtargetFeatures();
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
  static FailureOr<std::unique_ptr<CompiledModel>> create(ModuleOp planned,
                                                          unsigned level);

  int run(ArrayRef<const void *> inputs, ArrayRef<void *> outputs) override {
    assert(inputs.size() == numInputs && outputs.size() == numOutputs);
    SmallVector<const void *> arguments(inputs);
    arguments.append(outputs.begin(), outputs.end());
    arguments.push_back(arena.get());
    arguments.push_back(weights);
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
};
} // namespace

FailureOr<std::unique_ptr<CompiledModel>>
HostModel::create(ModuleOp planned, unsigned level) {
  auto main = planned.lookupSymbol<func::FuncOp>("main");
  auto arenaBytes = planned->getAttrOfType<IntegerAttr>("ingot.arena_bytes");
  auto weights = planned->getAttrOfType<ElementsAttr>("ingot.weights");
  if (!main || main.isExternal() || !arenaBytes || !weights ||
      main.getNumArguments() < 2)
    return planned.emitError()
           << "the module is not at the plan level; run plan-memory first";
  auto model = std::make_unique<HostModel>();

  for (unsigned i = 0; i < main.getNumArguments() - 2; ++i)
    ++(main.getArgAttr(i, "ingot.output") ? model->numOutputs
                                          : model->numInputs);

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
  if (llvm::Error error = (*jit)->addIRModule(llvm::orc::ThreadSafeModule(
          std::move(code), std::move(context))))
    return report(planned, std::move(error)), failure();
  auto entry = (*jit)->lookup("ingot_entry");
  if (!entry)
    return report(planned, entry.takeError()), failure();
  model->entry = entry->toPtr<int (*)(void **)>();
  model->jit = std::move(*jit);

  model->arena = allocate(std::max<int64_t>(arenaBytes.getInt(), kAlignment));
  // The weights stay in the context, unless a parsed file left them unaligned.
  ArrayRef<char> data;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(weights)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      data = blob->getData();
  } else {
    data = cast<DenseElementsAttr>(weights).getRawData();
  }
  auto size = size_t(weights.getNumElements());
  if (data.size() < size)
    return planned.emitError() << "the weights are shorter than their type";
  model->weights = data.data();
  if (reinterpret_cast<uintptr_t>(data.data()) % kAlignment) {
    model->ownWeights = allocate(size);
    std::memcpy(model->ownWeights.get(), data.data(), size);
    model->weights = model->ownWeights.get();
  }
  return std::unique_ptr<CompiledModel>(std::move(model));
}

FailureOr<std::unique_ptr<CompiledModel>>
ingot::compileInProcess(ModuleOp planned, unsigned optimization) {
  return HostModel::create(planned, optimization);
}

//===----------------------------------------------------------------------===//
// Object files
//===----------------------------------------------------------------------===//

LogicalResult ingot::emitObject(ModuleOp planned, llvm::StringRef path) {
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
  const Target &target = Target::of(planned);
  llvm::Triple triple(target.triple);
  std::string problem;
  const llvm::Target *registered =
      llvm::TargetRegistry::lookupTarget(triple, problem);
  if (!registered)
    return planned.emitError() << "code generation: " << problem;
  std::unique_ptr<llvm::TargetMachine> machine(registered->createTargetMachine(
      triple, target.cpu, "", exactOptions(), llvm::Reloc::PIC_));
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translate(planned, context, *machine);
  if (!code)
    return failure();
  std::string prefix = "model";
  if (auto name = planned->getAttrOfType<StringAttr>("ingot.model"))
    prefix = name.getValue();
  code->getFunction("main")->setName(prefix + "_main");
  optimize(*code, *machine, 1);

  std::error_code error;
  llvm::ToolOutputFile file(path, error, llvm::sys::fs::OF_None);
  if (error)
    return planned.emitError() << path << ": " << error.message();
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, file.os(), nullptr,
                                   llvm::CodeGenFileType::ObjectFile))
    return planned.emitError() << "code generation: no object files for "
                               << target.triple;
  passes.run(*code);
  file.os().flush();
  if (file.os().has_error())
    return planned.emitError() << path << ": " << file.os().error().message();
  file.keep();
  return success();
}
