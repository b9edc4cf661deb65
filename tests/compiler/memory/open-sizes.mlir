// RUN: ingot-opt %s --plan-memory | FileCheck %s

// Values of 256, 128 and 64 bytes for each of N: sizes that are multiples of one expression share memory as static ones do.
// CHECK: #[[ARENA:.*]] = affine_map<()[s0] -> (s0 * 384)>
// CHECK: ingot.arena_size = #[[ARENA]]
module attributes {ingot.model = "open", ingot.target = "x86-64-v3", ingot.sizes = ["N"]} {
  func.func @main(%x: tensor<?x64xf32> {ingot.name = "x", ingot.type = "float", ingot.dims = array<i64: 0, -1>})
      -> (tensor<?x8xf32> {ingot.name = "y", ingot.type = "float"}) {
    %n = ingot.size 0
    %a = ingot.launch @first(%x, %n) {sizes = [affine_map<()[s0] -> (s0, 64)>]} : (tensor<?x64xf32>, index) -> tensor<?x64xf32>
    %b = ingot.launch @second(%a, %n) {sizes = [affine_map<()[s0] -> (s0, 32)>]} : (tensor<?x64xf32>, index) -> tensor<?x32xf32>
    %c = ingot.launch @third(%b, %n) {sizes = [affine_map<()[s0] -> (s0, 16)>]} : (tensor<?x32xf32>, index) -> tensor<?x16xf32>
    %d = ingot.launch @fourth(%c, %n) {sizes = [affine_map<()[s0] -> (s0, 8)>]} : (tensor<?x16xf32>, index) -> tensor<?x8xf32>
    return %d : tensor<?x8xf32>
  }
  func.func private @first(%from: memref<?xf32>, %n: index, %to: memref<?xf32>) attributes {ingot.kernel} { return }
  func.func private @second(%from: memref<?xf32>, %n: index, %to: memref<?xf32>) attributes {ingot.kernel} { return }
  func.func private @third(%from: memref<?xf32>, %n: index, %to: memref<?xf32>) attributes {ingot.kernel} { return }
  func.func private @fourth(%from: memref<?xf32>, %n: index, %to: memref<?xf32>) attributes {ingot.kernel} { return }
}
