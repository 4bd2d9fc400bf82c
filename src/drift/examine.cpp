#include "drift/examine.hpp"

#include "mlopsctl/base/text.hpp"

#include "drift/nan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

constexpr std::uint64_t few_rows = 500;  // below, PSI of equal data passes 0.1 now and then
constexpr double crowded_bin = 0.99;     // share of one bin that hides everything else
constexpr double heavy_tie = 0.5;        // share of one value that makes KS conservative
constexpr double exact_integers = 9007199254740992.0;  // 2^53

void describe_numbers(FeatureResult& feature, const FeatureInput& input,
                      const AnalysisOptions& options) {
  const FeaturePair& pair = input.pair;
  feature.reference = pair.reference.moments;
  feature.current = pair.current.moments;
  feature.reference_rows = pair.reference.values.size();
  feature.current_rows = pair.current.values.size();
  feature.reference_missing = feature.reference.nan + feature.reference.infinite;
  feature.current_missing = feature.current.nan + feature.current.infinite;
  if (feature.reference_rows == 0 || feature.current_rows == 0) return;
  const auto& values = pair.current.values;
  feature.out_of_range = static_cast<std::uint64_t>(
      (std::ranges::lower_bound(values, feature.reference.min) - values.begin()) +
      (values.end() - std::ranges::upper_bound(values, feature.reference.max)));
  Bins bins = equal_width_bins(pair, 10);
  feature.psi = psi(bins.reference, bins.current);
  feature.distribution = {.edges = std::move(bins.edges),
                          .labels = {},
                          .reference = std::move(bins.reference),
                          .current = std::move(bins.current)};
  if (options.ecdf_points > 0) {
    feature.ecdf = ecdf_points(pair.reference.values, pair.current.values, options.ecdf_points);
  }
}

void describe_labels(FeatureResult& feature, const FeatureInput& input) {
  const LabelCounts& labels = input.pair.labels;
  for (const auto count : labels.reference) feature.reference_rows += count;
  for (const auto count : labels.current) feature.current_rows += count;
  feature.reference_missing = input.reference_missing;
  feature.current_missing = input.current_missing;
  if (feature.reference_rows == 0 || feature.current_rows == 0) return;
  feature.psi = psi(labels.reference, labels.current);
  feature.effect_size = total_variation(labels.reference, labels.current);
  feature.distribution = {.edges = {},
                          .labels = labels.labels,
                          .reference = labels.reference,
                          .current = labels.current};
}

// Threshold of one test from the reference's own chunks.
double threshold_of(const FeatureInput& input, const TestDefinition& definition) {
  std::vector<double> values;
  const auto add = [&](const FeaturePair& chunk) {
    if (const auto numbers = run_nannyml_test(definition, chunk)) {
      values.push_back(numbers->statistic);
    }
  };
  FeaturePair chunk{.categorical = input.pair.categorical,
                    .reference = input.pair.reference,
                    .current = {},
                    .labels = input.pair.labels};
  for (const auto& counts : input.label_chunks) {
    chunk.labels.current = counts;
    if (std::ranges::any_of(counts, [](auto count) { return count > 0; })) add(chunk);
  }
  for (const auto& numbers : input.number_chunks) {
    if (numbers.values.empty()) continue;
    chunk.current = numbers;
    add(chunk);
  }
  return chunk_threshold(values, definition.bounded_by_1);
}

bool is_nan(const TestNumbers& numbers) {
  return std::isnan(numbers.p.value_or(numbers.statistic));
}

// One value on both sides: many tests divide by its deviation, yet nothing changed.
TestNumbers unchanged(TestNumbers numbers) {
  numbers.statistic = 0;
  if (numbers.p) numbers.p = 1;
  return numbers;
}

