// Evidently's definitions, drift.md §1.6: shared Sturges bins, its zero filling, its alternatives.
#include "mlopsctl/drift/statistics.hpp"

#include "drift/feature_tests.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

std::uint64_t distinct_of(const std::vector<double>& sorted) {
  std::uint64_t distinct = sorted.empty() ? 0 : 1;
  for (std::size_t i = 1; i < sorted.size(); ++i) distinct += sorted[i] != sorted[i - 1] ? 1U : 0U;
  return distinct;
}

LabelCounts bins_of(const FeaturePair& pair) {
  if (pair.categorical) return pair.labels;
  if (distinct_of(pair.reference.values) <= 20) return count_values(pair.reference, pair.current);
  const auto rows = pair.reference.values.size() + pair.current.values.size();
  Bins bins = equal_width_bins(pair, sturges_bins(rows));
  return {.labels = {}, .reference = std::move(bins.reference), .current = std::move(bins.current)};
}

std::vector<double> shares(const std::vector<std::uint64_t>& counts) {
  double total = 0;
  for (const auto count : counts) total += static_cast<double>(count);
  std::vector<double> result;
  for (const auto count : counts) result.push_back(static_cast<double>(count) / total);
  return result;
}

// Empty bins: 0.0001, or a millionth of the smallest share where that is not larger than 0.0001.
void fill_zeros(std::vector<double>& side) {
  double least = 1;
  for (const double share : side) {
    if (share > 0) least = std::min(least, share);
  }
  const double fill = least <= 0.0001 ? least / 1e6 : 0.0001;
  for (double& share : side) {
    if (share == 0) share = fill;
  }
}

double psi_score(const LabelCounts& counts) {
  auto reference = shares(counts.reference), current = shares(counts.current);
  fill_zeros(reference);
  fill_zeros(current);
  double sum = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    sum += (reference[i] - current[i]) * std::log(reference[i] / current[i]);
  }
  return sum;
}

double kl_score(const LabelCounts& counts) {
  auto reference = shares(counts.reference), current = shares(counts.current);
  fill_zeros(reference);
  fill_zeros(current);
  double first = 0, second = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    first += reference[i];
    second += current[i];
  }
  double sum = 0;  // scipy's entropy renormalises both
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double r = reference[i] / first, c = current[i] / second;
    sum += r * std::log(r / c);
  }
  return sum;
}

std::optional<TestNumbers> on_counts(std::string_view name, const LabelCounts& counts) {
  if (name == "goodness-of-fit" || name == "chi-square") {
    const auto value = chi_square_goodness_of_fit(counts.reference, counts.current);
    return TestNumbers{value.statistic, value.p};
  }
  const auto& r = counts.reference;
  const auto& c = counts.current;
  if (r.size() > 2) return std::nullopt;
  if (r.size() < 2) return TestNumbers{0, 1};
  if (name == "z") {
    const auto value = two_proportions(r[1], r[0] + r[1], c[1], c[0] + c[1]);
    return TestNumbers{value.statistic, value.p};
  }
  const auto value = fisher_exact(r[0], r[1], c[0], c[1]);
  return TestNumbers{value.statistic, value.p};
}

std::optional<TestNumbers> on_samples(std::string_view name, const FeaturePair& pair) {
  const auto& a = pair.reference.values;
  const auto& b = pair.current.values;
  const auto with_p = [](const TestValue& value) { return TestNumbers{value.statistic, value.p}; };
  if (name == "ks") {
    const KsValue value = ks_two_sample(a, b);
    return TestNumbers{value.statistic, value.p};
  }
  if (name == "wasserstein-normed") {
    const double deviation = std::max(std::sqrt(pair.reference.moments.variance), 0.001);
    return TestNumbers{wasserstein(a, b) / deviation, {}};
  }
  if (name == "energy") return TestNumbers{energy_distance(a, b), {}};
  if (name == "cramer-von-mises") return with_p(cramer_von_mises(a, b));
  if (name == "anderson-darling") return with_p(anderson_darling(a, b));
  if (name == "mann-whitney") return with_p(mann_whitney(a, b, Alternative::less));
  if (name == "t-test") return with_p(students_t(a, b, true));
  if (name == "epps-singleton") {
    const auto value = epps_singleton(a, b);
    return value ? std::optional(with_p(*value)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<TestNumbers> run_evidently_test(const TestDefinition& test, const FeaturePair& pair) {
  const std::string_view name = test.name;
  if (name == "psi") return TestNumbers{psi_score(bins_of(pair)), {}};
  if (name == "kullback-leibler") return TestNumbers{kl_score(bins_of(pair)), {}};
  if (name == "jensen-shannon") {
    const LabelCounts counts = bins_of(pair);
    return TestNumbers{jensen_shannon(counts.reference, counts.current, std::exp(1.0)), {}};
  }
  if (name == "hellinger" && pair.categorical) {
    return TestNumbers{hellinger(pair.labels.reference, pair.labels.current), {}};
  }
  if (name == "goodness-of-fit" || name == "chi-square" || name == "z" || name == "fisher") {
    if (pair.categorical) return on_counts(name, pair.labels);
    if (pair.distinct > distinct_limit) return std::nullopt;
    return on_counts(name, count_values(pair.reference, pair.current));
  }
  return pair.categorical ? std::nullopt : on_samples(name, pair);
}

}  // namespace mlopsctl::drift
