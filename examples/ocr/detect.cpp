//===- detect.cpp - from a map of probabilities to boxes ------------------===//
#include "detect.h"
#include "geometry.h"

#include <algorithm>
#include <cmath>

using namespace ocr;

static constexpr float pixelThreshold = 0.3f;
static constexpr double boxThreshold = 0.5;
static constexpr double growth = 1.6; // of a box's area over its perimeter
static constexpr double minRegionSide = 3;
static constexpr double minBoxSide = 5;
static constexpr std::size_t maxBoxes = 1000;

Fit ocr::fitInto(const Image &image, int side) {
  double scale = std::min({static_cast<double>(side) / image.width,
                           static_cast<double>(side) / image.height, 2.0});
  auto scaled = [&](int size) {
    return std::clamp(static_cast<int>(std::lround(size * scale)), 1, side);
  };
  return {scaled(image.width), scaled(image.height)};
}

namespace {
/// The pixels above the threshold, each spread to its right and lower
/// neighbours so that thin gaps close.
class Mask {
public:
  explicit Mask(const ProbabilityMap &map)
      : width(map.width), height(map.height),
        set(static_cast<std::size_t>(width) *
            static_cast<std::size_t>(height)) {
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        if (map.at(x, y) > pixelThreshold)
          for (int down = 0; down < 2 && y + down < height; ++down)
            for (int right = 0; right < 2 && x + right < width; ++right)
              set[index(x + right, y + down)] = true;
  }

  /// Takes the region of set pixels that contains (x, y) out of the mask; its
  /// pixels touch at their sides or corners. Gives the region's leftmost and
  /// rightmost pixel of each row, which is all that its hull depends on.
  std::vector<Point> takeRegion(int x, int y) {
    struct Extent {
      int left, right;
    };
    std::vector<Extent> rows(static_cast<std::size_t>(height), {width, -1});
    std::vector<std::pair<int, int>> open = {{x, y}};
    set[index(x, y)] = false;
    while (!open.empty()) {
      auto [column, row] = open.back();
      open.pop_back();
      Extent &extent = rows[static_cast<std::size_t>(row)];
      extent.left = std::min(extent.left, column);
      extent.right = std::max(extent.right, column);
      for (int j = std::max(row - 1, 0); j <= std::min(row + 1, height - 1);
           ++j)
        for (int i = std::max(column - 1, 0);
             i <= std::min(column + 1, width - 1); ++i)
          if (set[index(i, j)]) {
            set[index(i, j)] = false;
            open.push_back({i, j});
          }
    }
    std::vector<Point> points;
    for (int row = 0; row < height; ++row) {
      const Extent &extent = rows[static_cast<std::size_t>(row)];
      if (extent.right < 0)
        continue;
      points.push_back(
          {static_cast<double>(extent.left), static_cast<double>(row)});
      points.push_back(
          {static_cast<double>(extent.right), static_cast<double>(row)});
    }
    return points;
  }

  bool at(int x, int y) const { return set[index(x, y)]; }

  const int width, height;

private:
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
           static_cast<std::size_t>(x);
  }

  std::vector<bool> set;
};
} // namespace

static Quad wholeCoordinates(const Quad &quad) {
  Quad result;
  std::transform(quad.begin(), quad.end(), result.begin(), [](Point p) {
    return Point{std::trunc(p.x), std::trunc(p.y)};
  });
  return result;
}

/// The mean probability of the pixels in the quad, its edges included.
static double meanProbability(const ProbabilityMap &map, const Quad &quad) {
  auto [top, bottom] = std::minmax_element(
      quad.begin(), quad.end(), [](Point a, Point b) { return a.y < b.y; });
  int first = std::clamp(static_cast<int>(top->y), 0, map.height - 1);
  int last = std::clamp(static_cast<int>(bottom->y), 0, map.height - 1);
  double sum = 0;
  long count = 0;
  for (int y = first; y <= last; ++y) {
    // A convex outline crosses the row at two places, or has an edge in it.
    double left = map.width, right = -1;
    for (std::size_t i = 0; i < quad.size(); ++i) {
      Point from = quad[i], to = quad[(i + 1) % quad.size()];
      if (y < std::min(from.y, to.y) || y > std::max(from.y, to.y))
        continue;
      bool level = from.y == to.y;
      double start =
          level ? from.x
                : from.x + (y - from.y) / (to.y - from.y) * (to.x - from.x);
      double end = level ? to.x : start;
      left = std::min({left, start, end});
      right = std::max({right, start, end});
    }
    int begin = static_cast<int>(std::lround(std::max(left, 0.0)));
    int end = static_cast<int>(std::lround(std::min(right, map.width - 1.0)));
    for (int x = begin; x <= end; ++x) {
      sum += static_cast<double>(map.at(x, y));
      ++count;
    }
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

/// From the map's coordinates to the picture's, as whole pixels inside it.
static Quad toPicture(const Quad &quad, const ProbabilityMap &map,
                      int pictureWidth, int pictureHeight) {
  Quad result;
  std::transform(quad.begin(), quad.end(), result.begin(), [&](Point p) {
    double x = std::round(p.x / map.width * pictureWidth);
    double y = std::round(p.y / map.height * pictureHeight);
    return Point{std::clamp(x, 0.0, pictureWidth - 1.0),
                 std::clamp(y, 0.0, pictureHeight - 1.0)};
  });
  return orderCorners(result);
}

static bool isLargeEnough(const Quad &quad) {
  auto length = [&](std::size_t to) {
    return std::hypot(quad[to].x - quad[0].x, quad[to].y - quad[0].y);
  };
  return length(1) >= minRegionSide + 1 && length(3) >= minRegionSide + 1;
}

static void sortForReading(std::vector<Quad> &boxes) {
  std::sort(boxes.begin(), boxes.end(), [](const Quad &a, const Quad &b) {
    return a[0].y != b[0].y ? a[0].y < b[0].y : a[0].x < b[0].x;
  });
  // "Less than 10 apart" is no order that a sort could use (it is not
  // transitive): each box moves left past its neighbours instead.
  for (std::size_t i = 1; i < boxes.size(); ++i)
    for (std::size_t j = i; j > 0; --j) {
      Point here = boxes[j][0], before = boxes[j - 1][0];
      if (here.y - before.y >= 10 || before.y - here.y >= 10 ||
          here.x >= before.x)
        break;
      std::swap(boxes[j], boxes[j - 1]);
    }
}

std::vector<Quad> ocr::findBoxes(const ProbabilityMap &map, int pictureWidth,
                                 int pictureHeight) {
  std::vector<Quad> boxes;
  Mask mask(map);
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      if (!mask.at(x, y) || boxes.size() == maxBoxes)
        continue;
      Rectangle region = smallestRectangle(mask.takeRegion(x, y));
      Quad core = wholeCoordinates(orderCorners(region.corners));
      if (region.shortSide < minRegionSide ||
          meanProbability(map, core) < boxThreshold)
        continue;
      double radius = growth * area(region.corners) / perimeter(region.corners);
      Rectangle grown = smallestRectangle(grow(core, radius));
      if (grown.shortSide < minBoxSide)
        continue;
      Quad box = toPicture(grown.corners, map, pictureWidth, pictureHeight);
      if (isLargeEnough(box))
        boxes.push_back(box);
    }
  }
  sortForReading(boxes);
  return boxes;
}
