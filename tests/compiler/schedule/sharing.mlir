// RUN: ingot-opt %s --form-kernels --choose-schedules --expand-kernels | FileCheck %s
// RUN: ingot-opt %s --form-kernels --choose-schedules --expand-kernels --plan-memory | FileCheck %s --check-prefix=PLAN

// Two threads share the blocks of columns: three full ones of 56, and what is left over, which the last part does.
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
#i = affine_map<(m, n) -> (m, n)>
module attributes {ingot.target = "x86-64-v3", ingot.model = "m", ingot.threads = 2 : i64} {
  // CHECK: ingot.launch @kernel(%{{.*}}) :
  // PLAN: func.func @main({{.*}}%[[THREADS:[a-z0-9]+]]: memref<0xi8> {ingot.threads}) -> i32
  // PLAN: ingot.share @kernel(%{{.*}}) of %{{.*}} by %[[THREADS]] grain
  // A short kernel stays with the caller's thread.
  // PLAN: call @kernel_{{[0-9]}}(
  func.func @main(%x: tensor<60x100xf32> {ingot.name = "x", ingot.type = "float"}) -> (tensor<60x200xf32> {ingot.name = "y", ingot.type = "float"}, tensor<8x8xf32> {ingot.name = "z", ingot.type = "float"}) {
    %zero = arith.constant 0.0 : f32
    %w = arith.constant dense<0.5> : tensor<100x200xf32>
    %e = tensor.empty() : tensor<60x200xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<60x200xf32>) -> tensor<60x200xf32>
    %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<60x100xf32>, tensor<100x200xf32>) outs(%f : tensor<60x200xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<60x200xf32>
    %part = tensor.extract_slice %x[0, 0] [8, 8] [1, 1] : tensor<60x100xf32> to tensor<8x8xf32>
    %e2 = tensor.empty() : tensor<8x8xf32>
    %z = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel", "parallel"]} ins(%part : tensor<8x8xf32>) outs(%e2 : tensor<8x8xf32>) {
    ^bb0(%a: f32, %b: f32):
      %m = arith.addf %a, %a : f32
      linalg.yield %m : f32
    } -> tensor<8x8xf32>
    return %r, %z : tensor<60x200xf32>, tensor<8x8xf32>
  }
}
// CHECK: func.func private @kernel(%{{.*}}, %[[FIRST:[a-z0-9]+]]: index, %[[LAST:[a-z0-9]+]]: index) attributes {{{.*}}ingot.grain = {{[0-9]+}} : i64{{.*}}ingot.shared = #map
// CHECK: affine.apply #{{.*}}(%[[FIRST]])
// CHECK: affine.min #{{.*}}()[%[[LAST]]]
// CHECK: scf.for
// CHECK: arith.cmpi eq, %[[LAST]], %
// CHECK: scf.if
// CHECK: call @kernel_tile_2x32
