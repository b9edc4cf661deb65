// RUN: not ingot-opt --lower-to-linalg --split-input-file %s 2>&1 | FileCheck %s

// CHECK: node 'labels' (ai_onnx_ml_ZipMap): this operator is not supported
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = "onnx.ai_onnx_ml_ZipMap"(%x) {classlabels_int64s = array<i64: 1, 2, 3>} : (tensor<2x3xf32>) -> tensor<2x3xf32> loc("labels"("ZipMap"))
  return %0 : tensor<2x3xf32>
}

// -----

// CHECK: node 'photo' (ImageDecoder): it calls the library 'image' (runtime-host), which the program must link; allow that by --library image
func.func @main(%x: tensor<8xui8>) -> tensor<1x1x3xui8> {
  %0 = "onnx.ImageDecoder"(%x) : (tensor<8xui8>) -> tensor<1x1x3xui8> loc("photo"("ImageDecoder"))
  return %0 : tensor<1x1x3xui8>
}

// -----

// CHECK: node 'cut' (Slice): the result is larger than the input
func.func @main(%x: tensor<4xf32>, %start: tensor<1xi64>) -> tensor<5xf32> {
  %0 = "onnx.Slice"(%x, %start, %start) : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<5xf32> loc("cut"("Slice"))
  return %0 : tensor<5xf32>
}

// -----

// CHECK: node 'c' (Conv): strides, dilations, pads or kernel_shape are out of range
func.func @main(%x: tensor<1x3x8xf32>, %w: tensor<4x3x3xf32>) -> tensor<1x4x6xf32> {
  %0 = "onnx.Conv"(%x, %w) {strides = array<i64: 9223372036854775807>, group = 1 : i64} : (tensor<1x3x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x6xf32> loc("c"("Conv"))
  return %0 : tensor<1x4x6xf32>
}

// -----

// CHECK: node 'norm' (BatchNormalization): input 2 needs one number a channel
func.func @main(%x: tensor<1x3x8xf32>, %s: tensor<3xf32>, %b: tensor<4xf32>) -> tensor<1x3x8xf32> {
  %0 = "onnx.BatchNormalization"(%x, %s, %b, %s, %s) {epsilon = 1.0e-05 : f32} : (tensor<1x3x8xf32>, tensor<3xf32>, tensor<4xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x3x8xf32> loc("norm"("BatchNormalization"))
  return %0 : tensor<1x3x8xf32>
}

// -----

// CHECK: node 'all' (Expand): output 0 is larger than 1 TB
func.func @main(%x: tensor<1xf32>) -> tensor<1099511627776xf32> {
  %s = "onnx.Constant"() {value = dense<1099511627776> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Expand"(%x, %s) : (tensor<1xf32>, tensor<1xi64>) -> tensor<1099511627776xf32> loc("all"("Expand"))
  return %0 : tensor<1099511627776xf32>
}

// -----

// Both sides of a branch lead to one leaf.
// CHECK: node 'trees' (ai_onnx_ml_TreeEnsembleRegressor): the attributes describe no forest
func.func @main(%x: tensor<5x2xf32>) -> tensor<5x1xf32> {
  %0 = "onnx.ai_onnx_ml_TreeEnsembleRegressor"(%x) {
    nodes_treeids = array<i64: 0, 0>, nodes_nodeids = array<i64: 0, 1>, nodes_featureids = array<i64: 1, 0>,
    nodes_modes = ["BRANCH_LEQ", "LEAF"], nodes_values = array<f32: 0.5, 0.0>,
    nodes_truenodeids = array<i64: 1, 0>, nodes_falsenodeids = array<i64: 1, 0>,
    target_treeids = array<i64: 0>, target_nodeids = array<i64: 1>, target_ids = array<i64: 0>,
    target_weights = array<f32: 1.0>, n_targets = 1 : i64} : (tensor<5x2xf32>) -> tensor<5x1xf32> loc("trees"("ai_onnx_ml_TreeEnsembleRegressor"))
  return %0 : tensor<5x1xf32>
}

// -----

// What builders are given and cannot be is an error of the node: a slope that does not broadcast to the input.
// CHECK: node 'slope' (PRelu): the shapes of its inputs and outputs do not fit each other
func.func @main(%x: tensor<f32>, %s: tensor<3x4xf32>) -> tensor<f32> {
  %0 = "onnx.PRelu"(%x, %s) : (tensor<f32>, tensor<3x4xf32>) -> tensor<f32> loc("slope"("PRelu"))
  return %0 : tensor<f32>
}
