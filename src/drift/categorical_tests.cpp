#include "mlopsctl/drift/statistics.hpp"

#include "drift/distributions.hpp"
#include "drift/nan.hpp"
#include "drift/shares.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlopsctl::drift {

namespace {

// A category that occurs, with what independence would give.
struct Category {
  double reference, current;
  double expected_reference, expected_current;
};

struct Table {
  std::vector<Category> categories;
  bool empty = false;  // a side has no rows

  Table(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> current) {
    const SharePair shares(reference, current);
    empty = shares.empty();
    const double n1 = shares.reference_total;
    const double n2 = shares.current_total;
    for (std::size_t k = 0; k < reference.size(); ++k) {
      const double a = static_cast<double>(reference[k]);
      const double b = static_cast<double>(current[k]);
      if (a + b > 0)
        categories.push_back({a, b, (a + b) * (n1 / (n1 + n2)), (a + b) * (n2 / (n1 + n2))});
    }
  }
  double degrees() const { return static_cast<double>(categories.size()) - 1; }
};

// One category: nothing can differ.
TestValue judged(double statistic, double degrees) {
  if (degrees == 0) return {0, 1};
  return {statistic, chi_square_sf(statistic, degrees)};
}

double pearson(double observed, double expected) {
  const double difference = observed - expected;
  return difference * difference / expected;
}

double log_likelihood(double observed, double expected) {
  return observed > 0 ? 2 * observed * std::log(observed / expected) : 0;
}

}  // namespace

TestValue chi_square_homogeneity(std::span<const std::uint64_t> reference,
                                 std::span<const std::uint64_t> current) {
  const Table table(reference, current);
  if (table.empty) return {nan, nan};
  double sum = 0;
  for (const Category& one : table.categories) {
    double a = one.reference;
    double b = one.current;
    if (table.degrees() == 1) {  // Yates' continuity correction, never past the expected value
      a += std::clamp(one.expected_reference - a, -0.5, 0.5);
      b += std::clamp(one.expected_current - b, -0.5, 0.5);
    }
    sum += pearson(a, one.expected_reference) + pearson(b, one.expected_current);
  }
  return judged(sum, table.degrees());
}

TestValue chi_square_goodness_of_fit(std::span<const std::uint64_t> reference,
                                     std::span<const std::uint64_t> current) {
  const Table table(reference, current);
  if (table.empty) return {nan, nan};
  double n1 = 0;
  double n2 = 0;
  for (const Category& one : table.categories) {
    n1 += one.reference;
    n2 += one.current;
  }
  double sum = 0;
  for (const Category& one : table.categories) {
    // A category that the reference does not know: expected 0, infinite.
    sum += pearson(one.current, one.reference * (n2 / n1));
  }
  return judged(sum, table.degrees());
}

TestValue g_test(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> current) {
  const Table table(reference, current);
  if (table.empty) return {nan, nan};
  double sum = 0;
  for (const Category& one : table.categories) {
    sum += log_likelihood(one.reference, one.expected_reference) +
           log_likelihood(one.current, one.expected_current);
  }
  return judged(std::max(sum, 0.0), table.degrees());
}

TestValue two_proportions(std::uint64_t hits1, std::uint64_t n1, std::uint64_t hits2,
                          std::uint64_t n2) {
  if (n1 == 0 || n2 == 0) return {nan, nan};
  const double size1 = static_cast<double>(n1);
  const double size2 = static_cast<double>(n2);
  const double share1 = static_cast<double>(hits1) / size1;
  const double share2 = static_cast<double>(hits2) / size2;
  const double pooled = (static_cast<double>(hits1) + static_cast<double>(hits2)) / (size1 + size2);
  const double variance = pooled * (1 - pooled) * (1 / size1 + 1 / size2);
  if (!(variance > 0)) return {0, 1};  // both sides are constant, and the same
  const double z = (share1 - share2) / std::sqrt(variance);
  return {z, 2 * normal_sf(std::abs(z))};
}

TestValue fisher_exact(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
  const std::uint64_t row = a + b;
  const std::uint64_t column = a + c;
  const std::uint64_t all = a + b + c + d;
  if (row == 0 || column == 0 || row == all || column == all) return {nan, 1};
  const double odds = b > 0 && c > 0 ? static_cast<double>(a) * static_cast<double>(d) /
                                           (static_cast<double>(b) * static_cast<double>(c))
                                     : std::numeric_limits<double>::infinity();
  // Probabilities of all tables with these margins, relative to that of the first one below.
  const double first = static_cast<double>(row + column > all ? row + column - all : 0);
  const double last = static_cast<double>(std::min(row, column));
  const double r = static_cast<double>(row);
  const double s = static_cast<double>(column);
  const double n = static_cast<double>(all);
  const double observed = static_cast<double>(a);
  const auto ratio = [&](double x) {  // P(x+1) / P(x)
    return (r - x) * (s - x) / ((x + 1) * (n - r - s + x + 1));
  };
  // Walk away from the observed table in both directions; what is not likelier counts. Tables that
  // are equally likely differ by rounding only, so equality has some room.
  constexpr double room = 1 + 1e-7;
  double total = 1;
  double extreme = 1;
  double p = 1;
  for (double x = observed; x < last; ++x) {
    p *= ratio(x);
    total += p;
    if (p <= room) extreme += p;
  }
  p = 1;
  for (double x = observed; x > first; --x) {
    p /= ratio(x - 1);
    total += p;
    if (p <= room) extreme += p;
  }
  return {odds, std::isfinite(total) ? std::min(extreme / total, 1.0) : 0.0};
}

Interval wilson_interval(std::uint64_t hits, std::uint64_t n, double confidence) {
  if (n == 0) return {0, 1};
  const double size = static_cast<double>(n);
  const double share = static_cast<double>(hits) / size;
  const double z = normal_quantile(1 - (1 - confidence) / 2);
  const double centre = share + z * z / (2 * size);
  const double half = z * std::sqrt(share * (1 - share) / size + z * z / (4 * size * size));
  const double scale = 1 + z * z / size;
  return {hits == 0 ? 0.0 : std::max((centre - half) / scale, 0.0),
          hits == n ? 1.0 : std::min((centre + half) / scale, 1.0)};
}

}  // namespace mlopsctl::drift
