// Two-sample tests and distances: pure functions over sorted samples or counts. Definitions and
// golden numbers: scipy 1.10 unless a line says otherwise. Samples hold finite values only; an
// empty sample gives NaN.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace mlopsctl::drift {

// A statistic with its p-value. p is NaN for a distance that has none.
struct TestValue {
  double statistic = 0;
  double p = 0;
};

enum class KsMethod { automatic, exact, asymptotic };
enum class Alternative { two_sided, less, greater };

struct KsValue {
  double statistic = 0;
  double p = 1;
  int sign = 1;  // +1: the reference lies to the left at the location
  double location = 0;
  bool exact = false;  // which p-value was taken
};

// scipy.stats.ks_2samp. Both sorted ascending.
KsValue ks_two_sample(std::span<const double> reference, std::span<const double> current,
                      KsMethod method = KsMethod::automatic,
                      Alternative alternative = Alternative::two_sided);
KsValue ks_two_sample(std::span<const std::int64_t> reference,
                      std::span<const std::int64_t> current, KsMethod method = KsMethod::automatic,
                      Alternative alternative = Alternative::two_sided);
// The two-sided p-value (and the statistic that scipy reports beside it) of a known difference `d`
// of sizes n1, n2; NaN if a size is 0. Exact values are kept, so the columns of one matrix share
// them. Calls may come from several threads. Where the exact value would cost milliseconds,
// `automatic` takes p < 1e-12 from the limit law; `exact` never does.
class KsPValues {
 public:
  KsPValues(std::uint64_t n1, std::uint64_t n2, KsMethod method = KsMethod::automatic);
  KsPValues(KsPValues&&) noexcept;
  KsPValues& operator=(KsPValues&&) noexcept;
  ~KsPValues();
  struct Value {
    double statistic;
    double p;
    bool exact;
  };
  Value operator()(double d) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};
// Survival function of the two-sided one-sample statistic D_n, as scipy.stats.kstwo.sf; NaN if n
// < 1.
double kstwo_sf(double x, std::int64_t n);

// Population stability index; shares of 0 become `zero` without renormalising (drift.md §1.5).
double psi(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> current,
           double zero = 0.0001);

// Distances between two histograms or category counts of the same bins; 0 for equal shares. NaN if
// a side has no rows.
//
// √(½KL(p‖m) + ½KL(q‖m)), m = (p+q)/2, as scipy's distance.jensenshannon: at most √(ln 2 / ln
// base).
double jensen_shannon(std::span<const std::uint64_t> reference,
                      std::span<const std::uint64_t> current, double base);
// Σ p ln(p/q), p of the reference; shares of 0 become `zero` and both sides are then renormalised,
// as Evidently and scipy.stats.entropy do.
double kullback_leibler(std::span<const std::uint64_t> reference,
                        std::span<const std::uint64_t> current, double zero = 0.0001);
// √(1 - Σ√(pq))
double hellinger(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> current);
// ½ Σ|p - q|
double total_variation(std::span<const std::uint64_t> reference,
                       std::span<const std::uint64_t> current);
// max |p - q|
double l_infinity(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> current);

// Distances and tests between sorted samples, as the function of scipy.stats that is named.
//
// wasserstein_distance, energy_distance
double wasserstein(std::span<const double> reference, std::span<const double> current);
double energy_distance(std::span<const double> reference, std::span<const double> current);
// cramervonmises_2samp: exact if both sides have at most 20 rows, else the limit law. NaN with one
// row.
TestValue cramer_von_mises(std::span<const double> reference, std::span<const double> current);
// anderson_ksamp of two samples, midrank. p lies between 0.001 and 0.25, where the table of Scholz
// and Stephens ends. NaN with fewer than four rows in all or one value only.
TestValue anderson_darling(std::span<const double> reference, std::span<const double> current);
// mannwhitneyu, method auto: exact if a side has at most 8 rows and nothing is tied (and the other
// at most 200000), else normal with correction for ties and continuity. `less`: the reference tends
// to smaller values.
TestValue mann_whitney(std::span<const double> reference, std::span<const double> current,
                       Alternative alternative);
// The same of counts in the same classes, ascending: values within one are tied.
TestValue mann_whitney_counts(std::span<const std::uint64_t> reference,
                              std::span<const std::uint64_t> current, Alternative alternative);
// ttest_ind, two-sided: Student's, or Welch's without equal variance. NaN with one row on a side.
TestValue students_t(std::span<const double> reference, std::span<const double> current,
                     bool equal_variance);
// epps_singleton_2samp; nothing if a side has fewer than five rows or the interquartile range of
// both together is 0.
std::optional<TestValue> epps_singleton(std::span<const double> reference,
                                        std::span<const double> current);

// Tests on counts of the same categories; those that occur on neither side are left out. With one
// category left the statistic is 0 and p is 1.
//
// Of the 2×k table, chi2_contingency: are both sides from one distribution? With two categories
// Yates' correction is made.
TestValue chi_square_homogeneity(std::span<const std::uint64_t> reference,
                                 std::span<const std::uint64_t> current);
// chisquare(current, scaled reference), as Evidently: takes the reference for exact, so it is too
// ready to find drift; a new category makes it infinite.
TestValue chi_square_goodness_of_fit(std::span<const std::uint64_t> reference,
                                     std::span<const std::uint64_t> current);
// The log-likelihood ratio of the 2×k table, chi2_contingency(correction=False,
// lambda_="log-likelihood").
TestValue g_test(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> current);
// Pooled z of hits1/n1 - hits2/n2, two-sided. Both constant and equal: 0, p = 1.
TestValue two_proportions(std::uint64_t hits1, std::uint64_t n1, std::uint64_t hits2,
                          std::uint64_t n2);
// Of the table ((a, b), (c, d)), two-sided; the statistic is the odds ratio. An empty row or
// column: NaN, p = 1.
TestValue fisher_exact(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d);

// Wilson's score interval of a share; all of [0, 1] if n is 0.
struct Interval {
  double low = 0;
  double high = 1;
};
Interval wilson_interval(std::uint64_t hits, std::uint64_t n, double confidence = 0.95);

// Edges (bins + 1) of equal width as numpy.linspace builds them. low == high is widened by ½ on
// both sides as numpy does; a range that overflows or underflows still gives finite, ascending
// edges.
std::vector<double> equal_width_edges(double low, double high, std::size_t bins);
// Counts by numpy.histogram's rule: edge k <= x < edge k+1, and the last bin includes its end.
// Edges ascend; values come in any order, NaN is not counted. What lies outside is ignored, or goes
// to the outer bins.
enum class Outside { ignore, outer_bins };
std::vector<std::uint64_t> histogram(std::span<const double> values, std::span<const double> edges,
                                     Outside outside = Outside::ignore);
// numpy.quantile at 0, 1/bins … 1, equal ones merged: a value that several quantiles share gets a
// bin of its own. Count the current side with Outside::outer_bins.
std::vector<double> quantile_edges(std::span<const double> sorted_reference, std::size_t bins);
// How many bins numpy takes for `bins="sturges"` of n values that span `range` (its rounding
// depends on it when n is a power of two), and for "doane". 1 where the values do not differ.
std::size_t sturges_bins(std::uint64_t n, double range = 1);
std::size_t doane_bins(std::span<const double> sorted);

// Which of the p-values are drift at level alpha: p < alpha, strictly. A NaN is never drift and
// does not count as a test.
enum class Correction { none, bonferroni, benjamini_hochberg };
std::vector<bool> rejected(std::span<const double> p, double alpha, Correction correction);

}  // namespace mlopsctl::drift
