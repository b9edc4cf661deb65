// RUN: ingot-opt %s --form-kernels --choose-schedules --expand-kernels | FileCheck %s
// RUN: sed 's/x32x/x384x/g; s/114/16/g; s/112/14/g' %s | ingot-opt --form-kernels --choose-schedules --expand-kernels | FileCheck %s --check-prefix=SMALL

// A depthwise window: vectors have nothing in common. An image beyond the second cache is walked as it lies in memory, blocks of channels within tiles; else tiles follow
// each other within a block. In a tile, the steps along the window are written out point by point: each element is loaded once and needed no longer than three points.
#x = affine_map<(h, w, c, r, s) -> (h + r, w + s, c)>
#w = affine_map<(h, w, c, r, s) -> (r, s, c)>
#y = affine_map<(h, w, c, r, s) -> (h, w, c)>
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<114x114x32xf32>, %w: tensor<3x3x32xf32>) -> tensor<112x112x32xf32> {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<112x112x32xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<112x112x32xf32>) -> tensor<112x112x32xf32>
    %r = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %w : tensor<114x114x32xf32>, tensor<3x3x32xf32>) outs(%f : tensor<112x112x32xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<112x112x32xf32>
    return %r : tensor<112x112x32xf32>
  }
}
// CHECK: func.func private @kernel(
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: scf.for %[[POINT:[a-z0-9]+]] =
// CHECK: scf.for %[[LANE:[a-z0-9]+]] =
// CHECK: call @kernel_tile_6x16(%{{.*}}, %{{.*}}, %{{.*}}, %[[ROW]], %[[POINT]], %[[LANE]])

// CHECK: func.func private @kernel_tile_6x16(
// CHECK: scf.for {{.*}} iter_args(%[[FIRST:[a-z0-9]+]] = %{{[a-z0-9_]+}}, %{{[a-z0-9]+}} = %{{[a-z0-9_]+}}, %[[SECOND:[a-z0-9]+]] =
// CHECK: %[[X0:.*]] = vector.load %arg0
// CHECK: %[[W0:.*]] = vector.load %arg1
// CHECK: %[[A:.*]] = math.fma %[[X0]], %[[W0]], %[[FIRST]]
// CHECK: %[[X1:.*]] = vector.load %arg0
// CHECK: %[[W1:.*]] = vector.load %arg1
// CHECK: %[[B:.*]] = math.fma %[[X1]], %[[W1]], %[[A]]
// CHECK: %[[X2:.*]] = vector.load %arg0
// CHECK: %[[W2:.*]] = vector.load %arg1
// CHECK: math.fma %[[X2]], %[[W2]], %[[B]]
// CHECK-NEXT: %[[C:.*]] = math.fma %[[X1]], %[[W0]], %[[SECOND]]
// CHECK-NEXT: %[[D:.*]] = math.fma %[[X2]], %[[W1]], %[[C]]
// CHECK-COUNT-31: math.fma
// CHECK-NOT: math.fma
// CHECK: return

// SMALL: func.func private @kernel(
// SMALL: scf.for %[[LANE:[a-z0-9]+]] =
// SMALL: scf.for %[[ROW:[a-z0-9]+]] =
// SMALL: scf.for %[[POINT:[a-z0-9]+]] =
// SMALL: call @kernel_tile_{{[0-9]x[0-9]+}}(%{{.*}}, %{{.*}}, %{{.*}}, %[[ROW]], %[[POINT]], %[[LANE]])
