// RUN: ingot-opt %s --pass-pipeline='builtin.module(func.func(simplify-rounding))' | FileCheck %s
// RUN: sed 's/x86-64-v3/x86-64-v1/' %s | ingot-opt --pass-pipeline='builtin.module(func.func(simplify-rounding))' | FileCheck %s --check-prefix=APART

// What is rounded to a code and taken for a number again stays a number, and a quotient that is rounded becomes two products.

#i = affine_map<(d0) -> (d0)>

module attributes {ingot.target = "x86-64-v3"} {
  // A residual: a code of a sum, less its zero point, and another code. The zero's sign is lost in the sum.
  // CHECK-LABEL: func.func @residual
  // CHECK: ^bb0(%[[SUM:.*]]: f32, %[[CODE:.*]]: i8, %{{.*}}: i8):
  // CHECK: %[[ROUNDED:.*]] = math.roundeven %[[SUM]]
  // CHECK: %[[LOW:.*]] = arith.maxnumf %[[ROUNDED]], %{{.*}}
  // CHECK: %[[NUMBER:.*]] = arith.minnumf %[[LOW]], %{{.*}}
  // CHECK: arith.mulf %[[NUMBER]]
  // CHECK: %[[X:.*]] = arith.addf
  // CHECK: %[[REST:.*]] = arith.mulf %[[X]], %{{.*}}
  // CHECK: %[[QUOTIENT:.*]] = math.fma %[[X]], %{{.*}}, %[[REST]]
  // CHECK: math.roundeven %[[QUOTIENT]]
  // CHECK-NOT: arith.divf
  // Without fused products the division stays.
  // APART-LABEL: func.func @residual
  // APART-NOT: arith.fptosi
  // APART: arith.divf
  // APART: arith.fptosi
  func.func @residual(%x: tensor<100xf32>, %y: tensor<100xi8>) -> tensor<100xi8> {
    %empty = tensor.empty() : tensor<100xi8>
    %0 = linalg.generic {indexing_maps = [#i, #i, #i], iterator_types = ["parallel"]} ins(%x, %y : tensor<100xf32>, tensor<100xi8>) outs(%empty : tensor<100xi8>) {
    ^bb0(%sum: f32, %code: i8, %out: i8):
      %zero = arith.constant 0.0 : f32
      %most = arith.constant 255.0 : f32
      %point = arith.constant 118.0 : f32
      %ipoint = arith.constant 118 : i32
      %s = arith.constant 0.05 : f32
      %t = arith.constant 0.03 : f32
      %u = arith.constant 0.07 : f32
      %r = math.roundeven %sum : f32
      %a = arith.addf %r, %point : f32
      %b = arith.maxnumf %a, %zero : f32
      %c = arith.minnumf %b, %most : f32
      %d = arith.fptosi %c : f32 to i32
      %e = arith.trunci %d : i32 to i8
      %f = arith.extui %e : i8 to i32
      %g = arith.subi %f, %ipoint : i32
      %h = arith.sitofp %g : i32 to f32
      %i = arith.mulf %h, %s : f32
      %j = arith.extui %code : i8 to i32
      %k = arith.sitofp %j : i32 to f32
      %l = arith.mulf %k, %t : f32
      %m = arith.addf %i, %l : f32
      %n = arith.divf %m, %u : f32
      %o = math.roundeven %n : f32
      %p = arith.maxnumf %o, %zero : f32
      %q = arith.minnumf %p, %most : f32
      %v = arith.fptosi %q : f32 to i32
      %w = arith.trunci %v : i32 to i8
      linalg.yield %w : i8
    } -> tensor<100xi8>
    return %0 : tensor<100xi8>
  }

  // A zero that leaves is positive, as the code's number was.
  // CHECK-LABEL: func.func @leaves
  // CHECK: %[[ROUNDED:.*]] = math.roundeven
  // CHECK: %[[POSITIVE:.*]] = arith.addf %[[ROUNDED]], %[[ZERO:.*]] : f32
  // CHECK: %[[LOW:.*]] = arith.maxnumf %[[POSITIVE]]
  // CHECK: %[[NUMBER:.*]] = arith.minnumf %[[LOW]]
  // CHECK: linalg.yield %[[NUMBER]]
  func.func @leaves(%x: tensor<100xf32>) -> tensor<100xf32> {
    %empty = tensor.empty() : tensor<100xf32>
    %0 = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : tensor<100xf32>) outs(%empty : tensor<100xf32>) {
    ^bb0(%in: f32, %out: f32):
      %zero = arith.constant 0.0 : f32
      %most = arith.constant 255.0 : f32
      %point = arith.constant 10.0 : f32
      %ipoint = arith.constant 10 : i32
      %r = math.roundeven %in : f32
      %a = arith.addf %r, %point : f32
      %b = arith.maxnumf %a, %zero : f32
      %c = arith.minnumf %b, %most : f32
      %d = arith.fptosi %c : f32 to i32
      %e = arith.trunci %d : i32 to i8
      %f = arith.extui %e : i8 to i32
      %g = arith.subi %f, %ipoint : i32
      %h = arith.sitofp %g : i32 to f32
      linalg.yield %h : f32
    } -> tensor<100xf32>
    return %0 : tensor<100xf32>
  }

