void convtranspose(const float *__restrict x, const float *__restrict w,
    float *__restrict out) noexcept;
void convtranspose_2(const float *__restrict x, float *__restrict out) noexcept;

// y (ConvTranspose): 1x8x4x4, 8x8x2x2 -> 1x4x2x4x2x8
void convtranspose(const float *__restrict x, const float *__restrict w,
    float *__restrict out) noexcept {
  for (ptrdiff_t j = 0; j < 4; ++j) {
    for (ptrdiff_t h = 0; h < 2; ++h) {
      for (ptrdiff_t f = 0; f < 2; ++f) {
        f32x8 acc_0{}, acc_1{}, acc_2{}, acc_3{};
        for (ptrdiff_t r = 0; r < 8; r += 4) {
          const ptrdiff_t at = j * 4 + r * 16, at2 = h * 128 + f * 64 + r * 8;
          const f32x8 w2 = load<f32x8>(w + at2), w3 = load<f32x8>(w + at2 + 8);
          const f32x8 acc_0_2 = fma(x[at + 16], w3, fma(x[at], w2, acc_0));
          const f32x8 acc_1_2 = fma(x[at + 17], w3, fma(x[at + 1], w2, acc_1));
          const f32x8 acc_2_2 = fma(x[at + 18], w3, fma(x[at + 2], w2, acc_2));
          const f32x8 acc_3_2 = fma(x[at + 19], w3, fma(x[at + 3], w2, acc_3));
          const f32x8 w4 = load<f32x8>(w + at2 + 16), w5 = load<f32x8>(w + at2 + 24);
          acc_0 = fma(x[at + 48], w5, fma(x[at + 32], w4, acc_0_2));
          acc_1 = fma(x[at + 49], w5, fma(x[at + 33], w4, acc_1_2));
          acc_2 = fma(x[at + 50], w5, fma(x[at + 34], w4, acc_2_2));
          acc_3 = fma(x[at + 51], w5, fma(x[at + 35], w4, acc_3_2));
        }
        const ptrdiff_t at = j * 128 + h * 64 + f * 8;
        store(out + at, acc_0); store(out + at + 16, acc_1); store(out + at + 32, acc_2);
        store(out + at + 48, acc_3);
      }
    }
  }
}

// y (ConvTranspose): 1x4x2x4x2x8 -> 1x8x8x8
void convtranspose_2(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 8; ++i) {
    for (ptrdiff_t n = 0; n < 64; n += 8) {
      const ptrdiff_t at = i + n * 8;
      const f32x8 x2 = f32x8{x[at], x[at + 8], x[at + 16], x[at + 24], x[at + 32], x[at + 40],
          x[at + 48], x[at + 56]};
      store(out + i * 64 + n, x2);
    }
  }
}
