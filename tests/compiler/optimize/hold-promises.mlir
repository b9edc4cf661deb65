// RUN: ingot-opt --hold-promises="checked=onnx.Range" --split-input-file %s | FileCheck %s

// The declared shape leads back through operations that keep shapes, and operands of one shape.
// CHECK-LABEL: func.func @main
// CHECK-SAME: -> tensor<?xf32>
// CHECK: onnx.Range({{.*}} -> tensor<5xf32>
func.func @main(%start: tensor<f32>, %end: tensor<f32>, %step: tensor<f32>) -> tensor<?xf32>
    attributes {ingot.promises = [array<i64: 5>]} {
  %0 = "onnx.Range"(%start, %end, %step) : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  %1 = "onnx.Cos"(%0) : (tensor<?xf32>) -> tensor<?xf32>
  %2 = "onnx.Mul"(%0, %step) : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  %3 = "onnx.Add"(%1, %2) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %3 : tensor<?xf32>
}

// -----

// What contradicts inference, or comes from an operator without a check, is not believed.
// CHECK-LABEL: func.func @main
// CHECK: onnx.Range({{.*}} -> tensor<?xf32>
// CHECK: onnx.NonZero({{.*}} -> tensor<1x?xi64>
func.func @main(%x: tensor<4xf32>, %end: tensor<f32>) -> (tensor<?xf32>, tensor<1x?xi64>)
    attributes {ingot.promises = [array<i64: 2, 2>, array<i64: 1, 3>]} {
  %0 = "onnx.Range"(%end, %end, %end) : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  %1 = "onnx.NonZero"(%x) : (tensor<4xf32>) -> tensor<1x?xi64>
  return %0, %1 : tensor<?xf32>, tensor<1x?xi64>
}
