// RUN: ingot-opt --pass-pipeline='builtin.module(func.func(form-kernels))' --split-input-file %s | FileCheck %s

#point = affine_map<(i) -> (i)>
#whole = affine_map<(i) -> ()>

// A reduction of everything has no rows that a stage before it could be kept for.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-2: ingot.kernel
func.func @main(%n: tensor<i64>) -> tensor<i64> {
  %zero = arith.constant 0 : i64
  %empty = tensor.empty() : tensor<8xi64>
  %0 = linalg.generic {indexing_maps = [#point], iterator_types = ["parallel"]} outs(%empty : tensor<8xi64>) {
  ^bb0(%out: i64):
    %extracted = tensor.extract %n[] : tensor<i64>
    linalg.yield %extracted : i64
  } -> tensor<8xi64>
  %one = tensor.empty() : tensor<i64>
  %start = linalg.fill ins(%zero : i64) outs(%one : tensor<i64>) -> tensor<i64>
  %1 = linalg.generic {indexing_maps = [#point, #whole], iterator_types = ["reduction"]} ins(%0 : tensor<8xi64>) outs(%start : tensor<i64>) {
  ^bb0(%in: i64, %acc: i64):
    %sum = arith.maxsi %acc, %in : i64
    linalg.yield %sum : i64
  } -> tensor<i64>
  return %1 : tensor<i64>
}

// -----

#point = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// Where a reduction is left out of a kernel again, since what it reads is needed outside, there are no rows either.
// CHECK-LABEL: func.func @main
// CHECK-COUNT-3: ingot.kernel
func.func @main(%n: tensor<f32>, %x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#point, #point], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%empty : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %extracted = tensor.extract %n[] : tensor<f32>
    %p = arith.mulf %in, %extracted : f32
    linalg.yield %p : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#point, #point, #point], iterator_types = ["parallel", "parallel"]} ins(%0, %x : tensor<4x8xf32>, tensor<4x8xf32>) outs(%empty : tensor<4x8xf32>) {
  ^bb0(%in: f32, %in_0: f32, %out: f32):
    %s = arith.addf %in, %in_0 : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  %rows = tensor.empty() : tensor<4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%rows : tensor<4xf32>) -> tensor<4xf32>
  %2 = linalg.generic {indexing_maps = [#point, #row], iterator_types = ["parallel", "reduction"]} ins(%1 : tensor<4x8xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%in: f32, %acc: f32):
    %sum = arith.addf %acc, %in : f32
    linalg.yield %sum : f32
  } -> tensor<4xf32>
  return %1, %2 : tensor<4x8xf32>, tensor<4xf32>
}
