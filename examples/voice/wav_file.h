//===- wav_file.h - reading WAV files -------------------------------------===//
#ifndef VOICE_WAV_FILE_H
#define VOICE_WAV_FILE_H

#include <string>
#include <vector>

namespace voice {

struct Sound {
  int rate = 0;               // samples in a second
  std::vector<float> samples; // from -1 to 1
};

/// Reads a WAV file of one channel and 16 bits, at 8000 or 16000 Hz. Returns an
/// empty string and the sound, or one line that says what is wrong.
std::string readWav(const std::string &path, Sound &sound);

} // namespace voice

#endif
