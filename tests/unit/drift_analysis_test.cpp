// Verdicts: presets, corrections, findings. The tricky cases are in drift_edge_cases_test.cpp.
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

bool finds(const DriftResult& result, FindingKind kind, const std::string& name, bool drift) {
  return std::ranges::any_of(result.findings, [&](const DriftFinding& finding) {
    return finding.kind == kind && finding.feature == name && finding.drift == drift;
  });
}

AnalysisOptions spec() { return {.preset = "spec", .min_rows = 1}; }

}  // namespace

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
  const AnalysisOptions tests_of_chance{.data_set_tests = {"mmd", "mean-distance"}};
  for (const auto& test : compared(a, same, tests_of_chance).data_set_tests) {
    CAPTURE(test.test);
    CHECK_FALSE(test.drifted);
  }
  const DriftResult thin = compared(matrix(1, 2, 1), matrix(1, 2, 2),
                                    {.data_set_tests = {"mean-distance", "domain-classifier"}});
  CHECK_FALSE(thin.data_set_tests[0].drifted);
  CHECK(finds(thin, FindingKind::misleading, "", false));
}

TEST_CASE("the distance of means is judged by what chance does, not by a fixed number") {
  int alarms = 0;
  for (unsigned seed = 0; seed < 10; ++seed) {
    const DriftResult quiet = compared(matrix(200, 256, 2 * seed), matrix(300, 256, 2 * seed + 1),
                                       {.data_set_tests = {"mean-distance"}});
    const auto& test = quiet.data_set_tests.at(0);
    CHECK(test.statistic > 1);  // √(256 (1/200 + 1/300)) = 1.46
    CHECK(test.threshold == doctest::Approx(1.6).epsilon(0.1));
    CHECK(test.p.has_value());
    alarms += test.drifted ? 1 : 0;
  }
  CHECK(alarms <= 2);  // one in twenty
  const AnalysisOptions options{.data_set_tests = {"mean-distance"}};
  CHECK(compared(matrix(200, 256, 1), matrix(300, 256, 2, 0.1), options).data_set_tests[0].drifted);
  // Rows that were not drawn count too: the threshold shrinks with all of them.
  const double few =
      compared(matrix(2000, 4, 1), matrix(2000, 4, 2), options).data_set_tests[0].threshold;
  const double many =
      compared(matrix(18'000, 4, 1), matrix(18'000, 4, 2), options).data_set_tests[0].threshold;
  CHECK(many == doctest::Approx(few / 3).epsilon(0.2));
  // A threshold that is given must be passed as well.
  const AnalysisOptions own{.thresholds = {{"mean-distance", 5}},
                            .data_set_tests = {"mean-distance"}};
  CHECK_FALSE(
      compared(matrix(200, 256, 1), matrix(300, 256, 2, 0.1), own).data_set_tests[0].drifted);
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
