//===- recognise.h - from a line's scores to its text ---------------------===//
#ifndef OCR_RECOGNISE_H
#define OCR_RECOGNISE_H

#include <cstddef>
#include <string>

namespace ocr {

struct Line {
  std::string text; // UTF-8
  double score = 0; // the mean probability of its characters
};

/// Greedy decoding of connectionist temporal classification (A. Graves et al.,
/// 2006). `scores` is [steps, classes]: for each step along the line, the
/// probability of each class; class 0 is "nothing here", and class i the
/// i-th of `characters` (`classes - 1` strings in UTF-8). The best class of
/// each step is taken; repetitions of one class are one character.
Line decode(const float *scores, std::size_t steps, std::size_t classes,
            const char *const *characters);

} // namespace ocr

#endif
