void conv(const float *__restrict x, const float *__restrict w, float *__restrict out) noexcept;
void conv_quantizelinear_dequantizelinear(const int16_t *__restrict x, const int8_t *__restrict w,
    const int8_t *__restrict y, float *__restrict out) noexcept;
void conv_quantizelinear(const float *__restrict x, const float *__restrict w,
    int8_t *__restrict out) noexcept;
void dequantizelinear_x_constant(const float *__restrict x, float *__restrict out) noexcept;
void conv_quantizelinear_quantizelinear(const int8_t *__restrict x,
    int16_t *__restrict out) noexcept;
namespace {

void conv_tile_6x16(const float *__restrict x, const float *__restrict w, float *__restrict out,
    ptrdiff_t m) noexcept {
  f32x8 acc_0_0{}, acc_0_1{}, acc_1_0{}, acc_1_1{}, acc_2_0{}, acc_2_1{}, acc_3_0{}, acc_3_1{};
  f32x8 acc_4_0{}, acc_4_1{}, acc_5_0{}, acc_5_1{};
  for (ptrdiff_t r = 0; r < 16; ++r) {
    const ptrdiff_t at = m * 16 + r, at2 = r * 16;
    const f32x8 w2 = load<f32x8>(w + at2), x2 = splat<f32x8>(x[at]);
    acc_0_0 = fma(x2, w2, acc_0_0);
    const f32x8 w3 = load<f32x8>(w + at2 + 8);
    acc_0_1 = fma(x2, w3, acc_0_1);
    const f32x8 x3 = splat<f32x8>(x[at + 16]);
    acc_1_0 = fma(x3, w2, acc_1_0);
    acc_1_1 = fma(x3, w3, acc_1_1);
    const f32x8 x4 = splat<f32x8>(x[at + 32]);
    acc_2_0 = fma(x4, w2, acc_2_0);
    acc_2_1 = fma(x4, w3, acc_2_1);
    const f32x8 x5 = splat<f32x8>(x[at + 48]);
    acc_3_0 = fma(x5, w2, acc_3_0);
    acc_3_1 = fma(x5, w3, acc_3_1);
    const f32x8 x6 = splat<f32x8>(x[at + 64]);
    acc_4_0 = fma(x6, w2, acc_4_0);
    acc_4_1 = fma(x6, w3, acc_4_1);
    const f32x8 x7 = splat<f32x8>(x[at + 80]);
    acc_5_0 = fma(x7, w2, acc_5_0);
    acc_5_1 = fma(x7, w3, acc_5_1);
  }
  out[m] = acc_0_0[0]; out[m + 6] = acc_0_0[1]; out[m + 12] = acc_0_0[2]; out[m + 18] = acc_0_0[3];
  out[m + 24] = acc_0_0[4]; out[m + 30] = acc_0_0[5]; out[m + 36] = acc_0_0[6];
  out[m + 42] = acc_0_0[7]; out[m + 48] = acc_0_1[0]; out[m + 54] = acc_0_1[1];
  out[m + 60] = acc_0_1[2]; out[m + 66] = acc_0_1[3]; out[m + 72] = acc_0_1[4];
  out[m + 78] = acc_0_1[5]; out[m + 84] = acc_0_1[6]; out[m + 90] = acc_0_1[7];
  out[m + 1] = acc_1_0[0]; out[m + 7] = acc_1_0[1]; out[m + 13] = acc_1_0[2];
  out[m + 19] = acc_1_0[3]; out[m + 25] = acc_1_0[4]; out[m + 31] = acc_1_0[5];
  out[m + 37] = acc_1_0[6]; out[m + 43] = acc_1_0[7]; out[m + 49] = acc_1_1[0];
  out[m + 55] = acc_1_1[1]; out[m + 61] = acc_1_1[2]; out[m + 67] = acc_1_1[3];
  out[m + 73] = acc_1_1[4]; out[m + 79] = acc_1_1[5]; out[m + 85] = acc_1_1[6];
  out[m + 91] = acc_1_1[7]; out[m + 2] = acc_2_0[0]; out[m + 8] = acc_2_0[1];
  out[m + 14] = acc_2_0[2]; out[m + 20] = acc_2_0[3]; out[m + 26] = acc_2_0[4];
  out[m + 32] = acc_2_0[5]; out[m + 38] = acc_2_0[6]; out[m + 44] = acc_2_0[7];
  out[m + 50] = acc_2_1[0]; out[m + 56] = acc_2_1[1]; out[m + 62] = acc_2_1[2];
  out[m + 68] = acc_2_1[3]; out[m + 74] = acc_2_1[4]; out[m + 80] = acc_2_1[5];
  out[m + 86] = acc_2_1[6]; out[m + 92] = acc_2_1[7]; out[m + 3] = acc_3_0[0];
  out[m + 9] = acc_3_0[1]; out[m + 15] = acc_3_0[2]; out[m + 21] = acc_3_0[3];
  out[m + 27] = acc_3_0[4]; out[m + 33] = acc_3_0[5]; out[m + 39] = acc_3_0[6];
  out[m + 45] = acc_3_0[7]; out[m + 51] = acc_3_1[0]; out[m + 57] = acc_3_1[1];
  out[m + 63] = acc_3_1[2]; out[m + 69] = acc_3_1[3]; out[m + 75] = acc_3_1[4];
  out[m + 81] = acc_3_1[5]; out[m + 87] = acc_3_1[6]; out[m + 93] = acc_3_1[7];
  out[m + 4] = acc_4_0[0]; out[m + 10] = acc_4_0[1]; out[m + 16] = acc_4_0[2];
  out[m + 22] = acc_4_0[3]; out[m + 28] = acc_4_0[4]; out[m + 34] = acc_4_0[5];
  out[m + 40] = acc_4_0[6]; out[m + 46] = acc_4_0[7]; out[m + 52] = acc_4_1[0];
  out[m + 58] = acc_4_1[1]; out[m + 64] = acc_4_1[2]; out[m + 70] = acc_4_1[3];
  out[m + 76] = acc_4_1[4]; out[m + 82] = acc_4_1[5]; out[m + 88] = acc_4_1[6];
  out[m + 94] = acc_4_1[7]; out[m + 5] = acc_5_0[0]; out[m + 11] = acc_5_0[1];
  out[m + 17] = acc_5_0[2]; out[m + 23] = acc_5_0[3]; out[m + 29] = acc_5_0[4];
  out[m + 35] = acc_5_0[5]; out[m + 41] = acc_5_0[6]; out[m + 47] = acc_5_0[7];
  out[m + 53] = acc_5_1[0]; out[m + 59] = acc_5_1[1]; out[m + 65] = acc_5_1[2];
  out[m + 71] = acc_5_1[3]; out[m + 77] = acc_5_1[4]; out[m + 83] = acc_5_1[5];
  out[m + 89] = acc_5_1[6]; out[m + 95] = acc_5_1[7];
}

} // namespace

