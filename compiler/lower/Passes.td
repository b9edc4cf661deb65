#ifndef INGOT_LOWER_PASSES
#define INGOT_LOWER_PASSES

include "mlir/Pass/PassBase.td"

def LowerToLinalg : Pass<"lower-to-linalg", "mlir::ModuleOp"> {
  let summary = "replace onnx operations by structured tensor operations";
  let description = [{
    Rewrites every function from the onnx dialect, with static shapes everywhere, to the tensor IR of docs/ir.md, section linalg. Integers
    become signless; the operation that is chosen remembers the sign. An operation that has no lowering stops the pass with one error that names the
    node; expand-functions has replaced operators that have a function body in the specification and no lowering here.
  }];
  let dependentDialects = [
    "mlir::affine::AffineDialect", "mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect",
    "mlir::linalg::LinalgDialect", "mlir::math::MathDialect",
    "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect"
  ];
}

#endif
