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

// hyperbolic tangent; error below 3 ULP
inline f32x8 tanh_f32x8(f32x8 x) noexcept {
  constexpr float c = 12582912.0f;
  const f32x8 v = abs(x), v2 = select(v > 1e+01f, 1e+01f, v) * -2.0f, v3 = fma(v2, 1.442695f, c);
  const f32x8 v4 = bitcast<f32x8>((bitcast<i32x8>(v3) - 0x4b400000 + 127) << 23), n = v3 - c;
  const f32x8 r = fma(n, -1.4286068e-06f, fma(n, -0.69314575f, v2));
  const f32x8 v5 = fma(fma(fma(0.0013840399f, r, 0.008369349f), r, 0.041668084f), r, 0.16666515f);
  const f32x8 fraction = fma(r * r, fma(v5, r, 0.49999994f), r), u = fma(v4, fraction, v4 - 1.0f);
  return copysign(u / (u + 2.0f), x);
}

void lstm_2(const float *__restrict x, const float *__restrict w, const float *__restrict y,
    float *__restrict out) noexcept;
void lstm_6(const float *__restrict x, const float *__restrict w, float *__restrict out) noexcept;
void lstm_3(const float *__restrict w, float *__restrict out) noexcept;
void lstm(const float *__restrict x, float *__restrict out) noexcept;
void lstm_7(const float *__restrict x, const float *__restrict y, const float *__restrict z,
    float *__restrict out) noexcept;
void lstm_4(const float *__restrict x, const float *__restrict y, float *__restrict out) noexcept;
void lstm_5(const float *__restrict x, const float *__restrict y, const float *__restrict z,
    float *__restrict out) noexcept;
namespace {

void lstm_2_tile_2x32(const float *__restrict x, const float *__restrict w,
    const float *__restrict y, float *__restrict out, ptrdiff_t m) noexcept {
  f32x8 acc_0_0{}, acc_0_1{}, acc_0_2{}, acc_0_3{}, acc_1_0{}, acc_1_1{}, acc_1_2{}, acc_1_3{};
  for (ptrdiff_t r = 0; r < 8; r += 2) {
    const ptrdiff_t at = m * 8 + r, at2 = r * 32;
    const f32x8 w2 = load<f32x8>(w + at2), x2 = splat<f32x8>(x[at]);
    acc_0_0 = fma(x2, w2, acc_0_0);
    const f32x8 w3 = load<f32x8>(w + at2 + 8);
    acc_0_1 = fma(x2, w3, acc_0_1);
    const f32x8 w4 = load<f32x8>(w + at2 + 16);
    acc_0_2 = fma(x2, w4, acc_0_2);
    const f32x8 w5 = load<f32x8>(w + at2 + 24);
    acc_0_3 = fma(x2, w5, acc_0_3);
    const f32x8 x3 = splat<f32x8>(x[at + 8]);
    acc_1_0 = fma(x3, w2, acc_1_0); acc_1_1 = fma(x3, w3, acc_1_1); acc_1_2 = fma(x3, w4, acc_1_2);
    acc_1_3 = fma(x3, w5, acc_1_3);
    const f32x8 w6 = load<f32x8>(w + at2 + 32), x4 = splat<f32x8>(x[at + 1]);
    acc_0_0 = fma(x4, w6, acc_0_0);
    const f32x8 w7 = load<f32x8>(w + at2 + 40);
    acc_0_1 = fma(x4, w7, acc_0_1);
    const f32x8 w8 = load<f32x8>(w + at2 + 48);
    acc_0_2 = fma(x4, w8, acc_0_2);
    const f32x8 w9 = load<f32x8>(w + at2 + 56);
    acc_0_3 = fma(x4, w9, acc_0_3);
    const f32x8 x5 = splat<f32x8>(x[at + 9]);
    acc_1_0 = fma(x5, w6, acc_1_0); acc_1_1 = fma(x5, w7, acc_1_1); acc_1_2 = fma(x5, w8, acc_1_2);
    acc_1_3 = fma(x5, w9, acc_1_3);
  }
  const f32x8 y2 = load<f32x8>(y);
  const ptrdiff_t at = m * 32;
  store(out + at, acc_0_0 + y2);
  const f32x8 y3 = load<f32x8>(y + 8);
  store(out + at + 8, acc_0_1 + y3);
  const f32x8 y4 = load<f32x8>(y + 16);
  store(out + at + 16, acc_0_2 + y4);
  const f32x8 y5 = load<f32x8>(y + 24);
  store(out + at + 24, acc_0_3 + y5); store(out + at + 32, acc_1_0 + y2);
  store(out + at + 40, acc_1_1 + y3); store(out + at + 48, acc_1_2 + y4);
  store(out + at + 56, acc_1_3 + y5);
}

} // namespace

// all (LSTM): 2x1x8, 32x8, 32 -> 2x1x32
void lstm_2(const float *__restrict x, const float *__restrict w, const float *__restrict y,
    float *__restrict out) noexcept {
  lstm_2_tile_2x32(x, w, y, out, 0);
}

