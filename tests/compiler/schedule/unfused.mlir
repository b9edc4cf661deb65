// RUN: not ingot-opt %s --choose-schedules --expand-kernels 2>&1 | FileCheck %s

// Elementwise stages are merged before kernels are expanded; a kernel where they are not is refused, not computed from memory
// that nothing has written.
#id = affine_map<(i) -> (i)>
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: has a stage that reads another which is kept nowhere
  %r = ingot.kernel "negate_abs" (%x) : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%in: tensor<8xf32>):
    %empty = tensor.empty() : tensor<8xf32>
    %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%in : tensor<8xf32>) outs(%empty : tensor<8xf32>) {
    ^bb0(%v: f32, %o: f32):
      %n = arith.negf %v : f32
      linalg.yield %n : f32
    } -> tensor<8xf32>
    %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<8xf32>) outs(%empty : tensor<8xf32>) {
    ^bb0(%v: f32, %o: f32):
      %n = math.absf %v : f32
      linalg.yield %n : f32
    } -> tensor<8xf32>
    ingot.yield %b : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}
