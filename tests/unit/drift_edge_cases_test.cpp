// The tricky cases of two data sets and what is done about each: drift.md §9, by its numbers.
#include "mlopsctl/drift/analysis.hpp"
#include "mlopsctl/drift/profile.hpp"

#include "support/data_sets.hpp"
#include "support/expect_error.hpp"
#include "support/locations.hpp"
#include "support/read_data.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlopsctl;
using namespace mlopsctl::drift;
using namespace mlopsctl::testing;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr double denormal = std::numeric_limits<double>::denorm_min();
constexpr double infinity = std::numeric_limits<double>::infinity();

DriftResult compared(const DataSet& reference, const DataSet& current,
                     const AnalysisOptions& options = {.preset = "spec", .min_rows = 1}) {
  Silent silent;
  const auto backend = make_cpu_backend(1);
  return analyse(reference, current, options, *backend, silent);
}

DriftResult compared(const std::vector<double>& reference, const std::vector<double>& current,
                     const AnalysisOptions& options = {.preset = "spec", .min_rows = 1}) {
  return compared(table({real("x", reference)}), table({real("x", current)}), options);
}

const FeatureResult& feature(const DriftResult& result, const std::string& name) {
  const auto found = std::ranges::find(result.features, name, &FeatureResult::name);
  REQUIRE(found != result.features.end());
  return *found;
}

const TestOutcome& outcome(const DriftResult& result, const std::string& test) {
  const auto& tests = result.features.at(0).tests;
  const auto found = std::ranges::find(tests, test, &TestOutcome::test);
  REQUIRE(found != tests.end());
  return *found;
}

bool warns(const FeatureResult& feature, const std::string& text) {
  return std::ranges::any_of(feature.warnings, [&](const std::string& warning) {
    return warning.find(text) != std::string::npos;
  });
}

bool finds(const DriftResult& result, FindingKind kind, const std::string& text) {
  return std::ranges::any_of(result.findings, [&](const DriftFinding& finding) {
    return finding.kind == kind &&
           (finding.feature + " " + finding.message).find(text) != std::string::npos;
  });
}

std::vector<double> ascending(std::size_t count, double from) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = from + static_cast<double>(i);
  return values;
}

std::string golden(const std::string& name) {
  return source_folder() + "/tests/golden/inputs/" + name;
}

std::vector<std::string> repeated(const std::vector<std::pair<std::string, std::size_t>>& counts) {
  std::vector<std::string> labels;
  for (const auto& [label, n] : counts) labels.insert(labels.end(), n, label);
  return labels;
}

}  // namespace

TEST_CASE("case 1: equal constants are no drift, and it is said that they are constant") {
  const DriftResult result = compared({5, 5, 5}, {5, 5});
  const FeatureResult& x = feature(result, "x");
  CHECK(result.verdict == Verdict::ok);
  CHECK(outcome(result, "ks").statistic == 0);
  CHECK(outcome(result, "ks").p == 1.0);
  CHECK(x.location == 5);
  CHECK(x.psi == 0);
  CHECK(warns(x, "constant on both sides"));
  // Whatever test is asked for: nothing changed.
  for (const auto& test : feature_tests()) {
    CAPTURE(test.name);
    const DriftResult any = compared(std::vector<double>(40, 5), std::vector<double>(40, 5),
                                     {.preset = "spec",
                                      .tests = {std::string(test.name)},
                                      .thresholds = {{std::string(test.name), 0.05}}});
    CHECK((any.verdict == Verdict::ok || any.verdict == Verdict::not_tested));
    CHECK(any.drifted_features == 0);
  }
}

