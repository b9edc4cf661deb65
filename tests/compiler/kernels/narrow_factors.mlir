// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(narrow-factors))' | FileCheck %s
// RUN: sed 's/x86-64-v4-vnni/aarch64-dotprod/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(narrow-factors))' | FileCheck %s --check-prefix=SIGNED
// RUN: sed 's/x86-64-v4-vnni/x86-64-v3/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(narrow-factors))' | FileCheck %s --check-prefix=NONE

// Integers less their zero point become the integers themselves, with the sign that the target's instruction wants; the zero point times the sums of the
// weights comes off afterwards. Without such an instruction nothing changes.

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>
#i = affine_map<(m, k) -> (m, k)>
#s = affine_map<(m, k) -> ()>

module attributes {ingot.target = "x86-64-v4-vnni"} {
  // CHECK-LABEL: func.func @constant_zero_point
  // CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<5x4xi8>
  // CHECK: %[[ZERO:.*]] = arith.constant 10 : i8
  // CHECK: %[[PADDED:.*]] = tensor.pad %[[X]] low[0, 0] high[0, 1]
  // CHECK: tensor.yield %[[ZERO]] : i8
  // CHECK: %[[TOTAL:.*]] = linalg.generic {{.*}} ins(%[[PADDED]], %{{.*}} : tensor<5x5xi8>, tensor<5x4xi8>)
  // CHECK: arith.extui %{{.*}} : i8 to i32
  // CHECK: arith.extsi %{{.*}} : i8 to i32
  // CHECK: %[[OFF:.*]] = arith.constant dense<[-30, -20, -10, 0]> : tensor<4xi32>
  // CHECK: linalg.generic {{.*}} ins(%[[TOTAL]], %[[OFF]] : tensor<5x4xi32>, tensor<4xi32>)
  // CHECK: arith.addi
  // SIGNED-LABEL: func.func @constant_zero_point
  // SIGNED-SAME: %[[X:[a-z0-9]+]]: tensor<5x4xi8>
  // SIGNED: linalg.generic {{.*}} ins(%[[X]] : tensor<5x4xi8>)
  // SIGNED: arith.xori
  // SIGNED: %[[ZERO:.*]] = arith.constant -118 : i8
  // SIGNED: tensor.yield %[[ZERO]]
  // SIGNED: arith.extsi %{{.*}} : i8 to i32
  // SIGNED: arith.extsi %{{.*}} : i8 to i32
  // SIGNED: arith.constant dense<[354, 236, 118, 0]> : tensor<4xi32>
  // NONE-LABEL: func.func @constant_zero_point
  // NONE: tensor<5x5xi16>, tensor<5x4xi8>
  func.func @constant_zero_point(%x: tensor<5x4xi8>) -> tensor<5x4xi32> {
    %zero = arith.constant 0 : i32
    %none = arith.constant 0 : i16
    %point = arith.constant dense<10> : tensor<i8>
    %w = arith.constant dense<[[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [2, 2, 2, 2], [-2, -2, -2, -2]]> : tensor<5x4xi8>
    %e16 = tensor.empty() : tensor<5x4xi16>
    %c = linalg.generic {indexing_maps = [#i, #s, #i], iterator_types = ["parallel", "parallel"]} ins(%x, %point : tensor<5x4xi8>, tensor<i8>) outs(%e16 : tensor<5x4xi16>) {
    ^bb0(%a: i8, %z: i8, %o: i16):
      %aw = arith.extui %a : i8 to i16
      %zw = arith.extui %z : i8 to i16
      %d = arith.subi %aw, %zw : i16
      linalg.yield %d : i16
    } -> tensor<5x4xi16>
    %p = tensor.pad %c low[0, 0] high[0, 1] {
    ^bb0(%a: index, %b: index):
      tensor.yield %none : i16
    } : tensor<5x4xi16> to tensor<5x5xi16>
    %e = tensor.empty() : tensor<5x4xi32>
    %f = linalg.fill ins(%zero : i32) outs(%e : tensor<5x4xi32>) -> tensor<5x4xi32>
    %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]} ins(%p, %w : tensor<5x5xi16>, tensor<5x4xi8>) outs(%f : tensor<5x4xi32>) {
    ^bb0(%a: i16, %b: i8, %acc: i32):
      %aw = arith.extsi %a : i16 to i32
      %bw = arith.extsi %b : i8 to i32
      %t = arith.muli %aw, %bw : i32
      %s = arith.addi %acc, %t : i32
      linalg.yield %s : i32
    } -> tensor<5x4xi32>
    return %y : tensor<5x4xi32>
  }

