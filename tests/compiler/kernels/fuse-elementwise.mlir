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

// What follows a collapsed sum is computed before the collapse, where it can be part of the sum's loops.
#in = affine_map<(h, s, w, c) -> (h, w, c)>
#out = affine_map<(h, s, w, c) -> (h, s, w)>
#two = affine_map<(i, j) -> (i, j)>
#bias = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @collapsed
func.func @collapsed(%x: tensor<10x20x30xf32>, %b: tensor<20xf32>) -> tensor<20x20xf32> {
  // CHECK: %[[SUM:.*]] = linalg.generic {{.*}}"reduction"
  // CHECK: } -> tensor<10x2x20xf32>
  // CHECK-NOT: tensor.collapse_shape
  // CHECK: %[[MORE:.*]] = linalg.generic {{.*}} ins(%[[SUM]], %{{.*}} : tensor<10x2x20xf32>, tensor<20xf32>)
  // CHECK: arith.addf
  // CHECK: %[[RESULT:.*]] = tensor.collapse_shape %[[MORE]]
  // CHECK: return %[[RESULT]]
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<10x2x20xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<10x2x20xf32>) -> tensor<10x2x20xf32>
  %s = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%x : tensor<10x20x30xf32>) outs(%f : tensor<10x2x20xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %t = arith.addf %acc, %a : f32
    linalg.yield %t : f32
  } -> tensor<10x2x20xf32>
  %c = tensor.collapse_shape %s [[0, 1], [2]] : tensor<10x2x20xf32> into tensor<20x20xf32>
  %e2 = tensor.empty() : tensor<20x20xf32>
  %r = linalg.generic {indexing_maps = [#two, #bias, #two], iterator_types = ["parallel", "parallel"]} ins(%c, %b : tensor<20x20xf32>, tensor<20xf32>) outs(%e2 : tensor<20x20xf32>) {
  ^bb0(%a: f32, %v: f32, %o: f32):
    %t = arith.addf %a, %v : f32
    linalg.yield %t : f32
  } -> tensor<20x20xf32>
  return %r : tensor<20x20xf32>
}
