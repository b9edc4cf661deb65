// RUN: ingot-opt %s | ingot-opt | FileCheck %s

// CHECK-LABEL: func.func @kernel
func.func @kernel(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: ingot.kernel "negate" (%{{.*}}) : (tensor<4xf32>) -> tensor<4xf32>
  %r = ingot.kernel "negate" (%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%arg: tensor<4xf32>):
    // CHECK: ingot.yield %{{.*}} : tensor<4xf32>
    ingot.yield %arg : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
