// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-NEXT: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]]
// CHECK-NEXT: tensor.expand_shape %{{.*}} {{\[\[}}0], [1, 2]] output_shape [6, 2, 2]
// CHECK-NEXT: return
func.func @main(%x: tensor<2x3x4xf32>) -> tensor<6x2x2xf32> {
  %shape = "onnx.Constant"() {value = dense<[6, 2, 2]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Reshape"(%x, %shape) : (tensor<2x3x4xf32>, tensor<3xi64>) -> tensor<6x2x2xf32>
  return %0 : tensor<6x2x2xf32>
}

// -----

// A step below 0 is a map with falling indices.
// CHECK: affine_map<(d0) -> (-d0 + 4)>
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic
func.func @main(%x: tensor<5xf32>) -> tensor<5xf32> {
  %start = "onnx.Constant"() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %end = "onnx.Constant"() {value = dense<-9> : tensor<1xi64>} : () -> tensor<1xi64>
  %axis = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %step = "onnx.Constant"() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Slice"(%x, %start, %end, %axis, %step) : (tensor<5xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<5xf32>
  return %0 : tensor<5xf32>
}

// -----

// Moving a dimension of size 1 moves no data.
// CHECK-LABEL: func.func @main
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @main(%x: tensor<1x3x1x4xf32>) -> tensor<3x1x1x4xf32> {
  %0 = "onnx.Transpose"(%x) {perm = array<i64: 1, 0, 2, 3>} : (tensor<1x3x1x4xf32>) -> tensor<3x1x1x4xf32>
  return %0 : tensor<3x1x1x4xf32>
}

// -----

// Reflection is the input between backward pieces of itself.
// CHECK: affine_map<(d0) -> (-d0 + 3)>
// CHECK-LABEL: func.func @main
// CHECK: tensor.concat dim(0) {{.*}} : (tensor<2xf32>, tensor<5xf32>, tensor<2xf32>) -> tensor<9xf32>
func.func @main(%x: tensor<5xf32>) -> tensor<9xf32> {
  %pads = "onnx.Constant"() {value = dense<[2, 2]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Pad"(%x, %pads) {mode = "reflect"} : (tensor<5xf32>, tensor<2xi64>) -> tensor<9xf32>
  return %0 : tensor<9xf32>
}
