//===- processor.h - which code a model with several takes ----------------===//
//
// What a model's dispatcher asks before it calls the code of one of its levels.
// The answers come from the compiler's support library (libgcc from 8 on, or
// compiler-rt), which looks at the processor and at what the operating system
// saves of its registers once, before the program's own code runs: asking the
// processor itself (cpuid) takes microseconds in a virtual machine. A call costs
// a few nanoseconds, and nothing of the model's is written.
//
// These are the words behind __builtin_cpu_supports, whose names clang 14 does
// not know all of. A library that does not know a feature says that it is absent.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PROCESSOR_H
#define INGOT_PROCESSOR_H

#include <cstdint>

#if !defined(__x86_64__)
#error "models with several levels are for 64-bit x86; compile for one target"
#endif

extern "C" {
/// Fills in the words below, unless that was done: constructors may come first.
int __cpu_indicator_init() noexcept;
extern std::uint32_t __cpu_model[4]; // the last has the features 0 to 31
extern std::uint32_t __cpu_features2[1]; // 32 to 63
}

namespace ingot {
namespace feature {
constexpr std::uint64_t popcnt = 1ull << 2;
constexpr std::uint64_t avx2 = 1ull << 10;
constexpr std::uint64_t fma = 1ull << 14;
constexpr std::uint64_t avx512f = 1ull << 15;
constexpr std::uint64_t bmi = 1ull << 16;
constexpr std::uint64_t bmi2 = 1ull << 17;
constexpr std::uint64_t avx512vl = 1ull << 20;
constexpr std::uint64_t avx512bw = 1ull << 21;
constexpr std::uint64_t avx512dq = 1ull << 22;
constexpr std::uint64_t avx512cd = 1ull << 23;
constexpr std::uint64_t avx512vnni = 1ull << 34;
constexpr std::uint64_t avx512bf16 = 1ull << 36;
constexpr std::uint64_t f16c = 1ull << 49;
constexpr std::uint64_t lzcnt = 1ull << 57;
constexpr std::uint64_t movbe = 1ull << 58;
} // namespace feature

/// Whether the processor has all of these features. Static, so that each unit
/// has its own.
[[maybe_unused]] static bool processor_has(std::uint64_t features) noexcept {
  __cpu_indicator_init();
  const std::uint64_t found =
      __cpu_model[3] | static_cast<std::uint64_t>(__cpu_features2[0]) << 32;
  return (features & ~found) == 0;
}

} // namespace ingot

#endif
