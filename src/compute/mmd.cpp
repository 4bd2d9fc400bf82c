#include "compute/mmd.hpp"

#include "compute/columns.hpp"
#include "compute/parallel.hpp"
#include "compute/product.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace mlopsctl::compute {

namespace {

constexpr std::uint64_t median_rows = 2000;

// SplitMix64 (Steele, Lea, Flood 2014): good enough to shuffle, the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) {  // bound < 2^32
    return ((next() >> 32) * bound) >> 32;
  }

 private:
  std::uint64_t state_;
};

template <class Value>
void shuffle(std::span<Value> values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

// Appends the rows that hold finite values only; returns their number.
std::uint64_t append_finite_rows(const Matrix& matrix, unsigned threads,
                                 std::vector<double>& values) {
  const std::uint64_t rows = matrix.rows(), columns = matrix.columns();
  const std::size_t before = values.size();
  values.resize(before + rows * columns);
  double* const out = values.data() + before;
  constexpr std::uint64_t slab = 512;
  parallel_for((rows + slab - 1) / slab, threads, [&](std::size_t i) {
    const std::uint64_t begin = i * slab, end = std::min(rows, begin + slab);
    std::vector<double> turned(slab * columns);
    copy_columns(matrix, 0, columns, begin, end, turned.data(), slab);
    for (std::uint64_t row = begin; row < end; ++row) {
      for (std::uint64_t c = 0; c < columns; ++c)
        out[row * columns + c] = turned[c * slab + row - begin];
    }
  });
  std::uint64_t kept = 0;
  for (std::uint64_t row = 0; row < rows; ++row) {
    const double* from = out + row * columns;
    if (!std::all_of(from, from + columns, [](double x) { return std::isfinite(x); })) continue;
    if (kept != row) std::copy(from, from + columns, out + kept * columns);
    ++kept;
  }
  values.resize(before + kept * columns);
  return kept;
}

}  // namespace

JointRows joint_rows(const Matrix& reference, const Matrix& current, unsigned threads) {
  JointRows joint;
  joint.columns = reference.columns();
  joint.reference = append_finite_rows(reference, threads, joint.values);
  joint.current = append_finite_rows(current, threads, joint.values);
  const std::uint64_t rows = joint.rows(), columns = joint.columns;
  std::vector<double> means(columns);
  for (std::uint64_t row = 0; row < rows; ++row) {
    for (std::uint64_t c = 0; c < columns; ++c) means[c] += joint.values[row * columns + c];
  }
  for (double& mean : means) mean /= static_cast<double>(std::max<std::uint64_t>(1, rows));
  joint.squares.resize(rows);
  for (std::uint64_t row = 0; row < rows; ++row) {
    double square = 0;
    for (std::uint64_t c = 0; c < columns; ++c) {
      double& value = joint.values[row * columns + c];
      value -= means[c];
      square += value * value;
    }
    joint.squares[row] = square;
  }
  return joint;
}

double choose_bandwidth(const JointRows& rows, const MmdOptions& options, unsigned threads) {
  if (options.bandwidth > 0) return options.bandwidth;
  std::vector<std::uint32_t> chosen(rows.rows());
  std::iota(chosen.begin(), chosen.end(), 0U);
  if (chosen.size() > median_rows) {
    Random random(options.seed);
    shuffle(std::span(chosen), random);
    chosen.resize(median_rows);
  }
  const std::size_t n = chosen.size(), columns = rows.columns;
  if (n < 2) return 1;
  std::vector<double> values(n * columns);
  for (std::size_t i = 0; i < n; ++i)
    std::copy_n(rows.values.data() + chosen[i] * columns, columns, values.data() + i * columns);
  std::vector<double> distances(n * (n - 1) / 2);
  constexpr std::size_t block = 64;
  parallel_for((n + block - 1) / block, threads, [&](std::size_t number) {
    const std::size_t begin = number * block, end = std::min(n, begin + block);
    std::vector<double> products((end - begin) * n);
    multiply({end - begin, n, columns}, {values.data() + begin * columns, columns, 1},
             {values.data(), 1, columns}, products.data(), n);
    for (std::size_t i = begin; i < end; ++i) {
      double* out =
          distances.data() + i * (i - (i > 0 ? 1 : 0)) / 2;  // row i of the lower triangle
      for (std::size_t j = 0; j < i; ++j) {
        const double square =
            rows.squares[chosen[i]] + rows.squares[chosen[j]] - 2 * products[(i - begin) * n + j];
        out[j] = std::sqrt(std::max(0.0, square));
      }
    }
  });
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  return *middle > 0 ? *middle : 1;
}

std::vector<std::int8_t> permuted_labels(const JointRows& rows, const MmdOptions& options,
                                         unsigned threads) {
  const std::size_t n = rows.rows();
  std::vector<std::int8_t> labels((options.permutations + 1) * n);
  parallel_for(options.permutations + 1, threads, [&](std::size_t p) {
    const std::span<std::int8_t> one(labels.data() + p * n, n);
    std::fill_n(one.begin(), rows.reference, std::int8_t{1});
    std::fill_n(one.begin() + static_cast<std::ptrdiff_t>(rows.reference), rows.current,
                std::int8_t{-1});
    if (p == 0) return;
    Random random(options.seed ^ (p * 0xD1342543DE82EF95U));
    shuffle(one, random);
  });
  return labels;
}

MmdResult mmd_result(const JointRows& rows, const KernelSums& sums, double bandwidth) {
  const auto n1 = static_cast<double>(rows.reference), n2 = static_cast<double>(rows.current);
  const auto statistic = [&](std::size_t p) {
    const double linear = sums.linear[p], quadratic = sums.quadratic[p];
    const double within1 = (sums.total + 2 * linear + quadratic) / 4;
    const double within2 = (sums.total - 2 * linear + quadratic) / 4;
    const double across = (sums.total - quadratic) / 4;
    return within1 / (n1 * (n1 - 1)) + within2 / (n2 * (n2 - 1)) - 2 * across / (n1 * n2);
  };
  const double observed = statistic(0);
  // Labellings that are equal up to names sum in another order; rounding must not tell them apart.
  const double rounding = 1e-12 * sums.total / ((n1 + n2) * (n1 + n2));
  std::size_t as_large = 0;
  for (std::size_t p = 1; p < sums.linear.size(); ++p)
    as_large += statistic(p) >= observed - rounding ? 1U : 0U;
  return {.statistic = observed,
          .p = static_cast<double>(1 + as_large) / static_cast<double>(sums.linear.size()),
          .bandwidth = bandwidth};
}

}  // namespace mlopsctl::compute
