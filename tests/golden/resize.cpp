void resize(const float *__restrict x, float *__restrict out) noexcept;

// y (Resize): 1x8x4x4 -> 1x8x8x8
void resize(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 64; ++i) {
    const float x2 = x[i / 2 * 4], x3 = x[i / 2 * 4 + 1], x4 = x[i / 2 * 4 + 2];
    const float x5 = x[i / 2 * 4 + 3];
    const f32x8 x6 = f32x8{x2, x2, x3, x3, x4, x4, x5, x5};
    store(out + i * 8, x6);
  }
}
