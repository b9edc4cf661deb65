#ifndef INGOT_LAYOUT_PASSES
#define INGOT_LAYOUT_PASSES

include "mlir/Pass/PassBase.td"

def ChooseLayouts : Pass<"choose-layouts", "::mlir::func::FuncOp"> {
  let summary = "order every value's dimensions as they lie in memory";
  let description = [{
    Rewrites indexing maps and types of stages and views; arguments and results of the function keep the model's order.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

#endif
