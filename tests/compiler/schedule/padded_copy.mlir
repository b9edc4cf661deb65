// RUN: ingot-opt %s --form-kernels --choose-schedules --expand-kernels | FileCheck %s
// RUN: sed 's/ingot.target = "x86-64-v3"/ingot.target = "x86-64-v3", ingot.threads = 2 : i64/' %s | ingot-opt --form-kernels --choose-schedules --expand-kernels | FileCheck %s --check-prefix=SHARED

// A padded copy of an image of few channels: rows and channels are one loop, which falls into padding, what is copied, and padding. No element is tested.
#id = affine_map<(h, w, c) -> (h, w, c)>
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<40x100x3xf32>) -> tensor<41x102x3xf32> {
    %one = arith.constant 1.0 : f32
    %p = tensor.pad %x low[1, 1, 0] high[0, 1, 0] {
    ^bb0(%h: index, %w: index, %c: index):
      tensor.yield %one : f32
    } : tensor<40x100x3xf32> to tensor<41x102x3xf32>
    %e = tensor.empty() : tensor<41x102x3xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%p : tensor<41x102x3xf32>) outs(%e : tensor<41x102x3xf32>) {
    ^bb0(%a: f32, %b: f32):
      linalg.yield %a : f32
    } -> tensor<41x102x3xf32>
    return %r : tensor<41x102x3xf32>
  }
}
// CHECK: func.func private @kernel(
// CHECK-NOT: scf.if
// The first row, 306 elements of padding.
// CHECK: %[[END:.*]] = arith.constant 288 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[END]] step
// CHECK-COUNT-6: vector.store
// CHECK-COUNT-2: memref.store
// CHECK: scf.for %[[ROW:.*]] =
// CHECK-COUNT-3: memref.store
// CHECK-DAG: %[[START:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[STOP:.*]] = arith.constant 291 : index
// CHECK: scf.for %{{.*}} = %[[START]] to %[[STOP]] step
// CHECK-COUNT-5: vector.load %arg0{{.*}} vector<8xf32>
// CHECK: vector.load %arg0{{.*}} vector<4xf32>
// CHECK: vector.store
// CHECK-COUNT-3: memref.store
// CHECK-NOT: scf.if
// CHECK: return

// Threads share the rows, each of which is tested, once for a vector; the loop over a row is cut all the same.
// SHARED: func.func private @kernel({{.*}}ingot.shared = #
// SHARED: scf.for %[[ROW:.*]] = %arg2 to %arg3 step
// SHARED-COUNT-3: memref.store
// SHARED: scf.for
// SHARED: scf.if
// SHARED: vector.load
// SHARED: vector.store
