// RUN: ingot-opt %s --choose-layouts | FileCheck %s

// A convolution writes channels innermost; the elementwise operation after it follows, and the function's result is in the
// model's order again.
#x = affine_map<(n, c, h, w, k, r, s) -> (n, k, h + r, w + s)>
#w = affine_map<(n, c, h, w, k, r, s) -> (c, k, r, s)>
#o = affine_map<(n, c, h, w, k, r, s) -> (n, c, h, w)>
#id = affine_map<(n, c, h, w) -> (n, c, h, w)>
// CHECK-DAG: #[[LAST:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d2, d3, d1)>
// CHECK-DAG: #[[SAME:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3, d1)>
// CHECK-LABEL: func @convolution
func.func @convolution(%x: tensor<1x3x10x9xf32>, %w: tensor<16x3x3x3xf32>) -> tensor<1x16x8x7xf32> {
  %zero = arith.constant 0.0 : f32
  %weights = arith.constant dense<0.5> : tensor<16x3x3x3xf32>
  %e = tensor.empty() : tensor<1x16x8x7xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x16x8x7xf32>) -> tensor<1x16x8x7xf32>
  // CHECK: linalg.generic {indexing_maps = [{{.*}}, {{.*}}, #[[LAST]]]
  // CHECK: -> tensor<1x8x7x16xf32>
  %c = linalg.generic {indexing_maps = [#x, #w, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
    ins(%x, %weights : tensor<1x3x10x9xf32>, tensor<16x3x3x3xf32>) outs(%f : tensor<1x16x8x7xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x16x8x7xf32>
  // CHECK: linalg.generic {indexing_maps = [#[[SAME]], #[[SAME]]]
  // CHECK: -> tensor<1x8x7x16xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%c : tensor<1x16x8x7xf32>) outs(%e : tensor<1x16x8x7xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  } -> tensor<1x16x8x7xf32>
  // CHECK: %[[OUT:.*]] = linalg.generic
  // CHECK: -> tensor<1x16x8x7xf32>
  // CHECK: return %[[OUT]]
  return %r : tensor<1x16x8x7xf32>
}

// A transpose of the model is a name, not work.
#from = affine_map<(i, j, k) -> (i, j, k)>
#to = affine_map<(i, j, k) -> (j, i, k)>
// CHECK-LABEL: func @transposed_twice
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
// CHECK-NOT: linalg.generic
// CHECK: return %[[X]]
func.func @transposed_twice(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %e = tensor.empty() : tensor<3x2x4xf32>
  %t = linalg.generic {indexing_maps = [#from, #to], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%x : tensor<2x3x4xf32>) outs(%e : tensor<3x2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<3x2x4xf32>
  %e2 = tensor.empty() : tensor<2x3x4xf32>
  %u = linalg.generic {indexing_maps = [#from, #to], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%t : tensor<3x2x4xf32>) outs(%e2 : tensor<2x3x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<2x3x4xf32>
  return %u : tensor<2x3x4xf32>
}

// Open sizes count little beside channels, which come innermost; places with two open sizes become one, and what asks for a size asks in memory's order.
#pointwise = affine_map<(n, c, h, w, k) -> (n, k, h, w)>
#filters = affine_map<(n, c, h, w, k) -> (c, k)>
#places = affine_map<(n, c, h, w, k) -> (n, c, h, w)>
// CHECK-LABEL: func @open
func.func @open(%x: tensor<?x3x?x?xf32>, %n: index, %h: index, %w: index) -> (tensor<?x16x?xf32>, index) {
  %zero = arith.constant 0.0 : f32
  %weights = arith.constant dense<0.5> : tensor<16x3xf32>
  // CHECK: tensor.empty(%{{.*}}, %{{.*}}, %{{.*}}) : tensor<?x?x?x16xf32>
  // CHECK: %[[C:.*]] = linalg.generic
  // CHECK: -> tensor<?x?x?x16xf32>
  %e = tensor.empty(%n, %h, %w) : tensor<?x16x?x?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x16x?x?xf32>) -> tensor<?x16x?x?xf32>
  %c = linalg.generic {indexing_maps = [#pointwise, #filters, #places], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
    ins(%x, %weights : tensor<?x3x?x?xf32>, tensor<16x3xf32>) outs(%f : tensor<?x16x?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x16x?x?xf32>
  // CHECK: tensor.collapse_shape %[[C]] {{\[}}[0], [1, 2], [3]] : tensor<?x?x?x16xf32> into tensor<?x?x16xf32>
  %v = tensor.collapse_shape %c [[0], [1], [2, 3]] : tensor<?x16x?x?xf32> into tensor<?x16x?xf32>
  // CHECK: tensor.dim %[[C]], %c1
  %two = arith.constant 2 : index
  %d = tensor.dim %c, %two : tensor<?x16x?x?xf32>
  return %v, %d : tensor<?x16x?xf32>, index
}

// Rows of a table by their numbers: the numbers' order says nothing of the rows, which stay as they are.
#numbers = affine_map<(d0, d1, d2) -> (d0, d1)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-LABEL: func @rows
func.func @rows(%numbers: tensor<2x3xi32>, %table: tensor<100x64xf32>) -> tensor<2x3x64xf32> {
  // CHECK: %[[R:.*]] = linalg.generic
  // CHECK: -> tensor<2x3x64xf32>
  // CHECK: return %[[R]]
  %e = tensor.empty() : tensor<2x3x64xf32>
  %r = linalg.generic {indexing_maps = [#numbers, #rows], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%numbers : tensor<2x3xi32>) outs(%e : tensor<2x3x64xf32>) {
  ^bb0(%n: i32, %o: f32):
    %row = arith.index_cast %n : i32 to index
    %column = linalg.index 2 : index
    %v = tensor.extract %table[%row, %column] : tensor<100x64xf32>
    linalg.yield %v : f32
  } -> tensor<2x3x64xf32>
  return %r : tensor<2x3x64xf32>
}
