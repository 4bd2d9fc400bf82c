// U(i,j), the probability that a random path to (i,j) has been outside, is 1 on outside cells and
// (i U(i-1,j) + j U(i,j-1)) / (i+j) elsewhere. scipy walks column by column, where each cell waits
// for the one below it; the cells of an antidiagonal i+j = s do not depend on each other, so a
// whole diagonal is computed at once. And a path seen from its far end is a path: the half way up
// to the middle is enough, met there by its own mirror image.
#include "drift/lattice_paths.hpp"

#include <algorithm>
#include <vector>

namespace mlopsctl::drift {

namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return quotient * b > a ? quotient - 1 : quotient;
}

// out[k] = (i in[k-1] + j in[k]) / s with i = first + k, j = s - i. Two independent arrays, no
// branch: the compiler's own vectors do the rest.
void next_diagonal(const double* __restrict in, double* __restrict out, std::int64_t first,
                   std::int64_t count, std::int64_t s) {
  using Pack = double __attribute__((vector_size(16)));
  const double inverse = 1 / static_cast<double>(s);
  const double total = static_cast<double>(s);
  double i = static_cast<double>(first);
  std::int64_t k = 0;
  for (; k + 2 <= count; k += 2, i += 2) {
    const Pack left{in[k - 1], in[k]};
    const Pack right{in[k], in[k + 1]};
    const Pack across{i, i + 1};
    const Pack value = (across * left + (total - across) * right) * inverse;
    out[k] = value[0];
    out[k + 1] = value[1];
  }
  if (k < count) out[k] = (i * in[k - 1] + (total - i) * in[k]) * inverse;
}

// One antidiagonal: U of the cells lo … hi (by i), which are on the grid and inside the band; every
// other cell that a path can reach is outside.
class Diagonal {
 public:
  Diagonal(std::int64_t m, std::int64_t n, std::int64_t mg, std::int64_t ng, std::int64_t h,
           bool both_sides)
      : m_(m),
        n_(n),
        mg_(mg),
        ng_(ng),
        h_(h),
        both_sides_(both_sides),
        now_(size()),
        next_(size()) {}  // (0,0) is inside

  void advance() {
    const std::int64_t s = ++s_;
    const std::int64_t sum = mg_ + ng_;
    const std::int64_t last_inside = -floor_divide(-(mg_ * s + h_), sum) - 1;
    const std::int64_t first_inside = both_sides_ ? floor_divide(mg_ * s - h_, sum) + 1 : 0;
    const std::int64_t lo = std::max({std::int64_t{0}, s - n_, first_inside});
    const std::int64_t hi = std::min({s, m_, last_inside});
    // now_[1 + i - lo_] is cell i of the diagonal before; its neighbours beyond the ends are
    // outside.
    const std::int64_t offset = lo - lo_;
    if (hi >= lo) next_diagonal(now_.data() + 1 + offset, next_.data() + 1, lo, hi - lo + 1, s);
    now_.swap(next_);
    now_[0] = 1;
    now_[static_cast<std::size_t>(std::max<std::int64_t>(hi - lo, -1) + 2)] = 1;
    now_[static_cast<std::size_t>(std::max<std::int64_t>(hi - lo, -1) + 3)] = 1;
    lo_ = lo;
    hi_ = hi;
  }

  std::int64_t s() const { return s_; }
  // First and last cell of the grid on this diagonal.
  std::int64_t first() const { return std::max<std::int64_t>(0, s_ - n_); }
  std::int64_t last() const { return std::min(s_, m_); }
  double at(std::int64_t i) const {
    return i < lo_ || i > hi_ ? 1.0 : now_[static_cast<std::size_t>(1 + i - lo_)];
  }

 private:
  std::size_t size() const { return static_cast<std::size_t>(std::min(m_, n_) + 5); }

  std::int64_t m_, n_, mg_, ng_, h_;
  bool both_sides_;
  std::int64_t s_ = 0;
  std::int64_t lo_ = 0, hi_ = 0;
  std::vector<double> now_, next_;
};

// Probability that a random path to (m,n) passes each cell of the diagonal s: hypergeometric.
std::vector<double> passing(std::int64_t m, std::int64_t n, std::int64_t s, std::int64_t first,
                            std::int64_t last) {
  // From the mode outwards by ratios, then normalised: no factorial, no loss.
  std::vector<double> weights(static_cast<std::size_t>(last - first + 1), 0.0);
  const std::int64_t mode = std::clamp((s + 1) * (m + 1) / (m + n + 2), first, last);
  const auto ratio = [&](std::int64_t i) {  // weight(i+1) / weight(i)
    return static_cast<double>(m - i) * static_cast<double>(s - i) /
           (static_cast<double>(i + 1) * static_cast<double>(n - s + i + 1));
  };
  const auto weight = [&](std::int64_t i) -> double& {
    return weights[static_cast<std::size_t>(i - first)];
  };
  weight(mode) = 1;
  double total = 1;
  for (std::int64_t i = mode; i < last; ++i) total += weight(i + 1) = weight(i) * ratio(i);
  for (std::int64_t i = mode; i > first; --i) total += weight(i - 1) = weight(i) / ratio(i - 1);
  for (double& one : weights) one /= total;
  return weights;
}

}  // namespace

double lattice_two_sided(const KsLattice& lattice, std::int64_t h) {
  const auto m = static_cast<std::int64_t>(lattice.n1);
  const auto n = static_cast<std::int64_t>(lattice.n2);
  const auto g = static_cast<std::int64_t>(lattice.gcd);
  Diagonal diagonal(m, n, m / g, n / g, h, true);
  const std::int64_t middle = (m + n) / 2;
  while (diagonal.s() < middle) diagonal.advance();

  std::vector<double> half;
  const std::int64_t first = diagonal.first();
  const std::int64_t last = diagonal.last();
  for (std::int64_t i = first; i <= last; ++i) half.push_back(diagonal.at(i));
  const std::vector<double> weights = passing(m, n, middle, first, last);
  // Cell i of this diagonal is cell m-i of the mirrored one, which is one further if m+n is odd.
  if ((m + n) % 2 == 1) diagonal.advance();
  double p = 0;
  for (std::int64_t i = first; i <= last; ++i) {
    const double here = half[static_cast<std::size_t>(i - first)];
    const double there = diagonal.at(m - i);
    p += weights[static_cast<std::size_t>(i - first)] * (here + there * (1 - here));
  }
  return p;
}

double lattice_one_sided(const KsLattice& lattice, std::int64_t h) {
  const auto m = static_cast<std::int64_t>(lattice.n1);
  const auto n = static_cast<std::int64_t>(lattice.n2);
  const auto g = static_cast<std::int64_t>(lattice.gcd);
  Diagonal diagonal(m, n, m / g, n / g, h, false);
  while (diagonal.s() < m + n) diagonal.advance();
  return diagonal.at(m);
}

}  // namespace mlopsctl::drift
