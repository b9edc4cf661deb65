// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// A function of the point and the seed: no state.
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic
// CHECK: linalg.index 0
// CHECK: arith.xori
// CHECK: arith.sitofp
func.func @main() -> tensor<4x4xf32> {
  %0 = "onnx.RandomUniform"() {shape = array<i64: 4, 4>, seed = 1.0 : f32, low = 0.0 : f32, high = 1.0 : f32} : () -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// At inference nothing is left.
// CHECK-LABEL: func.func @main
// CHECK-NEXT: return %arg0
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = "onnx.Dropout"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