  // A code that is stored wide is cut once; where it is stored and read as a number, it is clamped once.
  // CHECK-LABEL: func.func @wide
  // CHECK: %[[NUMBER:.*]] = arith.minnumf
  // CHECK-DAG: %[[INTEGER:.*]] = arith.fptosi %[[NUMBER]]
  // CHECK-DAG: %[[CENTRED:.*]] = arith.addf %[[NUMBER]], %{{.*}} : f32
  // CHECK-DAG: %[[WIDE:.*]] = arith.trunci %[[INTEGER]] : i32 to i16
  // CHECK: linalg.yield %[[CENTRED]], %[[WIDE]]
  func.func @wide(%x: tensor<100xf32>) -> (tensor<100xf32>, tensor<100xi16>) {
    %floats = tensor.empty() : tensor<100xf32>
    %codes = tensor.empty() : tensor<100xi16>
    %0:2 = linalg.generic {indexing_maps = [#i, #i, #i], iterator_types = ["parallel"]} ins(%x : tensor<100xf32>) outs(%floats, %codes : tensor<100xf32>, tensor<100xi16>) {
    ^bb0(%in: f32, %out: f32, %out2: i16):
      %zero = arith.constant 0.0 : f32
      %most = arith.constant 255.0 : f32
      %point = arith.constant 10.0 : f32
      %ipoint = arith.constant 10 : i32
      %r = math.roundeven %in : f32
      %a = arith.addf %r, %point : f32
      %b = arith.maxnumf %a, %zero : f32
      %c = arith.minnumf %b, %most : f32
      %d = arith.fptosi %c : f32 to i32
      %e = arith.trunci %d : i32 to i8
      %f = arith.extui %e : i8 to i32
      %g = arith.subi %f, %ipoint : i32
      %h = arith.sitofp %g : i32 to f32
      %w = arith.extui %e : i8 to i16
      linalg.yield %h, %w : f32, i16
    } -> (tensor<100xf32>, tensor<100xi16>)
    return %0#0, %0#1 : tensor<100xf32>, tensor<100xi16>
  }

  // Neither a number that may be no integer nor one whose code has too few bits.
  // CHECK-LABEL: func.func @stay
  // CHECK: arith.fptosi
  // CHECK: arith.sitofp
  // CHECK: arith.fptosi
  // CHECK: arith.extsi
  // CHECK: arith.sitofp
  func.func @stay(%x: tensor<100xf32>) -> tensor<100xf32> {
    %empty = tensor.empty() : tensor<100xf32>
    %0 = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : tensor<100xf32>) outs(%empty : tensor<100xf32>) {
    ^bb0(%in: f32, %out: f32):
      %zero = arith.constant 0.0 : f32
      %most = arith.constant 255.0 : f32
      %a = arith.maxnumf %in, %zero : f32
      %b = arith.minnumf %a, %most : f32
      %c = arith.fptosi %b : f32 to i32
      %d = arith.sitofp %c : i32 to f32
      %r = math.roundeven %in : f32
      %e = arith.maxnumf %r, %zero : f32
      %f = arith.minnumf %e, %most : f32
      %g = arith.fptosi %f : f32 to i32
      %h = arith.trunci %g : i32 to i8
      %i = arith.extsi %h : i8 to i32
      %j = arith.sitofp %i : i32 to f32
      %k = arith.addf %d, %j : f32
      linalg.yield %k : f32
    } -> tensor<100xf32>
    return %0 : tensor<100xf32>
  }
}
