//===- geometry.cpp -------------------------------------------------------===//
#include "geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace ocr;

/// Twice the area of the triangle: above 0 where c lies to the left of the way
/// from a to b (with y upwards).
static double turn(Point a, Point b, Point c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/// Points from left to right, and from top to bottom.
static bool isBefore(Point a, Point b) {
  return a.x != b.x ? a.x < b.x : a.y < b.y;
}

std::vector<Point> ocr::convexHull(std::vector<Point> points) {
  auto same = [](Point a, Point b) { return a.x == b.x && a.y == b.y; };
  std::sort(points.begin(), points.end(), isBefore);
  points.erase(std::unique(points.begin(), points.end(), same), points.end());
  if (points.size() < 3)
    return points;

  // Andrew's monotone chain: the lower half from left to right, then the upper
  // half from right to left; a point that makes no left turn is dropped.
  std::vector<Point> hull;
  for (int half = 0; half < 2; ++half) {
    std::size_t start = hull.size();
    for (Point point : points) {
      while (hull.size() >= start + 2 &&
             turn(hull[hull.size() - 2], hull.back(), point) <= 0)
        hull.pop_back();
      hull.push_back(point);
    }
    hull.pop_back(); // it begins the other half
    std::reverse(points.begin(), points.end());
  }
  return hull;
}

Rectangle ocr::smallestRectangle(const std::vector<Point> &points) {
  std::vector<Point> hull = convexHull(points);
  Rectangle best;
  best.corners.fill(hull.front());
  double bestArea = std::numeric_limits<double>::infinity();
  // One side of the smallest rectangle lies on an edge of the hull.
  for (std::size_t i = 0; i < hull.size() && hull.size() > 1; ++i) {
    Point from = hull[i], to = hull[(i + 1) % hull.size()];
    double length = std::hypot(to.x - from.x, to.y - from.y);
    Point along = {(to.x - from.x) / length, (to.y - from.y) / length};
    double low = 0, high = 0, depth = 0;
    for (Point point : hull) {
      Point d = {point.x - from.x, point.y - from.y};
      double position = d.x * along.x + d.y * along.y;
      low = std::min(low, position);
      high = std::max(high, position);
      depth = std::max(depth, d.y * along.x - d.x * along.y);
    }
    if ((high - low) * depth >= bestArea)
      continue;
    bestArea = (high - low) * depth;
    best.shortSide = std::min(high - low, depth);
    auto corner = [&](double position, double away) {
      return Point{from.x + position * along.x - away * along.y,
                   from.y + position * along.y + away * along.x};
    };
    best.corners = {corner(low, 0), corner(high, 0), corner(high, depth),
                    corner(low, depth)};
  }
  return best;
}

Quad ocr::orderCorners(Quad corners) {
  std::sort(corners.begin(), corners.end(), isBefore);
  auto [left, otherLeft, right, otherRight] = corners;
  if (otherLeft.y < left.y)
    std::swap(left, otherLeft);
  if (otherRight.y < right.y)
    std::swap(right, otherRight);
  return {left, right, otherRight, otherLeft};
}

std::vector<Point> ocr::grow(const Quad &polygon, double radius) {
  constexpr int steps = 64; // the circle's error is a thousandth of the radius
  constexpr double fullTurn = 6.283185307179586;
  std::vector<Point> points;
  for (Point corner : polygon)
    for (int i = 0; i < steps; ++i)
      points.push_back(
          {std::round(corner.x + radius * std::cos(fullTurn * i / steps)),
           std::round(corner.y + radius * std::sin(fullTurn * i / steps))});
  return convexHull(std::move(points));
}

double ocr::area(const Quad &quad) {
  const auto &[p, q, r, s] = quad;
  return std::abs(turn(p, q, r) + turn(p, r, s)) / 2;
}

double ocr::perimeter(const Quad &quad) {
  double sum = 0;
  for (std::size_t i = 0; i < quad.size(); ++i) {
    const Point &from = quad[i], &to = quad[(i + 1) % quad.size()];
    sum += std::hypot(to.x - from.x, to.y - from.y);
  }
  return sum;
}
