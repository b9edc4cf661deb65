void conv_hardswish(const float *__restrict x, const float *__restrict w, const float *__restrict y,
    float *__restrict out) noexcept;
namespace {

void conv_hardswish_tile_6x16(const float *__restrict x, const float *__restrict w,
    const float *__restrict y, float *__restrict out, ptrdiff_t j, ptrdiff_t m) noexcept {
  constexpr float c = 0.16666667f;
  const ptrdiff_t r_end = min_index(9 - j, 3);
  f32x8 acc_0_0{}, acc_0_1{}, acc_1_0{}, acc_1_1{}, acc_2_0{}, acc_2_1{}, acc_3_0{}, acc_3_1{};
  f32x8 acc_4_0{}, acc_4_1{}, acc_5_0{}, acc_5_1{};
  for (ptrdiff_t r = max_index(1 - j, 0); r < r_end; ++r) {
    const ptrdiff_t at = j * 8 + m + r * 8;
    const f32x8 x2 = f32x8{x[at - 9], x[at + 55], x[at + 119], x[at + 183], x[at + 247],
        x[at + 311], x[at + 375], x[at + 439]};
    const ptrdiff_t at2 = r * 48;
    const f32x8 w2 = load<f32x8>(w + at2);
    const f32x8 x3 = f32x8{x[at - 8], x[at + 56], x[at + 120], x[at + 184], x[at + 248],
        x[at + 312], x[at + 376], x[at + 440]};
    const f32x8 w3 = load<f32x8>(w + at2 + 16);
    const f32x8 x4 = f32x8{x[at - 7], x[at + 57], x[at + 121], x[at + 185], x[at + 249],
        x[at + 313], x[at + 377], x[at + 441]};
    const f32x8 w4 = load<f32x8>(w + at2 + 32);
    acc_0_0 = fma(x4, w4, fma(x3, w3, fma(x2, w2, acc_0_0)));
    const f32x8 x5 = f32x8{x[at - 6], x[at + 58], x[at + 122], x[at + 186], x[at + 250],
        x[at + 314], x[at + 378], x[at + 442]};
    acc_1_0 = fma(x5, w4, fma(x4, w3, fma(x3, w2, acc_1_0)));
    const f32x8 x6 = f32x8{x[at - 5], x[at + 59], x[at + 123], x[at + 187], x[at + 251],
        x[at + 315], x[at + 379], x[at + 443]};
    acc_2_0 = fma(x6, w4, fma(x5, w3, fma(x4, w2, acc_2_0)));
    const f32x8 x7 = f32x8{x[at - 4], x[at + 60], x[at + 124], x[at + 188], x[at + 252],
        x[at + 316], x[at + 380], x[at + 444]};
    acc_3_0 = fma(x7, w4, fma(x6, w3, fma(x5, w2, acc_3_0)));
    const f32x8 x8 = f32x8{x[at - 3], x[at + 61], x[at + 125], x[at + 189], x[at + 253],
        x[at + 317], x[at + 381], x[at + 445]};
    acc_4_0 = fma(x8, w4, fma(x7, w3, fma(x6, w2, acc_4_0)));
    const f32x8 x9 = f32x8{x[at - 2], x[at + 62], x[at + 126], x[at + 190], x[at + 254],
        x[at + 318], x[at + 382], x[at + 446]};
    acc_5_0 = fma(x9, w4, fma(x8, w3, fma(x7, w2, acc_5_0)));
    const f32x8 x10 = f32x8{x[at + 503], x[at + 567], x[at + 631], x[at + 695], x[at + 759],
        x[at + 823], x[at + 887], x[at + 951]};
    const f32x8 w5 = load<f32x8>(w + at2 + 8);
    const f32x8 x11 = f32x8{x[at + 504], x[at + 568], x[at + 632], x[at + 696], x[at + 760],
        x[at + 824], x[at + 888], x[at + 952]};
    const f32x8 w6 = load<f32x8>(w + at2 + 24);
    const f32x8 x12 = f32x8{x[at + 505], x[at + 569], x[at + 633], x[at + 697], x[at + 761],
        x[at + 825], x[at + 889], x[at + 953]};
    const f32x8 w7 = load<f32x8>(w + at2 + 40);
    acc_0_1 = fma(x12, w7, fma(x11, w6, fma(x10, w5, acc_0_1)));
    const f32x8 x13 = f32x8{x[at + 506], x[at + 570], x[at + 634], x[at + 698], x[at + 762],
        x[at + 826], x[at + 890], x[at + 954]};
    acc_1_1 = fma(x13, w7, fma(x12, w6, fma(x11, w5, acc_1_1)));
    const f32x8 x14 = f32x8{x[at + 507], x[at + 571], x[at + 635], x[at + 699], x[at + 763],
        x[at + 827], x[at + 891], x[at + 955]};
    acc_2_1 = fma(x14, w7, fma(x13, w6, fma(x12, w5, acc_2_1)));
    const f32x8 x15 = f32x8{x[at + 508], x[at + 572], x[at + 636], x[at + 700], x[at + 764],
        x[at + 828], x[at + 892], x[at + 956]};
    acc_3_1 = fma(x15, w7, fma(x14, w6, fma(x13, w5, acc_3_1)));
    const f32x8 x16 = f32x8{x[at + 509], x[at + 573], x[at + 637], x[at + 701], x[at + 765],
        x[at + 829], x[at + 893], x[at + 957]};
    acc_4_1 = fma(x16, w7, fma(x15, w6, fma(x14, w5, acc_4_1)));
    const f32x8 x17 = f32x8{x[at + 510], x[at + 574], x[at + 638], x[at + 702], x[at + 766],
        x[at + 830], x[at + 894], x[at + 958]};
    acc_5_1 = fma(x17, w7, fma(x16, w6, fma(x15, w5, acc_5_1)));
  }
  const f32x8 y2 = load<f32x8>(y), v = acc_0_0 + y2, v2 = v * at_most(relu(v * c + 0.5f), 1.0f);
  const ptrdiff_t at = j * 8 + m;
  out[at] = v2[0]; out[at + 64] = v2[1]; out[at + 128] = v2[2]; out[at + 192] = v2[3];
  out[at + 256] = v2[4]; out[at + 320] = v2[5]; out[at + 384] = v2[6]; out[at + 448] = v2[7];
  const f32x8 y3 = load<f32x8>(y + 8), v3 = acc_0_1 + y3;
  const f32x8 v4 = v3 * at_most(relu(v3 * c + 0.5f), 1.0f);
  out[at + 512] = v4[0]; out[at + 576] = v4[1]; out[at + 640] = v4[2]; out[at + 704] = v4[3];
  out[at + 768] = v4[4]; out[at + 832] = v4[5]; out[at + 896] = v4[6]; out[at + 960] = v4[7];
  const f32x8 v5 = acc_1_0 + y2, v6 = v5 * at_most(relu(v5 * c + 0.5f), 1.0f);
  out[at + 1] = v6[0]; out[at + 65] = v6[1]; out[at + 129] = v6[2]; out[at + 193] = v6[3];
  out[at + 257] = v6[4]; out[at + 321] = v6[5]; out[at + 385] = v6[6]; out[at + 449] = v6[7];
  const f32x8 v7 = acc_1_1 + y3, v8 = v7 * at_most(relu(v7 * c + 0.5f), 1.0f);
  out[at + 513] = v8[0]; out[at + 577] = v8[1]; out[at + 641] = v8[2]; out[at + 705] = v8[3];
  out[at + 769] = v8[4]; out[at + 833] = v8[5]; out[at + 897] = v8[6]; out[at + 961] = v8[7];
  const f32x8 v9 = acc_2_0 + y2, v10 = v9 * at_most(relu(v9 * c + 0.5f), 1.0f);
  out[at + 2] = v10[0]; out[at + 66] = v10[1]; out[at + 130] = v10[2]; out[at + 194] = v10[3];
  out[at + 258] = v10[4]; out[at + 322] = v10[5]; out[at + 386] = v10[6]; out[at + 450] = v10[7];
  const f32x8 v11 = acc_2_1 + y3, v12 = v11 * at_most(relu(v11 * c + 0.5f), 1.0f);
  out[at + 514] = v12[0]; out[at + 578] = v12[1]; out[at + 642] = v12[2]; out[at + 706] = v12[3];
  out[at + 770] = v12[4]; out[at + 834] = v12[5]; out[at + 898] = v12[6]; out[at + 962] = v12[7];
  const f32x8 v13 = acc_3_0 + y2, v14 = v13 * at_most(relu(v13 * c + 0.5f), 1.0f);
  out[at + 3] = v14[0]; out[at + 67] = v14[1]; out[at + 131] = v14[2]; out[at + 195] = v14[3];
  out[at + 259] = v14[4]; out[at + 323] = v14[5]; out[at + 387] = v14[6]; out[at + 451] = v14[7];
  const f32x8 v15 = acc_3_1 + y3, v16 = v15 * at_most(relu(v15 * c + 0.5f), 1.0f);
  out[at + 515] = v16[0]; out[at + 579] = v16[1]; out[at + 643] = v16[2]; out[at + 707] = v16[3];
  out[at + 771] = v16[4]; out[at + 835] = v16[5]; out[at + 899] = v16[6]; out[at + 963] = v16[7];
  const f32x8 v17 = acc_4_0 + y2, v18 = v17 * at_most(relu(v17 * c + 0.5f), 1.0f);
  out[at + 4] = v18[0]; out[at + 68] = v18[1]; out[at + 132] = v18[2]; out[at + 196] = v18[3];
  out[at + 260] = v18[4]; out[at + 324] = v18[5]; out[at + 388] = v18[6]; out[at + 452] = v18[7];
  const f32x8 v19 = acc_4_1 + y3, v20 = v19 * at_most(relu(v19 * c + 0.5f), 1.0f);
  out[at + 516] = v20[0]; out[at + 580] = v20[1]; out[at + 644] = v20[2]; out[at + 708] = v20[3];
  out[at + 772] = v20[4]; out[at + 836] = v20[5]; out[at + 900] = v20[6]; out[at + 964] = v20[7];
  const f32x8 v21 = acc_5_0 + y2, v22 = v21 * at_most(relu(v21 * c + 0.5f), 1.0f);
  out[at + 5] = v22[0]; out[at + 69] = v22[1]; out[at + 133] = v22[2]; out[at + 197] = v22[3];
  out[at + 261] = v22[4]; out[at + 325] = v22[5]; out[at + 389] = v22[6]; out[at + 453] = v22[7];
  const f32x8 v23 = acc_5_1 + y3, v24 = v23 * at_most(relu(v23 * c + 0.5f), 1.0f);
  out[at + 517] = v24[0]; out[at + 581] = v24[1]; out[at + 645] = v24[2]; out[at + 709] = v24[3];
  out[at + 773] = v24[4]; out[at + 837] = v24[5]; out[at + 901] = v24[6]; out[at + 965] = v24[7];
}

} // namespace

