// RUN: ingot-opt --simplify --split-input-file %s | FileCheck %s

// A convolution between DequantizeLinear and QuantizeLinear is one on integers, with its bias among the sums.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<1x4x5x5xui8>
// CHECK: onnx.QLinearConv(%[[X]],{{.*}}kernel_shape = array<i64: 3, 3>
// CHECK-NOT: onnx.Conv(
func.func @main(%x: tensor<1x4x5x5xui8>) -> tensor<1x2x3x3xui8> {
  %xs = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %xz = "onnx.Constant"() {value = dense<7> : tensor<ui8>} : () -> tensor<ui8>
  %w = "onnx.Constant"() {value = dense<3> : tensor<2x4x3x3xi8>} : () -> tensor<2x4x3x3xi8>
  %ws = "onnx.Constant"() {value = dense<[0.25, 0.125]> : tensor<2xf32>} : () -> tensor<2xf32>
  %wz = "onnx.Constant"() {value = dense<0> : tensor<2xi8>} : () -> tensor<2xi8>
  %b = "onnx.Constant"() {value = dense<[5, 6]> : tensor<2xi32>} : () -> tensor<2xi32>
  %bs = "onnx.Constant"() {value = dense<[0.125, 0.0625]> : tensor<2xf32>} : () -> tensor<2xf32>
  %bz = "onnx.Constant"() {value = dense<0> : tensor<2xi32>} : () -> tensor<2xi32>
  %dx = "onnx.DequantizeLinear"(%x, %xs, %xz) {axis = 1 : i64} : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x4x5x5xf32>
  %dw = "onnx.DequantizeLinear"(%w, %ws, %wz) {axis = 0 : i64} : (tensor<2x4x3x3xi8>, tensor<2xf32>, tensor<2xi8>) -> tensor<2x4x3x3xf32>
  %db = "onnx.DequantizeLinear"(%b, %bs, %bz) {axis = 0 : i64} : (tensor<2xi32>, tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  %c = "onnx.Conv"(%dx, %dw, %db) {auto_pad = "NOTSET", group = 1 : i64, kernel_shape = array<i64: 3, 3>} : (tensor<1x4x5x5xf32>, tensor<2x4x3x3xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
  %q = "onnx.QuantizeLinear"(%c, %xs, %xz) {axis = 1 : i64} : (tensor<1x2x3x3xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2x3x3xui8>
  return %q : tensor<1x2x3x3xui8>
}

// -----

// A bias whose scale is not that of the products stays in float32, and its convolution with it.
// CHECK-LABEL: func.func @main
// CHECK: onnx.Conv(
func.func @main(%x: tensor<1x4x5x5xui8>) -> tensor<1x2x3x3xui8> {
  %xs = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %xz = "onnx.Constant"() {value = dense<7> : tensor<ui8>} : () -> tensor<ui8>
  %w = "onnx.Constant"() {value = dense<3> : tensor<2x4x3x3xi8>} : () -> tensor<2x4x3x3xi8>
  %ws = "onnx.Constant"() {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
  %wz = "onnx.Constant"() {value = dense<0> : tensor<i8>} : () -> tensor<i8>
  %b = "onnx.Constant"() {value = dense<[5, 6]> : tensor<2xi32>} : () -> tensor<2xi32>
  %bs = "onnx.Constant"() {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
  %bz = "onnx.Constant"() {value = dense<0> : tensor<i32>} : () -> tensor<i32>
  %dx = "onnx.DequantizeLinear"(%x, %xs, %xz) {axis = 1 : i64} : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x4x5x5xf32>
  %dw = "onnx.DequantizeLinear"(%w, %ws, %wz) {axis = 0 : i64} : (tensor<2x4x3x3xi8>, tensor<f32>, tensor<i8>) -> tensor<2x4x3x3xf32>
  %db = "onnx.DequantizeLinear"(%b, %bs, %bz) {axis = 0 : i64} : (tensor<2xi32>, tensor<f32>, tensor<i32>) -> tensor<2xf32>
  %c = "onnx.Conv"(%dx, %dw, %db) {auto_pad = "NOTSET", group = 1 : i64, kernel_shape = array<i64: 3, 3>} : (tensor<1x4x5x5xf32>, tensor<2x4x3x3xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
  %q = "onnx.QuantizeLinear"(%c, %xs, %xz) {axis = 1 : i64} : (tensor<1x2x3x3xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2x3x3xui8>
  return %q : tensor<1x2x3x3xui8>
}

// -----

// A Gemm is a convolution over one point; where its result is not quantised, sums of a MatMul are scaled.
// CHECK-LABEL: func.func @main
// CHECK: %[[SCALE:.*]] = onnx.Constant() {value = dense<1.250000e-01> : tensor<f32>}
// CHECK: onnx.QLinearConv{{.*}} -> tensor<2x3x1x1xi8>
// CHECK: %[[SUMS:.*]] = onnx.MatMulInteger{{.*}} -> tensor<2x3xi32>
// CHECK: onnx.DequantizeLinear(%[[SUMS]], %[[SCALE]])
func.func @main(%x: tensor<2x4xi8>) -> (tensor<2x3xi8>, tensor<2x3xf32>) {
  %xs = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %xz = "onnx.Constant"() {value = dense<1> : tensor<i8>} : () -> tensor<i8>
  %w = "onnx.Constant"() {value = dense<3> : tensor<4x3xi8>} : () -> tensor<4x3xi8>
  %ws = "onnx.Constant"() {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
  %wz = "onnx.Constant"() {value = dense<0> : tensor<i8>} : () -> tensor<i8>
  %dx = "onnx.DequantizeLinear"(%x, %xs, %xz) {axis = 1 : i64} : (tensor<2x4xi8>, tensor<f32>, tensor<i8>) -> tensor<2x4xf32>
  %dw = "onnx.DequantizeLinear"(%w, %ws, %wz) {axis = 1 : i64} : (tensor<4x3xi8>, tensor<f32>, tensor<i8>) -> tensor<4x3xf32>
  %g = "onnx.Gemm"(%dx, %dw) {alpha = 1.0 : f32, beta = 1.0 : f32, transA = 0 : i64, transB = 0 : i64} : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %q = "onnx.QuantizeLinear"(%g, %xs, %xz) {axis = 1 : i64} : (tensor<2x3xf32>, tensor<f32>, tensor<i8>) -> tensor<2x3xi8>
  %m = "onnx.MatMul"(%dx, %dw) : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return %q, %m : tensor<2x3xi8>, tensor<2x3xf32>
}

// -----

// What moves data moves integers, between equal scales alone.
// CHECK-LABEL: func.func @main
// CHECK: onnx.MaxPool{{.*}} -> tensor<1x4x2x2xui8>
// CHECK: onnx.MaxPool{{.*}} -> tensor<1x4x2x2xf32>
func.func @main(%x: tensor<1x4x5x5xui8>) -> (tensor<1x4x2x2xui8>, tensor<1x4x2x2xui8>) {
  %xs = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %ys = "onnx.Constant"() {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
  %xz = "onnx.Constant"() {value = dense<7> : tensor<ui8>} : () -> tensor<ui8>
  %dx = "onnx.DequantizeLinear"(%x, %xs, %xz) {axis = 1 : i64} : (tensor<1x4x5x5xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x4x5x5xf32>
  %p = "onnx.MaxPool"(%dx) {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x4x5x5xf32>) -> tensor<1x4x2x2xf32>
  %q = "onnx.QuantizeLinear"(%p, %xs, %xz) {axis = 1 : i64} : (tensor<1x4x2x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x4x2x2xui8>
  %o = "onnx.MaxPool"(%dx) {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x4x5x5xf32>) -> tensor<1x4x2x2xf32>
  %r = "onnx.QuantizeLinear"(%o, %ys, %xz) {axis = 1 : i64} : (tensor<1x4x2x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x4x2x2xui8>
  return %q, %r : tensor<1x4x2x2xui8>, tensor<1x4x2x2xui8>
}
