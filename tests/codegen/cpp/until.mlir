// A loop that ends by a test: what is tested before each step is one expression.
// RUN: rm -rf %t && ingot-opt %s --emit-cpp=dir=%t -o /dev/null
// RUN: cat %t/*_kernels_0.cpp | FileCheck %s

module attributes {ingot.model = "until", ingot.target = "x86-64-v3"} {
  func.func @main(%x: memref<64xf32> {ingot.name = "x", ingot.type = "float"}, %y: memref<64xf32> {ingot.output, ingot.name = "y", ingot.type = "float"},
                  %arena: memref<64xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights}) -> i32 {
    %ok = arith.constant 0 : i32
    return %ok : i32
  }

  // CHECK-LABEL: void until(
  // CHECK: ptrdiff_t i = 0;
  // CHECK-NEXT: while (i < 9 && go[0]) {
  // CHECK-NEXT: y[i] = x[i];
  // CHECK-NEXT: i += 1;
  // CHECK-NEXT: }
  func.func private @until(%x: memref<64xf32> loc("x"), %go: memref<1xi1> loc("go"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c9 = arith.constant 9 : index
    %0 = scf.while (%i = %c0) : (index) -> index {
      %more = arith.cmpi slt, %i, %c9 : index
      %on = memref.load %go[%c0] : memref<1xi1>
      %both = arith.andi %more, %on : i1
      scf.condition(%both) %i : index
    } do {
    ^bb0(%i: index):
      %1 = memref.load %x[%i] : memref<64xf32>
      memref.store %1, %y[%i] : memref<64xf32>
      %2 = arith.addi %i, %c1 : index
      scf.yield %2 : index
    }
    return
  }
}
