// Column comparisons of every backend against a plain reading of the definitions: scipy's
// statistic over sorted doubles, numpy's bins over float64.
#include "mlopsctl/compute/backend.hpp"

#include "support/backends.hpp"
#include "support/expect_error.hpp"
#include "support/matrices.hpp"
#include "support/no_progress.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <sstream>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

using Column = std::vector<double>;
using Columns = std::vector<Column>;

Column finite(const Column& column) {
  Column kept;
  std::copy_if(column.begin(), column.end(), std::back_inserter(kept),
               [](double x) { return std::isfinite(x); });
  std::sort(kept.begin(), kept.end());
  return kept;
}

double at_most(const Column& sorted, double x) {
  const auto n = static_cast<double>(sorted.size());
  return static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), x) - sorted.begin()) /
         n;
}

// scipy.stats.ks_2samp 1.10.1, line by line: argmin and argmax over both samples behind each other.
void expect_ks(const Column& a, const Column& b, const ColumnComparison& got) {
  Column all = a;
  all.insert(all.end(), b.begin(), b.end());
  Column differences;
  for (const double x : all) differences.push_back(at_most(a, x) - at_most(b, x));
  const auto smallest = std::min_element(differences.begin(), differences.end());
  const auto largest = std::max_element(differences.begin(), differences.end());
  const double below = std::clamp(-*smallest, 0.0, 1.0);
  const bool negative = below > *largest;
  CHECK(got.ks_statistic == (negative ? below : *largest));
  CHECK(got.ks_sign == (negative ? -1 : 1));
  CHECK(got.ks_location ==
        all[static_cast<std::size_t>((negative ? smallest : largest) - differences.begin())]);
}

void expect_moments(const Column& column, const ColumnMoments& got) {
  const Column kept = finite(column);
  CHECK(got.finite == kept.size());
  CHECK(got.nan == static_cast<std::uint64_t>(std::count_if(
                       column.begin(), column.end(), [](double x) { return std::isnan(x); })));
  CHECK(got.infinite == static_cast<std::uint64_t>(std::count_if(
                            column.begin(), column.end(), [](double x) { return std::isinf(x); })));
  if (kept.empty()) return;
  CHECK(got.min == kept.front());
  CHECK(got.max == kept.back());
  long double sum = 0, squares = 0;
  for (const double x : kept) sum += x;
  const long double mean = sum / static_cast<long double>(kept.size());
  for (const double x : kept) squares += (x - mean) * (x - mean);
  const double scale = std::max(std::abs(kept.front()), std::abs(kept.back()));
  CHECK(std::abs(got.mean - static_cast<double>(mean)) <= 1e-12 * scale);
  const auto variance = static_cast<double>(squares / static_cast<long double>(kept.size()));
  if (std::isfinite(variance) && variance > 1e-290)
    CHECK(std::abs(got.variance - variance) <= 1e-11 * variance + 1e-30 * scale);
}

void expect_bins(const Column& a, const std::vector<double>& edges,
                 const std::vector<std::uint64_t>& got) {
  std::vector<std::uint64_t> counts(edges.size() - 1);
  for (const double x : a) {
    std::size_t bin = 0;
    while (bin + 2 < edges.size() && x >= edges[bin + 1]) ++bin;
    ++counts[bin];
  }
  CHECK(got == counts);
}

