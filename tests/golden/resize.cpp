void resize(const float *__restrict x, float *__restrict out) noexcept;

// y (Resize): 1x8x4x4 -> 1x8x8x8
void resize(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 8; ++i) {
    for (ptrdiff_t j = 0; j < 8; ++j) {
      const float x2 = x[i * 16 + j / 2 * 4], x3 = x[i * 16 + j / 2 * 4 + 1];
      const float x4 = x[i * 16 + j / 2 * 4 + 2], x5 = x[i * 16 + j / 2 * 4 + 3];
      const f32x8 x6 = f32x8{x2, x2, x3, x3, x4, x4, x5, x5};
      store(out + i * 64 + j * 8, x6);
    }
  }
}
