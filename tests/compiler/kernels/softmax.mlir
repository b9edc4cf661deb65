// RUN: ingot-opt %s --fuse-elementwise --form-kernels | FileCheck %s

// Maximum, exponentials, sum and quotient share their rows: one kernel of four stages.
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
// CHECK-LABEL: func @softmax
// CHECK: %[[K:.*]] = ingot.kernel
// CHECK-COUNT-4: linalg.generic
// CHECK: ingot.yield
// CHECK-NOT: ingot.kernel
// CHECK: return %[[K]]
func.func @softmax(%x: tensor<20x50xf32>) -> tensor<20x50xf32> {
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<20x50xf32>
  %er = tensor.empty() : tensor<20xf32>
  %fi = linalg.fill ins(%inf : f32) outs(%er : tensor<20xf32>) -> tensor<20xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<20xf32>) -> tensor<20xf32>
  %mx = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
    ins(%x : tensor<20x50xf32>) outs(%fi : tensor<20xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %s = arith.maxnumf %acc, %a : f32
    linalg.yield %s : f32
  } -> tensor<20xf32>
  %ex = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
    ins(%x, %mx : tensor<20x50xf32>, tensor<20xf32>) outs(%e : tensor<20x50xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.subf %a, %b : f32
    %r = math.exp %s : f32
    linalg.yield %r : f32
  } -> tensor<20x50xf32>
  %sm = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
    ins(%ex : tensor<20x50xf32>) outs(%fz : tensor<20xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %s = arith.addf %acc, %a : f32
    linalg.yield %s : f32
  } -> tensor<20xf32>
  %dv = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
    ins(%ex, %sm : tensor<20x50xf32>, tensor<20xf32>) outs(%e : tensor<20x50xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.divf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<20x50xf32>
  return %dv : tensor<20x50xf32>
}

// A value that is also used elsewhere ends its kernel.
// CHECK-LABEL: func @used_twice
// CHECK-COUNT-2: ingot.kernel
func.func @used_twice(%x: tensor<20x50xf32>) -> (tensor<20xf32>, tensor<20x50xf32>) {
  %inf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<20x50xf32>
  %er = tensor.empty() : tensor<20xf32>
  %fi = linalg.fill ins(%inf : f32) outs(%er : tensor<20xf32>) -> tensor<20xf32>
  %mx = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
    ins(%x : tensor<20x50xf32>) outs(%fi : tensor<20xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %s = arith.maxnumf %acc, %a : f32
    linalg.yield %s : f32
  } -> tensor<20xf32>
  %ex = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
    ins(%x, %mx : tensor<20x50xf32>, tensor<20xf32>) outs(%e : tensor<20x50xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.subf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<20x50xf32>
  return %mx, %ex : tensor<20xf32>, tensor<20x50xf32>
}
