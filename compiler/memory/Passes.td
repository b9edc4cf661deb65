#ifndef INGOT_COMPILER_MEMORY_PASSES
#define INGOT_COMPILER_MEMORY_PASSES

include "mlir/Pass/PassBase.td"

def PlanMemory : Pass<"plan-memory", "mlir::ModuleOp"> {
  let summary = "give every value between kernels its place in memory";
  let description = [{
    Takes the `loops` level and gives the `plan` level of docs/ir.md: `@main` works on flat buffers, which are arguments or constant offsets
    into the arena and the weight segment. A value that is returned is computed in the output's buffer; copies remain only
    where an input, a constant or one value twice is returned, and where control flow joins values that live on.

    Sizes that only a call knows are expressions over the module's `ingot.sizes`; values of such sizes lie behind the others, and `ingot.arena_size` is the whole. Fails with one line on values whose size depends on data or overflows, and on operations that the `loops` level does not have.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect", "mlir::affine::AffineDialect",
                           "mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"copies", "copies", "copy kernels called">,
    Statistic<"buffers", "buffers", "buffers in the arena">
  ];
}

#endif
