// Time columns: windows of rows, and the value of a feature over time.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "drift/analysis_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

constexpr std::size_t slices = 40;

const Integers& times_of(const DataSet& data, const std::string& time_column) {
  const auto column = std::ranges::find(data.columns, time_column, &Column::name);
  if (column == data.columns.end()) {
    throw Error(ErrorKind::usage,
                fmt::format("{} has no time column {}", quote(data.source), quote(time_column)),
                data.matrix ? "a matrix has no columns with names: windows need a table"
                            : "--time-column names the column that says when a row was made");
  }
  if (column->kind != ColumnKind::time) {
    throw Error(ErrorKind::usage, fmt::format("the column {} holds {} values, no times",
                                              quote(time_column), to_string(column->kind)));
  }
  return std::get<Integers>(column->values);
}

bool has_time(const Integers& times, std::size_t row) {
  return times.missing.empty() || !times.missing[row];
}

template <typename T>
std::vector<T> chosen(const std::vector<T>& values, const std::vector<std::size_t>& rows) {
  std::vector<T> result;
  result.reserve(rows.size());
  for (const auto row : rows) result.push_back(values[row]);
  return result;
}

struct Choose {
  const std::vector<std::size_t>& rows;
  std::variant<std::vector<double>, Integers, Categories> operator()(
      const std::vector<double>& reals) const {
    return chosen(reals, rows);
  }
  std::variant<std::vector<double>, Integers, Categories> operator()(const Integers& all) const {
    return Integers{
        .values = chosen(all.values, rows),
        .missing = all.missing.empty() ? std::vector<bool>{} : chosen(all.missing, rows)};
  }
  std::variant<std::vector<double>, Integers, Categories> operator()(const Categories& all) const {
    return Categories{.codes = chosen(all.codes, rows), .labels = all.labels};
  }
};

// The value of a row as a number, NaN where there is none. Categories have none.
double value_at(const Column& column, std::size_t row) {
  if (const auto* reals = std::get_if<std::vector<double>>(&column.values)) return (*reals)[row];
  const auto& integers = std::get<Integers>(column.values);
  const bool missing = !integers.missing.empty() && integers.missing[row];
  return missing ? std::nan("") : static_cast<double>(integers.values[row]);
}

void add_slices(std::vector<TimeSlice>& result, const Column& column, const Integers& times,
                std::int64_t first, std::int64_t last, bool reference) {
  struct Sum {
    std::uint64_t rows = 0;
    double mean = 0;
  };
  std::vector<Sum> sums(slices);
  const double width = (static_cast<double>(last) - static_cast<double>(first) + 1) / slices;
  for (std::size_t row = 0; row < times.values.size(); ++row) {
    const double value = value_at(column, row);
    if (!has_time(times, row) || !std::isfinite(value)) continue;
    const double offset = static_cast<double>(times.values[row] - first) / width;
    Sum& sum = sums[std::min(static_cast<std::size_t>(offset), slices - 1)];
    ++sum.rows;
    sum.mean += (value - sum.mean) / static_cast<double>(sum.rows);
  }
  for (std::size_t i = 0; i < slices; ++i) {
    if (sums[i].rows == 0) continue;
    const auto from = first + static_cast<std::int64_t>(width * static_cast<double>(i));
    result.push_back(
        {.reference = reference, .from = {from}, .rows = sums[i].rows, .mean = sums[i].mean});
  }
}

}  // namespace

std::vector<TimeSlice> slices_over_time(const Column& reference, const Column* reference_time,
                                        const Column& current, const Column* current_time) {
  std::vector<TimeSlice> result;
  const auto add = [&](const Column& column, const Column* time, bool is_reference) {
    if (time == nullptr || time->kind != ColumnKind::time ||
        std::holds_alternative<Categories>(column.values)) {
      return;
    }
    const auto& times = std::get<Integers>(time->values);
    std::int64_t first = INT64_MAX, last = INT64_MIN;
    for (std::size_t row = 0; row < times.values.size(); ++row) {
      if (!has_time(times, row)) continue;
      first = std::min(first, times.values[row]);
      last = std::max(last, times.values[row]);
    }
    if (first <= last) add_slices(result, column, times, first, last, is_reference);
  };
  add(reference, reference_time, true);
  add(current, current_time, false);
  return result;
}

DataSet rows_between(const DataSet& data, const std::string& time_column,
                     std::optional<Timestamp> from, std::optional<Timestamp> to) {
  const Integers& times = times_of(data, time_column);
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < times.values.size(); ++row) {
    const Timestamp time{times.values[row]};
    if (has_time(times, row) && (!from || time >= *from) && (!to || time < *to))
      rows.push_back(row);
  }
  DataSet result{.source = data.source,
                 .matrix = {},
                 .columns = {},
                 .notes = data.notes,
                 .files = data.files,
                 .absent = data.absent};
  for (const auto& column : data.columns) {
    result.columns.push_back({.name = column.name,
                              .kind = column.kind,
                              .values = std::visit(Choose{rows}, column.values)});
  }
  return result;
}

std::optional<std::pair<Timestamp, Timestamp>> time_range(const DataSet& data,
                                                          const std::string& time_column) {
  const Integers& times = times_of(data, time_column);
  std::optional<std::pair<Timestamp, Timestamp>> range;
  for (std::size_t row = 0; row < times.values.size(); ++row) {
    if (!has_time(times, row)) continue;
    const Timestamp time{times.values[row]};
    if (!range) range = {time, time};
    range->first = std::min(range->first, time);
    range->second = std::max(range->second, time);
  }
  return range;
}

}  // namespace mlopsctl::drift