// conv (Conv), y (HardSwish): 1x16x8x8, 16x3x3, 16 -> 1x16x8x8
void conv_hardswish(const float *__restrict x, const float *__restrict w, const float *__restrict y,
    float *__restrict out) noexcept {
  constexpr float c = 0.16666667f;
  for (ptrdiff_t j = 0; j < 8; ++j) {
    const ptrdiff_t r_begin = max_index(1 - j, 0), r_end = min_index(9 - j, 3);
    f32x8 acc_0{}, acc_1{};
    for (ptrdiff_t r = r_begin; r < r_end; ++r) {
      for (ptrdiff_t s = 1; s < 3; ++s) {
        const ptrdiff_t at = j * 8 + r * 8 + s;
        const f32x8 x2 = f32x8{x[at - 9], x[at + 55], x[at + 119], x[at + 183], x[at + 247],
            x[at + 311], x[at + 375], x[at + 439]};
        const ptrdiff_t at2 = r * 48 + s * 16;
        acc_0 = fma(x2, load<f32x8>(w + at2), acc_0);
        const f32x8 x3 = f32x8{x[at + 503], x[at + 567], x[at + 631], x[at + 695], x[at + 759],
            x[at + 823], x[at + 887], x[at + 951]};
        acc_1 = fma(x3, load<f32x8>(w + at2 + 8), acc_1);
      }
    }
    const f32x8 y2 = load<f32x8>(y), v = acc_0 + y2, v2 = v * at_most(relu(v * c + 0.5f), 1.0f);
    const ptrdiff_t at = j * 8;
    out[at] = v2[0]; out[at + 64] = v2[1]; out[at + 128] = v2[2]; out[at + 192] = v2[3];
    out[at + 256] = v2[4]; out[at + 320] = v2[5]; out[at + 384] = v2[6]; out[at + 448] = v2[7];
    const f32x8 y3 = load<f32x8>(y + 8), v3 = acc_1 + y3;
    const f32x8 v4 = v3 * at_most(relu(v3 * c + 0.5f), 1.0f);
    out[at + 512] = v4[0]; out[at + 576] = v4[1]; out[at + 640] = v4[2]; out[at + 704] = v4[3];
    out[at + 768] = v4[4]; out[at + 832] = v4[5]; out[at + 896] = v4[6]; out[at + 960] = v4[7];
    conv_hardswish_tile_6x16(x, w, y, out, j, 1);
    f32x8 acc_0_2{}, acc_1_2{};
    for (ptrdiff_t r = r_begin; r < r_end; ++r) {
      for (ptrdiff_t s = 0; s < 2; ++s) {
        const ptrdiff_t at2 = j * 8 + r * 8 + s;
        const f32x8 x2 = f32x8{x[at2 - 2], x[at2 + 62], x[at2 + 126], x[at2 + 190], x[at2 + 254],
            x[at2 + 318], x[at2 + 382], x[at2 + 446]};
        const ptrdiff_t at3 = r * 48 + s * 16;
        acc_0_2 = fma(x2, load<f32x8>(w + at3), acc_0_2);
        const f32x8 x3 = f32x8{x[at2 + 510], x[at2 + 574], x[at2 + 638], x[at2 + 702], x[at2 + 766],
            x[at2 + 830], x[at2 + 894], x[at2 + 958]};
        acc_1_2 = fma(x3, load<f32x8>(w + at3 + 8), acc_1_2);
      }
    }
    const f32x8 v5 = acc_0_2 + y2, v6 = v5 * at_most(relu(v5 * c + 0.5f), 1.0f);
    out[at + 7] = v6[0]; out[at + 71] = v6[1]; out[at + 135] = v6[2]; out[at + 199] = v6[3];
    out[at + 263] = v6[4]; out[at + 327] = v6[5]; out[at + 391] = v6[6]; out[at + 455] = v6[7];
    const f32x8 v7 = acc_1_2 + y3, v8 = v7 * at_most(relu(v7 * c + 0.5f), 1.0f);
    out[at + 519] = v8[0]; out[at + 583] = v8[1]; out[at + 647] = v8[2]; out[at + 711] = v8[3];
    out[at + 775] = v8[4]; out[at + 839] = v8[5]; out[at + 903] = v8[6]; out[at + 967] = v8[7];
  }
}
