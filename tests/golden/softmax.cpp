// e^x; error below 1.5 ULP
inline f32x8 exp_f32x8(f32x8 x) noexcept {
  constexpr float c = 12582912.0f;
  const f32x8 v = select(x < -104.0f, -104.0f, x), v2 = select(v > 89.0f, 89.0f, v);
  const f32x8 v3 = fma(v2, 1.442695f, c), n = v3 - c;
  const f32x8 r = fma(n, -1.4286068e-06f, fma(n, -0.69314575f, v2));
  const f32x8 v4 = fma(fma(fma(0.0013840399f, r, 0.008369349f), r, 0.041668084f), r, 0.16666515f);
  const f32x8 fraction = fma(r * r, fma(v4, r, 0.49999994f), r);
  const i32x8 v5 = bitcast<i32x8>(v3) - 0x4b400000, v6 = v5 >> 1;
  return (fraction + 1.0f) * bitcast<f32x8>((v6 + 127) << 23) *
      bitcast<f32x8>((v5 - v6 + 127) << 23);
}

void softmax(const float *__restrict x, float *__restrict out) noexcept;

// y (Softmax): 4x40 -> 4x40
void softmax(const float *__restrict x, float *__restrict out) noexcept {
  constexpr float c = -infinity<float>;
  for (ptrdiff_t row = 0; row < 4; ++row) {
    const ptrdiff_t at = row * 40, offset = at + 8, offset2 = at + 16, offset3 = at + 24;
    const ptrdiff_t offset4 = at + 32;
    const f32x8 v = number_at_least(number_at_least(load<f32x8>(x + offset4),
        number_at_least(load<f32x8>(x + at), c)), number_at_least(load<f32x8>(x + offset), c));
    const f32x8 v2 = number_at_least(number_at_least(v,
        number_at_least(load<f32x8>(x + offset2), c)),
        number_at_least(load<f32x8>(x + offset3), c));
    const float s = number_at_least(c, reduce_max_number(v2));
    for (ptrdiff_t n = 0; n < 40; n += 8) {
      const ptrdiff_t at2 = row * 40 + n;
      store(out + at2, exp_f32x8(load<f32x8>(x + at2) - s));
    }
    const f32x8 out2 = load<f32x8>(out + at);
    const f32x8 v3 = 0.0f + out2 + load<f32x8>(out + offset4) + (0.0f + load<f32x8>(out + offset));
    const f32x8 v4 = v3 + (0.0f + load<f32x8>(out + offset2)) + (0.0f + load<f32x8>(out + offset3));
    const f32x8 v5 = splat<f32x8>(1.0f / (0.0f + reduce_add(v4)));
    store(out + at, out2 * v5);
    store(out + offset, load<f32x8>(out + offset) * v5);
    store(out + offset2, load<f32x8>(out + offset2) * v5);
    store(out + offset3, load<f32x8>(out + offset3) * v5);
    store(out + offset4, load<f32x8>(out + offset4) * v5);
  }
}
