//===- detector.h - the compiled model over a sound -----------------------===//
#ifndef VOICE_DETECTOR_H
#define VOICE_DETECTOR_H

#include "wav_file.h"

namespace voice {

/// The two files of one network that the package ships. The first has one If
/// for the rate, the second an If in each of its parts.
enum class Variant { flat, nested };

/// For each chunk of the sound, the probability that it is speech.
std::vector<float> speechProbabilities(const Sound &sound, Variant variant);

} // namespace voice

#endif
