//===- detect.h - from a map of probabilities to boxes --------------------===//
#ifndef OCR_DETECT_H
#define OCR_DETECT_H

#include "image.h"

#include <vector>

namespace ocr {

/// Where a picture lies in the detector's square input: scaled to fit, in the
/// upper left corner.
struct Fit {
  int width = 0;
  int height = 0;
};

/// The largest size with the picture's proportions inside `side` x `side`, but
/// not more than twice the picture's.
Fit fitInto(const Image &image, int side);

/// What the detector gives: for each pixel of its input, the probability that
/// it lies in the inner part of a line of text.
struct ProbabilityMap {
  int width; // of the part that shows the picture
  int height;
  int stride; // from row to row
  const float *values;

  float at(int x, int y) const {
    return values[static_cast<std::ptrdiff_t>(y) * stride + x];
  }
};

/// The boxes of the lines of text in a picture of the given size, in reading
/// order: from top to bottom, and from left to right where the tops differ by
/// less than 10 pixels. Their corners are whole pixels.
///
/// The steps are those of differentiable binarisation (M. Liao et al., 2020):
/// pixels above a threshold form connected regions; the smallest rectangle
/// around each is a box if the mean probability in it is high enough; it is
/// then made wider on all sides, since the model was trained on shrunk lines.
std::vector<Quad> findBoxes(const ProbabilityMap &map, int pictureWidth,
                            int pictureHeight);

} // namespace ocr

#endif
