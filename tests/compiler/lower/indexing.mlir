// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// An index from data is checked, and clamped whatever the check finds.
// CHECK-LABEL: func.func @main
// CHECK: ^bb0(%[[I:.*]]: i64, %{{.*}}: f32):
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult
// CHECK: cf.assert %[[INSIDE]], "words: index out of range"
// CHECK: arith.maxsi
// CHECK: %[[SAFE:.*]] = arith.minsi
// CHECK: tensor.extract %{{.*}}[%[[SAFE]], %{{.*}}]
func.func @main(%x: tensor<100x8xf32>, %i: tensor<4xi64>) -> tensor<4x8xf32> {
  %0 = "onnx.Gather"(%x, %i) {axis = 0 : i64} : (tensor<100x8xf32>, tensor<4xi64>) -> tensor<4x8xf32> loc("words"("Gather"))
  return %0 : tensor<4x8xf32>
}

// -----

// A constant index is a view.
// CHECK-LABEL: func.func @main
// CHECK-NEXT: tensor.extract_slice %{{.*}}[0, 3] [2, 1] [1, 1]
// CHECK-NEXT: tensor.collapse_shape
// CHECK-NEXT: return
func.func @main(%x: tensor<2x4xf32>) -> tensor<2xf32> {
  %i = "onnx.Constant"() {value = dense<-1> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.Gather"(%x, %i) {axis = 1 : i64} : (tensor<2x4xf32>, tensor<i64>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// Updates go to their places in a function of their own, behind a copy of the data: a run of three elements for each of two places.
// CHECK-LABEL: func.func private @scatter
// CHECK-SAME: (%[[DATA:.*]]: memref<12xf32>, %[[PLACES:.*]]: memref<2xi64>, %[[UPDATES:.*]]: memref<6xf32>, %[[OUT:.*]]: memref<12xf32>)
// CHECK: vector.load %[[DATA]]
// CHECK: vector.store %{{.*}}, %[[OUT]]
// CHECK: memref.load %[[PLACES]]
// CHECK: %[[UPDATE:.*]] = memref.load %[[UPDATES]]
// CHECK: memref.store %[[UPDATE]], %[[OUT]]
// CHECK-LABEL: func.func @main
// CHECK: cf.assert
// CHECK: ingot.launch @scatter
func.func @main(%x: tensor<4x3xf32>, %i: tensor<2x1xi64>, %u: tensor<2x3xf32>) -> tensor<4x3xf32> {
  %0 = "onnx.ScatterND"(%x, %i, %u) {reduction = "none"} : (tensor<4x3xf32>, tensor<2x1xi64>, tensor<2x3xf32>) -> tensor<4x3xf32> loc("s"("ScatterND"))
  return %0 : tensor<4x3xf32>
}
