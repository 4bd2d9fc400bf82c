// Anderson (1962) for the statistic and its limit, Xiao, Gordon and Yakovlev (2007) for the exact
// law.
#include "mlopsctl/drift/statistics.hpp"

#include "drift/distributions.hpp"
#include "drift/joined.hpp"
#include "drift/moments.hpp"
#include "drift/nan.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>

namespace mlopsctl::drift {

namespace {

constexpr std::size_t largest_exact = 20;

// Σ (rank - index)² over one side: indices of equal values are consecutive, their rank is one.
struct RankSquares {
  Sum sum;
  void add(double midrank, std::size_t before, std::size_t count) {
    for (std::size_t i = 1; i <= count; ++i) {
      const double difference = midrank - static_cast<double>(before + i);
      sum.add(difference * difference);
    }
  }
};

// How many paths have which sum of squares, ascending; sums from `limit` on share the last entry.
struct Frequency {
  std::int64_t value;
  double paths;
};
using Frequencies = std::vector<Frequency>;

Frequencies merged(const Frequencies& a, const Frequencies& b, std::int64_t shift,
                   std::int64_t limit) {
  Frequencies result;
  result.reserve(a.size() + b.size());
  const auto append = [&](Frequency one) {
    one.value = std::min(one.value + shift, limit);
    if (!result.empty() && result.back().value == one.value) {
      result.back().paths += one.paths;
    } else {
      result.push_back(one);
    }
  };
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() || j != b.end()) {
    append(j == b.end() || (i != a.end() && i->value <= j->value) ? *i++ : *j++);
  }
  return result;
}

// P(U >= u) over all ways to interleave the samples.
double exact_p(double u, std::int64_t m, std::int64_t n) {
  const std::int64_t lcm = std::lcm(m, n);
  const std::int64_t a = lcm / m;
  const std::int64_t b = lcm / n;
  const double mn = static_cast<double>(m * n);
  const double numerator = static_cast<double>(lcm * lcm * (m + n)) * (6 * u - mn * (4 * mn - 1));
  const double denominator = 6 * mn * mn;
  const double rest = std::fmod(numerator, denominator);
  const double zeta =
      std::round((numerator - rest) / denominator) - (rest < 0 ? 1 : 0);  // rounded down
  const auto limit = static_cast<std::int64_t>(std::max(zeta, 0.0));
  std::vector<Frequencies> row(static_cast<std::size_t>(m) + 1);
  row[0] = {{0, 1.0}};
  for (std::int64_t i = 0; i <= n; ++i) {
    Frequencies left;
    for (std::int64_t j = 0; j <= m; ++j) {
      const std::int64_t height = a * j - b * i;
      Frequencies& cell = row[static_cast<std::size_t>(j)];
      cell = merged(left, cell, height * height, limit);
      left = cell;
    }
  }
  double all = 0;
  double above = 0;
  for (const auto& [value, paths] : row.back()) {
    all += paths;
    if (value >= limit) above += paths;
  }
  return above / all;
}

// The limiting distribution function of the one-sample statistic, with scipy's end of the series.
double limit_cdf(double x) {
  constexpr double smallest_term = 1e-7;
  double sum = 0;
  double gamma_ratio = std::sqrt(std::numbers::pi);  // Γ(k+½)/Γ(k+1)
  for (int k = 0; k < 1000000; ++k) {
    if (k > 0) gamma_ratio *= (k - 0.5) / k;
    const double y = 4 * k + 1;
    const double q = y * y / (16 * x);
    const double term = gamma_ratio / (std::pow(std::numbers::pi, 1.5) * std::sqrt(x)) *
                        std::sqrt(y) * std::exp(-q) * bessel_k(0.25, q);
    sum += term;
    if (!(std::abs(term) >= smallest_term)) break;
  }
  return sum;
}

double limit_p(double t, double n1, double n2) {
  const double k = n1 * n2;
  const double n = n1 + n2;
  const double expected = (1 + 1 / n) / 6;
  const double variance =
      (n + 1) * (4 * k * n - 3 * (n1 * n1 + n2 * n2) - 2 * k) / (45 * n * n * 4 * k);
  const double normalised = 1.0 / 6 + (t - expected) / std::sqrt(45 * variance);
  if (normalised < 0.003) return 1;
  return std::max(0.0, 1 - limit_cdf(normalised));
}

}  // namespace

TestValue cramer_von_mises(std::span<const double> reference, std::span<const double> current) {
  if (reference.size() < 2 || current.size() < 2) return {nan, nan};
  RankSquares squares1;
  RankSquares squares2;
  for_each_joined(reference, current, [&](const JoinedValue& run) {
    squares1.add(run.midrank(), run.before1, run.count1);
    squares2.add(run.midrank(), run.before2, run.count2);
  });
  const double n1 = static_cast<double>(reference.size());
  const double n2 = static_cast<double>(current.size());
  const double u = n1 * squares1.sum.value() + n2 * squares2.sum.value();
  const double t = u / (n1 * n2 * (n1 + n2)) - (4 * n1 * n2 - 1) / (6 * (n1 + n2));
  if (std::max(reference.size(), current.size()) <= largest_exact) {
    return {t, exact_p(u, static_cast<std::int64_t>(reference.size()),
                       static_cast<std::int64_t>(current.size()))};
  }
  return {t, limit_p(t, n1, n2)};
}

}  // namespace mlopsctl::drift
