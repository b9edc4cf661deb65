// Every operation of the loops as C++: operators and parentheses, literals, masks, conversions, index arithmetic.
// RUN: rm -rf %t && ingot-opt %s --emit-cpp=dir=%t -o /dev/null
// RUN: cat %t/ops_kernels_0.cpp %t/ops_kernels_1.cpp %t/ops_kernels_2.cpp %t/ops_kernels_3.cpp | FileCheck %s

module attributes {ingot.model = "ops", ingot.target = "x86-64-v3"} {
  func.func @main(%x: memref<64xf32> {ingot.name = "x", ingot.type = "float"}, %y: memref<64xf32> {ingot.output, ingot.name = "y", ingot.type = "float"},
                  %arena: memref<64xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights}) -> i32 {
    %ok = arith.constant 0 : i32
    return %ok : i32
  }

  // CHECK-LABEL: void arithmetic(const float *__restrict x, float *__restrict y) noexcept {
  // CHECK-NEXT: const f32x8 v = load<f32x8>(x), v2 = load<f32x8>(x + 8);
  // CHECK-NEXT: store(y, (v + v2) * 0.5f - (v - v2 * v));
  // CHECK-NEXT: store(y + 8, -v / (1.0f - v2));
  // CHECK-NEXT: y[16] = x[20] * 1e-05f + infinity<float>;
  // CHECK-NEXT: store(y + 24, maximum(v, v2));
  // CHECK-NEXT: store(y + 32, at_most(relu(v), 6.0f));
  // CHECK-NEXT: y[17] = reduce_add(fma(v, 3.0f, v2));
  // CHECK-NEXT: y[18] = v[3];
  // CHECK-NEXT: store(y + 40, shuffle<0, 8, 1, 9, 2, 10, 3, 11>(v, v2));
  // CHECK-NEXT: store(y + 48, copysign(sqrt(abs(v)), v2));
  // CHECK-NEXT: store(y + 56, f32x4{x[20], 2.0f, x[20], -0.0f});
  func.func private @arithmetic(%x: memref<64xf32> loc("x"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c17 = arith.constant 17 : index
    %c18 = arith.constant 18 : index
    %c20 = arith.constant 20 : index
    %c24 = arith.constant 24 : index
    %c32 = arith.constant 32 : index
    %c40 = arith.constant 40 : index
    %c48 = arith.constant 48 : index
    %c56 = arith.constant 56 : index
    %half = arith.constant dense<0.5> : vector<8xf32>
    %one = arith.constant dense<1.0> : vector<8xf32>
    %three = arith.constant dense<3.0> : vector<8xf32>
    %six = arith.constant dense<6.0> : vector<8xf32>
    %zero = arith.constant dense<0.0> : vector<8xf32>
    %a = vector.load %x[%c0] : memref<64xf32>, vector<8xf32>
    %b = vector.load %x[%c8] : memref<64xf32>, vector<8xf32>
    %0 = arith.addf %a, %b : vector<8xf32>
    %1 = arith.mulf %0, %half : vector<8xf32>
    %2 = arith.mulf %b, %a : vector<8xf32>
    %3 = arith.subf %a, %2 : vector<8xf32>
    %4 = arith.subf %1, %3 : vector<8xf32>
    vector.store %4, %y[%c0] : memref<64xf32>, vector<8xf32>
    %5 = arith.negf %a : vector<8xf32>
    %6 = arith.subf %one, %b : vector<8xf32>
    %7 = arith.divf %5, %6 : vector<8xf32>
    vector.store %7, %y[%c8] : memref<64xf32>, vector<8xf32>
    %s = memref.load %x[%c20] : memref<64xf32>
    %eps = arith.constant 1.0e-5 : f32
    %inf = arith.constant 0x7f800000 : f32
    %8 = arith.mulf %s, %eps : f32
    %9 = arith.addf %8, %inf : f32
    memref.store %9, %y[%c16] : memref<64xf32>
    %10 = arith.maximumf %a, %b : vector<8xf32>
    vector.store %10, %y[%c24] : memref<64xf32>, vector<8xf32>
    %11 = arith.maximumf %a, %zero : vector<8xf32>
    %12 = arith.minimumf %11, %six : vector<8xf32>
    vector.store %12, %y[%c32] : memref<64xf32>, vector<8xf32>
    %13 = math.fma %a, %three, %b : vector<8xf32>
    %14 = vector.reduction <add>, %13 : vector<8xf32> into f32
    memref.store %14, %y[%c17] : memref<64xf32>
    %15 = vector.extract %a[3] : f32 from vector<8xf32>
    memref.store %15, %y[%c18] : memref<64xf32>
    %16 = vector.shuffle %a, %b [0, 8, 1, 9, 2, 10, 3, 11] : vector<8xf32>, vector<8xf32>
    vector.store %16, %y[%c40] : memref<64xf32>, vector<8xf32>
    %17 = math.absf %a : vector<8xf32>
    %18 = math.sqrt %17 : vector<8xf32>
    %19 = math.copysign %18, %b : vector<8xf32>
    vector.store %19, %y[%c48] : memref<64xf32>, vector<8xf32>
    %t = memref.load %x[%c20] : memref<64xf32>
    %u = memref.load %x[%c20] : memref<64xf32>
    %two = arith.constant 2.0 : f32
    %nz = arith.constant -0.0 : f32
    %20 = vector.from_elements %t, %two, %u, %nz : vector<4xf32>
    vector.store %20, %y[%c56] : memref<64xf32>, vector<4xf32>
    return
  }

  // A mask is as wide as what was compared; selecting values of another width is select's business.
  // CHECK-LABEL: void masks(
  // CHECK: const auto mask = (v > 0.0f) & ~(v >= v2);
  // CHECK-NEXT: store(y, select(mask, v, 0.0f));
  // CHECK-NEXT: store(y + 8, convert<f32x8>(select(mask, load<i64x8>(n), int64_t(7))));
  // CHECK-NEXT: store_mask(flags, mask);
  // CHECK-NEXT: store(y + 16, select(load_mask<i32x8>(flags), 1.0f, v));
  // CHECK-NEXT: store(y + 24, convert<f32x8>(mask_bits<i32x8>(load<i64x8>(n) < 3)));
  // CHECK-NEXT: const auto mask2 = (v < v2) & convert_mask<i32x8>(load<i64x8>(n) == load<i64x8>(n + 8));
  // CHECK-NEXT: store(y + 32, select(mask2, v, v2));
  // CHECK-NEXT: const bool condition = n[0] < 3 && n[1] != -1;
  // CHECK-NEXT: y[48] = condition ? x[0] : 2.0f;
  // CHECK-NEXT: if (!condition) {
  func.func private @masks(%x: memref<64xf32> loc("x"), %n: memref<16xi64> loc("n"), %flags: memref<8xi1> loc("flags"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c24 = arith.constant 24 : index
    %c32 = arith.constant 32 : index
    %c48 = arith.constant 48 : index
    %zero = arith.constant dense<0.0> : vector<8xf32>
    %one = arith.constant dense<1.0> : vector<8xf32>
    %seven = arith.constant dense<7> : vector<8xi64>
    %three = arith.constant dense<3> : vector<8xi64>
    %a = vector.load %x[%c0] : memref<64xf32>, vector<8xf32>
    %b = vector.load %x[%c8] : memref<64xf32>, vector<8xf32>
    %p = arith.cmpf ogt, %a, %zero : vector<8xf32>
    %q = arith.cmpf ult, %a, %b : vector<8xf32>
    %m = arith.andi %p, %q : vector<8xi1>
    %0 = arith.select %m, %a, %zero : vector<8xi1>, vector<8xf32>
    vector.store %0, %y[%c0] : memref<64xf32>, vector<8xf32>
    %i = vector.load %n[%c0] : memref<16xi64>, vector<8xi64>
    %1 = arith.select %m, %i, %seven : vector<8xi1>, vector<8xi64>
    %2 = arith.sitofp %1 : vector<8xi64> to vector<8xf32>
    vector.store %2, %y[%c8] : memref<64xf32>, vector<8xf32>
    vector.store %m, %flags[%c0] : memref<8xi1>, vector<8xi1>
    %3 = vector.load %flags[%c0] : memref<8xi1>, vector<8xi1>
    %4 = arith.select %3, %one, %a : vector<8xi1>, vector<8xf32>
    vector.store %4, %y[%c16] : memref<64xf32>, vector<8xf32>
    %j = vector.load %n[%c0] : memref<16xi64>, vector<8xi64>
    %5 = arith.cmpi slt, %j, %three : vector<8xi64>
    %6 = arith.uitofp %5 : vector<8xi1> to vector<8xf32>
    vector.store %6, %y[%c24] : memref<64xf32>, vector<8xf32>
    %7 = arith.cmpf olt, %a, %b : vector<8xf32>
    %k = vector.load %n[%c0] : memref<16xi64>, vector<8xi64>
    %l = vector.load %n[%c8] : memref<16xi64>, vector<8xi64>
    %8 = arith.cmpi eq, %k, %l : vector<8xi64>
    %9 = arith.andi %7, %8 : vector<8xi1>
    %10 = arith.select %9, %a, %b : vector<8xi1>, vector<8xf32>
    vector.store %10, %y[%c32] : memref<64xf32>, vector<8xf32>
    %n0 = memref.load %n[%c0] : memref<16xi64>
    %n1 = memref.load %n[%c1] : memref<16xi64>
    %k3 = arith.constant 3 : i64
    %minus = arith.constant -1 : i64
    %11 = arith.cmpi slt, %n0, %k3 : i64
    %12 = arith.cmpi ne, %n1, %minus : i64
    %13 = arith.andi %11, %12 : i1
    %x0 = memref.load %x[%c0] : memref<64xf32>
    %two = arith.constant 2.0 : f32
    %14 = arith.select %13, %x0, %two : f32
    memref.store %14, %y[%c48] : memref<64xf32>
    %true = arith.constant true
    %15 = arith.xori %13, %true : i1
    scf.if %15 {
      memref.store %two, %y[%c0] : memref<64xf32>
    }
    return
  }

  // Narrow integers come back from int; signless values are read as unsigned where the operation says so.
  // CHECK-LABEL: void integers(
  // CHECK-NEXT: const int8_t s = a[0];
  // CHECK-NEXT: b[0] = int8_t(s + a[1]);
  // CHECK-NEXT: n[0] = int64_t(s) * 1000000 + int64_t(uint8_t(s));
  // CHECK-NEXT: n[1] = (n[0] >> 3) & 255;
  // CHECK-NEXT: n[2] = max_signed(n[0], int64_t(5)) << 2;
  // CHECK-NEXT: n[3] = bitcast<int64_t>(2.5);
  // CHECK-NEXT: n[4] = int64_t(bitcast<int32_t>(1.5f) & 0x7f800000);
  // CHECK-NEXT: n[5] = as_unsigned(n[0]) < as_unsigned(int64_t(9)) ? int64_t(1) : n[2] % 7;
  // CHECK-NEXT: store(n + 8, convert<i64x8>(load<i8x8>(a)) + convert_unsigned<i64x8>(load<i8x8>(a)));
  func.func private @integers(%a: memref<16xi8> loc("a"), %b: memref<16xi8> loc("b"), %n: memref<16xi64> loc("n")) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %c8 = arith.constant 8 : index
    %p = memref.load %a[%c0] : memref<16xi8>
    %q = memref.load %a[%c1] : memref<16xi8>
    %0 = arith.addi %p, %q : i8
    memref.store %0, %b[%c0] : memref<16xi8>
    %1 = arith.extsi %p : i8 to i64
    %2 = arith.extui %p : i8 to i64
    %million = arith.constant 1000000 : i64
    %3 = arith.muli %1, %million : i64
    %4 = arith.addi %3, %2 : i64
    memref.store %4, %n[%c0] : memref<16xi64>
    %5 = memref.load %n[%c0] : memref<16xi64>
    %k3 = arith.constant 3 : i64
    %k255 = arith.constant 255 : i64
    %6 = arith.shrsi %5, %k3 : i64
    %7 = arith.andi %6, %k255 : i64
    memref.store %7, %n[%c1] : memref<16xi64>
    %8 = memref.load %n[%c0] : memref<16xi64>
    %k5 = arith.constant 5 : i64
    %k2 = arith.constant 2 : i64
    %9 = arith.maxsi %8, %k5 : i64
    %10 = arith.shli %9, %k2 : i64
    memref.store %10, %n[%c2] : memref<16xi64>
    %d = arith.constant 2.5 : f64
    %11 = arith.bitcast %d : f64 to i64
    memref.store %11, %n[%c3] : memref<16xi64>
    %f = arith.constant 1.5 : f32
    %12 = arith.bitcast %f : f32 to i32
    %exponent = arith.constant 0x7f800000 : i32
    %13 = arith.andi %12, %exponent : i32
    %14 = arith.extsi %13 : i32 to i64
    memref.store %14, %n[%c4] : memref<16xi64>
    %15 = memref.load %n[%c0] : memref<16xi64>
    %16 = memref.load %n[%c2] : memref<16xi64>
    %k9 = arith.constant 9 : i64
    %k7 = arith.constant 7 : i64
    %k1 = arith.constant 1 : i64
    %17 = arith.cmpi ult, %15, %k9 : i64
    %18 = arith.remsi %16, %k7 : i64
    %19 = arith.select %17, %k1, %18 : i64
    memref.store %19, %n[%c5] : memref<16xi64>
    %20 = vector.load %a[%c0] : memref<16xi8>, vector<8xi8>
    %21 = vector.load %a[%c0] : memref<16xi8>, vector<8xi8>
    %22 = arith.extsi %20 : vector<8xi8> to vector<8xi64>
    %23 = arith.extui %21 : vector<8xi8> to vector<8xi64>
    %24 = arith.addi %22, %23 : vector<8xi64>
    vector.store %24, %n[%c8] : memref<16xi64>, vector<8xi64>
    return
  }

  // Of bfloat16 the printer sees the bits.
  // CHECK-LABEL: void products(
  // CHECK: store(y, dot(load<i16x2>(x), load<i16x16>(w), load<f32x8>(y)));
  // CHECK-NEXT: y[8] = dot(load<i16x2>(x + 2), load<i16x2>(w + 16), y[8]);
  // CHECK-NEXT: store(n, dot_unsigned(load<i8x4>(a), load<i8x32>(a + 4), load<i32x8>(n)));
  func.func private @products(%x: memref<64xbf16> loc("x"), %w: memref<64xbf16> loc("w"), %y: memref<64xf32> loc("y"), %a: memref<64xi8> loc("a"), %n: memref<64xi32> loc("n")) {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %0 = vector.load %x[%c0] : memref<64xbf16>, vector<2xbf16>
    %1 = vector.load %w[%c0] : memref<64xbf16>, vector<16xbf16>
    %2 = vector.load %y[%c0] : memref<64xf32>, vector<8xf32>
    %3 = ingot.dot %0, %1, %2 : vector<2xbf16>, vector<16xbf16>, vector<8xf32>
    vector.store %3, %y[%c0] : memref<64xf32>, vector<8xf32>
    %4 = vector.load %x[%c2] : memref<64xbf16>, vector<2xbf16>
    %5 = vector.load %w[%c16] : memref<64xbf16>, vector<2xbf16>
    %6 = memref.load %y[%c8] : memref<64xf32>
    %7 = ingot.dot %4, %5, %6 : vector<2xbf16>, vector<2xbf16>, f32
    memref.store %7, %y[%c8] : memref<64xf32>
    %8 = vector.load %a[%c0] : memref<64xi8>, vector<4xi8>
    %9 = vector.load %a[%c4] : memref<64xi8>, vector<32xi8>
    %10 = vector.load %n[%c0] : memref<64xi32>, vector<8xi32>
    %11 = ingot.dot %8, %9, %10 unsigned : vector<4xi8>, vector<32xi8>, vector<8xi32>
    vector.store %11, %n[%c0] : memref<64xi32>, vector<8xi32>
    return
  }

  // Division rounds down; where nothing is negative, it is C++'s own.
  // CHECK-LABEL: void offsets(
  // CHECK-NEXT: for (ptrdiff_t i = 0; i < 12; ++i) {
  // CHECK-NEXT: const ptrdiff_t offset = min_index(i + 4, 12);
  // CHECK-NEXT: for (ptrdiff_t i2 = max_index(0, i - 3); i2 < offset; i2 += 2) {
  // CHECK-NEXT: y[i % 4 + i2] = x[i / 4 * 5 + i2 * 2 + 1];
  // CHECK-NEXT: y[i - i2 * 3] = x[floor_div(i - 5, 3) + 8];
  func.func private @offsets(%x: memref<64xf32> loc("x"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c12 = arith.constant 12 : index
    scf.for %i = %c0 to %c12 step %c1 {
      %first = affine.max affine_map<(d0) -> (0, d0 - 3)>(%i)
      %last = affine.min affine_map<(d0) -> (d0 + 4, 12)>(%i)
      scf.for %j = %first to %last step %c2 {
        %0 = affine.apply affine_map<(d0, d1) -> ((d0 floordiv 4) * 5 + d1 * 2 + 1)>(%i, %j)
        %1 = memref.load %x[%0] : memref<64xf32>
        %2 = affine.apply affine_map<(d0, d1) -> (d0 mod 4 + d1)>(%i, %j)
        memref.store %1, %y[%2] : memref<64xf32>
        %3 = affine.apply affine_map<(d0) -> ((d0 - 5) floordiv 3 + 8)>(%i)
        %4 = memref.load %x[%3] : memref<64xf32>
        %5 = affine.apply affine_map<(d0, d1) -> (d0 - d1 * 3)>(%i, %j)
        memref.store %4, %y[%5] : memref<64xf32>
      }
    }
    return
  }

  // A constant bound is taken where the other is no number, or both are zeros.
  // CHECK-LABEL: void bounds(
  // CHECK-NEXT: const f32x8 v = load<f32x8>(x);
  // CHECK-NEXT: store(y, number_at_most(number_at_least(v, 0.0f), 6.0f));
  // CHECK-NEXT: store(y + 8, max_number(v, load<f32x8>(x + 8)));
  func.func private @bounds(%x: memref<64xf32> loc("x"), %y: memref<64xf32> loc("y")) {
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %zero = arith.constant dense<0.0> : vector<8xf32>
    %six = arith.constant dense<6.0> : vector<8xf32>
    %a = vector.load %x[%c0] : memref<64xf32>, vector<8xf32>
    %b = vector.load %x[%c8] : memref<64xf32>, vector<8xf32>
    %0 = arith.maxnumf %a, %zero : vector<8xf32>
    %1 = arith.minnumf %0, %six : vector<8xf32>
    vector.store %1, %y[%c0] : memref<64xf32>, vector<8xf32>
    %2 = arith.maxnumf %a, %b : vector<8xf32>
    vector.store %2, %y[%c8] : memref<64xf32>, vector<8xf32>
    return
  }
}
