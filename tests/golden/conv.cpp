void conv_relu(const float *__restrict x, const float *__restrict w, const float *__restrict y,
    float *__restrict out) noexcept;
void conv(const float *__restrict x, float *__restrict out) noexcept;
namespace {

void conv_relu_tile_5x16(const float *__restrict x, const float *__restrict w,
    const float *__restrict y, float *__restrict out, ptrdiff_t j, ptrdiff_t m) noexcept {
  f32x8 acc_0_0{}, acc_0_1{}, acc_1_0{}, acc_1_1{}, acc_2_0{}, acc_2_1{}, acc_3_0{}, acc_3_1{};
  f32x8 acc_4_0{}, acc_4_1{};
  for (ptrdiff_t r = 0; r < 8; ++r) {
    for (ptrdiff_t s = 0; s < 3; ++s) {
      for (ptrdiff_t t = 0; t < 3; ++t) {
        const ptrdiff_t at = j * 22 + m * 2 + r * 121 + s * 11 + t, at2 = r * 144 + s * 48 + t * 16;
        const f32x8 w2 = load<f32x8>(w + at2), x2 = splat<f32x8>(x[at]);
        acc_0_0 = fma(x2, w2, acc_0_0);
        const f32x8 w3 = load<f32x8>(w + at2 + 8);
        acc_0_1 = fma(x2, w3, acc_0_1);
        const f32x8 x3 = splat<f32x8>(x[at + 2]);
        acc_1_0 = fma(x3, w2, acc_1_0);
        acc_1_1 = fma(x3, w3, acc_1_1);
        const f32x8 x4 = splat<f32x8>(x[at + 4]);
        acc_2_0 = fma(x4, w2, acc_2_0);
        acc_2_1 = fma(x4, w3, acc_2_1);
        const f32x8 x5 = splat<f32x8>(x[at + 6]);
        acc_3_0 = fma(x5, w2, acc_3_0);
        acc_3_1 = fma(x5, w3, acc_3_1);
        const f32x8 x6 = splat<f32x8>(x[at + 8]);
        acc_4_0 = fma(x6, w2, acc_4_0);
        acc_4_1 = fma(x6, w3, acc_4_1);
      }
    }
  }
  const f32x8 y2 = load<f32x8>(y), v = relu(acc_0_0 + y2);
  const ptrdiff_t at = j * 5 + m;
  out[at] = v[0]; out[at + 25] = v[1]; out[at + 50] = v[2]; out[at + 75] = v[3];
  out[at + 100] = v[4]; out[at + 125] = v[5]; out[at + 150] = v[6]; out[at + 175] = v[7];
  const f32x8 y3 = load<f32x8>(y + 8), v2 = relu(acc_0_1 + y3);
  out[at + 200] = v2[0]; out[at + 225] = v2[1]; out[at + 250] = v2[2]; out[at + 275] = v2[3];
  out[at + 300] = v2[4]; out[at + 325] = v2[5]; out[at + 350] = v2[6]; out[at + 375] = v2[7];
  const f32x8 v3 = relu(acc_1_0 + y2);
  out[at + 1] = v3[0]; out[at + 26] = v3[1]; out[at + 51] = v3[2]; out[at + 76] = v3[3];
  out[at + 101] = v3[4]; out[at + 126] = v3[5]; out[at + 151] = v3[6]; out[at + 176] = v3[7];
  const f32x8 v4 = relu(acc_1_1 + y3);
  out[at + 201] = v4[0]; out[at + 226] = v4[1]; out[at + 251] = v4[2]; out[at + 276] = v4[3];
  out[at + 301] = v4[4]; out[at + 326] = v4[5]; out[at + 351] = v4[6]; out[at + 376] = v4[7];
  const f32x8 v5 = relu(acc_2_0 + y2);
  out[at + 2] = v5[0]; out[at + 27] = v5[1]; out[at + 52] = v5[2]; out[at + 77] = v5[3];
  out[at + 102] = v5[4]; out[at + 127] = v5[5]; out[at + 152] = v5[6]; out[at + 177] = v5[7];
  const f32x8 v6 = relu(acc_2_1 + y3);
  out[at + 202] = v6[0]; out[at + 227] = v6[1]; out[at + 252] = v6[2]; out[at + 277] = v6[3];
  out[at + 302] = v6[4]; out[at + 327] = v6[5]; out[at + 352] = v6[6]; out[at + 377] = v6[7];
  const f32x8 v7 = relu(acc_3_0 + y2);
  out[at + 3] = v7[0]; out[at + 28] = v7[1]; out[at + 53] = v7[2]; out[at + 78] = v7[3];
  out[at + 103] = v7[4]; out[at + 128] = v7[5]; out[at + 153] = v7[6]; out[at + 178] = v7[7];
  const f32x8 v8 = relu(acc_3_1 + y3);
  out[at + 203] = v8[0]; out[at + 228] = v8[1]; out[at + 253] = v8[2]; out[at + 278] = v8[3];
  out[at + 303] = v8[4]; out[at + 328] = v8[5]; out[at + 353] = v8[6]; out[at + 378] = v8[7];
  const f32x8 v9 = relu(acc_4_0 + y2);
  out[at + 4] = v9[0]; out[at + 29] = v9[1]; out[at + 54] = v9[2]; out[at + 79] = v9[3];
  out[at + 104] = v9[4]; out[at + 129] = v9[5]; out[at + 154] = v9[6]; out[at + 179] = v9[7];
  const f32x8 v10 = relu(acc_4_1 + y3);
  out[at + 204] = v10[0]; out[at + 229] = v10[1]; out[at + 254] = v10[2]; out[at + 279] = v10[3];
  out[at + 304] = v10[4]; out[at + 329] = v10[5]; out[at + 354] = v10[6]; out[at + 379] = v10[7];
}

} // namespace

// conv (Conv), y (Relu): 1x8x11x11, 16x8x3x3, 16 -> 1x16x5x5
void conv_relu(const float *__restrict x, const float *__restrict w, const float *__restrict y,
    float *__restrict out) noexcept {
  for (ptrdiff_t j = 0; j < 5; ++j) {
    conv_relu_tile_5x16(x, w, y, out, j, 0);
  }
}

// conv (Conv): 1x8x10x10 -> 1x8x11x11
void conv(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 8; ++i) {
    const ptrdiff_t at = i * 121;
    store(out + at, splat<f32x8>(0.0f));
    out[at + 8] = 0.0f;
    out[at + 9] = 0.0f;
    out[at + 10] = 0.0f;
    for (ptrdiff_t j = 1; j < 11; ++j) {
      const ptrdiff_t at2 = i * 121 + j * 11;
      out[at2] = 0.0f;
      const ptrdiff_t at3 = i * 100 + j * 10;
      store(out + at2 + 1, load<f32x8>(x + (at3 - 10)));
      out[at2 + 9] = x[at3 - 2];
      out[at2 + 10] = x[at3 - 1];
    }
  }
}
