void globalaveragepool(const float *__restrict x, float *__restrict out) noexcept;

// y (GlobalAveragePool): 1x24x5x5 -> 1x24
void globalaveragepool(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 24; ++i) {
    const ptrdiff_t at = i * 25;
    const f32x8 v = 0.0f + load<f32x8>(x + at) + (0.0f + load<f32x8>(x + at + 8));
    const float s = 0.0f + x[at + 24] + reduce_add(v + (0.0f + load<f32x8>(x + at + 16)));
    out[i] = s / 25.0f;
  }
}
