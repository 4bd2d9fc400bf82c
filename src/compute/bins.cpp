#include "compute/bins.hpp"

#include "mlopsctl/compute/edges.hpp"

#include "compute/values.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace mlopsctl {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();

// numpy widens an empty range by ½ on both sides; where ½ is lost in rounding, by one step.
void widen(double& low, double& high) {
  const double value = low;
  low = std::min(value - 0.5, std::nextafter(value, -infinity));
  high = std::max(value + 0.5, std::nextafter(value, infinity));
  low = std::max(low, -largest);
  high = std::min(high, largest);
}

}  // namespace

std::vector<double> equal_width_edges(double low, double high, std::size_t bins) {
  if (low == high) widen(low, high);
  const double count = static_cast<double>(bins);
  const double step = (high - low) / count;
  std::vector<double> edges(bins + 1);
  for (std::size_t k = 0; k < bins; ++k) {
    const double index = static_cast<double>(k);
    if (!std::isfinite(high - low)) {
      edges[k] = low * (1 - index / count) + high * (index / count);
    } else if (step == 0) {  // the range is a few denormal numbers wide
      edges[k] = index / count * (high - low) + low;
    } else {  // a step that was rounded up, in denormal numbers, must not lead past the end
      edges[k] = std::min(index * step + low, high);
    }
  }
  edges[bins] = high;
  return edges;
}

}  // namespace mlopsctl

namespace mlopsctl::compute {

template <class T>
std::vector<T> thresholds_of(const std::vector<double>& edges) {
  std::vector<T> thresholds;
  for (std::size_t k = 1; k + 1 < edges.size(); ++k) {
    bool none = false;
    thresholds.push_back(first_at_least<T>(edges[k], none));
    if (none) {  // more than any T: beyond the joint range, so nothing reaches it
      thresholds.pop_back();
      break;
    }
  }
  return thresholds;
}

std::vector<double> ecdf_places(double low, double high, std::size_t points) {
  return low == high ? std::vector<double>{low} : equal_width_edges(low, high, points - 1);
}

template <class T>
std::vector<T> thresholds_after(const std::vector<double>& places) {
  std::vector<double> edges{places.front()};
  for (const double x : places)
    edges.push_back(std::nextafter(x, std::numeric_limits<double>::infinity()));
  edges.push_back(places.back());
  return thresholds_of<T>(edges);
}

std::vector<EcdfPoint> ecdf_from(const std::vector<double>& places,
                                 const std::vector<std::uint64_t>& reference,
                                 const std::vector<std::uint64_t>& current) {
  const auto total = [](const std::vector<std::uint64_t>& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  };
  const auto share = [](std::uint64_t below, std::uint64_t size) {
    return size == 0 ? 0.0 : static_cast<double>(below) / static_cast<double>(size);
  };
  const std::uint64_t size1 = total(reference), size2 = total(current);
  std::uint64_t below1 = 0, below2 = 0;
  std::vector<EcdfPoint> points;
  for (std::size_t k = 0; k < places.size(); ++k) {
    below1 += reference[k];
    below2 += current[k];
    points.push_back({places[k], share(below1, size1), share(below2, size2)});
  }
  return points;
}

template <class T>
Buckets<T> choose_buckets(std::vector<T>& sampled, T min, T max) {
  std::sort(sampled.begin(), sampled.end());
  const std::size_t tail = sampled.size() / 256;
  auto low = static_cast<double>(sampled[tail]);
  auto high = static_cast<double>(sampled[sampled.size() - 1 - tail]);
  if (low == high) {
    low = static_cast<double>(min);
    high = static_cast<double>(max);
  }
  const double scale = static_cast<double>(bucket_count - 2) / (high - low);
  return {.low = low, .scale = std::isnormal(scale) ? scale : 1.0};
}

#define MLOPSCTL_FOR(T)                                                 \
  template std::vector<T> thresholds_of(const std::vector<double>&);    \
  template std::vector<T> thresholds_after(const std::vector<double>&); \
  template Buckets<T> choose_buckets(std::vector<T>&, T, T);
MLOPSCTL_FOR(float)
MLOPSCTL_FOR(double)
MLOPSCTL_FOR(std::int64_t)
MLOPSCTL_FOR(std::uint64_t)
#undef MLOPSCTL_FOR

}  // namespace mlopsctl::compute