TEST_CASE("case 2: constants that differ are drift of ten rows, not by KS of three") {
  const DriftResult ten = compared(std::vector<double>(10, 1), std::vector<double>(10, 2));
  CHECK(outcome(ten, "ks").statistic == 1);
  CHECK(*outcome(ten, "ks").p == doctest::Approx(1.08250882245e-05).epsilon(1e-10));
  CHECK(ten.features[0].psi == doctest::Approx(18.4188386759).epsilon(1e-10));
  CHECK(ten.severity == Severity::high);
  CHECK(ten.features[0].direction == 1);
  const DriftResult three = compared({1, 1, 1}, {2, 2});
  CHECK(*outcome(three, "ks").p == doctest::Approx(0.2).epsilon(1e-12));
  CHECK_FALSE(outcome(three, "ks").drifted);
  CHECK(outcome(three, "psi").drifted);
}

TEST_CASE("case 3: single rows are insufficient data, never an alert") {
  for (const char* preset : {"spec", "balanced", "evidently", "nannyml"}) {
    CAPTURE(preset);
    const DriftResult result = compared({1}, {2}, {.preset = preset});
    CHECK(result.verdict == Verdict::insufficient);
    CHECK(result.drifted_features == 0);
  }
}

TEST_CASE("case 4: ties") {
  const DriftResult result = compared({1, 1, 2, 2, 3}, {1, 2, 2, 2, 3, 3});
  CHECK(outcome(result, "ks").statistic == doctest::Approx(0.2333333333).epsilon(1e-9));
  CHECK(*outcome(result, "ks").p == doctest::Approx(0.991341991342).epsilon(1e-11));
  CHECK(result.features[0].location == 1);
}

TEST_CASE("case 5: twenty rows against twenty others") {
  const DriftResult result = compared(ascending(20, 0), ascending(20, 100));
  CHECK(outcome(result, "ks").statistic == 1);
  CHECK(*outcome(result, "ks").p == doctest::Approx(1.45088891038e-11).epsilon(1e-10));
  CHECK(result.features[0].location == 19);
  CHECK(result.features[0].psi == doctest::Approx(17.0712586971).epsilon(1e-10));
}

TEST_CASE("case 6: p underflows to 0, not to -0, exact and asymptotic") {
  for (const std::size_t n : {std::size_t{10'000}, std::size_t{10'001}}) {
    const DriftResult result = compared(ascending(n, 0), ascending(n, 1e6));
    CHECK(*outcome(result, "ks").p == 0);
    CHECK_FALSE(std::signbit(*outcome(result, "ks").p));
  }
}

TEST_CASE("case 7: 10000 rows have the exact p, 10001 the asymptotic one") {
  // Both sides of scipy's switch, on the same data but for one row.
  auto left = ascending(10'000, 0), right = ascending(10'000, 150);
  const double exact = *outcome(compared(left, right), "ks").p;
  CHECK(exact == KsPValues(10'000, 10'000, KsMethod::exact)(0.015).p);
  right.push_back(right.back() + 1);
  const DriftResult beyond = compared(left, right);
  CHECK(*outcome(beyond, "ks").p ==
        kstwo_sf(outcome(beyond, "ks").statistic, 5000));  // 1e4·10001/20001, rounded
  CHECK(std::abs(*outcome(beyond, "ks").p - exact) < 0.02);
}

