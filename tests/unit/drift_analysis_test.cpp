// Verdicts: presets, corrections, findings, and the edge cases of drift.md §9.
#include "mlopsctl/drift/analysis.hpp"
#include "mlopsctl/drift/profile.hpp"

#include "support/data_sets.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlopsctl;
using namespace mlopsctl::drift;
using namespace mlopsctl::testing;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

DriftResult compared(const DataSet& reference, const DataSet& current,
                     const AnalysisOptions& options = {}) {
  Silent silent;
  const auto backend = make_cpu_backend(1);
  return analyse(reference, current, options, *backend, silent);
}

const FeatureResult& feature(const DriftResult& result, const std::string& name) {
  for (const auto& one : result.features) {
    if (one.name == name) return one;
  }
  throw std::out_of_range(name);
}

const TestOutcome& outcome(const FeatureResult& feature, const std::string& test) {
  for (const auto& one : feature.tests) {
    if (one.test == test) return one;
  }
  throw std::out_of_range(test);
}

bool warns(const FeatureResult& feature, const std::string& text) {
  return std::ranges::any_of(feature.warnings, [&](const std::string& warning) {
    return warning.find(text) != std::string::npos;
  });
}

bool finds(const DriftResult& result, FindingKind kind, const std::string& name, bool drift) {
  return std::ranges::any_of(result.findings, [&](const DriftFinding& finding) {
    return finding.kind == kind && finding.feature == name && finding.drift == drift;
  });
}

AnalysisOptions spec() { return {.preset = "spec", .min_rows = 1}; }

}  // namespace

TEST_CASE("equal constants are no drift, other constants are, as KS and PSI say") {
  const DriftResult same =
      compared(table({real("x", {5, 5, 5})}), table({real("x", {5, 5})}), spec());
  CHECK(same.verdict == Verdict::ok);
  CHECK(outcome(same.features[0], "ks").p == 1.0);
  CHECK(same.features[0].psi == 0);
  CHECK(warns(same.features[0], "constant on both sides"));

  const DriftResult other = compared(table({real("x", std::vector<double>(10, 1.0))}),
                                     table({real("x", std::vector<double>(10, 2.0))}), spec());
  CHECK(other.verdict == Verdict::drift);
  CHECK(*outcome(other.features[0], "ks").p == doctest::Approx(1.08250882245e-05).epsilon(1e-9));
  CHECK(other.features[0].psi == doctest::Approx(18.4188386759).epsilon(1e-9));
  CHECK(other.severity == Severity::high);
  CHECK(other.features[0].direction == 1);

  const DriftResult few =
      compared(table({real("x", {1, 1, 1})}), table({real("x", {2, 2})}), spec());
  CHECK_FALSE(outcome(few.features[0], "ks").drifted);  // p = 0.2
  CHECK(outcome(few.features[0], "psi").drifted);
}

TEST_CASE("too few rows are insufficient data, whatever the numbers say") {
  const DriftResult result = compared(table({real("x", {1})}), table({real("x", {2})}));
  CHECK(result.verdict == Verdict::insufficient);
  CHECK(result.features[0].verdict == Verdict::insufficient);
  CHECK(result.drifted_features == 0);
  // One short column does not silence the others.
  auto left = normal(200, 1), right = normal(200, 2, 3);
  auto thin = left;
  std::fill(thin.begin() + 10, thin.end(), missing);
  const DriftResult mixed = compared(table({real("a", left), real("b", thin)}),
                                     table({real("a", right), real("b", left)}));
  CHECK(mixed.verdict == Verdict::drift);
  CHECK(feature(mixed, "b").verdict == Verdict::insufficient);
}

TEST_CASE("the specified rule is p < 0.05 and PSI >= 0.1, strictly so") {
  // 20 against 20 rows, disjoint: drift.md §9, case 5.
  std::vector<double> low, high;
  for (int i = 0; i < 20; ++i) {
    low.push_back(i);
    high.push_back(100 + i);
  }
  const DriftResult result = compared(table({real("x", low)}), table({real("x", high)}), spec());
  CHECK(*outcome(result.features[0], "ks").p == doctest::Approx(1.45088891038e-11).epsilon(1e-9));
  CHECK(result.features[0].location == 19);
  CHECK(result.features[0].psi == doctest::Approx(17.0712586971).epsilon(1e-9));
  CHECK(result.preset == "spec");
  CHECK(result.correction == "none");
}

