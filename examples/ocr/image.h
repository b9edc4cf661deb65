//===- image.h - pictures in memory ---------------------------------------===//
#ifndef OCR_IMAGE_H
#define OCR_IMAGE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ocr {

struct Point {
  double x = 0, y = 0;
};

/// Four corners: upper left, upper right, lower right, lower left, as the text
/// in it is read.
using Quad = std::array<Point, 4>;

/// A picture of 8-bit pixels in the order blue, green, red, row by row: the
/// order in which the models were trained.
struct Image {
  static constexpr int channels = 3;

  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;

  Image() = default;
  Image(int w, int h)
      : width(w), height(h), pixels(static_cast<std::size_t>(w) *
                                    static_cast<std::size_t>(h) * channels) {}

  std::uint8_t *at(int x, int y) { return pixels.data() + offset(x, y); }
  const std::uint8_t *at(int x, int y) const {
    return pixels.data() + offset(x, y);
  }

private:
  std::size_t offset(int x, int y) const {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
            static_cast<std::size_t>(x)) *
           channels;
  }
};

/// The picture in another size, by bilinear interpolation between the four
/// nearest pixels. Nothing is averaged when it shrinks: so were the models'
/// training pictures made.
Image resize(const Image &image, int width, int height);

/// Turned by 90 degrees against the clock.
Image turnLeft(const Image &image);

/// Turned by 180 degrees.
Image turnAround(const Image &image);

/// The content of `quad`, stretched into an upright rectangle as wide and high
/// as the longer one of each pair of sides; bicubic interpolation. Where the
/// quad leaves the picture, the picture's nearest pixel is taken.
Image cutOut(const Image &image, const Quad &quad);

/// Writes the picture's pixels as three planes (blue, green, red) of floats
/// from -1 to 1 into the upper left corner of a tensor [3, height, width]; the
/// rest becomes 0, a middle grey. The picture must not be larger.
void toPlanes(const Image &image, int width, int height, float *planes);

} // namespace ocr

#endif
