//===- models.h - the three compiled models behind plain functions --------===//
#ifndef OCR_MODELS_H
#define OCR_MODELS_H

#include "image.h"
#include "recognise.h"

#include <vector>

namespace ocr {

/// The boxes of the lines of text in the picture, in reading order.
std::vector<Quad> detect(const Image &picture);

/// Whether the line stands on its head.
bool isUpsideDown(const Image &line);

/// The text of an upright line.
Line recognise(const Image &line);

} // namespace ocr

#endif
