#include "mlopsctl/drift/statistics.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <thread>

using namespace mlopsctl::drift;

namespace {

using Values = std::vector<double>;
using Counts = std::vector<std::uint64_t>;

constexpr double largest = std::numeric_limits<double>::max();
constexpr double denormal = std::numeric_limits<double>::denorm_min();

double specified_psi(const Values& a, const Values& b) {
  const auto edges =
      equal_width_edges(std::min(a.front(), b.front()), std::max(a.back(), b.back()), 10);
  return psi(histogram(a, edges), histogram(b, edges));
}

Values ascending(std::size_t count, double from, double step = 1) {
  Values values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = from + static_cast<double>(i) * step;
  return values;
}

}  // namespace

TEST_CASE("constants that are the same do not differ") {
  const Values a{5, 5, 5};
  const Values b{5, 5};
  const KsValue ks = ks_two_sample(a, b);
  CHECK(ks.statistic == 0);
  CHECK(ks.p == 1);
  CHECK(ks.sign == 1);
  CHECK(ks.location == 5);
  CHECK(specified_psi(a, b) == 0);
  CHECK(wasserstein(a, b) == 0);
  CHECK(energy_distance(a, b) == 0);
  CHECK(mann_whitney(a, b, Alternative::two_sided).p == 1);
  CHECK(std::isnan(students_t(a, b, true).p));
  CHECK(std::isnan(anderson_darling(a, b).p));
  CHECK_FALSE(epps_singleton(Values(9, 5.0), Values(9, 5.0)).has_value());
}

TEST_CASE("constants that differ are drift once there are enough of them") {
  const KsValue ten = ks_two_sample(Values(10, 1.0), Values(10, 2.0));
  CHECK(ten.statistic == 1);
  CHECK(ten.p == doctest::Approx(1.08250882245e-05).epsilon(1e-10));
  CHECK(specified_psi(Values(10, 1.0), Values(10, 2.0)) ==
        doctest::Approx(18.4188386759).epsilon(1e-11));
  CHECK(ks_two_sample(Values(3, 1.0), Values(2, 2.0)).p == doctest::Approx(0.2).epsilon(1e-12));
}

TEST_CASE("one row on each side proves nothing") {
  const KsValue ks = ks_two_sample(Values{1}, Values{2});
  CHECK(ks.statistic == 1);
  CHECK(ks.p == 1);
  CHECK(specified_psi({1}, {2}) == doctest::Approx(18.42).epsilon(1e-3));
  CHECK(std::isnan(cramer_von_mises(Values{1}, Values{2}).p));
  CHECK(std::isnan(students_t(Values{1}, Values{2}, true).p));
  CHECK(std::isnan(ks_two_sample(Values{1}, Values{2}, KsMethod::asymptotic).p));
}

TEST_CASE("ties are where scipy puts them") {
  const KsValue ks = ks_two_sample(Values{1, 1, 2, 2, 3}, Values{1, 2, 2, 2, 3, 3});
  CHECK(ks.statistic == doctest::Approx(0.2333333333).epsilon(1e-9));
  CHECK(ks.p == doctest::Approx(0.991341991342).epsilon(1e-11));
  CHECK(ks.location == 1);
}

TEST_CASE("samples that do not overlap") {
  const KsValue twenty = ks_two_sample(ascending(20, 0), ascending(20, 100));
  CHECK(twenty.statistic == 1);
  CHECK(twenty.location == 19);
  CHECK(twenty.p == doctest::Approx(1.45088891038e-11).epsilon(1e-10));
  for (const std::size_t n : {std::size_t{10000}, std::size_t{10001}}) {
    const KsValue many = ks_two_sample(ascending(n, 0), ascending(n, 1e6));
    CHECK(many.p == 0);
    CHECK_FALSE(std::signbit(many.p));
    CHECK(many.exact == (n == 10000));
  }
}

TEST_CASE("up to 10000 rows the p-value is exact, above it is asymptotic") {
  CHECK(KsPValues(10000, 9999)(0.01).exact);
  CHECK_FALSE(KsPValues(10000, 10001)(0.01).exact);
  CHECK(KsPValues(10001, 10001, KsMethod::exact)(0.01).exact);
  CHECK_FALSE(KsPValues(1000003, 1000033, KsMethod::exact)(0.01).exact);  // scipy refuses it too
}

TEST_CASE("the effective size is rounded half to even") {
  const double d = 0.0075;
  CHECK(KsPValues(20001, 20001)(d).p == kstwo_sf(d, 10000));  // 10000.5
  CHECK(KsPValues(20003, 20003)(d).p == kstwo_sf(d, 10002));  // 10001.5
}

