void conv_clip(const float *__restrict x, const float *__restrict y, const float *__restrict z,
    const float *__restrict u, float *__restrict out) noexcept;
namespace {

void conv_clip_tile_6x16(const float *__restrict x, const float *__restrict y,
    const float *__restrict z, const float *__restrict u, float *__restrict out, ptrdiff_t m,
    ptrdiff_t n) noexcept {
  f32x8 acc_0_0{}, acc_0_1{}, acc_1_0{}, acc_1_1{}, acc_2_0{}, acc_2_1{}, acc_3_0{}, acc_3_1{};
  f32x8 acc_4_0{}, acc_4_1{}, acc_5_0{}, acc_5_1{};
  for (ptrdiff_t r = 0; r < 16; ++r) {
    const ptrdiff_t at = n + r * 36;
    const f32x8 x2 = load<f32x8>(x + at);
    const ptrdiff_t at2 = m * 16 + r;
    const f32x8 y2 = splat<f32x8>(y[at2]);
    acc_0_0 = fma(x2, y2, acc_0_0);
    const f32x8 x3 = load<f32x8>(x + at + 8);
    acc_0_1 = fma(x3, y2, acc_0_1);
    const f32x8 y3 = splat<f32x8>(y[at2 + 16]);
    acc_1_0 = fma(x2, y3, acc_1_0);
    acc_1_1 = fma(x3, y3, acc_1_1);
    const f32x8 y4 = splat<f32x8>(y[at2 + 32]);
    acc_2_0 = fma(x2, y4, acc_2_0);
    acc_2_1 = fma(x3, y4, acc_2_1);
    const f32x8 y5 = splat<f32x8>(y[at2 + 48]);
    acc_3_0 = fma(x2, y5, acc_3_0);
    acc_3_1 = fma(x3, y5, acc_3_1);
    const f32x8 y6 = splat<f32x8>(y[at2 + 64]);
    acc_4_0 = fma(x2, y6, acc_4_0);
    acc_4_1 = fma(x3, y6, acc_4_1);
    const f32x8 y7 = splat<f32x8>(y[at2 + 80]);
    acc_5_0 = fma(x2, y7, acc_5_0);
    acc_5_1 = fma(x3, y7, acc_5_1);
  }
  const ptrdiff_t at = m * 36 + n;
  const f32x8 z2 = splat<f32x8>(z[m]), v = at_most(relu(acc_0_0 + z2 + load<f32x8>(u + at)), 6.0f);
  store(out + at, v);
  const ptrdiff_t offset = at + 8;
  const f32x8 v2 = at_most(relu(acc_0_1 + z2 + load<f32x8>(u + offset)), 6.0f);
  store(out + offset, v2);
  const ptrdiff_t offset2 = at + 36;
  const f32x8 z3 = splat<f32x8>(z[m + 1]);
  const f32x8 v3 = at_most(relu(acc_1_0 + z3 + load<f32x8>(u + offset2)), 6.0f);
  store(out + offset2, v3);
  const ptrdiff_t offset3 = at + 44;
  const f32x8 v4 = at_most(relu(acc_1_1 + z3 + load<f32x8>(u + offset3)), 6.0f);
  store(out + offset3, v4);
  const ptrdiff_t offset4 = at + 72;
  const f32x8 z4 = splat<f32x8>(z[m + 2]);
  const f32x8 v5 = at_most(relu(acc_2_0 + z4 + load<f32x8>(u + offset4)), 6.0f);
  store(out + offset4, v5);
  const ptrdiff_t offset5 = at + 80;
  const f32x8 v6 = at_most(relu(acc_2_1 + z4 + load<f32x8>(u + offset5)), 6.0f);
  store(out + offset5, v6);
  const ptrdiff_t offset6 = at + 108;
  const f32x8 z5 = splat<f32x8>(z[m + 3]);
  const f32x8 v7 = at_most(relu(acc_3_0 + z5 + load<f32x8>(u + offset6)), 6.0f);
  store(out + offset6, v7);
  const ptrdiff_t offset7 = at + 116;
  const f32x8 v8 = at_most(relu(acc_3_1 + z5 + load<f32x8>(u + offset7)), 6.0f);
  store(out + offset7, v8);
  const ptrdiff_t offset8 = at + 144;
  const f32x8 z6 = splat<f32x8>(z[m + 4]);
  const f32x8 v9 = at_most(relu(acc_4_0 + z6 + load<f32x8>(u + offset8)), 6.0f);
  store(out + offset8, v9);
  const ptrdiff_t offset9 = at + 152;
  const f32x8 v10 = at_most(relu(acc_4_1 + z6 + load<f32x8>(u + offset9)), 6.0f);
  store(out + offset9, v10);
  const ptrdiff_t offset10 = at + 180;
  const f32x8 z7 = splat<f32x8>(z[m + 5]);
  const f32x8 v11 = at_most(relu(acc_5_0 + z7 + load<f32x8>(u + offset10)), 6.0f);
  store(out + offset10, v11);
  const ptrdiff_t offset11 = at + 188;
  const f32x8 v12 = at_most(relu(acc_5_1 + z7 + load<f32x8>(u + offset11)), 6.0f);
  store(out + offset11, v12);
}

void conv_clip_tile_6x4(const float *__restrict x, const float *__restrict y,
    const float *__restrict z, const float *__restrict u, float *__restrict out, ptrdiff_t m,
    ptrdiff_t n) noexcept {
  f32x4 acc_0{}, acc_1{}, acc_2{}, acc_3{}, acc_4{}, acc_5{};
  for (ptrdiff_t r = 0; r < 16; ++r) {
    const f32x4 x2 = load<f32x4>(x + n + r * 36);
    const ptrdiff_t at = m * 16 + r;
    acc_0 = fma(x2, y[at], acc_0); acc_1 = fma(x2, y[at + 16], acc_1);
    acc_2 = fma(x2, y[at + 32], acc_2); acc_3 = fma(x2, y[at + 48], acc_3);
    acc_4 = fma(x2, y[at + 64], acc_4); acc_5 = fma(x2, y[at + 80], acc_5);
  }
  const ptrdiff_t at = m * 36 + n;
  const f32x4 v = acc_0 + z[m] + load<f32x4>(u + at);
  store(out + at, at_most(relu(v), 6.0f));
  const ptrdiff_t offset = at + 36;
  const f32x4 v2 = acc_1 + z[m + 1] + load<f32x4>(u + offset);
  store(out + offset, at_most(relu(v2), 6.0f));
  const ptrdiff_t offset2 = at + 72;
  const f32x4 v3 = acc_2 + z[m + 2] + load<f32x4>(u + offset2);
  store(out + offset2, at_most(relu(v3), 6.0f));
  const ptrdiff_t offset3 = at + 108;
  const f32x4 v4 = acc_3 + z[m + 3] + load<f32x4>(u + offset3);
  store(out + offset3, at_most(relu(v4), 6.0f));
  const ptrdiff_t offset4 = at + 144;
  const f32x4 v5 = acc_4 + z[m + 4] + load<f32x4>(u + offset4);
  store(out + offset4, at_most(relu(v5), 6.0f));
  const ptrdiff_t offset5 = at + 180;
  const f32x4 v6 = acc_5 + z[m + 5] + load<f32x4>(u + offset5);
  store(out + offset5, at_most(relu(v6), 6.0f));
}

} // namespace