void expect(const Columns& reference, const Columns& current,
            const std::vector<ColumnComparison>& got, const CompareOptions& options) {
  REQUIRE(got.size() == reference.size());
  for (std::size_t c = 0; c < got.size(); ++c) {
    CAPTURE(c);
    const Column a = finite(reference[c]), b = finite(current[c]);
    expect_moments(reference[c], got[c].reference);
    expect_moments(current[c], got[c].current);
    if (!a.empty() && !b.empty()) {
      expect_ks(a, b, got[c]);
    } else {
      CHECK(got[c].ks_statistic == 0);
    }
    if (a.empty() && b.empty()) continue;
    double low = std::min(a.empty() ? b.front() : a.front(), b.empty() ? a.front() : b.front());
    double high = std::max(a.empty() ? b.back() : a.back(), b.empty() ? a.back() : b.back());
    if (low == high) {  // by ½, or by one step where ½ is lost in rounding
      low = std::min(low - 0.5, std::nextafter(low, -INFINITY));
      high = std::max(high + 0.5, std::nextafter(high, INFINITY));
    }
    REQUIRE(got[c].edges.size() == options.bins + 1);
    const double width = high - low;
    for (std::size_t k = 0; k < options.bins && std::isfinite(width); ++k) {
      const double step = width / static_cast<double>(options.bins);
      if (step != 0) CHECK(got[c].edges[k] == static_cast<double>(k) * step + low);
    }
    CHECK(got[c].edges.back() == high);
    CHECK(std::is_sorted(got[c].edges.begin(), got[c].edges.end()));
    expect_bins(a, got[c].edges, got[c].reference_counts);
    expect_bins(b, got[c].edges, got[c].current_counts);
    for (const EcdfPoint& point : got[c].ecdf) {
      if (!a.empty()) CHECK(point.reference == at_most(a, point.x));
      if (!b.empty()) CHECK(point.current == at_most(b, point.x));
    }
    if (options.ecdf_points > 0) {
      CHECK(got[c].ecdf.size() <= options.ecdf_points);
      CHECK(got[c].ecdf.back().reference == (a.empty() ? 0.0 : 1.0));
    }
  }
}

template <class Value>
Columns columns_of(std::uint64_t rows, std::uint64_t columns, Value&& value) {
  Columns all(columns, Column(rows));
  for (std::uint64_t c = 0; c < columns; ++c) {
    for (std::uint64_t r = 0; r < rows; ++r) all[c][r] = static_cast<double>(value(r, c));
  }
  return all;
}

// Columns of many shapes, all exact in float32; column 0 is normal, the others are tricky.
Columns tricky(std::uint64_t rows, std::uint64_t seed, float shift) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> uniform;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  return columns_of(rows, 14, [&](std::uint64_t r, std::uint64_t c) -> float {
    const float x = normal(random);
    switch (c) {
      case 0:
        return x + shift;
      case 1:  // ties
        return std::round(x * 2 + shift);
      case 2:  // constant
        return 5;
      case 3:  // two values
        return uniform(random) < 0.3F + shift / 10 ? 1.0F : 0.0F;
      case 4:  // zeros of both signs
        return x > 0.5F ? x : (x > 0 ? 0.0F : -0.0F);
      case 5:  // not finite
        return r % 7 == 0 ? nan : (r % 11 == 0 ? infinity : (r % 13 == 0 ? -infinity : x));
      case 6:  // one far outlier
        return r == rows / 2 ? 1e30F : x;
      case 7:  // the whole range of floats
        return x * 1e38F;
      case 8:  // denormal
        return x * 1e-41F;
      case 9:  // heavy tail
        return std::exp(3 * x + shift);
      case 10:  // nothing finite
        return nan;
      case 11:  // large mean, small spread
        return 1e6F + std::round(x * 8);
      case 12:  // sorted
        return static_cast<float>(r) / static_cast<float>(rows) + shift;
      default:  // mostly zero
        return uniform(random) < 0.9F ? 0.0F : x;
    }
  });
}

template <class T>
Matrix store(NumberType type, const Columns& values, Layout layout = {}) {
  return matrix_of<T>(
      type, values.front().size(), values.size(),
      [&](std::uint64_t r, std::uint64_t c) { return values[c][r]; }, layout);
}

}  // namespace

TEST_CASE("statistics, moments and bins are those of the definitions, to the bit where exact") {
  for (const auto& backend : backends()) {
    CAPTURE(backend->name());
    NoProgress progress;
    for (const auto& [rows1, rows2, shift] : {std::tuple{200U, 150U, 0.3F},
                                              {20000U, 21000U, 0.0F},
                                              {40000U, 30011U, 0.05F},
                                              {30000U, 30000U, 0.0F},
                                              {1U, 1U, 0.0F},
                                              {3U, 2000U, 1.0F}}) {
      CAPTURE(rows1);
      const Columns a = tricky(rows1, 1, 0), b = tricky(rows2, 2, shift);
      const CompareOptions options{.bins = 10, .ecdf_points = 20};
      const auto got = backend->compare_columns(
          store<float>(NumberType::f32, a), store<float>(NumberType::f32, b), options, progress);
      expect(a, b, got, options);
    }
  }
}

