//===- MachineModule.h - a planned module as a module of LLVM -------------===//
#ifndef INGOT_CODEGEN_OBJECT_MACHINEMODULE_H
#define INGOT_CODEGEN_OBJECT_MACHINEMODULE_H

#include "codegen/cpp/WeightData.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>

namespace ingot {

/// Multiplications and additions stay as they are written (the C++ road is
/// built with -ffp-contract=off).
llvm::TargetOptions exactOptions();

/// The planned module in LLVM IR for the machine; null after an error. `main` is the graph as docs/ir.md has it, with bare pointers; all else is internal
/// and has a name that no symbol of C or C++ can have, so that a kernel called `memcpy` is not what LLVM calls.
std::unique_ptr<llvm::Module> translate(mlir::ModuleOp planned,
                                        llvm::LLVMContext &context,
                                        llvm::TargetMachine &machine);

/// Level 0 to 3; from 2 on LLVM's own pipelines.
void optimize(llvm::Module &module, llvm::TargetMachine &machine,
              unsigned level);

/// Replaces what would become a call of the C library's mathematical functions where the machine lacks an instruction: rounding,
/// and minima and maxima. The results are those of runtime-min/include/ingot/vector.h.
void expandLibraryCalls(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace ingot

#endif
