// RUN: ingot-opt --split-input-file --infer-shapes --simplify %s | FileCheck %s

// [b, c, h * w] from the shape of the input, as exporters write it.
// CHECK-LABEL: @flatten_image
func.func @flatten_image(%x: tensor<2x3x4x5xf32>) -> tensor<*xf32> {
  %two = onnx.Constant() {value = dense<2> : tensor<1xi64>} : () -> tensor<1xi64>
  %zero = onnx.Constant() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %minus = onnx.Constant() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %shape = onnx.Shape(%x) : (tensor<2x3x4x5xf32>) -> tensor<*xi64>
  %head = onnx.Slice(%shape, %zero, %two) : (tensor<*xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xi64>
  %new = onnx.Concat(%head, %minus) {axis = 0 : i64} : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  // CHECK: %[[S:.*]] = onnx.Constant() {value = dense<[2, 3, 20]> : tensor<3xi64>}
  // CHECK: onnx.Reshape(%arg0, %[[S]]) {{.*}} -> tensor<2x3x20xf32>
  %y = onnx.Reshape(%x, %new) : (tensor<2x3x4x5xf32>, tensor<*xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

// Division rounds towards zero, Mod takes the sign of the divisor, a slice runs backwards.
// CHECK-LABEL: @integers
func.func @integers() -> (tensor<*xi64>, tensor<*xi64>, tensor<*xi64>, tensor<*xi64>, tensor<*xi1>) {
  %a = onnx.Constant() {value = dense<[-7, 7]> : tensor<2xi64>} : () -> tensor<2xi64>
  %b = onnx.Constant() {value = dense<2> : tensor<i64>} : () -> tensor<i64>
  %one = onnx.Constant() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %minus = onnx.Constant() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %first = onnx.Constant() {value = dense<-9> : tensor<1xi64>} : () -> tensor<1xi64>
  %axis = onnx.Constant() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  // CHECK-DAG: value = dense<[-3, 3]> : tensor<2xi64>
  %q = onnx.Div(%a, %b) : (tensor<2xi64>, tensor<i64>) -> tensor<*xi64>
  // CHECK-DAG: value = dense<1> : tensor<2xi64>
  %r = onnx.Mod(%a, %b) {fmod = 0 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<*xi64>
  // CHECK-DAG: value = dense<[7, -7]> : tensor<2xi64>
  %s = onnx.Slice(%a, %minus, %first, %axis, %minus) : (tensor<2xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xi64>
  // CHECK-DAG: value = dense<-49> : tensor<i64>
  %p = onnx.ReduceProd(%a) {keepdims = 0 : i64, noop_with_empty_axes = 0 : i64} : (tensor<2xi64>) -> tensor<*xi64>
  // CHECK-DAG: value = dense<[true, false]> : tensor<2xi1>
  %l = onnx.Less(%a, %b) : (tensor<2xi64>, tensor<i64>) -> tensor<*xi1>
  return %q, %r, %s, %p, %l : tensor<*xi64>, tensor<*xi64>, tensor<*xi64>, tensor<*xi64>, tensor<*xi1>
}

// -----

// CHECK-LABEL: @scales
func.func @scales(%x: tensor<1x3x5x7xf32>) -> tensor<*xf32> {
  %shape = onnx.Shape(%x) {start = 2 : i64} : (tensor<1x3x5x7xf32>) -> tensor<*xi64>
  %real = onnx.Cast(%shape) {to = 1 : i64} : (tensor<*xi64>) -> tensor<*xf32>
  %half = onnx.Constant() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %half_size = onnx.Mul(%real, %half) : (tensor<*xf32>, tensor<f32>) -> tensor<*xf32>
  // CHECK: value = dense<[2.000000e+00, 3.000000e+00]> : tensor<2xf32>
  %floor = onnx.Floor(%half_size) : (tensor<*xf32>) -> tensor<*xf32>
  return %floor : tensor<*xf32>
}
