// How far apart the means of two samples of one distribution lie: rows of both sides are dealt out
// anew. A sample of the rows is enough: the difference of means of n and m rows is, but for its
// scale √(1/n + 1/m), the same normal vector whatever n and m are.
#include "mlopsctl/drift/matrix_tests.hpp"

#include "drift/drawn_rows.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mlopsctl::drift {

namespace {

double scale_of(double n, double m) { return std::sqrt(1 / n + 1 / m); }

// Rows of both sides below each other, each column's mean taken off: sums stay small.
std::vector<double> centred(const Rows& reference, const Rows& current) {
  const std::size_t columns = reference.columns;
  std::vector<double> values;
  values.reserve(reference.values.size() + current.values.size());
  for (const Rows* side : {&reference, &current}) {
    values.insert(values.end(), side->values.begin(), side->values.end());
  }
  const auto rows = static_cast<double>(reference.size() + current.size());
  std::vector<double> means(columns);
  for (std::size_t i = 0; i < values.size(); ++i) means[i % columns] += values[i] / rows;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] -= means[i % columns];
  return values;
}

}  // namespace

std::vector<double> mean_distance_null(const Matrix& reference, const Matrix& current,
                                       const MeanDistanceOptions& options) {
  std::mt19937_64 random(options.seed);
  const Rows first = drawn(reference, options.max_rows, random);
  const Rows second = drawn(current, options.max_rows, random);
  const std::size_t n = first.size(), m = second.size(), columns = first.columns;
  if (n < 2 || m < 2) return {};
  const std::vector<double> values = centred(first, second);
  std::vector<std::size_t> order(n + m);
  std::iota(order.begin(), order.end(), std::size_t{0});
  // The columns sum to 0, so the other side's sum is the negative of this one's.
  const std::size_t taken = std::min(n, m);
  const double per_row = 1 / static_cast<double>(n) + 1 / static_cast<double>(m);
  const double scale =
      scale_of(static_cast<double>(reference.rows()), static_cast<double>(current.rows())) /
      scale_of(static_cast<double>(n), static_cast<double>(m));
  std::vector<double> distances;
  std::vector<double> sums(columns);
  for (std::size_t p = 0; p < options.permutations; ++p) {
    shuffle(order, random);
    std::ranges::fill(sums, 0.0);
    for (std::size_t i = 0; i < taken; ++i) {
      const double* row = values.data() + order[i] * columns;
      for (std::size_t c = 0; c < columns; ++c) sums[c] += row[c];
    }
    double squares = 0;
    for (const double sum : sums) squares += sum * sum;
    distances.push_back(scale * per_row * std::sqrt(squares));
  }
  std::ranges::sort(distances);
  return distances;
}

}  // namespace mlopsctl::drift