TEST_CASE("zeros of both signs are one value") {
  const KsValue ks = ks_two_sample(Values{-0.0, -0.0, 1}, Values{0.0, 0.0, 1});
  CHECK(ks.statistic == 0);
  CHECK(ks.p == 1);
  CHECK(wasserstein(Values{-0.0}, Values{0.0}) == 0);
}

TEST_CASE("integers above 2^53 keep their order") {
  constexpr std::int64_t big = std::int64_t{1} << 53;
  const std::vector<std::int64_t> a(20, big);
  const std::vector<std::int64_t> b(20, big + 1);
  CHECK(ks_two_sample(a, b).statistic == 1);
  CHECK(
      ks_two_sample(Values(20, static_cast<double>(big)), Values(20, static_cast<double>(big + 1)))
          .statistic == 0);
}

TEST_CASE("a boolean column: the KS test is cautious, chi-square is not") {
  Values a(50, 0.0);
  a.insert(a.end(), 50, 1.0);
  Values b(65, 0.0);
  b.insert(b.end(), 35, 1.0);
  const double ks = ks_two_sample(a, b).p;
  const double chi_square = chi_square_homogeneity(Counts{50, 50}, Counts{65, 35}).p;
  CHECK(ks > 0.2);
  CHECK(chi_square < 0.05);
}

TEST_CASE("new and lost categories: homogeneity stays finite, goodness of fit does not") {
  const Counts reference{40, 60, 0};
  const Counts current{50, 40, 10};
  const TestValue homogeneity = chi_square_homogeneity(reference, current);
  CHECK(std::isfinite(homogeneity.statistic));
  CHECK(homogeneity.p < 0.05);
  CHECK(std::isinf(chi_square_goodness_of_fit(reference, current).statistic));
  CHECK(chi_square_goodness_of_fit(reference, current).p == 0);
  // A category that is on neither side does not count as a degree of freedom.
  CHECK(chi_square_homogeneity(Counts{40, 60, 0}, Counts{50, 50, 0}).p ==
        chi_square_homogeneity(Counts{40, 60}, Counts{50, 50}).p);
  CHECK(chi_square_homogeneity(Counts{40}, Counts{50}).p == 1);
}

TEST_CASE("a p-value at alpha is not drift") {
  CHECK_FALSE(rejected(Values{0.05}, 0.05, Correction::none)[0]);
  CHECK_FALSE(rejected(Values{0.0500198}, 0.05, Correction::none)[0]);  // el niño, June
  CHECK(rejected(Values{0.0499}, 0.05, Correction::none)[0]);
}

TEST_CASE("corrections count tests, not columns without a p-value") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Values p{0.011, nan, 0.02, 0.04, 0.6};
  CHECK(rejected(p, 0.05, Correction::none) == std::vector{true, false, true, true, false});
  CHECK(rejected(p, 0.05, Correction::bonferroni) == std::vector{true, false, false, false, false});
  // Steps 0.0125, 0.025, 0.0375, 0.05: 0.04 fails, 0.02 passes and takes 0.011 along.
  CHECK(rejected(p, 0.05, Correction::benjamini_hochberg) ==
        std::vector{true, false, true, false, false});
  CHECK(rejected({}, 0.05, Correction::benjamini_hochberg).empty());
}

TEST_CASE(
    "of 768 features without drift some five in a hundred alarm, and none after a correction") {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const KsPValues p_of(300, 280);
  Values p;
  for (int feature = 0; feature < 768; ++feature) {
    Values a(300);
    Values b(280);
    for (double& value : a) value = normal(random);
    for (double& value : b) value = normal(random);
    std::ranges::sort(a);
    std::ranges::sort(b);
    p.push_back(ks_two_sample(a, b).p);
  }
  CHECK(std::ranges::count(rejected(p, 0.05, Correction::none), true) < 77);
  CHECK(std::ranges::count(rejected(p, 0.05, Correction::none), true) > 15);
  CHECK(std::ranges::count(rejected(p, 0.05, Correction::benjamini_hochberg), true) <= 1);
}

TEST_CASE("ranges that overflow or underflow still have edges") {
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{{-largest, largest},
                                                                        {-1.7e308, 1.7e308},
                                                                        {0, denormal},
                                                                        {0, 7 * denormal},
                                                                        {largest, largest},
                                                                        {-largest, -largest},
                                                                        {1e300, 1e300},
                                                                        {0, 0},
                                                                        {-denormal, denormal}}) {
    CAPTURE(low);
    CAPTURE(high);
    const auto edges = equal_width_edges(low, high, 10);
    REQUIRE(edges.size() == 11);
    CHECK(std::ranges::is_sorted(edges));
    CHECK(std::ranges::all_of(edges, [](double edge) { return std::isfinite(edge); }));
    const auto counts = histogram(Values{low, high}, edges);
    CHECK(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) == 2);
  }
  CHECK(std::isfinite(specified_psi({-largest, 0}, {0, largest})));
}

