//===- Convolution.h - sliding windows ------------------------------------===//
//
// What convolutions and pools share.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_LOWER_CONVOLUTION_H
#define INGOT_COMPILER_LOWER_CONVOLUTION_H

#include "compiler/lower/Node.h"
#include "compiler/lower/Structured.h"

namespace ingot::lower {

/// A window that slides over the spatial dimensions; one entry each.
struct Window {
  std::vector<int64_t> strides, dilations;
  Shape kernel;
  /// The model's padding, with auto_pad resolved.
  Shape low, high;
  /// What the last window reads beyond the padding; negative where it ends before.
  std::vector<int64_t> extra;
  std::string autoPad;
};

/// Reads strides, dilations and pads, and checks their ranges.
mlir::LogicalResult readWindow(Node &node, const Shape &input,
                               const Shape &kernel, Window &window);

/// Resolves auto_pad and sets `extra`, for a window that reads.
mlir::LogicalResult resolvePadding(Node &node, const Shape &input,
                                   const Shape &output, Window &window);

/// The taps of the window of weights w, by the attribute where the weights' sizes are open.
Shape kernelOf(Node &node, unsigned w);

/// Pads the spatial dimensions, which come after `leading` others, as far as windows read.
mlir::Value padWindow(LocBuilder &b, mlir::Value value, const Window &window,
                      unsigned leading, mlir::TypedAttr number);

/// Loops (leading, space, taps, ...) to the element that a tap reads.
mlir::AffineMap windowMap(LocBuilder &b, const Window &window, unsigned leading,
                          unsigned loops);

/// x (batch, channel, space) with w (filter, channel in group, taps), both of one
/// element type, accumulated in `element`.
mlir::Value convolve(LocBuilder &b, mlir::Value x, mlir::Value w,
                     const Window &window, int64_t group,
                     const Shape &output, mlir::Type element);

mlir::Value addChannelBias(LocBuilder &b, mlir::Value value, mlir::Value bias);

/// Checks that the result, whose declared shape may be any, has the rank of input x.
mlir::LogicalResult checkRankStays(Node &node, unsigned x);

/// Checks ranks, the result's too, channels and groups of input x and weights w.
mlir::LogicalResult checkConvolution(Node &node, unsigned x, unsigned w,
                                     int64_t group, bool transposed);

/// Checks that operand i, if present, has one number for each filter.
mlir::LogicalResult checkBias(Node &node, unsigned i, const Extent &filters);

} // namespace ingot::lower

#endif
