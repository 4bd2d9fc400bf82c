#include "mlopsctl/drift/matrix_tests.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/drift/statistics.hpp"

#include "drift/moments.hpp"
#include "drift/nan.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

double cosine_distance(double product, double square1, double square2) {
  if (square1 == 0 && square2 == 0) return 0;
  if (square1 == 0 || square2 == 0) return 1;
  return std::clamp(1 - product / (std::sqrt(square1) * std::sqrt(square2)), 0.0, 2.0);
}

}  // namespace

std::string_view to_string(MeanMetric metric) {
  switch (metric) {
    case MeanMetric::euclidean:
      return "euclidean";
    case MeanMetric::cosine:
      return "cosine";
    case MeanMetric::cityblock:
      return "cityblock";
    case MeanMetric::chebyshev:
      return "chebyshev";
  }
  return "euclidean";
}

double mean_distance(std::span<const double> reference, std::span<const double> current,
                     MeanMetric metric) {
  if (reference.size() != current.size()) {
    throw Error(ErrorKind::bug, "means of matrices with different numbers of columns");
  }
  std::size_t components = 0;
  double largest = 0;
  Sum absolute;
  Sum squares;
  Sum product;
  Sum square1;
  Sum square2;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double a = reference[i];
    const double b = current[i];
    if (std::isnan(a) || std::isnan(b)) continue;
    ++components;
    largest = std::max(largest, std::abs(a - b));
    absolute.add(std::abs(a - b));
    squares.add((a - b) * (a - b));
    product.add(a * b);
    square1.add(a * a);
    square2.add(b * b);
  }
  if (components == 0) return nan;
  switch (metric) {
    case MeanMetric::euclidean:
      return std::sqrt(squares.value());
    case MeanMetric::cosine:
      return cosine_distance(product.value(), square1.value(), square2.value());
    case MeanMetric::cityblock:
      return absolute.value();
    case MeanMetric::chebyshev:
      return largest;
  }
  return nan;
}

double share_of_components(std::span<const double> distances, double threshold) {
  std::size_t compared = 0;
  std::size_t moved = 0;
  for (const double distance : distances) {
    if (std::isnan(distance)) continue;
    ++compared;
    if (distance >= threshold) ++moved;
  }
  return compared == 0 ? nan : static_cast<double>(moved) / static_cast<double>(compared);
}

double normed_wasserstein(std::span<const double> reference, std::span<const double> current) {
  if (reference.empty() || current.empty()) return nan;
  return wasserstein(reference, current) / std::max(moments_of(reference).deviation, 0.001);
}

}  // namespace mlopsctl::drift
