// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// The sum, then its division by the number of elements; the axis comes back as a view, and its user looks through that.
// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[KEPT:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>
// CHECK: linalg.generic {indexing_maps = [#[[ALL]], #[[KEPT]]], iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK: arith.addf
// CHECK: %[[MEAN:.*]] = linalg.generic
// CHECK: arith.constant 4.000000e+00
// CHECK-NEXT: arith.divf
// CHECK: linalg.generic {indexing_maps = [#[[ALL]], #[[KEPT]], #[[ALL]]]{{.*}} ins(%[[X]], %[[MEAN]]
// CHECK: arith.subf
func.func @main(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %axes = "onnx.Constant"() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMean"(%x, %axes) {keepdims = 1 : i64} : (tensor<2x3x4xf32>, tensor<1xi64>) -> tensor<2x3x1xf32>
  %1 = "onnx.Sub"(%x, %0) : (tensor<2x3x4xf32>, tensor<2x3x1xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// -----

// Unsigned integers start from 0.
// CHECK-LABEL: func.func @main
// CHECK: arith.constant 0 : i8
// CHECK: arith.maxui
func.func @main(%x: tensor<2x3xui8>) -> tensor<2xui8> {
  %axes = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMax"(%x, %axes) {keepdims = 0 : i64} : (tensor<2x3xui8>, tensor<1xi64>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

// CHECK-LABEL: func.func @main
// CHECK: arith.maxnumf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: arith.divf
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = "onnx.Softmax"(%x) {axis = -1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// A running sum goes through memory from element to element.
// CHECK-LABEL: func.func private @cumsum
// CHECK-SAME: (%[[X:.*]]: memref<12xf32>, %[[OUT:.*]]: memref<12xf32>)
// CHECK: scf.for {{.*}} iter_args(%[[SUM:.*]] = %{{.*}}) -> (f32)
// CHECK: %[[ELEMENT:.*]] = memref.load %[[X]]
// CHECK: %[[NEXT:.*]] = arith.addf %[[SUM]], %[[ELEMENT]]
// CHECK: memref.store %[[NEXT]], %[[OUT]]
// CHECK: scf.yield %[[NEXT]]
// CHECK-LABEL: func.func @main
// CHECK: ingot.launch @cumsum
func.func @main(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %axis = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.CumSum"(%x, %axis) {exclusive = 0 : i64, reverse = 0 : i64} : (tensor<3x4xf32>, tensor<i64>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

// Columns lie in the lanes of vectors: two of eight, one of eight, and three by themselves. From the end, and without the element itself.
// CHECK-LABEL: func.func private @cumsum
// CHECK: scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}}) -> (vector<8xf32>, vector<8xf32>)
// CHECK: arith.subi
// CHECK: vector.store %[[A]]
// CHECK: vector.store %[[B]]
// CHECK: scf.for {{.*}} -> (vector<8xf32>)
// CHECK: scf.for {{.*}} -> (f32)
func.func @main(%x: tensor<40x27xf32>) -> tensor<40x27xf32> {
  %axis = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.CumSum"(%x, %axis) {exclusive = 1 : i64, reverse = 1 : i64} : (tensor<40x27xf32>, tensor<i64>) -> tensor<40x27xf32>
  return %0 : tensor<40x27xf32>
}