// all (LSTM): 1x8, 32x8 -> 1x32
void lstm_6(const float *__restrict x, const float *__restrict w, float *__restrict out) noexcept {
  f32x8 acc_0{}, acc_1{}, acc_2{}, acc_3{};
  for (ptrdiff_t r = 0; r < 8; r += 4) {
    const ptrdiff_t at = r * 32;
    const f32x8 x2 = splat<f32x8>(x[r]), x3 = splat<f32x8>(x[r + 1]);
    const f32x8 acc_0_2 = fma(x3, load<f32x8>(w + at + 32), fma(x2, load<f32x8>(w + at), acc_0));
    const f32x8 acc_1_2 = fma(x3, load<f32x8>(w + at + 40),
        fma(x2, load<f32x8>(w + at + 8), acc_1));
    const f32x8 acc_2_2 = fma(x3, load<f32x8>(w + at + 48),
        fma(x2, load<f32x8>(w + at + 16), acc_2));
    const f32x8 acc_3_2 = fma(x3, load<f32x8>(w + at + 56),
        fma(x2, load<f32x8>(w + at + 24), acc_3));
    const f32x8 x4 = splat<f32x8>(x[r + 2]), x5 = splat<f32x8>(x[r + 3]);
    acc_0 = fma(x5, load<f32x8>(w + at + 96), fma(x4, load<f32x8>(w + at + 64), acc_0_2));
    acc_1 = fma(x5, load<f32x8>(w + at + 104), fma(x4, load<f32x8>(w + at + 72), acc_1_2));
    acc_2 = fma(x5, load<f32x8>(w + at + 112), fma(x4, load<f32x8>(w + at + 80), acc_2_2));
    acc_3 = fma(x5, load<f32x8>(w + at + 120), fma(x4, load<f32x8>(w + at + 88), acc_3_2));
  }
  store(out, acc_0); store(out + 8, acc_1); store(out + 16, acc_2); store(out + 24, acc_3);
}

// all (LSTM): 32x8 -> 1x32
void lstm_3(const float *__restrict w, float *__restrict out) noexcept {
  f32x8 acc_0{}, acc_1{}, acc_2{}, acc_3{};
  for (ptrdiff_t r = 0; r < 8; r += 4) {
    const ptrdiff_t at = r * 32;
    const f32x8 acc_0_2 = fma(load<f32x8>(w + at + 32), 0.0f,
        fma(load<f32x8>(w + at), 0.0f, acc_0));
    const f32x8 acc_1_2 = fma(load<f32x8>(w + at + 40), 0.0f,
        fma(load<f32x8>(w + at + 8), 0.0f, acc_1));
    const f32x8 acc_2_2 = fma(load<f32x8>(w + at + 48), 0.0f,
        fma(load<f32x8>(w + at + 16), 0.0f, acc_2));
    const f32x8 acc_3_2 = fma(load<f32x8>(w + at + 56), 0.0f,
        fma(load<f32x8>(w + at + 24), 0.0f, acc_3));
    acc_0 = fma(load<f32x8>(w + at + 96), 0.0f, fma(load<f32x8>(w + at + 64), 0.0f, acc_0_2));
    acc_1 = fma(load<f32x8>(w + at + 104), 0.0f, fma(load<f32x8>(w + at + 72), 0.0f, acc_1_2));
    acc_2 = fma(load<f32x8>(w + at + 112), 0.0f, fma(load<f32x8>(w + at + 80), 0.0f, acc_2_2));
    acc_3 = fma(load<f32x8>(w + at + 120), 0.0f, fma(load<f32x8>(w + at + 88), 0.0f, acc_3_2));
  }
  store(out, acc_0); store(out + 8, acc_1); store(out + 16, acc_2); store(out + 24, acc_3);
}

// all (LSTM): 64 -> 32
void lstm(const float *__restrict x, float *__restrict out) noexcept {
  store(out, load<f32x8>(x) + load<f32x8>(x + 32));
  store(out + 8, load<f32x8>(x + 8) + load<f32x8>(x + 40));
  store(out + 16, load<f32x8>(x + 16) + load<f32x8>(x + 48));
  store(out + 24, load<f32x8>(x + 24) + load<f32x8>(x + 56));
}

// all (LSTM): 2x1x32, 1x32, 1x8 -> 1x8
void lstm_7(const float *__restrict x, const float *__restrict y, const float *__restrict z,
    float *__restrict out) noexcept {
  const f32x8 v = exp_f32x8(-(load<f32x8>(x + 32) + load<f32x8>(y))) + 1.0f;
  const f32x8 v2 = exp_f32x8(-(load<f32x8>(x + 48) + load<f32x8>(y + 16))) + 1.0f;
  const f32x8 v3 = 1.0f / v * tanh_f32x8(load<f32x8>(x + 56) + load<f32x8>(y + 24));
  const f32x8 v4 = exp_f32x8(-(load<f32x8>(x + 40) + load<f32x8>(y + 8))) + 1.0f;
  const f32x8 v5 = 1.0f / v4 * tanh_f32x8(1.0f / v2 * load<f32x8>(z) + v3);
  store(out, v5);
}

// all (LSTM): 2x1x32, 1x32 -> 1x8
void lstm_4(const float *__restrict x, const float *__restrict y, float *__restrict out) noexcept {
  const f32x8 v = exp_f32x8(-(load<f32x8>(x) + load<f32x8>(y))) + 1.0f;
  const f32x8 v2 = exp_f32x8(-(load<f32x8>(x + 16) + load<f32x8>(y + 16))) + 1.0f;
  const f32x8 v3 = 1.0f / v * tanh_f32x8(load<f32x8>(x + 24) + load<f32x8>(y + 24));
  store(out, 1.0f / v2 * 0.0f + v3);
}

// all (LSTM): 2x1x32, 1x32, 1x8 -> 1x8
void lstm_5(const float *__restrict x, const float *__restrict y, const float *__restrict z,
    float *__restrict out) noexcept {
  const f32x8 v = exp_f32x8(-(load<f32x8>(x + 8) + load<f32x8>(y + 8))) + 1.0f;
  store(out, 1.0f / v * tanh_f32x8(load<f32x8>(z)));
}
