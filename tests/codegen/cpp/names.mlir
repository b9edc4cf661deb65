// Names from a model can be anything; what reaches the text is an identifier, a comment or an escaped literal.
// RUN: rm -rf %t && ingot-opt %s --emit-cpp=dir=%t -o /dev/null
// RUN: cat %t/evil.h | FileCheck %s --check-prefix=HEADER
// RUN: cat %t/evil.cpp | FileCheck %s --check-prefix=SOURCE

// HEADER: // Input 'x:0': int64[2, 2]
// HEADER-NEXT: inline constexpr std::ptrdiff_t x_0_shape[] = {2, 2};
// HEADER: // Input 'x.0': uint8[]
// HEADER-NEXT: inline constexpr std::ptrdiff_t x_0_2_count = 1;
// HEADER: // State 'class': float[4]
// HEADER: // Output '*/ evil...///': float[4]
// HEADER: struct Inputs {
// HEADER-NEXT:   const std::int64_t *x_0;  // int64[2, 2]
// HEADER-NEXT:   const std::uint8_t *x_0_2;  // uint8[]
// HEADER-NEXT: };
// HEADER-NEXT: struct Outputs {
// HEADER-NEXT:   float *evil;  // float[4]
// HEADER-NEXT:   float *n9_load;  // float[4]
// HEADER-NEXT:   float *value;  // float[4]
// HEADER-NEXT: };
// HEADER: struct State {
// HEADER-NEXT:   struct Values {
// HEADER-NEXT:     alignas(64) float class_[4];  // float[4]
// HEADER: explicit Context(void *arena, State &state, const void *weights = nullptr) noexcept

// SOURCE: int32_t graph(const int64_t *x_0, const int8_t *x_0_2, const float *class_,
// SOURCE: load_(class_, next);
// SOURCE: {"*/ evil\012\077\077//\134", INGOT_FLOAT, 1,
// SOURCE: before.class_
// SOURCE-SAME: after.class_
module attributes {ingot.model = "evil", ingot.target = "x86-64-v3"} {
  func.func @main(%a: memref<4xi64> {ingot.name = "x:0", ingot.type = "int64", ingot.shape = array<i64: 2, 2>},
                  %b: memref<1xi8> {ingot.name = "x.0", ingot.type = "uint8", ingot.shape = array<i64>},
                  %s: memref<4xf32> {ingot.name = "class", ingot.type = "float", ingot.shape = array<i64: 4>},
                  %n: memref<4xf32> {ingot.output, ingot.name = "next", ingot.type = "float", ingot.shape = array<i64: 4>, ingot.state = "class"},
                  %y: memref<4xf32> {ingot.output, ingot.name = "*/ evil\0A??//\\", ingot.type = "float", ingot.shape = array<i64: 4>},
                  %z: memref<4xf32> {ingot.output, ingot.name = "9__load", ingot.type = "float", ingot.shape = array<i64: 4>},
                  %w: memref<4xf32> {ingot.output, ingot.name = "\E4\B8\AD", ingot.type = "float", ingot.shape = array<i64: 4>},
                  %arena: memref<64xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights}) -> i32 {
    %ok = arith.constant 0 : i32
    func.call @load(%s, %n) : (memref<4xf32>, memref<4xf32>) -> ()
    func.call @load(%s, %y) : (memref<4xf32>, memref<4xf32>) -> ()
    func.call @load(%s, %z) : (memref<4xf32>, memref<4xf32>) -> ()
    func.call @load(%s, %w) : (memref<4xf32>, memref<4xf32>) -> ()
    return %ok : i32
  }
  func.func private @load(%x: memref<4xf32> loc("x"), %y: memref<4xf32> loc("float")) attributes {ingot.kernel} {
    %c0 = arith.constant 0 : index
    %0 = memref.load %x[%c0] : memref<4xf32>
    memref.store %0, %y[%c0] : memref<4xf32>
    return
  }
}