TEST_CASE("every number type, order and byte order gives the same as its doubles") {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  const auto small = [&](double shift) {
    return columns_of(300, 5, [&](std::uint64_t, std::uint64_t c) {
      return std::round(20 + 5 * normal(random) + (c == 2 ? shift : 0));
    });
  };
  const Columns a = small(0), b = small(2);
  const CompareOptions options;
  for (const auto& backend : backends()) {
    CAPTURE(backend->name());
    NoProgress progress;
    for (const Layout layout : {Layout{}, Layout{.by_column = true}, Layout{.swapped = true},
                                Layout{.by_column = true, .swapped = true}, Layout{.padding = 3}}) {
      const auto check = [&](const Matrix& left, const Matrix& right) {
        expect(a, b, backend->compare_columns(left, right, options, progress), options);
      };
      const auto both = [&]<class T>(T, NumberType type) {
        CAPTURE(to_string(type));
        check(store<T>(type, a, layout), store<T>(type, b, layout));
      };
      both(float{}, NumberType::f32);
      both(double{}, NumberType::f64);
      both(std::int8_t{}, NumberType::i8);
      both(std::int16_t{}, NumberType::i16);
      both(std::int32_t{}, NumberType::i32);
      both(std::int64_t{}, NumberType::i64);
      both(std::uint8_t{}, NumberType::u8);
      both(std::uint16_t{}, NumberType::u16);
      both(std::uint32_t{}, NumberType::u32);
      both(std::uint64_t{}, NumberType::u64);
      check(store<std::int64_t>(NumberType::i64, a, layout),
            store<float>(NumberType::f32, b, layout));  // promoted to double
    }
  }
}

TEST_CASE("half precision and booleans are read as what they stand for") {
  const std::vector<std::pair<std::uint16_t, double>> halves{
      {0x3C00, 1.0}, {0xC000, -2.0},     {0x7BFF, 65504.0}, {0x0001, std::ldexp(1.0, -24)},
      {0x8000, 0.0}, {0x7C00, INFINITY}, {0x7E00, NAN},     {0x3555, 0.333251953125}};
  const auto raw = [&](std::uint64_t r, std::uint64_t) { return halves[r].first; };
  const Columns values =
      columns_of(8, 1, [&](std::uint64_t r, std::uint64_t) { return halves[r].second; });
  for (const auto& backend : backends()) {
    NoProgress progress;
    const Matrix half = matrix_of<std::uint16_t>(NumberType::f16, 8, 1, raw);
    expect(values, values, backend->compare_columns(half, half, {}, progress), {});
    const Matrix swapped = matrix_of<std::uint16_t>(NumberType::f16, 8, 1, raw, {.swapped = true});
    expect(values, values, backend->compare_columns(half, swapped, {}, progress), {});
    const auto brain = backend->compare_columns(
        matrix_of<std::uint16_t>(NumberType::bf16, 1, 1, [](auto, auto) { return 0x3F80; }),
        matrix_of<std::uint16_t>(NumberType::bf16, 1, 1, [](auto, auto) { return 0xC040; }), {},
        progress);
    CHECK(brain[0].reference.mean == 1);
    CHECK(brain[0].current.mean == -3);
    const auto flags = backend->compare_columns(
        matrix_of<std::uint8_t>(NumberType::boolean, 4, 1, [](auto r, auto) { return r == 0; }),
        matrix_of<std::uint8_t>(NumberType::boolean, 4, 1, [](auto r, auto) { return r > 0; }), {},
        progress);
    CHECK(flags[0].reference.mean == 0.25);
    CHECK(flags[0].ks_statistic == 0.5);
  }
}

