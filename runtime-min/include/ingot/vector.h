//===- vector.h - vectors of any instruction set for generated code -------===//
//
// Vectors are the vector types of GCC and Clang: f32x16 is sixteen floats, and
// + - * / & | ^ << >> and comparisons work lane by lane, also between a vector
// and a scalar. This header adds what the language has no operator for. Each
// function is exact in the sense of IEEE 754 (one rounding, NaN and signed
// zeros as documented) and gives the same bits on every instruction set.
//
// No libm, no libc, no exceptions, no state. Everything lies in an inline
// namespace named after the instruction set: units of a program that are
// compiled for different ones must not share the linker's single copy of an
// inline function.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_VECTOR_H
#define INGOT_VECTOR_H

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) &&    \
    defined(__AVX512VL__)
#if defined(__AVX512BF16__)
#define INGOT_ISA avx512bf16
#elif defined(__AVX512VNNI__)
#define INGOT_ISA avx512vnni
#else
#define INGOT_ISA avx512
#endif
#define INGOT_VECTOR_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#if defined(__AVXVNNI__)
#define INGOT_ISA avx2vnni
#else
#define INGOT_ISA avx2
#endif
#define INGOT_VECTOR_BYTES 32
#elif defined(__SSE4_1__)
#define INGOT_ISA sse4
#define INGOT_VECTOR_BYTES 16
#elif defined(__SSE2__)
#define INGOT_ISA sse2
#define INGOT_VECTOR_BYTES 16
#elif defined(__aarch64__)
#if defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
#define INGOT_ISA neonbf16
#elif defined(__ARM_FEATURE_DOTPROD)
#define INGOT_ISA neondot
#else
#define INGOT_ISA neon
#endif
#define INGOT_VECTOR_BYTES 16
#elif defined(__wasm_simd128__)
#define INGOT_ISA simd128
#define INGOT_VECTOR_BYTES 16
#else
#define INGOT_ISA scalar
#define INGOT_VECTOR_BYTES 8
#endif

#if defined(__has_builtin)
#if __has_builtin(__builtin_elementwise_fma)
#define INGOT_ELEMENTWISE 1
#endif
#endif

// Clang with element-wise builtins needs no header of intrinsics. On x86 the
// builtins behind the intrinsics are called: immintrin.h alone would take
// longer to compile than most kernels.
#if defined(__aarch64__) &&                                                      \
    (!defined(INGOT_ELEMENTWISE) || defined(__ARM_FEATURE_DOTPROD) ||            \
     defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC))
#include <arm_neon.h>
#endif

#define INGOT_INLINE [[gnu::always_inline]] inline

/// Before a loop that adds up partial sums: it stays a loop. Written out, the
/// sums would take the registers that the loops in it need.
#ifndef INGOT_ROLLED
#ifdef __clang__
#define INGOT_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define INGOT_ROLLED _Pragma("GCC unroll 1")
#endif
#endif

// Vectors wider than a register have no stable calling convention; they only
// pass through functions that are inlined or private to a model. Off to the end
// of the unit, since callers of the functions below would be warned too.
#pragma GCC diagnostic ignored "-Wpsabi"

// The mask argument of AVX-512 builtins: all lanes.
#ifdef __clang__
#define INGOT_ALL_16 0xffff
#define INGOT_ALL_8 0xff
#else
#define INGOT_ALL_16 -1
#define INGOT_ALL_8 -1
#endif

