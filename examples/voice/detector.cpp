//===- detector.cpp - the compiled model over a sound ---------------------===//
#include "detector.h"
#include "segments.h"

#include "voice_16k.h"
#include "voice_8k.h"
#include "voice_nested_16k.h"
#include "voice_nested_8k.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace voice;

// Only one of the models runs, so they share an arena.
alignas(64) static std::byte arena[std::max(
    {voice_16k::arena_bytes, voice_8k::arena_bytes,
     voice_nested_16k::arena_bytes, voice_nested_8k::arena_bytes})];

/// Cuts the sound into chunks, the last one filled up with silence, and calls
/// `step` with each. The model sees a chunk after the last samples of the one
/// before it; `step` gets a pointer to both.
template <typename Step>
static std::vector<float> forEachChunk(const Sound &sound, Step step) {
  std::size_t chunk = chunkSize(sound.rate), context = chunk / 8;
  std::vector<float> window(context + chunk);
  std::vector<float> probabilities;
  for (std::size_t at = 0; at < sound.samples.size(); at += chunk) {
    std::copy(window.end() - static_cast<std::ptrdiff_t>(context), window.end(),
              window.begin());
    auto from = sound.samples.begin() + static_cast<std::ptrdiff_t>(at);
    std::size_t count = std::min(chunk, sound.samples.size() - at);
    auto to = window.begin() + static_cast<std::ptrdiff_t>(context);
    to = std::copy(from, from + static_cast<std::ptrdiff_t>(count), to);
    std::fill(to, window.end(), 0.0f);
    probabilities.push_back(step(window.data()));
  }
  return probabilities;
}

static void check(ingot::Status status) {
  if (status != ingot::Status::ok)
    std::abort(); // the pointers are valid, and no index comes from the sound
}

// The state of the network's recurrent layer is a struct that the model's
// header declares; it begins as zeros, and each run replaces it.

static std::vector<float> runFlat16k(const Sound &sound) {
  voice_16k::State state;
  voice_16k::Context context{arena, state};
  std::int64_t rate = sound.rate;
  return forEachChunk(sound, [&](const float *window) {
    float probability = 0;
    check(voice_16k::run({window, &rate}, {&probability}, context));
    return probability;
  });
}

static std::vector<float> runFlat8k(const Sound &sound) {
  voice_8k::State state;
  voice_8k::Context context{arena, state};
  std::int64_t rate = sound.rate;
  return forEachChunk(sound, [&](const float *window) {
    float probability = 0;
    check(voice_8k::run({window, &rate}, {&probability}, context));
    return probability;
  });
}

static std::vector<float> runNested16k(const Sound &sound) {
  voice_nested_16k::State state;
  voice_nested_16k::Context context{arena, state};
  std::int64_t rate = sound.rate;
  return forEachChunk(sound, [&](const float *window) {
    float probability = 0;
    check(voice_nested_16k::run({window, &rate}, {&probability}, context));
    return probability;
  });
}

static std::vector<float> runNested8k(const Sound &sound) {
  voice_nested_8k::State state;
  voice_nested_8k::Context context{arena, state};
  std::int64_t rate = sound.rate;
  return forEachChunk(sound, [&](const float *window) {
    float probability = 0;
    check(voice_nested_8k::run({window, &rate}, {&probability}, context));
    return probability;
  });
}

std::vector<float> voice::speechProbabilities(const Sound &sound,
                                              Variant variant) {
  if (variant == Variant::flat)
    return sound.rate == 16000 ? runFlat16k(sound) : runFlat8k(sound);
  return sound.rate == 16000 ? runNested16k(sound) : runNested8k(sound);
}
