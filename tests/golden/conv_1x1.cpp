void conv_clip(const float *__restrict x, const float *__restrict y, const float *__restrict z,
    const float *__restrict u, float *__restrict out) noexcept;
namespace {

void conv_clip_tile_3x24(const float *__restrict x, const float *__restrict y,
    const float *__restrict z, const float *__restrict u, float *__restrict out, ptrdiff_t m,
    ptrdiff_t n) noexcept {
  f32x8 acc_0_0{}, acc_0_1{}, acc_0_2{}, acc_1_0{}, acc_1_1{}, acc_1_2{}, acc_2_0{}, acc_2_1{};
  f32x8 acc_2_2{};
  for (ptrdiff_t r = 0; r < 16; ++r) {
    const ptrdiff_t at = n + r * 36;
    const f32x8 x2 = load<f32x8>(x + at);
    const ptrdiff_t at2 = m * 16 + r;
    const f32x8 y2 = splat<f32x8>(y[at2]);
    acc_0_0 = fma(x2, y2, acc_0_0);
    const f32x8 x3 = load<f32x8>(x + at + 8);
    acc_0_1 = fma(x3, y2, acc_0_1);
    const f32x8 x4 = load<f32x8>(x + at + 16);
    acc_0_2 = fma(x4, y2, acc_0_2);
    const f32x8 y3 = splat<f32x8>(y[at2 + 16]);
    acc_1_0 = fma(x2, y3, acc_1_0);
    acc_1_1 = fma(x3, y3, acc_1_1);
    acc_1_2 = fma(x4, y3, acc_1_2);
    const f32x8 y4 = splat<f32x8>(y[at2 + 32]);
    acc_2_0 = fma(x2, y4, acc_2_0);
    acc_2_1 = fma(x3, y4, acc_2_1);
    acc_2_2 = fma(x4, y4, acc_2_2);
  }
  const ptrdiff_t at = m * 36 + n;
  const f32x8 z2 = splat<f32x8>(z[m]), v = at_most(relu(acc_0_0 + z2 + load<f32x8>(u + at)), 6.0f);
  store(out + at, v);
  const ptrdiff_t offset = at + 8;
  const f32x8 v2 = at_most(relu(acc_0_1 + z2 + load<f32x8>(u + offset)), 6.0f);
  store(out + offset, v2);
  const ptrdiff_t offset2 = at + 16;
  const f32x8 v3 = at_most(relu(acc_0_2 + z2 + load<f32x8>(u + offset2)), 6.0f);
  store(out + offset2, v3);
  const ptrdiff_t offset3 = at + 36;
  const f32x8 z3 = splat<f32x8>(z[m + 1]);
  const f32x8 v4 = at_most(relu(acc_1_0 + z3 + load<f32x8>(u + offset3)), 6.0f);
  store(out + offset3, v4);
  const ptrdiff_t offset4 = at + 44;
  const f32x8 v5 = at_most(relu(acc_1_1 + z3 + load<f32x8>(u + offset4)), 6.0f);
  store(out + offset4, v5);
  const ptrdiff_t offset5 = at + 52;
  const f32x8 v6 = at_most(relu(acc_1_2 + z3 + load<f32x8>(u + offset5)), 6.0f);
  store(out + offset5, v6);
  const ptrdiff_t offset6 = at + 72;
  const f32x8 z4 = splat<f32x8>(z[m + 2]);
  const f32x8 v7 = at_most(relu(acc_2_0 + z4 + load<f32x8>(u + offset6)), 6.0f);
  store(out + offset6, v7);
  const ptrdiff_t offset7 = at + 80;
  const f32x8 v8 = at_most(relu(acc_2_1 + z4 + load<f32x8>(u + offset7)), 6.0f);
  store(out + offset7, v8);
  const ptrdiff_t offset8 = at + 88;
  const f32x8 v9 = at_most(relu(acc_2_2 + z4 + load<f32x8>(u + offset8)), 6.0f);
  store(out + offset8, v9);
}

void conv_clip_tile_2x24(const float *__restrict x, const float *__restrict y,
    const float *__restrict z, const float *__restrict u, float *__restrict out, ptrdiff_t m,
    ptrdiff_t n) noexcept {
  f32x8 acc_0_0{}, acc_0_1{}, acc_0_2{}, acc_1_0{}, acc_1_1{}, acc_1_2{};
  for (ptrdiff_t r = 0; r < 16; ++r) {
    const ptrdiff_t at = n + r * 36;
    const f32x8 x2 = load<f32x8>(x + at);
    const ptrdiff_t at2 = m * 16 + r;
    const f32x8 y2 = splat<f32x8>(y[at2]);
    acc_0_0 = fma(x2, y2, acc_0_0);
    const f32x8 x3 = load<f32x8>(x + at + 8);
    acc_0_1 = fma(x3, y2, acc_0_1);
    const f32x8 x4 = load<f32x8>(x + at + 16);
    acc_0_2 = fma(x4, y2, acc_0_2);
    const f32x8 y3 = splat<f32x8>(y[at2 + 16]);
    acc_1_0 = fma(x2, y3, acc_1_0);
    acc_1_1 = fma(x3, y3, acc_1_1);
    acc_1_2 = fma(x4, y3, acc_1_2);
  }
  const ptrdiff_t at = m * 36 + n;
  const f32x8 z2 = splat<f32x8>(z[m]), v = at_most(relu(acc_0_0 + z2 + load<f32x8>(u + at)), 6.0f);
  store(out + at, v);
  const ptrdiff_t offset = at + 8;
  const f32x8 v2 = at_most(relu(acc_0_1 + z2 + load<f32x8>(u + offset)), 6.0f);
  store(out + offset, v2);
  const ptrdiff_t offset2 = at + 16;
  const f32x8 v3 = at_most(relu(acc_0_2 + z2 + load<f32x8>(u + offset2)), 6.0f);
  store(out + offset2, v3);
  const ptrdiff_t offset3 = at + 36;
  const f32x8 z3 = splat<f32x8>(z[m + 1]);
  const f32x8 v4 = at_most(relu(acc_1_0 + z3 + load<f32x8>(u + offset3)), 6.0f);
  store(out + offset3, v4);
  const ptrdiff_t offset4 = at + 44;
  const f32x8 v5 = at_most(relu(acc_1_1 + z3 + load<f32x8>(u + offset4)), 6.0f);
  store(out + offset4, v5);
  const ptrdiff_t offset5 = at + 52;
  const f32x8 v6 = at_most(relu(acc_1_2 + z3 + load<f32x8>(u + offset5)), 6.0f);
  store(out + offset5, v6);
}

void conv_clip_tile_3x12(const float *__restrict x, const float *__restrict y,
    const float *__restrict z, const float *__restrict u, float *__restrict out, ptrdiff_t m,
    ptrdiff_t n) noexcept {
  f32x8 acc_0_0{}, acc_1_0{}, acc_2_0{};
  f32x4 acc_0_1{}, acc_1_1{}, acc_2_1{};
  for (ptrdiff_t r = 0; r < 16; ++r) {
    const ptrdiff_t at = n + r * 36;
    const f32x8 x2 = load<f32x8>(x + at);
    const ptrdiff_t at2 = m * 16 + r;
    const float y2 = y[at2];
    acc_0_0 = fma(x2, y2, acc_0_0);
    const f32x4 x3 = load<f32x4>(x + at + 8);
    acc_0_1 = fma(x3, y2, acc_0_1);
    const float y3 = y[at2 + 16];
    acc_1_0 = fma(x2, y3, acc_1_0);
    acc_1_1 = fma(x3, y3, acc_1_1);
    const float y4 = y[at2 + 32];
    acc_2_0 = fma(x2, y4, acc_2_0);
    acc_2_1 = fma(x3, y4, acc_2_1);
  }
  const float z2 = z[m];
  const ptrdiff_t at = m * 36 + n;
  const f32x8 v = relu(acc_0_0 + z2 + load<f32x8>(u + at));
  store(out + at, at_most(v, 6.0f));
  const ptrdiff_t offset = at + 8;
  const f32x4 v2 = relu(acc_0_1 + z2 + load<f32x4>(u + offset));
  store(out + offset, at_most(v2, 6.0f));
  const float z3 = z[m + 1];
  const ptrdiff_t offset2 = at + 36;
  const f32x8 v3 = relu(acc_1_0 + z3 + load<f32x8>(u + offset2));
  store(out + offset2, at_most(v3, 6.0f));
  const ptrdiff_t offset3 = at + 44;
  const f32x4 v4 = relu(acc_1_1 + z3 + load<f32x4>(u + offset3));
  store(out + offset3, at_most(v4, 6.0f));
  const float z4 = z[m + 2];
  const ptrdiff_t offset4 = at + 72;
  const f32x8 v5 = relu(acc_2_0 + z4 + load<f32x8>(u + offset4));
  store(out + offset4, at_most(v5, 6.0f));
  const ptrdiff_t offset5 = at + 80;
  const f32x4 v6 = relu(acc_2_1 + z4 + load<f32x4>(u + offset5));
  store(out + offset5, at_most(v6, 6.0f));
}

} // namespace

