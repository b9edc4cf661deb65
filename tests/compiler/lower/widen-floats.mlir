// RUN: ingot-opt --widen-floats --split-input-file %s | FileCheck %s

// One rounding for a body, not for its steps.
// CHECK-LABEL: func.func @steps
// CHECK: ^bb0(%[[X:.*]]: f16, %[[Y:.*]]: f16, %{{.*}}: f16):
// CHECK-DAG: arith.extf %[[X]] : f16 to f32
// CHECK-DAG: arith.extf %[[Y]] : f16 to f32
// CHECK: %[[S:.*]] = arith.addf {{.*}} : f32
// CHECK: %[[E:.*]] = math.exp %[[S]] : f32
// CHECK: %[[R:.*]] = arith.truncf %[[E]] : f32 to f16
// CHECK: linalg.yield %[[R]] : f16
#id = affine_map<(d0) -> (d0)>
func.func @steps(%x: tensor<4xf16>, %y: tensor<4xf16>) -> tensor<4xf16> {
  %e = tensor.empty() : tensor<4xf16>
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<4xf16>, tensor<4xf16>) outs(%e : tensor<4xf16>) {
  ^bb0(%a: f16, %b: f16, %c: f16):
    %1 = arith.addf %a, %b : f16
    %2 = math.exp %1 : f16
    linalg.yield %2 : f16
  } -> tensor<4xf16>
  return %0 : tensor<4xf16>
}

// -----

// What is only moved keeps every bit.
// CHECK-LABEL: func.func @moves
// CHECK-NOT: arith.extf
// CHECK: arith.select {{.*}} : bf16
#id = affine_map<(d0) -> (d0)>
func.func @moves(%c: tensor<4xi1>, %x: tensor<4xbf16>) -> tensor<4xbf16> {
  %e = tensor.empty() : tensor<4xbf16>
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%c, %x : tensor<4xi1>, tensor<4xbf16>) outs(%e : tensor<4xbf16>) {
  ^bb0(%p: i1, %a: bf16, %o: bf16):
    %zero = arith.constant 0.0 : bf16
    %1 = arith.select %p, %a, %zero : bf16
    linalg.yield %1 : bf16
  } -> tensor<4xbf16>
  return %0 : tensor<4xbf16>
}

// -----

// Sums are of float32, and are rounded at their end; what is summed is read as it is stored.
// CHECK-LABEL: func.func @sum
// CHECK: linalg.fill ins(%{{.*}} : f32)
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%{{.*}} : tensor<4xf16>)
// CHECK: arith.extf
// CHECK: arith.addf %{{.*}}, %{{.*}} : f32
// CHECK: linalg.generic {{.*}} ins(%[[S]] : tensor<f32>)
// CHECK: arith.truncf
#id = affine_map<(d0) -> (d0)>
#none = affine_map<(d0) -> ()>
func.func @sum(%x: tensor<4xf16>) -> tensor<f16> {
  %zero = arith.constant 0.0 : f16
  %e = tensor.empty() : tensor<f16>
  %f = linalg.fill ins(%zero : f16) outs(%e : tensor<f16>) -> tensor<f16>
  %0 = linalg.generic {indexing_maps = [#id, #none], iterator_types = ["reduction"]}
      ins(%x : tensor<4xf16>) outs(%f : tensor<f16>) {
  ^bb0(%a: f16, %acc: f16):
    %1 = arith.addf %acc, %a : f16
    linalg.yield %1 : f16
  } -> tensor<f16>
  return %0 : tensor<f16>
}
