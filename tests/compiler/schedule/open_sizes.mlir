// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(fuse-elementwise),func.func(form-kernels),choose-schedules,expand-kernels,plan-memory)' | FileCheck %s

// Sizes that only a call knows: loops and offsets are expressions over them; vectors, register tiles and packed weights stay.

#id = affine_map<(d0, d1) -> (d0, d1)>
#first = affine_map<(d0, d1) -> (d0)>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

module attributes {ingot.model = "open", ingot.target = "x86-64-v3", ingot.sizes = ["N", "S"]} {
  // CHECK: #[[ARENA:.*]] = affine_map<()[s0, s1] -> (s0 * 128)>
  // CHECK: #[[ELEMENTS:.*]] = affine_map<()[s0] -> (s0 * 32)>
  // CHECK: #[[TILES:.*]] = affine_map<()[s0] -> ((s0 floordiv 3) * 3)>
  // CHECK: #[[ALL:.*]] = affine_map<()[s0, s1] -> (((s0 * s1) floordiv 8) * 8)>
  // CHECK: #[[VECTORS:.*]] = affine_map<()[s0] -> ((s0 floordiv 8) * 8)>
  // CHECK: #[[PLACE:.*]] = affine_map<(d0, d1)[s0] -> (d0 * s0 + d1)>
  // CHECK: ingot.arena_size = #[[ARENA]]
  // CHECK: func.func @main(%[[X:arg[0-9]+]]: memref<?xf32> {{{.*}}ingot.sizes = affine_map<()[s0, s1] -> (s0, 64)>
  // CHECK-SAME: %[[N:arg[0-9]+]]: index {ingot.size = 0 : i64}, %[[S:arg[0-9]+]]: index {ingot.size = 1 : i64}
  // CHECK: %[[COUNT:.*]] = affine.apply #[[ELEMENTS]]()[%[[N]]]
  // CHECK: %[[PRODUCT:.*]] = memref.view %{{.*}}[%{{.*}}][%[[COUNT]]] : memref<?xi8> to memref<?xf32>
  // CHECK: call @kernel(%[[X]], %[[N]], %[[PRODUCT]])
  func.func @main(%x: tensor<?x64xf32> {ingot.name = "x", ingot.type = "float", ingot.dims = array<i64: 0, -1>},
                  %s: tensor<?x?xf32> {ingot.name = "s", ingot.type = "float", ingot.dims = array<i64: 0, 1>},
                  %rows: tensor<?xf32> {ingot.name = "rows", ingot.type = "float", ingot.dims = array<i64: 0>})
      -> (tensor<?xf32> {ingot.name = "y", ingot.type = "float"}, tensor<?x?xf32> {ingot.name = "t", ingot.type = "float"},
          tensor<?x?xf32> {ingot.name = "u", ingot.type = "float"}) {
    %n = ingot.size 0
    %l = ingot.size 1
    %zero = arith.constant 0.0 : f32
    %weights = arith.constant dense<0.5> : tensor<64x32xf32>
    %e = tensor.empty(%n) : tensor<?x32xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
    %mm = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
       ins(%x, %weights : tensor<?x64xf32>, tensor<64x32xf32>) outs(%f : tensor<?x32xf32>) {
      ^bb0(%p: f32, %q: f32, %acc: f32):
        %m = arith.mulf %p, %q : f32
        %r = arith.addf %acc, %m : f32
        linalg.yield %r : f32 } -> tensor<?x32xf32>
    %e1 = tensor.empty(%n) : tensor<?xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
    %y = linalg.generic {indexing_maps = [#id, #first], iterator_types = ["parallel", "reduction"]}
       ins(%mm : tensor<?x32xf32>) outs(%f1 : tensor<?xf32>) {
      ^bb0(%p: f32, %o: f32):
        %r = arith.addf %o, %p : f32
        linalg.yield %r : f32 } -> tensor<?xf32>
    %e2 = tensor.empty(%n, %l) : tensor<?x?xf32>
    %t = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
       ins(%s : tensor<?x?xf32>) outs(%e2 : tensor<?x?xf32>) {
      ^bb0(%p: f32, %o: f32):
        %r = arith.mulf %p, %p : f32
        linalg.yield %r : f32 } -> tensor<?x?xf32>
    %u = linalg.generic {indexing_maps = [#id, #first, #id], iterator_types = ["parallel", "parallel"]}
       ins(%s, %rows : tensor<?x?xf32>, tensor<?xf32>) outs(%e2 : tensor<?x?xf32>) {
      ^bb0(%p: f32, %q: f32, %o: f32):
        %r = arith.mulf %p, %q : f32
        linalg.yield %r : f32 } -> tensor<?x?xf32>
    return %y, %t, %u : tensor<?xf32>, tensor<?x?xf32>, tensor<?x?xf32>
  }
}

// Register tiles of rows, then row by row.
// CHECK: func.func private @kernel(%{{.*}}: memref<?xf32>, %[[ROWS:.*]]: index, %{{.*}}: memref<?xf32>)
// CHECK: %[[FULL:.*]] = affine.apply #[[TILES]]()[%[[ROWS]]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[FULL]]
// CHECK: call @kernel_tile_3x32(
// CHECK: scf.for %{{.*}} = %[[FULL]] to %[[ROWS]]

// What every access walks as one is one loop.
// CHECK: func.func private @kernel_3(%{{.*}}: memref<?xf32>, %[[N3:.*]]: index, %[[S3:.*]]: index, %{{.*}}: memref<?xf32>)
// CHECK: affine.apply #[[ALL]]()[%[[N3]], %[[S3]]]
// CHECK: vector.load
// CHECK: memref.load

// Full vectors, then single elements, whose place is row * S + column.
// CHECK: func.func private @kernel_4(%{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>, %{{.*}}: index, %[[COLUMNS:.*]]: index, %{{.*}}: memref<?xf32>)
// CHECK: affine.apply #[[VECTORS]]()[%[[COLUMNS]]]
// CHECK: affine.apply #[[PLACE]](%{{.*}}, %{{.*}})[%[[COLUMNS]]]
// CHECK: vector.load
// CHECK: memref.load
