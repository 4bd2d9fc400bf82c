#include "mlopsctl/drift/statistics.hpp"

#include "drift/nan.hpp"
#include "drift/shares.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

// Σ term(share of the reference, share of the current side).
template <typename Term>
double sum_over(const SharePair& shares, Term term) {
  if (shares.empty()) return nan;
  double sum = 0;
  for (std::size_t k = 0; k < shares.size(); ++k)
    sum += term(shares.reference[k], shares.current[k]);
  return sum;
}

// p log(p/q), 0 for p = 0.
double relative_entropy(double p, double q) { return p > 0 ? p * std::log(p / q) : 0; }

}  // namespace

double psi(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> current,
           double zero) {
  return sum_over(SharePair(reference, current, zero),
                  [](double p, double c) { return (c - p) * std::log(c / p); });
}

double jensen_shannon(std::span<const std::uint64_t> reference,
                      std::span<const std::uint64_t> current, double base) {
  const double divergence = sum_over(SharePair(reference, current), [](double p, double c) {
    const double middle = (p + c) / 2;
    return relative_entropy(p, middle) + relative_entropy(c, middle);
  });
  if (std::isnan(divergence)) return nan;
  return std::sqrt(std::max(divergence, 0.0) / 2 / std::log(base));
}

double kullback_leibler(std::span<const std::uint64_t> reference,
                        std::span<const std::uint64_t> current, double zero) {
  const SharePair shares(reference, current, zero);
  if (shares.empty()) return nan;
  const double p_total = sum_over(shares, [](double p, double) { return p; });
  const double c_total = sum_over(shares, [](double, double c) { return c; });
  return sum_over(shares,
                  [&](double p, double c) { return relative_entropy(p / p_total, c / c_total); });
}

double hellinger(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> current) {
  // Equal to √(1 - Σ√(pq)), and exact near 0.
  return std::sqrt(sum_over(SharePair(reference, current), [](double p, double c) {
    const double difference = std::sqrt(p) - std::sqrt(c);
    return difference * difference / 2;
  }));
}

double total_variation(std::span<const std::uint64_t> reference,
                       std::span<const std::uint64_t> current) {
  return sum_over(SharePair(reference, current),
                  [](double p, double c) { return std::abs(p - c) / 2; });
}

double l_infinity(std::span<const std::uint64_t> reference,
                  std::span<const std::uint64_t> current) {
  double largest = 0;
  const double sum = sum_over(SharePair(reference, current), [&](double p, double c) {
    largest = std::max(largest, std::abs(p - c));
    return 0.0;
  });
  return std::isnan(sum) ? nan : largest;
}

}  // namespace mlopsctl::drift
