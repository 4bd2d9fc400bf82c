// Is what was measured after a change worse than before? Pure functions. Random ones take a seed
// and draw by a generator of their own, so that they give the same numbers on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mlopsctl::gate {

struct Range {
  double low = 0, high = 0;
};

// xoshiro256** seeded by splitmix64 (Blackman, Vigna).
class Random {
 public:
  explicit Random(std::uint64_t seed);
  std::uint64_t next();
  std::uint32_t below(std::uint32_t limit);  // from 0 to limit - 1
  double uniform();                          // [0, 1)
  double normal();

 private:
  std::uint64_t state_[4];
};

// Exact McNemar test of paired outcomes: `losses` were right before and are wrong now, `wins` the
// other way round. Pairs that agree say nothing.
struct McNemar {
  double worse = 1;      // P(at least so many losses) if both were as likely
  double two_sided = 1;  // as scipy.stats.binomtest(losses, losses + wins)
};
McNemar mcnemar(std::uint64_t losses, std::uint64_t wins);

// scipy.stats.wilcoxon(differences, correction=False, alternative="greater"): exact for at most 50
// pairs without ties and zeros and, as scipy, by all signs for at most 13 with them; else normal. p
// is 1 without any difference.
struct SignedRank {
  double statistic = 0;  // sum of the ranks of the positive ones
  double greater = 1;    // p: the differences tend to be above 0
};
SignedRank wilcoxon(std::span<const double> differences);

// Percentile interval of the mean by resampling. With groups (one number a value) whole groups are
// drawn: values of one group are not independent (Miller, arXiv 2411.00640).
struct BootstrapOptions {
  std::uint32_t resamples = 10'000;
  std::uint64_t seed = 1234;
  double confidence = 0.95;
};
Range bootstrap_mean(std::span<const double> values, std::span<const std::uint32_t> groups,
                     const BootstrapOptions& options);
// Of quantile(current) / quantile(reference), two independent samples.
Range bootstrap_quantile_ratio(std::span<const double> reference, std::span<const double> current,
                               double quantile, const BootstrapOptions& options);

// Holm's adjusted p-values, in the order given; NaN is no test and stays NaN.
std::vector<double> holm(std::span<const double> p);

// The smallest drop of a proportion that a one-sided McNemar test at `alpha` finds with this power,
// if a share `discordance` of n pairs changes (normal approximation, Lachin 1992; never fewer than
// the losses that could be significant at all). Nothing if even losing every pair could not be.
std::optional<double> detectable_drop(std::uint64_t n, double discordance, double alpha,
                                      double power = 0.8);
// The smallest rise of a mean of so many values a side that a one-sided Mann-Whitney test finds, as
// a share of it, if the values' standard deviation is `variation` times their mean.
double detectable_rise(std::uint64_t n_reference, std::uint64_t n_current, double variation,
                       double alpha, double power = 0.8);

double mean_of(std::span<const double> values);
double median_of(std::span<const double> values);
// Median of the distances from the median; times 1.4826 it estimates the standard deviation of a
// normal sample.
double median_deviation(std::span<const double> values);

double normal_tail(double z);             // P(Z > z)
double normal_point(double probability);  // z with P(Z <= z) = probability

// May these samples be decided on already? Looks share alpha (alpha / looks each), so that looking
// again does not raise the chance of a false alarm.
enum class Decision { pass, fail, undecided };
struct RatioRule {
  double threshold = 0.05;  // a rise of the ratio by more is a regression
  double alpha = 0.01;
  std::uint32_t looks = 3;
  std::uint64_t seed = 1234;
};
// Pairs measured side by side (current[i] right beside reference[i]). fail: the median ratio is
// above 1 + threshold and Wilcoxon's test of log(current / reference) agrees. pass: it surely is
// not above (the same test of the other direction against log(1 + threshold)).
struct PairedRatio {
  double ratio = 1;               // exp(median of the log-ratios)
  Range interval;                 // at 1 - 2 * alpha / looks
  double slower = 1, within = 1;  // the two p-values
  Decision decision = Decision::undecided;
};
PairedRatio paired_ratio(std::span<const double> reference, std::span<const double> current,
                         const RatioRule& rule);

}  // namespace mlopsctl::gate
