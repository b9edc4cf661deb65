// RUN: ingot-opt %s --form-kernels --choose-schedules --expand-kernels | FileCheck %s

// The lanes of a transpose come from different lines of the cache, and each line holds 16 neighbours: these follow each other before the next lanes.
#t = affine_map<(i, j) -> (j, i)>
#i = affine_map<(i, j) -> (i, j)>
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<100x96xf32>, %y: tensor<8x96xf32>, %z: tensor<100x90xf32>) -> (tensor<96x100xf32>, tensor<96x8xf32>, tensor<90x100xf32>) {
    %e = tensor.empty() : tensor<96x100xf32>
    %r = linalg.generic {indexing_maps = [#t, #i], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<100x96xf32>) outs(%e : tensor<96x100xf32>) {
    ^bb0(%v: f32, %old: f32):
      linalg.yield %v : f32
    } -> tensor<96x100xf32>
    %e2 = tensor.empty() : tensor<96x8xf32>
    %s = linalg.generic {indexing_maps = [#t, #i], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<8x96xf32>) outs(%e2 : tensor<96x8xf32>) {
    ^bb0(%v: f32, %old: f32):
      linalg.yield %v : f32
    } -> tensor<96x8xf32>
    %e3 = tensor.empty() : tensor<90x100xf32>
    %u = linalg.generic {indexing_maps = [#t, #i], iterator_types = ["parallel", "parallel"]} ins(%z : tensor<100x90xf32>) outs(%e3 : tensor<90x100xf32>) {
    ^bb0(%v: f32, %old: f32):
      linalg.yield %v : f32
    } -> tensor<90x100xf32>
    return %r, %s, %u : tensor<96x100xf32>, tensor<96x8xf32>, tensor<90x100xf32>
  }
}
// CHECK: func.func private @kernel(
// CHECK: scf.for %[[FIRST:.*]] = %{{.*}} to %c96{{.*}} step %c16
// CHECK-NEXT: %[[LAST:.*]] = affine.apply #{{.*}}(%[[FIRST]])
// CHECK: scf.for %{{.*}} = %{{.*}} to %c96{{.*}} step %c8
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[LAST]] step

// All lanes in one block: nothing comes between.
// CHECK: func.func private @kernel_2(
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: return

// CHECK: func.func private @kernel_3(
// CHECK: scf.for %[[FIRST:.*]] = %{{.*}} to %c90{{.*}} step %c16
// CHECK-NEXT: %[[LAST:.*]] = affine.min #{{.*}}(%[[FIRST]])
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[LAST]] step
