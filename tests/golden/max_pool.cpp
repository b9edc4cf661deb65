void maxpool(const float *__restrict x, float *__restrict out) noexcept;
namespace {

void maxpool_tile_3x16(const float *__restrict x, float *__restrict out, ptrdiff_t j,
    ptrdiff_t m) noexcept {
  constexpr float acc_0_0 = -infinity<float>;
  const ptrdiff_t r_end = min_index(10 - j * 2, 3);
  f32x8 acc_0_0_2 = splat<f32x8>(acc_0_0), acc_0_1 = splat<f32x8>(acc_0_0);
  f32x8 acc_1_0 = splat<f32x8>(acc_0_0), acc_1_1 = splat<f32x8>(acc_0_0);
  f32x8 acc_2_0 = splat<f32x8>(acc_0_0), acc_2_1 = splat<f32x8>(acc_0_0);
  for (ptrdiff_t r = max_index(1 - j * 2, 0); r < r_end; ++r) {
    const ptrdiff_t at = j * 18 + m * 2 + r * 9;
    const f32x8 x2 = f32x8{x[at - 10], x[at + 71], x[at + 152], x[at + 233], x[at + 314],
        x[at + 395], x[at + 476], x[at + 557]};
    const f32x8 v = number_at_least(x2, acc_0_0_2);
    const f32x8 x3 = f32x8{x[at - 9], x[at + 72], x[at + 153], x[at + 234], x[at + 315],
        x[at + 396], x[at + 477], x[at + 558]};
    const f32x8 x4 = f32x8{x[at - 8], x[at + 73], x[at + 154], x[at + 235], x[at + 316],
        x[at + 397], x[at + 478], x[at + 559]};
    acc_0_0_2 = number_at_least(x4, number_at_least(x3, v));
    const f32x8 v2 = number_at_least(x4, acc_1_0);
    const f32x8 x5 = f32x8{x[at - 7], x[at + 74], x[at + 155], x[at + 236], x[at + 317],
        x[at + 398], x[at + 479], x[at + 560]};
    const f32x8 x6 = f32x8{x[at - 6], x[at + 75], x[at + 156], x[at + 237], x[at + 318],
        x[at + 399], x[at + 480], x[at + 561]};
    acc_1_0 = number_at_least(x6, number_at_least(x5, v2));
    const f32x8 v3 = number_at_least(x6, acc_2_0);
    const f32x8 x7 = f32x8{x[at - 5], x[at + 76], x[at + 157], x[at + 238], x[at + 319],
        x[at + 400], x[at + 481], x[at + 562]};
    const f32x8 x8 = f32x8{x[at - 4], x[at + 77], x[at + 158], x[at + 239], x[at + 320],
        x[at + 401], x[at + 482], x[at + 563]};
    acc_2_0 = number_at_least(x8, number_at_least(x7, v3));
    const f32x8 x9 = f32x8{x[at + 638], x[at + 719], x[at + 800], x[at + 881], x[at + 962],
        x[at + 1043], x[at + 1124], x[at + 1205]};
    const f32x8 v4 = number_at_least(x9, acc_0_1);
    const f32x8 x10 = f32x8{x[at + 639], x[at + 720], x[at + 801], x[at + 882], x[at + 963],
        x[at + 1044], x[at + 1125], x[at + 1206]};
    const f32x8 x11 = f32x8{x[at + 640], x[at + 721], x[at + 802], x[at + 883], x[at + 964],
        x[at + 1045], x[at + 1126], x[at + 1207]};
    acc_0_1 = number_at_least(x11, number_at_least(x10, v4));
    const f32x8 v5 = number_at_least(x11, acc_1_1);
    const f32x8 x12 = f32x8{x[at + 641], x[at + 722], x[at + 803], x[at + 884], x[at + 965],
        x[at + 1046], x[at + 1127], x[at + 1208]};
    const f32x8 x13 = f32x8{x[at + 642], x[at + 723], x[at + 804], x[at + 885], x[at + 966],
        x[at + 1047], x[at + 1128], x[at + 1209]};
    acc_1_1 = number_at_least(x13, number_at_least(x12, v5));
    const f32x8 v6 = number_at_least(x13, acc_2_1);
    const f32x8 x14 = f32x8{x[at + 643], x[at + 724], x[at + 805], x[at + 886], x[at + 967],
        x[at + 1048], x[at + 1129], x[at + 1210]};
    const f32x8 x15 = f32x8{x[at + 644], x[at + 725], x[at + 806], x[at + 887], x[at + 968],
        x[at + 1049], x[at + 1130], x[at + 1211]};
    acc_2_1 = number_at_least(x15, number_at_least(x14, v6));
  }
  const ptrdiff_t at = j * 5 + m;
  out[at] = acc_0_0_2[0]; out[at + 25] = acc_0_0_2[1]; out[at + 50] = acc_0_0_2[2];
  out[at + 75] = acc_0_0_2[3]; out[at + 100] = acc_0_0_2[4]; out[at + 125] = acc_0_0_2[5];
  out[at + 150] = acc_0_0_2[6]; out[at + 175] = acc_0_0_2[7]; out[at + 200] = acc_0_1[0];
  out[at + 225] = acc_0_1[1]; out[at + 250] = acc_0_1[2]; out[at + 275] = acc_0_1[3];
  out[at + 300] = acc_0_1[4]; out[at + 325] = acc_0_1[5]; out[at + 350] = acc_0_1[6];
  out[at + 375] = acc_0_1[7]; out[at + 1] = acc_1_0[0]; out[at + 26] = acc_1_0[1];
  out[at + 51] = acc_1_0[2]; out[at + 76] = acc_1_0[3]; out[at + 101] = acc_1_0[4];
  out[at + 126] = acc_1_0[5]; out[at + 151] = acc_1_0[6]; out[at + 176] = acc_1_0[7];
  out[at + 201] = acc_1_1[0]; out[at + 226] = acc_1_1[1]; out[at + 251] = acc_1_1[2];
  out[at + 276] = acc_1_1[3]; out[at + 301] = acc_1_1[4]; out[at + 326] = acc_1_1[5];
  out[at + 351] = acc_1_1[6]; out[at + 376] = acc_1_1[7]; out[at + 2] = acc_2_0[0];
  out[at + 27] = acc_2_0[1]; out[at + 52] = acc_2_0[2]; out[at + 77] = acc_2_0[3];
  out[at + 102] = acc_2_0[4]; out[at + 127] = acc_2_0[5]; out[at + 152] = acc_2_0[6];
  out[at + 177] = acc_2_0[7]; out[at + 202] = acc_2_1[0]; out[at + 227] = acc_2_1[1];
  out[at + 252] = acc_2_1[2]; out[at + 277] = acc_2_1[3]; out[at + 302] = acc_2_1[4];
  out[at + 327] = acc_2_1[5]; out[at + 352] = acc_2_1[6]; out[at + 377] = acc_2_1[7];
}

} // namespace

