// RUN: ingot-opt %s --form-kernels --choose-schedules --expand-kernels | FileCheck %s

// What a call has to compute and to move is on its function: multiply-adds are two operations, what a table is read for counts, not the table.

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
#one = affine_map<(i) -> (i)>
#row = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %table: tensor<1000x6xf32>, %rows: tensor<5xi64>)
      -> (tensor<4x16xf32>, tensor<5x6xf32>, tensor<5xi64>) {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<4x16xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
    %product = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%f : tensor<4x16xf32>) {
    ^bb0(%a: f32, %b: f32, %acc: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<4x16xf32> loc("product")
    %g = tensor.empty() : tensor<5x6xf32>
    %picked = linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%rows : tensor<5xi64>) outs(%g : tensor<5x6xf32>) {
    ^bb0(%r: i64, %out: f32):
      %j = linalg.index 1 : index
      %i = arith.index_cast %r : i64 to index
      %v = tensor.extract %table[%i, %j] : tensor<1000x6xf32>
      linalg.yield %v : f32
    } -> tensor<5x6xf32> loc("picked")
    %h = tensor.empty() : tensor<5xi64>
    %doubled = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%rows : tensor<5xi64>) outs(%h : tensor<5xi64>) {
    ^bb0(%r: i64, %out: i64):
      %d = arith.addi %r, %r : i64
      linalg.yield %d : i64
    } -> tensor<5xi64> loc("doubled")
    return %product, %picked, %doubled : tensor<4x16xf32>, tensor<5x6xf32>, tensor<5xi64>
  }
}
// Of 4x8 and 8x16 to 4x16: 2 * 4 * 8 * 16 operations, 4 * (32 + 128 + 64) bytes.
// CHECK-DAG: ingot.bytes = 896 : i64,{{.*}} ingot.integer_operations = 0 : i64, ingot.kernel, ingot.operations = 1024 : i64
// Five indices of 8 bytes, and 5x6 elements of 4 bytes read and written.
// CHECK-DAG: ingot.bytes = 280 : i64,{{.*}} ingot.kernel, ingot.operations = 0 : i64
// CHECK-DAG: ingot.bytes = 80 : i64,{{.*}} ingot.integer_operations = 5 : i64, ingot.kernel, ingot.operations = 0 : i64
