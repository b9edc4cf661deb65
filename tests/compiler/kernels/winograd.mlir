// RUN: ingot-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(winograd))' | FileCheck %s

// 16x16 outputs are 4x4 tiles; what follows goes with the tiles, and the result is seen as a picture again.
#x = affine_map<(n, k, h, w, c, r, s) -> (n, h + r, w + s, c)>
#f = affine_map<(n, k, h, w, c, r, s) -> (k, c, r, s)>
#y = affine_map<(n, k, h, w, c, r, s) -> (n, h, w, k)>
#i = affine_map<(n, h, w, k) -> (n, h, w, k)>
// CHECK: module attributes {{{.*}}ingot.winograd
module attributes {ingot.target = "x86-64-v3"} {
  // CHECK-LABEL: func.func @whole_tiles
  // CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<1x16x16x32xf32>
  // CHECK: tensor.pad %[[X]] low[0, 1, 1, 0] high[0, 1, 1, 0]
  // CHECK: } -> tensor<1x18x18x32xf32>
  // CHECK: } -> tensor<6x1x4x18x32xf32>
  // CHECK: } -> tensor<6x6x1x4x4x32xf32>
  // CHECK: linalg.generic {{.*}}ins(%{{.*}}, %{{.*}} : tensor<36x16x32xf32>, tensor<36x32x48xf32>)
  // CHECK: } -> tensor<6x1x4x4x4x48xf32>
  // CHECK: } -> tensor<1x4x4x4x4x48xf32>
  // CHECK: arith.maximumf
  // CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1, 2], [3, 4], [5]] : tensor<1x4x4x4x4x48xf32> into tensor<1x16x16x48xf32>
  func.func @whole_tiles(%x: tensor<1x16x16x32xf32>) -> tensor<1x16x16x48xf32> {
    %zero = arith.constant 0.0 : f32
    %w = arith.constant dense<0.5> : tensor<48x32x3x3xf32>
    %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
    ^bb0(%a: index, %b: index, %c: index, %d: index):
      tensor.yield %zero : f32
    } : tensor<1x16x16x32xf32> to tensor<1x18x18x32xf32>
    %e = tensor.empty() : tensor<1x16x16x48xf32>
    %o = linalg.fill ins(%zero : f32) outs(%e : tensor<1x16x16x48xf32>) -> tensor<1x16x16x48xf32>
    %r = linalg.generic {indexing_maps = [#x, #f, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%p, %w : tensor<1x18x18x32xf32>, tensor<48x32x3x3xf32>) outs(%o : tensor<1x16x16x48xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<1x16x16x48xf32>
    %relu = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%r : tensor<1x16x16x48xf32>) outs(%e : tensor<1x16x16x48xf32>) {
    ^bb0(%a: f32, %b: f32):
      %m = arith.maximumf %a, %zero : f32
      linalg.yield %m : f32
    } -> tensor<1x16x16x48xf32>
    return %relu : tensor<1x16x16x48xf32>
  }
}

// -----

// 30 rows are seven tiles and half of one, which is cut off.
#x = affine_map<(n, k, h, w, c, r, s) -> (n, h + r, w + s, c)>
#f = affine_map<(n, k, h, w, c, r, s) -> (k, r, s, c)>
#y = affine_map<(n, k, h, w, c, r, s) -> (n, h, w, k)>
module attributes {ingot.target = "x86-64-v3"} {
  // CHECK-LABEL: func.func @part_of_a_tile
  // CHECK: tensor.pad %{{.*}} low[0, 0, 0, 0] high[0, 2, 1, 0]
  // CHECK: tensor.extract_slice %{{.*}} : tensor<2x32x32x16xf32> to tensor<2x30x31x16xf32>
  func.func @part_of_a_tile(%x: tensor<2x32x33x16xf32>) -> tensor<2x30x31x16xf32> {
    %zero = arith.constant 0.0 : f32
    %w = arith.constant dense<0.5> : tensor<16x3x3x16xf32>
    %e = tensor.empty() : tensor<2x30x31x16xf32>
    %o = linalg.fill ins(%zero : f32) outs(%e : tensor<2x30x31x16xf32>) -> tensor<2x30x31x16xf32>
    %r = linalg.generic {indexing_maps = [#x, #f, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<2x32x33x16xf32>, tensor<16x3x3x16xf32>) outs(%o : tensor<2x30x31x16xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<2x30x31x16xf32>
    return %r : tensor<2x30x31x16xf32>
  }
}

// -----

// Not where the user says so, and not for steps of 2 (below).
#x = affine_map<(n, k, h, w, c, r, s) -> (n, h + r, w + s, c)>
#f = affine_map<(n, k, h, w, c, r, s) -> (k, r, s, c)>
#y = affine_map<(n, k, h, w, c, r, s) -> (n, h, w, k)>
module attributes {ingot.target = "x86-64-v3", ingot.no_winograd} {
  // CHECK-LABEL: func.func @told_not_to
  // CHECK-NOT: tensor<36x
  // CHECK: return
  func.func @told_not_to(%x: tensor<1x34x34x16xf32>) -> tensor<1x32x32x16xf32> {
    %zero = arith.constant 0.0 : f32
    %w = arith.constant dense<0.5> : tensor<16x3x3x16xf32>
    %e = tensor.empty() : tensor<1x32x32x16xf32>
    %o = linalg.fill ins(%zero : f32) outs(%e : tensor<1x32x32x16xf32>) -> tensor<1x32x32x16xf32>
    %r = linalg.generic {indexing_maps = [#x, #f, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<1x34x34x16xf32>, tensor<16x3x3x16xf32>) outs(%o : tensor<1x32x32x16xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<1x32x32x16xf32>
    return %r : tensor<1x32x32x16xf32>
  }
}

// -----

#x = affine_map<(n, k, h, w, c, r, s) -> (n, h * 2 + r, w * 2 + s, c)>
#f = affine_map<(n, k, h, w, c, r, s) -> (k, r, s, c)>
#y = affine_map<(n, k, h, w, c, r, s) -> (n, h, w, k)>
module attributes {ingot.target = "x86-64-v3"} {
  // CHECK-LABEL: func.func @steps_of_two
  // CHECK-NOT: tensor<36x
  // CHECK: return
  func.func @steps_of_two(%x: tensor<1x65x65x16xf32>) -> tensor<1x32x32x16xf32> {
    %zero = arith.constant 0.0 : f32
    %w = arith.constant dense<0.5> : tensor<16x3x3x16xf32>
    %e = tensor.empty() : tensor<1x32x32x16xf32>
    %o = linalg.fill ins(%zero : f32) outs(%e : tensor<1x32x32x16xf32>) -> tensor<1x32x32x16xf32>
    %r = linalg.generic {indexing_maps = [#x, #f, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<1x65x65x16xf32>, tensor<16x3x3x16xf32>) outs(%o : tensor<1x32x32x16xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<1x32x32x16xf32>
    return %r : tensor<1x32x32x16xf32>
  }
}
