#include "mlopsctl/drift/profile.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/compute/columns.hpp"

#include "drift/parallel.hpp"
#include "drift/profile_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

constexpr std::uint64_t group = 16;   // columns that are read together: a cache line of float32
constexpr std::uint64_t slab = 4096;  // rows

ProfiledColumn new_column(std::string name, ColumnKind kind, const ProfileOptions& options) {
  return {.name = std::move(name),
          .kind = kind,
          .buckets = BucketHistogram(options.buckets),
          .labels = LabelSketch(options.labels)};
}

// The values of a block: first its own moments, so that a long column does not lose its tail.
void add_values(ProfiledColumn& column, const double* values, std::size_t count) {
  std::uint64_t finite = 0;
  double low = INFINITY, high = -INFINITY, sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double value = values[i];
    if (!std::isfinite(value)) {
      ++(std::isnan(value) ? column.missing : column.infinite);
      continue;
    }
    ++finite;
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
    column.buckets.add(value);
  }
  if (finite == 0) return;
  double mean = sum / static_cast<double>(finite);
  if (!std::isfinite(mean)) {  // the sum is larger than the largest double
    mean = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (std::isfinite(values[i])) mean += values[i] / static_cast<double>(finite);
    }
  }
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double difference = values[i] - mean;
    if (std::isfinite(values[i])) squares += difference * difference;
  }
  column.merge_moments(finite, low + 0.0, high + 0.0, mean, squares);
}

void add_integers(ProfiledColumn& column, const Integers& integers) {
  std::vector<double> values;
  values.reserve(integers.values.size());
  for (std::size_t i = 0; i < integers.values.size(); ++i) {
    const bool missing = !integers.missing.empty() && integers.missing[i];
    values.push_back(missing ? std::nan("") : static_cast<double>(integers.values[i]));
  }
  add_values(column, values.data(), values.size());
}

void add_labels(ProfiledColumn& profiled, const Column& column) {
  if (const auto* categories = std::get_if<Categories>(&column.values)) {
    std::vector<std::uint64_t> counts(categories->labels.size());
    for (const auto code : categories->codes) {
      if (code >= 0) ++counts[static_cast<std::size_t>(code)];
    }
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 0) profiled.labels.add(categories->labels[i], counts[i]);
    }
    return;
  }
  const auto& integers = std::get<Integers>(column.values);
  std::uint64_t yes = 0, no = 0;
  for (std::size_t i = 0; i < integers.values.size(); ++i) {
    if (integers.missing.empty() || !integers.missing[i]) ++(integers.values[i] != 0 ? yes : no);
  }
  if (no > 0) profiled.labels.add("false", no);
  if (yes > 0) profiled.labels.add("true", yes);
}

void add_matrix(std::vector<ProfiledColumn>& columns, const Matrix& matrix) {
  const std::uint64_t rows = matrix.rows();
  parallel_for((columns.size() + group - 1) / group, [&](std::size_t which) {
    const std::uint64_t first = which * group;
    const std::uint64_t count = std::min<std::uint64_t>(group, columns.size() - first);
    std::vector<double> values(count * slab);
    for (std::uint64_t row = 0; row < rows; row += slab) {
      const std::uint64_t last = std::min(row + slab, rows);
      copy_columns(matrix, first, count, row, last, values.data(), slab);
      for (std::uint64_t i = 0; i < count; ++i) {
        add_values(columns[first + i], values.data() + i * slab, last - row);
      }
    }
    for (std::uint64_t i = 0; i < count; ++i) columns[first + i].rows += rows;
  });
}

// A part of a column of reals may hold integers only.
bool agree(ColumnKind a, ColumnKind b) {
  const auto number = [](ColumnKind kind) {
    return kind == ColumnKind::real || kind == ColumnKind::integer;
  };
  return a == b || (number(a) && number(b));
}

void add_column(ProfiledColumn& profiled, const Column& column) {
  if (profiled.kind != column.kind) profiled.kind = ColumnKind::real;
  profiled.rows += column.rows();
  if (profiled.is_categorical()) {
    profiled.missing += column.missing();
    add_labels(profiled, column);
  } else if (const auto* reals = std::get_if<std::vector<double>>(&column.values)) {
    add_values(profiled, reals->data(), reals->size());
  } else {
    add_integers(profiled, std::get<Integers>(column.values));
  }
}

}  // namespace

void ProfiledColumn::merge_moments(std::uint64_t count, double low, double high, double middle,
                                   double squared) {
  if (count == 0) return;
  if (finite == 0) {
    min = low, max = high, mean = middle, squares = squared;
    finite = count;
    return;
  }
  const auto before = static_cast<double>(finite), more = static_cast<double>(count);
  const double difference = middle - mean;
  min = std::min(min, low);
  max = std::max(max, high);
  finite += count;
  mean = std::isfinite(difference)
             ? mean + difference * (more / (before + more))
             : mean * (before / (before + more)) + middle * (more / (before + more));
  squares += squared + difference * difference * (before * more / (before + more));
}

