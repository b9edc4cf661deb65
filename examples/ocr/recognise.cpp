//===- recognise.cpp ------------------------------------------------------===//
#include "recognise.h"

#include <algorithm>

using namespace ocr;

Line ocr::decode(const float *scores, std::size_t steps, std::size_t classes,
                 const char *const *characters) {
  Line line;
  std::size_t count = 0;
  std::size_t previous = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    const float *row = scores + step * classes;
    const float *best = std::max_element(row, row + classes);
    auto index = static_cast<std::size_t>(best - row);
    if (index != 0 && index != previous) {
      line.text += characters[index - 1];
      line.score += static_cast<double>(*best);
      ++count;
    }
    previous = index;
  }
  if (count != 0)
    line.score /= static_cast<double>(count);
  return line;
}
