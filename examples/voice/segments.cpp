//===- segments.cpp -------------------------------------------------------===//
#include "segments.h"

#include <algorithm>

using namespace voice;

static constexpr float speechThreshold = 0.5f;
static constexpr float silenceThreshold = 0.35f;

static long samplesOf(int milliseconds, int rate) {
  return static_cast<long>(milliseconds) * rate / 1000;
}

/// Makes the segments longer, but not longer than the pauses between them let.
static void pad(std::vector<Segment> &segments, long padding,
                long sampleCount) {
  if (segments.empty())
    return;
  segments.front().start = std::max(segments.front().start - padding, 0L);
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    long pause = segments[i + 1].start - segments[i].end;
    long share = pause < 2 * padding ? pause / 2 : padding;
    segments[i].end += share;
    segments[i + 1].start -= share;
  }
  segments.back().end = std::min(segments.back().end + padding, sampleCount);
}

std::vector<Segment> voice::findSpeech(const std::vector<float> &probabilities,
                                       int rate, long sampleCount) {
  long minSpeech = samplesOf(250, rate);
  long minSilence = samplesOf(100, rate);
  std::vector<Segment> segments;
  Segment current;
  bool inSpeech = false, mayEnd = false;
  auto close = [&](long end) {
    current.end = end;
    if (current.end - current.start > minSpeech)
      segments.push_back(current);
    inSpeech = mayEnd = false;
  };

  long at = 0; // the chunk's first sample
  for (float probability : probabilities) {
    if (probability >= speechThreshold) {
      mayEnd = false;
      if (!inSpeech)
        current.start = at;
      inSpeech = true;
    } else if (inSpeech && probability < silenceThreshold) {
      if (!mayEnd)
        current.end = at; // if the silence turns out to be long enough
      mayEnd = true;
      if (at - current.end >= minSilence)
        close(current.end);
    }
    at += static_cast<long>(chunkSize(rate));
  }
  if (inSpeech)
    close(sampleCount);
  pad(segments, samplesOf(30, rate), sampleCount);
  return segments;
}
