// e^x; error below 1.5 ULP
inline f32x8 exp_f32x8(f32x8 x) noexcept {
  constexpr float c = 12582912.0f;
  const f32x8 v = select(x < -104.0f, -104.0f, x), v2 = select(v > 89.0f, 89.0f, v);
  const f32x8 v3 = fma(v2, 1.442695f, c), n = v3 - c;
  const f32x8 r = fma(n, -1.4286068e-06f, fma(n, -0.69314575f, v2));
  const f32x8 v4 = fma(fma(fma(0.0013840399f, r, 0.008369349f), r, 0.041668084f), r, 0.16666515f);
  const f32x8 fraction = fma(r * r, fma(v4, r, 0.49999994f), r);
  const i32x8 v5 = bitcast<i32x8>(v3) - 0x4b400000, v6 = v5 >> 1;
  return (fraction + 1.0f) * bitcast<f32x8>((v6 + 127) << 23) *
      bitcast<f32x8>((v5 - v6 + 127) << 23);
}

// e^x; error below 1.5 ULP
inline f32x4 exp_f32x4(f32x4 x) noexcept {
  constexpr float c = 12582912.0f;
  const f32x4 v = select(x < -104.0f, -104.0f, x), v2 = select(v > 89.0f, 89.0f, v);
  const f32x4 v3 = fma(v2, 1.442695f, c), n = v3 - c;
  const f32x4 r = fma(n, -1.4286068e-06f, fma(n, -0.69314575f, v2));
  const f32x4 v4 = fma(fma(fma(0.0013840399f, r, 0.008369349f), r, 0.041668084f), r, 0.16666515f);
  const f32x4 fraction = fma(r * r, fma(v4, r, 0.49999994f), r);
  const i32x4 v5 = bitcast<i32x4>(v3) - 0x4b400000, v6 = v5 >> 1;
  return (fraction + 1.0f) * bitcast<f32x4>((v6 + 127) << 23) *
      bitcast<f32x4>((v5 - v6 + 127) << 23);
}

void gemm_sigmoid(const float *__restrict x, const float *__restrict w, const float *__restrict y,
    float *__restrict out) noexcept;
