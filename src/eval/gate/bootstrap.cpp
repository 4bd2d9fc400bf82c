// Intervals by resampling. Only sums of doubles in a fixed order: the same bits everywhere.
#include "mlopsctl/eval/gate_statistics.hpp"
#include "mlopsctl/eval/latency.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlopsctl::gate {

namespace {

Range percentiles(std::vector<double> replicates, double confidence) {
  std::ranges::sort(replicates);
  const double tail = (1 - confidence) / 2;
  return {mlopsctl::quantile(replicates, tail), mlopsctl::quantile(replicates, 1 - tail)};
}

struct Cluster {
  double sum = 0;
  double count = 0;
};

std::vector<Cluster> clusters_of(std::span<const double> values,
                                 std::span<const std::uint32_t> groups) {
  std::vector<Cluster> clusters;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (groups[i] >= clusters.size()) clusters.resize(groups[i] + std::size_t{1});
    clusters[groups[i]].sum += values[i];
    clusters[groups[i]].count += 1;
  }
  std::erase_if(clusters, [](const Cluster& cluster) { return cluster.count == 0; });
  return clusters;
}

// The place of a quantile in a sorted resample is a place in the sorted sample.
double resampled_quantile(std::span<const double> sorted, double q, Random& random,
                          std::vector<std::uint32_t>& counts) {
  const auto size = static_cast<std::uint32_t>(sorted.size());
  counts.assign(size, 0);
  for (std::uint32_t i = 0; i < size; ++i) ++counts[random.below(size)];
  const double place = q * static_cast<double>(size - 1);
  const auto low = static_cast<std::uint32_t>(place);
  const double part = place - static_cast<double>(low);
  std::uint32_t seen = 0, at = 0;
  while (seen + counts[at] <= low) seen += counts[at++];
  const double first = sorted[at];
  if (part == 0 || seen + counts[at] > low + 1) return first;
  do ++at;
  while (counts[at] == 0);
  return first + part * (sorted[at] - first);
}

}  // namespace

Range bootstrap_mean(std::span<const double> values, std::span<const std::uint32_t> groups,
                     const BootstrapOptions& options) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {nan, nan};
  Random random(options.seed);
  std::vector<double> replicates(options.resamples);
  if (groups.empty()) {
    const auto size = static_cast<std::uint32_t>(values.size());
    for (double& replicate : replicates) {
      double sum = 0;
      for (std::uint32_t i = 0; i < size; ++i) sum += values[random.below(size)];
      replicate = sum / static_cast<double>(size);
    }
    return percentiles(std::move(replicates), options.confidence);
  }
  const auto clusters = clusters_of(values, groups);
  const auto size = static_cast<std::uint32_t>(clusters.size());
  for (double& replicate : replicates) {
    double sum = 0, count = 0;
    for (std::uint32_t i = 0; i < size; ++i) {
      const Cluster& drawn = clusters[random.below(size)];
      sum += drawn.sum;
      count += drawn.count;
    }
    replicate = sum / count;
  }
  return percentiles(std::move(replicates), options.confidence);
}

Range bootstrap_quantile_ratio(std::span<const double> reference, std::span<const double> current,
                               double quantile, const BootstrapOptions& options) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (reference.empty() || current.empty()) return {nan, nan};
  std::vector<double> before(reference.begin(), reference.end());
  std::vector<double> now(current.begin(), current.end());
  std::ranges::sort(before);
  std::ranges::sort(now);
  Random random(options.seed);
  std::vector<double> replicates(options.resamples);
  std::vector<std::uint32_t> counts;
  for (double& replicate : replicates) {
    const double divisor = resampled_quantile(before, quantile, random, counts);
    replicate = resampled_quantile(now, quantile, random, counts) / divisor;
  }
  return percentiles(std::move(replicates), options.confidence);
}

}  // namespace mlopsctl::gate
