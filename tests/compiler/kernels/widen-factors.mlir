// RUN: sed 's/TARGET/x86-64-v3/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(widen-factors))' | FileCheck %s
// RUN: sed 's/TARGET/x86-64-v4-bf16/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(widen-factors))' | FileCheck %s --check-prefix=BF16
// RUN: sed 's/TARGET/x86-64-v1/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(widen-factors))' | FileCheck %s --check-prefix=SLOW
// RUN: sed 's/TARGET/aarch64-bf16/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(widen-factors))' | FileCheck %s --check-prefix=BF16

#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
#all = affine_map<(m, n) -> (m, n)>
module attributes {ingot.target = "TARGET"} {
// Factors that are read by every column, or by every row, are of float32: the computed one is stored so, the weights are so in the file. With an instruction for
// pairs of bfloat16 both stay halves.
// CHECK-LABEL: func.func @product
// CHECK-DAG: arith.constant {{.*}} : tensor<64x48xf32>
// CHECK: arith.truncf %{{.*}} : f32 to bf16
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<32x64xbf16>) outs(%{{.*}} : tensor<32x64xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<32x64xf32>, tensor<64x48xf32>)
// BF16-LABEL: func.func @product
// BF16: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<32x64xbf16>, tensor<64x48xbf16>)
func.func @product(%x: tensor<32x64xf32>) -> tensor<32x48xf32> {
  %weights = arith.constant dense<0.5> : tensor<64x48xbf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<32x64xbf16>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<32x64xf32>) outs(%e : tensor<32x64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %d = arith.addf %a, %a : f32
    %t = arith.truncf %d : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<32x64xbf16>
  %f = tensor.empty() : tensor<32x48xf32>
  %start = linalg.fill ins(%zero : f32) outs(%f : tensor<32x48xf32>) -> tensor<32x48xf32>
  %p = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%h, %weights : tensor<32x64xbf16>, tensor<64x48xbf16>) outs(%start : tensor<32x48xf32>) {
  ^bb0(%a: bf16, %w: bf16, %acc: f32):
    %u = arith.extf %a : bf16 to f32
    %v = arith.extf %w : bf16 to f32
    %m = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<32x48xf32>
  return %p : tensor<32x48xf32>
}

// One row reads every weight once: they stay halves, which are fewer bytes, where there is an instruction that converts them. The row itself is read by every column.
// CHECK-LABEL: func.func @row
// CHECK-DAG: arith.constant {{.*}} : tensor<64x48xf16>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<1x64xf32>, tensor<64x48xf16>)
// SLOW-LABEL: func.func @row
// SLOW: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<1x64xf32>, tensor<64x48xf32>)
func.func @row(%x: tensor<1x64xf16>) -> tensor<1x48xf32> {
  %weights = arith.constant dense<0.5> : tensor<64x48xf16>
  %zero = arith.constant 0.0 : f32
  %f = tensor.empty() : tensor<1x48xf32>
  %start = linalg.fill ins(%zero : f32) outs(%f : tensor<1x48xf32>) -> tensor<1x48xf32>
  %p = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %weights : tensor<1x64xf16>, tensor<64x48xf16>) outs(%start : tensor<1x48xf32>) {
  ^bb0(%a: f16, %w: f16, %acc: f32):
    %u = arith.extf %a : f16 to f32
    %v = arith.extf %w : f16 to f32
    %m = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x48xf32>
  return %p : tensor<1x48xf32>
}

// A view of what is computed is a view of float32, and nothing is computed of halves besides.
// CHECK-LABEL: func.func @viewed
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<32x64xbf16>)
// CHECK: %[[WIDE:.*]] = linalg.generic {{.*}} ins(%{{.*}} : tensor<32x64xbf16>) outs(%{{.*}} : tensor<32x64xf32>)
// CHECK-NOT: tensor.expand_shape
// CHECK: %[[VIEW:.*]] = tensor.expand_shape %[[WIDE]]
// CHECK-NOT: tensor.pad
// CHECK: %[[PADDED:.*]] = tensor.pad %[[VIEW]]
// CHECK: linalg.generic {{.*}} ins(%[[PADDED]], %{{.*}} : tensor<32x1x66xf32>, tensor<3x8xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[WIDE]] : tensor<32x64xf32>)
func.func @viewed(%x: tensor<32x64xf32>) -> (tensor<32x64x8xf32>, tensor<32x64xf32>) {
  %weights = arith.constant dense<0.5> : tensor<3x8xbf16>
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0.0 : bf16
  %e = tensor.empty() : tensor<32x64xbf16>
  %h = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<32x64xf32>) outs(%e : tensor<32x64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %d = arith.addf %a, %a : f32
    %t = arith.truncf %d : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<32x64xbf16>
  %v = tensor.expand_shape %h [[0, 1], [2]] output_shape [32, 1, 64] : tensor<32x64xbf16> into tensor<32x1x64xbf16>
  %padded = tensor.pad %v low[0, 0, 1] high[0, 0, 1] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %none : bf16
  } : tensor<32x1x64xbf16> to tensor<32x1x66xbf16>
  %f = tensor.empty() : tensor<32x64x8xf32>
  %start = linalg.fill ins(%zero : f32) outs(%f : tensor<32x64x8xf32>) -> tensor<32x64x8xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(n, w, o, k) -> (n, 0, w + k)>, affine_map<(n, w, o, k) -> (k, o)>, affine_map<(n, w, o, k) -> (n, w, o)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%padded, %weights : tensor<32x1x66xbf16>, tensor<3x8xbf16>) outs(%start : tensor<32x64x8xf32>) {
  ^bb0(%a: bf16, %w: bf16, %acc: f32):
    %u = arith.extf %a : bf16 to f32
    %y = arith.extf %w : bf16 to f32
    %m = arith.mulf %u, %y : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<32x64x8xf32>
  %g = tensor.empty() : tensor<32x64xf32>
  %q = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%h : tensor<32x64xbf16>) outs(%g : tensor<32x64xf32>) {
  ^bb0(%a: bf16, %o: f32):
    %u = arith.extf %a : bf16 to f32
    %m = arith.mulf %u, %u : f32
    linalg.yield %m : f32
  } -> tensor<32x64xf32>
  return %p, %q : tensor<32x64x8xf32>, tensor<32x64xf32>
}
}
