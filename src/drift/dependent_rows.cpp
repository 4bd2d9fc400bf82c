#include "drift/dependent_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>

namespace mlopsctl::drift {

namespace {

constexpr std::uint64_t most_rows = 131072;  // that copies are looked for among
constexpr std::uint64_t most_features = 64;  // that are looked at one by one
constexpr std::uint64_t run_length = 4096;   // rows in a row, for correlation
constexpr double copied_share = 0.05;
constexpr double alike = 0.3;

using Hash = std::uint64_t;

Hash mixed(Hash hash, std::uint64_t value) {  // the finaliser of splitmix64
  hash += value + 0x9E3779B97F4A7C15U;
  hash = (hash ^ hash >> 30U) * 0xBF58476D1CE4E5B9U;
  hash = (hash ^ hash >> 27U) * 0x94D049BB133111EBU;
  return hash ^ hash >> 31U;
}

std::uint64_t bits_of(double value) {
  return std::isnan(value) ? 1 : std::bit_cast<std::uint64_t>(value + 0.0);  // -0 is 0
}

std::uint64_t value_bits(const Column& column, std::uint64_t row) {
  if (const auto* reals = std::get_if<std::vector<double>>(&column.values)) {
    return bits_of((*reals)[row]);
  }
  if (const auto* integers = std::get_if<Integers>(&column.values)) {
    const bool missing = !integers->missing.empty() && integers->missing[row];
    return missing ? 1 : mixed(2, static_cast<std::uint64_t>(integers->values[row]));
  }
  return mixed(3, static_cast<std::uint64_t>(std::get<Categories>(column.values).codes[row]));
}

// `count` of `size` places, evenly spaced.
std::vector<std::uint64_t> spread(std::uint64_t size, std::uint64_t count) {
  count = std::min(size, count);
  std::vector<std::uint64_t> places(count);
  for (std::uint64_t i = 0; i < count; ++i) places[i] = i * size / count;
  return places;
}

std::uint64_t distinct(std::vector<Hash> hashes) {
  std::ranges::sort(hashes);
  return static_cast<std::uint64_t>(std::unique(hashes.begin(), hashes.end()) - hashes.begin());
}

using Rows = std::vector<std::uint64_t>;

void hash_rows(const Matrix& matrix, const Rows& rows, std::vector<Hash>& hashes) {
  std::vector<double> values(matrix.columns());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    copy_row(matrix, rows[i], values);
    for (const double value : values) hashes[i] = mixed(hashes[i], bits_of(value));
  }
}

class Copies {
 public:
  explicit Copies(const DataSet& data)
      : data_(data), rows_(spread(data.rows(), most_rows)), hashes_(rows_.size()) {
    for (std::uint64_t i = 0; i < data.columns.size(); ++i) {
      if (data.columns[i].kind != ColumnKind::time) features_.push_back(i);
    }
    if (data.matrix) {
      features_.resize(data.features());
      std::iota(features_.begin(), features_.end(), std::uint64_t{0});
    }
  }

  // Share of all rows that are copies of others; nothing if it is small, or what chance does.
  std::optional<double> share() {
    if (features_.size() < 2 || rows_.size() < 20) return std::nullopt;
    if (data_.matrix && !matrix_may_have_copies()) return std::nullopt;
    hash_all();
    const std::uint64_t copies = rows_.size() - distinct(hashes_);
    if (!matter(copies) || !by_design(copies)) return std::nullopt;
    return std::min(1.0, static_cast<double>(copies) / static_cast<double>(rows_.size()) / seen());
  }

 private:
  // A copy is seen only if the other one is among the rows too.
  double seen() const {
    return static_cast<double>(rows_.size()) / static_cast<double>(data_.rows());
  }
  bool matter(std::uint64_t copies) const {
    return copies >= 20 &&
           static_cast<double>(copies) >= copied_share * seen() * static_cast<double>(rows_.size());
  }

  // Two stretches of each row, which is much cheaper than all of it.
  bool matrix_may_have_copies() {
    const std::uint64_t width = std::min<std::uint64_t>(8, features_.size());
    for (const std::uint64_t third : {1U, 2U}) {
      const std::uint64_t first = std::min(features_.size() * third / 3, features_.size() - width);
      hash_rows(columns_of(*data_.matrix, first, width), rows_, hashes_);
    }
    return matter(rows_.size() - distinct(hashes_));
  }

  void hash_all() {
    std::ranges::fill(hashes_, Hash{0});
    if (data_.matrix) {
      hash_rows(*data_.matrix, rows_, hashes_);
      return;
    }
    for (const auto feature : features_) {
      const Column& column = data_.columns[feature];
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        hashes_[i] = mixed(hashes_[i], value_bits(column, rows_[i]));
      }
    }
  }

