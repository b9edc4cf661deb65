// RUN: ingot-opt %s --form-kernels --choose-schedules --expand-kernels | FileCheck %s

// A body that asks for the number of a point is the same for all lanes of another dimension, as a row is that takes the place of one of many: what says so is computed
// once for a vector, whatever its type. Lanes do not lie along the dimension that is asked for.
#row = affine_map<(i, j) -> (j)>
#at = affine_map<(i, j) -> ()>
#all = affine_map<(i, j) -> (i, j)>
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<40x128xf32>, %y: tensor<128xf32>, %t: tensor<i64>) -> tensor<40x128xf32> {
    %e = tensor.empty() : tensor<40x128xf32>
    %r = linalg.generic {indexing_maps = [#all, #row, #at, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %y, %t : tensor<40x128xf32>, tensor<128xf32>, tensor<i64>) outs(%e : tensor<40x128xf32>) {
    ^bb0(%a: f32, %b: f32, %s: i64, %o: f32):
      %i = linalg.index 0 : index
      %n = arith.index_cast %i : index to i64
      %is = arith.cmpi eq, %n, %s : i64
      %v = arith.select %is, %b, %a : f32
      linalg.yield %v : f32
    } -> tensor<40x128xf32>
    %columns = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<40x128xf32>) outs(%e : tensor<40x128xf32>) {
    ^bb0(%a: f32, %o: f32):
      %j = linalg.index 1 : index
      %n = arith.index_cast %j : index to i32
      %f = arith.sitofp %n : i32 to f32
      %v = arith.mulf %a, %f : f32
      linalg.yield %v : f32
    } -> tensor<40x128xf32>
    return %columns : tensor<40x128xf32>
  }
}
// CHECK: func.func private @kernel(
// CHECK: scf.for %[[I:.*]] =
// CHECK: scf.for
// CHECK: %[[IS:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : i64
// CHECK: arith.select %[[IS]], %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: vector.store

// CHECK: func.func private @kernel_2(
// CHECK-NOT: vector<
// CHECK: memref.store
// CHECK-NOT: vector<
// CHECK: return