std::string why_not(std::string_view test, const FeaturePair& pair, Dialect dialect) {
  const bool counts = wants_counts(test);
  const char* reason = "its values give no number";
  if (counts && !pair.categorical && pair.distinct > distinct_limit) {
    reason = "there are more than 50 distinct values";
  } else if ((test == "z" || test == "fisher") && pair.distinct > 2) {
    reason = "there are more than two distinct values";
  } else if (dialect != Dialect::own) {
    reason = "the preset has no such test of this kind of feature";
  }
  return fmt::format("{} cannot be applied: {}", test, reason);
}

void warn_about_samples(FeatureResult& feature, const FeaturePair& pair) {
  if (pair.categorical || pair.reference.values.empty() || pair.current.values.empty()) return;
  const double tie = std::max(largest_tie(pair.reference.values), largest_tie(pair.current.values));
  const bool constant = pair.distinct <= 1;
  if (tie >= heavy_tie && !constant) {
    feature.warnings.push_back(fmt::format(
        "{:.0f} % of the values are one and the same: KS is cautious under ties{}", 100 * tie,
        pair.distinct <= distinct_limit ? "; --test chi-square is not" : ""));
  }
  const double largest = std::max({std::abs(feature.reference.min), std::abs(feature.reference.max),
                                   std::abs(feature.current.min), std::abs(feature.current.max)});
  if (feature.kind == ColumnKind::integer && largest >= exact_integers) {
    feature.warnings.emplace_back(
        "integers beyond 2^53: KS compares them exactly, every other number is of rounded values");
  }
}

}  // namespace

std::vector<EcdfPoint> ecdf_points(const std::vector<double>& reference,
                                   const std::vector<double>& current, std::size_t points) {
  if (reference.empty() || current.empty() || points < 2) return {};
  const auto quantile = [](const std::vector<double>& sorted, double share) {
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  };
  const double low = std::min(quantile(reference, 0.005), quantile(current, 0.005));
  const double high = std::max(quantile(reference, 0.995), quantile(current, 0.995));
  const auto share = [](const std::vector<double>& sorted, double x) {
    return static_cast<double>(std::ranges::upper_bound(sorted, x) - sorted.begin()) /
           static_cast<double>(sorted.size());
  };
  std::vector<EcdfPoint> result;
  for (std::size_t i = 0; i < points; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(points - 1);
    const double x = low * (1 - part) + high * part;
    result.push_back({x, share(reference, x), share(current, x)});
    if (low == high) break;
  }
  return result;
}

Verdict verdict_by_rows(std::uint64_t reference_rows, std::uint64_t current_rows,
                        const AnalysisOptions& options) {
  const std::uint64_t rows = std::min(reference_rows, current_rows);
  if (rows == 0) return Verdict::no_data;
  return rows < options.min_rows ? Verdict::insufficient : Verdict::ok;
}

void add_test(FeatureResult& feature, const PlannedTest& planned, const TestNumbers& numbers) {
  const bool by_p = planned.rule == Rule::p_below || planned.rule == Rule::p_at_most;
  TestOutcome outcome{.test = std::string(planned.definition->name),
                      .statistic = numbers.statistic,
                      .p = numbers.p,
                      .threshold = planned.threshold,
                      .below = by_p,
                      .drifted = drifts(planned, numbers.statistic, numbers.p),
                      .decides = planned.decides};
  outcome.drifted_corrected = outcome.drifted;
  feature.tests.push_back(std::move(outcome));
}

void check_tested(FeatureResult& feature) {
  if (std::ranges::any_of(feature.tests, &TestOutcome::decides)) return;
  // Said once: a test that could not be applied has told why.
  if (feature.warnings.empty()) {
    feature.warnings.push_back(fmt::format(
        "none of the tests that were asked for is one of {}",
        feature.kind == ColumnKind::category || feature.kind == ColumnKind::boolean ? "categories"
                                                                                    : "numbers"));
  }
  if (feature.verdict == Verdict::ok) feature.verdict = Verdict::not_tested;
}

