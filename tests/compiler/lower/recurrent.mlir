// RUN: ingot-opt --lower-to-linalg --split-input-file %s | FileCheck %s

// The input's part of all steps is ahead of the loop.
// CHECK-LABEL: func.func @main
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<50x1x16xf32>)
// CHECK: scf.for {{.*}} -> (tensor<i64>, tensor<1x4xf32>, tensor<1x4xf32>, tensor<50x1x4xf32>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x16xf32>)
// CHECK: math.tanh
// CHECK: arith.cmpi eq
// CHECK-NEXT: arith.select
// CHECK: scf.yield
func.func @main(%x: tensor<50x1x3xf32>, %w: tensor<1x16x3xf32>, %r: tensor<1x16x4xf32>) -> tensor<50x1x1x4xf32> {
  %0 = "onnx.LSTM"(%x, %w, %r) {hidden_size = 4 : i64, direction = "forward"} : (tensor<50x1x3xf32>, tensor<1x16x3xf32>, tensor<1x16x4xf32>) -> tensor<50x1x1x4xf32>
  return %0 : tensor<50x1x1x4xf32>
}

// -----

// A few steps need no loop; outputs without a use are not collected.
// CHECK-LABEL: func.func @main
// CHECK-NOT: scf.for
// CHECK: return
func.func @main(%x: tensor<1x1x3xf32>, %w: tensor<1x12x3xf32>, %r: tensor<1x12x4xf32>) -> tensor<1x1x4xf32> {
  %0:2 = "onnx.GRU"(%x, %w, %r) {hidden_size = 4 : i64} : (tensor<1x1x3xf32>, tensor<1x12x3xf32>, tensor<1x12x4xf32>) -> (tensor<1x1x1x4xf32>, tensor<1x1x4xf32>)
  return %0#1 : tensor<1x1x4xf32>
}