// conv (Conv), y (Clip): 1x16x6x6, 32x16x1x1, 32, 1x32x6x6 -> 1x32x6x6
void conv_clip(const float *__restrict x, const float *__restrict y, const float *__restrict z,
    const float *__restrict u, float *__restrict out) noexcept {
  for (ptrdiff_t m = 0; m < 30; m += 3) {
    conv_clip_tile_3x24(x, y, z, u, out, m, 0);
  }
  conv_clip_tile_2x24(x, y, z, u, out, 30, 0);
  for (ptrdiff_t m = 0; m < 30; m += 3) {
    conv_clip_tile_3x12(x, y, z, u, out, m, 24);
  }
  f32x8 acc_0_0{}, acc_1_0{};
  f32x4 acc_0_1{}, acc_1_1{};
  for (ptrdiff_t r = 0; r < 16; ++r) {
    const ptrdiff_t at = r * 36;
    const f32x8 x2 = load<f32x8>(x + at + 24);
    const float y2 = y[r + 480];
    acc_0_0 = fma(x2, y2, acc_0_0);
    const f32x4 x3 = load<f32x4>(x + at + 32);
    acc_0_1 = fma(x3, y2, acc_0_1);
    const float y3 = y[r + 496];
    acc_1_0 = fma(x2, y3, acc_1_0);
    acc_1_1 = fma(x3, y3, acc_1_1);
  }
  const float z2 = z[30];
  const f32x8 v = relu(acc_0_0 + z2 + load<f32x8>(u + 1104));
  store(out + 1104, at_most(v, 6.0f));
  const f32x4 v2 = relu(acc_0_1 + z2 + load<f32x4>(u + 1112));
  store(out + 1112, at_most(v2, 6.0f));
  const float z3 = z[31];
  const f32x8 v3 = relu(acc_1_0 + z3 + load<f32x8>(u + 1140));
  store(out + 1140, at_most(v3, 6.0f));
  const f32x4 v4 = relu(acc_1_1 + z3 + load<f32x4>(u + 1148));
  store(out + 1148, at_most(v4, 6.0f));
}