void warn_about_counts(FeatureResult& feature) {
  const std::uint64_t rows = std::min(feature.reference_rows, feature.current_rows);
  if (rows == 0) return;
  if (rows < few_rows) {
    feature.warnings.push_back(
        fmt::format("{} rows on the smaller side: PSI of unchanged data often exceeds 0.1 below {}",
                    rows, few_rows));
  }
  const auto& distribution = feature.distribution;
  if (!distribution.edges.empty() && feature.reference.min == feature.reference.max &&
      feature.current.min == feature.current.max) {
    feature.warnings.emplace_back(feature.reference.min == feature.current.min
                                      ? "constant on both sides"
                                      : "constant on each side, but not the same");
    return;
  }
  if (distribution.edges.empty()) return;
  for (std::size_t i = 0; i < distribution.reference.size(); ++i) {
    const double both = static_cast<double>(distribution.reference[i] + distribution.current[i]);
    const double share = both / static_cast<double>(feature.reference_rows + feature.current_rows);
    if (share > crowded_bin) {
      feature.warnings.push_back(
          fmt::format("one of PSI's bins holds {:.2f} % of all rows, so PSI sees nothing: a few "
                      "outliers stretch the range; --test psi-quantile is not stretched",
                      100 * share));
    }
  }
}

FeatureResult examine(const FeatureInput& input, const AnalysisOptions& options,
                      const Settings& settings) {
  const FeaturePair& pair = input.pair;
  FeatureResult feature{
      .name = input.name, .index = input.index, .kind = input.kind, .psi = nan, .effect_size = nan};
  if (pair.categorical) {
    describe_labels(feature, input);
  } else {
    describe_numbers(feature, input, options);
  }
  feature.verdict = verdict_by_rows(feature.reference_rows, feature.current_rows, options);
  if (feature.verdict == Verdict::no_data) {
    feature.warnings.emplace_back(feature.reference_rows == 0 ? "the reference has no value"
                                                              : "the current data have no value");
    return feature;
  }
  KsValue ks;
  if (!pair.categorical) {
    const bool integers = !pair.reference.integers.empty() && !pair.current.integers.empty();
    ks = integers ? ks_two_sample(pair.reference.integers, pair.current.integers)
                  : ks_two_sample(pair.reference.values, pair.current.values);
    feature.effect_size = ks.statistic;
    feature.direction = ks.statistic > 0 ? ks.sign : 0;
    feature.location = ks.location;
  }
  const FeatureFacts facts{.categorical = pair.categorical,
                           .reference_rows = feature.reference_rows,
                           .distinct = pair.distinct};
  for (PlannedTest planned : planned_tests(options, settings, facts)) {
    const std::string_view test = planned.definition->name;
    std::optional<TestNumbers> numbers;  // two of them are known already
    if (test == "ks" && !pair.categorical && settings.dialect != Dialect::nannyml) {
      numbers = {ks.statistic, ks.p};
    } else if (test == "psi" && settings.dialect == Dialect::own) {
      numbers = {feature.psi, std::nullopt};
    } else {
      numbers = run_test(*planned.definition, settings.dialect, pair);
    }
    if (numbers && is_nan(*numbers) && pair.distinct <= 1) numbers = unchanged(*numbers);
    if (!numbers || is_nan(*numbers)) {
      feature.warnings.push_back(why_not(test, pair, settings.dialect));
      continue;
    }
    if (settings.dialect == Dialect::nannyml && std::isnan(planned.threshold)) {
      planned.threshold = threshold_of(input, *planned.definition);
      if (std::isnan(planned.threshold)) {
        feature.warnings.push_back(
            fmt::format("{}: the reference has too few values to set a threshold by", test));
        continue;
      }
    }
    add_test(feature, planned, *numbers);
  }
  check_tested(feature);
  warn_about_counts(feature);
  warn_about_samples(feature, pair);
  return feature;
}

}  // namespace mlopsctl::drift
