/*===- image.h - pictures from files -----------------------------------------===
 *
 * What code of a model with ImageDecoder calls. runtime-host/image.cpp has the
 * function; `ingot_add_model(... LIBRARIES image)` links it. C99 and C++.
 *
 *===----------------------------------------------------------------------===*/
#ifndef INGOT_IMAGE_H
#define INGOT_IMAGE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Decodes a file's content: `size` bytes in one of the formats BMP, JPEG, JPEG
 * 2000, PNG, PNM, TIFF and WebP. `shape` gets the height and the width, and
 * `pixels`, which has room for most_height * most_width * 3 bytes, the rows from
 * the top without gaps, each pixel its red, green and blue. What is no such
 * picture, or a damaged one, has the shape 0, 0. So has one that is higher or
 * wider than the most; it also sets *status to 1 (Status::index_out_of_range).
 * Allocates memory for about two pictures of that size, and frees it. */
void ingot_decode_image(const void *bytes, int64_t size, int64_t most_height,
                        int64_t most_width, void *pixels, int64_t *shape,
                        int32_t *status);

#ifdef __cplusplus
}
#endif

#endif
