// RUN: ingot-opt %s --form-kernels --choose-schedules --expand-kernels | FileCheck %s
// RUN: sed 's/ingot.target = "x86-64-v3"/ingot.target = "x86-64-v3", ingot.threads = 2 : i64/' %s | ingot-opt --form-kernels --choose-schedules --expand-kernels | FileCheck %s --check-prefix=SHARED

// Rows of seven points, each second one of an image's, are too short for tiles of their own: tiles go on in the next row. Each point of a tile finds its row and
// its column, once, before the loops.
#x = affine_map<(h, w, f, c) -> (h * 2, w * 2, c)>
#w = affine_map<(h, w, f, c) -> (c, f)>
#y = affine_map<(h, w, f, c) -> (h, w, f)>
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<13x13x200xf32>, %w: tensor<200x64xf32>) -> tensor<7x7x64xf32> {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<7x7x64xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<7x7x64xf32>) -> tensor<7x7x64xf32>
    %r = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<13x13x200xf32>, tensor<200x64xf32>) outs(%f : tensor<7x7x64xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<7x7x64xf32>
    return %r : tensor<7x7x64xf32>
  }
}
// CHECK-DAG: #[[ROW:[a-z0-9]+]] = affine_map<()[s0] -> (s0 floordiv 7)>
// CHECK-DAG: #[[COLUMN:[a-z0-9]+]] = affine_map<()[s0] -> (s0 mod 7)>
// CHECK: func.func private @kernel(
// CHECK-DAG: %[[FULL:.*]] = arith.constant 45 : index
// CHECK-DAG: %[[STEP:.*]] = arith.constant 5 : index
// CHECK: scf.for %{{.*}} to %[[FULL]] step %[[STEP]]
// CHECK: call @kernel_tile_5x16
// CHECK: call @kernel_tile_4x16
// CHECK: func.func private @kernel_tile_5x16({{.*}}, %[[POINT:[a-z0-9]+]]: index, %{{[a-z0-9]+}}: index)
// CHECK: affine.apply #[[ROW]]()[%[[POINT]]]
// CHECK: affine.apply #[[COLUMN]]()[%[[POINT]]]
// CHECK: scf.for
// CHECK-NOT: floordiv
// CHECK: return

// What threads share is no row then.
// SHARED: func.func private @kernel({{.*}}ingot.shared = #
// SHARED: call @kernel_tile_5x16
