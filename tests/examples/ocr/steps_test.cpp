//===- steps_test.cpp - the steps of examples/ocr that need no model ------===//
// Expected pixels and boxes come from OpenCV 5.0 and the post-processing of
// rapidocr-onnxruntime 1.4.4 on the same input.
#include "detect.h"
#include "geometry.h"
#include "image.h"
#include "png_file.h"
#include "recognise.h"

#include <gtest/gtest.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

using namespace ocr;

static Image gradient(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      image.at(x, y)[0] = static_cast<std::uint8_t>(x * 13 + y * 7);
      image.at(x, y)[1] = static_cast<std::uint8_t>(x * 5);
      image.at(x, y)[2] = static_cast<std::uint8_t>(y * 20);
    }
  return image;
}

/// Compares one channel with `expected`, row by row; interpolated values may
/// differ by one, since OpenCV rounds its weights.
static void expectChannel(const Image &image, int channel,
                          const std::vector<int> &expected) {
  ASSERT_EQ(expected.size(), static_cast<std::size_t>(image.width) *
                                 static_cast<std::size_t>(image.height));
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      EXPECT_NEAR(image.at(x, y)[channel],
                  expected[static_cast<std::size_t>(y * image.width + x)], 1)
          << "at " << x << ", " << y;
}

TEST(Image, ResizeInterpolatesWithoutAveraging) {
  Image image(5, 4);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 5; ++x)
      image.at(x, y)[1] = static_cast<std::uint8_t>(x * 50 + y * 31);
  expectChannel(resize(image, 8, 6), 1,
                {0,  22,  53,  84,  116, 147, 178, 200, //
                 16, 37,  69,  100, 131, 162, 194, 216, //
                 36, 58,  89,  120, 152, 183, 190, 193, //
                 57, 79,  110, 141, 172, 204, 115, 43,  //
                 78, 99,  131, 162, 193, 224, 112, 22,  //
                 93, 115, 146, 177, 208, 240, 127, 37});
  expectChannel(resize(image, 3, 2), 1, {32, 116, 199, 94, 178, 90});
}

TEST(Image, Turns) {
  Image image = gradient(3, 2);
  Image left = turnLeft(image);
  ASSERT_EQ(left.width, 2);
  ASSERT_EQ(left.height, 3);
  EXPECT_EQ(left.at(0, 0)[0], image.at(2, 0)[0]);
  EXPECT_EQ(left.at(1, 2)[0], image.at(0, 1)[0]);
  EXPECT_EQ(turnAround(image).at(0, 0)[0], image.at(2, 1)[0]);
  EXPECT_EQ(turnLeft(turnLeft(image)).pixels, turnAround(image).pixels);
}

TEST(Image, CutOutStraightensAQuad) {
  Quad quad = {{{2, 3}, {12, 1}, {13, 8}, {3, 10}}};
  Image cut = cutOut(gradient(16, 12), quad);
  ASSERT_EQ(cut.width, 10);
  ASSERT_EQ(cut.height, 7);
  expectChannel(cut, 0, {47,  58,  70,  82,  94,  105, 116, 128, 140, 152, //
                         56,  68,  79,  91,  103, 114, 126, 137, 149, 161, //
                         65,  77,  88,  100, 112, 123, 135, 146, 158, 170, //
                         74,  85,  97,  109, 121, 132, 143, 155, 167, 179, //
                         82,  93,  105, 117, 129, 140, 151, 163, 175, 187, //
                         91,  102, 114, 126, 137, 149, 160, 172, 184, 195, //
                         100, 111, 123, 135, 146, 158, 169, 181, 193, 204});
}

TEST(Image, CutOutOfAnUprightRectangleCopies) {
  Image image = gradient(16, 12);
  Image cut = cutOut(image, {{{3, 2}, {9, 2}, {9, 7}, {3, 7}}});
  ASSERT_EQ(cut.width, 6);
  ASSERT_EQ(cut.height, 5);
  for (int y = 0; y < cut.height; ++y)
    for (int x = 0; x < cut.width; ++x)
      EXPECT_TRUE(std::equal(cut.at(x, y), cut.at(x, y) + Image::channels,
                             image.at(x + 3, y + 2)));
}

TEST(Image, CutOutOfNothingIsOnePixel) {
  Image cut = cutOut(gradient(4, 4), {{{1, 1}, {1, 1}, {1, 1}, {1, 1}}});
  EXPECT_EQ(cut.width, 1);
  EXPECT_EQ(cut.height, 1);
}

