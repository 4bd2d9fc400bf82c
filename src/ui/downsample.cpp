#include "mlopsctl/ui/plot.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl {

namespace {

// Indices of a curve in ascending order without repeats.
using Selection = std::vector<std::size_t>;

Curve selected(const Curve& curve, Selection& indices) {
  std::sort(indices.begin(), indices.end());
  indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
  Curve result{curve.label, {}, {}};
  result.x.reserve(indices.size());
  result.y.reserve(indices.size());
  for (std::size_t i : indices) {
    result.x.push_back(curve.x[i]);
    result.y.push_back(curve.y[i]);
  }
  return result;
}

struct Point {
  double x;
  double y;
};

// The mean of the finite points in [begin, end); the fallback if there is none.
Point centre(const Curve& curve, std::size_t begin, std::size_t end, Point fallback) {
  Point sum{0, 0};
  double count = 0;
  for (std::size_t i = begin; i < end; ++i) {
    if (!std::isfinite(curve.y[i])) continue;
    sum.x += curve.x[i];
    sum.y += curve.y[i];
    ++count;
  }
  return count > 0 ? Point{sum.x / count, sum.y / count} : fallback;
}

// Largest-triangle-three-buckets (Steinarsson, 2013) over the points between the first and the
// last. A bucket that holds NaN or an infinity also gives up one such point, infinities first, so
// that gaps and marks survive.
void select_by_triangles(const Curve& curve, std::size_t buckets, Selection& indices) {
  const std::size_t inner = curve.y.size() - 2;
  auto bucket_begin = [&](std::size_t bucket) {
    return 1 + std::min(inner, inner * bucket / buckets);
  };
  Point anchor{curve.x.front(), std::isfinite(curve.y.front()) ? curve.y.front() : 0};
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    std::size_t begin = bucket_begin(bucket);
    std::size_t end = bucket_begin(bucket + 1);
    std::size_t next_end = bucket + 1 < buckets ? bucket_begin(bucket + 2) : curve.y.size();
    Point next = centre(curve, end, next_end, anchor);

    std::size_t best = end;
    std::size_t not_finite = end;
    double best_area = -1;
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(curve.y[i])) {
        if (not_finite == end || (std::isinf(curve.y[i]) && std::isnan(curve.y[not_finite]))) {
          not_finite = i;
        }
        continue;
      }
      double area = std::abs((anchor.x - next.x) * (curve.y[i] - anchor.y) -
                             (anchor.x - curve.x[i]) * (next.y - anchor.y));
      if (area > best_area || best == end) {
        best_area = area;
        best = i;
      }
    }
    if (best != end) {
      anchor = {curve.x[best], curve.y[best]};
      indices.push_back(best);
    }
    if (not_finite != end) indices.push_back(not_finite);
  }
}

}  // namespace

Curve downsampled(const Curve& curve, std::size_t limit) {
  const std::size_t count = curve.y.size();
  if (count <= limit) return curve;
  Selection indices;
  if (limit > 0) indices.push_back(0);
  if (limit > 1) indices.push_back(count - 1);

  bool has_breaks = false;
  std::size_t lowest = count;
  std::size_t highest = count;
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(curve.y[i])) {
      has_breaks = true;
      continue;
    }
    if (lowest == count || curve.y[i] < curve.y[lowest]) lowest = i;
    if (highest == count || curve.y[i] > curve.y[highest]) highest = i;
  }
  if (limit > 3 && lowest != count) {
    indices.push_back(lowest);
    indices.push_back(highest);
  }
  std::size_t room = limit - indices.size();
  std::size_t buckets = has_breaks ? room / 2 : room;
  if (buckets > 0) select_by_triangles(curve, buckets, indices);
  return selected(curve, indices);
}

}  // namespace mlopsctl
