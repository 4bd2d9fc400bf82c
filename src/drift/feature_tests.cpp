#include "drift/feature_tests.hpp"

#include "mlopsctl/drift/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

double low_of(const FeaturePair& pair) {
  return std::min(pair.reference.values.front(), pair.current.values.front());
}
double high_of(const FeaturePair& pair) {
  return std::max(pair.reference.values.back(), pair.current.values.back());
}

TestNumbers with_p(const TestValue& value) { return {value.statistic, value.p}; }

TestNumbers ks(const FeaturePair& pair) {
  const bool integers = !pair.reference.integers.empty() && !pair.current.integers.empty();
  const KsValue value = integers ? ks_two_sample(pair.reference.integers, pair.current.integers)
                                 : ks_two_sample(pair.reference.values, pair.current.values);
  return {value.statistic, value.p};
}

// Ten bins with as many reference rows each; what lies outside belongs to the outer ones.
Bins quantile_bins(const FeaturePair& pair, std::size_t count) {
  Bins bins{.edges = quantile_edges(pair.reference.values, count)};
  if (bins.edges.size() < 2) bins.edges = {low_of(pair), high_of(pair)};
  bins.edges.front() = std::min(bins.edges.front(), low_of(pair));
  bins.edges.back() = std::max(bins.edges.back(), high_of(pair));
  if (bins.edges.front() == bins.edges.back()) return equal_width_bins(pair, 1);
  bins.reference = histogram(pair.reference.values, bins.edges);
  bins.current = histogram(pair.current.values, bins.edges);
  return bins;
}

std::optional<TestNumbers> distance(std::string_view name, const std::vector<std::uint64_t>& a,
                                    const std::vector<std::uint64_t>& b) {
  if (name == "psi" || name == "psi-quantile") return TestNumbers{psi(a, b), {}};
  if (name == "jensen-shannon") return TestNumbers{jensen_shannon(a, b, std::exp(1.0)), {}};
  if (name == "jensen-shannon-2") return TestNumbers{jensen_shannon(a, b, 2), {}};
  if (name == "kullback-leibler") return TestNumbers{kullback_leibler(a, b), {}};
  if (name == "hellinger") return TestNumbers{hellinger(a, b), {}};
  if (name == "total-variation") return TestNumbers{total_variation(a, b), {}};
  if (name == "l-infinity") return TestNumbers{l_infinity(a, b), {}};
  return std::nullopt;
}

// Share of the second of two labels; a side without one of them has share 0.
std::optional<TestNumbers> two_by_two(std::string_view name, const LabelCounts& counts) {
  if (counts.labels.size() > 2) return std::nullopt;
  if (counts.labels.size() < 2) return TestNumbers{0, 1};  // one value on both sides: no change
  const auto& r = counts.reference;
  const auto& c = counts.current;
  if (name == "z") return with_p(two_proportions(r[1], r[0] + r[1], c[1], c[0] + c[1]));
  return with_p(fisher_exact(r[0], r[1], c[0], c[1]));
}

std::optional<TestNumbers> count_test(std::string_view name, const LabelCounts& counts) {
  if (name == "z" || name == "fisher") return two_by_two(name, counts);
  if (counts.labels.size() < 2) return TestNumbers{0, 1};
  if (name == "chi-square") return with_p(chi_square_homogeneity(counts.reference, counts.current));
  if (name == "goodness-of-fit") {
    return with_p(chi_square_goodness_of_fit(counts.reference, counts.current));
  }
  if (name == "g-test") return with_p(g_test(counts.reference, counts.current));
  return std::nullopt;
}

std::optional<TestNumbers> sample_test(std::string_view name, const FeaturePair& pair) {
  const auto& a = pair.reference.values;
  const auto& b = pair.current.values;
  if (name == "ks") return ks(pair);
  if (name == "wasserstein") return TestNumbers{wasserstein(a, b), {}};
  if (name == "wasserstein-normed") {
    // A constant reference has no deviation to norm by; Evidently's floor keeps the number finite.
    const double deviation = std::max(std::sqrt(pair.reference.moments.variance), 0.001);
    return TestNumbers{wasserstein(a, b) / deviation, {}};
  }
  if (name == "energy") return TestNumbers{energy_distance(a, b), {}};
  if (name == "cramer-von-mises") return with_p(cramer_von_mises(a, b));
  if (name == "anderson-darling") return with_p(anderson_darling(a, b));
  if (name == "mann-whitney") return with_p(mann_whitney(a, b, Alternative::two_sided));
  if (name == "t-test") return with_p(students_t(a, b, false));
  if (name == "epps-singleton") {
    const auto value = epps_singleton(a, b);
    return value ? std::optional(with_p(*value)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

bool wants_counts(std::string_view test) {
  return test == "chi-square" || test == "g-test" || test == "z" || test == "fisher" ||
         test == "goodness-of-fit";
}

Bins equal_width_bins(const FeaturePair& pair, std::size_t count) {
  Bins bins{.edges = equal_width_edges(low_of(pair), high_of(pair), count)};
  bins.reference = histogram(pair.reference.values, bins.edges);
  bins.current = histogram(pair.current.values, bins.edges);
  return bins;
}

std::optional<TestNumbers> run_test(const TestDefinition& test, Dialect dialect,
                                    const FeaturePair& pair) {
  if (dialect == Dialect::evidently) return run_evidently_test(test, pair);
  if (dialect == Dialect::nannyml) return run_nannyml_test(test, pair);
  if (pair.categorical) {
    if (wants_counts(test.name)) return count_test(test.name, pair.labels);
    return distance(test.name, pair.labels.reference, pair.labels.current);
  }
  if (wants_counts(test.name)) {
    if (pair.distinct > distinct_limit) return std::nullopt;
    return count_test(test.name, count_values(pair.reference, pair.current));
  }
  if (const auto value = sample_test(test.name, pair)) return value;
  const Bins bins = test.name == "psi-quantile" ? quantile_bins(pair, 10)
                    : test.name == "psi"
                        ? equal_width_bins(pair, 10)
                        : equal_width_bins(pair, sturges_bins(pair.reference.values.size() +
                                                              pair.current.values.size()));
  return distance(test.name, bins.reference, bins.current);
}

}  // namespace mlopsctl::drift
