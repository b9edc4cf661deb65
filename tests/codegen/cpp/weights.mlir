// Where the weights go.
// RUN: rm -rf %t
// RUN: ingot-opt %s --emit-cpp="dir=%t/auto" -o /dev/null && FileCheck %s --check-prefix=ARRAY < %t/auto/small_weights.cpp
// RUN: ingot-opt %s --emit-cpp="dir=%t/linked weights=linked" -o /dev/null && FileCheck %s --check-prefix=LINKED < %t/linked/small_weights.cpp
// RUN: ingot-opt %s --emit-cpp="dir=%t/external weights=external" -o /dev/null && FileCheck %s --check-prefix=EXTERNAL < %t/external/small.h
// RUN: not ingot-opt %s --emit-cpp="dir=%t/none weights=elsewhere" -o /dev/null 2>&1 | FileCheck %s --check-prefix=ERROR
// ARRAY: alignas(64) const unsigned char small_weights[8] = {
// ARRAY-NEXT: 0, 0, 128, 63, 0, 0, 0, 64,
// LINKED: ".incbin \"small.weights\"\n"
// EXTERNAL: explicit Context(void *arena, const void *weights) noexcept
// ERROR: no place for weights has the name 'elsewhere'
module attributes {ingot.model = "small", ingot.target = "x86-64-v3", ingot.weights = dense<[0, 0, 128, 63, 0, 0, 0, 64]> : tensor<8xi8>} {
  func.func @main(%y: memref<1xf32> {ingot.output, ingot.name = "y", ingot.type = "float", ingot.shape = array<i64: 1>},
                  %arena: memref<64xi8> {ingot.arena}, %weights: memref<8xi8> {ingot.weights}) -> i32 {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %ok = arith.constant 0 : i32
    %w = memref.view %weights[%c4][] : memref<8xi8> to memref<1xf32>
    %0 = memref.load %w[%c0] : memref<1xf32>
    memref.store %0, %y[%c0] : memref<1xf32>
    return %ok : i32
  }
}
