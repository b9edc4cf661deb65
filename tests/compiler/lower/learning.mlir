// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// A tree of one branch: one level down for all rows and trees, then the leaves' weights.
// CHECK-LABEL: func.func @main
// CHECK-DAG: arith.constant dense<[1, 1, 2]> : tensor<3xi64>
// CHECK-DAG: arith.constant dense<[2, 1, 2]> : tensor<3xi64>
// CHECK: arith.cmpf ole
// CHECK: arith.select
// CHECK: linalg.generic {{.*}}["parallel", "parallel", "reduction"]
// CHECK: arith.addf
func.func @main(%x: tensor<5x2xf32>) -> tensor<5x1xf32> {
  %0 = "onnx.ai_onnx_ml_TreeEnsembleRegressor"(%x) {
    nodes_treeids = array<i64: 0, 0, 0>, nodes_nodeids = array<i64: 0, 1, 2>, nodes_featureids = array<i64: 1, 0, 0>,
    nodes_modes = ["BRANCH_LEQ", "LEAF", "LEAF"], nodes_values = array<f32: 0.5, 0.0, 0.0>,
    nodes_truenodeids = array<i64: 1, 0, 0>, nodes_falsenodeids = array<i64: 2, 0, 0>,
    target_treeids = array<i64: 0, 0>, target_nodeids = array<i64: 1, 2>, target_ids = array<i64: 0, 0>,
    target_weights = array<f32: 1.0, 2.0>, n_targets = 1 : i64} : (tensor<5x2xf32>) -> tensor<5x1xf32>
  return %0 : tensor<5x1xf32>
}

// -----

// CHECK-LABEL: func.func @main
// CHECK: linalg.generic {{.*}}["parallel", "parallel", "reduction"]
// CHECK: arith.mulf
// CHECK-NEXT: arith.addf
func.func @main(%x: tensor<5x2xf32>) -> tensor<5x3xf32> {
  %0 = "onnx.ai_onnx_ml_LinearRegressor"(%x) {coefficients = array<f32: 1.0, 2.0, 3.0, 4.0, 5.0, 6.0>, targets = 3 : i64} : (tensor<5x2xf32>) -> tensor<5x3xf32>
  return %0 : tensor<5x3xf32>
}
