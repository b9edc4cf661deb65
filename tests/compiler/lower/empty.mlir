// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// Of results without elements nothing is computed.
// CHECK-LABEL: func.func @main
// CHECK-NOT: math.exp
// CHECK: return
func.func @main(%x: tensor<0x3xf32>) -> tensor<0x3xf32> {
  %0 = "onnx.Softmax"(%x) {axis = 1 : i64} : (tensor<0x3xf32>) -> tensor<0x3xf32>
  return %0 : tensor<0x3xf32>
}

// -----

// Data may give another shape than the one that is declared: that is checked all the same.
// CHECK-LABEL: func.func @main
// CHECK: cf.assert
func.func @main(%x: tensor<4xf32>, %start: tensor<1xi64>, %end: tensor<1xi64>) -> tensor<0xf32> {
  %0 = "onnx.Slice"(%x, %start, %end) : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<0xf32>
  return %0 : tensor<0xf32>
}

// -----

// A determinant of no rows is a product of no factors.
// CHECK-LABEL: func.func @main
// CHECK: dense<1.000000e+00> : tensor<5xf32>
func.func @main(%x: tensor<5x0x0xf32>) -> tensor<5xf32> {
  %0 = "onnx.Det"(%x) : (tensor<5x0x0xf32>) -> tensor<5xf32>
  return %0 : tensor<5xf32>
}