Profile::Profile(const ProfileOptions& options) : state_(std::make_unique<ProfileState>()) {
  state_->options = options;
}
Profile::~Profile() = default;
Profile::Profile(Profile&&) noexcept = default;
Profile& Profile::operator=(Profile&&) noexcept = default;

std::uint64_t Profile::rows() const { return state_->rows; }
std::uint64_t Profile::features() const { return state_->columns.size(); }
bool Profile::is_matrix() const { return state_->matrix; }
const std::string& Profile::source() const { return state_->source; }
void Profile::set_source(std::string source) { state_->source = std::move(source); }

void Profile::add(const DataSet& block) {
  auto& columns = state_->columns;
  if (columns.empty()) {
    state_->matrix = block.matrix.has_value();
    for (std::uint64_t i = 0; i < block.features(); ++i) {
      const ColumnKind kind = block.matrix ? ColumnKind::real : block.columns[i].kind;
      columns.push_back(new_column(block.feature_name(i), kind, state_->options));
    }
  }
  bool fits = block.matrix.has_value() == state_->matrix && block.features() == columns.size();
  for (std::uint64_t i = 0; fits && i < columns.size(); ++i) {
    fits = block.feature_name(i) == columns[i].name &&
           (block.matrix || agree(columns[i].kind, block.columns[i].kind));
  }
  if (!fits) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{} has other columns than what was read before", quote(block.source)),
                "all parts of one data set have the same columns; --schema says of which kind");
  }
  state_->rows += block.rows();
  if (block.matrix) {
    add_matrix(columns, *block.matrix);
  } else {
    parallel_for(columns.size(), [&](std::size_t i) { add_column(columns[i], block.columns[i]); });
  }
}

void Profile::merge(const Profile& other) {
  const auto& theirs = other.state_->columns;
  auto& columns = state_->columns;
  if (columns.empty()) {
    state_->matrix = other.is_matrix();
    for (const auto& column : theirs) {
      columns.push_back(new_column(column.name, column.kind, state_->options));
    }
  }
  bool fits = columns.size() == theirs.size() && state_->matrix == other.is_matrix();
  for (std::size_t i = 0; fits && i < columns.size(); ++i) {
    fits = columns[i].name == theirs[i].name && agree(columns[i].kind, theirs[i].kind);
  }
  if (!fits) {
    throw Error(
        ErrorKind::conflict, fmt::format("{} is a profile of other columns", quote(other.source())),
        "profiles merge if columns, order and kinds are the same; --schema fixes the kinds");
  }
  state_->options.buckets = std::min(state_->options.buckets, other.state_->options.buckets);
  state_->options.labels = std::min(state_->options.labels, other.state_->options.labels);
  state_->rows += other.rows();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    ProfiledColumn& into = columns[i];
    const ProfiledColumn& from = theirs[i];
    if (into.kind != from.kind) into.kind = ColumnKind::real;
    into.rows += from.rows;
    into.missing += from.missing;
    into.infinite += from.infinite;
    into.merge_moments(from.finite, from.min, from.max, from.mean, from.squares);
    into.buckets.merge(from.buckets);
    into.labels.merge(from.labels);
  }
}

void Profile::leave_out(const std::vector<std::string>& names) {
  if (state_->matrix) return;
  std::erase_if(state_->columns, [&](const ProfiledColumn& column) {
    return std::ranges::find(names, column.name) != names.end();
  });
}

std::vector<Profile::Column> Profile::columns() const {
  std::vector<Column> result;
  for (const auto& column : state_->columns) {
    Column one{.name = column.name,
               .kind = column.kind,
               .rows = column.rows,
               .missing = column.missing + column.infinite};
    if (column.is_categorical()) {
      one.min = one.max = one.mean = one.deviation = std::nan("");
      one.distinct = column.labels.counts().size();
      one.exact = column.labels.zeros() == 0;
    } else {
      const bool none = column.finite == 0;
      one.min = none ? std::nan("") : column.min;
      one.max = none ? std::nan("") : column.max;
      one.mean = none ? std::nan("") : column.mean;
      one.deviation =
          none ? std::nan("") : std::sqrt(column.squares / static_cast<double>(column.finite));
      one.distinct = column.buckets.buckets().size();
      one.exact = column.buckets.exact();
    }
    result.push_back(std::move(one));
  }
  return result;
}

Profile profile_of(const std::vector<std::string>& inputs, const ReadOptions& read,
                   const ProfileOptions& options, Progress& progress) {
  Profile profile(options);
  std::string source;
  read_blocks(inputs, read, progress, [&](const DataSet& block) {
    if (source.empty()) {
      source = block.source;
      check_absent(block, block);
    }
    profile.add(block);
  });
  profile.set_source(source);
  return profile;
}

}  // namespace mlopsctl::drift
