void reducemean(const float *__restrict x, float *__restrict out) noexcept;

// y (ReduceMean): 3x50 -> 3
void reducemean(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 3; ++i) {
    const ptrdiff_t at = i * 50;
    const f32x8 v = 0.0f + load<f32x8>(x + at) + load<f32x8>(x + at + 32);
    const float s = 0.0f + x[at + 48] + x[at + 49];
    const f32x8 v2 = v + load<f32x8>(x + at + 40) + (0.0f + load<f32x8>(x + at + 8));
    const f32x8 v3 = v2 + (0.0f + load<f32x8>(x + at + 16)) + (0.0f + load<f32x8>(x + at + 24));
    out[i] = (s + reduce_add(v3)) / 5e+01f;
  }
}