  std::uint64_t distinct_values(std::uint64_t feature) const {
    std::vector<Hash> values(rows_.size());
    if (data_.matrix) {
      hash_rows(columns_of(*data_.matrix, feature, 1), rows_, values);
    } else {
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        values[i] = value_bits(data_.columns[feature], rows_[i]);
      }
    }
    return distinct(std::move(values));
  }

  // Whether some feature has many values that repeat where the whole row does, hardly elsewhere.
  bool by_design(std::uint64_t copies) const {
    return std::ranges::any_of(spread(features_.size(), most_features), [&](std::uint64_t place) {
      const std::uint64_t values = distinct_values(features_[place]);
      const std::uint64_t repeated = rows_.size() - values;
      return values * 10 >= rows_.size() && copies * 10 >= repeated * 9;
    });
  }

  const DataSet& data_;
  Rows rows_;
  std::vector<Hash> hashes_;
  std::vector<std::uint64_t> features_;
};

const Integers* times_of(const DataSet& data, const std::string& time_column) {
  const auto found = std::ranges::find(data.columns, time_column, &Column::name);
  if (found == data.columns.end() || found->kind != ColumnKind::time) return nullptr;
  return &std::get<Integers>(found->values);
}

// Some rows that follow each other, in the order of time if there is one.
Rows run_of_rows(const DataSet& data, const Integers* times) {
  Rows order(data.rows());
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  const auto earlier = [&](std::uint64_t a, std::uint64_t b) {
    return times->values[a] < times->values[b];
  };
  if (times != nullptr && !std::ranges::is_sorted(order, earlier)) {
    std::ranges::stable_sort(order, earlier);
  }
  if (order.size() <= run_length) return order;
  const auto first = order.begin() + static_cast<std::ptrdiff_t>((order.size() - run_length) / 2);
  return {first, first + static_cast<std::ptrdiff_t>(run_length)};
}

// Correlation with the value before; nothing for few values, constants, and what only rises or
// falls, as a counter does.
std::optional<double> lag_one(const std::vector<double>& values) {
  double mean = 0, count = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    ++count;
    mean += (value - mean) / count;
  }
  double products = 0, squares = 0;
  bool rises = false, falls = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    squares += (values[i] - mean) * (values[i] - mean);
    if (i == 0 || !std::isfinite(values[i - 1])) continue;
    products += (values[i] - mean) * (values[i - 1] - mean);
    rises = rises || values[i] > values[i - 1];
    falls = falls || values[i] < values[i - 1];
  }
  if (count < 50 || !rises || !falls || !std::isnormal(squares)) return std::nullopt;
  return products / squares;
}

std::vector<double> numbers_at(const Column& column, const Rows& rows) {
  std::vector<double> values;
  for (const auto row : rows) {
    if (const auto* reals = std::get_if<std::vector<double>>(&column.values)) {
      values.push_back((*reals)[row]);
    } else {
      const auto& integers = std::get<Integers>(column.values);
      const bool missing = !integers.missing.empty() && integers.missing[row];
      values.push_back(missing ? std::nan("") : static_cast<double>(integers.values[row]));
    }
  }
  return values;
}

std::vector<std::vector<double>> features_at(const DataSet& data, const Rows& rows) {
  std::vector<std::vector<double>> features;
  if (data.matrix) {
    std::vector<double> values(data.features());
    const auto chosen = spread(values.size(), most_features);
    features.resize(chosen.size());
    for (const auto row : rows) {
      copy_row(*data.matrix, row, values);
      for (std::size_t i = 0; i < chosen.size(); ++i) features[i].push_back(values[chosen[i]]);
    }
    return features;
  }
  for (const auto place : spread(data.columns.size(), most_features)) {
    const Column& column = data.columns[place];
    if (column.kind == ColumnKind::real || column.kind == ColumnKind::integer) {
      features.push_back(numbers_at(column, rows));
    }
  }
  return features;
}

std::optional<double> median_correlation(const DataSet& data, const Integers* times) {
  std::vector<double> correlations;
  for (const auto& values : features_at(data, run_of_rows(data, times))) {
    if (const auto correlation = lag_one(values)) correlations.push_back(*correlation);
  }
  if (correlations.empty()) return std::nullopt;
  const auto middle = correlations.begin() + static_cast<std::ptrdiff_t>(correlations.size() / 2);
  std::ranges::nth_element(correlations, middle);
  return *middle;
}

}  // namespace

std::vector<std::string> dependent_rows(const DataSet& data, std::string_view whose,
                                        const std::string& time_column) {
  std::vector<std::string> messages;
  if (data.rows() < 2 || data.features() == 0) return messages;
  if (const auto share = Copies(data).share()) {
    messages.push_back(
        fmt::format("{} rows are copies of others to about {:.0f} %: copies count as evidence, so "
                    "p-values are too small; drop them, or use --preset nannyml",
                    whose, 100 * *share));
  }
  const Integers* times = times_of(data, time_column);
  const auto correlation = median_correlation(data, times);
  if (correlation && *correlation >= alike) {
    messages.push_back(fmt::format(
        "{} rows are like the row before them (correlation {:.2f}, in the order {}): where that is "
        "because they belong together, p-values are too small; --preset nannyml takes its "
        "thresholds from parts of the reference instead",
        whose, *correlation, times != nullptr ? "of time" : "of the file"));
  }
  return messages;
}

}  // namespace mlopsctl::drift
