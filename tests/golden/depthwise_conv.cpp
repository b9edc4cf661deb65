void conv_hardswish(const float *__restrict x, const float *__restrict w, const float *__restrict y,
    float *__restrict out) noexcept;
namespace {

void conv_hardswish_tile_6x8(const float *__restrict x, const float *__restrict w,
    const float *__restrict y, float *__restrict out, ptrdiff_t n, ptrdiff_t j,
    ptrdiff_t m) noexcept {
  constexpr float c = 0.16666667f;
  const ptrdiff_t r_end = min_index(9 - j, 3);
  f32x8 acc_0{}, acc_1{}, acc_2{}, acc_3{}, acc_4{}, acc_5{};
  for (ptrdiff_t r = max_index(1 - j, 0); r < r_end; ++r) {
    const ptrdiff_t at = n * 64 + j * 8 + m + r * 8;
    const f32x8 x2 = f32x8{x[at - 9], x[at + 55], x[at + 119], x[at + 183], x[at + 247],
        x[at + 311], x[at + 375], x[at + 439]};
    const ptrdiff_t at2 = n * 9 + r * 24;
    const f32x8 w2 = load<f32x8>(w + at2);
    const f32x8 x3 = f32x8{x[at - 8], x[at + 56], x[at + 120], x[at + 184], x[at + 248],
        x[at + 312], x[at + 376], x[at + 440]};
    const f32x8 x4 = f32x8{x[at - 7], x[at + 57], x[at + 121], x[at + 185], x[at + 249],
        x[at + 313], x[at + 377], x[at + 441]};
    const f32x8 x5 = f32x8{x[at - 6], x[at + 58], x[at + 122], x[at + 186], x[at + 250],
        x[at + 314], x[at + 378], x[at + 442]};
    const f32x8 x6 = f32x8{x[at - 5], x[at + 59], x[at + 123], x[at + 187], x[at + 251],
        x[at + 315], x[at + 379], x[at + 443]};
    const f32x8 x7 = f32x8{x[at - 4], x[at + 60], x[at + 124], x[at + 188], x[at + 252],
        x[at + 316], x[at + 380], x[at + 444]};
    const f32x8 w3 = load<f32x8>(w + at2 + 8);
    const f32x8 x8 = f32x8{x[at - 3], x[at + 61], x[at + 125], x[at + 189], x[at + 253],
        x[at + 317], x[at + 381], x[at + 445]};
    const f32x8 w4 = load<f32x8>(w + at2 + 16);
    acc_0 = fma(x4, w4, fma(x3, w3, fma(x2, w2, acc_0)));
    acc_1 = fma(x5, w4, fma(x4, w3, fma(x3, w2, acc_1)));
    acc_2 = fma(x6, w4, fma(x5, w3, fma(x4, w2, acc_2)));
    acc_3 = fma(x7, w4, fma(x6, w3, fma(x5, w2, acc_3)));
    acc_4 = fma(x8, w4, fma(x7, w3, fma(x6, w2, acc_4)));
    const f32x8 x9 = f32x8{x[at - 2], x[at + 62], x[at + 126], x[at + 190], x[at + 254],
        x[at + 318], x[at + 382], x[at + 446]};
    acc_5 = fma(x9, w4, fma(x8, w3, fma(x7, w2, acc_5)));
  }
  const f32x8 y2 = load<f32x8>(y + n), v = acc_0 + y2, v2 = v * at_most(relu(v * c + 0.5f), 1.0f);
  const ptrdiff_t at = n * 64 + j * 8 + m;
  out[at] = v2[0]; out[at + 64] = v2[1]; out[at + 128] = v2[2]; out[at + 192] = v2[3];
  out[at + 256] = v2[4]; out[at + 320] = v2[5]; out[at + 384] = v2[6]; out[at + 448] = v2[7];
  const f32x8 v3 = acc_1 + y2, v4 = v3 * at_most(relu(v3 * c + 0.5f), 1.0f);
  out[at + 1] = v4[0]; out[at + 65] = v4[1]; out[at + 129] = v4[2]; out[at + 193] = v4[3];
  out[at + 257] = v4[4]; out[at + 321] = v4[5]; out[at + 385] = v4[6]; out[at + 449] = v4[7];
  const f32x8 v5 = acc_2 + y2, v6 = v5 * at_most(relu(v5 * c + 0.5f), 1.0f);
  out[at + 2] = v6[0]; out[at + 66] = v6[1]; out[at + 130] = v6[2]; out[at + 194] = v6[3];
  out[at + 258] = v6[4]; out[at + 322] = v6[5]; out[at + 386] = v6[6]; out[at + 450] = v6[7];
  const f32x8 v7 = acc_3 + y2, v8 = v7 * at_most(relu(v7 * c + 0.5f), 1.0f);
  out[at + 3] = v8[0]; out[at + 67] = v8[1]; out[at + 131] = v8[2]; out[at + 195] = v8[3];
  out[at + 259] = v8[4]; out[at + 323] = v8[5]; out[at + 387] = v8[6]; out[at + 451] = v8[7];
  const f32x8 v9 = acc_4 + y2, v10 = v9 * at_most(relu(v9 * c + 0.5f), 1.0f);
  out[at + 4] = v10[0]; out[at + 68] = v10[1]; out[at + 132] = v10[2]; out[at + 196] = v10[3];
  out[at + 260] = v10[4]; out[at + 324] = v10[5]; out[at + 388] = v10[6]; out[at + 452] = v10[7];
  const f32x8 v11 = acc_5 + y2, v12 = v11 * at_most(relu(v11 * c + 0.5f), 1.0f);
  out[at + 5] = v12[0]; out[at + 69] = v12[1]; out[at + 133] = v12[2]; out[at + 197] = v12[3];
  out[at + 261] = v12[4]; out[at + 325] = v12[5]; out[at + 389] = v12[6]; out[at + 453] = v12[7];
}

} // namespace

