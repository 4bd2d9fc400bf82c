// Epps and Singleton (1986): compares the empirical characteristic functions at two points, with
// Goerg and Kaiser's (2009) details as in scipy.
#include "mlopsctl/drift/statistics.hpp"

#include "drift/distributions.hpp"
#include "drift/moments.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl::drift {

namespace {

constexpr std::size_t order = 4;  // cos and sin at two points
using Vector = std::array<double, order>;
using Matrix4 = std::array<Vector, order>;

struct Sample {
  double size = 0;
  Vector mean{};
  Matrix4 covariance{};
};

Vector features(double x, double scale) {
  const double a = 0.4 / scale * x;
  const double b = 0.8 / scale * x;
  return {std::cos(a), std::cos(b), std::sin(a), std::sin(b)};
}

Sample describe(std::span<const double> values, double scale) {
  Sample sample{.size = static_cast<double>(values.size())};
  std::array<Sum, order> sums;
  for (const double x : values) {
    const Vector g = features(x, scale);
    for (std::size_t i = 0; i < order; ++i) sums[i].add(g[i]);
  }
  for (std::size_t i = 0; i < order; ++i) sample.mean[i] = sums[i].value() / sample.size;
  for (const double x : values) {
    const Vector g = features(x, scale);
    for (std::size_t i = 0; i < order; ++i) {
      for (std::size_t j = 0; j < order; ++j) {
        sample.covariance[i][j] += (g[i] - sample.mean[i]) * (g[j] - sample.mean[j]) / sample.size;
      }
    }
  }
  return sample;
}

// Jacobi's method. The columns of `vectors` are the eigenvectors; `matrix` ends up diagonal.
void diagonalise(Matrix4& matrix, Matrix4& vectors) {
  for (std::size_t i = 0; i < order; ++i) vectors[i][i] = 1;
  for (int sweep = 0; sweep < 50; ++sweep) {
    double off = 0;
    for (std::size_t p = 0; p < order; ++p) {
      for (std::size_t q = p + 1; q < order; ++q) off += matrix[p][q] * matrix[p][q];
    }
    if (!(off > 1e-300)) return;
    for (std::size_t p = 0; p < order; ++p) {
      for (std::size_t q = p + 1; q < order; ++q) {
        if (matrix[p][q] == 0) continue;
        const double theta = (matrix[q][q] - matrix[p][p]) / (2 * matrix[p][q]);
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1);
        const double s = t * c;
        for (std::size_t k = 0; k < order; ++k) {
          const double kp = matrix[k][p];
          const double kq = matrix[k][q];
          matrix[k][p] = c * kp - s * kq;
          matrix[k][q] = s * kp + c * kq;
        }
        for (std::size_t k = 0; k < order; ++k) {
          const double pk = matrix[p][k];
          const double qk = matrix[q][k];
          matrix[p][k] = c * pk - s * qk;
          matrix[q][k] = s * pk + c * qk;
          const double vp = vectors[k][p];
          const double vq = vectors[k][q];
          vectors[k][p] = c * vp - s * vq;
          vectors[k][q] = s * vp + c * vq;
        }
      }
    }
  }
}

// numpy.percentile of the joined sample.
double percentile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const double a = sorted[below];
  const double b = sorted[std::min(below + 1, sorted.size() - 1)];
  return a + (b - a) * (position - static_cast<double>(below));
}

}  // namespace

std::optional<TestValue> epps_singleton(std::span<const double> reference,
                                        std::span<const double> current) {
  if (reference.size() < 5 || current.size() < 5) return std::nullopt;
  std::vector<double> joined(reference.size() + current.size());
  std::ranges::merge(reference, current, joined.begin());
  const double scale = (percentile(joined, 0.75) - percentile(joined, 0.25)) / 2;
  if (!(scale > 0) || !std::isfinite(0.4 / scale) || !std::isfinite(scale)) return std::nullopt;

  const Sample one = describe(reference, scale);
  const Sample two = describe(current, scale);
  const double n = one.size + two.size;
  Matrix4 covariance{};
  Vector difference{};
  for (std::size_t i = 0; i < order; ++i) {
    difference[i] = one.mean[i] - two.mean[i];
    for (std::size_t j = 0; j < order; ++j) {
      covariance[i][j] = n / one.size * one.covariance[i][j] + n / two.size * two.covariance[i][j];
    }
  }
  // The pseudo-inverse through the eigenvalues; those that are 0 but for rounding are left out.
  Matrix4 vectors{};
  diagonalise(covariance, vectors);
  double largest = 0;
  for (std::size_t i = 0; i < order; ++i) largest = std::max(largest, std::abs(covariance[i][i]));
  double statistic = 0;
  int rank = 0;
  for (std::size_t i = 0; i < order; ++i) {
    const double eigenvalue = covariance[i][i];
    if (!(std::abs(eigenvalue) > 1e-15 * largest)) continue;
    double projection = 0;
    for (std::size_t k = 0; k < order; ++k) projection += vectors[k][i] * difference[k];
    statistic += n * projection * projection / eigenvalue;
    ++rank;
  }
  if (std::max(one.size, two.size) < 25) {
    statistic /=
        1 + std::pow(n, -0.45) + 10.1 * (std::pow(one.size, -1.7) + std::pow(two.size, -1.7));
  }
  return TestValue{statistic, chi_square_sf(statistic, rank)};
}

}  // namespace mlopsctl::drift
