// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// CHECK: affine_map<(d0, d1, d2, d3) -> (d0, d1, d2 floordiv 2, d3 floordiv 2)>
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic
// CHECK-NOT: tensor.extract
// CHECK: return
func.func @main(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x8x8xf32> {
  %none = "onnx.None"() : () -> none
  %scales = "onnx.Constant"() {value = dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32>} : () -> tensor<4xf32>
  %0 = "onnx.Resize"(%x, %none, %scales) {mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"} : (tensor<1x2x4x4xf32>, none, tensor<4xf32>) -> tensor<1x2x8x8xf32>
  return %0 : tensor<1x2x8x8xf32>
}

// -----

// Two places and two weights a row.
// CHECK-LABEL: func.func @main
// CHECK-DAG: arith.constant dense<[0, 0, 1]> : tensor<3xi64>
// CHECK-DAG: arith.constant dense<1> : tensor<3xi64>
// CHECK-DAG: arith.constant dense<[1.000000e+00, 5.000000e-01, 1.000000e+00]> : tensor<3xf32>
// CHECK: linalg.generic
// CHECK-COUNT-2: tensor.extract
// CHECK: arith.addf
func.func @main(%x: tensor<2xf32>) -> tensor<3xf32> {
  %none = "onnx.None"() : () -> none
  %sizes = "onnx.Constant"() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Resize"(%x, %none, %none, %sizes) {mode = "linear", coordinate_transformation_mode = "align_corners"} : (tensor<2xf32>, none, none, tensor<1xi64>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

// Sizes of a call: where a factor is whole, the same map as of static ones; places and weights of a row or column are computed once, in stages of their own.
// CHECK: affine_map<(d0, d1) -> (d0 floordiv 2, d1 floordiv 3)>
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic
// CHECK-NOT: tensor.extract
// CHECK: return
module attributes {ingot.sizes = ["H", "W"]} {
func.func @main(%x: tensor<?x?xf32, affine_map<(d0)[s0, s1] -> (s0, s1)>> {ingot.dims = array<i64: 0, 1>}) -> tensor<?x?xf32, affine_map<(d0)[s0, s1] -> (s0 * 2, s1 * 3)>> {
  %none = "onnx.None"() : () -> none
  %scales = "onnx.Constant"() {value = dense<[2.0, 3.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %0 = "onnx.Resize"(%x, %none, %scales) {mode = "nearest", nearest_mode = "round_prefer_floor"} : (tensor<?x?xf32, affine_map<(d0)[s0, s1] -> (s0, s1)>>, none, tensor<2xf32>) -> tensor<?x?xf32, affine_map<(d0)[s0, s1] -> (s0 * 2, s1 * 3)>>
  return %0 : tensor<?x?xf32, affine_map<(d0)[s0, s1] -> (s0 * 2, s1 * 3)>>
}
}

// -----

// CHECK-LABEL: func.func @main
// CHECK-COUNT-2: outs({{.*}} : tensor<?xi64>)
// CHECK: arith.divf
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<4x?xf32>)
// CHECK-COUNT-2: tensor.extract
// CHECK-NOT: arith.divf
// CHECK: return
module attributes {ingot.sizes = ["W"]} {
func.func @main(%x: tensor<4x?xf32, affine_map<(d0)[s0] -> (4, s0)>> {ingot.dims = array<i64: -1, 0>}) -> tensor<4x?xf32, affine_map<(d0)[s0] -> (4, (s0 * 3) floordiv 2)>> {
  %none = "onnx.None"() : () -> none
  %scales = "onnx.Constant"() {value = dense<[1.0, 1.5]> : tensor<2xf32>} : () -> tensor<2xf32>
  %0 = "onnx.Resize"(%x, %none, %scales) {mode = "linear"} : (tensor<4x?xf32, affine_map<(d0)[s0] -> (4, s0)>>, none, tensor<2xf32>) -> tensor<4x?xf32, affine_map<(d0)[s0] -> (4, (s0 * 3) floordiv 2)>>
  return %0 : tensor<4x?xf32, affine_map<(d0)[s0] -> (4, (s0 * 3) floordiv 2)>>
}
}
