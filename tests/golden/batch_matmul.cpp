void matmul(const float *__restrict x, const float *__restrict y, float *__restrict out) noexcept;
namespace {

void matmul_tile_6x16(const float *__restrict x, const float *__restrict y, float *__restrict out,
    ptrdiff_t i, ptrdiff_t m) noexcept {
  f32x8 acc_0_0{}, acc_0_1{}, acc_1_0{}, acc_1_1{}, acc_2_0{}, acc_2_1{}, acc_3_0{}, acc_3_1{};
  f32x8 acc_4_0{}, acc_4_1{}, acc_5_0{}, acc_5_1{};
  for (ptrdiff_t r = 0; r < 8; ++r) {
    const ptrdiff_t at = i * 48 + m * 8 + r, at2 = i * 128 + r * 16;
    const f32x8 y2 = load<f32x8>(y + at2), x2 = splat<f32x8>(x[at]);
    acc_0_0 = fma(x2, y2, acc_0_0);
    const f32x8 y3 = load<f32x8>(y + at2 + 8);
    acc_0_1 = fma(x2, y3, acc_0_1);
    const f32x8 x3 = splat<f32x8>(x[at + 8]);
    acc_1_0 = fma(x3, y2, acc_1_0);
    acc_1_1 = fma(x3, y3, acc_1_1);
    const f32x8 x4 = splat<f32x8>(x[at + 16]);
    acc_2_0 = fma(x4, y2, acc_2_0);
    acc_2_1 = fma(x4, y3, acc_2_1);
    const f32x8 x5 = splat<f32x8>(x[at + 24]);
    acc_3_0 = fma(x5, y2, acc_3_0);
    acc_3_1 = fma(x5, y3, acc_3_1);
    const f32x8 x6 = splat<f32x8>(x[at + 32]);
    acc_4_0 = fma(x6, y2, acc_4_0);
    acc_4_1 = fma(x6, y3, acc_4_1);
    const f32x8 x7 = splat<f32x8>(x[at + 40]);
    acc_5_0 = fma(x7, y2, acc_5_0);
    acc_5_1 = fma(x7, y3, acc_5_1);
  }
  const ptrdiff_t at = i * 96 + m * 16;
  store(out + at, acc_0_0); store(out + at + 8, acc_0_1); store(out + at + 16, acc_1_0);
  store(out + at + 24, acc_1_1); store(out + at + 32, acc_2_0); store(out + at + 40, acc_2_1);
  store(out + at + 48, acc_3_0); store(out + at + 56, acc_3_1); store(out + at + 64, acc_4_0);
  store(out + at + 72, acc_4_1); store(out + at + 80, acc_5_0); store(out + at + 88, acc_5_1);
}

} // namespace

// y (MatMul): 2x6x8, 2x8x16 -> 2x6x16
void matmul(const float *__restrict x, const float *__restrict y, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 2; ++i) {
    matmul_tile_6x16(x, y, out, i, 0);
  }
}
