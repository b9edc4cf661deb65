// The greatest number is a comparison and a choice where one of two cannot be NaN: loops that start from a number carry one, and so do those around and behind them.
// RUN: rm -rf %t && ingot-opt %s --emit-cpp=dir=%t -o /dev/null
// RUN: cat %t/numbers_kernels*.cpp | FileCheck %s

module attributes {ingot.model = "numbers", ingot.target = "x86-64-v3"} {
  func.func @main(%x: memref<64xf32> {ingot.name = "x", ingot.type = "float"}, %y: memref<64xf32> {ingot.output, ingot.name = "y", ingot.type = "float"},
                  %arena: memref<64xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights}) -> i32 {
    %ok = arith.constant 0 : i32
    return %ok : i32
  }

  // CHECK-LABEL: void greatest(
  // CHECK: for (
  // CHECK-NEXT: for (
  // CHECK-COUNT-2: number_at_least(load
  // CHECK: number_at_least(
  // CHECK-NOT: max_number
  // CHECK-LABEL: void carried(
  func.func private @greatest(%x: memref<64xf32> loc("x"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    %low = arith.constant dense<0xFF800000> : vector<8xf32>
    %0:2 = scf.for %i = %c0 to %c64 step %c32 iter_args(%a = %low, %b = %low) -> (vector<8xf32>, vector<8xf32>) {
      %1:2 = scf.for %j = %c0 to %c32 step %c16 iter_args(%c = %a, %d = %b) -> (vector<8xf32>, vector<8xf32>) {
        %2 = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%i, %j)
        %3 = vector.load %x[%2] : memref<64xf32>, vector<8xf32>
        %4 = arith.maxnumf %c, %3 : vector<8xf32>
        %5 = affine.apply affine_map<(d0) -> (d0 + 8)>(%2)
        %6 = vector.load %x[%5] : memref<64xf32>, vector<8xf32>
        %7 = arith.maxnumf %d, %6 : vector<8xf32>
        scf.yield %4, %7 : vector<8xf32>, vector<8xf32>
      }
      scf.yield %1#0, %1#1 : vector<8xf32>, vector<8xf32>
    }
    %8 = arith.maxnumf %0#0, %0#1 : vector<8xf32>
    vector.store %8, %y[%c8] : memref<64xf32>, vector<8xf32>
    return
  }

  // A loop that starts from what it reads, and one that carries what it reads, may carry NaN.
  // CHECK-COUNT-2: max_number(
  // CHECK-NOT: number_at_least
  func.func private @carried(%x: memref<64xf32> loc("x"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %c64 = arith.constant 64 : index
    %low = arith.constant dense<0xFF800000> : vector<8xf32>
    %first = vector.load %x[%c0] : memref<64xf32>, vector<8xf32>
    %0:2 = scf.for %i = %c0 to %c64 step %c8 iter_args(%a = %first, %last = %low) -> (vector<8xf32>, vector<8xf32>) {
      %1 = vector.load %x[%i] : memref<64xf32>, vector<8xf32>
      %2 = arith.maxnumf %a, %1 : vector<8xf32>
      scf.yield %2, %1 : vector<8xf32>, vector<8xf32>
    }
    %3 = arith.maxnumf %0#1, %0#0 : vector<8xf32>
    vector.store %3, %y[%c8] : memref<64xf32>, vector<8xf32>
    return
  }
}
