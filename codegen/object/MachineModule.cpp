//===- MachineModule.cpp - a planned module as a module of LLVM -----------===//
#include "codegen/object/MachineModule.h"
#include "codegen/object/LowerToLLVM.h"
#include "compiler/support/Target.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Passes/PassBuilder.h"

using namespace mlir;
using namespace ingot;

llvm::TargetOptions ingot::exactOptions() {
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return options;
}

/// What runtime-min's share.h does: as many parts as there are threads, each of at least `grain` units, else one by the caller.
static void defineShare(llvm::Module &module) {
  llvm::Function *share = module.getFunction(kShareFunction);
  if (!share)
    return;
  share->setLinkage(llvm::GlobalValue::InternalLinkage);
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> b(context);
  llvm::Value *threads = share->getArg(0), *part = share->getArg(1), *data = share->getArg(2), *count = share->getArg(3);
  llvm::Type *pointer = b.getPtrTy(), *i32 = b.getInt32Ty(), *index = count->getType();
  auto *host = llvm::StructType::get(context, {i32, pointer, pointer}); // struct ingot_threads
  auto *task = llvm::FunctionType::get(b.getVoidTy(), {pointer, i32, i32}, false);
  auto block = [&] { return llvm::BasicBlock::Create(context, "", share); };
  llvm::BasicBlock *entry = block(), *shared = block(), *many = block(), *alone = block();
  b.SetInsertPoint(entry);
  b.CreateCondBr(b.CreateIsNull(threads), alone, shared);
  b.SetInsertPoint(shared);
  llvm::Value *parts = b.CreateSDiv(count, share->getArg(4));
  llvm::Value *most = b.CreateSExtOrTrunc(b.CreateLoad(i32, b.CreateStructGEP(host, threads, 0)), index);
  parts = b.CreateSelect(b.CreateICmpSLT(parts, most), parts, most);
  b.CreateCondBr(b.CreateICmpSGT(parts, llvm::ConstantInt::get(index, 1)), many, alone);
  b.SetInsertPoint(many);
  auto *run = llvm::FunctionType::get(b.getVoidTy(), {pointer, pointer, pointer, i32}, false);
  b.CreateCall(run, b.CreateLoad(pointer, b.CreateStructGEP(host, threads, 1)), {threads, part, data, b.CreateTrunc(parts, i32)});
  b.CreateRetVoid();
  b.SetInsertPoint(alone);
  b.CreateCall(task, part, {data, b.getInt32(0), b.getInt32(1)});
  b.CreateRetVoid();
}

std::unique_ptr<llvm::Module>
ingot::translate(ModuleOp planned, llvm::LLVMContext &context,
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
  defineShare(*code);
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
      if (function.hasInternalLinkage())
        function.setName("ingot." + function.getName());
    }
  expandLibraryCalls(*code, machine);
  return code;
}

void ingot::optimize(llvm::Module &module, llvm::TargetMachine &machine,
                     unsigned level) {
  // Schedules have said which loops are written out.
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  llvm::PassBuilder builder(&machine, tuning);
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