TEST_CASE("hundreds of features without drift do not cry wolf, and spec says how many are chance") {
  const DataSet a = matrix(400, 200, 1), b = matrix(400, 200, 2);
  const DriftResult wolf = compared(a, b);
  CHECK(wolf.preset == "spec");
  CHECK(wolf.verdict == Verdict::drift);
  const auto& ks = wolf.tallies.front();
  CHECK(ks.test == "ks");
  CHECK(ks.tested == 200);
  CHECK(ks.expected_by_chance == 10.0);
  CHECK(ks.drifted > 2);
  CHECK(ks.drifted_corrected == 0);
  CHECK(wolf.reason.find("by chance") != std::string::npos);
  CHECK(compared(a, b, {.preset = "balanced"}).verdict == Verdict::ok);
  CHECK(compared(a, b, {.preset = "spec", .tests = {"ks"}, .correction = Correction::bonferroni})
            .verdict == Verdict::ok);
}

TEST_CASE("with many rows a difference that means nothing is no drift by effect size") {
  const DataSet a = table({real("x", normal(40'000, 1))});
  const DataSet b = table({real("x", normal(40'000, 2, 0.05))});
  const DriftResult result = compared(a, b);
  CHECK(result.preset == "balanced");
  CHECK(outcome(result.features[0], "ks").drifted);
  CHECK(result.verdict == Verdict::ok);
  CHECK(compared(a, b, spec()).verdict == Verdict::drift);
  CHECK(compared(a, b, {.min_effect = 0.01}).verdict == Verdict::drift);
}

TEST_CASE(
    "values that are not finite are dropped and counted, and a change of their share is found") {
  auto left = normal(500, 1), right = normal(500, 2);
  for (std::size_t i = 0; i < 200; ++i) right[i] = i % 2 == 0 ? missing : INFINITY;
  const DriftResult result = compared(table({real("x", left)}), table({real("x", right)}));
  CHECK(result.features[0].current_missing == 200);
  CHECK(result.features[0].current.infinite == 100);
  CHECK(std::isfinite(result.features[0].psi));
  CHECK(finds(result, FindingKind::missing_values, "x", true));
  CHECK(result.verdict == Verdict::drift);
  CHECK(finds(compared(table({real("x", left)}), table({real("x", right)}), spec()),
              FindingKind::missing_values, "x", false));
  const DriftResult none =
      compared(table({real("x", left), real("y", left)}),
               table({real("x", std::vector<double>(500, missing)), real("y", left)}), spec());
  CHECK(feature(none, "x").verdict == Verdict::no_data);
  CHECK(feature(none, "y").verdict == Verdict::ok);
  CHECK(none.verdict == Verdict::ok);
}

TEST_CASE("one outlier blinds PSI, and the result says so") {
  auto left = normal(1000, 1), right = normal(1000, 2, 1);
  right[0] = 1e6;
  const DriftResult result = compared(table({real("x", left)}), table({real("x", right)}));
  CHECK(result.features[0].psi < 0.1);
  CHECK(warns(result.features[0], "psi-quantile"));
  CHECK(result.verdict == Verdict::drift);  // by KS
  const DriftResult quantile =
      compared(table({real("x", left)}), table({real("x", right)}), {.tests = {"psi-quantile"}});
  CHECK(outcome(quantile.features[0], "psi-quantile").statistic > 0.2);
}

TEST_CASE("extreme ranges end in numbers or in none, never in a crash") {
  const double tiny = std::numeric_limits<double>::denorm_min(), huge = 1.7e308;
  for (const auto& values : {std::vector<double>{0, tiny, 2 * tiny}, {-huge, 0, huge}}) {
    const DriftResult result =
        compared(table({real("x", values)}), table({real("x", {values[0], values[2]})}), spec());
    CHECK(std::isfinite(result.features[0].effect_size));
  }
}

TEST_CASE("negative zero is zero, and integers beyond 2^53 are told apart") {
  const DriftResult zero =
      compared(table({real("x", {-0.0, 0.0, -0.0})}), table({real("x", {0.0, 0.0, 0.0})}), spec());
  CHECK(zero.features[0].effect_size == 0);
  const std::int64_t big = std::int64_t{1} << 53;
  const DriftResult ids =
      compared(table({integer("id", std::vector<std::int64_t>(40, big))}),
               table({integer("id", std::vector<std::int64_t>(40, big + 1))}), spec());
  CHECK(ids.features[0].effect_size == 1);
  CHECK(warns(ids.features[0], "2^53"));
}

TEST_CASE("categories are compared over their union, and new and lost ones are named") {
  std::vector<std::string> left(300, "a"), right(300, "a");
  for (std::size_t i = 0; i < 100; ++i) left[i] = "b";
  for (std::size_t i = 0; i < 90; ++i) right[i] = "c\n\"";
  const DriftResult result =
      compared(table({category("kind", left)}), table({category("kind", right)}));
  CHECK(result.verdict == Verdict::drift);
  const auto& kind = result.features[0];
  CHECK(kind.distribution.labels.size() == 3);
  CHECK(kind.effect_size == doctest::Approx(1.0 / 3));
  CHECK(kind.tests.front().test == "chi-square");
  CHECK(finds(result, FindingKind::new_categories, "kind", true));
  CHECK(finds(result, FindingKind::lost_categories, "kind", true));
}

TEST_CASE("chi-square of homogeneity on the seattle weather, drift.md §9 case 17") {
  const auto days = [](std::vector<std::pair<std::string, int>> counts) {
    std::vector<std::string> labels;
    for (const auto& [label, n] : counts)
      labels.insert(labels.end(), static_cast<std::size_t>(n), label);
    return table({category("weather", labels)});
  };
  const DataSet y2012 =
      days({{"drizzle", 31}, {"rain", 191}, {"sun", 118}, {"snow", 21}, {"fog", 5}});
  const DataSet y2015 = days({{"drizzle", 7}, {"rain", 144}, {"sun", 180}, {"fog", 34}});
  const TestOutcome chi = compared(y2012, y2015).features[0].tests.front();
  CHECK(chi.statistic > 50);
  CHECK(*chi.p < 1e-10);
}

TEST_CASE("columns are matched by name; missing, new and changed ones are findings") {
  const auto x = normal(100, 1);
  const DataSet a =
      table({real("x", x), real("gone", x), category("kind", std::vector<std::string>(100, "a"))});
  const DataSet b = table({real("kind", x), real("fresh", x), real("x", x)});
  const DriftResult result = compared(a, b);
  CHECK(finds(result, FindingKind::schema, "gone", true));
  CHECK(finds(result, FindingKind::schema, "fresh", false));
  CHECK(finds(result, FindingKind::schema, "kind", true));
  CHECK(feature(result, "kind").verdict == Verdict::failed);
  CHECK(feature(result, "x").verdict == Verdict::ok);
  CHECK(result.verdict == Verdict::drift);
}

TEST_CASE("matrices of different width, or against a table, cannot be compared") {
  const DataSet one = table({real("x", normal(50, 1))});
  const DataSet three = matrix(50, 3, 1), four = matrix(50, 4, 1);
  CHECK_ERROR(compared(three, four), ErrorKind::usage, "has 3 features");
  CHECK_ERROR(compared(three, one), ErrorKind::usage, "table");
  const AnalysisOptions typo{.tests = {"kss"}}, open{.tests = {"wasserstein"}};
  CHECK_ERROR(compared(one, one, typo), ErrorKind::usage, "ks");
  CHECK_ERROR(compared(one, one, open), ErrorKind::usage, "--threshold");
}

TEST_CASE("every test runs on matrices and on tables, and agrees between them") {
  const DataSet a = matrix(150, 2, 1), b = matrix(150, 2, 2, 0.8);
  for (const auto& test : feature_tests()) {
    CAPTURE(test.name);
    const std::string name(test.name);
    if (name == "z" || name == "fisher" || name == "chi-square" || name == "g-test" ||
        name == "goodness-of-fit") {
      continue;
    }
    const AnalysisOptions options{.preset = "spec", .tests = {name}, .thresholds = {{name, 0.01}}};
    const DriftResult from_matrix = compared(a, b, options);
    const DriftResult from_table = compared(as_table(a), as_table(b), options);
    const double value = outcome(feature(from_matrix, "0"), name).statistic;
    CHECK(value ==
          doctest::Approx(outcome(feature(from_table, "0"), name).statistic).epsilon(1e-12));
    CHECK(value != 0);
  }
}

TEST_CASE("Evidently's preset picks its tests by size and kind, and its rule is a share of half") {
  const auto large = normal(2000, 1), moved = normal(2000, 2, 1);
  const DataSet a = table({real("x", large), real("y", large), real("z", large)});
  const DataSet b = table({real("x", moved), real("y", large), real("z", large)});
  const DriftResult result = compared(a, b, {.preset = "evidently"});
  CHECK(feature(result, "x").tests.front().test == "wasserstein-normed");
  CHECK(feature(result, "x").verdict == Verdict::drift);
  CHECK(result.verdict == Verdict::ok);
  CHECK(compared(a, b, {.preset = "evidently", .share = 0.3}).verdict == Verdict::drift);
  const DriftResult small = compared(
      table({real("x", normal(200, 1)), category("k", std::vector<std::string>(200, "a"))}),
      table({real("x", normal(200, 2)), category("k", std::vector<std::string>(200, "b"))}),
      {.preset = "evidently"});
  CHECK(feature(small, "x").tests.front().test == "ks");
  CHECK(feature(small, "k").tests.front().test == "z");
}

TEST_CASE("NannyML's preset takes its thresholds from the reference's chunks") {
  const DataSet a = table({real("x", normal(2000, 1))});
  const DriftResult quiet = compared(a, table({real("x", normal(200, 2))}), {.preset = "nannyml"});
  const auto& test = quiet.features[0].tests.front();
  CHECK(test.test == "jensen-shannon-2");
  CHECK(test.threshold > 0);
  CHECK(test.threshold < 0.5);
  CHECK(quiet.verdict == Verdict::ok);
  CHECK(compared(a, table({real("x", normal(200, 2, 1))}), {.preset = "nannyml"}).verdict ==
        Verdict::drift);
  CHECK(compared(matrix(500, 2, 1), matrix(500, 2, 2, 1), {.preset = "nannyml"}).verdict ==
        Verdict::drift);
}

TEST_CASE("tests of the whole matrix see what every one of them should") {
  const DataSet a = matrix(200, 4, 1), same = matrix(200, 4, 2), moved = matrix(200, 4, 3, 1);
  const AnalysisOptions options{
      .preset = "balanced",
      .data_set_tests = {"mmd", "mean-distance", "share-of-components", "domain-classifier"}};
  const DriftResult drifted = compared(a, moved, options);
  REQUIRE(drifted.data_set_tests.size() == 4);
  for (const auto& test : drifted.data_set_tests) {
    CAPTURE(test.test);
    CHECK(test.drifted);
  }
  const AnalysisOptions whole{.data_set_tests = {"mmd"}};
  CHECK_ERROR(compared(as_table(a), as_table(a), whole), ErrorKind::usage, "matrices");
  CHECK_FALSE(compared(a, same, {.data_set_tests = {"mmd"}}).data_set_tests[0].drifted);
}

TEST_CASE("windows choose rows by time, and a feature's value over time is kept") {
  std::vector<std::int64_t> times;
  for (std::int64_t i = 0; i < 100; ++i) times.push_back(i * 1000);
  const DataSet data = table({time_column("at", times), real("x", normal(100, 1))});
  const DataSet part = rows_between(data, "at", Timestamp{10'000}, Timestamp{20'000});
  CHECK(part.rows() == 10);
  CHECK(time_range(part, "at")->second == Timestamp{19'000});
  CHECK_ERROR(rows_between(data, "when", {}, {}), ErrorKind::usage, "time column");
  CHECK_ERROR(rows_between(data, "x", {}, {}), ErrorKind::usage, "no times");
  const DriftResult result = compared(data, data, {.time_column = "at"});
  REQUIRE(result.features.size() == 1);
  CHECK(result.features[0].over_time.size() == 80);
}
