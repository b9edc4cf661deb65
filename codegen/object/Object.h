//===- Object.h - the planned module as machine code ----------------------===//
#ifndef INGOT_CODEGEN_OBJECT_OBJECT_H
#define INGOT_CODEGEN_OBJECT_OBJECT_H

#include "codegen/cpp/Interface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include <memory>

struct ingot_threads; // of runtime-min's model.h

namespace ingot {

/// A planned module as code in this process.
class CompiledModel {
public:
  virtual ~CompiledModel() = default;

  /// Runs once. One pointer an input and one an output, in the order of @main's arguments, each to the whole buffer and aligned to
  /// its element type; outputs do not overlap anything. Gives the status that @main returns: 0, or 1 where an
  /// index from data was out of range. Not reentrant: the arena belongs to this object. Where data give sizes, an output has memory for
  /// the greatest ones, and its shape is written to `shapes`, one address an output; null where it is not from data, and none at all
  /// where no output's is. Work is shared among `threads`, if there are some and the module was scheduled for several.
  virtual int run(llvm::ArrayRef<const void *> inputs,
                  llvm::ArrayRef<void *> outputs, llvm::ArrayRef<int64_t *> shapes = {}, const ingot_threads *threads = nullptr) = 0;

  virtual unsigned getNumInputs() const = 0;
  virtual unsigned getNumOutputs() const = 0;
};

/// A function of this process that code may call by a name of the module's: a private function without a body.
struct HostFunction {
  const char *name;
  void *address;
};

/// Compiles a module of the plan level (docs/ir.md) for this machine: with the rules of the module's target, on the target's own
/// processor where the host can run it. `optimization` is 0 to 3; from 2 on LLVM's own pipelines run, which take twice the time and were measured to give no
/// faster code. The module is not changed; its
/// context must outlive the result, since the weights stay where they are. `functions` outlive it too. Failures are reported on the module.
mlir::FailureOr<std::unique_ptr<CompiledModel>>
compileInProcess(mlir::ModuleOp planned, unsigned optimization = 1,
                 llvm::ArrayRef<HostFunction> functions = {});

/// Compiles a planned module for its target into the folder `options.outDir`: NAME.h, NAME.o and, with external weights, NAME.weights.
/// The header is that of emitCpp, and the object exports what the C++ sources do. Weights that are not external are
/// in the object's read-only data. `asLibrary`: libNAME.a holds the object.
mlir::LogicalResult emitObject(mlir::ModuleOp planned, const CppOptions &options,
                               bool asLibrary = false);

/// One level of the model `options.name`, as emitCppLevel (codegen/cpp/Levels.h) writes it: NAME_<level>.o.
mlir::FailureOr<cpp::Interface> emitObjectLevel(mlir::ModuleOp planned, const CppOptions &options);

/// What chooses between the levels, as emitCppChoice: NAME.h, NAME.o and, with external weights, NAME.weights. `asLibrary`: libNAME.a holds its
/// object and those of the levels, which are in the folder.
mlir::LogicalResult emitObjectChoice(const cpp::Interface &interface, llvm::StringRef weights, const CppOptions &options, bool asLibrary,
                                     mlir::MLIRContext *context);

/// The values that @main of a module without arguments returns. `toPlan` brings the module to the plan level in place. Always
/// compiled by the rules of x86-64-v1 (16-byte vectors, no fused multiply-add), so that the values do not depend on the machine. The
/// result's types are those that @main returned before `toPlan`. `module` is used up; without a value (an index out of range) it fails.
mlir::FailureOr<llvm::SmallVector<mlir::ElementsAttr>> evaluateConstants(
    mlir::ModuleOp module,
    llvm::function_ref<mlir::LogicalResult(mlir::ModuleOp)> toPlan);

} // namespace ingot

#endif
