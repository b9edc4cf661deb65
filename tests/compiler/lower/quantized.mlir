// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// Rounded to even, moved, limited; NaN becomes the least value.
// CHECK-LABEL: func.func @main
// CHECK: arith.divf
// CHECK: math.roundeven
// CHECK: arith.maxnumf
// CHECK: arith.minnumf
// CHECK: arith.fptosi
// CHECK: arith.trunci
func.func @main(%x: tensor<4xf32>) -> tensor<4xui8> {
  %scale = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %zero = "onnx.Constant"() {value = dense<128> : tensor<ui8>} : () -> tensor<ui8>
  %0 = "onnx.QuantizeLinear"(%x, %scale, %zero) {axis = 1 : i64} : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %0 : tensor<4xui8>
}

// -----

// Sums of products of integers are exact.
// CHECK-LABEL: func.func @main
// CHECK: arith.extui
// CHECK: arith.extsi
// CHECK: arith.muli
// CHECK-NEXT: arith.addi
func.func @main(%a: tensor<3x4xui8>, %b: tensor<4x5xi8>) -> tensor<3x5xi32> {
  %0 = "onnx.MatMulInteger"(%a, %b) : (tensor<3x4xui8>, tensor<4x5xi8>) -> tensor<3x5xi32>
  return %0 : tensor<3x5xi32>
}
