void layernormalization_4(const float *__restrict x, const float *__restrict y,
    const float *__restrict z, const float *__restrict u, float *__restrict out) noexcept;
void layernormalization_3(const float *__restrict x, float *__restrict out) noexcept;
void layernormalization(const float *__restrict x, float *__restrict out) noexcept;
void layernormalization_2(const float *__restrict x, const float *__restrict y,
    float *__restrict out) noexcept;

// y (LayerNormalization): 4x32, 4, 32, 32 -> 4x32
void layernormalization_4(const float *__restrict x, const float *__restrict y,
    const float *__restrict z, const float *__restrict u, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 4; ++i) {
    const ptrdiff_t at = i * 32;
    const f32x8 y2 = splat<f32x8>(y[i]);
    const f32x8 v = load<f32x8>(x + at) * y2 * load<f32x8>(z) + load<f32x8>(u);
    store(out + at, v);
    const ptrdiff_t offset = at + 8;
    const f32x8 v2 = load<f32x8>(x + offset) * y2 * load<f32x8>(z + 8) + load<f32x8>(u + 8);
    store(out + offset, v2);
    const ptrdiff_t offset2 = at + 16;
    const f32x8 v3 = load<f32x8>(x + offset2) * y2 * load<f32x8>(z + 16) + load<f32x8>(u + 16);
    store(out + offset2, v3);
    const ptrdiff_t offset3 = at + 24;
    const f32x8 v4 = load<f32x8>(x + offset3) * y2 * load<f32x8>(z + 24) + load<f32x8>(u + 24);
    store(out + offset3, v4);
  }
}

// y (LayerNormalization): 4x32 -> 4
void layernormalization_3(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 4; ++i) {
    const ptrdiff_t at = i * 32;
    const f32x8 x2 = load<f32x8>(x + at), x3 = load<f32x8>(x + at + 8);
    const f32x8 x4 = load<f32x8>(x + at + 16), x5 = load<f32x8>(x + at + 24);
    const f32x8 v = fma(x2, x2, 0.0f) + fma(x3, x3, 0.0f) + fma(x4, x4, 0.0f);
    const float s = (0.0f + reduce_add(v + fma(x5, x5, 0.0f))) / 32.0f;
    out[i] = 1.0f / sqrt(s + 1e-05f);
  }
}

// y (LayerNormalization): 4x32 -> 4
void layernormalization(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 4; ++i) {
    const ptrdiff_t at = i * 32;
    const f32x8 v = 0.0f + load<f32x8>(x + at) + (0.0f + load<f32x8>(x + at + 8));
    const f32x8 v2 = v + (0.0f + load<f32x8>(x + at + 16)) + (0.0f + load<f32x8>(x + at + 24));
    out[i] = (0.0f + reduce_add(v2)) / 32.0f;
  }
}

// y (LayerNormalization): 4x32, 4 -> 4x32
void layernormalization_2(const float *__restrict x, const float *__restrict y,
    float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 4; ++i) {
    const ptrdiff_t at = i * 32;
    const f32x8 y2 = splat<f32x8>(y[i]);
    store(out + at, load<f32x8>(x + at) - y2);
    const ptrdiff_t offset = at + 8;
    store(out + offset, load<f32x8>(x + offset) - y2);
    const ptrdiff_t offset2 = at + 16;
    store(out + offset2, load<f32x8>(x + offset2) - y2);
    const ptrdiff_t offset3 = at + 24;
    store(out + offset3, load<f32x8>(x + offset3) - y2);
  }
}
