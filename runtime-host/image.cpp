//===- image.cpp - pictures from files, by Leptonica ----------------------===//
#include "ingot/image.h"
#include <leptonica/allheaders.h>
#include <memory>

namespace {

/// What Leptonica reads of a file to find its format.
constexpr int64_t kLeastFile = 12;

struct Destroy {
  void operator()(PIX *picture) const { pixDestroy(&picture); }
};
using Picture = std::unique_ptr<PIX, Destroy>;

/// ImageDecoder's formats. Leptonica reads more, which nobody asked for.
bool isFormat(l_int32 format) {
  return format == IFF_BMP || format == IFF_JFIF_JPEG || format == IFF_PNG || format == IFF_PNM || format == IFF_JP2 || format == IFF_WEBP ||
         L_FORMAT_IS_TIFF(format);
}

/// Null for what is no picture or a damaged one.
Picture decode(const l_uint8 *bytes, size_t size) {
  Picture read(pixReadMem(bytes, size));
  return Picture(read ? pixConvertTo32(read.get()) : nullptr);
}

/// Each word of a row has red in its highest byte.
void copyRows(PIX *picture, uint8_t *to) {
  l_int32 height = pixGetHeight(picture), width = pixGetWidth(picture), words = pixGetWpl(picture);
  for (l_int32 y = 0; y < height; ++y) {
    const l_uint32 *row = pixGetData(picture) + size_t(y) * words;
    for (l_int32 x = 0; x < width; ++x, to += 3) {
      to[0] = uint8_t(row[x] >> L_RED_SHIFT);
      to[1] = uint8_t(row[x] >> L_GREEN_SHIFT);
      to[2] = uint8_t(row[x] >> L_BLUE_SHIFT);
    }
  }
}

} // namespace

extern "C" void ingot_decode_image(const void *data, int64_t size, int64_t most_height, int64_t most_width, void *pixels, int64_t *shape,
                                   int32_t *status) {
  // Whether something is a picture is said by the shape, not on stderr.
  static const l_int32 quiet = setMsgSeverity(L_SEVERITY_NONE);
  static_cast<void>(quiet);
  shape[0] = shape[1] = 0;
  auto *bytes = static_cast<const l_uint8 *>(data);
  l_int32 format = IFF_UNKNOWN, width = 0, height = 0;
  // The header is looked at first: what it asks for is not allocated where it is too much.
  if (size < kLeastFile || findFileFormatBuffer(bytes, &format) != 0 || !isFormat(format) ||
      pixReadHeaderMem(bytes, size_t(size), nullptr, &width, &height, nullptr, nullptr, nullptr) != 0)
    return;
  if (height <= 0 || width <= 0)
    return;
  bool fits = height <= most_height && width <= most_width;
  if (fits) {
    Picture picture = decode(bytes, size_t(size));
    if (!picture)
      return;
    // A TIFF may say that it lies on its side.
    height = pixGetHeight(picture.get());
    width = pixGetWidth(picture.get());
    fits = height <= most_height && width <= most_width;
    if (fits) {
      copyRows(picture.get(), static_cast<uint8_t *>(pixels));
      shape[0] = height;
      shape[1] = width;
    }
  }
  if (!fits)
    *status = 1;
}
