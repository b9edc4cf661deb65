// What loops carry: one variable through nested and consecutive loops, values that change places, branches with results.
// RUN: rm -rf %t && ingot-opt %s --emit-cpp=dir=%t -o /dev/null
// RUN: cat %t/loops_kernels_0.cpp %t/loops_kernels_2.cpp %t/loops_kernels_1.cpp %t/loops_kernels_3.cpp | FileCheck %s

module attributes {ingot.model = "loops", ingot.target = "x86-64-v3"} {
  func.func @main(%x: memref<64xf32> {ingot.name = "x", ingot.type = "float"}, %y: memref<64xf32> {ingot.output, ingot.name = "y", ingot.type = "float"},
                  %arena: memref<64xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights}) -> i32 {
    %ok = arith.constant 0 : i32
    return %ok : i32
  }

  // CHECK-LABEL: void nested(
  // CHECK-NEXT: float sum = 0.0f;
  // CHECK-NEXT: for (ptrdiff_t i = 0; i < 4; ++i) {
  // CHECK-NEXT: for (ptrdiff_t i2 = 0; i2 < 4; ++i2) {
  // CHECK-NEXT: sum += x[i * 4 + i2];
  // CHECK-NEXT: }
  // CHECK-NEXT: }
  // CHECK-NEXT: for (ptrdiff_t i = 16; i < 20; ++i) {
  // CHECK-NEXT: sum = x[i] * sum;
  // CHECK-NEXT: }
  // CHECK-NEXT: y[0] = sum;
  // CHECK-NEXT: }
  func.func private @nested(%x: memref<64xf32> loc("x"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c20 = arith.constant 20 : index
    %zero = arith.constant 0.0 : f32
    %0 = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %zero) -> f32 {
      %1 = scf.for %j = %c0 to %c4 step %c1 iter_args(%b = %a) -> f32 {
        %2 = affine.apply affine_map<(d0, d1) -> (d0 * 4 + d1)>(%i, %j)
        %3 = memref.load %x[%2] : memref<64xf32>
        %4 = arith.addf %b, %3 : f32
        scf.yield %4 : f32
      }
      scf.yield %1 : f32
    }
    %5 = scf.for %i = %c16 to %c20 step %c1 iter_args(%a = %0) -> f32 {
      %6 = memref.load %x[%i] : memref<64xf32>
      %7 = arith.mulf %6, %a : f32
      scf.yield %7 : f32
    }
    memref.store %5, %y[%c0] : memref<64xf32>
    return
  }

  // Both are needed after the new ones are there: assigned at the end, and not one after the other.
  // CHECK-LABEL: void fibonacci(
  // CHECK-NEXT: float sum = 0.0f, sum2 = 1.0f;
  // CHECK-NEXT: for (ptrdiff_t i = 0; i < 4; ++i) {
  // CHECK-NEXT: const float s = sum + sum2;
  // CHECK-NEXT: y[i] = s * sum;
  // CHECK-NEXT: sum = sum2;
  // CHECK-NEXT: sum2 = s;
  // CHECK-NEXT: }
  // CHECK-NEXT: for (ptrdiff_t i = 4; i < 8; ++i) {
  // CHECK-NEXT: const float next_sum = sum2;
  // CHECK-NEXT: sum2 = sum;
  // CHECK-NEXT: sum = next_sum;
  // CHECK-NEXT: }
  // CHECK-NEXT: y[0] = sum / sum2;
  func.func private @fibonacci(%x: memref<64xf32> loc("x"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32
    %0:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %zero, %b = %one) -> (f32, f32) {
      %1 = arith.addf %a, %b : f32
      %2 = arith.mulf %1, %a : f32
      memref.store %2, %y[%i] : memref<64xf32>
      scf.yield %b, %1 : f32, f32
    }
    %3:2 = scf.for %i = %c4 to %c8 step %c1 iter_args(%a = %0#0, %b = %0#1) -> (f32, f32) {
      scf.yield %b, %a : f32, f32
    }
    %4 = arith.divf %3#0, %3#1 : f32
    memref.store %4, %y[%c0] : memref<64xf32>
    return
  }

  // An expression that reads the old value is not written behind the update; a load is not moved over a store to the same memory.
  // CHECK-LABEL: void order(
  // CHECK: const float s = x[0] - sum;
  // CHECK-NEXT: sum += x[1];
  // CHECK-NEXT: y[i] = sum * s;
  // CHECK: const float s = y[1];
  // CHECK-NEXT: y[1] = x[2];
  // CHECK-NEXT: y[2] = s;
  func.func private @order(%x: memref<64xf32> loc("x"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %zero = arith.constant 0.0 : f32
    %0 = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %zero) -> f32 {
      %x0 = memref.load %x[%c0] : memref<64xf32>
      %old = arith.subf %x0, %a : f32
      %x1 = memref.load %x[%c1] : memref<64xf32>
      %new = arith.addf %a, %x1 : f32
      %1 = arith.mulf %new, %old : f32
      memref.store %1, %y[%i] : memref<64xf32>
      scf.yield %new : f32
    }
    %2 = memref.load %y[%c1] : memref<64xf32>
    %x2 = memref.load %x[%c2] : memref<64xf32>
    memref.store %x2, %y[%c1] : memref<64xf32>
    memref.store %2, %y[%c2] : memref<64xf32>
    return
  }

  // CHECK-LABEL: void branches(
  // CHECK: float s;
  // CHECK-NEXT: if (x[0] < x[1]) {
  // CHECK-NEXT: s = x[2];
  // CHECK-NEXT: } else {
  // CHECK-NEXT: y[1] = 1.0f;
  // CHECK-NEXT: s = 1.0f;
  // CHECK-NEXT: }
  // CHECK-NEXT: y[0] = s;
  func.func private @branches(%x: memref<64xf32> loc("x"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %one = arith.constant 1.0 : f32
    %x0 = memref.load %x[%c0] : memref<64xf32>
    %x1 = memref.load %x[%c1] : memref<64xf32>
    %0 = arith.cmpf olt, %x0, %x1 : f32
    %1 = scf.if %0 -> f32 {
      %x2 = memref.load %x[%c2] : memref<64xf32>
      scf.yield %x2 : f32
    } else {
      memref.store %one, %y[%c1] : memref<64xf32>
      scf.yield %one : f32
    }
    memref.store %1, %y[%c0] : memref<64xf32>
    return
  }

  // Steps of an unrolled loop update the variable one after the other.
  // CHECK-LABEL: void unrolled(
  // CHECK: for (ptrdiff_t i = 0; i < 4; i += 2) {
  // CHECK-NEXT: const float s = x[i] * 2.0f;
  // CHECK-NEXT: sum = fma(s, s, sum);
  // CHECK-NEXT: y[i] = s;
  // CHECK-NEXT: sum += s;
  // CHECK-NEXT: }
  func.func private @unrolled(%x: memref<64xf32> loc("x"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %two = arith.constant 2.0 : f32
    %zero = arith.constant 0.0 : f32
    %0 = scf.for %i = %c0 to %c4 step %c2 iter_args(%a = %zero) -> f32 {
      %1 = memref.load %x[%i] : memref<64xf32>
      %2 = arith.mulf %1, %two : f32
      %3 = math.fma %2, %2, %a : f32
      memref.store %2, %y[%i] : memref<64xf32>
      %4 = arith.addf %3, %2 : f32
      scf.yield %4 : f32
    }
    memref.store %0, %y[%c0] : memref<64xf32>
    return
  }
}
