// Order statistics, the normal distribution, and what a test of a given size can see.
#include "mlopsctl/eval/gate_statistics.hpp"
#include "mlopsctl/eval/latency.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace mlopsctl::gate {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Losses without a win that are just significant.
std::uint64_t fewest_losses(double alpha) {
  return static_cast<std::uint64_t>(std::ceil(-std::log2(alpha) - 1e-9));
}

}  // namespace

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? nan : sum / static_cast<double>(values.size());
}

double median_of(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  return mlopsctl::quantile(sorted, 0.5);
}

double median_deviation(std::span<const double> values) {
  const double middle = median_of(values);
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(value - middle));
  return median_of(distances);
}

double normal_tail(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

// Bisection of the tail: fifty steps are nothing beside a bootstrap, and no table is needed.
double normal_point(double probability) {
  if (!(probability > 0 && probability < 1)) return nan;
  if (probability > 0.5) return -normal_point(1 - probability);
  double low = -40, high = 0;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (normal_tail(-middle) < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

std::optional<double> detectable_drop(std::uint64_t n, double discordance, double alpha,
                                      double power) {
  if (n == 0 || fewest_losses(alpha) > n) return std::nullopt;
  const double size = static_cast<double>(n);
  const double least = static_cast<double>(fewest_losses(alpha)) / size;
  // n = (z_alpha sqrt(psi) + z_power sqrt(psi - d^2))^2 / d^2; a drop makes at least as many pairs
  // differ as it is large.
  const double z_alpha = -normal_point(alpha), z_power = normal_point(power);
  const auto needed = [&](double drop) {
    const double share = std::max(discordance, drop);
    const double root =
        z_alpha * std::sqrt(share) + z_power * std::sqrt(std::max(share - drop * drop, 0.0));
    return root * root / (drop * drop);
  };
  double low = 1e-9, high = 1;
  if (needed(high) > size) return std::nullopt;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (needed(middle) > size ? low : high) = middle;
  }
  return std::max(high, least);
}

double detectable_rise(std::uint64_t n_reference, std::uint64_t n_current, double variation,
                       double alpha, double power) {
  constexpr double efficiency = 3 / std::numbers::pi;  // of Mann-Whitney beside the t-test
  if (n_reference == 0 || n_current == 0) return nan;
  const double both = 1 / static_cast<double>(n_reference) + 1 / static_cast<double>(n_current);
  return (normal_point(power) - normal_point(alpha)) * variation * std::sqrt(both / efficiency);
}

PairedRatio paired_ratio(std::span<const double> reference, std::span<const double> current,
                         const RatioRule& rule) {
  const std::size_t pairs = std::min(reference.size(), current.size());
  const double limit = std::log1p(rule.threshold);
  std::vector<double> logs(pairs), under(pairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    logs[i] = std::log(current[i] / reference[i]);
    under[i] = limit - logs[i];
  }
  PairedRatio result;
  const double alpha = rule.alpha / rule.looks;
  result.ratio = std::exp(median_of(logs));
  result.slower = wilcoxon(logs).greater;
  result.within = wilcoxon(under).greater;
  const Range range = bootstrap_quantile_ratio(
      std::vector<double>{1.0},
      [&] {
        std::vector<double> ratios(pairs);
        std::ranges::transform(logs, ratios.begin(), [](double log) { return std::exp(log); });
        return ratios;
      }(),
      0.5, {.seed = rule.seed, .confidence = 1 - 2 * alpha});
  result.interval = range;
  if (result.ratio > 1 + rule.threshold) {
    if (result.slower < alpha) result.decision = Decision::fail;
  } else if (result.within < alpha) {
    result.decision = Decision::pass;
  }
  return result;
}

}  // namespace mlopsctl::gate