TEST_CASE("case 8: the size of two times 20001 rows is rounded half to even") {
  const DriftResult result = compared(ascending(20'001, 0), ascending(20'001, 150));
  const TestOutcome& ks = outcome(result, "ks");
  CHECK(*ks.p == kstwo_sf(ks.statistic, 10'000));  // 10000.5
  CHECK(*ks.p != kstwo_sf(ks.statistic, 10'001));
}

TEST_CASE("case 9: missing values are dropped, counted, and a change of their share is a finding") {
  auto left = normal(500, 1), right = normal(500, 2);
  for (std::size_t i = 0; i < 100; ++i) right[3 * i] = missing;
  const DriftResult result = compared(left, right, {.preset = "balanced"});
  CHECK(result.features[0].reference_missing == 0);
  CHECK(result.features[0].current_missing == 100);
  CHECK(result.features[0].current_rows == 400);
  CHECK(finds(result, FindingKind::missing_values, "20.0 %"));
  CHECK_FALSE(outcome(result, "ks").drifted);
  CHECK(result.verdict == Verdict::drift);  // by the missing values alone
}

TEST_CASE("case 10: infinities are dropped and counted") {
  auto left = normal(500, 1), right = normal(500, 2);
  right[7] = infinity;
  right[8] = -infinity;
  for (const bool as_matrix : {false, true}) {
    CAPTURE(as_matrix);
    DataSet a = table({real("x", left)}), b = table({real("x", right)});
    if (as_matrix) {
      a = matrix_of_columns({left});
      b = matrix_of_columns({right});
    }
    const DriftResult result = compared(a, b);
    CHECK(result.features[0].current.infinite == 2);
    CHECK(result.features[0].current_rows == 498);
    CHECK(result.features[0].psi < 0.1);
    CHECK(std::isfinite(result.features[0].current.max));
  }
}

TEST_CASE("case 11: a column without values does not stop the others") {
  const auto x = normal(100, 1);
  const DriftResult result =
      compared(table({real("x", x), real("y", x)}),
               table({real("x", x), real("y", std::vector<double>(100, missing))}));
  CHECK(feature(result, "y").verdict == Verdict::no_data);
  CHECK(feature(result, "x").verdict == Verdict::ok);
  CHECK(result.verdict == Verdict::ok);
  CHECK(compared(std::vector<double>(100, missing), x).verdict == Verdict::no_data);
}

TEST_CASE("case 12: one outlier blinds PSI; it is said, and quantile bins see") {
  auto left = normal(1000, 1), right = normal(1000, 2, 1);
  const AnalysisOptions options{.preset = "spec", .tests = {"psi", "psi-quantile"}};
  CHECK(outcome(compared(left, right, options), "psi").statistic > 0.5);
  right[0] = 1e6;
  const DriftResult result = compared(left, right, options);
  CHECK(outcome(result, "psi").statistic < 0.01);
  CHECK(outcome(result, "psi-quantile").statistic > 0.5);
  CHECK(warns(result.features[0], "PSI sees nothing"));
}

TEST_CASE("case 13: ranges that underflow or overflow end in numbers, with every test") {
  const double huge = 1.7e308;
  const std::vector<std::vector<double>> ranges{{0, denormal, 2 * denormal},
                                                {-denormal, 0, 3 * denormal},
                                                {-huge, 0, huge},
                                                {-huge, 1, 1e300},
                                                {1e308, huge, 1.1e308}};
  for (const auto& three : ranges) {
    std::vector<double> left, right;
    for (int i = 0; i < 40; ++i) {
      left.push_back(three[static_cast<std::size_t>(i % 3)]);
      right.push_back(three[static_cast<std::size_t>(i % 2 + 1)]);
    }
    CAPTURE(three[2]);
    for (const char* preset : {"spec", "balanced", "evidently", "nannyml"}) {
      CAPTURE(preset);
      for (const bool as_matrix : {false, true}) {
        CAPTURE(as_matrix);
        const DataSet a = as_matrix ? matrix_of_columns({left}) : table({real("x", left)});
        const DataSet b = as_matrix ? matrix_of_columns({right}) : table({real("x", right)});
        const DriftResult result = compared(a, b, {.preset = preset, .ecdf_points = 64});
        const FeatureResult& x = result.features[0];
        CHECK(x.effect_size == doctest::Approx(0.35).epsilon(0.1));
        CHECK(std::isfinite(x.psi));
        for (const double edge : x.distribution.edges) CHECK(std::isfinite(edge));
        CHECK(std::ranges::is_sorted(x.distribution.edges));
        for (const auto& point : x.ecdf) CHECK(std::isfinite(point.x));
      }
    }
    for (const auto& test : feature_tests()) {
      CAPTURE(test.name);
      const std::string name(test.name);
      const DriftResult result =
          compared(left, right, {.preset = "spec", .tests = {name}, .thresholds = {{name, 0.1}}});
      for (const auto& one : result.features[0].tests) CHECK_FALSE(std::isnan(one.statistic));
    }
    Profile before, after;
    before.add(table({real("x", left)}));
    after.add(table({real("x", right)}));
    const DriftResult profiled = analyse(before, after, {.preset = "spec", .ecdf_points = 64});
    CHECK(profiled.features[0].effect_size == doctest::Approx(0.35).epsilon(0.1));
    CHECK(std::isfinite(profiled.features[0].psi));
  }
}

TEST_CASE("case 14: the zeros of both signs are one value") {
  const std::vector<double> left{-0.0, 0.0, -0.0, 1}, right{0.0, 0.0, 0.0, 1};
  CHECK(compared(left, right).features[0].effect_size == 0);
  CHECK(compared(matrix_of_columns({left}), matrix_of_columns({right})).features[0].effect_size ==
        0);
  Profile before, after;
  before.add(table({real("x", left)}));
  after.add(table({real("x", right)}));
  CHECK(analyse(before, after, {.preset = "spec", .min_rows = 1}).features[0].effect_size == 0);
}

TEST_CASE(
    "case 15: integers beyond 2^53 are told apart, and other numbers are said to be rounded") {
  const std::int64_t big = std::int64_t{1} << 53;
  const DriftResult ids = compared(table({integer("id", std::vector<std::int64_t>(40, big))}),
                                   table({integer("id", std::vector<std::int64_t>(40, big + 1))}));
  CHECK(ids.features[0].effect_size == 1);
  CHECK(warns(ids.features[0], "2^53"));
}

TEST_CASE("case 16: of few distinct values KS is cautious, which is said, and chi-square is not") {
  std::vector<double> left, right;
  for (int i = 0; i < 100; ++i) {
    left.push_back(i < 50 ? 0 : 1);
    right.push_back(i < 65 ? 0 : 1);
  }
  const DriftResult result =
      compared(left, right, {.preset = "spec", .tests = {"ks", "chi-square"}});
  CHECK(*outcome(result, "ks").p > 0.2);
  CHECK(*outcome(result, "chi-square").p < 0.05);
  CHECK(warns(result.features[0], "--test chi-square"));
  // Booleans are compared as categories from the beginning.
  std::vector<std::int64_t> yes(100, 1);
  Column flag = integer("flag", yes);
  flag.kind = ColumnKind::boolean;
  CHECK(outcome(compared(table({flag}), table({flag}), {.preset = "balanced"}), "chi-square").p ==
        1.0);
}

TEST_CASE("case 17: categories are compared over their union, by homogeneity") {
  // seattle-weather, 2012 and 2015.
  const DataSet y2012 = table({category(
      "weather",
      repeated({{"drizzle", 31}, {"fog", 5}, {"rain", 191}, {"snow", 21}, {"sun", 118}}))});
  const DataSet y2015 = table(
      {category("weather", repeated({{"drizzle", 7}, {"fog", 34}, {"rain", 144}, {"sun", 180}}))});
  const AnalysisOptions options{.preset = "balanced", .tests = {"chi-square", "goodness-of-fit"}};
  const DriftResult result = compared(y2012, y2015, options);
  CHECK(outcome(result, "chi-square").statistic > 70);
  CHECK(*outcome(result, "chi-square").p < 1e-14);
  // Taking the reference for exact is much too sure of itself.
  CHECK(outcome(result, "goodness-of-fit").statistic > 2 * outcome(result, "chi-square").statistic);
  CHECK(finds(result, FindingKind::lost_categories, "'snow'"));
  const DriftResult other = compared(y2015, y2012, options);
  CHECK(finds(other, FindingKind::new_categories, "'snow', 5.74 %"));
}

TEST_CASE("case 18: columns go by name, in any order; what is missing, new or retyped is said") {
  const auto x = normal(100, 1), y = normal(100, 2, 5);
  const DriftResult same = compared(table({real("x", x), real("y", y)}),
                                    table({real("y", y), real("x", x)}), {.preset = "balanced"});
  CHECK(same.verdict == Verdict::ok);
  CHECK(same.tested_features == 2);
  const DriftResult changed = compared(
      table({real("x", x), real("gone", x), category("kind", std::vector<std::string>(100, "a"))}),
      table({real("kind", x), real("fresh", x), real("x", x)}), {.preset = "balanced"});
  CHECK(finds(changed, FindingKind::schema, "gone the current data lack"));
  CHECK(finds(changed, FindingKind::schema, "fresh the reference lacks"));
  CHECK(finds(changed, FindingKind::schema, "kind was category, is real"));
  // A changed type is a fault of the schema, not a large distance.
  CHECK(feature(changed, "kind").verdict == Verdict::failed);
  CHECK(std::isnan(feature(changed, "kind").psi));
  const DriftResult only =
      compared(table({category("k", std::vector<std::string>(100, "a"))}), table({real("k", x)}));
  CHECK(only.verdict == Verdict::failed);
  CHECK_ERROR(compared(matrix(50, 3, 1), matrix(50, 4, 1)), ErrorKind::usage, "has 3 features");
  // Two columns of one name are two features.
  const DataSet twice = read_text("a,a\n1,2\n3,4\n");
  REQUIRE(twice.columns.size() == 2);
  CHECK(twice.columns[0].name != twice.columns[1].name);
}

TEST_CASE("case 19: 0.1 of two precisions is two values, so mixed precision is warned of") {
  const std::vector<double> tenths(100, 0.1);
  const DataSet doubles = matrix_of_columns({tenths});
  const DataSet floats = float_matrix_of_columns({tenths});
  const DriftResult result = compared(doubles, floats);
  CHECK(result.features[0].effect_size == 1);
  CHECK(finds(result, FindingKind::misleading, "float32"));
  CHECK(finds(result, FindingKind::misleading, "float64"));
  CHECK_FALSE(finds(compared(floats, floats), FindingKind::misleading, "float"));
  // Where every value has the same double, the type does not matter.
  const std::vector<double> quarters(100, 0.25);
  CHECK(compared(matrix_of_columns({quarters}), float_matrix_of_columns({quarters}))
            .features[0]
            .effect_size == 0);
}

TEST_CASE("case 20: NumPy's orders and byte orders are one matrix; objects are refused") {
  const DataSet plain = read_files({golden("f4.npy")});
  for (const char* name : {"fortran_f4.npy", "big_f4.npy", "version2.npy", "version3.npy"}) {
    CAPTURE(name);
    const DriftResult result = compared(plain, read_files({golden(name)}));
    REQUIRE(result.features.size() == 3);
    for (const auto& one : result.features) CHECK(one.effect_size == 0);
    CHECK(result.verdict == Verdict::ok);
  }
  CHECK(read_files({golden("one_dimension.npy")}).features() == 1);
  CHECK_ERROR(read_files({golden("objects.npy")}), ErrorKind::corrupt, "pickle");
  const DriftResult nothing = compared(plain, read_files({golden("no_rows.npy")}));
  CHECK(nothing.verdict == Verdict::no_data);
  CHECK(nothing.features[0].verdict == Verdict::no_data);
  const DriftResult empty_table = compared(read_text("a,b\n1,2\n"), read_text("a,b\n"));
  CHECK(empty_table.verdict == Verdict::no_data);
}

TEST_CASE("case 21: p < 0.05 is drift, p = 0.05 and the 0.0500198 of El Niño's June are not") {
  // 30 and 31 Junes; the counts alone set p: D = 0.338709677419.
  const double p = KsPValues(30, 31)(0.338709677419).p;
  CHECK(p == doctest::Approx(0.0500198043978).epsilon(1e-9));
  CHECK_FALSE(rejected(std::vector<double>{p}, 0.05, Correction::none)[0]);
  CHECK_FALSE(rejected(std::vector<double>{0.05}, 0.05, Correction::none)[0]);
  // The threshold is strict in a check as well: alpha set to exactly p.
  const std::vector<double> left = ascending(20, 0), right = ascending(20, 8);
  const double at = *outcome(compared(left, right), "ks").p;
  const auto with_alpha = [&](double alpha) {
    return outcome(compared(left, right,
                            {.preset = "spec", .tests = {"ks"}, .alpha = alpha, .min_rows = 1}),
                   "ks")
        .drifted;
  };
  CHECK_FALSE(with_alpha(at));
  CHECK(with_alpha(std::nextafter(at, 1)));
}

TEST_CASE("case 22: the same file twice, under another name or as a copy, is warned of") {
  const TemporaryFolder folder;
  const std::string text = "x,y\n1,2\n3,5\n2,9\n";
  write_file_atomically(folder / "a.csv", text);
  write_file_atomically(folder / "copy.csv", text);
  write_file_atomically(folder / "other.csv", "x,y\n1,2\n3,5\n2,8\n");
  fs::create_symlink(folder / "a.csv", fs::path(folder / "link.csv"));
  const auto against = [&](const char* name) {
    return compared(read_files({folder / "a.csv"}), read_files({folder / name}));
  };
  for (const char* name : {"a.csv", "copy.csv", "link.csv"}) {
    CAPTURE(name);
    CHECK(finds(against(name), FindingKind::misleading, "the same file or a copy"));
    for (const auto& one : against(name).features) {
      CHECK(one.psi == 0);
      CHECK(one.effect_size == 0);
    }
  }
  CHECK_FALSE(finds(against("other.csv"), FindingKind::misleading, "the same file"));
}

TEST_CASE(
    "case 23: of 768 features without drift some are found by chance, the data did not drift") {
  const DataSet a = matrix(200, 768, 1), b = matrix(200, 768, 2);
  const DriftResult wolf = compared(a, b, {.preset = "spec", .tests = {"ks"}});
  CHECK(wolf.tallies.front().drifted > 10);
  CHECK(wolf.tallies.front().expected_by_chance == doctest::Approx(38.4));
  CHECK(wolf.tallies.front().drifted_corrected == 0);
  CHECK(wolf.reason.find("by chance") != std::string::npos);
  for (const char* preset : {"balanced", "evidently"}) {
    CHECK(compared(a, b, {.preset = preset}).verdict == Verdict::ok);
  }
  CHECK(compared(a, b, {.preset = "spec", .tests = {"ks"}, .correction = Correction::bonferroni})
            .verdict == Verdict::ok);
}

TEST_CASE("case 24: rows that are copies, or follow the row before, are warned of") {
  const auto warned = [](const DataSet& data, const char* text, const std::string& time = "") {
    const DataSet fresh = data.matrix ? matrix(1000, data.features(), 99)
                                      : as_table(matrix(1000, data.features(), 99));
    return finds(compared(fresh, data, {.preset = "spec", .time_column = time}),
                 FindingKind::misleading, text);
  };
  const auto independent = normal(1000, 1), other = normal(1000, 2);
  CHECK_FALSE(warned(table({real("0", independent), real("1", other)}), "copies"));
  CHECK_FALSE(warned(matrix(1000, 4, 5), "copies"));
  CHECK_FALSE(warned(matrix(1000, 4, 5), "row before"));

  auto copied = independent, copied_other = other;
  for (std::size_t i = 0; i < 200; ++i) {
    copied[5 * i] = copied[5 * i + 1];
    copied_other[5 * i] = copied_other[5 * i + 1];
  }
  CHECK(warned(table({real("0", copied), real("1", copied_other)}), "about 20 %"));
  CHECK(warned(matrix_of_columns({copied, copied_other}), "about 20 %"));
  CHECK(warned(table({real("0", copied), real("1", copied_other)}), "--preset nannyml"));
  // Rows of few categories are equal by chance.
  std::vector<double> dice, coin;
  for (std::size_t i = 0; i < 1000; ++i) {
    dice.push_back(std::floor(independent[i]));
    coin.push_back(other[i] > 0 ? 1 : 0);
  }
  CHECK_FALSE(warned(table({real("0", dice), real("1", coin)}), "copies"));

  std::vector<double> walk{0};
  for (std::size_t i = 1; i < 1000; ++i) walk.push_back(0.8 * walk.back() + independent[i]);
  CHECK(warned(table({real("0", walk)}), "row before"));
  CHECK(warned(matrix_of_columns({walk}), "row before"));
  // A counter says nothing about the rows.
  CHECK_FALSE(warned(table({real("0", ascending(1000, 0))}), "row before"));
  // Shuffled, only the time column knows.
  std::vector<double> shuffled;
  std::vector<std::int64_t> times;
  for (std::size_t i = 0; i < 1000; ++i) {
    shuffled.push_back(walk[i * 387 % 1000]);
    times.push_back(static_cast<std::int64_t>(i * 387 % 1000));
  }
  CHECK_FALSE(warned(table({real("0", shuffled)}), "row before"));
  CHECK(warned(table({real("0", shuffled), time_column("1", times)}), "in the order of time", "1"));
}

TEST_CASE("case 25: names that are no UTF-8 are replaced with a note") {
  const DataSet data = read_text("\"a\"\"b\nc\",\xff\n1,2\n3,4\n");
  REQUIRE(data.columns.size() == 2);
  CHECK(data.columns[0].name == "a\"b\nc");
  CHECK(data.columns[1].name == "\xef\xbf\xbd");
  CHECK(has_note(data, "UTF-8"));
  // What the outputs make of such names is in drift_documents_test.cpp and the e2e tests.
}

TEST_CASE("a test that does not fit a feature leaves it untested, and says why") {
  const auto x = normal(100, 1);
  const DataSet numbers = table({real("x", x)});
  const DataSet both =
      table({real("x", x), category("k", repeated({{"a", 40}, {"b", 30}, {"c", 30}}))});
  const DriftResult none = compared(numbers, numbers, {.tests = {"chi-square"}});
  CHECK(none.verdict == Verdict::not_tested);
  CHECK(feature(none, "x").verdict == Verdict::not_tested);
  CHECK(warns(feature(none, "x"), "more than 50 distinct values"));
  CHECK(none.reason.find("can be applied to no feature") != std::string::npos);
  const DriftResult mixed = compared(both, both, {.tests = {"mann-whitney"}});
  CHECK(mixed.verdict == Verdict::ok);
  CHECK(mixed.tested_features == 1);
  CHECK(feature(mixed, "k").verdict == Verdict::not_tested);
  CHECK(warns(feature(mixed, "k"), "one of categories"));
  CHECK(warns(feature(compared(both, both, {.tests = {"fisher"}}), "k"), "more than two"));
  // One for numbers and one for categories: every feature is tested, and nothing is warned of.
  const DriftResult each = compared(both, both, {.tests = {"mann-whitney", "chi-square"}});
  CHECK(feature(each, "k").verdict == Verdict::ok);
  CHECK(each.tested_features == 2);
  // As a matrix and from profiles.
  CHECK(compared(matrix(100, 2, 1), matrix(100, 2, 2), {.tests = {"fisher"}}).verdict ==
        Verdict::not_tested);
  Profile profile;
  profile.add(both);
  const DriftResult profiled = analyse(profile, profile, {.tests = {"ks"}});
  CHECK(feature(profiled, "k").verdict == Verdict::not_tested);
  CHECK(feature(profiled, "x").verdict == Verdict::ok);
}