// conv (Conv), y (Clip): 1x16x6x6, 32x16x1x1, 32, 1x32x6x6 -> 1x32x6x6
void conv_clip(const float *__restrict x, const float *__restrict y, const float *__restrict z,
    const float *__restrict u, float *__restrict out) noexcept {
  for (ptrdiff_t n = 0; n < 32; n += 16) {
    for (ptrdiff_t m = 0; m < 30; m += 6) {
      conv_clip_tile_6x16(x, y, z, u, out, m, n);
    }
    f32x8 acc_0_0{}, acc_0_1{}, acc_1_0{}, acc_1_1{};
    for (ptrdiff_t r = 0; r < 16; ++r) {
      const ptrdiff_t at = n + r * 36;
      const f32x8 x2 = load<f32x8>(x + at), y2 = splat<f32x8>(y[r + 480]);
      acc_0_0 = fma(x2, y2, acc_0_0);
      const f32x8 x3 = load<f32x8>(x + at + 8);
      acc_0_1 = fma(x3, y2, acc_0_1);
      const f32x8 y3 = splat<f32x8>(y[r + 496]);
      acc_1_0 = fma(x2, y3, acc_1_0);
      acc_1_1 = fma(x3, y3, acc_1_1);
    }
    const ptrdiff_t offset = n + 1080;
    const f32x8 z2 = splat<f32x8>(z[30]);
    const f32x8 v = at_most(relu(acc_0_0 + z2 + load<f32x8>(u + offset)), 6.0f);
    store(out + offset, v);
    const ptrdiff_t offset2 = n + 1088;
    const f32x8 v2 = at_most(relu(acc_0_1 + z2 + load<f32x8>(u + offset2)), 6.0f);
    store(out + offset2, v2);
    const ptrdiff_t offset3 = n + 1116;
    const f32x8 z3 = splat<f32x8>(z[31]);
    const f32x8 v3 = at_most(relu(acc_1_0 + z3 + load<f32x8>(u + offset3)), 6.0f);
    store(out + offset3, v3);
    const ptrdiff_t offset4 = n + 1124;
    const f32x8 v4 = at_most(relu(acc_1_1 + z3 + load<f32x8>(u + offset4)), 6.0f);
    store(out + offset4, v4);
  }
  for (ptrdiff_t m = 0; m < 30; m += 6) {
    conv_clip_tile_6x4(x, y, z, u, out, m, 32);
  }
  f32x4 acc_0{}, acc_1{};
  for (ptrdiff_t r = 0; r < 16; ++r) {
    const f32x4 x2 = load<f32x4>(x + r * 36 + 32);
    acc_0 = fma(x2, y[r + 480], acc_0);
    acc_1 = fma(x2, y[r + 496], acc_1);
  }
  const f32x4 v = relu(acc_0 + z[30] + load<f32x4>(u + 1112));
  store(out + 1112, at_most(v, 6.0f));
  const f32x4 v2 = relu(acc_1 + z[31] + load<f32x4>(u + 1148));
  store(out + 1148, at_most(v2, 6.0f));
}
