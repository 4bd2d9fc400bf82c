#include "drift/kolmogorov.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace mlopsctl::drift {

namespace {

constexpr int scale_bits = 128;

class SquareMatrix {
 public:
  explicit SquareMatrix(std::size_t order) : order_(order), values_(order * order) {}
  std::size_t order() const { return order_; }
  double& at(std::size_t row, std::size_t column) { return values_[row * order_ + column]; }
  std::span<const double> row(std::size_t index) const {
    return std::span(values_).subspan(index * order_, order_);
  }
  void scale(double factor) {
    for (double& value : values_) value *= factor;
  }

 private:
  std::size_t order_;
  std::vector<double> values_;
};

// out = left * matrix, of one row.
void times(std::span<const double> left, const SquareMatrix& matrix, std::span<double> out) {
  std::ranges::fill(out, 0.0);
  for (std::size_t k = 0; k < left.size(); ++k) {
    const double factor = left[k];
    if (factor == 0) continue;
    const auto row = matrix.row(k);
    for (std::size_t j = 0; j < out.size(); ++j) out[j] += factor * row[j];
  }
}

SquareMatrix squared(const SquareMatrix& matrix) {
  SquareMatrix result(matrix.order());
  for (std::size_t i = 0; i < matrix.order(); ++i) {
    times(matrix.row(i), matrix, {&result.at(i, 0), matrix.order()});
  }
  return result;
}

// H of order 2k-1, η = k - nx: 1/(i-j+1)! on and below the first superdiagonal, with the first
// column and the last row corrected for what has left the band.
SquareMatrix durbin_matrix(std::size_t k, double eta) {
  const std::size_t size = 2 * k - 1;
  std::vector<double> inverse_factorial(size + 1, 1.0);
  for (std::size_t j = 1; j <= size; ++j) {
    inverse_factorial[j] = inverse_factorial[j - 1] / static_cast<double>(j);
  }
  SquareMatrix h(size);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 1; j < size && j <= i + 1; ++j) h.at(i, j) = inverse_factorial[i + 1 - j];
  }
  for (std::size_t i = 0; i < size; ++i) {
    const double power = std::pow(eta, static_cast<double>(i + 1));
    double value = (1 - power) * inverse_factorial[i + 1];
    if (i + 1 == size) {
      const double both = std::pow(std::max(2 * eta - 1, 0.0), static_cast<double>(size));
      value = (1 - 2 * power + both) * inverse_factorial[size];
    }
    h.at(i, 0) = value;
    h.at(size - 1, size - 1 - i) = value;
  }
  return h;
}

}  // namespace

double kolmogorov_durbin(std::int64_t n, double x) {
  const double nx = static_cast<double>(n) * x;
  if (nx <= 0.5) return 0;
  const auto k = static_cast<std::size_t>(std::ceil(nx));
  SquareMatrix power = durbin_matrix(k, static_cast<double>(k) - nx);  // H^(2^bit)
  int power_bits = 0;
  // Powers of H commute, so it is enough to keep row k of the product.
  std::vector<double> row(power.order(), 0.0);
  std::vector<double> next(power.order(), 0.0);
  row[k - 1] = 1;
  int bits = 0;
  for (std::int64_t rest = n; rest > 0; rest /= 2) {
    if (rest % 2 == 1) {
      times(row, power, next);
      row.swap(next);
      bits += power_bits;
    }
    if (rest == 1) break;
    power = squared(power);
    power_bits *= 2;
    if (std::abs(power.at(k - 1, k - 1)) > std::ldexp(1.0, scale_bits)) {
      power.scale(std::ldexp(1.0, -scale_bits));
      power_bits += scale_bits;
    }
  }
  double p = row[k - 1];
  for (std::int64_t i = 1; i <= n; ++i) {
    p = static_cast<double>(i) * p / static_cast<double>(n);
    if (std::abs(p) < std::ldexp(1.0, -scale_bits)) {
      p = std::ldexp(p, scale_bits);
      bits -= scale_bits;
    }
  }
  return std::clamp(std::ldexp(p, bits), 0.0, 1.0);
}

}  // namespace mlopsctl::drift
