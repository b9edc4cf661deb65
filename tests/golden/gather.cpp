void gather(const float *__restrict x, const int64_t *__restrict y, float *__restrict out,
    int32_t *__restrict status) noexcept;

// y (Gather): 10x16, 3 i64 -> 3x16
void gather(const float *__restrict x, const int64_t *__restrict y, float *__restrict out,
    int32_t *__restrict status) noexcept {
  for (ptrdiff_t i = 0; i < 3; ++i) {
    for (ptrdiff_t j = 0; j < 16; ++j) {
      const ptrdiff_t offset = ptrdiff_t(y[i]), offset2 = offset < 0 ? offset + 10 : offset;
      if (!(as_unsigned(offset2) < as_unsigned(ptrdiff_t(10)))) {
        status[0] = 1;
      }
      out[i * 16 + j] = x[min_signed(max_signed(offset2, ptrdiff_t(0)), ptrdiff_t(9)) * 16 + j];
    }
  }
}