// y (Conv): 1x2x3x16, 16x16x1x1 -> 1x16x2x3
void conv(const float *__restrict x, const float *__restrict w, float *__restrict out) noexcept {
  conv_tile_6x16(x, w, out, 0);
}
namespace {

void conv_quantizelinear_dequantizelinear_tile_6x16(const int16_t *__restrict x,
    const int8_t *__restrict w, const int8_t *__restrict y, float *__restrict out,
    ptrdiff_t m) noexcept {
  constexpr float c = 0.007258065f, c2 = 1.4559381e-06f, c3 = 27.027025f;
  i32x8 acc_0_0 = splat<i32x8>(0), acc_0_1 = splat<i32x8>(0), acc_1_0 = splat<i32x8>(0);
  i32x8 acc_1_1 = splat<i32x8>(0), acc_2_0 = splat<i32x8>(0), acc_2_1 = splat<i32x8>(0);
  i32x8 acc_3_0 = splat<i32x8>(0), acc_3_1 = splat<i32x8>(0), acc_4_0 = splat<i32x8>(0);
  i32x8 acc_4_1 = splat<i32x8>(0), acc_5_0 = splat<i32x8>(0), acc_5_1 = splat<i32x8>(0);
  for (ptrdiff_t r = 0; r < 16; r += 2) {
    const ptrdiff_t at = r * 16, at2 = m * 16 + r;
    const i16x2 x2 = load<i16x2>(x + at2);
    const i16x16 w2 = convert<i16x16>(load<i8x16>(w + at));
    acc_0_0 = dot(x2, w2, acc_0_0);
    const i16x16 w3 = convert<i16x16>(load<i8x16>(w + at + 16));
    acc_0_1 = dot(x2, w3, acc_0_1);
    const i16x2 x3 = load<i16x2>(x + at2 + 16);
    acc_1_0 = dot(x3, w2, acc_1_0);
    acc_1_1 = dot(x3, w3, acc_1_1);
    const i16x2 x4 = load<i16x2>(x + at2 + 32);
    acc_2_0 = dot(x4, w2, acc_2_0);
    acc_2_1 = dot(x4, w3, acc_2_1);
    const i16x2 x5 = load<i16x2>(x + at2 + 48);
    acc_3_0 = dot(x5, w2, acc_3_0);
    acc_3_1 = dot(x5, w3, acc_3_1);
    const i16x2 x6 = load<i16x2>(x + at2 + 64);
    acc_4_0 = dot(x6, w2, acc_4_0);
    acc_4_1 = dot(x6, w3, acc_4_1);
    const i16x2 x7 = load<i16x2>(x + at2 + 80);
    acc_5_0 = dot(x7, w2, acc_5_0);
    acc_5_1 = dot(x7, w3, acc_5_1);
  }
  const ptrdiff_t at = m * 16;
  const f32x8 v = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_0_0) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + at))) * 0.045f;
  const f32x8 v2 = number_at_most(number_at_least(roundeven(fma(v, c3, v * c2)) + 0.0f, -121.0f),
      134.0f);
  store(out + at, v2 * 0.037f);
  const ptrdiff_t offset = at + 8;
  const f32x8 v3 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_0_1) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset))) * 0.045f;
  const f32x8 v4 = number_at_most(number_at_least(roundeven(fma(v3, c3, v3 * c2)) + 0.0f, -121.0f),
      134.0f);
  store(out + offset, v4 * 0.037f);
  const ptrdiff_t offset2 = at + 16;
  const f32x8 v5 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_1_0) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset2))) * 0.045f;
  const f32x8 v6 = number_at_most(number_at_least(roundeven(fma(v5, c3, v5 * c2)) + 0.0f, -121.0f),
      134.0f);
  store(out + offset2, v6 * 0.037f);
  const ptrdiff_t offset3 = at + 24;
  const f32x8 v7 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_1_1) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset3))) * 0.045f;
  const f32x8 v8 = number_at_most(number_at_least(roundeven(fma(v7, c3, v7 * c2)) + 0.0f, -121.0f),
      134.0f);
  store(out + offset3, v8 * 0.037f);
  const ptrdiff_t offset4 = at + 32;
  const f32x8 v9 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_2_0) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset4))) * 0.045f;
  const f32x8 v10 = number_at_most(number_at_least(roundeven(fma(v9, c3, v9 * c2)) + 0.0f, -121.0f),
      134.0f);
  store(out + offset4, v10 * 0.037f);
  const ptrdiff_t offset5 = at + 40;
  const f32x8 v11 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_2_1) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset5))) * 0.045f;
  const f32x8 v12 = number_at_most(number_at_least(roundeven(fma(v11, c3, v11 * c2)) + 0.0f,
      -121.0f), 134.0f);
  store(out + offset5, v12 * 0.037f);
  const ptrdiff_t offset6 = at + 48;
  const f32x8 v13 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_3_0) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset6))) * 0.045f;
  const f32x8 v14 = number_at_most(number_at_least(roundeven(fma(v13, c3, v13 * c2)) + 0.0f,
      -121.0f), 134.0f);
  store(out + offset6, v14 * 0.037f);
  const ptrdiff_t offset7 = at + 56;
  const f32x8 v15 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_3_1) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset7))) * 0.045f;
  const f32x8 v16 = number_at_most(number_at_least(roundeven(fma(v15, c3, v15 * c2)) + 0.0f,
      -121.0f), 134.0f);
  store(out + offset7, v16 * 0.037f);
  const ptrdiff_t offset8 = at + 64;
  const f32x8 v17 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_4_0) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset8))) * 0.045f;
  const f32x8 v18 = number_at_most(number_at_least(roundeven(fma(v17, c3, v17 * c2)) + 0.0f,
      -121.0f), 134.0f);
  store(out + offset8, v18 * 0.037f);
  const ptrdiff_t offset9 = at + 72;
  const f32x8 v19 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_4_1) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset9))) * 0.045f;
  const f32x8 v20 = number_at_most(number_at_least(roundeven(fma(v19, c3, v19 * c2)) + 0.0f,
      -121.0f), 134.0f);
  store(out + offset9, v20 * 0.037f);
  const ptrdiff_t offset10 = at + 80;
  const f32x8 v21 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_5_0) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset10))) * 0.045f;
  const f32x8 v22 = number_at_most(number_at_least(roundeven(fma(v21, c3, v21 * c2)) + 0.0f,
      -121.0f), 134.0f);
  store(out + offset10, v22 * 0.037f);
  const ptrdiff_t offset11 = at + 88;
  const f32x8 v23 = number_at_most(number_at_least(roundeven(convert<f32x8>(acc_5_1) * c), -121.0f),
      134.0f) * 0.031f + convert<f32x8>(convert_unsigned<i32x8>(load<i8x8>(y + offset11))) * 0.045f;
  const f32x8 v24 = number_at_most(number_at_least(roundeven(fma(v23, c3, v23 * c2)) + 0.0f,
      -121.0f), 134.0f);
  store(out + offset11, v24 * 0.037f);
}

} // namespace