TEST_CASE("an empty side gives NaN, never a crash") {
  const Values none;
  const Values some{1, 2, 3, 4, 5};
  for (const auto& [a, b] : {std::pair{none, some}, std::pair{some, none}, std::pair{none, none}}) {
    CHECK(std::isnan(ks_two_sample(a, b).statistic));
    CHECK(std::isnan(ks_two_sample(a, b).p));
    CHECK(std::isnan(wasserstein(a, b)));
    CHECK(std::isnan(energy_distance(a, b)));
    CHECK(std::isnan(cramer_von_mises(a, b).p));
    CHECK(std::isnan(anderson_darling(a, b).p));
    CHECK(std::isnan(mann_whitney(a, b, Alternative::less).p));
    CHECK(std::isnan(students_t(a, b, false).p));
    CHECK_FALSE(epps_singleton(a, b).has_value());
  }
  CHECK(std::isnan(KsPValues(0, 5)(0.1).p));
  CHECK(std::isnan(psi(Counts{0, 0}, Counts{1, 2})));
  CHECK(std::isnan(psi({}, {})));
  CHECK(std::isnan(jensen_shannon(Counts{1, 2}, Counts{0, 0}, 2)));
  CHECK(std::isnan(hellinger(Counts{0}, Counts{0})));
  CHECK(std::isnan(l_infinity(Counts{0}, Counts{3})));
  CHECK(std::isnan(chi_square_homogeneity(Counts{0, 0}, Counts{1, 2}).p));
  CHECK(std::isnan(two_proportions(0, 0, 1, 2).p));
  CHECK(fisher_exact(0, 0, 1, 2).p == 1);
  CHECK(quantile_edges({}, 10).empty());
}

TEST_CASE("the sides of a histogram distance are bounded") {
  const Counts left{10, 0};
  const Counts right{0, 10};
  CHECK(jensen_shannon(left, right, 2) == doctest::Approx(1));
  CHECK(hellinger(left, right) == doctest::Approx(1));
  CHECK(total_variation(left, right) == 1);
  CHECK(l_infinity(left, right) == 1);
  CHECK(psi(left, right) == doctest::Approx(18.4188386759).epsilon(1e-11));
}

TEST_CASE("a value that fills several quantiles has a bin of its own") {
  Values values(90, 0.0);
  for (int i = 1; i <= 10; ++i) values.push_back(i);
  const auto edges = quantile_edges(values, 10);
  const auto counts = histogram(values, edges);
  CHECK(counts.front() == 90);
  CHECK(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) == 100);
  // What the reference never saw falls in the outer bins.
  CHECK(histogram(Values{-5, 50}, edges, Outside::outer_bins).back() == 1);
  CHECK(histogram(Values{-5, 50}, edges) == Counts(counts.size(), 0));
  CHECK(histogram(Values(7, 3.0), quantile_edges(Values(7, 3.0), 10)).front() == 7);
}

TEST_CASE("a small p-value keeps its digits, and a costly one is cut where nobody looks") {
  const KsPValues exact(9999, 10000, KsMethod::exact);
  const KsPValues automatic(9999, 10000);
  CHECK(exact(0.1).p == doctest::Approx(5.692894561555429e-44).epsilon(1e-9));
  CHECK(automatic(0.1).p < 1e-12);
  CHECK(automatic(0.1).p > 0);
  CHECK(automatic(0.02).p == exact(0.02).p);
}

TEST_CASE("threads share the exact p-values of a matrix") {
  const KsPValues p_of(2000, 1999);
  const KsPValues alone(2000, 1999);
  std::vector<Values> results(4, Values(50));
  std::vector<std::jthread> threads;
  for (Values& result : results) {
    threads.emplace_back([&p_of, &result] {
      for (std::size_t i = 0; i < result.size(); ++i) {
        result[i] = p_of(0.01 + 0.001 * static_cast<double>(i)).p;
      }
    });
  }
  threads.clear();
  for (std::size_t i = 0; i < 50; ++i) {
    for (const Values& result : results) {
      CHECK(result[i] == alone(0.01 + 0.001 * static_cast<double>(i)).p);
    }
  }
}

TEST_CASE("Wilson's interval stays in [0, 1]") {
  CHECK(wilson_interval(0, 0).low == 0);
  CHECK(wilson_interval(0, 0).high == 1);
  CHECK(wilson_interval(0, 10).low == 0);
  CHECK(wilson_interval(0, 10).high == doctest::Approx(0.27753279).epsilon(1e-6));
  CHECK(wilson_interval(10, 10).high == 1);
}
