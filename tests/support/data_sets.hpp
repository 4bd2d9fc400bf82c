// Small data sets made in memory, always the same for the same seed.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/drift/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::testing {

class Silent : public Progress {
 public:
  void start(std::string_view, std::uint64_t, std::string_view) override {}
  void advance(std::uint64_t) override {}
  void finish() override {}
  void warning(std::string_view) override {}
  void note(std::string_view) override {}
  void detail(std::string_view) override {}
};

// Box-Muller on a Mersenne twister: the standard library's distributions differ between libraries.
inline std::vector<double> normal(std::size_t count, unsigned seed, double mean = 0) {
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return (static_cast<double>(random() >> 11U) + 0.5) * 0x1p-53; };
  std::vector<double> values;
  while (values.size() < count) {
    const double radius = std::sqrt(-2 * std::log(uniform())),
                 angle = 6.283185307179586 * uniform();
    values.push_back(mean + radius * std::cos(angle));
  }
  return values;
}

inline drift::Column real(std::string name, std::vector<double> values) {
  return {.name = std::move(name), .kind = drift::ColumnKind::real, .values = std::move(values)};
}
inline drift::Column integer(std::string name, std::vector<std::int64_t> values) {
  return {.name = std::move(name),
          .kind = drift::ColumnKind::integer,
          .values = drift::Integers{.values = std::move(values), .missing = {}}};
}
inline drift::Column time_column(std::string name, std::vector<std::int64_t> values) {
  drift::Column column = integer(std::move(name), std::move(values));
  column.kind = drift::ColumnKind::time;
  return column;
}
inline drift::Column category(std::string name, const std::vector<std::string>& values) {
  drift::Categories categories;
  std::map<std::string, std::int32_t> codes;
  for (const auto& value : values) {
    const auto [place, fresh] = codes.emplace(value, static_cast<std::int32_t>(codes.size()));
    if (fresh) categories.labels.push_back(value);
    categories.codes.push_back(place->second);
  }
  return {.name = std::move(name),
          .kind = drift::ColumnKind::category,
          .values = std::move(categories)};
}

inline drift::DataSet table(std::vector<drift::Column> columns) {
  drift::DataSet data;
  data.source = "table";
  data.columns = std::move(columns);
  return data;
}

// Row-major float64.
inline drift::DataSet matrix(std::size_t rows, std::size_t columns, unsigned seed,
                             double mean = 0) {
  auto values = std::make_shared<std::vector<double>>(normal(rows * columns, seed, mean));
  MatrixPart part{.data = reinterpret_cast<const std::byte*>(values->data()),
                  .type = NumberType::f64,
                  .rows = rows,
                  .columns = columns,
                  .row_stride = static_cast<std::int64_t>(columns * sizeof(double)),
                  .column_stride = sizeof(double),
                  .owner = values};
  drift::DataSet data;
  data.source = "matrix";
  data.matrix = Matrix{.parts = {part}};
  return data;
}

// The same columns as a table of them would have, as float64 or float32.
template <class T>
drift::DataSet matrix_of_columns_as(NumberType type,
                                    const std::vector<std::vector<double>>& columns) {
  const std::size_t rows = columns.front().size();
  auto values = std::make_shared<std::vector<T>>();
  for (std::size_t row = 0; row < rows; ++row) {
    for (const auto& column : columns) values->push_back(static_cast<T>(column[row]));
  }
  MatrixPart part{.data = reinterpret_cast<const std::byte*>(values->data()),
                  .type = type,
                  .rows = rows,
                  .columns = columns.size(),
                  .row_stride = static_cast<std::int64_t>(columns.size() * sizeof(T)),
                  .column_stride = sizeof(T),
                  .owner = values};
  drift::DataSet data;
  data.source = "matrix";
  data.matrix = Matrix{.parts = {part}};
  return data;
}
inline drift::DataSet matrix_of_columns(const std::vector<std::vector<double>>& columns) {
  return matrix_of_columns_as<double>(NumberType::f64, columns);
}
inline drift::DataSet float_matrix_of_columns(const std::vector<std::vector<double>>& columns) {
  return matrix_of_columns_as<float>(NumberType::f32, columns);
}

inline drift::DataSet as_table(const drift::DataSet& data) {
  const MatrixPart& part = data.matrix->parts.front();
  const auto* values = reinterpret_cast<const double*>(part.data);
  std::vector<drift::Column> columns;
  for (std::size_t c = 0; c < part.columns; ++c) {
    std::vector<double> column;
    for (std::size_t r = 0; r < part.rows; ++r) column.push_back(values[r * part.columns + c]);
    columns.push_back(real(std::to_string(c), std::move(column)));
  }
  return table(std::move(columns));
}

}  // namespace mlopsctl::testing