// second (Conv), second_codes (QuantizeLinear), sum_rounded (DequantizeLinear), sum (Add), middle
// (Constant), sum_scale (Constant), relu_rounded (DequantizeLinear), relu_codes (QuantizeLinear),
// relu_scale (Constant): 1x2x3x16 i16, 16x16x1x1 i8, 1x2x3x16 i8 -> 1x2x3x16
void conv_quantizelinear_dequantizelinear(const int16_t *__restrict x, const int8_t *__restrict w,
    const int8_t *__restrict y, float *__restrict out) noexcept {
  conv_quantizelinear_dequantizelinear_tile_6x16(x, w, y, out, 0);
}
namespace {

void conv_quantizelinear_tile_6x16(const float *__restrict x, const float *__restrict w,
    int8_t *__restrict out, ptrdiff_t m) noexcept {
  constexpr float c = 1.8720274e-06f, c2 = 22.22222f;
  f32x8 acc_0_0{}, acc_0_1{}, acc_1_0{}, acc_1_1{}, acc_2_0{}, acc_2_1{}, acc_3_0{}, acc_3_1{};
  f32x8 acc_4_0{}, acc_4_1{}, acc_5_0{}, acc_5_1{};
  for (ptrdiff_t r = 0; r < 16; ++r) {
    const ptrdiff_t at = m + r * 6, at2 = r * 16;
    const f32x8 w2 = load<f32x8>(w + at2), x2 = splat<f32x8>(x[at]);
    acc_0_0 = fma(x2, w2, acc_0_0);
    const f32x8 w3 = load<f32x8>(w + at2 + 8);
    acc_0_1 = fma(x2, w3, acc_0_1);
    const f32x8 x3 = splat<f32x8>(x[at + 1]);
    acc_1_0 = fma(x3, w2, acc_1_0);
    acc_1_1 = fma(x3, w3, acc_1_1);
    const f32x8 x4 = splat<f32x8>(x[at + 2]);
    acc_2_0 = fma(x4, w2, acc_2_0);
    acc_2_1 = fma(x4, w3, acc_2_1);
    const f32x8 x5 = splat<f32x8>(x[at + 3]);
    acc_3_0 = fma(x5, w2, acc_3_0);
    acc_3_1 = fma(x5, w3, acc_3_1);
    const f32x8 x6 = splat<f32x8>(x[at + 4]);
    acc_4_0 = fma(x6, w2, acc_4_0);
    acc_4_1 = fma(x6, w3, acc_4_1);
    const f32x8 x7 = splat<f32x8>(x[at + 5]);
    acc_5_0 = fma(x7, w2, acc_5_0);
    acc_5_1 = fma(x7, w3, acc_5_1);
  }
  const f32x8 v = relu(acc_0_0);
  const i32x8 v2 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v, c2, v * c)),
      0.0f), 255.0f));
  const ptrdiff_t at = m * 16;
  store(out + at, convert<i8x8>(v2));
  const f32x8 v3 = relu(acc_0_1);
  const i32x8 v4 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v3, c2, v3 * c)),
      0.0f), 255.0f));
  store(out + at + 8, convert<i8x8>(v4));
  const f32x8 v5 = relu(acc_1_0);
  const i32x8 v6 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v5, c2, v5 * c)),
      0.0f), 255.0f));
  store(out + at + 16, convert<i8x8>(v6));
  const f32x8 v7 = relu(acc_1_1);
  const i32x8 v8 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v7, c2, v7 * c)),
      0.0f), 255.0f));
  store(out + at + 24, convert<i8x8>(v8));
  const f32x8 v9 = relu(acc_2_0);
  const i32x8 v10 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v9, c2, v9 * c)),
      0.0f), 255.0f));
  store(out + at + 32, convert<i8x8>(v10));
  const f32x8 v11 = relu(acc_2_1);
  const i32x8 v12 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v11, c2, v11 * c)),
      0.0f), 255.0f));
  store(out + at + 40, convert<i8x8>(v12));
  const f32x8 v13 = relu(acc_3_0);
  const i32x8 v14 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v13, c2, v13 * c)),
      0.0f), 255.0f));
  store(out + at + 48, convert<i8x8>(v14));
  const f32x8 v15 = relu(acc_3_1);
  const i32x8 v16 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v15, c2, v15 * c)),
      0.0f), 255.0f));
  store(out + at + 56, convert<i8x8>(v16));
  const f32x8 v17 = relu(acc_4_0);
  const i32x8 v18 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v17, c2, v17 * c)),
      0.0f), 255.0f));
  store(out + at + 64, convert<i8x8>(v18));
  const f32x8 v19 = relu(acc_4_1);
  const i32x8 v20 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v19, c2, v19 * c)),
      0.0f), 255.0f));
  store(out + at + 72, convert<i8x8>(v20));
  const f32x8 v21 = relu(acc_5_0);
  const i32x8 v22 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v21, c2, v21 * c)),
      0.0f), 255.0f));
  store(out + at + 80, convert<i8x8>(v22));
  const f32x8 v23 = relu(acc_5_1);
  const i32x8 v24 = convert<i32x8>(number_at_most(number_at_least(roundeven(fma(v23, c2, v23 * c)),
      0.0f), 255.0f));
  store(out + at + 88, convert<i8x8>(v24));
}

} // namespace

