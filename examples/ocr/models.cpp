//===- models.cpp - calling the compiled models ---------------------------===//
#include "models.h"
#include "characters.h"
#include "detect.h"

#include "ocr_cls.h"
#include "ocr_det.h"
#include "ocr_rec_1280.h"
#include "ocr_rec_320.h"
#include "ocr_rec_640.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>

using namespace ocr;

// The shapes for which CMakeLists.txt has the models compiled.
static constexpr int detectorSide = 640;
static constexpr int lineHeight = 48;
static constexpr int directionWidth = 192;
static constexpr int widestLine = 1280;

/// The recogniser gives one row of scores for eight columns of pixels.
static constexpr int pixelsPerStep = 8;
static constexpr std::size_t classes = std::size(characters) + 1;

// One model runs at a time, so all of them share one arena and the buffers for
// pixels and scores; their sizes are known when this is compiled.
static constexpr std::size_t arenaBytes = std::max(
    {ocr_det::arena_bytes, ocr_cls::arena_bytes, ocr_rec_320::arena_bytes,
     ocr_rec_640::arena_bytes, ocr_rec_1280::arena_bytes});
alignas(64) static std::byte arena[arenaBytes];
alignas(64) static float pixels[Image::channels * detectorSide * detectorSide];
alignas(64) static float scores[std::max<std::size_t>(
    detectorSide * detectorSide, widestLine / pixelsPerStep * classes)];

/// With valid pointers and no indices that come from data, a model can't fail.
static void check(ingot::Status status) {
  if (status != ingot::Status::ok)
    std::abort();
}

std::vector<Quad> ocr::detect(const Image &picture) {
  Fit fit = fitInto(picture, detectorSide);
  toPlanes(resize(picture, fit.width, fit.height), detectorSide, detectorSide,
           pixels);
  ocr_det::Context context{arena};
  check(ocr_det::run({pixels}, {scores}, context));
  return findBoxes({fit.width, fit.height, detectorSide, scores}, picture.width,
                   picture.height);
}

/// The width of a line that is scaled to the height that the models want.
static int widthOf(const Image &line) {
  return static_cast<int>(
      std::ceil(static_cast<double>(lineHeight) * line.width / line.height));
}

/// Scales the line to the models' height, and narrower where it would be wider
/// than `width`; puts its planes into `pixels`.
static void putLine(const Image &line, int width) {
  toPlanes(resize(line, std::min(widthOf(line), width), lineHeight), width,
           lineHeight, pixels);
}

bool ocr::isUpsideDown(const Image &line) {
  putLine(line, directionWidth);
  float probabilities[2]; // upright, upside down
  ocr_cls::Context context{arena};
  check(ocr_cls::run({pixels}, {probabilities}, context));
  return probabilities[1] > 0.9f;
}

Line ocr::recognise(const Image &line) {
  // The model is compiled for three widths; a line goes to the narrowest one
  // that it fits into.
  int width = widthOf(line);
  if (width <= 320) {
    width = 320;
    putLine(line, width);
    ocr_rec_320::Context context{arena};
    check(ocr_rec_320::run({pixels}, {scores}, context));
  } else if (width <= 640) {
    width = 640;
    putLine(line, width);
    ocr_rec_640::Context context{arena};
    check(ocr_rec_640::run({pixels}, {scores}, context));
  } else {
    width = widestLine;
    putLine(line, width);
    ocr_rec_1280::Context context{arena};
    check(ocr_rec_1280::run({pixels}, {scores}, context));
  }
  return decode(scores, static_cast<std::size_t>(width / pixelsPerStep),
                classes, characters);
}
