#include "drift/kolmogorov.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace mlopsctl::drift {

namespace {

constexpr int scale_bits = 128;

// The boundaries n·F(t) ± nx cross integers at 2n+2 times; `f` is the fractional part of nx.
struct Band {
  int n;
  int whole;  // floor(nx)
  int ceil_f;
  int round_f;

  // First and last non-zero column of row i.
  std::pair<int, int> columns(int i) const {
    int first = 0;
    int last = 0;
    const int half = (i + 1) / 2;
    if (i == 0) {
      first = -whole - ceil_f - 1;
      last = whole + ceil_f - 1;
    } else if (i % 2 == 1 && half == n + 1) {
      first = n - whole - ceil_f - 1;
      last = n + whole + ceil_f - 1;
    } else if (i % 2 == 1) {
      first = half - 1 - whole - round_f - 1;
      last = half + whole - 1 + ceil_f - 1;
    } else {
      first = half - 1 - whole - 1;
      last = half + whole + round_f - 1;
    }
    return {std::max(first + 2, 0), std::min(last, n)};
  }
};

// rate^m/m!: Poisson probabilities without their normalising factor.
std::vector<double> poisson_weights(double rate, int count) {
  std::vector<double> weights(static_cast<std::size_t>(count), 1.0);
  for (std::size_t m = 1; m < weights.size(); ++m) {
    weights[m] = weights[m - 1] * rate / static_cast<double>(m);
  }
  return weights;
}

}  // namespace

double kolmogorov_pomeranz(std::int64_t count, double x) {
  const int n = static_cast<int>(count);
  const double nx = n * x;
  const int whole = static_cast<int>(std::floor(nx));
  const double f = nx - whole;
  const double g = std::min(f, 1 - f);
  const Band band{n, whole, f > 0 ? 1 : 0, f > 0.5 ? 1 : 0};
  const int width = 2 * (whole + 1);
  const auto outer = poisson_weights(g / n, width);
  const auto odd = poisson_weights(2 * g / n, width);
  const auto even = poisson_weights((1 - 2 * g) / n, width);

  std::vector<double> before;
  std::vector<double> now{1.0};
  int before_start = band.columns(0).first;
  int bits = 0;
  for (int i = 1; i <= 2 * n + 1; ++i) {
    before.swap(now);
    const auto [first, last] = band.columns(i);
    const auto& weights = i == 1 || i == 2 * n + 1 ? outer : i % 2 == 1 ? odd : even;
    now.assign(static_cast<std::size_t>(std::max(last - first + 1, 0)), 0.0);
    double largest = 0;
    for (int j = first; j <= last; ++j) {
      double sum = 0;
      const int from = std::max(before_start, j - width + 1);
      const int to = std::min(j, before_start + static_cast<int>(before.size()) - 1);
      for (int k = from; k <= to; ++k) {
        sum += before[static_cast<std::size_t>(k - before_start)] *
               weights[static_cast<std::size_t>(j - k)];
      }
      now[static_cast<std::size_t>(j - first)] = sum;
      largest = std::max(largest, sum);
    }
    if (largest > 0 && largest < std::ldexp(1.0, -scale_bits)) {
      for (double& value : now) value = std::ldexp(value, scale_bits);
      bits -= scale_bits;
    }
    before_start = first;
  }
  const int index = n - before_start;
  if (index < 0 || static_cast<std::size_t>(index) >= now.size()) return 0;
  double p = now[static_cast<std::size_t>(index)];
  for (int m = 1; m <= n; ++m) {
    if (p > std::ldexp(1.0, scale_bits)) {
      p = std::ldexp(p, -scale_bits);
      bits += scale_bits;
    }
    p *= m;
  }
  return std::clamp(std::ldexp(p, bits), 0.0, 1.0);
}

}  // namespace mlopsctl::drift