// first (Conv), relu_codes (QuantizeLinear): 1x16x2x3, 16x16x1x1 -> 1x2x3x16 i8
void conv_quantizelinear(const float *__restrict x, const float *__restrict w,
    int8_t *__restrict out) noexcept {
  conv_quantizelinear_tile_6x16(x, w, out, 0);
}

// x_rounded (DequantizeLinear), x, x_scale (Constant): 1x16x2x3 -> 1x16x2x3
void dequantizelinear_x_constant(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t n = 0; n < 96; n += 8) {
    const f32x8 x2 = load<f32x8>(x + n);
    const f32x8 v = number_at_most(number_at_least(roundeven(fma(x2, 47.619045f,
        x2 * 3.0034794e-06f)), 0.0f), 255.0f) + 0.0f;
    store(out + n, v * 0.021f);
  }
}

// second (Conv), second_codes (QuantizeLinear), relu_codes (QuantizeLinear): 1x2x3x16 i8 ->
// 1x2x3x16 i16
void conv_quantizelinear_quantizelinear(const int8_t *__restrict x,
    int16_t *__restrict out) noexcept {
  for (ptrdiff_t j = 0; j < 6; ++j) {
    const ptrdiff_t at = j * 16;
    store(out + at, convert_unsigned<i16x16>(load<i8x16>(x + at)));
  }
}
