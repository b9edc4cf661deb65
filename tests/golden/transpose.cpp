void transpose(const float *__restrict x, float *__restrict out) noexcept;

// y (Transpose): 8x24 -> 24x8
void transpose(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 24; ++i) {
    const f32x8 x2 = f32x8{x[i], x[i + 24], x[i + 48], x[i + 72], x[i + 96], x[i + 120], x[i + 144],
        x[i + 168]};
    store(out + i * 8, x2);
  }
}
