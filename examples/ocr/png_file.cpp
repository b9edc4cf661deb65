//===- png_file.cpp -------------------------------------------------------===//
#include "png_file.h"

#include <png.h>

#include <cerrno>
#include <cstring>

/// Larger pictures are refused, so that a few hostile bytes can't ask for
/// gigabytes of memory.
static constexpr png_uint_32 maxPixels = 100'000'000;

std::string ocr::readPng(const std::string &path, Image &image) {
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  errno = 0;
  if (!png_image_begin_read_from_file(&png, path.c_str()))
    return path + ": " + (errno ? std::strerror(errno) : png.message);
  if (png.width > maxPixels / png.height) {
    png_image_free(&png);
    return path + ": more than 100 million pixels; scale it down";
  }

  image = Image(static_cast<int>(png.width), static_cast<int>(png.height));
  png.format = PNG_FORMAT_BGR;
  // Else 16-bit values would be taken for linear light.
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  png_color white = {255, 255, 255};
  if (!png_image_finish_read(&png, &white, image.pixels.data(), 0, nullptr))
    return path + ": " + png.message;
  return "";
}