TEST(Image, PlanesAreNormalisedAndPadded) {
  Image image(1, 1);
  image.at(0, 0)[0] = 255;
  float planes[12];
  toPlanes(image, 2, 2, planes);
  EXPECT_EQ(std::vector<float>(planes, planes + 12),
            (std::vector<float>{1, 0, 0, 0, -1, 0, 0, 0, -1, 0, 0, 0}));
}

TEST(Geometry, SmallestRectangleOfATiltedSquare) {
  Rectangle rectangle =
      smallestRectangle({{0, 5}, {5, 0}, {10, 5}, {5, 10}, {5, 5}, {4, 6}});
  EXPECT_NEAR(rectangle.shortSide, std::sqrt(50.0), 1e-9);
  EXPECT_NEAR(area(rectangle.corners), 50, 1e-9);
  EXPECT_NEAR(perimeter(rectangle.corners), 4 * std::sqrt(50.0), 1e-9);
}

TEST(Geometry, RectangleOfAPointOrALineHasNoWidth) {
  EXPECT_EQ(smallestRectangle({{3, 4}, {3, 4}}).shortSide, 0);
  EXPECT_EQ(smallestRectangle({{3, 4}, {5, 6}, {4, 5}}).shortSide, 0);
}

TEST(Geometry, CornersAreOrderedAsRead) {
  Quad ordered = orderCorners({{{9, 1}, {0, 2}, {1, 8}, {10, 7}}});
  EXPECT_EQ(ordered[0].x, 0);
  EXPECT_EQ(ordered[1].x, 9);
  EXPECT_EQ(ordered[2].x, 10);
  EXPECT_EQ(ordered[3].x, 1);
}

static void expectQuad(const Quad &quad, const std::vector<int> &expected) {
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(quad[i].x, expected[2 * i], 2) << "corner " << i;
    EXPECT_NEAR(quad[i].y, expected[2 * i + 1], 2) << "corner " << i;
  }
}

TEST(Detect, FindsLevelAndTiltedLines) {
  constexpr int side = 160;
  std::vector<float> values(side * side);
  auto fill = [&](int x, int y) -> float & {
    return values[static_cast<std::size_t>(y * side + x)];
  };
  constexpr double angle = 15 * 3.14159265358979 / 180;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      double along = (x - 80) * std::cos(angle) + (y - 60) * std::sin(angle);
      double across = (y - 60) * std::cos(angle) - (x - 80) * std::sin(angle);
      if (std::abs(along) <= 40 && std::abs(across) <= 6)
        fill(x, y) = 0.9f;
      if (x >= 20 && x <= 60 && y >= 120 && y <= 130)
        fill(x, y) = 0.8f;
      if (x >= 90 && x <= 140 && y >= 121 && y <= 129)
        fill(x, y) = 0.4f; // above the threshold of a pixel, not of a box
      if (x >= 10 && x <= 11 && y >= 10 && y <= 11)
        fill(x, y) = 0.9f; // too small
    }
  std::vector<Quad> boxes =
      findBoxes({side, side, side, values.data()}, 2 * side, 2 * side);
  ASSERT_EQ(boxes.size(), 2u);
  expectQuad(boxes[0], {72, 63, 265, 115, 248, 177, 55, 125});
  expectQuad(boxes[1], {24, 226, 134, 226, 134, 276, 24, 276});
}

TEST(Detect, ReadsRowsFromTheLeft) {
  constexpr int width = 200, height = 60;
  std::vector<float> values(width * height);
  auto block = [&](int left, int top) {
    for (int y = top; y < top + 12; ++y)
      for (int x = left; x < left + 40; ++x)
        values[static_cast<std::size_t>(y * width + x)] = 1;
  };
  block(120, 8); // higher by 4 pixels, yet to the right in the same row
  block(20, 12);
  block(60, 38);
  std::vector<Quad> boxes =
      findBoxes({width, height, width, values.data()}, width, height);
  ASSERT_EQ(boxes.size(), 3u);
  EXPECT_LT(boxes[0][0].x, 30);
  EXPECT_GT(boxes[1][0].x, 100);
  EXPECT_GT(boxes[2][0].y, 20);
}

TEST(Detect, FindsNothingInAnEmptyMap) {
  std::vector<float> values(32 * 32);
  EXPECT_TRUE(findBoxes({32, 32, 32, values.data()}, 100, 100).empty());
}

TEST(Detect, FitKeepsProportions) {
  Fit wide = fitInto(Image(1280, 320), 640);
  EXPECT_EQ(wide.width, 640);
  EXPECT_EQ(wide.height, 160);
  Fit small = fitInto(Image(30, 20), 640);
  EXPECT_EQ(small.width, 60);
  EXPECT_EQ(small.height, 40);
  EXPECT_EQ(fitInto(Image(5000, 1), 640).height, 1);
}

