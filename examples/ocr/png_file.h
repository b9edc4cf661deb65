//===- png_file.h - reading PNG files -------------------------------------===//
#ifndef OCR_PNG_FILE_H
#define OCR_PNG_FILE_H

#include "image.h"

#include <string>

namespace ocr {

/// Reads a PNG file of any colour type and depth: grey and palette become
/// colours, 16 bits become 8, and what is transparent is laid on white.
/// Returns an empty string and the picture, or one line that says what is
/// wrong.
std::string readPng(const std::string &path, Image &image);

} // namespace ocr

#endif
