// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// The regions are in the order of attributes: else_branch first.
// CHECK-LABEL: func.func @main
// CHECK: %[[C:.*]] = tensor.extract %{{.*}}[] : tensor<i1>
// CHECK: scf.if %[[C]] -> (tensor<2xf32>)
// CHECK: arith.addf
// CHECK: } else {
// CHECK: arith.negf
func.func @main(%c: tensor<i1>, %x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = "onnx.If"(%c) ({
    %1 = "onnx.Neg"(%x) : (tensor<2xf32>) -> tensor<2xf32>
    "onnx.Return"(%1) : (tensor<2xf32>) -> ()
  }, {
    %1 = "onnx.Add"(%x, %x) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    "onnx.Return"(%1) : (tensor<2xf32>) -> ()
  }) : (tensor<i1>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// A number of iterations without a condition: a plain loop that collects.
// CHECK-LABEL: func.func @main
// CHECK: scf.for
// CHECK-NOT: scf.if
// CHECK: arith.cmpi eq
// CHECK-NEXT: arith.select
func.func @main(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<3x2xf32>) {
  %none = "onnx.None"() : () -> none
  %m = "onnx.Constant"() {value = dense<3> : tensor<i64>} : () -> tensor<i64>
  %0:2 = "onnx.Loop"(%m, %none, %x) ({
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<2xf32>):
    %1 = "onnx.Add"(%a, %a) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    "onnx.Return"(%c, %1, %1) : (tensor<i1>, tensor<2xf32>, tensor<2xf32>) -> ()
  }) : (tensor<i64>, none, tensor<2xf32>) -> (tensor<2xf32>, tensor<3x2xf32>)
  return %0#0, %0#1 : tensor<2xf32>, tensor<3x2xf32>
}

// -----

// Nothing but the condition ends it.
// CHECK-LABEL: func.func @main
// CHECK: %[[MOST:.*]] = arith.constant 9223372036854775807 : index
// CHECK: scf.for %{{.*}} to %[[MOST]]
// CHECK: tensor.extract
// CHECK: scf.if
func.func @main(%x: tensor<f32>, %most: tensor<f32>) -> tensor<f32> {
  %none = "onnx.None"() : () -> none
  %0 = "onnx.Loop"(%none, %none, %x) ({
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<f32>):
    %1 = "onnx.Add"(%a, %a) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %2 = "onnx.Less"(%1, %most) : (tensor<f32>, tensor<f32>) -> tensor<i1>
    "onnx.Return"(%2, %1) : (tensor<i1>, tensor<f32>) -> ()
  }) : (none, none, tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}