// conv (Conv), y (HardSwish): 1x16x8x8, 16x3x3, 16 -> 1x16x8x8
void conv_hardswish(const float *__restrict x, const float *__restrict w, const float *__restrict y,
    float *__restrict out) noexcept {
  constexpr float c = 0.16666667f;
  for (ptrdiff_t n = 0; n < 16; n += 8) {
    for (ptrdiff_t j = 0; j < 8; ++j) {
      const ptrdiff_t r_begin = max_index(1 - j, 0), r_end = min_index(9 - j, 3);
      f32x8 acc{};
      for (ptrdiff_t r = r_begin; r < r_end; ++r) {
        for (ptrdiff_t s = 1; s < 3; ++s) {
          const ptrdiff_t at = n * 64 + j * 8 + r * 8 + s;
          const f32x8 x2 = f32x8{x[at - 9], x[at + 55], x[at + 119], x[at + 183], x[at + 247],
              x[at + 311], x[at + 375], x[at + 439]};
          acc = fma(x2, load<f32x8>(w + n * 9 + r * 24 + s * 8), acc);
        }
      }
      const f32x8 y2 = load<f32x8>(y + n), v = acc + y2, v2 = v * at_most(relu(v * c + 0.5f), 1.0f);
      const ptrdiff_t at = n * 64 + j * 8;
      out[at] = v2[0]; out[at + 64] = v2[1]; out[at + 128] = v2[2]; out[at + 192] = v2[3];
      out[at + 256] = v2[4]; out[at + 320] = v2[5]; out[at + 384] = v2[6]; out[at + 448] = v2[7];
      conv_hardswish_tile_6x8(x, w, y, out, n, j, 1);
      f32x8 acc2{};
      for (ptrdiff_t r = r_begin; r < r_end; ++r) {
        for (ptrdiff_t s = 0; s < 2; ++s) {
          const ptrdiff_t at2 = n * 64 + j * 8 + r * 8 + s;
          const f32x8 x2 = f32x8{x[at2 - 2], x[at2 + 62], x[at2 + 126], x[at2 + 190], x[at2 + 254],
              x[at2 + 318], x[at2 + 382], x[at2 + 446]};
          acc2 = fma(x2, load<f32x8>(w + n * 9 + r * 24 + s * 8), acc2);
        }
      }
      const f32x8 v3 = acc2 + y2, v4 = v3 * at_most(relu(v3 * c + 0.5f), 1.0f);
      out[at + 7] = v4[0]; out[at + 71] = v4[1]; out[at + 135] = v4[2]; out[at + 199] = v4[3];
      out[at + 263] = v4[4]; out[at + 327] = v4[5]; out[at + 391] = v4[6]; out[at + 455] = v4[7];
    }
  }
}
