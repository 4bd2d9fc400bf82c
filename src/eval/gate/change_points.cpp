#include "mlopsctl/eval/change_points.hpp"

#include "mlopsctl/eval/gate_statistics.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::gate {

namespace {

struct Split {
  std::size_t at = 0;  // 0: none is possible
  double statistic = 0;
};

// Sum of the distances of a value from others.
double distances(double value, std::span<const double> others) {
  double sum = 0;
  for (const double other : others) sum += std::abs(value - other);
  return sum;
}

// The division with the largest energy: mn / (m + n) times twice the mean distance between the two
// sides less the mean distances within each.
Split best_split(std::span<const double> values, std::size_t least) {
  Split best;
  if (values.size() < 2 * least) return best;
  double left = 0, between = 0, right = 0;  // sums over pairs
  for (std::size_t i = 0; i < values.size(); ++i)
    right += distances(values[i], values.subspan(i + 1));
  for (std::size_t at = 1; at + least <= values.size(); ++at) {
    const double moved = values[at - 1];  // from the right side to the left one
    const double to_left = distances(moved, values.first(at - 1));
    const double to_right = distances(moved, values.subspan(at));
    left += to_left;
    right -= to_right;
    between += to_right - to_left;
    if (at < least) continue;
    const auto m = static_cast<double>(at), n = static_cast<double>(values.size() - at);
    const double energy = 2 * between / (m * n) - (m > 1 ? 2 * left / (m * (m - 1)) : 0) -
                          (n > 1 ? 2 * right / (n * (n - 1)) : 0);
    const double statistic = m * n / (m + n) * energy;
    if (best.at == 0 || statistic > best.statistic) best = {at, statistic};
  }
  return best;
}

class Divider {
 public:
  Divider(std::span<const double> values, const ChangeOptions& options)
      : values_(values), options_(options), random_(options.seed) {}

  void divide(std::size_t begin, std::size_t end) {
    const auto stretch = values_.subspan(begin, end - begin);
    const Split split = best_split(stretch, options_.least);
    if (split.at == 0 || !(split.statistic > 0)) return;
    const double p = chance_of(stretch, split.statistic);
    if (!(p < options_.alpha)) return;
    divide(begin, begin + split.at);
    changes_.push_back({.at = begin + split.at, .p = p});
    divide(begin + split.at, end);
  }

  std::vector<ChangePoint> take() {
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const std::size_t at = changes_[i].at, from = i == 0 ? 0 : changes_[i - 1].at;
      const std::size_t to = i + 1 < changes_.size() ? changes_[i + 1].at : values_.size();
      changes_[i].before = mean_of(values_.subspan(from, at - from));
      changes_[i].after = mean_of(values_.subspan(at, to - at));
    }
    return std::move(changes_);
  }

 private:
  // How often values in random order are divided as well.
  double chance_of(std::span<const double> stretch, double statistic) {
    std::vector<double> shuffled(stretch.begin(), stretch.end());
    // Sums of the same values in another order differ in the last digits.
    const double as_large = statistic * (1 - 1e-9);
    std::uint32_t larger = 1;
    for (std::uint32_t i = 0; i < options_.permutations; ++i) {
      for (std::size_t k = shuffled.size() - 1; k > 0; --k)
        std::swap(shuffled[k], shuffled[random_.below(static_cast<std::uint32_t>(k + 1))]);
      if (best_split(shuffled, options_.least).statistic >= as_large) ++larger;
    }
    return static_cast<double>(larger) / (options_.permutations + 1.0);
  }

  std::span<const double> values_;
  const ChangeOptions& options_;
  Random random_;
  std::vector<ChangePoint> changes_;
};

}  // namespace

std::vector<ChangePoint> change_points(std::span<const double> values,
                                       const ChangeOptions& options) {
  Divider divider(values, options);
  divider.divide(0, values.size());
  return divider.take();
}

}  // namespace mlopsctl::gate