TEST(Recognise, DropsBlanksAndRepetitions) {
  const char *const characters[] = {"a", "\xC3\xA4", " "};
  auto decodeSteps = [&](const std::vector<std::size_t> &best) {
    std::vector<float> scores(best.size() * 4, 0.1f);
    for (std::size_t step = 0; step < best.size(); ++step)
      scores[step * 4 + best[step]] = 0.5f;
    return decode(scores.data(), best.size(), 4, characters);
  };
  Line line = decodeSteps({0, 1, 1, 0, 1, 2, 2, 3, 0});
  EXPECT_EQ(line.text, "aa\xC3\xA4 ");
  EXPECT_NEAR(line.score, 0.5, 1e-6);
  EXPECT_EQ(decodeSteps({0, 0}).text, "");
  EXPECT_EQ(decodeSteps({0, 0}).score, 0);
}

namespace {
/// A PNG file of 2 x 1 pixels: one dark, one light.
class PngFile : public testing::Test {
protected:
  void TearDown() override { std::remove(path.c_str()); }

  void write(int depth, int type, bool interlaced,
             const std::vector<png_byte> &row) {
    std::FILE *file = std::fopen(path.c_str(), "wb");
    ASSERT_NE(file, nullptr);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr,
                                              nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_IHDR(png, info, 2, 1, depth, type,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    const png_color palette[] = {{10, 20, 30}, {200, 210, 220}};
    if (type == PNG_COLOR_TYPE_PALETTE)
      png_set_PLTE(png, info, palette, 2);
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; ++pass)
      png_write_row(png, row.data());
    png_write_end(png, nullptr);
    png_destroy_write_struct(&png, &info);
    std::fclose(file);
  }

  void expectPixels(const std::vector<int> &expected) {
    Image image;
    ASSERT_EQ(readPng(path, image), "");
    EXPECT_EQ(image.width, 2);
    EXPECT_EQ(image.height, 1);
    EXPECT_EQ(std::vector<int>(image.pixels.begin(), image.pixels.end()),
              expected);
  }

  std::string path =
      testing::TempDir() + "ocr_" +
      testing::UnitTest::GetInstance()->current_test_info()->name() + ".png";
};
} // namespace

TEST_F(PngFile, Colours) {
  write(8, PNG_COLOR_TYPE_RGB, false, {10, 20, 30, 200, 210, 220});
  expectPixels({30, 20, 10, 220, 210, 200});
}

TEST_F(PngFile, Interlaced) {
  write(8, PNG_COLOR_TYPE_RGB, true, {10, 20, 30, 200, 210, 220});
  expectPixels({30, 20, 10, 220, 210, 200});
}

TEST_F(PngFile, SixteenBits) {
  write(16, PNG_COLOR_TYPE_RGB, false,
        {10, 10, 20, 20, 30, 30, 200, 200, 210, 210, 220, 220});
  expectPixels({30, 20, 10, 220, 210, 200});
}

TEST_F(PngFile, Grey) {
  write(8, PNG_COLOR_TYPE_GRAY, false, {10, 200});
  expectPixels({10, 10, 10, 200, 200, 200});
}

TEST_F(PngFile, OneBit) {
  write(1, PNG_COLOR_TYPE_GRAY, false, {0x40});
  expectPixels({0, 0, 0, 255, 255, 255});
}

TEST_F(PngFile, Palette) {
  write(8, PNG_COLOR_TYPE_PALETTE, false, {0, 1});
  expectPixels({30, 20, 10, 220, 210, 200});
}

TEST_F(PngFile, TransparentPixelsLieOnWhite) {
  write(8, PNG_COLOR_TYPE_RGB_ALPHA, false, {10, 20, 30, 255, 1, 2, 3, 0});
  expectPixels({30, 20, 10, 255, 255, 255});
  write(8, PNG_COLOR_TYPE_GRAY_ALPHA, false, {10, 255, 0, 0});
  expectPixels({10, 10, 10, 255, 255, 255});
}

TEST_F(PngFile, ErrorsAreOneLine) {
  Image image;
  EXPECT_EQ(readPng(path + ".missing", image),
            path + ".missing: No such file or directory");
  std::ofstream(path) << "this is no picture";
  EXPECT_EQ(readPng(path, image), path + ": Not a PNG file");
  write(8, PNG_COLOR_TYPE_RGB, false, {10, 20, 30, 200, 210, 220});
  std::ifstream file(path, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(file), {});
  std::ofstream(path, std::ios::binary) << content.substr(0, 50);
  std::string error = readPng(path, image);
  EXPECT_NE(error, "");
  EXPECT_EQ(error.find('\n'), std::string::npos);
}
