// RUN: ingot-opt --hold-promises="checked=onnx.Range" --split-input-file %s | FileCheck %s

// The declared shape leads back through operations that keep shapes, and operands of one shape.
// CHECK-LABEL: func.func @main
// CHECK-SAME: -> tensor<?xf32>
// CHECK: onnx.Range({{.*}} -> tensor<5xf32>
func.func @main(%start: tensor<f32>, %end: tensor<f32>, %step: tensor<f32>) -> tensor<?xf32>
    attributes {ingot.promises = [array<i64: 5>]} {
  %0 = "onnx.Range"(%start, %end, %step) : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  %1 = "onnx.Cos"(%0) : (tensor<?xf32>) -> tensor<?xf32>
  %2 = "onnx.Mul"(%0, %step) : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  %3 = "onnx.Add"(%1, %2) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %3 : tensor<?xf32>
}

// -----

// What contradicts inference, or comes from an operator without a check, is not believed.
// CHECK-LABEL: func.func @main
// CHECK: onnx.Range({{.*}} -> tensor<?xf32>
// CHECK: onnx.NonZero({{.*}} -> tensor<1x?xi64>
func.func @main(%x: tensor<4xf32>, %end: tensor<f32>) -> (tensor<?xf32>, tensor<1x?xi64>)
    attributes {ingot.promises = [array<i64: 2, 2>, array<i64: 1, 3>]} {
  %0 = "onnx.Range"(%end, %end, %end) : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  %1 = "onnx.NonZero"(%x) : (tensor<4xf32>) -> tensor<1x?xi64>
  return %0, %1 : tensor<?xf32>, tensor<1x?xi64>
}

// -----

// What a loop carries keeps its shape where its body declares that, and so does what it is added to.
// CHECK-LABEL: func.func @main
// CHECK: onnx.Range({{.*}} -> tensor<1xf32>
// CHECK: onnx.Add({{.*}} -> tensor<*xf32>
func.func @main(%y: tensor<1xf32>, %start: tensor<f32>, %m: tensor<i64>, %c: tensor<i1>) -> tensor<?xf32>
    attributes {ingot.promises = [array<i64: 1>]} {
  %0 = "onnx.Loop"(%m, %c, %y) ({
  ^bb0(%i: tensor<*xi64>, %again: tensor<*xi1>, %sum: tensor<*xf32>):
    %1 = "onnx.Range"(%start, %start, %start) : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
    %2 = "onnx.Add"(%sum, %1) : (tensor<*xf32>, tensor<?xf32>) -> tensor<*xf32>
    "onnx.Return"(%again, %2) {ingot.promises = [unit, array<i64: 1>]} : (tensor<*xi1>, tensor<*xf32>) -> ()
  }) : (tensor<i64>, tensor<i1>, tensor<1xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