TEST_CASE("64-bit integers above 2^53 keep their order, where a double would merge them") {
  static constexpr std::int64_t big = std::int64_t{1} << 53;
  for (const auto& backend : backends()) {
    NoProgress progress;
    for (const std::uint64_t rows : {5U, 30000U}) {
      const auto got = backend->compare_columns(
          matrix_of<std::int64_t>(NumberType::i64, rows, 1, [](auto, auto) { return big; }),
          matrix_of<std::int64_t>(NumberType::i64, rows, 1, [](auto, auto) { return big + 1; }), {},
          progress);
      CHECK(got[0].ks_statistic == 1);
      CHECK(got[0].ks_sign == 1);
      const auto top = backend->compare_columns(
          matrix_of<std::uint64_t>(NumberType::u64, rows, 1, [](auto, auto) { return ~0ULL; }),
          matrix_of<std::uint64_t>(NumberType::u64, rows, 1, [](auto, auto) { return ~1ULL; }), {},
          progress);
      CHECK(top[0].ks_statistic == 1);
      CHECK(top[0].ks_sign == -1);
    }
  }
}

TEST_CASE("ranges that overflow or underflow a bin's width are counted without harm") {
  const double huge = 1.7e308, tiny = 5e-324;
  for (const auto& backend : backends()) {
    NoProgress progress;
    for (const double unit : {huge, tiny}) {
      const Columns a = columns_of(50, 1, [&](std::uint64_t r, std::uint64_t) {
        return unit == huge ? (r % 2 ? unit : -unit) : unit * static_cast<double>(r % 4);
      });
      const Columns b = columns_of(
          40, 1, [&](std::uint64_t r, std::uint64_t) { return unit * static_cast<double>(r % 2); });
      const auto got = backend->compare_columns(store<double>(NumberType::f64, a),
                                                store<double>(NumberType::f64, b), {}, progress);
      expect_ks(finite(a[0]), finite(b[0]), got[0]);
      std::uint64_t counted = 0;
      for (const auto count : got[0].reference_counts) counted += count;
      CHECK(counted == 50);
    }
  }
}

TEST_CASE("parts below each other are one matrix, and no rows are no data") {
  const Columns a = tricky(5000, 7, 0), b = tricky(4000, 8, 0.1F);
  for (const auto& backend : backends()) {
    NoProgress progress;
    Matrix pieces;
    for (std::uint64_t begin = 0; begin < 5000; begin += 1250) {
      pieces.parts.push_back(
          stored<float>(NumberType::f32, 1250, a.size(), {.by_column = begin == 1250},
                        [&](std::uint64_t r, std::uint64_t c) { return a[c][begin + r]; }));
    }
    const Matrix right = store<float>(NumberType::f32, b);
    expect(a, b, backend->compare_columns(pieces, right, {}, progress), {});
    const Matrix nothing =
        matrix_of<float>(NumberType::f32, 0, a.size(), [](auto, auto) { return 0; });
    const auto got = backend->compare_columns(nothing, right, {}, progress);
    CHECK(got[0].reference.finite == 0);
    CHECK(got[0].current.finite == 4000);
    CHECK(got[0].ks_statistic == 0);
    CHECK_ERROR(backend->compare_columns(
                    matrix_of<float>(NumberType::f32, 2, 3, [](auto, auto) { return 0; }), right,
                    {}, progress),
                ErrorKind::usage, "3 columns");
  }
}

TEST_CASE("another number of bins is counted by the same rule") {
  const Columns a = tricky(3000, 11, 0), b = tricky(3500, 12, 0.2F);
  for (const auto& backend : backends()) {
    NoProgress progress;
    for (const std::size_t bins : {1U, 2U, 33U, 100U}) {
      const CompareOptions options{.bins = bins, .ecdf_points = 64};
      expect(a, b,
             backend->compare_columns(store<float>(NumberType::f32, a),
                                      store<float>(NumberType::f32, b), options, progress),
             options);
    }
  }
}

TEST_CASE("columns are sorted without what is not finite") {
  const Columns a = tricky(5000, 5, 0);
  std::vector<std::vector<double>> sorted(a.size());
  for_each_sorted_column(
      store<float>(NumberType::f32, a), 2,
      [&](std::uint64_t column, const std::vector<double>& values) { sorted[column] = values; });
  for (std::size_t c = 0; c < a.size(); ++c) CHECK(sorted[c] == finite(a[c]));
}
