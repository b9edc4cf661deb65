// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s
// RUN: ingot-opt --split-input-file %s --pass-pipeline="builtin.module(lower-to-linalg,canonicalize,cse,func.func(choose-layouts),canonicalize,cse,func.func(fuse-elementwise),func.func(form-kernels),choose-schedules,expand-kernels)" | FileCheck %s --check-prefix=LOOPS

// A shape that data give is checked beside the view.
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic
// CHECK: tensor.extract %arg1
// CHECK: cf.assert %{{.*}}, "y: the data give another shape than the model declares"
// CHECK: -> tensor<1xi64>
// CHECK-NEXT: %[[VIEW:.*]] = tensor.collapse_shape %arg0
// CHECK-NEXT: return %[[VIEW]]

// The check becomes a kernel that sets the status, though nothing reads its result.
// LOOPS-LABEL: func.func @main
// LOOPS: ingot.launch @y(%arg1) : (tensor<1xi64>) -> tensor<1xi64>
// LOOPS: func.func private @y(
// LOOPS-SAME: ingot.checked
func.func @main(%x: tensor<2x3xf32>, %shape: tensor<1xi64>) -> tensor<6xf32> {
  %0 = "onnx.Reshape"(%x, %shape) : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<6xf32> loc("y")
  return %0 : tensor<6xf32>
}

// -----

// Of the axes that data give, those are possible that make the result: one needs no branch.
// CHECK-LABEL: func.func @main
// CHECK: cf.assert
// CHECK-NOT: scf.if
// CHECK: iterator_types = ["parallel", "parallel", "reduction"]
func.func @main(%x: tensor<2x3x4xf32>, %axes: tensor<1xi64>) -> tensor<2x3xf32> {
  %0 = "onnx.ReduceSum"(%x, %axes) {keepdims = 0 : i64} : (tensor<2x3x4xf32>, tensor<1xi64>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @main
// CHECK: %[[KEY:.*]] = linalg.generic
// CHECK: cf.assert
// CHECK: %[[NUMBER:.*]] = tensor.collapse_shape %[[KEY]]
// CHECK: tensor.extract %[[NUMBER]][]
// CHECK: scf.if
// CHECK: } else {
// CHECK-NOT: scf.if
// CHECK: return
func.func @main(%x: tensor<3x3x4xf32>, %axes: tensor<1xi64>) -> tensor<3x4xf32> {
  %0 = "onnx.ReduceSum"(%x, %axes) {keepdims = 0 : i64} : (tensor<3x3x4xf32>, tensor<1xi64>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

// Places that data give are inside of the input, whatever the check finds.
// CHECK-LABEL: func.func @main
// CHECK: cf.assert
// CHECK: %[[LAST:.*]] = arith.constant 7 : i64
// CHECK: arith.minsi %{{.*}}, %[[LAST]]
// CHECK: tensor.extract %arg0
func.func @main(%x: tensor<8xf32>, %starts: tensor<1xi64>, %ends: tensor<1xi64>) -> tensor<3xf32> {
  %0 = "onnx.Slice"(%x, %starts, %ends) : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
