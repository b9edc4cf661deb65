//===- processor.cpp - a processor that is made up ------------------------===//
//
// Stands in for the compiler's support library: what models are told of the
// processor are the features in the macro FEATURES, of ingot::feature.
//
//===----------------------------------------------------------------------===//
#include <ingot/processor.h>

using namespace ingot::feature;

extern "C" {
#pragma GCC visibility push(hidden)
std::uint32_t __cpu_model[4];
std::uint32_t __cpu_features2[1];
int __cpu_indicator_init() noexcept {
  constexpr std::uint64_t features = FEATURES;
  __cpu_model[3] = static_cast<std::uint32_t>(features);
  __cpu_features2[0] = static_cast<std::uint32_t>(features >> 32);
  return 0;
}
#pragma GCC visibility pop
}