namespace ingot {
inline namespace INGOT_ISA {

/// Of a vector register. More can be written; it is split.
constexpr int vector_bytes = INGOT_VECTOR_BYTES;

using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::int8_t;
using std::ptrdiff_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

template <typename T, int N> struct VectorOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
  typedef T unaligned
      __attribute__((vector_size(N * sizeof(T)), aligned(alignof(T)), may_alias));
};
template <typename T, int N> using Vector = typename VectorOf<T, N>::type;

#define INGOT_VECTORS(N)                                                         \
  using f32x##N = Vector<float, N>;                                              \
  using f64x##N = Vector<double, N>;                                             \
  using i8x##N = Vector<std::int8_t, N>;                                         \
  using i16x##N = Vector<std::int16_t, N>;                                       \
  using i32x##N = Vector<std::int32_t, N>;                                       \
  using i64x##N = Vector<std::int64_t, N>;
INGOT_VECTORS(2)
INGOT_VECTORS(4)
INGOT_VECTORS(8)
INGOT_VECTORS(16)
INGOT_VECTORS(32)
INGOT_VECTORS(64)
INGOT_VECTORS(128)
#undef INGOT_VECTORS

/// What a type is: `element` and `lanes` of a vector; a scalar is its own element
/// and has no lanes.
template <typename T, typename = void> struct Traits {
  using element = T;
  static constexpr int lanes = 0;
};
template <typename V>
struct Traits<V, std::void_t<decltype(std::declval<V &>()[0])>> {
  using element = std::remove_cv_t<
      std::remove_reference_t<decltype(std::declval<V &>()[0])>>;
  static constexpr int lanes = int(sizeof(V) / sizeof(element));
};
template <typename V> using Element = typename Traits<V>::element;
template <typename V> constexpr int lanes = Traits<V>::lanes;
template <typename V> constexpr bool is_vector = lanes<V> != 0;

/// The integer type with `Bytes` bytes.
template <std::size_t Bytes>
using Int = std::conditional_t<
    Bytes == 1, std::int8_t,
    std::conditional_t<
        Bytes == 2, std::int16_t,
        std::conditional_t<Bytes == 4, std::int32_t, std::int64_t>>>;

template <typename V, bool = is_vector<V>> struct BitsOf {
  using type = Int<sizeof(V)>;
};
template <typename V> struct BitsOf<V, true> {
  using type = Vector<Int<sizeof(Element<V>)>, lanes<V>>;
};
/// The signed integers as wide as V's elements: what holds their bits, and, for
/// a vector, the mask that a comparison gives (lanes of all ones or zeros).
template <typename V> using Bits = typename BitsOf<V>::type;

/// The first vector type in a list of types, or the first type.
template <typename First, typename... Rest> struct CommonOf {
  using type = First;
};
template <typename First, typename Second, typename... Rest>
struct CommonOf<First, Second, Rest...> {
  using type = std::conditional_t<is_vector<First>, First,
                                  typename CommonOf<Second, Rest...>::type>;
};
template <typename... T> using Common = typename CommonOf<T...>::type;

template <int... I> struct Lanes {};
template <typename Sequence> struct LanesOf;
template <int... I>
struct LanesOf<std::integer_sequence<int, I...>> {
  using type = Lanes<I...>;
};
/// Lanes<0, 1, ..., N - 1>
template <int N>
using CountTo = typename LanesOf<std::make_integer_sequence<int, N>>::type;

//===----------------------------------------------------------------------===//
// Memory, lanes and bits
//===----------------------------------------------------------------------===//

/// The typed memory at a byte offset of an arena, of scratch memory or of the
/// weights.
template <typename T, typename Byte>
INGOT_INLINE T *view(Byte *memory, std::ptrdiff_t offset) noexcept {
  static_assert(sizeof(Byte) == 1, "offsets are in bytes");
  return reinterpret_cast<T *>(memory + offset);
}

/// Vector from memory that is aligned for its elements.
template <typename V> INGOT_INLINE V load(const Element<V> *from) noexcept {
  return *reinterpret_cast<
      const typename VectorOf<Element<V>, lanes<V>>::unaligned *>(from);
}

template <typename V> INGOT_INLINE void store(Element<V> *to, V v) noexcept {
  *reinterpret_cast<typename VectorOf<Element<V>, lanes<V>>::unaligned *>(to) = v;
}

template <typename To, typename From>
INGOT_INLINE To bitcast(From from) noexcept {
  static_assert(sizeof(To) == sizeof(From), "a bitcast keeps the size");
  To to;
  __builtin_memcpy(&to, &from, sizeof(to));
  return to;
}

template <typename V, int... I>
INGOT_INLINE V splat_lanes(Element<V> x, Lanes<I...>) noexcept {
  return V{((void)I, x)...};
}
/// Vector with x in every lane; a value that is a V already stays as it is.
template <typename V, typename T> INGOT_INLINE V splat(T x) noexcept {
  if constexpr (std::is_same_v<V, T>)
    return x;
  else if constexpr (is_vector<V>)
    return splat_lanes<V>(Element<V>(x), CountTo<lanes<V>>());
  else
    return V(x);
}

/// Lanes I of the concatenation of a and b; -1 leaves a lane undefined.
template <int... I, typename V>
INGOT_INLINE auto shuffle(V a, V b) noexcept {
  return __builtin_shufflevector(a, b, I...);
}
template <int... I, typename V> INGOT_INLINE auto shuffle(V a) noexcept {
  return __builtin_shufflevector(a, a, I...);
}

template <int Start, typename V, int... I>
INGOT_INLINE auto slice_lanes(V v, Lanes<I...>) noexcept {
  return __builtin_shufflevector(v, v, (Start + I)...);
}
template <typename V, int... I>
INGOT_INLINE auto join_lanes(V a, V b, Lanes<I...>) noexcept {
  return __builtin_shufflevector(a, b, I...);
}
/// The halves of a vector, and a vector of two halves. A half of two lanes is a
/// scalar.
template <typename V> INGOT_INLINE auto low(V v) noexcept {
  if constexpr (lanes<V> == 2)
    return v[0];
  else
    return slice_lanes<0>(v, CountTo<lanes<V> / 2>());
}
template <typename V> INGOT_INLINE auto high(V v) noexcept {
  if constexpr (lanes<V> == 2)
    return v[1];
  else
    return slice_lanes<lanes<V> / 2>(v, CountTo<lanes<V> / 2>());
}
template <typename V> INGOT_INLINE auto join(V a, V b) noexcept {
  if constexpr (!is_vector<V>)
    return Vector<V, 2>{a, b};
  else
    return join_lanes(a, b, CountTo<2 * lanes<V>>());
}

/// v with x in lane I
template <int I, typename V>
INGOT_INLINE V insert(V v, Element<V> x) noexcept {
  v[I] = x;
  return v;
}

/// Calls f lane by lane.
template <typename V, typename F, typename... More>
INGOT_INLINE V map_lanes(F f, V a, More... more) noexcept {
  V result = a;
  for (int i = 0; i < lanes<V>; ++i)
    result[i] = f(a[i], more[i]...);
  return result;
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

#if defined(__SSE4_1__) && !defined(__clang__)
#define INGOT_WIDEN 1
/// The bytes of a short vector at the low end of a register.
template <typename V> INGOT_INLINE auto in_register(V v) noexcept {
  if constexpr (sizeof(V) == 4)
    return i32x4{bitcast<std::int32_t>(v), 0, 0, 0};
  else if constexpr (sizeof(V) == 8)
    return i64x2{bitcast<std::int64_t>(v), 0};
  else
    return v;
}

/// Integers in elements twice or four times as wide, up to 32 bits. GCC would
/// convert vectors shorter than a register lane by lane.
template <typename To, typename From>
INGOT_INLINE To widen(From v) noexcept {
  using Bytes = char __attribute__((vector_size(16)));
  using Shorts = short __attribute__((vector_size(16)));
  constexpr bool isSigned = std::is_signed_v<Element<From>>;
  [[maybe_unused]] constexpr bool bytes = sizeof(Element<From>) == 1;
  [[maybe_unused]] constexpr bool words = sizeof(Element<To>) == 4;
  if constexpr (sizeof(To) > INGOT_VECTOR_BYTES) {
    using Half = Vector<Element<To>, lanes<To> / 2>;
    return join(widen<Half>(low(v)), widen<Half>(high(v)));
  }
#define INGOT_EXTEND(CONDITION, NAME, TYPE)                                      \
  else if constexpr (CONDITION) {                                                \
    if constexpr (isSigned)                                                      \
      return (To)__builtin_ia32_pmovsx##NAME((TYPE)in_register(v));              \
    else                                                                         \
      return (To)__builtin_ia32_pmovzx##NAME((TYPE)in_register(v));              \
  }
#if defined(__AVX512F__)
  else if constexpr (sizeof(To) == 64)
    return __builtin_convertvector(v, To);
#endif
#if defined(__AVX2__)
  INGOT_EXTEND(sizeof(To) == 32 && bytes && words, bd256, Bytes)
  INGOT_EXTEND(sizeof(To) == 32 && bytes, bw256, Bytes)
  INGOT_EXTEND(sizeof(To) == 32, wd256, Shorts)
#endif
  INGOT_EXTEND(sizeof(To) == 16 && bytes && words, bd128, Bytes)
  INGOT_EXTEND(sizeof(To) == 16 && bytes, bw128, Bytes)
  INGOT_EXTEND(sizeof(To) == 16, wd128, Shorts)
#undef INGOT_EXTEND
  else
    return __builtin_convertvector(v, To);
}
#endif

/// Signed and floating-point conversions as static_cast does them, lane by lane.
template <typename To, typename From>
INGOT_INLINE To convert(From v) noexcept {
  if constexpr (!is_vector<From>) {
    return static_cast<To>(v);
  } else {
#ifdef INGOT_WIDEN
    using T = Element<To>;
    using F = Element<From>;
    [[maybe_unused]] constexpr int n = lanes<From>;
    if constexpr (std::is_integral_v<F> && sizeof(F) < 4) {
      if constexpr (std::is_floating_point_v<T>)
        return convert<To>(convert<Vector<std::int32_t, n>>(v));
      else if constexpr (sizeof(F) < sizeof(T) && sizeof(T) <= 4)
        return widen<To>(v);
    }
    if constexpr (std::is_integral_v<F> && sizeof(F) == 4 && sizeof(T) == 1)
      return __builtin_convertvector(
          __builtin_convertvector(v, Vector<std::int16_t, n>), To);
#endif
    return __builtin_convertvector(v, To);
  }
}

template <typename V, bool = is_vector<V>> struct UnsignedOf {
  using type = std::make_unsigned_t<V>;
};
template <> struct UnsignedOf<bool, false> {
  using type = unsigned char;
};
template <typename V> struct UnsignedOf<V, true> {
  using type = Vector<std::make_unsigned_t<Element<V>>, lanes<V>>;
};
/// The unsigned counterpart of an integer or vector of integers.
template <typename V> using Unsigned = typename UnsignedOf<V>::type;

template <typename V>
INGOT_INLINE Unsigned<V> as_unsigned(V v) noexcept {
  return (Unsigned<V>)v;
}
/// Conversions that read integers as unsigned ones.
template <typename To, typename From>
INGOT_INLINE To convert_unsigned(From v) noexcept {
  return convert<To>(as_unsigned(v));
}
/// Floating point to unsigned integer, as signless bits.
template <typename To, typename From>
INGOT_INLINE To convert_to_unsigned(From v) noexcept {
  return (To)convert<Unsigned<To>>(v);
}

/// A mask (lanes of all ones or zeros) as a mask for elements of another width.
template <typename To, typename Mask>
INGOT_INLINE To convert_mask(Mask mask) noexcept {
  return __builtin_convertvector(mask, To);
}
/// Ones and zeros from a mask, and a mask from them.
template <typename To, typename Mask>
INGOT_INLINE To mask_bits(Mask mask) noexcept {
  return __builtin_convertvector(mask, To) & Element<To>(1);
}
template <typename To, typename From>
INGOT_INLINE To bits_mask(From bits) noexcept {
  return -__builtin_convertvector(bits & Element<From>(1), To);
}

/// Masks in memory are bools, one byte each.
template <typename Mask>
INGOT_INLINE Mask load_mask(const bool *from) noexcept {
  using Bytes = typename VectorOf<std::int8_t, lanes<Mask>>::unaligned;
  Vector<std::int8_t, lanes<Mask>> bytes = *reinterpret_cast<const Bytes *>(from);
  return bits_mask<Mask>(bytes);
}
template <typename Mask>
INGOT_INLINE void store_mask(bool *to, Mask mask) noexcept {
  using Bytes = typename VectorOf<std::int8_t, lanes<Mask>>::unaligned;
  *reinterpret_cast<Bytes *>(to) =
      mask_bits<Vector<std::int8_t, lanes<Mask>>>(mask);
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

/// Lane by lane a where the mask is set, b elsewhere. The mask may be of another
/// width than the values; one of the values may be a scalar.
template <typename Mask, typename A, typename B>
INGOT_INLINE Common<A, B> select(Mask mask, A a, B b) noexcept {
  using V = Common<A, B>;
  if constexpr (!is_vector<Mask>)
    return mask ? splat<V>(a) : splat<V>(b);
  else if constexpr (sizeof(Mask) == sizeof(V))
    return (Bits<V>)mask ? splat<V>(a) : splat<V>(b);
  else
    return convert_mask<Bits<V>>(mask) ? splat<V>(a) : splat<V>(b);
}

//===----------------------------------------------------------------------===//
// Floating point
//===----------------------------------------------------------------------===//

template <typename T> constexpr T infinity = T(__builtin_inff());
template <typename T> constexpr T quiet_nan = T(__builtin_nanf(""));

INGOT_INLINE float fma_one(float a, float b, float c) noexcept {
  return __builtin_fmaf(a, b, c);
}
INGOT_INLINE double fma_one(double a, double b, double c) noexcept {
  return __builtin_fma(a, b, c);
}

template <typename V> INGOT_INLINE V fma_vector(V a, V b, V c) noexcept {
#ifdef INGOT_ELEMENTWISE
  return __builtin_elementwise_fma(a, b, c);
#else
  using T = Element<V>;
  [[maybe_unused]] constexpr bool single = std::is_same_v<T, float>;
  if constexpr (sizeof(V) > INGOT_VECTOR_BYTES)
    return join(fma_vector(low(a), low(b), low(c)),
                fma_vector(high(a), high(b), high(c)));
#if defined(__AVX512F__)
  else if constexpr (sizeof(V) == 64 && single)
    return __builtin_ia32_vfmaddps512_mask(a, b, c, INGOT_ALL_16, 4);
  else if constexpr (sizeof(V) == 64)
    return __builtin_ia32_vfmaddpd512_mask(a, b, c, INGOT_ALL_8, 4);
#endif
#if defined(__FMA__)
  else if constexpr (sizeof(V) == 32 && single)
    return __builtin_ia32_vfmaddps256(a, b, c);
  else if constexpr (sizeof(V) == 32)
    return __builtin_ia32_vfmaddpd256(a, b, c);
  else if constexpr (sizeof(V) == 16 && single)
    return __builtin_ia32_vfmaddps(a, b, c);
  else if constexpr (sizeof(V) == 16)
    return __builtin_ia32_vfmaddpd(a, b, c);
#elif defined(__aarch64__)
  else if constexpr (sizeof(V) == 16 && single)
    return (V)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
  else if constexpr (sizeof(V) == 16)
    return (V)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#endif
  else
    return map_lanes([](T x, T y, T z) { return fma_one(x, y, z); }, a, b, c);
#endif
}

/// a * b + c, rounded once. Scalars among the operands are taken for each lane.
/// Only for targets with the instruction: elsewhere it would be a call of libm.
template <typename A, typename B, typename C>
INGOT_INLINE Common<A, B, C> fma(A a, B b, C c) noexcept {
  using V = Common<A, B, C>;
  if constexpr (is_vector<V>)
    return fma_vector<V>(splat<V>(a), splat<V>(b), splat<V>(c));
  else
    return fma_one(a, b, c);
}

/// |x|, by clearing the sign bit
template <typename V> INGOT_INLINE V abs(V x) noexcept {
  using I = Bits<V>;
  if constexpr (std::is_same_v<I, V>)
    return select(x < 0, -x, x);
  else
    return bitcast<V>(bitcast<I>(x) &
                      ~(Element<I>(1) << (8 * sizeof(Element<I>) - 1)));
}

/// The magnitude of x with the sign of s
template <typename A, typename B>
INGOT_INLINE Common<A, B> copysign(A x, B s) noexcept {
  using V = Common<A, B>;
  using I = Bits<V>;
  constexpr Element<I> sign = Element<I>(1) << (8 * sizeof(Element<I>) - 1);
  return bitcast<V>((bitcast<I>(splat<V>(x)) & ~sign) |
                    (bitcast<I>(splat<V>(s)) & sign));
}

/// The larger of a and b; NaN where one of them is NaN; +0 is larger than -0
/// (maximum of IEEE 754-2019).
template <typename A, typename B>
INGOT_INLINE Common<A, B> maximum(A left, B right) noexcept {
  using V = Common<A, B>;
  const V a = splat<V>(left), b = splat<V>(right);
  const V larger = select(a > b, a, b);
  const V zeros = bitcast<V>(bitcast<Bits<V>>(a) & bitcast<Bits<V>>(b));
  return select(a != a, a, select(a == b, zeros, larger));
}
/// The smaller of a and b; NaN where one of them is NaN; -0 is smaller than +0.
template <typename A, typename B>
INGOT_INLINE Common<A, B> minimum(A left, B right) noexcept {
  using V = Common<A, B>;
  const V a = splat<V>(left), b = splat<V>(right);
  const V smaller = select(a < b, a, b);
  const V zeros = bitcast<V>(bitcast<Bits<V>>(a) | bitcast<Bits<V>>(b));
  return select(a != a, a, select(a == b, zeros, smaller));
}

/// maximum(x, 0)
template <typename V> INGOT_INLINE V relu(V x) noexcept {
  return select(x <= V{}, V{}, x);
}
/// maximum(x, bound) for a bound that is neither NaN nor +0: one instruction on
/// most machines.
template <typename V> INGOT_INLINE V at_least(V x, Element<V> bound) noexcept {
  const V b = splat<V>(bound);
  return select(b > x, b, x);
}
/// minimum(x, bound) for a bound that is neither NaN nor -0
template <typename V> INGOT_INLINE V at_most(V x, Element<V> bound) noexcept {
  const V b = splat<V>(bound);
  return select(b < x, b, x);
}

/// The larger of a and b, where one is NaN the other
template <typename A, typename B>
INGOT_INLINE Common<A, B> max_number(A left, B right) noexcept {
  using V = Common<A, B>;
  const V a = splat<V>(left), b = splat<V>(right);
  return select(a != a, b, select(a < b, b, a));
}
/// The smaller of a and b, where one is NaN the other
template <typename A, typename B>
INGOT_INLINE Common<A, B> min_number(A left, B right) noexcept {
  using V = Common<A, B>;
  const V a = splat<V>(left), b = splat<V>(right);
  return select(a != a, b, select(b < a, b, a));
}

/// x, or the bound where x is no greater or NaN. The bound, for one lane or for each, is
/// a number.
template <typename V, typename B>
INGOT_INLINE V number_at_least(V x, B bound) noexcept {
  const V b = splat<V>(bound);
  [[maybe_unused]] constexpr bool single = std::is_same_v<Element<V>, float>;
#if defined(__AVX__) && !defined(__clang__)
  if constexpr (is_vector<V> && sizeof(V) == 32 && single)
    return __builtin_ia32_maxps256(x, b);
#endif
  return select(x > b, x, b);
}
/// x, or the bound where x is no less or NaN. The bound, for one lane or for each, is a
/// number.
template <typename V, typename B>
INGOT_INLINE V number_at_most(V x, B bound) noexcept {
  const V b = splat<V>(bound);
  [[maybe_unused]] constexpr bool single = std::is_same_v<Element<V>, float>;
#if defined(__AVX__) && !defined(__clang__)
  if constexpr (is_vector<V> && sizeof(V) == 32 && single)
    return __builtin_ia32_minps256(x, b);
#endif
  return select(x < b, x, b);
}

INGOT_INLINE float sqrt_one(float x) noexcept { return __builtin_sqrtf(x); }
INGOT_INLINE double sqrt_one(double x) noexcept { return __builtin_sqrt(x); }

/// Square root, rounded once
template <typename V> INGOT_INLINE V sqrt(V x) noexcept {
#ifdef INGOT_ELEMENTWISE
  return __builtin_elementwise_sqrt(x);
#else
  using T = Element<V>;
  [[maybe_unused]] constexpr bool single = std::is_same_v<T, float>;
  if constexpr (!is_vector<V>)
    return sqrt_one(x);
  else if constexpr (sizeof(V) > INGOT_VECTOR_BYTES)
    return join(sqrt(low(x)), sqrt(high(x)));
#if defined(__AVX512F__) && defined(__clang__)
  else if constexpr (sizeof(V) == 64 && single)
    return __builtin_ia32_sqrtps512(x, 4);
  else if constexpr (sizeof(V) == 64)
    return __builtin_ia32_sqrtpd512(x, 4);
#elif defined(__AVX512F__)
  else if constexpr (sizeof(V) == 64 && single)
    return __builtin_ia32_sqrtps512_mask(x, x, INGOT_ALL_16, 4);
  else if constexpr (sizeof(V) == 64)
    return __builtin_ia32_sqrtpd512_mask(x, x, INGOT_ALL_8, 4);
#endif
#if defined(__AVX__)
  else if constexpr (sizeof(V) == 32 && single)
    return __builtin_ia32_sqrtps256(x);
  else if constexpr (sizeof(V) == 32)
    return __builtin_ia32_sqrtpd256(x);
#endif
#if defined(__SSE2__)
  else if constexpr (sizeof(V) == 16 && single)
    return __builtin_ia32_sqrtps(x);
  else if constexpr (sizeof(V) == 16)
    return __builtin_ia32_sqrtpd(x);
#elif defined(__aarch64__)
  else if constexpr (sizeof(V) == 16 && single)
    return (V)vsqrtq_f32((float32x4_t)x);
  else if constexpr (sizeof(V) == 16)
    return (V)vsqrtq_f64((float64x2_t)x);
#endif
  else
    return map_lanes([](T lane) { return sqrt_one(lane); }, x);
#endif
}

/// |x| rounded to the nearest integer, ties to even: adding and subtracting
/// 2^(digits of the significand) leaves no room for a fraction. Larger values,
/// infinities and NaN pass.
template <typename V> INGOT_INLINE V round_magnitude(V magnitude) noexcept {
  using T = Element<V>;
  constexpr T limit = sizeof(T) == 4 ? T(8388608.0) : T(4503599627370496.0);
  return select(magnitude < limit, (magnitude + limit) - limit, magnitude);
}

#if defined(__SSE4_1__) && !defined(INGOT_ELEMENTWISE)
#define INGOT_ROUND 1
/// The rounding instruction: 8 nearest even, 9 down, 10 up, 11 towards zero
/// (8: no exception for inexact results).
template <int Mode, typename V> INGOT_INLINE V round_vector(V x) noexcept {
  constexpr bool single = std::is_same_v<Element<V>, float>;
  if constexpr (!is_vector<V>)
    return round_vector<Mode>(splat<Vector<V, int(16 / sizeof(V))>>(x))[0];
  else if constexpr (sizeof(V) > INGOT_VECTOR_BYTES)
    return join(round_vector<Mode>(low(x)), round_vector<Mode>(high(x)));
#if defined(__AVX512F__)
  else if constexpr (sizeof(V) == 64 && single)
    return __builtin_ia32_rndscaleps_mask(x, Mode, x, INGOT_ALL_16, 4);
  else if constexpr (sizeof(V) == 64)
    return __builtin_ia32_rndscalepd_mask(x, Mode, x, INGOT_ALL_8, 4);
#endif
#if defined(__AVX__)
  else if constexpr (sizeof(V) == 32 && single)
    return __builtin_ia32_roundps256(x, Mode);
  else if constexpr (sizeof(V) == 32)
    return __builtin_ia32_roundpd256(x, Mode);
#endif
  else if constexpr (sizeof(V) == 16 && single)
    return __builtin_ia32_roundps(x, Mode);
  else if constexpr (sizeof(V) == 16)
    return __builtin_ia32_roundpd(x, Mode);
  else
    return low(round_vector<Mode>(join(x, x)));
}
#endif

/// The nearest integer, ties to even; the sign of a zero is kept.
template <typename V> INGOT_INLINE V roundeven(V x) noexcept {
#ifdef INGOT_ROUND
  return round_vector<8>(x);
#else
  return copysign(round_magnitude(abs(x)), x);
#endif
}
/// The integer of greatest magnitude not above |x|
template <typename V> INGOT_INLINE V trunc(V x) noexcept {
#ifdef INGOT_ROUND
  return round_vector<11>(x);
#elif defined(INGOT_ELEMENTWISE) && INGOT_VECTOR_BYTES >= 16 &&                  \
    (defined(__SSE4_1__) || defined(__aarch64__) || defined(__wasm_simd128__))
  return __builtin_elementwise_trunc(x);
#else
  const V magnitude = abs(x), rounded = round_magnitude(magnitude);
  const V one = splat<V>(Element<V>(1));
  return copysign(select(rounded > magnitude, rounded - one, rounded), x);
#endif
}
/// The greatest integer not above x
template <typename V> INGOT_INLINE V floor(V x) noexcept {
#ifdef INGOT_ROUND
  return round_vector<9>(x);
#elif defined(INGOT_ELEMENTWISE) && INGOT_VECTOR_BYTES >= 16 &&                  \
    (defined(__SSE4_1__) || defined(__aarch64__) || defined(__wasm_simd128__))
  return __builtin_elementwise_floor(x);
#else
  const V rounded = roundeven(x);
  const V one = splat<V>(Element<V>(1));
  return copysign(select(rounded > x, rounded - one, rounded), x);
#endif
}
/// The least integer not below x
template <typename V> INGOT_INLINE V ceil(V x) noexcept {
#ifdef INGOT_ROUND
  return round_vector<10>(x);
#elif defined(INGOT_ELEMENTWISE) && INGOT_VECTOR_BYTES >= 16 &&                  \
    (defined(__SSE4_1__) || defined(__aarch64__) || defined(__wasm_simd128__))
  return __builtin_elementwise_ceil(x);
#else
  const V rounded = roundeven(x);
  const V one = splat<V>(Element<V>(1));
  return copysign(select(rounded < x, rounded + one, rounded), x);
#endif
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

template <typename A, typename B>
INGOT_INLINE Common<A, B> max_signed(A a, B b) noexcept {
  using V = Common<A, B>;
  return select(splat<V>(a) > splat<V>(b), a, b);
}
template <typename A, typename B>
INGOT_INLINE Common<A, B> min_signed(A a, B b) noexcept {
  using V = Common<A, B>;
  return select(splat<V>(a) < splat<V>(b), a, b);
}
template <typename A, typename B>
INGOT_INLINE Common<A, B> max_unsigned(A a, B b) noexcept {
  using V = Common<A, B>;
  return select(as_unsigned(splat<V>(a)) > as_unsigned(splat<V>(b)), a, b);
}
template <typename A, typename B>
INGOT_INLINE Common<A, B> min_unsigned(A a, B b) noexcept {
  using V = Common<A, B>;
  return select(as_unsigned(splat<V>(a)) < as_unsigned(splat<V>(b)), a, b);
}
template <typename A, typename B>
INGOT_INLINE Common<A, B> div_unsigned(A a, B b) noexcept {
  using V = Common<A, B>;
  return (V)(as_unsigned(splat<V>(a)) / as_unsigned(splat<V>(b)));
}
template <typename A, typename B>
INGOT_INLINE Common<A, B> rem_unsigned(A a, B b) noexcept {
  using V = Common<A, B>;
  return (V)(as_unsigned(splat<V>(a)) % as_unsigned(splat<V>(b)));
}
/// a shifted right by b bits, zeros shifted in
template <typename A, typename B>
INGOT_INLINE Common<A, B> shift_right_unsigned(A a, B b) noexcept {
  using V = Common<A, B>;
  return (V)(as_unsigned(splat<V>(a)) >> as_unsigned(splat<V>(b)));
}

#if defined(__F16C__) || defined(__aarch64__)
/// The floats that the bits of 16-bit ones stand for, and the bits of the nearest
/// ones, halfway cases to even.
template <typename V> INGOT_INLINE auto half_to_float(V bits) noexcept {
#if defined(__clang__)
  using Half = __fp16 __attribute__((vector_size(sizeof(V))));
  return __builtin_convertvector((Half)bits, Vector<float, lanes<V>>);
#elif defined(__aarch64__)
  if constexpr (lanes<V> == 4)
    return (f32x4)vcvt_f32_f16((float16x4_t)bits);
#else
  if constexpr (lanes<V> == 4)
    return (f32x4)__builtin_ia32_vcvtph2ps(
        i16x8{bits[0], bits[1], bits[2], bits[3]});
  else if constexpr (lanes<V> == 8)
    return (f32x8)__builtin_ia32_vcvtph2ps256(bits);
#if defined(__AVX512F__)
  else if constexpr (lanes<V> == 16)
    return (f32x16)__builtin_ia32_vcvtph2ps512_mask(bits, f32x16{}, INGOT_ALL_16, 4);
#endif
#endif
#if !defined(__clang__)
  else if constexpr (lanes<V> < 4)
    return low(half_to_float(i16x4{bits[0], bits[1]}));
  else
    return join(half_to_float(low(bits)), half_to_float(high(bits)));
#endif
}
INGOT_INLINE float half_to_float(std::int16_t bits) noexcept {
  return half_to_float(i16x4{bits})[0];
}
template <typename V> INGOT_INLINE auto float_to_half(V x) noexcept {
#if defined(__clang__)
  using Half = __fp16 __attribute__((vector_size(sizeof(V) / 2)));
  return (Vector<std::int16_t, lanes<V>>)__builtin_convertvector(x, Half);
#elif defined(__aarch64__)
  if constexpr (lanes<V> == 4)
    return (i16x4)vcvt_f16_f32((float32x4_t)x);
#else
  if constexpr (lanes<V> == 4)
    return low((i16x8)__builtin_ia32_vcvtps2ph(x, 0));
  else if constexpr (lanes<V> == 8)
    return (i16x8)__builtin_ia32_vcvtps2ph256(x, 0);
#if defined(__AVX512F__)
  else if constexpr (lanes<V> == 16)
    return (i16x16)__builtin_ia32_vcvtps2ph512_mask(x, 0, i16x16{}, INGOT_ALL_16);
#endif
#endif
#if !defined(__clang__)
  else if constexpr (lanes<V> < 4)
    return low(float_to_half(f32x4{x[0], x[1]}));
  else
    return join(float_to_half(low(x)), float_to_half(high(x)));
#endif
}
INGOT_INLINE std::int16_t float_to_half(float x) noexcept {
  return float_to_half(f32x4{x})[0];
}
#endif

// Instructions that multiply, sum neighbouring products and add the sum: `name`
// with sums of `lanes` lanes, `bits` in all.
#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
#ifdef __clang__
#define INGOT_VNNI(name, lanes, bits) __builtin_ia32_##name##bits
#else
#define INGOT_VNNI(name, lanes, bits) __builtin_ia32_##name##_v##lanes##si
#endif

/// A factor in the type that the compiler's builtin takes it in; C is the sum's.
template <typename C, typename B> INGOT_INLINE auto vnni_factor(B factor) noexcept {
#if defined(__clang__) && __clang_major__ >= 22
  return factor;
#else
  return bitcast<C>(factor);
#endif
}
#endif

/// sum + a * b modulo 2^32, where a is unsigned if U.
template <bool U, typename E>
INGOT_INLINE std::int32_t add_product(E a, E b, std::int32_t sum) noexcept {
  int product = (U ? int(as_unsigned(a)) : int(a)) * b;
  return std::int32_t(std::uint32_t(sum) + std::uint32_t(product));
}

/// The sum and the products of N neighbouring integers in each of its lanes; those
/// of `a` are unsigned if U.
template <int N, bool U, typename B, typename C>
INGOT_INLINE C dot_lanes(B a, B b, C sum) noexcept {
#if defined(__ARM_FEATURE_SIMD32)
  if constexpr (!is_vector<C> && N == 2)
    return __builtin_arm_smlad(bitcast<std::int32_t>(a), bitcast<std::int32_t>(b), sum);
#endif
  if constexpr (!is_vector<C>) {
    for (int i = 0; i < N; ++i)
      sum = add_product<U, Element<B>>(a[i], b[i], sum);
    return sum;
  }
#if defined(__SSE2__) || defined(__ARM_FEATURE_DOTPROD)
  else if constexpr (sizeof(B) > INGOT_VECTOR_BYTES) {
    return join(dot_lanes<N, U>(low(a), low(b), low(sum)),
                dot_lanes<N, U>(high(a), high(b), high(sum)));
  }
#endif
#if defined(__AVX512VNNI__)
  else if constexpr (N == 4 && U && sizeof(B) == 64) {
    return (C)INGOT_VNNI(vpdpbusd, 16, 512)(sum, vnni_factor<C>(as_unsigned(a)),
                                            vnni_factor<C>(b));
  } else if constexpr (N == 2 && sizeof(B) == 64) {
    return (C)INGOT_VNNI(vpdpwssd, 16, 512)(sum, vnni_factor<C>(a),
                                            vnni_factor<C>(b));
  }
#elif defined(__AVX512BW__) && defined(__clang__)
  else if constexpr (N == 2 && sizeof(B) == 64) {
    return sum + (C)__builtin_ia32_pmaddwd512(a, b);
  }
#elif defined(__AVX512BW__)
  else if constexpr (N == 2 && sizeof(B) == 64) {
    return sum + (C)__builtin_ia32_pmaddwd512_mask(a, b, C{}, INGOT_ALL_16);
  }
#endif
#if defined(INGOT_VNNI)
  else if constexpr (N == 4 && U && sizeof(B) == 32) {
    return (C)INGOT_VNNI(vpdpbusd, 8, 256)(sum, vnni_factor<C>(as_unsigned(a)),
                                           vnni_factor<C>(b));
  } else if constexpr (N == 4 && U && sizeof(B) == 16) {
    return (C)INGOT_VNNI(vpdpbusd, 4, 128)(sum, vnni_factor<C>(as_unsigned(a)),
                                           vnni_factor<C>(b));
  } else if constexpr (N == 2 && sizeof(B) == 32) {
    return (C)INGOT_VNNI(vpdpwssd, 8, 256)(sum, vnni_factor<C>(a),
                                           vnni_factor<C>(b));
  } else if constexpr (N == 2 && sizeof(B) == 16) {
    return (C)INGOT_VNNI(vpdpwssd, 4, 128)(sum, vnni_factor<C>(a),
                                           vnni_factor<C>(b));
  }
#endif
#if defined(__AVX2__)
  else if constexpr (N == 2 && sizeof(B) == 32) {
    return sum + (C)__builtin_ia32_pmaddwd256(a, b);
  }
#endif
#if defined(__SSE2__)
  else if constexpr (N == 2 && sizeof(B) == 16) {
    return sum + (C)__builtin_ia32_pmaddwd128(a, b);
  }
#elif defined(__wasm_simd128__)
  else if constexpr (N == 2 && sizeof(B) == 16) {
    return sum + (C)__builtin_wasm_dot_s_i32x4_i16x8(a, b);
  }
#elif defined(__ARM_FEATURE_DOTPROD)
  else if constexpr (N == 4 && !U && sizeof(B) == 16) {
    return (C)vdotq_s32((int32x4_t)sum, (int8x16_t)a, (int8x16_t)b);
  }
#endif
  else {
    for (int i = 0; i < lanes<C>; ++i)
      for (int t = 0; t < N; ++t)
        sum[i] = add_product<U, Element<B>>(a[N * i + t], b[N * i + t], sum[i]);
    return sum;
  }
}

/// The sum and four products of 16-bit by 8-bit integers; each four of `b` belong to
/// the elements 0, 2, 1 and 3 of `a`.
template <typename A, typename B, typename C>
INGOT_INLINE C dot_interleaved(A a, B b, C sum) noexcept {
#if defined(__ARM_FEATURE_SIMD32)
  if constexpr (!is_vector<C>) {
    const auto words = bitcast<Vector<std::int32_t, 2>>(a);
    const auto bytes = bitcast<std::uint32_t>(b);
    sum = __builtin_arm_smlad(words[0], __builtin_arm_sxtb16(std::int32_t(bytes)), sum);
    return __builtin_arm_smlad(
        words[1], __builtin_arm_sxtb16(std::int32_t(bytes >> 8 | bytes << 24)), sum);
  }
#endif
  constexpr int places[] = {0, 2, 1, 3};
  for (int i = 0; i < lanes<B>; ++i) {
    const std::int16_t x = a[lanes<A> < lanes<B> ? places[i % 4] : i / 4 * 4 + places[i % 4]];
    if constexpr (is_vector<C>)
      sum[i / 4] = add_product<false, std::int16_t>(x, b[i], sum[i / 4]);
    else
      sum = add_product<false, std::int16_t>(x, b[i], sum);
  }
  return sum;
}

/// x with zeros, of the same sign, in place of subnormal numbers
template <typename V> INGOT_INLINE V flushed(V x) noexcept {
  using I = Vector<std::int32_t, lanes<V>>;
  const I bits = bitcast<I>(x);
  return bitcast<V>(select((bits & 0x7F800000) == 0, bits & INT32_MIN, bits));
}

/// a + b rounded to odd: what lies between two numbers becomes the one whose last
/// bit is set.
template <typename V> INGOT_INLINE V add_to_odd(V a, V b) noexcept {
  using I = Vector<std::int32_t, lanes<V>>;
  const V sum = a + b, part = sum - a, rest = (a - (sum - part)) + (b - part);
  const I bits = bitcast<I>(sum), isBeyond = (rest > 0) ^ (sum < 0);
  const I isInexact = (rest > 0) | (rest < 0);
  const I odd = bits | 1, before = bits - 1;
  return bitcast<V>(select((isInexact != 0) & ((bits & 1) == 0),
                           select(isBeyond != 0, odd, before), bits));
}

#if defined(__AVX512BF16__)
#ifdef __clang__
#define INGOT_BF16(lanes, bits) __builtin_ia32_dpbf16ps_##bits
#else
#define INGOT_BF16(lanes, bits) __builtin_ia32_dpbf16ps_v##lanes##sf
#endif

/// Bits of bfloat16 in the type that the compiler's builtin takes them in
template <typename B> INGOT_INLINE auto bfloat16_factor(B bits) noexcept {
#if defined(__clang__) ? __clang_major__ >= 16 : __GNUC__ >= 13
  using Floats = __bf16 __attribute__((vector_size(sizeof(B))));
  return (Floats)bits;
#elif defined(__clang__)
  return bitcast<Vector<std::int32_t, lanes<B> / 2>>(bits);
#else
  return bits;
#endif
}
#endif

/// Pairs of products of bfloat16, added to the sum in each lane, as the processor's
/// instruction computes it. Products are exact, and subnormal numbers count as
/// zeros, of what goes in and of each sum.
///
/// x86 (VDPBF16PS): the odd product is added first, then the even one; both sums
/// are rounded to the nearest. Arm (BFDOT): the sum of the two products is added;
/// both sums are rounded to odd, and NaN is the default one. Without the
/// instruction this is the same, except that products beyond the range of normal
/// float32 are rounded to it on x86, that the largest sums may become infinite on
/// Arm, and which NaN it is.
template <typename B, typename C>
INGOT_INLINE C dot_bfloat16(B a, B b, C sum) noexcept {
  if constexpr (!is_vector<C>) {
    return dot_bfloat16(i16x8{a[0], a[1]}, i16x8{b[0], b[1]}, f32x4{sum})[0];
  } else if constexpr (lanes<C> == 2) {
    return low(dot_bfloat16(join(a, a), join(b, b), join(sum, sum)));
  } else if constexpr (sizeof(C) > INGOT_VECTOR_BYTES && sizeof(C) > 16) {
    return join(dot_bfloat16(low(a), low(b), low(sum)),
                dot_bfloat16(high(a), high(b), high(sum)));
  }
#if defined(__AVX512BF16__)
  else if constexpr (sizeof(C) == 64) {
    return INGOT_BF16(16, 512)(sum, bfloat16_factor(a), bfloat16_factor(b));
  } else if constexpr (sizeof(C) == 32) {
    return INGOT_BF16(8, 256)(sum, bfloat16_factor(a), bfloat16_factor(b));
  } else {
    return INGOT_BF16(4, 128)(sum, bfloat16_factor(a), bfloat16_factor(b));
  }
#elif defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
  else {
    return (C)vbfdotq_f32((float32x4_t)sum, (bfloat16x8_t)a, (bfloat16x8_t)b);
  }
#else
  else {
    using I = Vector<std::int32_t, lanes<C>>;
    const auto even = [](B x) { return flushed(bitcast<C>(bitcast<I>(x) << 16)); };
    const auto odd = [](B x) {
      return flushed(bitcast<C>(bitcast<I>(x) & ~0xFFFF));
    };
#if defined(__aarch64__)
    const C products = flushed(add_to_odd(flushed(even(a) * even(b)),
                                          flushed(odd(a) * odd(b))));
    const C total = flushed(add_to_odd(flushed(sum), products));
    return select(total != total, bitcast<C>(splat<I>(0x7FC00000)), total);
#else
    const C first = flushed(flushed(sum) + odd(a) * odd(b));
    return flushed(first + even(a) * even(b));
#endif
  }
#endif
}

/// Neighbouring products of small integers, summed in 32 bits and added to the
/// sum in each lane. Of 16 bits: sum[i] + a[2 i] * b[2 i] + a[2 i + 1] * b[2 i + 1];
/// of 8 bits likewise with four. `a` may have two lanes, or four, which then count
/// for all of b's. Of 16 by 8 bits: dot_interleaved. With sums of float32 the 16
/// bits are bfloat16: dot_bfloat16.
template <bool U = false, typename A, typename B, typename C>
INGOT_INLINE C dot(A a, B b, C sum) noexcept {
  if constexpr (sizeof(Element<A>) > sizeof(Element<B>))
    return dot_interleaved(a, b, sum);
  else if constexpr (lanes<A> < lanes<B>)
    return dot<U>(bitcast<B>(splat<Vector<std::int32_t, lanes<C>>>(
                      bitcast<std::int32_t>(a))),
                  b, sum);
  else if constexpr (std::is_same_v<Element<C>, float>)
    return dot_bfloat16(a, b, sum);
  else
    return dot_lanes<sizeof(Element<B>) == 1 ? 4 : 2, U>(a, b, sum);
}
/// The same where the elements of `a`, of 8 bits, have no sign.
template <typename A, typename B, typename C>
INGOT_INLINE C dot_unsigned(A a, B b, C sum) noexcept {
  return dot<true>(a, b, sum);
}

template <typename To, typename T, typename From, int... I>
INGOT_INLINE To lookup_lanes(const T *table, From codes, Lanes<I...>) noexcept {
  // Through general registers: one move for eight codes in place of one for each.
  using Word = std::conditional_t<sizeof(From) % 8 == 0, std::uint64_t,
                                  std::conditional_t<sizeof(From) % 4 == 0, std::uint32_t, std::uint8_t>>;
  constexpr int bytes = sizeof(Word);
  Word words[sizeof(From) / bytes];
  __builtin_memcpy(words, &codes, sizeof(codes));
  return To{table[std::uint8_t(words[I / bytes] >> I % bytes * 8)]...};
}
/// The element of a table of 256 whose number is `code`, a byte without a sign; of
/// vectors in each lane.
template <typename To, typename T, typename From>
INGOT_INLINE To lookup(const T (&table)[256], From codes) noexcept {
  if constexpr (is_vector<From>)
    return lookup_lanes<To>(table, codes, CountTo<lanes<From>>());
  else
    return table[std::uint8_t(codes)];
}

/// The larger and the smaller of two offsets
INGOT_INLINE constexpr std::ptrdiff_t max_index(std::ptrdiff_t a,
                                                std::ptrdiff_t b) noexcept {
  return a > b ? a : b;
}
INGOT_INLINE constexpr std::ptrdiff_t min_index(std::ptrdiff_t a,
                                                std::ptrdiff_t b) noexcept {
  return a < b ? a : b;
}
/// Quotient and remainder rounded towards minus infinity, and the quotient
/// towards plus infinity, for a positive divisor.
INGOT_INLINE constexpr std::ptrdiff_t floor_div(std::ptrdiff_t a,
                                                std::ptrdiff_t b) noexcept {
  return a / b - (a % b < 0);
}
INGOT_INLINE constexpr std::ptrdiff_t ceil_div(std::ptrdiff_t a,
                                               std::ptrdiff_t b) noexcept {
  return a / b + (a % b > 0);
}
INGOT_INLINE constexpr std::ptrdiff_t floor_mod(std::ptrdiff_t a,
                                                std::ptrdiff_t b) noexcept {
  return a % b + (a % b < 0 ? b : 0);
}

//===----------------------------------------------------------------------===//
// Addresses of strings: integers of 64 bits on every machine. What lies there
// may have any alignment.
//===----------------------------------------------------------------------===//

INGOT_INLINE std::int64_t address_of(const void *memory) noexcept {
  return static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(memory));
}
template <typename T> INGOT_INLINE T peek(std::int64_t address) noexcept {
  T value;
  __builtin_memcpy(&value,
                   reinterpret_cast<const void *>(
                       static_cast<std::uintptr_t>(address)),
                   sizeof value);
  return value;
}
template <typename T>
INGOT_INLINE void poke(std::int64_t address, T value) noexcept {
  __builtin_memcpy(
      reinterpret_cast<void *>(static_cast<std::uintptr_t>(address)), &value,
      sizeof value);
}

//===----------------------------------------------------------------------===//
// Reductions: the upper half is combined with the lower half until one lane is
// left, in this order on every instruction set.
//===----------------------------------------------------------------------===//

template <typename V, typename F>
INGOT_INLINE Element<V> reduce(V v, F combine) noexcept {
  if constexpr (is_vector<V>)
    return reduce(combine(low(v), high(v)), combine);
  else
    return v;
}

#define INGOT_REDUCTION(NAME, EXPRESSION)                                        \
  template <typename V> INGOT_INLINE Element<V> NAME(V v) noexcept {             \
    return reduce(v, [](auto a, auto b) {                                        \
      return static_cast<decltype(a)>(EXPRESSION);                               \
    });                                                                          \
  }
INGOT_REDUCTION(reduce_add, a + b)
INGOT_REDUCTION(reduce_mul, a * b)
INGOT_REDUCTION(reduce_and, a & b)
INGOT_REDUCTION(reduce_or, a | b)
INGOT_REDUCTION(reduce_xor, a ^ b)
INGOT_REDUCTION(reduce_maximum, maximum(a, b))
INGOT_REDUCTION(reduce_minimum, minimum(a, b))
INGOT_REDUCTION(reduce_max_number, max_number(a, b))
INGOT_REDUCTION(reduce_min_number, min_number(a, b))
INGOT_REDUCTION(reduce_max_signed, max_signed(a, b))
INGOT_REDUCTION(reduce_min_signed, min_signed(a, b))
INGOT_REDUCTION(reduce_max_unsigned, max_unsigned(a, b))
INGOT_REDUCTION(reduce_min_unsigned, min_unsigned(a, b))
#undef INGOT_REDUCTION

} // namespace INGOT_ISA
} // namespace ingot

#undef INGOT_INLINE
#undef INGOT_ISA
#undef INGOT_VECTOR_BYTES
#undef INGOT_ELEMENTWISE
#undef INGOT_ROUND
#undef INGOT_WIDEN
#undef INGOT_ALL_16
#undef INGOT_ALL_8

#endif
