//===- vector_test.cpp - every function of vector.h against libm ----------===//
//
// One program for each instruction set: the build compiles it with each
// target's flags. Values are compared as bits, NaN with NaN.
//
//===----------------------------------------------------------------------===//
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ingot/vector.h>
#include <limits>

using namespace ingot;

static int failures = 0;

template <typename T> static bool same(T a, T b) {
  return (a != a && b != b) || std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <typename V, typename F>
static void check(const char *what, V got, F expected) {
  for (int i = 0; i < lanes<V>; ++i) {
    auto want = Element<V>(expected(i));
    if (same<Element<V>>(got[i], want))
      continue;
    ++failures;
    std::printf("%s, %d lanes of %d bytes: lane %d is %.9g, expected %.9g\n", what,
                lanes<V>, int(sizeof(Element<V>)), i, double(got[i]), double(want));
  }
}

/// Zeros, ties, halves, infinities, NaN, denormals and large values.
static const double samples[] = {
    0.0, -0.0, 0.5,     -0.5,    1.5,  2.5,   -2.5, 0.49999997, -0.75, 1e-40, 3.0,
    -7., 1e9,  8388607.5, -8388608., 1e30, -1e30, 2.25, 1.0 / 3.0, 123.4, -0.1, 65504.};

template <typename T> static T sample(unsigned i) {
  const unsigned count = sizeof(samples) / sizeof(samples[0]);
  i %= count + 3;
  if (i < count)
    return T(samples[i]);
  return i == count       ? std::numeric_limits<T>::infinity()
         : i == count + 1 ? -std::numeric_limits<T>::infinity()
                          : std::numeric_limits<T>::quiet_NaN();
}

template <typename T> static T maximum_reference(T a, T b) {
  if (a != a || b != b)
    return std::numeric_limits<T>::quiet_NaN();
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

template <typename T, int N> static void checkFloats() {
  using V = Vector<T, N>;
  using M = Bits<V>;
  for (unsigned shift = 0; shift < 25 * 25; ++shift) {
    T a[N], b[N];
    for (unsigned i = 0; i < N; ++i) {
      a[i] = sample<T>(i + shift);
      b[i] = sample<T>(i + shift / 25 + 3);
    }
    const V x = load<V>(a), y = load<V>(b);
    check("sqrt", ingot::sqrt(x), [&](int i) { return std::sqrt(a[i]); });
    check("abs", ingot::abs(x), [&](int i) { return std::fabs(a[i]); });
    check("floor", ingot::floor(x), [&](int i) { return std::floor(a[i]); });
    check("ceil", ingot::ceil(x), [&](int i) { return std::ceil(a[i]); });
    check("trunc", ingot::trunc(x), [&](int i) { return std::trunc(a[i]); });
    check("roundeven", ingot::roundeven(x), [&](int i) { return std::nearbyint(a[i]); });
    check("copysign", ingot::copysign(x, y), [&](int i) { return std::copysign(a[i], b[i]); });
    check("maximum", maximum(x, y), [&](int i) { return maximum_reference(a[i], b[i]); });
    check("minimum", minimum(x, y), [&](int i) { return -maximum_reference(-a[i], -b[i]); });
    check("max_number", max_number(x, y),
          [&](int i) { return a[i] != a[i] ? b[i] : b[i] != b[i] ? a[i] : a[i] < b[i] ? b[i] : a[i]; });
    check("relu", relu(x), [&](int i) { return maximum_reference(a[i], T(0)); });
    check("at_least", at_least(x, T(-0.5)), [&](int i) { return maximum_reference(a[i], T(-0.5)); });
    check("at_most", at_most(x, T(6)), [&](int i) { return -maximum_reference(-a[i], T(-6)); });
    check("at_most", at_most(x, T(0)), [&](int i) { return -maximum_reference(-a[i], -T(0)); });
    check("number_at_least", number_at_least(x, T(-0.5)), [&](int i) { return a[i] > T(-0.5) ? a[i] : T(-0.5); });
    check("number_at_most", number_at_most(x, T(6)), [&](int i) { return a[i] < T(6) ? a[i] : T(6); });
    // Of two zeros the bound is taken.
    check("number_at_least", number_at_least(x, splat<V>(T(0))), [&](int i) { return a[i] > T(0) ? a[i] : T(0); });
    check("number_at_most", number_at_most(x, splat<V>(T(-0.0))), [&](int i) { return a[i] < T(0) ? a[i] : T(-0.0); });
    check("select", select(x < y, x, y), [&](int i) { return a[i] < b[i] ? a[i] : b[i]; });
    check("splat", splat<V>(a[0]), [&](int) { return a[0]; });
#ifdef FP_FAST_FMA
    T c[N];
    for (unsigned i = 0; i < N; ++i)
      c[i] = sample<T>(i + 2 * shift + 7);
    const V z = load<V>(c);
    check("fma", ingot::fma(x, y, z), [&](int i) { return std::fma(a[i], b[i], c[i]); });
    check("fma", ingot::fma(a[0], y, z), [&](int i) { return std::fma(a[0], b[i], c[i]); });
#endif
    bool bools[N];
    store_mask(bools, x < y);
    for (int i = 0; i < N; ++i)
      failures += bools[i] != (a[i] < b[i]);
    check("load_mask", load_mask<M>(bools), [&](int i) { return a[i] < b[i] ? -1 : 0; });
    check("mask", mask_bits<Vector<std::int32_t, N>>((M)(x < y)),
          [&](int i) { return a[i] < b[i]; });
    T stored[N];
    store(stored, x);
    failures += std::memcmp(stored, a, sizeof(a)) != 0;

    T tree[N];
    std::memcpy(tree, a, sizeof(a));
    for (int half = N / 2; half > 0; half /= 2)
      for (int i = 0; i < half; ++i)
        tree[i] = tree[i] + tree[i + half];
    failures += !same(reduce_add(x), tree[0]);
    T largest = a[0];
    for (T value : a)
      largest = maximum_reference(largest, value);
    failures += !same(reduce_maximum(x), largest);

    failures += !same(ingot::roundeven(a[0]), T(std::nearbyint(a[0])));
    failures += !same(ingot::floor(a[0]), T(std::floor(a[0])));
    failures += !same(ingot::sqrt(a[0]), T(std::sqrt(a[0])));
    failures += !same(maximum(a[0], b[0]), maximum_reference(a[0], b[0]));
  }
}

template <int N> static void checkIntegers() {
  using I32 = Vector<std::int32_t, N>;
  using I8 = Vector<std::int8_t, N>;
  using I64 = Vector<std::int64_t, N>;
  std::int32_t a[N];
  for (int i = 0; i < N; ++i)
    a[i] = i * 715827883 - 1000;
  const I32 x = load<I32>(a);
  check("shift_right_unsigned", shift_right_unsigned(x, 3),
        [&](int i) { return std::int32_t(std::uint32_t(a[i]) >> 3); });
  check("convert", convert<I64>(x), [&](int i) { return a[i]; });
  check("convert_unsigned", convert_unsigned<I64>(x), [&](int i) { return std::uint32_t(a[i]); });
  check("convert", convert<I8>(x), [&](int i) { return std::int8_t(a[i]); });
  check("max_signed", max_signed(x, 5), [&](int i) { return a[i] > 5 ? a[i] : 5; });
  check("max_unsigned", max_unsigned(x, 5),
        [&](int i) { return std::uint32_t(a[i]) > 5 ? a[i] : 5; });
  check("abs", ingot::abs(x), [&](int i) { return a[i] < 0 ? -a[i] : a[i]; });
  check("insert", insert<1>(x, 7), [&](int i) { return i == 1 ? 7 : a[i]; });
  check("select", select(x > 0, convert<I64>(x), std::int64_t(0)),
        [&](int i) { return a[i] > 0 ? a[i] : 0; });
}

/// Conversions between narrow integers, and their products in pairs.
template <int N> static void checkNarrow() {
  using I8 = Vector<std::int8_t, N>;
  using I16 = Vector<std::int16_t, N>;
  using I32 = Vector<std::int32_t, N>;
  using F32 = Vector<float, N>;
  std::int8_t a[N];
  std::int16_t b[N], c[2 * N], d[2 * N];
  for (int i = 0; i < N; ++i) {
    a[i] = std::int8_t(i * 91 - 128);
    b[i] = std::int16_t(i * 9973 - 32768);
  }
  for (int i = 0; i < 2 * N; ++i) {
    c[i] = std::int16_t(i * 12345 - 32768);
    d[i] = std::int16_t(32767 - i * 7919);
  }
  const I8 x = load<I8>(a);
  const I16 y = load<I16>(b);
  check("convert", convert<I16>(x), [&](int i) { return a[i]; });
  check("convert", convert<I32>(x), [&](int i) { return a[i]; });
  check("convert", convert<I32>(y), [&](int i) { return b[i]; });
  check("convert", convert<F32>(x), [&](int i) { return float(a[i]); });
  check("convert", convert<I8>(y), [&](int i) { return std::int8_t(b[i]); });
  check("convert_unsigned", convert_unsigned<I16>(x), [&](int i) { return std::uint8_t(a[i]); });
  check("convert_unsigned", convert_unsigned<I32>(x), [&](int i) { return std::uint8_t(a[i]); });
  check("convert_unsigned", convert_unsigned<I32>(y), [&](int i) { return std::uint16_t(b[i]); });
  check("convert_unsigned", convert_unsigned<F32>(x), [&](int i) { return float(std::uint8_t(a[i])); });

  using Pairs = Vector<std::int16_t, 2 * N>;
  const I32 sums = convert<I32>(y);
  auto sum = [&](int i, int j) { return b[i] + c[j] * d[2 * i] + c[j + 1] * d[2 * i + 1]; };
  check("dot", dot(load<Pairs>(c), load<Pairs>(d), sums), [&](int i) { return sum(i, 2 * i); });
  check("dot", dot(load<i16x2>(c), load<Pairs>(d), sums), [&](int i) { return sum(i, 0); });
  failures += dot(load<i16x2>(c), load<i16x2>(d), std::int32_t(b[0])) != sum(0, 0);

  std::int8_t e[4 * N], f[4 * N];
  for (int i = 0; i < 4 * N; ++i) {
    e[i] = std::int8_t(i % 5 ? i * 91 - 128 : -128);
    f[i] = std::int8_t(i % 3 ? 127 - i * 57 : -128);
  }
  using Fours = Vector<std::int8_t, 4 * N>;
  auto fours = [&](int i, int j, bool isUnsigned) {
    int total = b[i];
    for (int t = 0; t < 4; ++t)
      total += (isUnsigned ? int(std::uint8_t(e[j + t])) : int(e[j + t])) * f[4 * i + t];
    return total;
  };
  check("dot", dot(load<Fours>(e), load<Fours>(f), sums), [&](int i) { return fours(i, 4 * i, false); });
  check("dot", dot(load<i8x4>(e), load<Fours>(f), sums), [&](int i) { return fours(i, 0, false); });
  check("dot_unsigned", dot_unsigned(load<Fours>(e), load<Fours>(f), sums), [&](int i) { return fours(i, 4 * i, true); });
  check("dot_unsigned", dot_unsigned(load<i8x4>(e), load<Fours>(f), sums), [&](int i) { return fours(i, 0, true); });
  std::int16_t g[4 * N];
  for (int i = 0; i < 4 * N; ++i)
    g[i] = std::int16_t(i % 7 ? i * 9973 - 255 : -32768);
  auto mixed = [&](int i, int j) {
    return b[i] + g[j] * f[4 * i] + g[j + 2] * f[4 * i + 1] + g[j + 1] * f[4 * i + 2] + g[j + 3] * f[4 * i + 3];
  };
  check("dot", dot(load<Vector<std::int16_t, 4 * N>>(g), load<Fours>(f), sums), [&](int i) { return mixed(i, 4 * i); });
  check("dot", dot(load<i16x4>(g), load<Fours>(f), sums), [&](int i) { return mixed(i, 0); });
  failures += dot(load<i16x4>(g), load<i8x4>(f), std::int32_t(b[0])) != mixed(0, 0);
  failures += dot_unsigned(load<i8x4>(e), load<i8x4>(f), std::int32_t(b[0])) != fours(0, 0, true);
}

#if defined(__aarch64__)
/// a + b, two numbers of float32, rounded to odd: by way of double, with what that leaves out of the sum.
static float sumToOdd(float a, float b) {
  const double x = a, y = b, sum = x + y, part = sum - x, rest = (x - (sum - part)) + (y - part);
  const float nearest = float(sum);
  const double excess = double(nearest) != sum ? double(nearest) - sum : -rest;
  if (excess == 0 || !(nearest - nearest == 0))
    return nearest;
  const auto bits = bitcast<std::int32_t>(nearest);
  return bitcast<float>((excess > 0) == (nearest > 0) ? (bits - 1) | 1 : bits | 1);
}
#endif

static float flushOne(float x) {
  const float smallest = 1.17549435e-38f;
  return x > -smallest && x < smallest ? (bitcast<std::int32_t>(x) < 0 ? -0.0f : 0.0f) : x;
}

/// Pairs of bfloat16 as this machine's kind of processor sums them: signs, cancellation, exponents far apart, subnormal numbers, infinities.
template <int N>
static void checkDotsOfFloats() {
  using F32 = Vector<float, N>;
  using Pairs = Vector<std::int16_t, 2 * N>;
  auto number = [](std::int16_t bits) { return flushOne(bitcast<float>(std::int32_t(std::uint32_t(std::uint16_t(bits)) << 16))); };
  std::uint32_t state = 12345;
  auto next = [&] { return (state = state * 1664525u + 1013904223u) >> 8; };
  for (int round = 0; round < 400; ++round) {
    std::int16_t a[2 * N], b[2 * N];
    float c[N];
    const std::uint32_t spread = round % 4 == 0 ? 1 : round % 4 == 1 ? 8 : 24;
    auto half = [&] { return std::int16_t(next() % 128 | (127 - spread / 2 + next() % spread) << 7 | next() % 2 << 15); };
    for (int i = 0; i < 2 * N; ++i) {
      a[i] = half();
      b[i] = half();
      // Zeros, subnormal numbers, and products that are.
      if (round % 8 == 7 && next() % 4 == 0)
        a[i] = std::int16_t(next() % 128 | next() % 2 << 15);
      if (round % 8 == 3 && next() % 8 == 0) {
        a[i] = std::int16_t((40 + next() % 20) << 7);
        b[i] = std::int16_t((60 + next() % 20) << 7);
      }
    }
    for (int i = 0; i < N; ++i) {
      c[i] = bitcast<float>(std::int32_t((next() & 0xFFFF) << 7 | (127 - spread + next() % (2 * spread)) << 23 | next() % 2 << 31));
      if (round % 16 == 15 && i % 2)
        c[i] = bitcast<float>(std::int32_t(i % 4 == 1 ? 0x7F800000u : 0x80000123u));
    }
    auto expected = [&](int i, int j) {
      const float even = number(a[j]) * number(b[2 * i]), odd = number(a[j + 1]) * number(b[2 * i + 1]);
#if defined(__aarch64__)
      return flushOne(sumToOdd(flushOne(c[i]), flushOne(sumToOdd(flushOne(even), flushOne(odd)))));
#else
      return flushOne(flushOne(flushOne(c[i]) + odd) + even);
#endif
    };
    const F32 sums = load<F32>(c);
    check("dot of bfloat16", dot(load<Pairs>(a), load<Pairs>(b), sums), [&](int i) { return expected(i, 2 * i); });
    check("dot of bfloat16", dot(load<i16x2>(a), load<Pairs>(b), sums), [&](int i) { return expected(i, 0); });
    check("dot of bfloat16", dot(load<i16x4>(a), load<i16x4>(b), load<f32x2>(c)), [&](int i) { return expected(i, 2 * i); });
    failures += !same(dot(load<i16x2>(a), load<i16x2>(b), c[0]), expected(0, 0));
  }
}

#if defined(__F16C__) || defined(__aarch64__)
/// Exact halves there and back, and halfway cases between two.
template <int N>
static void checkHalves() {
  for (int start = 0; start + N <= 0x7c00; start += 97 * N) {
    std::int16_t codes[N];
    float between[N];
    for (int i = 0; i < N; ++i) {
      codes[i] = std::int16_t(start + i);
      between[i] = half_to_float(std::int16_t(start + i)) / 2 + half_to_float(std::int16_t(start + i + 1)) / 2;
    }
    const auto bits = load<Vector<std::int16_t, N>>(codes);
    const auto values = half_to_float(bits);
    check("half_to_float", values, [&](int i) {
      const int exponent = codes[i] >> 10, mantissa = codes[i] & 1023;
      return exponent ? std::ldexp(float(mantissa + 1024), exponent - 25) : std::ldexp(float(mantissa), -24);
    });
    check("float_to_half", float_to_half(values), [&](int i) { return codes[i]; });
    check("float_to_half", float_to_half(load<Vector<float, N>>(between)), [&](int i) { return std::int16_t(codes[i] + (codes[i] & 1)); });
  }
}
#endif

int main() {
#if defined(__F16C__) || defined(__aarch64__)
  checkHalves<2>();
  checkHalves<4>();
  checkHalves<8>();
  checkHalves<16>();
  checkHalves<32>();
#endif

  checkFloats<float, 2>();
  checkFloats<float, 4>();
  checkFloats<float, 8>();
  checkFloats<float, 16>();
  checkFloats<float, 32>();
  checkFloats<double, 2>();
  checkFloats<double, 4>();
  checkFloats<double, 8>();
  checkFloats<double, 16>();
  checkIntegers<4>();
  checkIntegers<8>();
  checkIntegers<16>();
  checkNarrow<4>();
  checkDotsOfFloats<4>();
  checkNarrow<8>();
  checkDotsOfFloats<8>();
  checkNarrow<16>();
  checkDotsOfFloats<16>();
  checkNarrow<32>();
  checkDotsOfFloats<32>();
  failures += floor_div(-7, 2) != -4 || floor_mod(-7, 2) != 1 || ceil_div(7, 2) != 4 ||
              floor_div(7, 2) != 3 || ceil_div(-7, 2) != -3;
  if (failures)
    std::printf("%d failures\n", failures);
  return failures != 0;
}