// y (MaxPool): 1x16x9x9 -> 1x16x5x5
void maxpool(const float *__restrict x, float *__restrict out) noexcept {
  constexpr float acc_0 = -infinity<float>;
  for (ptrdiff_t j = 0; j < 5; ++j) {
    const ptrdiff_t r_begin = max_index(1 - j * 2, 0), r_end = min_index(10 - j * 2, 3);
    f32x8 acc_0_2 = splat<f32x8>(acc_0), acc_1 = splat<f32x8>(acc_0);
    for (ptrdiff_t r = r_begin; r < r_end; ++r) {
      for (ptrdiff_t s = 1; s < 3; ++s) {
        const ptrdiff_t at = j * 18 + r * 9 + s;
        const f32x8 x2 = f32x8{x[at - 10], x[at + 71], x[at + 152], x[at + 233], x[at + 314],
            x[at + 395], x[at + 476], x[at + 557]};
        acc_0_2 = number_at_least(x2, acc_0_2);
        const f32x8 x3 = f32x8{x[at + 638], x[at + 719], x[at + 800], x[at + 881], x[at + 962],
            x[at + 1043], x[at + 1124], x[at + 1205]};
        acc_1 = number_at_least(x3, acc_1);
      }
    }
    const ptrdiff_t at = j * 5;
    out[at] = acc_0_2[0]; out[at + 25] = acc_0_2[1]; out[at + 50] = acc_0_2[2];
    out[at + 75] = acc_0_2[3]; out[at + 100] = acc_0_2[4]; out[at + 125] = acc_0_2[5];
    out[at + 150] = acc_0_2[6]; out[at + 175] = acc_0_2[7]; out[at + 200] = acc_1[0];
    out[at + 225] = acc_1[1]; out[at + 250] = acc_1[2]; out[at + 275] = acc_1[3];
    out[at + 300] = acc_1[4]; out[at + 325] = acc_1[5]; out[at + 350] = acc_1[6];
    out[at + 375] = acc_1[7];
    maxpool_tile_3x16(x, out, j, 1);
    f32x8 acc_0_3 = splat<f32x8>(acc_0), acc_1_2 = splat<f32x8>(acc_0);
    for (ptrdiff_t r = r_begin; r < r_end; ++r) {
      for (ptrdiff_t s = 0; s < 2; ++s) {
        const ptrdiff_t at2 = j * 18 + r * 9 + s;
        const f32x8 x2 = f32x8{x[at2 - 2], x[at2 + 79], x[at2 + 160], x[at2 + 241], x[at2 + 322],
            x[at2 + 403], x[at2 + 484], x[at2 + 565]};
        acc_0_3 = number_at_least(x2, acc_0_3);
        const f32x8 x3 = f32x8{x[at2 + 646], x[at2 + 727], x[at2 + 808], x[at2 + 889], x[at2 + 970],
            x[at2 + 1051], x[at2 + 1132], x[at2 + 1213]};
        acc_1_2 = number_at_least(x3, acc_1_2);
      }
    }
    out[at + 4] = acc_0_3[0]; out[at + 29] = acc_0_3[1]; out[at + 54] = acc_0_3[2];
    out[at + 79] = acc_0_3[3]; out[at + 104] = acc_0_3[4]; out[at + 129] = acc_0_3[5];
    out[at + 154] = acc_0_3[6]; out[at + 179] = acc_0_3[7]; out[at + 204] = acc_1_2[0];
    out[at + 229] = acc_1_2[1]; out[at + 254] = acc_1_2[2]; out[at + 279] = acc_1_2[3];
    out[at + 304] = acc_1_2[4]; out[at + 329] = acc_1_2[5]; out[at + 354] = acc_1_2[6];
    out[at + 379] = acc_1_2[7];
  }
}
