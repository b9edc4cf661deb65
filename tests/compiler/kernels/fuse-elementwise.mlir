// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(fuse-elementwise))' | FileCheck %s

// A scale that a call gives stays an operand of the body, which the scheduler can put across lanes; one that the model gives becomes a number in it.
#scalar = affine_map<(i) -> ()>
#all = affine_map<(i) -> (i)>
// CHECK-LABEL: func @scales
func.func @scales(%x: tensor<1000xf32>, %scale: tensor<f32>) -> tensor<1000xf32> {
  // CHECK: %[[TWO:.*]] = arith.constant 2.0{{.*}} : f32
  // CHECK: linalg.generic
  // CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<1000xf32>, tensor<f32>)
  // CHECK-NOT: tensor.extract
  // CHECK: arith.divf
  // CHECK: arith.mulf %{{.*}}, %[[TWO]]
  // CHECK-NOT: linalg.generic
  // CHECK: return
  %e = tensor.empty() : tensor<1000xf32>
  %q = linalg.generic {indexing_maps = [#all, #scalar, #all], iterator_types = ["parallel"]} ins(%x, %scale : tensor<1000xf32>, tensor<f32>) outs(%e : tensor<1000xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %d = arith.divf %a, %s : f32
    linalg.yield %d : f32
  } -> tensor<1000xf32>
  %two = arith.constant dense<2.0> : tensor<f32>
  %r = linalg.generic {indexing_maps = [#all, #scalar, #all], iterator_types = ["parallel"]} ins(%q, %two : tensor<1000xf32>, tensor<f32>) outs(%e : tensor<1000xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %d = arith.mulf %a, %s : f32
    linalg.yield %d : f32
  } -> tensor<1000xf32>
  return %r : tensor<1000xf32>
}
