//===- Sequential.h - what goes through memory in an order ----------------===//
#ifndef INGOT_COMPILER_LOWER_SEQUENTIAL_H
#define INGOT_COMPILER_LOWER_SEQUENTIAL_H

#include "compiler/lower/Structured.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot::lower {

/// Writes the body of a function of the loops level (docs/ir.md): `memory` are its buffers, flat memrefs of the operands and then of the results, and scalars
/// as they are.
using LoopsBody = llvm::function_ref<void(LocBuilder &b, mlir::ValueRange memory)>;

/// Adds a function of the loops level to the module and launches it: for what no stage can say, since each step needs what the step before has left in
/// memory (sorting, running sums, writing to places that data give). Stages are not fused with it. `name` is the function's, where no other one has it, `remark` what its comment
/// says behind the node's name; `inputs` are tensors of static or open sizes and scalars, `results` are the types of the values that are returned, of static sizes. `checked`: it has the status word as its last buffer.
llvm::SmallVector<mlir::Value> launchLoops(LocBuilder &b, llvm::StringRef name, llvm::StringRef remark, mlir::ValueRange inputs, mlir::TypeRange results,
                                           bool checked, LoopsBody body);

/// for i in [begin, end) by `step`: in such a body. The name is that of i.
void forEach(LocBuilder &b, llvm::StringRef name, int64_t begin, int64_t end, int64_t step, llvm::function_ref<void(LocBuilder &, mlir::Value)> body);
/// The same with values that each step gives the next one; their last ones.
llvm::SmallVector<mlir::Value> forEachFrom(LocBuilder &b, llvm::StringRef name, int64_t begin, int64_t end, mlir::ValueRange start,
                                           llvm::function_ref<llvm::SmallVector<mlir::Value>(LocBuilder &, mlir::Value, mlir::ValueRange)> body);

} // namespace ingot::lower

#endif
