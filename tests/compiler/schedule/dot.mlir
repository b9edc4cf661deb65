// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(fuse-elementwise),func.func(form-kernels),choose-schedules,expand-kernels)' | FileCheck %s

// Products of small integers are summed in pairs; the last step of an odd number has a zero beside it, in the packed weights, too.

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

module attributes {ingot.model = "dot", ingot.target = "x86-64-v3"} {
  // CHECK: func.func private @kernel_tile_{{[0-9]+}}x16(%[[X:.*]]: memref<84xi16>, %[[W:.*]]: memref<128xi8>
  // CHECK: scf.for
  // CHECK: %[[BYTES:.*]] = vector.load %[[W]]{{.*}} : memref<128xi8>, vector<16xi8>
  // CHECK: %[[WIDE:.*]] = arith.extsi %[[BYTES]] : vector<16xi8> to vector<16xi16>
  // CHECK: %[[PAIR:.*]] = vector.load %[[X]]{{.*}} : memref<84xi16>, vector<2xi16>
  // CHECK: ingot.dot %[[PAIR]], %[[WIDE]], %{{.*}} : vector<2xi16>, vector<16xi16>, vector<8xi32>
  // CHECK: scf.yield
  // CHECK: memref.load %[[X]]
  // CHECK: vector.from_elements %{{.*}}, %{{.*}} : vector<2xi16>
  // CHECK: ingot.dot
  func.func @main(%x: tensor<12x7xi16> {ingot.name = "x", ingot.type = "int16"})
      -> (tensor<12x16xi32> {ingot.name = "y", ingot.type = "int32"}) {
    %zero = arith.constant 0 : i32
    %w = arith.constant dense<"0x0102030405060708090A0B0C0D0E0F100102030405060708090A0B0C0D0E0F100102030405060708090A0B0C0D0E0F100102030405060708090A0B0C0D0E0F100102030405060708090A0B0C0D0E0F100102030405060708090A0B0C0D0E0F100102030405060708090A0B0C0D0E0F10"> : tensor<7x16xi8>
    %e = tensor.empty() : tensor<12x16xi32>
    %f = linalg.fill ins(%zero : i32) outs(%e : tensor<12x16xi32>) -> tensor<12x16xi32>
    %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<12x7xi16>, tensor<7x16xi8>) outs(%f : tensor<12x16xi32>) {
    ^bb0(%p: i16, %q: i8, %acc: i32):
      %pw = arith.extsi %p : i16 to i32
      %qw = arith.extsi %q : i8 to i32
      %t = arith.muli %pw, %qw : i32
      %s = arith.addi %acc, %t : i32
      linalg.yield %s : i32
    } -> tensor<12x16xi32>
    return %y : tensor<12x16xi32>
  }
}

// Of int8 go four at once, where the target has an instruction that reads the unsigned factor as such.
// RUN: sed 's/x86-64-v3/x86-64-v4-vnni/; s/<12x7xi16>/<12x7xi8>/g; s/p: i16/p: i8/; s/extsi \(.p\) : i16/extui \1 : i8/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(fuse-elementwise),func.func(form-kernels),choose-schedules,expand-kernels)' | FileCheck %s --check-prefix=FOUR
// RUN: sed 's/x86-64-v3/aarch64-dotprod/; s/<12x7xi16>/<12x7xi8>/g; s/p: i16/p: i8/; s/extsi \(.p\) : i16/extui \1 : i8/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(fuse-elementwise),func.func(form-kernels),choose-schedules,expand-kernels)' | FileCheck %s --check-prefix=OTHER
// FOUR: memref<84xi8>, %{{.*}}: memref<128xi8>
// FOUR: ingot.dot %{{.*}}, %{{.*}}, %{{.*}} unsigned : vector<4xi8>, vector<64xi8>, vector<16xi32>
// FOUR: vector.from_elements
// FOUR: ingot.dot %{{.*}}, %{{.*}}, %{{.*}} unsigned
// OTHER-NOT: ingot.dot
