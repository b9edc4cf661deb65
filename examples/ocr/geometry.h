//===- geometry.h - hulls, rectangles, quads ------------------------------===//
#ifndef OCR_GEOMETRY_H
#define OCR_GEOMETRY_H

#include "image.h"

#include <vector>

namespace ocr {

/// A rectangle at any angle.
struct Rectangle {
  Quad corners;
  double shortSide = 0;
};

/// The convex hull of the points, without points on its edges.
std::vector<Point> convexHull(std::vector<Point> points);

/// The rectangle of least area around the points; `points` must not be empty.
Rectangle smallestRectangle(const std::vector<Point> &points);

/// The corners in the order of Quad: of the two leftmost the upper one is the
/// upper left corner, of the two rightmost the upper one the upper right.
Quad orderCorners(Quad corners);

/// The points at distance `radius` around a convex polygon: what is left of
/// its hull when every corner becomes a circle, with whole coordinates.
std::vector<Point> grow(const Quad &polygon, double radius);

double area(const Quad &quad);
double perimeter(const Quad &quad);

} // namespace ocr

#endif
