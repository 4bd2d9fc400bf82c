#include "mlopsctl/compute/edges.hpp"
#include "mlopsctl/drift/statistics.hpp"

#include "drift/moments.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlopsctl::drift {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// ceil(range / width) as numpy gets it: the width is rounded first.
std::size_t bins_of_width(double range, double width) {
  if (!(width > 0) || !(range > 0)) return 1;
  return static_cast<std::size_t>(std::max(1.0, std::ceil(range / width)));
}

// numpy.quantile's linear interpolation at `share` of the way.
double quantile(std::span<const double> sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const double a = sorted[below];
  const double b = sorted[std::min(below + 1, sorted.size() - 1)];
  const double t = position - static_cast<double>(below);
  if (!std::isfinite(b - a)) return a * (1 - t) + b * t;
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
}

}  // namespace

std::vector<double> equal_width_edges(double low, double high, std::size_t bins) {
  return mlopsctl::equal_width_edges(low, high, bins);
}

std::vector<std::uint64_t> histogram(std::span<const double> values, std::span<const double> edges,
                                     Outside outside) {
  if (edges.size() < 2) return {};
  const std::size_t bins = edges.size() - 1;
  std::vector<std::uint64_t> counts(bins, 0);
  for (const double value : values) {
    if (std::isnan(value)) continue;
    const bool inside = value >= edges.front() && value <= edges.back();
    if (!inside && outside == Outside::ignore) continue;
    const auto above = std::upper_bound(edges.begin() + 1, edges.end() - 1, value);
    ++counts[static_cast<std::size_t>(above - edges.begin()) - 1];
  }
  return counts;
}

std::vector<double> quantile_edges(std::span<const double> sorted_reference, std::size_t bins) {
  if (sorted_reference.empty() || bins == 0) return {};
  std::vector<double> edges;
  bool own_bin = false;  // the last edge closes the bin of one value
  for (std::size_t k = 0; k <= bins; ++k) {
    const double edge =
        quantile(sorted_reference, static_cast<double>(k) / static_cast<double>(bins));
    if (edges.empty() || edge > edges.back()) {
      edges.push_back(edge);
      own_bin = false;
    } else if (edge == edges.back() && !own_bin) {
      // The second time that a quantile is this value.
      edges.push_back(std::nextafter(edge, infinity));
      own_bin = true;
    }
  }
  if (edges.size() == 1 || !std::isfinite(edges.back())) {  // every value is the largest double
    return equal_width_edges(sorted_reference.front(), sorted_reference.back(), 1);
  }
  return edges;
}

std::size_t sturges_bins(std::uint64_t n, double range) {
  return bins_of_width(range, range / (std::log2(static_cast<double>(n)) + 1));
}

std::size_t doane_bins(std::span<const double> sorted) {
  const double n = static_cast<double>(sorted.size());
  if (sorted.size() < 3) return 1;
  const Moments moments = moments_of(sorted);
  if (!(moments.deviation > 0)) return 1;
  double cubes = 0;
  for (const double value : sorted) {
    const double z = (value - moments.mean) / moments.deviation;
    cubes += z * z * z;
  }
  const double error = std::sqrt(6 * (n - 2) / ((n + 1) * (n + 3)));
  const double range = sorted.back() - sorted.front();
  return bins_of_width(range,
                       range / (1 + std::log2(n) + std::log2(1 + std::abs(cubes / n) / error)));
}

}  // namespace mlopsctl::drift
