// Tests of pairs: McNemar, Wilcoxon's signed ranks, Holm's correction.
#include "mlopsctl/eval/gate_statistics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace mlopsctl::gate {

namespace {

// P(X >= k) of n fair coins, summed from the smaller side so that small tails keep their digits.
double fair_tail(std::uint64_t k, std::uint64_t n) {
  if (k == 0) return 1;
  if (2 * k <= n) return 1 - fair_tail(n - k + 1, n);
  const double size = static_cast<double>(n);
  const double at = static_cast<double>(k);
  double term = std::exp(std::lgamma(size + 1) - std::lgamma(at + 1) - std::lgamma(size - at + 1) -
                         size * std::log(2.0));
  double sum = 0;
  for (std::uint64_t i = k; i <= n && term > 0; ++i) {
    const double before = sum;
    sum += term;
    if (sum == before) break;
    term *= static_cast<double>(n - i) / static_cast<double>(i + 1);
  }
  return std::min(sum, 1.0);
}

struct Ranked {
  std::vector<double> ranks;  // of the absolute differences, ties averaged
  std::vector<bool> positive;
  double ties = 0;  // sum of t^3 - t
};

Ranked ranked(std::span<const double> differences) {
  std::vector<double> values;
  for (const double d : differences) {
    if (d != 0 && !std::isnan(d)) values.push_back(d);
  }
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::abs(values[i]); });
  Ranked result{.ranks = std::vector<double>(values.size())};
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && std::abs(values[order[end]]) == std::abs(values[order[begin]])) {
      ++end;
    }
    const double count = static_cast<double>(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      result.ranks[order[i]] = static_cast<double>(begin + end + 1) / 2;
    }
    result.ties += count * count * count - count;
  }
  for (const double value : values) result.positive.push_back(value > 0);
  return result;
}

// P(W >= statistic): of the 2^n signs, in how many do the ranks sum up to so much.
double exact_signs(double statistic, std::size_t n) {
  const std::size_t most = n * (n + 1) / 2;
  std::vector<double> ways(most + 1);  // at most 2^50: exact
  ways[0] = 1;
  for (std::size_t rank = 1; rank <= n; ++rank) {
    for (std::size_t sum = rank * (rank + 1) / 2; sum >= rank; --sum) ways[sum] += ways[sum - rank];
  }
  double tail = 0;
  for (auto sum = static_cast<std::size_t>(statistic); sum <= most; ++sum) tail += ways[sum];
  return tail / std::exp2(static_cast<double>(n));
}

// All signs of tied ranks. As scipy.stats.permutation_test, which counts a zero's sign too: it
// changes nothing. Sums of halves are exact.
double enumerated_signs(double statistic, const std::vector<double>& ranks) {
  const std::uint32_t all = std::uint32_t{1} << ranks.size();
  std::uint32_t reached = 0;
  for (std::uint32_t signs = 0; signs < all; ++signs) {
    double sum = 0;
    for (std::uint32_t left = signs; left != 0; left &= left - 1) {
      sum += ranks[static_cast<std::size_t>(std::countr_zero(left))];
    }
    if (sum >= statistic) ++reached;
  }
  return static_cast<double>(reached) / static_cast<double>(all);
}

}  // namespace

McNemar mcnemar(std::uint64_t losses, std::uint64_t wins) {
  const std::uint64_t changed = losses + wins;
  const double more = fair_tail(std::max(losses, wins), changed);
  return {.worse = fair_tail(losses, changed),
          .two_sided = changed == 0 ? 1 : std::min(1.0, 2 * more)};
}

SignedRank wilcoxon(std::span<const double> differences) {
  constexpr std::size_t most_exact = 50, most_enumerated = 13;
  const Ranked r = ranked(differences);
  const std::size_t count = r.ranks.size();
  SignedRank result;
  for (std::size_t i = 0; i < count; ++i) {
    if (r.positive[i]) result.statistic += r.ranks[i];
  }
  if (count == 0) return result;
  const bool plain = r.ties == 0 && count == differences.size();
  if (plain && count <= most_exact) {
    result.greater = exact_signs(result.statistic, count);
  } else if (!plain && differences.size() <= most_enumerated) {
    result.greater = enumerated_signs(result.statistic, r.ranks);
  } else {
    const double n = static_cast<double>(count);
    const double deviation = std::sqrt((n * (n + 1) * (2 * n + 1) - r.ties / 2) / 24);
    result.greater = normal_tail((result.statistic - n * (n + 1) / 4) / deviation);
  }
  return result;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.size(), std::numeric_limits<double>::quiet_NaN());
  double most = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    most = std::max(most, static_cast<double>(order.size() - k) * p[order[k]]);
    adjusted[order[k]] = std::min(most, 1.0);
  }
  return adjusted;
}

}  // namespace mlopsctl::gate
