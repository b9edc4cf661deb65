// error function; error below 2 ULP
inline f32x8 erf_f32x8(f32x8 x) noexcept {
  constexpr float c = 12582912.0f;
  const f32x8 v = abs(x), a = select(v > 3.92f, 3.92f, v);
  const f32x8 v2 = fma(fma(fma(0.0001982284f, a, -0.0030655535f), a, 0.022315372f), a,
      -0.104113854f);
  const f32x8 v3 = fma(fma(fma(v2, a, -0.636976f), a, -1.1277972f), a, -0.0001664524f);
  const f32x8 v4 = fma(v3, 1.442695f, c), n = v4 - c;
  const f32x8 r = fma(n, -1.4286068e-06f, fma(n, -0.69314575f, v3));
  const f32x8 v5 = fma(fma(fma(0.0013840399f, r, 0.008369349f), r, 0.041668084f), r, 0.16666515f);
  const f32x8 fraction = fma(r * r, fma(v5, r, 0.49999994f), r);
  const f32x8 v6 = (fraction + 1.0f) *
      bitcast<f32x8>((bitcast<i32x8>(v4) - 0x4b400000 + 127) << 23);
  const f32x8 v7 = a * a;
  const f32x8 v8 = fma(fma(fma(7.9431e-05f, v7, -0.0008039753f), v7, 0.005191753f), v7,
      -0.02685556f);
  const f32x8 v9 = fma(fma(fma(v8, v7, 0.11283624f), v7, -0.3761263f), v7, 0.12837917f);
  return select(a > 0.9f, copysign(1.0f - v6, x), fma(x, v9, x));
}

// error function; error below 2 ULP
inline f32x4 erf_f32x4(f32x4 x) noexcept {
  constexpr float c = 12582912.0f;
  const f32x4 v = abs(x), a = select(v > 3.92f, 3.92f, v);
  const f32x4 v2 = fma(fma(fma(0.0001982284f, a, -0.0030655535f), a, 0.022315372f), a,
      -0.104113854f);
  const f32x4 v3 = fma(fma(fma(v2, a, -0.636976f), a, -1.1277972f), a, -0.0001664524f);
  const f32x4 v4 = fma(v3, 1.442695f, c), n = v4 - c;
  const f32x4 r = fma(n, -1.4286068e-06f, fma(n, -0.69314575f, v3));
  const f32x4 v5 = fma(fma(fma(0.0013840399f, r, 0.008369349f), r, 0.041668084f), r, 0.16666515f);
  const f32x4 fraction = fma(r * r, fma(v5, r, 0.49999994f), r);
  const f32x4 v6 = (fraction + 1.0f) *
      bitcast<f32x4>((bitcast<i32x4>(v4) - 0x4b400000 + 127) << 23);
  const f32x4 v7 = a * a;
  const f32x4 v8 = fma(fma(fma(7.9431e-05f, v7, -0.0008039753f), v7, 0.005191753f), v7,
      -0.02685556f);
  const f32x4 v9 = fma(fma(fma(v8, v7, 0.11283624f), v7, -0.3761263f), v7, 0.12837917f);
  return select(a > 0.9f, copysign(1.0f - v6, x), fma(x, v9, x));
}

// error function; error below 2 ULP
inline float erf_f32(float x) noexcept {
  constexpr float c = 12582912.0f;
  const float s = abs(x), a = s > 3.92f ? 3.92f : s;
  const float s2 = fma(fma(fma(0.0001982284f, a, -0.0030655535f), a, 0.022315372f), a,
      -0.104113854f);
  const float s3 = fma(fma(fma(s2, a, -0.636976f), a, -1.1277972f), a, -0.0001664524f);
  const float s4 = fma(s3, 1.442695f, c), n = s4 - c;
  const float r = fma(n, -1.4286068e-06f, fma(n, -0.69314575f, s3));
  const float s5 = fma(fma(fma(0.0013840399f, r, 0.008369349f), r, 0.041668084f), r, 0.16666515f);
  const float fraction = fma(r * r, fma(s5, r, 0.49999994f), r);
  const float s6 = (fraction + 1.0f) *
      bitcast<float>((bitcast<int32_t>(s4) - 0x4b400000 + 127) << 23);
  const float s7 = a * a;
  const float s8 = fma(fma(fma(7.9431e-05f, s7, -0.0008039753f), s7, 0.005191753f), s7,
      -0.02685556f);
  const float s9 = fma(fma(fma(s8, s7, 0.11283624f), s7, -0.3761263f), s7, 0.12837917f);
  return a > 0.9f ? copysign(1.0f - s6, x) : fma(x, s9, x);
}

void mul(const float *__restrict x, float *__restrict out) noexcept;

// y (Mul): 5x19 -> 5x19
void mul(const float *__restrict x, float *__restrict out) noexcept {
  constexpr float c = 1.4142135f;
  for (ptrdiff_t n = 0; n < 88; n += 8) {
    const f32x8 x2 = load<f32x8>(x + n);
    store(out + n, x2 * (erf_f32x8(x2 / c) + 1.0f) * 0.5f);
  }
  const f32x4 x2 = load<f32x4>(x + 88);
  store(out + 88, x2 * (erf_f32x4(x2 / c) + 1.0f) * 0.5f);
  const float x3 = x[92];
  out[92] = x3 * (erf_f32(x3 / c) + 1.0f) * 0.5f;
  const float x4 = x[93];
  out[93] = x4 * (erf_f32(x4 / c) + 1.0f) * 0.5f;
  const float x5 = x[94];
  out[94] = x5 * (erf_f32(x5 / c) + 1.0f) * 0.5f;
}