  // A zero point of the run; with weights of int16 nothing changes.
  // CHECK-LABEL: func.func @zero_point_of_the_run
  // CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<5x4xi8>, %[[POINT:[a-z0-9]+]]: tensor<i8>
  // CHECK: arith.xori
  // CHECK: %[[TOTAL:.*]] = linalg.generic {{.*}} : tensor<5x4xi8>, tensor<4x4xi8>)
  // CHECK: linalg.generic {{.*}} ins(%[[TOTAL]], %{{.*}}, %[[POINT]] : tensor<5x4xi32>, tensor<4xi32>, tensor<i8>)
  // CHECK: %[[CODE:.*]] = arith.extsi
  // CHECK: arith.constant 128 : i32
  // CHECK: arith.addi %[[CODE]]
  // CHECK: arith.muli
  // CHECK: arith.subi
  // CHECK: linalg.generic {{.*}} : tensor<5x4xi16>, tensor<4x4xi16>)
  func.func @zero_point_of_the_run(%x: tensor<5x4xi8>, %point: tensor<i8>) -> (tensor<5x4xi32>, tensor<5x4xi32>) {
    %zero = arith.constant 0 : i32
    %w = arith.constant dense<[[1, 2, 3, 4], [5, 6, 7, 8], [9, 127, -128, 10], [0, 0, 0, 1]]> : tensor<4x4xi8>
    %wide = arith.constant dense<[[1, 2, 3, 4], [5, 6, 7, 8], [9, 128, -128, 10], [0, 0, 0, 1]]> : tensor<4x4xi16>
    %e16 = tensor.empty() : tensor<5x4xi16>
    %c = linalg.generic {indexing_maps = [#i, #s, #i], iterator_types = ["parallel", "parallel"]} ins(%x, %point : tensor<5x4xi8>, tensor<i8>) outs(%e16 : tensor<5x4xi16>) {
    ^bb0(%a: i8, %z: i8, %o: i16):
      %aw = arith.extsi %a : i8 to i16
      %zw = arith.extsi %z : i8 to i16
      %d = arith.subi %aw, %zw : i16
      linalg.yield %d : i16
    } -> tensor<5x4xi16>
    %e = tensor.empty() : tensor<5x4xi32>
    %f = linalg.fill ins(%zero : i32) outs(%e : tensor<5x4xi32>) -> tensor<5x4xi32>
    %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]} ins(%c, %w : tensor<5x4xi16>, tensor<4x4xi8>) outs(%f : tensor<5x4xi32>) {
    ^bb0(%a: i16, %b: i8, %acc: i32):
      %aw = arith.extsi %a : i16 to i32
      %bw = arith.extsi %b : i8 to i32
      %t = arith.muli %aw, %bw : i32
      %s = arith.addi %acc, %t : i32
      linalg.yield %s : i32
    } -> tensor<5x4xi32>
    %u = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]} ins(%c, %wide : tensor<5x4xi16>, tensor<4x4xi16>) outs(%f : tensor<5x4xi32>) {
    ^bb0(%a: i16, %b: i16, %acc: i32):
      %aw = arith.extsi %a : i16 to i32
      %bw = arith.extsi %b : i16 to i32
      %t = arith.muli %aw, %bw : i32
      %s = arith.addi %acc, %t : i32
      linalg.yield %s : i32
    } -> tensor<5x4xi32>
    return %y, %u : tensor<5x4xi32>, tensor<5x4xi32>
  }
}
