// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(copy-panels))' | FileCheck %s
// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(copy-panels,form-kernels),choose-schedules,expand-kernels)' | FileCheck %s --check-prefix=LOOPS

// The second operand of a product of data has long rows: the product reads a copy of it in panels of 16 columns. The transpose in front of it is read through.
#t = affine_map<(k, n) -> (n, k)>
#i = affine_map<(k, n) -> (k, n)>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
module attributes {ingot.target = "x86-64-v3"} {
  // CHECK-DAG: #[[FROM:.*]] = affine_map<(d0, d1, d2) -> (d0 * 16 + d2, d1)>
  // CHECK-DAG: #[[TO:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
  // CHECK-DAG: #[[READ:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 16, d2, d1 mod 16)>
  // CHECK-LABEL: func.func @long
  // CHECK-SAME: (%[[X:.*]]: tensor<200x300xf32>, %[[Y:.*]]: tensor<512x300xf32>)
  // CHECK: %[[COPY:.*]] = linalg.generic {indexing_maps = [#[[FROM]], #[[TO]]]{{.*}} ins(%[[Y]] : tensor<512x300xf32>) outs(%{{.*}} : tensor<32x300x16xf32>)
  // CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[READ]], #{{.*}}]{{.*}} ins(%[[X]], %[[COPY]] : tensor<200x300xf32>, tensor<32x300x16xf32>)
  func.func @long(%x: tensor<200x300xf32>, %y: tensor<512x300xf32>) -> tensor<200x512xf32> {
    %zero = arith.constant 0.0 : f32
    %te = tensor.empty() : tensor<300x512xf32>
    %t = linalg.generic {indexing_maps = [#t, #i], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<512x300xf32>) outs(%te : tensor<300x512xf32>) {
    ^bb0(%v: f32, %old: f32):
      linalg.yield %v : f32
    } -> tensor<300x512xf32>
    %e = tensor.empty() : tensor<200x512xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<200x512xf32>) -> tensor<200x512xf32>
    %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %t : tensor<200x300xf32>, tensor<300x512xf32>) outs(%f : tensor<200x512xf32>) {
    ^bb0(%p: f32, %q: f32, %acc: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<200x512xf32>
    return %r : tensor<200x512xf32>
  }

  // Short rows, few readers, and rows that end within a vector are read as they are.
  // CHECK-LABEL: func.func @short
  // CHECK-NOT: mod
  // CHECK: return
  func.func @short(%x: tensor<200x300xf32>, %y: tensor<300x256xf32>) -> tensor<200x256xf32> {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<200x256xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<200x256xf32>) -> tensor<200x256xf32>
    %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %y : tensor<200x300xf32>, tensor<300x256xf32>) outs(%f : tensor<200x256xf32>) {
    ^bb0(%p: f32, %q: f32, %acc: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<200x256xf32>
    return %r : tensor<200x256xf32>
  }
  // CHECK-LABEL: func.func @few
  // CHECK-NOT: tensor<64x
  // CHECK: return
  func.func @few(%x: tensor<20x300xf32>, %y: tensor<300x1024xf32>) -> tensor<20x1024xf32> {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<20x1024xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<20x1024xf32>) -> tensor<20x1024xf32>
    %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %y : tensor<20x300xf32>, tensor<300x1024xf32>) outs(%f : tensor<20x1024xf32>) {
    ^bb0(%p: f32, %q: f32, %acc: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %acc, %m : f32
      linalg.yield %s : f32
    } -> tensor<20x1024xf32>
    return %r : tensor<20x1024xf32>
  }
}

// Panels are a loop of their own, and vectors lie in them one behind the other: no quotient is left in the loops.
// LOOPS-NOT: floordiv
// LOOPS-NOT: {{ mod }}
// LOOPS: func.func private @kernel(
// LOOPS: func.func private @kernel_2(
// LOOPS: scf.for %{{.*}} to %c32
// LOOPS: call @kernel_2_tile_6x16
