void gather(const float *__restrict x, const int64_t *__restrict y, float *__restrict out,
    int32_t *__restrict status) noexcept;
void gather_2(const float *__restrict x, float *__restrict out) noexcept;

// y (Gather): 10x16, 3 i64 -> 16x3
void gather(const float *__restrict x, const int64_t *__restrict y, float *__restrict out,
    int32_t *__restrict status) noexcept {
  for (ptrdiff_t i = 0; i < 3; ++i) {
    for (ptrdiff_t j = 0; j < 16; ++j) {
      const ptrdiff_t offset = ptrdiff_t(y[i]), offset2 = offset < 0 ? offset + 10 : offset;
      if (!(as_unsigned(offset2) < as_unsigned(ptrdiff_t(10)))) {
        status[0] = 1;
      }
      out[i + j * 3] = x[min_signed(max_signed(offset2, ptrdiff_t(0)), ptrdiff_t(9)) * 16 + j];
    }
  }
}

// y (Gather): 16x3 -> 3x16
void gather_2(const float *__restrict x, float *__restrict out) noexcept {
  for (ptrdiff_t i = 0; i < 3; ++i) {
    for (ptrdiff_t n = 0; n < 16; n += 8) {
      const ptrdiff_t at = i + n * 3;
      const f32x8 x2 = f32x8{x[at], x[at + 3], x[at + 6], x[at + 9], x[at + 12], x[at + 15],
          x[at + 18], x[at + 21]};
      store(out + i * 16 + n, x2);
    }
  }
}
