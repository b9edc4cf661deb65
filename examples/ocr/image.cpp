//===- image.cpp - resizing, turning, cutting out -------------------------===//
#include "image.h"

#include <algorithm>
#include <cmath>

using namespace ocr;

/// For each pixel of a resized row or column: the first of the two pixels that
/// it lies between, and how far it is from that one to the next.
namespace {
struct Tap {
  int first;
  int second;
  double share; // of the second
};
} // namespace

static std::vector<Tap> linearTaps(int from, int to) {
  std::vector<Tap> taps;
  taps.reserve(static_cast<std::size_t>(to));
  double scale = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    // Pixels are squares and have their value in the middle.
    double position = std::clamp((i + 0.5) * scale - 0.5, 0.0, from - 1.0);
    int first = static_cast<int>(position);
    taps.push_back({first, std::min(first + 1, from - 1), position - first});
  }
  return taps;
}

static std::uint8_t toByte(double value) {
  return static_cast<std::uint8_t>(std::clamp(value + 0.5, 0.0, 255.0));
}

Image ocr::resize(const Image &image, int width, int height) {
  Image result(width, height);
  std::vector<Tap> columns = linearTaps(image.width, width);
  std::vector<Tap> rows = linearTaps(image.height, height);
  for (int y = 0; y < height; ++y) {
    const Tap &row = rows[static_cast<std::size_t>(y)];
    for (int x = 0; x < width; ++x) {
      const Tap &column = columns[static_cast<std::size_t>(x)];
      const std::uint8_t *upperLeft = image.at(column.first, row.first);
      const std::uint8_t *upperRight = image.at(column.second, row.first);
      const std::uint8_t *lowerLeft = image.at(column.first, row.second);
      const std::uint8_t *lowerRight = image.at(column.second, row.second);
      for (int c = 0; c < Image::channels; ++c) {
        double upper =
            upperLeft[c] + column.share * (upperRight[c] - upperLeft[c]);
        double lower =
            lowerLeft[c] + column.share * (lowerRight[c] - lowerLeft[c]);
        result.at(x, y)[c] = toByte(upper + row.share * (lower - upper));
      }
    }
  }
  return result;
}

Image ocr::turnLeft(const Image &image) {
  Image result(image.height, image.width);
  for (int y = 0; y < result.height; ++y)
    for (int x = 0; x < result.width; ++x)
      std::copy_n(image.at(image.width - 1 - y, x), Image::channels,
                  result.at(x, y));
  return result;
}

Image ocr::turnAround(const Image &image) {
  Image result(image.width, image.height);
  for (int y = 0; y < result.height; ++y)
    for (int x = 0; x < result.width; ++x)
      std::copy_n(image.at(image.width - 1 - x, image.height - 1 - y),
                  Image::channels, result.at(x, y));
  return result;
}

static double distance(Point a, Point b) {
  return std::hypot(a.x - b.x, a.y - b.y);
}

/// Weights of the four pixels around a position that lies `share` after the
/// second: Keys' cubic convolution with a = -0.75.
static std::array<double, 4> cubicWeights(double share) {
  constexpr double a = -0.75;
  auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(1 + share), near(share), near(1 - share), far(2 - share)};
}

static void interpolateCubic(const Image &image, Point at,
                             std::uint8_t *pixel) {
  double left = std::floor(at.x), top = std::floor(at.y);
  std::array<double, 4> across = cubicWeights(at.x - left);
  std::array<double, 4> down = cubicWeights(at.y - top);
  double sum[Image::channels] = {};
  for (int j = 0; j < 4; ++j) {
    int y = static_cast<int>(std::clamp(top - 1 + j, 0.0, image.height - 1.0));
    for (int i = 0; i < 4; ++i) {
      int x =
          static_cast<int>(std::clamp(left - 1 + i, 0.0, image.width - 1.0));
      double weight = across[static_cast<std::size_t>(i)] *
                      down[static_cast<std::size_t>(j)];
      for (int c = 0; c < Image::channels; ++c)
        sum[c] += weight * image.at(x, y)[c];
    }
  }
  for (int c = 0; c < Image::channels; ++c)
    pixel[c] = toByte(sum[c]);
}

Image ocr::cutOut(const Image &image, const Quad &quad) {
  const auto &[p, q, r, s] = quad;
  int width = static_cast<int>(std::max(distance(p, q), distance(r, s)));
  int height = static_cast<int>(std::max(distance(p, s), distance(q, r)));
  Image result(std::max(width, 1), std::max(height, 1));

  // The projective map from the unit square to the quad (P. Heckbert,
  // Fundamentals of Texture Mapping, 1989): (u, v) goes to
  // ((a u + b v + p.x) / w, (d u + e v + p.y) / w) with w = g u + h v + 1.
  Point sum = {p.x - q.x + r.x - s.x, p.y - q.y + r.y - s.y};
  Point right = {q.x - r.x, q.y - r.y}, below = {s.x - r.x, s.y - r.y};
  double area = right.x * below.y - right.y * below.x;
  double g = area == 0 ? 0 : (sum.x * below.y - sum.y * below.x) / area;
  double h = area == 0 ? 0 : (right.x * sum.y - right.y * sum.x) / area;
  double a = q.x - p.x + g * q.x, b = s.x - p.x + h * s.x;
  double d = q.y - p.y + g * q.y, e = s.y - p.y + h * s.y;

  for (int y = 0; y < result.height; ++y) {
    double v = static_cast<double>(y) / result.height;
    for (int x = 0; x < result.width; ++x) {
      double u = static_cast<double>(x) / result.width;
      double w = g * u + h * v + 1;
      Point source = {(a * u + b * v + p.x) / w, (d * u + e * v + p.y) / w};
      interpolateCubic(image, source, result.at(x, y));
    }
  }
  return result;
}

void ocr::toPlanes(const Image &image, int width, int height, float *planes) {
  std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(width) * height;
  std::fill_n(planes, plane * Image::channels, 0.0f);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t *pixel = image.at(x, y);
      float *out = planes + static_cast<std::ptrdiff_t>(y) * width + x;
      for (int c = 0; c < Image::channels; ++c)
        out[c * plane] = static_cast<float>(pixel[c]) / 127.5f - 1.0f;
    }
  }
}
