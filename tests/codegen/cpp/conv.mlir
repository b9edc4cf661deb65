// A register tile, its kernel and the graph: names, loop-carried variables, folded expressions, comments, the files.
// RUN: rm -rf %t && ingot-opt %s --emit-cpp=dir=%t -o /dev/null
// RUN: cat %t/reader_kernels_0.cpp | FileCheck %s --check-prefix=KERNEL
// RUN: cat %t/reader.cpp | FileCheck %s --check-prefix=GRAPH
// RUN: cat %t/reader.h | FileCheck %s --check-prefix=HEADER

module attributes {ingot.model = "reader", ingot.target = "x86-64-v4", ingot.arena_bytes = 4096 : i64,
                   ingot.weights = dense<1> : tensor<1088xi8>} {
  // GRAPH: int32_t graph(const float *x, float *softmax_11_tmp_0, std::byte *arena,
  // GRAPH-NEXT:     const std::byte *weights) noexcept {
  // GRAPH-NEXT:   float *const hidden = view<float>(arena, 1024);
  // GRAPH-NEXT:   conv1_relu(x, view<const float>(weights, 0), view<const float>(weights, 1024), hidden);
  // GRAPH-NEXT:   conv1_relu(hidden, view<const float>(weights, 0), view<const float>(weights, 1024),
  // GRAPH-NEXT:     softmax_11_tmp_0);
  // GRAPH-NEXT:   return 0;
  // GRAPH-NEXT: }
  func.func @main(%x: memref<64xf32> {ingot.name = "x", ingot.type = "float", ingot.shape = array<i64: 4, 16>},
                  %y: memref<64xf32> {ingot.output, ingot.name = "softmax_11.tmp_0", ingot.type = "float", ingot.shape = array<i64: 1, 4, 16>},
                  %arena: memref<4096xi8> {ingot.arena}, %weights: memref<1088xi8> {ingot.weights}) -> i32 {
    %c0 = arith.constant 0 : index
    %c1024 = arith.constant 1024 : index
    %ok = arith.constant 0 : i32
    %w = memref.view %weights[%c0][] : memref<1088xi8> to memref<256xf32>
    %b = memref.view %weights[%c1024][] : memref<1088xi8> to memref<16xf32>
    %h = memref.view %arena[%c1024][] : memref<4096xi8> to memref<64xf32> loc("hidden")
    %w2 = memref.view %weights[%c0][] : memref<1088xi8> to memref<256xf32>
    %b2 = memref.view %weights[%c1024][] : memref<1088xi8> to memref<16xf32>
    func.call @conv1_relu(%x, %w, %b, %h) : (memref<64xf32>, memref<256xf32>, memref<16xf32>, memref<64xf32>) -> ()
    func.call @conv1_relu(%h, %w2, %b2, %y) : (memref<64xf32>, memref<256xf32>, memref<16xf32>, memref<64xf32>) -> ()
    return %ok : i32
  }

  // KERNEL: namespace {
  // KERNEL: void conv1_relu_tile_2x16(const float *__restrict x, const float *__restrict w, float *__restrict y,
  // KERNEL-NEXT:     ptrdiff_t row) noexcept {
  // KERNEL-NEXT:   f32x16 sum{}, sum2{};
  // KERNEL-NEXT:   for (ptrdiff_t i = 0; i < 16; ++i) {
  // KERNEL-NEXT:     const f32x16 w_k = load<f32x16>(w + i * 16);
  // KERNEL-NEXT:     sum = fma(x[row * 16 + i], w_k, sum);
  // KERNEL-NEXT:     sum2 = fma(x[row * 16 + i + 16], w_k, sum2);
  // KERNEL-NEXT:   }
  // KERNEL-NEXT:   store(y + row * 16, sum);
  // KERNEL-NEXT:   store(y + row * 16 + 16, sum2);
  // KERNEL-NEXT: }
  func.func private @conv1_relu_tile_2x16(%x: memref<64xf32> loc("x"), %w: memref<256xf32> loc("w"), %y: memref<64xf32> loc("y"), %row: index loc("row")) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    %r:2 = scf.for %k = %c0 to %c16 step %c1 iter_args(%a0 = %zero, %a1 = %zero) -> (vector<16xf32>, vector<16xf32>) {
      %i = affine.apply affine_map<(d0) -> (d0 * 16)>(%k)
      %wk = vector.load %w[%i] : memref<256xf32>, vector<16xf32> loc("w_k")
      %i0 = affine.apply affine_map<(d0, d1) -> (d0 * 16 + d1)>(%row, %k)
      %x0 = memref.load %x[%i0] : memref<64xf32>
      %v0 = vector.broadcast %x0 : f32 to vector<16xf32>
      %n0 = math.fma %v0, %wk, %a0 : vector<16xf32>
      %i1 = affine.apply affine_map<(d0, d1) -> (d0 * 16 + d1 + 16)>(%row, %k)
      %x1 = memref.load %x[%i1] : memref<64xf32>
      %v1 = vector.broadcast %x1 : f32 to vector<16xf32>
      %n1 = math.fma %v1, %wk, %a1 : vector<16xf32>
      scf.yield %n0, %n1 : vector<16xf32>, vector<16xf32>
    }
    %o0 = affine.apply affine_map<(d0) -> (d0 * 16)>(%row)
    vector.store %r#0, %y[%o0] : memref<64xf32>, vector<16xf32>
    %o1 = affine.apply affine_map<(d0) -> (d0 * 16 + 16)>(%row)
    vector.store %r#1, %y[%o1] : memref<64xf32>, vector<16xf32>
    return
  }

  // KERNEL: } // namespace
  // KERNEL: // Conv 'conv1': 4x16 * 16x16 -> 4x16
  // KERNEL-NEXT: // Relu 'evil./*'
  // KERNEL-NEXT: void conv1_relu(const float *__restrict x, const float *__restrict w, const float *__restrict bias,
  // KERNEL-NEXT:     float *__restrict y) noexcept {
  // KERNEL-NEXT:   for (ptrdiff_t i = 0; i < 4; i += 2) {
  // KERNEL-NEXT:     conv1_relu_tile_2x16(x, w, y, i);
  // KERNEL-NEXT:   }
  // KERNEL-NEXT:   for (ptrdiff_t i = 0; i < 64; i += 16) {
  // KERNEL-NEXT:     store(y + i, relu(load<f32x16>(y + i) + load<f32x16>(bias)));
  func.func private @conv1_relu(%x: memref<64xf32> loc("x"), %w: memref<256xf32> loc("w"), %b: memref<16xf32> loc("bias"), %y: memref<64xf32> loc("y"))
      attributes {ingot.kernel, ingot.comment = ["Conv 'conv1': 4x16 * 16x16 -> 4x16", "Relu 'evil\0A/*' \\"]} {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant dense<0.0> : vector<16xf32>
    scf.for %row = %c0 to %c4 step %c2 {
      func.call @conv1_relu_tile_2x16(%x, %w, %y, %row) : (memref<64xf32>, memref<256xf32>, memref<64xf32>, index) -> ()
    }
    scf.for %i = %c0 to %c64 step %c16 {
      %v = vector.load %y[%i] : memref<64xf32>, vector<16xf32>
      %bv = vector.load %b[%c0] : memref<16xf32>, vector<16xf32>
      %s = arith.addf %v, %bv : vector<16xf32>
      %m = arith.maximumf %s, %zero : vector<16xf32>
      vector.store %m, %y[%i] : memref<64xf32>, vector<16xf32>
    }
    return
  }
}

// HEADER: namespace reader {
// HEADER: inline constexpr std::size_t arena_bytes = 4096;
// HEADER: // Input 'x': float[4, 16]
// HEADER-NEXT: inline constexpr std::ptrdiff_t x_shape[] = {4, 16};
// HEADER-NEXT: inline constexpr std::ptrdiff_t x_count = 64;
// HEADER: struct Inputs {
// HEADER-NEXT:   const float *x;  // float[4, 16]
// HEADER: struct Outputs {
// HEADER-NEXT:   float *softmax_11_tmp_0;  // float[1, 4, 16]
// HEADER: ingot::Status run(const Inputs &inputs, const Outputs &outputs, Context &context) noexcept;
// HEADER: extern "C" const ingot_model reader_model;
