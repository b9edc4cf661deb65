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
    "ingot::IngotDialect", "mlir::affine::AffineDialect", "mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect",
    "mlir::linalg::LinalgDialect", "mlir::math::MathDialect", "mlir::memref::MemRefDialect",
    "mlir::scf::SCFDialect", "mlir::tensor::TensorDialect", "mlir::vector::VectorDialect"
  ];
}

def WidenFloats : Pass<"widen-floats", "mlir::ModuleOp"> {
  let summary = "let arithmetic on f16 and bf16 happen in f32";
  let description = [{
    In bodies of `linalg.generic`, operations on f16 and bf16 become the same ones on f32 between `arith.extf` and `arith.truncf`: an operator
    rounds its result, not its steps. A reduction accumulates in f32 and its operands are f32 tensors, constants among them at once. Bodies that
    only move elements stay as they are.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::linalg::LinalgDialect", "mlir::tensor::TensorDialect"];
}

#endif
