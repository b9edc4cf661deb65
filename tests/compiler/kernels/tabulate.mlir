// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(tabulate))' | FileCheck %s
// RUN: sed 's/x86-64-v3/x86-64-v4/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(tabulate))' | FileCheck %s --check-prefix=WIDE

// What depends on one byte alone becomes a table, where it is longer than a lookup in each lane is: the square of a code over ten, rounded, and that of its square. What
// takes a second byte stays, and what leads from two bytes to one starts anew.

#i = affine_map<(d0) -> (d0)>

module attributes {ingot.target = "x86-64-v3"} {
  // CHECK-LABEL: func.func @squares
  // CHECK: ^bb0(%[[CODE:.*]]: i8, %{{.*}}: i16):
  // CHECK-NEXT: %[[VALUE:.*]] = ingot.lookup %[[CODE]] in dense<"0x
  // CHECK-SAME: : i8 -> i16
  // CHECK-NEXT: linalg.yield %[[VALUE]] : i16
  // With sixteen lanes computing is faster.
  // WIDE-LABEL: func.func @squares
  // WIDE-NOT: ingot.lookup
  func.func @squares(%x: tensor<100xi8>) -> tensor<100xi16> {
    %empty = tensor.empty() : tensor<100xi16>
    %0 = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : tensor<100xi8>) outs(%empty : tensor<100xi16>) {
    ^bb0(%code: i8, %out: i16):
      %ten = arith.constant 10.0 : f32
      %a = arith.extui %code : i8 to i32
      %b = arith.sitofp %a : i32 to f32
      %c = arith.mulf %b, %b : f32
      %d = arith.divf %c, %ten : f32
      %e = math.roundeven %d : f32
      %f = arith.divf %e, %ten : f32
      %g = math.roundeven %f : f32
      %h = arith.divf %g, %ten : f32
      %i = math.roundeven %h : f32
      %j = arith.divf %i, %ten : f32
      %k = math.roundeven %j : f32
      %l = arith.divf %k, %ten : f32
      %m = math.roundeven %l : f32
      %n = arith.fptosi %m : f32 to i32
      %o = arith.trunci %n : i32 to i16
      linalg.yield %o : i16
    } -> tensor<100xi16>
    return %0 : tensor<100xi16>
  }

  // A step, so that the table can be read here: 3 from the code 128 on, -2 below. The byte that two others give is looked up.
  // CHECK-LABEL: func.func @of_a_sum
  // CHECK: %[[SUM:.*]] = arith.addi %{{.*}}, %{{.*}} : i8
  // CHECK-NEXT: %[[STEP:.*]] = ingot.lookup %[[SUM]] in dense<"0x{{(000000C0){128}(00004040){128}()}}"> : tensor<256xf32> : i8 -> f32
  // CHECK-NEXT: arith.mulf %[[STEP]], %{{.*}} : f32
  func.func @of_a_sum(%x: tensor<100xi8>, %y: tensor<100xi8>, %z: tensor<100xf32>) -> tensor<100xf32> {
    %empty = tensor.empty() : tensor<100xf32>
    %0 = linalg.generic {indexing_maps = [#i, #i, #i, #i], iterator_types = ["parallel"]} ins(%x, %y, %z : tensor<100xi8>, tensor<100xi8>, tensor<100xf32>) outs(%empty : tensor<100xf32>) {
    ^bb0(%p: i8, %q: i8, %factor: f32, %out: f32):
      %low = arith.constant -2.0 : f32
      %high = arith.constant 3.0 : f32
      %half = arith.constant 127.5 : f32
      %sum = arith.addi %p, %q : i8
      %a = arith.extui %sum : i8 to i32
      %b = arith.sitofp %a : i32 to f32
      %c = math.exp %b : f32
      %d = math.log %c : f32
      %e = arith.addf %d, %b : f32
      %f = arith.subf %e, %d : f32
      %above = arith.cmpf ogt, %b, %half : f32
      %step = arith.select %above, %high, %low : f32
      %zero = arith.subf %d, %d : f32
      %none = arith.minnumf %zero, %low : f32
      %g = arith.maxnumf %step, %none : f32
      %h = arith.mulf %g, %factor : f32
      linalg.yield %h : f32
    } -> tensor<100xf32>
    return %0 : tensor<100xf32>
  }
}
