//===- segments.h - from probabilities to segments of speech --------------===//
#ifndef VOICE_SEGMENTS_H
#define VOICE_SEGMENTS_H

#include <cstddef>
#include <vector>

namespace voice {

/// Places in a sound, counted in samples; the end is the first one after it.
struct Segment {
  long start = 0;
  long end = 0;
};

/// How many samples one probability is for.
constexpr std::size_t chunkSize(int rate) { return rate == 16000 ? 512 : 256; }

/// The segments of speech in a sound of `sampleCount` samples at `rate`, from
/// the probability that each of its chunks is speech.
///
/// A segment begins where the probability reaches 0.5, and ends where it is
/// below 0.35 and does not reach 0.5 again for 100 ms. Segments of up to 250 ms
/// are dropped; the others get 30 ms more at both ends, or half of the pause
/// where that is shorter.
std::vector<Segment> findSpeech(const std::vector<float> &probabilities,
                                int rate, long sampleCount);

} // namespace voice

#endif
