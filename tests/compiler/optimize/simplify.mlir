// RUN: ingot-opt --split-input-file --simplify %s | FileCheck %s

// Batch normalisation goes into the weights: 2 * 1 / sqrt(4 - 0) = 1, and 10 - 3 * 1 = 7.
// CHECK-LABEL: @normalisation
func.func @normalisation(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32> {
  %w = onnx.Constant() {value = dense<2.0> : tensor<1x1x1x1xf32>} : () -> tensor<1x1x1x1xf32>
  %scale = onnx.Constant() {value = dense<2.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %bias = onnx.Constant() {value = dense<10.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %mean = onnx.Constant() {value = dense<3.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %var = onnx.Constant() {value = dense<4.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %y = onnx.Conv(%x, %w) : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4x4xf32>
  // CHECK-DAG: %[[W:.*]] = onnx.Constant() {value = dense<2.000000e+00> : tensor<1x1x1x1xf32>}
  // CHECK-DAG: %[[B:.*]] = onnx.Constant() {value = dense<7.000000e+00> : tensor<1xf32>}
  // CHECK: %[[Y:.*]] = onnx.Conv(%arg0, %[[W]], %[[B]])
  // CHECK-NEXT: return %[[Y]]
  %z = onnx.BatchNormalization(%y, %scale, %bias, %mean, %var) {epsilon = 0.0 : f32} : (tensor<1x1x4x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x4x4xf32>
  return %z : tensor<1x1x4x4xf32>
}

// -----

// Without a producer it becomes a multiplication and an addition.
// CHECK-LABEL: @alone
func.func @alone(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %scale = onnx.Constant() {value = dense<[2.0, 4.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %zero = onnx.Constant() {value = dense<0.0> : tensor<2xf32>} : () -> tensor<2xf32>
  %one = onnx.Constant() {value = dense<1.0> : tensor<2xf32>} : () -> tensor<2xf32>
  // CHECK-DAG: %[[S:.*]] = onnx.Constant() {value = dense<{{\[\[}}[2.000000e+00]], {{\[\[}}4.000000e+00]]]> : tensor<2x1x1xf32>}
  // CHECK: onnx.Mul(%arg0, %[[S]])
  // CHECK-NEXT: onnx.Add(
  %z = onnx.BatchNormalization(%x, %scale, %one, %zero, %one) {epsilon = 0.0 : f32} : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  return %z : tensor<1x2x4x4xf32>
}

// -----

// Channels of a transposed convolution in two groups: weights are [in, out / groups].
// CHECK-LABEL: @grouped
func.func @grouped(%x: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %w = onnx.Constant() {value = dense<[[[[1.0]]], [[[1.0]]]]> : tensor<2x1x1x1xf32>} : () -> tensor<2x1x1x1xf32>
  %s = onnx.Constant() {value = dense<[[[3.0]], [[5.0]]]> : tensor<2x1x1xf32>} : () -> tensor<2x1x1xf32>
  %y = onnx.ConvTranspose(%x, %w) {group = 2 : i64} : (tensor<1x2x2x2xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x2x2xf32>
  // CHECK: value = dense<{{\[\[\[\[}}3.000000e+00]]], {{\[\[\[}}5.000000e+00]]]]> : tensor<2x1x1x1xf32>
  // CHECK-NOT: onnx.Mul
  %z = onnx.Mul(%s, %y) : (tensor<2x1x1xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %z : tensor<1x2x2x2xf32>
}

// -----

// A producer with a second use stays.
// CHECK-LABEL: @shared
func.func @shared(%x: tensor<1x1x4x4xf32>) -> (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) {
  %w = onnx.Constant() {value = dense<2.0> : tensor<1x1x1x1xf32>} : () -> tensor<1x1x1x1xf32>
  %c = onnx.Constant() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
  %y = onnx.Conv(%x, %w) : (tensor<1x1x4x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4x4xf32>
  // CHECK: onnx.Mul
  %z = onnx.Mul(%y, %c) : (tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  return %y, %z : tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>
}

// -----

// CHECK-LABEL: @views
func.func @views(%x: tensor<1x2x3xf32>) -> tensor<2x3xf32> {
  %a = onnx.Constant() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %s = onnx.Squeeze(%x, %a) : (tensor<1x2x3xf32>, tensor<1xi64>) -> tensor<2x3xf32>
  %u = onnx.Unsqueeze(%s, %a) : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<1x2x3xf32>
  %i = onnx.Identity(%u) : (tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  // CHECK: %[[SHAPE:.*]] = onnx.Constant() {value = dense<[2, 3]> : tensor<2xi64>}
  // CHECK: %[[R:.*]] = onnx.Reshape(%arg0, %[[SHAPE]])
  // CHECK-NEXT: return %[[R]]
  %f = onnx.Flatten(%i) {axis = 2 : i64} : (tensor<1x2x3xf32>) -> tensor<2x3xf32>
  return %f : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: @transposes
func.func @transposes(%x: tensor<2x3x4xf32>, %y: tensor<2x1x4xf32>) -> (tensor<2x3x4xf32>, tensor<1x2x4xf32>) {
  %a = onnx.Transpose(%x) {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %b = onnx.Transpose(%a) {perm = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  // CHECK-NOT: onnx.Transpose
  // CHECK: %[[R:.*]] = onnx.Reshape(%arg1
  // CHECK: return %arg0, %[[R]]
  %c = onnx.Transpose(%y) {perm = array<i64: 1, 0, 2>} : (tensor<2x1x4xf32>) -> tensor<1x2x4xf32>
  return %b, %c : tensor<2x3x4xf32>, tensor<1x2x4xf32>
}

// -----

// CHECK-LABEL: @powers
func.func @powers(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %two = onnx.Constant() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %half = onnx.Constant() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %third = onnx.Constant() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
  // CHECK: onnx.Mul(%arg0, %arg0)
  %a = onnx.Pow(%x, %two) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: onnx.Sqrt(%arg0)
  %b = onnx.Pow(%x, %half) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: onnx.Pow(%arg0
  %c = onnx.Pow(%x, %third) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %a, %b, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// A division by 8 is exact as a multiplication, one by 6 is not.
// CHECK-LABEL: @divisions
func.func @divisions(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %eight = onnx.Constant() {value = dense<8.0> : tensor<f32>} : () -> tensor<f32>
  %six = onnx.Constant() {value = dense<6.0> : tensor<f32>} : () -> tensor<f32>
  %one = onnx.Constant() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  // CHECK-DAG: %[[EIGHTH:.*]] = onnx.Constant() {value = dense<1.250000e-01> : tensor<f32>}
  // CHECK-DAG: %[[SIX:.*]] = onnx.Constant() {value = dense<6.000000e+00> : tensor<f32>}
  // CHECK: %[[A:.*]] = onnx.Mul(%arg0, %[[EIGHTH]])
  %a = onnx.Div(%x, %eight) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: %[[B:.*]] = onnx.Div(%arg0, %[[SIX]])
  %b = onnx.Div(%x, %six) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: return %[[A]], %[[B]], %arg0
  %c = onnx.Div(%x, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %a, %b, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: @pick
func.func @pick(%x: tensor<2x3xf32>) -> tensor<3xf32> {
  %i = onnx.Constant() {value = dense<-1> : tensor<i64>} : () -> tensor<i64>
  // CHECK: onnx.Slice(%arg0{{.*}}) : {{.*}} -> tensor<1x3xf32>
  // CHECK: onnx.Reshape
  // CHECK-NOT: onnx.Gather
  %y = onnx.Gather(%x, %i) {axis = 0 : i64} : (tensor<2x3xf32>, tensor<i64>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