namespace {

void gemm_sigmoid_tile_6x16(const float *__restrict x, const float *__restrict w,
    const float *__restrict y, float *__restrict out, ptrdiff_t m, ptrdiff_t n) noexcept {
  f32x8 acc_0_0{}, acc_0_1{}, acc_1_0{}, acc_1_1{}, acc_2_0{}, acc_2_1{}, acc_3_0{}, acc_3_1{};
  f32x8 acc_4_0{}, acc_4_1{}, acc_5_0{}, acc_5_1{};
  for (ptrdiff_t r = 0; r < 24; ++r) {
    const ptrdiff_t at = m * 24 + r, at2 = n * 24 + r * 16;
    const f32x8 w2 = load<f32x8>(w + at2), x2 = splat<f32x8>(x[at]);
    acc_0_0 = fma(x2, w2, acc_0_0);
    const f32x8 w3 = load<f32x8>(w + at2 + 8);
    acc_0_1 = fma(x2, w3, acc_0_1);
    const f32x8 x3 = splat<f32x8>(x[at + 24]);
    acc_1_0 = fma(x3, w2, acc_1_0);
    acc_1_1 = fma(x3, w3, acc_1_1);
    const f32x8 x4 = splat<f32x8>(x[at + 48]);
    acc_2_0 = fma(x4, w2, acc_2_0);
    acc_2_1 = fma(x4, w3, acc_2_1);
    const f32x8 x5 = splat<f32x8>(x[at + 72]);
    acc_3_0 = fma(x5, w2, acc_3_0);
    acc_3_1 = fma(x5, w3, acc_3_1);
    const f32x8 x6 = splat<f32x8>(x[at + 96]);
    acc_4_0 = fma(x6, w2, acc_4_0);
    acc_4_1 = fma(x6, w3, acc_4_1);
    const f32x8 x7 = splat<f32x8>(x[at + 120]);
    acc_5_0 = fma(x7, w2, acc_5_0);
    acc_5_1 = fma(x7, w3, acc_5_1);
  }
  const f32x8 y2 = load<f32x8>(y + n);
  const ptrdiff_t at = m * 20 + n;
  store(out + at, 1.0f / (exp_f32x8(-(acc_0_0 + y2)) + 1.0f));
  const f32x8 y3 = load<f32x8>(y + n + 8);
  store(out + at + 8, 1.0f / (exp_f32x8(-(acc_0_1 + y3)) + 1.0f));
  store(out + at + 20, 1.0f / (exp_f32x8(-(acc_1_0 + y2)) + 1.0f));
  store(out + at + 28, 1.0f / (exp_f32x8(-(acc_1_1 + y3)) + 1.0f));
  store(out + at + 40, 1.0f / (exp_f32x8(-(acc_2_0 + y2)) + 1.0f));
  store(out + at + 48, 1.0f / (exp_f32x8(-(acc_2_1 + y3)) + 1.0f));
  store(out + at + 60, 1.0f / (exp_f32x8(-(acc_3_0 + y2)) + 1.0f));
  store(out + at + 68, 1.0f / (exp_f32x8(-(acc_3_1 + y3)) + 1.0f));
  store(out + at + 80, 1.0f / (exp_f32x8(-(acc_4_0 + y2)) + 1.0f));
  store(out + at + 88, 1.0f / (exp_f32x8(-(acc_4_1 + y3)) + 1.0f));
  store(out + at + 100, 1.0f / (exp_f32x8(-(acc_5_0 + y2)) + 1.0f));
  store(out + at + 108, 1.0f / (exp_f32x8(-(acc_5_1 + y3)) + 1.0f));
}

void gemm_sigmoid_tile_6x4(const float *__restrict x, const float *__restrict w,
    const float *__restrict y, float *__restrict out, ptrdiff_t m, ptrdiff_t n) noexcept {
  f32x8 acc_0{}, acc_1{}, acc_2{}, acc_3{}, acc_4{}, acc_5{};
  for (ptrdiff_t r = 0; r < 24; ++r) {
    const ptrdiff_t at = m * 24 + r;
    const f32x8 w2 = load<f32x8>(w + n * 24 + r * 8);
    acc_0 = fma(x[at], w2, acc_0); acc_1 = fma(x[at + 24], w2, acc_1);
    acc_2 = fma(x[at + 48], w2, acc_2); acc_3 = fma(x[at + 72], w2, acc_3);
    acc_4 = fma(x[at + 96], w2, acc_4); acc_5 = fma(x[at + 120], w2, acc_5);
  }
  const f32x4 y2 = load<f32x4>(y + n);
  const f32x4 v = 1.0f / (exp_f32x4(-(shuffle<0, 1, 2, 3>(acc_0) + y2)) + 1.0f);
  const ptrdiff_t at = m * 20 + n;
  store(out + at, v);
  const f32x4 v2 = 1.0f / (exp_f32x4(-(shuffle<0, 1, 2, 3>(acc_1) + y2)) + 1.0f);
  store(out + at + 20, v2);
  const f32x4 v3 = 1.0f / (exp_f32x4(-(shuffle<0, 1, 2, 3>(acc_2) + y2)) + 1.0f);
  store(out + at + 40, v3);
  const f32x4 v4 = 1.0f / (exp_f32x4(-(shuffle<0, 1, 2, 3>(acc_3) + y2)) + 1.0f);
  store(out + at + 60, v4);
  const f32x4 v5 = 1.0f / (exp_f32x4(-(shuffle<0, 1, 2, 3>(acc_4) + y2)) + 1.0f);
  store(out + at + 80, v5);
  const f32x4 v6 = 1.0f / (exp_f32x4(-(shuffle<0, 1, 2, 3>(acc_5) + y2)) + 1.0f);
  store(out + at + 100, v6);
}

} // namespace

// gemm (Gemm), y (Sigmoid): 12x24, 20x24, 20 -> 12x20
void gemm_sigmoid(const float *__restrict x, const float *__restrict w, const float *__restrict y,
    float *__restrict out) noexcept {
  for (ptrdiff_t m = 0; m < 12; m += 6) {
    gemm_sigmoid_tile_6x16(x, w, y, out, m, 0);
  }
  for (ptrdiff_t m = 0; m < 12; m += 6) {
    gemm_sigmoid_tile_6x4(x, w, y, out, m, 16);
  }
}
