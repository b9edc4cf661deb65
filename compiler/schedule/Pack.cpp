//===- Pack.cpp -----------------------------------------------------------===//
#include "compiler/schedule/Pack.h"
#include "compiler/support/Elements.h"
#include <cstring>

using namespace mlir;
using namespace ingot;

/// Dimensions of a kind that the access depends on, outermost first; the
/// lane dimension, which is parallel where inputs are packed, is left out.
static SmallVector<unsigned> dimsOf(const Nest &nest, const Schedule &schedule,
                                    const Access &access, bool reduction) {
  SmallVector<unsigned> dims;
  if (reduction)
    dims = reductionOrder(nest);
  else
    for (unsigned dim = 0; dim < nest.sizes.size(); ++dim)
      if (nest.sizes[dim] != 1 && !nest.reduction[dim] &&
          int64_t(dim) != schedule.lane)
        dims.push_back(dim);
  llvm::erase_if(dims, [&](unsigned dim) { return (*access.linear)[dim] == 0; });
  return dims;
}

/// Steps of a reduction dimension, filled up where `terms` of them are one.
static int64_t paddedSize(const Nest &nest, const Schedule &schedule, unsigned dim) {
  return schedule.terms > 1 && reductionOrder(nest).back() == dim ? llvm::alignTo(nest.sizes[dim], schedule.terms)
                                                              : nest.sizes[dim];
}

Linear ingot::packedIndex(const Nest &nest, const Schedule &schedule,
                          const Access &access, int64_t blockLanes) {
  Linear packed;
  packed.coefficients.assign(nest.sizes.size(), 0);
  packed.symbols = access.linear->symbols;
  int64_t steps = 1;
  SmallVector<unsigned> reductions = dimsOf(nest, schedule, access, true);
  for (unsigned dim : llvm::reverse(reductions)) {
    packed.coefficients[dim] = steps * blockLanes;
    steps *= paddedSize(nest, schedule, dim);
  }
  packed.coefficients[schedule.lane] = steps;
  int64_t stride = steps * llvm::alignTo(nest.sizes[schedule.lane], schedule.width);
  SmallVector<unsigned> others = dimsOf(nest, schedule, access, false);
  for (unsigned dim : llvm::reverse(others)) {
    packed.coefficients[dim] = stride;
    stride *= nest.sizes[dim];
  }
  return packed;
}

ElementsAttr ingot::packElements(const Nest &nest, const Schedule &schedule,
                                 const Access &access, ElementsAttr elements) {
  std::vector<char> from = elementData(elements);
  int64_t size = elementBytes(elements.getElementType());
  SmallVector<unsigned> dims = dimsOf(nest, schedule, access, false);
  unsigned outer = dims.size();
  dims.append(dimsOf(nest, schedule, access, true));
  int64_t lanes = nest.sizes[schedule.lane], block = schedule.block();
  int64_t laneStride = (*access.linear)[schedule.lane];
  int64_t total = llvm::alignTo(lanes, schedule.width);
  for (unsigned dim : dims)
    total *= paddedSize(nest, schedule, dim);
  int64_t terms = schedule.terms;
  // Where each of the terms goes.
  const int64_t straight[] = {0, 1, 2, 3}, interleaved[] = {0, 2, 1, 3};
  const int64_t *place = isInterleaved(nest, schedule) ? interleaved : straight;
  int64_t termStride = terms > 1 ? (*access.linear)[dims.back()] : 0;

  std::vector<char> to(total * size);
  char *next = to.data();
  SmallVector<int64_t> at(dims.size(), 0);
  // Counts `at[first..last)` up by one; false when it is back at zero.
  auto advance = [&](unsigned first, unsigned last) {
    for (unsigned i = last; i-- > first;) {
      at[i] += i + 1 == dims.size() ? terms : 1;
      if (at[i] < nest.sizes[dims[i]])
        return true;
      at[i] = 0;
    }
    return false;
  };
  do {
    for (int64_t lane = 0; lane < lanes; lane += block) {
      int64_t width = std::min(block, lanes - lane);
      do {
        int64_t source = access.linear->offset + lane * laneStride;
        for (auto [i, dim] : llvm::enumerate(dims))
          source += at[i] * (*access.linear)[dim];
        int64_t present = terms > 1 ? std::min(terms, nest.sizes[dims.back()] - at.back()) : 1;
        for (int64_t l = 0; l < width; ++l, next += terms * size)
          for (int64_t t = 0; t < present; ++t)
            std::memcpy(next + place[t] * size, from.data() + (source + l * laneStride + t * termStride) * size, size);
        next += (llvm::alignTo(width, schedule.width) - width) * terms * size;
      } while (advance(outer, dims.size()));
    }
  } while (advance(0, outer));
  auto type = RankedTensorType::get({total}, elements.getElementType());
  return makeElements(type, to, "packed");
}
