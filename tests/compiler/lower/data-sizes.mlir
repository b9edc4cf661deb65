// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s
// RUN: ingot-opt --lower-to-linalg --canonicalize --cse --form-kernels --choose-schedules --expand-kernels --plan-memory --split-input-file %s | FileCheck %s --check-prefix=PLAN

// A count becomes a size, with the most that it can be; what has this size gets memory for the most, and the caller is told the size.
// CHECK: #map = affine_map<() -> (6)>
// CHECK-LABEL: module attributes
// CHECK-SAME: ingot.data_sizes = [{most = #map, name = "kept"}]
// CHECK: %[[LAST:.*]] = tensor.extract %{{.*}} : tensor<6xi64>
// CHECK: %[[COUNT:.*]] = arith.index_cast %[[LAST]]
// CHECK: %[[SIZE:.*]] = ingot.data_size 0 = %[[COUNT]]
// CHECK: tensor.empty(%[[SIZE]]) : tensor<?xi64>
// PLAN: ingot.arena_bytes = {{[0-9]+}} : i64
// PLAN-NOT: ingot.arena_size
// PLAN-LABEL: func.func @main
// PLAN-SAME: memref<?xf32> {ingot.name = "y", ingot.output, ingot.shape = array<i64: -9223372036854775808, 4>, ingot.sizes = affine_map<()[s0] -> (s0, 4)>
// PLAN-SAME: %[[SHAPE:arg[0-9]+]]: memref<2xi64> {ingot.shape_of = 0 : i64}
// PLAN: arith.maxsi
// PLAN: %[[N:.*]] = arith.minsi %{{.*}}, %c6
// PLAN: call @compress{{.*}}%[[N]]
// PLAN: %[[TOLD:.*]] = arith.index_cast %[[N]] : index to i64
// PLAN: memref.store %[[TOLD]], %[[SHAPE]]
module attributes {ingot.target = "x86-64-v1"} {
func.func @main(%x: tensor<6x4xf32> {ingot.name = "x", ingot.type = "float"}, %c: tensor<6xi1> {ingot.name = "c", ingot.type = "bool"})
    -> (tensor<?x4xf32> {ingot.name = "y", ingot.type = "float"}) {
  %0 = "onnx.Compress"(%x, %c) {axis = 0 : i64} : (tensor<6x4xf32>, tensor<6xi1>) -> tensor<?x4xf32> loc("kept"("Compress"))
  return %0 : tensor<?x4xf32>
}
}

// -----

// A declared shape is checked, and there is no such size.
// CHECK-LABEL: module attributes
// CHECK-NOT: ingot.data_size
// CHECK: cf.assert %{{.*}}, "kept: the data give another shape than the model declares"
module attributes {ingot.target = "x86-64-v1"} {
func.func @main(%x: tensor<6x4xf32> {ingot.name = "x", ingot.type = "float"}, %c: tensor<6xi1> {ingot.name = "c", ingot.type = "bool"})
    -> (tensor<3x4xf32> {ingot.name = "y", ingot.type = "float"}) {
  %0 = "onnx.Compress"(%x, %c) {axis = 0 : i64} : (tensor<6x4xf32>, tensor<6xi1>) -> tensor<3x4xf32> loc("kept"("Compress"))
  return %0 : tensor<3x4xf32>
}
}

// -----

// An index into an axis of such a size is compared with the size, and clamped to 0 where there is nothing.
// CHECK-LABEL: module attributes
// CHECK: %[[N:.*]] = ingot.data_size 0 =
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<2xi64>)
// CHECK: arith.cmpi ult, %{{.*}}, %[[N]]
// CHECK: arith.maxsi
// CHECK: %[[LAST:.*]] = arith.maxsi
// CHECK: arith.minsi %{{.*}}, %[[LAST]]
module attributes {ingot.target = "x86-64-v1"} {
func.func @main(%x: tensor<6xf32> {ingot.name = "x", ingot.type = "float"}, %c: tensor<6xi1> {ingot.name = "c", ingot.type = "bool"},
                %i: tensor<2xi64> {ingot.name = "i", ingot.type = "int64"}) -> (tensor<2xf32> {ingot.name = "y", ingot.type = "float"}) {
  %0 = "onnx.Compress"(%x, %c) {axis = 0 : i64} : (tensor<6xf32>, tensor<6xi1>) -> tensor<?xf32>
  %1 = "onnx.Gather"(%0, %i) {axis = 0 : i64} : (tensor<?xf32>, tensor<2xi64>) -> tensor<2xf32>
  return %1 : tensor<2xf32>
}
}

// -----

// What follows has such a size, too, by itself or computed. It is numbered behind all names, those of derived sizes among them.
// CHECK-LABEL: module attributes
// CHECK-SAME: ingot.data_sizes = [{most = #{{.*}}, name = "kept"}]
// CHECK: ingot.size 1
// CHECK: %[[N:.*]] = ingot.data_size 2 =
// CHECK: tensor.empty(%[[N]])
// CHECK: tensor.concat dim(0)
module attributes {ingot.target = "x86-64-v1", ingot.sizes = ["N", "derived_0"], ingot.derived_sizes = [affine_map<()[s0] -> (0, s0 - 3)>]} {
func.func @main(%x: tensor<6xf32> {ingot.name = "x", ingot.type = "float"}, %c: tensor<6xi1> {ingot.name = "c", ingot.type = "bool"},
                %z: tensor<?xf32, affine_map<(d0)[s0] -> (s0)>> {ingot.name = "z", ingot.type = "float", ingot.dims = array<i64: 0>})
    -> (tensor<?xf32> {ingot.name = "y", ingot.type = "float"}, tensor<?xf32, affine_map<(d0)[s0, s1] -> (s1)>> {ingot.name = "w", ingot.type = "float"}) {
  %0 = "onnx.Compress"(%x, %c) {axis = 0 : i64} : (tensor<6xf32>, tensor<6xi1>) -> tensor<?xf32> loc("kept"("Compress"))
  %begin = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %end = "onnx.Constant"() {value = dense<-3> : tensor<1xi64>} : () -> tensor<1xi64>
  %1 = "onnx.Slice"(%z, %begin, %end) : (tensor<?xf32, affine_map<(d0)[s0] -> (s0)>>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32, affine_map<(d0)[s0, s1] -> (s1)>>
  %2 = "onnx.Concat"(%0, %0, %0) {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %2, %1 : tensor<?xf32>, tensor<?xf32, affine_map<(d0)[s0, s1] -> (s1)>>
}
}

// -----

// Of a tensor whose sizes a call chooses, the bound is an expression over them.
// CHECK: #[[MOST:.*]] = affine_map<()[s0] -> (s0 * 4)>
// CHECK-LABEL: module attributes
// CHECK-SAME: ingot.data_sizes = [{most = #[[MOST]], name = "kept"}]
// CHECK-SAME: ingot.required_sizes
// CHECK: ingot.data_size 1
module attributes {ingot.target = "x86-64-v1", ingot.sizes = ["N"]} {
func.func @main(%x: tensor<?x4xf32, affine_map<(d0)[s0] -> (s0, 4)>> {ingot.name = "x", ingot.type = "float", ingot.dims = array<i64: 0, -1>})
    -> (tensor<2x?xi64> {ingot.name = "y", ingot.type = "int64"}) {
  %0 = "onnx.NonZero"(%x) : (tensor<?x4xf32, affine_map<(d0)[s0] -> (s0, 4)>>) -> tensor<2x?xi64> loc("kept"("NonZero"))
  return %0 : tensor<2x?xi64>
}
}
