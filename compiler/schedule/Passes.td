#ifndef INGOT_SCHEDULE_PASSES
#define INGOT_SCHEDULE_PASSES

include "mlir/Pass/PassBase.td"

def ChooseSchedules : Pass<"choose-schedules", "::mlir::ModuleOp"> {
  let summary = "give every kernel a schedule";
  let description = [{
    Sets the attribute `schedule` of kernels that have none: the lane dimension, the register tile, unrolling and packing of each nest, chosen by a
    cost model that reads only the kernel and the module's target. The module's attribute `ingot.schedules` has those that were measured, by the keys
    of kernels; it goes.
  }];
}

def ExpandKernels : Pass<"expand-kernels", "::mlir::ModuleOp"> {
  let summary = "kernels and their schedules become functions of loops and vectors";
  let description = [{
    Each `ingot.kernel` becomes an `ingot.launch` of a function in destination-passing style over flat buffers; kernels of equal code share
    one function. Constants that a schedule packs are reordered here.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::mlir::math::MathDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect"];
}

#endif
