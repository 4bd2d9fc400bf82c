#include "mlopsctl/base/error.hpp"

#include "drift/analysis_parts.hpp"
#include "drift/findings.hpp"
#include "drift/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace mlopsctl::drift {

namespace {

const Column* find_column(const DataSet& data, const std::string& name) {
  const auto found = std::ranges::find(data.columns, name, &Column::name);
  return found == data.columns.end() ? nullptr : &*found;
}

bool is_categorical(const Column& column) {
  return column.kind == ColumnKind::category || column.kind == ColumnKind::boolean;
}

// Rows [first, last) of a column of numbers.
Column rows_of(const Column& column, std::uint64_t first, std::uint64_t last) {
  const auto from = static_cast<std::ptrdiff_t>(first), to = static_cast<std::ptrdiff_t>(last);
  Column part{.name = column.name, .kind = column.kind, .values = {}};
  if (const auto* reals = std::get_if<std::vector<double>>(&column.values)) {
    part.values = std::vector<double>(reals->begin() + from, reals->begin() + to);
    return part;
  }
  const auto& all = std::get<Integers>(column.values);
  Integers integers{.values = {all.values.begin() + from, all.values.begin() + to}, .missing = {}};
  if (!all.missing.empty()) {
    integers.missing.assign(all.missing.begin() + from, all.missing.begin() + to);
  }
  part.values = std::move(integers);
  return part;
}

// Counts of pair.labels in rows [first, last).
std::vector<std::uint64_t> counts_of(const Column& column, const LabelCounts& labels,
                                     std::uint64_t first, std::uint64_t last) {
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < labels.labels.size(); ++i) places.emplace(labels.labels[i], i);
  std::vector<std::uint64_t> counts(labels.labels.size());
  const auto add = [&](const std::string& label) {
    if (const auto place = places.find(label); place != places.end()) ++counts[place->second];
  };
  for (std::uint64_t row = first; row < last; ++row) {
    if (const auto* categories = std::get_if<Categories>(&column.values)) {
      const auto code = categories->codes[row];
      if (code >= 0) add(categories->labels[static_cast<std::size_t>(code)]);
    } else {
      const auto& integers = std::get<Integers>(column.values);
      if (integers.missing.empty() || !integers.missing[row]) {
        add(integers.values[row] != 0 ? "true" : "false");
      }
    }
  }
  return counts;
}

void add_chunks(FeatureInput& input, const Column& reference, std::uint64_t chunks) {
  const std::uint64_t rows = reference.rows();
  for (std::uint64_t i = 0; i < chunks; ++i) {
    const std::uint64_t first = rows * i / chunks, last = rows * (i + 1) / chunks;
    if (input.pair.categorical) {
      input.label_chunks.push_back(counts_of(reference, input.pair.labels, first, last));
    } else {
      input.number_chunks.push_back(sorted_numbers(rows_of(reference, first, last)));
    }
  }
}

FeatureResult compare_columns(const Column& reference, const Column& current, std::uint64_t index,
                              const AnalysisOptions& options, const Settings& settings) {
  FeatureInput input{.name = reference.name,
                     .index = index,
                     .kind = reference.kind == current.kind ? reference.kind : ColumnKind::real};
  const bool empty = reference.missing() == reference.rows() || current.missing() == current.rows();
  if (!empty && !comparable(reference.kind, current.kind)) {
    FeatureResult failed{
        .name = reference.name, .index = index, .kind = reference.kind, .verdict = Verdict::failed};
    failed.psi = failed.effect_size = std::nan("");
    failed.warnings.push_back(
        fmt::format("was {}, is {}", to_string(reference.kind), to_string(current.kind)));
    return failed;
  }
  if (empty) {  // the kind of a column without values was guessed
    FeatureResult none{
        .name = reference.name,
        .index = index,
        .kind = reference.missing() < reference.rows() ? reference.kind : current.kind,
        .verdict = Verdict::no_data};
    none.psi = none.effect_size = std::nan("");
    none.reference_missing = reference.missing();
    none.current_missing = current.missing();
    none.reference_rows = reference.rows() - none.reference_missing;
    none.current_rows = current.rows() - none.current_missing;
    none.warnings.emplace_back(none.reference_rows == 0 ? "the reference has no value"
                                                        : "the current data have no value");
    return none;
  }
  input.pair.categorical = is_categorical(reference);
  if (input.pair.categorical) {
    input.pair.labels = count_labels(reference, current);
    input.pair.distinct = input.pair.labels.labels.size();
    input.reference_missing = reference.missing();
    input.current_missing = current.missing();
  } else {
    input.pair.reference = sorted_numbers(reference);
    input.pair.current = sorted_numbers(current);
    input.pair.distinct = distinct_values(input.pair.reference, input.pair.current, distinct_limit);
  }
  if (settings.dialect == Dialect::nannyml) add_chunks(input, reference, options.chunks);
  return examine(input, options, settings);
}

}  // namespace

std::vector<FeatureResult> compare_tables(const DataSet& reference, const DataSet& current,
                                          const AnalysisOptions& options, const Settings& settings,
                                          Progress& progress) {
  struct Pair {
    const Column* reference;
    const Column* current;
    std::uint64_t index;
  };
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    const Column& column = reference.columns[i];
    const Column* other = find_column(current, column.name);
    // Time always moves on: it orders the rows and is no feature.
    if (other == nullptr || column.kind == ColumnKind::time || other->kind == ColumnKind::time ||
        column.name == options.time_column) {
      continue;
    }
    pairs.push_back({&column, other, i});
  }
  const Column* reference_time =
      options.time_column.empty() ? nullptr : find_column(reference, options.time_column);
  const Column* current_time =
      options.time_column.empty() ? nullptr : find_column(current, options.time_column);
  std::vector<FeatureResult> features(pairs.size());
  progress.start("comparing", pairs.size(), "columns");
  std::mutex mutex;
  parallel_for(pairs.size(), [&](std::size_t i) {
    features[i] =
        compare_columns(*pairs[i].reference, *pairs[i].current, pairs[i].index, options, settings);
    if (current_time != nullptr) {
      features[i].over_time =
          slices_over_time(*pairs[i].reference, reference_time, *pairs[i].current, current_time);
    }
    const std::lock_guard lock(mutex);
    progress.advance(1);
  });
  progress.finish();
  return features;
}

}  // namespace mlopsctl::drift
