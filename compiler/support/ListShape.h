//===- ListShape.h - what a sequence or an optional of the interface holds -===//
#ifndef INGOT_COMPILER_SUPPORT_LISTSHAPE_H
#define INGOT_COMPILER_SUPPORT_LISTSHAPE_H

#include <cstdint>
#include <vector>

namespace ingot {

/// How many tensors a sequence holds and the shape of each; or that an optional holds nothing.
struct ListShape {
  bool absent = false;
  std::vector<std::vector<int64_t>> elements;

  bool operator==(const ListShape &other) const {
    return absent == other.absent && elements == other.elements;
  }
};

} // namespace ingot

#endif
