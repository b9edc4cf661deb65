#ifndef INGOT_COMPILER_STRINGS_PASSES
#define INGOT_COMPILER_STRINGS_PASSES

include "mlir/Pass/PassBase.td"

def ExpandStrings : Pass<"expand-strings", "mlir::ModuleOp"> {
  let summary = "turn functions of strings into calls of Ingot's own";
  let description = [{
    Replaces `ingot.string` by calls of functions marked `ingot.math`, which are added to the module from functions.mlir, each once and with those that it calls.
  }];
  let dependentDialects = ["ingot::IngotDialect", "mlir::arith::ArithDialect", "mlir::func::FuncDialect", "mlir::math::MathDialect",
                           "mlir::memref::MemRefDialect", "mlir::scf::SCFDialect"];
}

#endif
