void globalaveragepool(const float *__restrict x, float *__restrict out) noexcept;

// y (GlobalAveragePool): 1x24x5x5 -> 1x24
void globalaveragepool(const float *__restrict x, float *__restrict out) noexcept {
  f32x8 acc_0{}, acc_1{}, acc_2{};
  for (ptrdiff_t r = 0; r < 25; ++r) {
    const f32x8 x2 = f32x8{x[r], x[r + 25], x[r + 50], x[r + 75], x[r + 100], x[r + 125],
        x[r + 150], x[r + 175]};
    acc_0 += x2;
    const f32x8 x3 = f32x8{x[r + 200], x[r + 225], x[r + 250], x[r + 275], x[r + 300], x[r + 325],
        x[r + 350], x[r + 375]};
    acc_1 += x3;
    const f32x8 x4 = f32x8{x[r + 400], x[r + 425], x[r + 450], x[r + 475], x[r + 500], x[r + 525],
        x[r + 550], x[r + 575]};
    acc_2 += x4;
  }
  store(out, acc_0 / 25.0f);
  store(out + 8, acc_1 / 25.0f);
  store(out + 16, acc_2 / 25.0f);
}
