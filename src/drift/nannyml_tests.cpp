#include "mlopsctl/drift/statistics.hpp"

#include "drift/feature_tests.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlopsctl::drift {

namespace {

// Counts on the reference's bins, and in a last one what they do not cover.
std::vector<std::uint64_t> counts_with_rest(const std::vector<double>& sorted,
                                            const std::vector<double>& edges) {
  const auto first = std::ranges::lower_bound(sorted, edges.front());
  const auto last = std::ranges::upper_bound(sorted, edges.back());
  auto counts = histogram({first, last}, edges);
  counts.push_back(sorted.size() - static_cast<std::size_t>(last - first));
  return counts;
}

LabelCounts nanny_bins(const FeaturePair& pair) {
  LabelCounts bins;
  if (pair.categorical) {
    std::uint64_t rest = 0;
    for (std::size_t i = 0; i < pair.labels.labels.size(); ++i) {
      if (pair.labels.reference[i] == 0) {
        rest += pair.labels.current[i];
        continue;
      }
      bins.reference.push_back(pair.labels.reference[i]);
      bins.current.push_back(pair.labels.current[i]);
    }
    bins.reference.push_back(0);
    bins.current.push_back(rest);
    return bins;
  }
  const auto& sorted = pair.reference.values;
  const auto edges = equal_width_edges(sorted.front(), sorted.back(), doane_bins(sorted));
  bins.reference = counts_with_rest(sorted, edges);
  bins.current = counts_with_rest(pair.current.values, edges);
  return bins;
}

}  // namespace

std::optional<TestNumbers> run_nannyml_test(const TestDefinition& test, const FeaturePair& pair) {
  const std::string_view name = test.name;
  if (!pair.categorical) {
    const auto& a = pair.reference.values;
    const auto& b = pair.current.values;
    // The statistic is judged here, never p.
    if (name == "ks") return TestNumbers{ks_two_sample(a, b).statistic, {}};
    if (name == "wasserstein") return TestNumbers{wasserstein(a, b), {}};
  }
  const bool on_bins = name == "jensen-shannon-2" || name == "hellinger" ||
                       (name == "l-infinity" && pair.categorical);
  if (!on_bins) return std::nullopt;
  const LabelCounts bins = nanny_bins(pair);
  if (name == "hellinger") return TestNumbers{hellinger(bins.reference, bins.current), {}};
  if (name == "l-infinity") return TestNumbers{l_infinity(bins.reference, bins.current), {}};
  return TestNumbers{jensen_shannon(bins.reference, bins.current, 2), {}};
}

double chunk_threshold(const std::vector<double>& values, bool bounded_by_1) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean) / n;
  const double threshold = mean + 3 * std::sqrt(squares);
  return bounded_by_1 ? std::min(threshold, 1.0) : threshold;
}

}  // namespace mlopsctl::drift
