#include "drift/findings.hpp"

#include "mlopsctl/base/number_type.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/statistics.hpp"
#include "mlopsctl/platform/mapped_file.hpp"

#include "drift/dependent_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <system_error>

namespace mlopsctl::drift {

namespace {

namespace fs = std::filesystem;

// Shares of rows from which a change is more than a remark.
constexpr double new_category_share = 0.01;
constexpr double out_of_range_share = 0.01;
constexpr std::size_t named_categories = 5;

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void find_missing(DriftResult& result, const FeatureResult& feature, std::size_t features,
                  const AnalysisOptions& options, const Settings& settings) {
  const std::uint64_t all_reference = feature.reference_rows + feature.reference_missing;
  const std::uint64_t all_current = feature.current_rows + feature.current_missing;
  if (all_reference == 0 || all_current == 0) return;
  const double before = share(feature.reference_missing, all_reference);
  const double after = share(feature.current_missing, all_current);
  const double p = two_proportions(feature.reference_missing, all_reference,
                                   feature.current_missing, all_current)
                       .p;
  // One question a feature: Bonferroni, so that wide tables stay quiet.
  const bool significant =
      p < settings.alpha / static_cast<double>(std::max<std::size_t>(features, 1));
  if (!significant || std::abs(after - before) < options.missing_change) return;
  result.findings.push_back(
      {.kind = FindingKind::missing_values,
       .feature = feature.name,
       .message = fmt::format("{:.1f} % of the values are missing or not finite, it was {:.1f} %",
                              100 * after, 100 * before),
       .drift = settings.findings_are_drift});
}

void find_categories(DriftResult& result, const FeatureResult& feature, const Settings& settings) {
  const auto& counts = feature.distribution;
  if (counts.labels.empty() || feature.reference_rows == 0 || feature.current_rows == 0) return;
  const auto report = [&](FindingKind kind, const std::vector<std::uint64_t>& absent,
                          const std::vector<std::uint64_t>& present, std::uint64_t rows) {
    std::vector<std::string> names;
    std::uint64_t many = 0, moved = 0;
    for (std::size_t i = 0; i < counts.labels.size(); ++i) {
      if (absent[i] > 0 || present[i] == 0) continue;
      if (++many <= named_categories) names.push_back(quote(counts.labels[i]));
      moved += present[i];
    }
    if (many == 0) return;
    if (many > named_categories)
      names.push_back(fmt::format("and {} more", many - named_categories));
    const bool fresh = kind == FindingKind::new_categories;
    const double part = share(moved, rows);
    result.findings.push_back(
        {.kind = kind,
         .feature = feature.name,
         .message = fmt::format("{} {} of {}: {}, {:.2f} % of the {} rows", many,
                                fresh ? "new" : "lost", many == 1 ? "category" : "categories",
                                join(names, ", "), 100 * part, fresh ? "current" : "reference"),
         .drift = settings.findings_are_drift && part >= new_category_share});
  };
  report(FindingKind::new_categories, counts.reference, counts.current, feature.current_rows);
  report(FindingKind::lost_categories, counts.current, counts.reference, feature.reference_rows);
}

void find_range(DriftResult& result, const FeatureResult& feature, const Settings& settings) {
  if (feature.reference_rows == 0 || feature.out_of_range == 0) return;
  const double part = share(feature.out_of_range, feature.current_rows);
  // A new sample of the same size goes beyond the old one's extremes in some two rows.
  if (part < out_of_range_share || part < 10.0 / static_cast<double>(feature.reference_rows)) {
    return;
  }
  result.findings.push_back(
      {.kind = FindingKind::out_of_range,
       .feature = feature.name,
       .message =
           fmt::format("{:.1f} % of the values lie outside the reference's {} to {}", 100 * part,
                       human_number(feature.reference.min), human_number(feature.reference.max)),
       .drift = settings.findings_are_drift});
}

// One file under two names, or a copy of it.
bool same_file(const std::string& a, const std::string& b) {
  std::error_code failed;
  if (!fs::is_regular_file(a, failed) || !fs::is_regular_file(b, failed)) return false;
  if (fs::equivalent(a, b, failed)) return true;
  if (fs::file_size(a, failed) != fs::file_size(b, failed)) return false;
  return MappedFile::open(a)->bytes() == MappedFile::open(b)->bytes();
}

bool same_files(const DataSet& a, const DataSet& b) {
  if (a.files.empty() || a.files.size() != b.files.size()) return false;
  for (std::size_t i = 0; i < a.files.size(); ++i) {
    if (!same_file(a.files[i], b.files[i])) return false;
  }
  return true;
}

std::set<std::string> types_of(const DataSet& data) {
  std::set<std::string> types;
  if (data.matrix) {
    for (const auto& part : data.matrix->parts) types.insert(std::string(to_string(part.type)));
  }
  return types;
}

}  // namespace

bool comparable(ColumnKind a, ColumnKind b) {
  const auto number = [](ColumnKind kind) {
    return kind == ColumnKind::real || kind == ColumnKind::integer;
  };
  return a == b || (number(a) && number(b));
}

void find_schema_changes(DriftResult& result, const DataSet& reference, const DataSet& current,
                         const Settings& settings) {
  const auto add = [&](const std::string& feature, std::string message, bool drift) {
    result.findings.push_back({.kind = FindingKind::schema,
                               .feature = feature,
                               .message = std::move(message),
                               .drift = drift && settings.findings_are_drift});
  };
  for (const auto& column : reference.columns) {
    const auto other = std::ranges::find(current.columns, column.name, &Column::name);
    if (other == current.columns.end()) {
      add(column.name, "the current data lack this column", true);
    } else if (!comparable(column.kind, other->kind) && column.missing() < column.rows() &&
               other->missing() < other->rows()) {
      add(column.name,
          fmt::format("was {}, is {}: --schema says what it is meant to be", to_string(column.kind),
                      to_string(other->kind)),
          true);
    }
  }
  for (const auto& column : current.columns) {
    if (std::ranges::find(reference.columns, column.name, &Column::name) ==
        reference.columns.end()) {
      add(column.name, "the reference lacks this column", false);
    }
  }
}

void find_changes(DriftResult& result, const AnalysisOptions& options, const Settings& settings) {
  for (const auto& feature : result.features) {
    find_missing(result, feature, result.features.size(), options, settings);
    find_categories(result, feature, settings);
    find_range(result, feature, settings);
  }
}

void find_unanswered(DriftResult& result) {
  for (const auto& test : result.data_set_tests) {
    if (!std::isnan(test.statistic)) continue;
    result.findings.push_back(
        {.kind = FindingKind::misleading,
         .feature = "",
         .message =
             fmt::format("{} gives no number: too few rows are finite throughout", test.test),
         .drift = false});
  }
}

void find_traps(DriftResult& result, const DataSet& reference, const DataSet& current,
                const std::string& time_column) {
  const auto add = [&](std::string message) {
    result.findings.push_back({.kind = FindingKind::misleading,
                               .feature = "",
                               .message = std::move(message),
                               .drift = false});
  };
  if (same_files(reference, current)) {
    add("reference and current data are the same file or a copy of it: nothing can have changed");
  }
  auto types = types_of(reference);
  const auto others = types_of(current);
  if (!types.empty() && types != others) {
    types.insert(others.begin(), others.end());
    add(fmt::format(
        "the matrices mix {}: rounding alone moves values, so KS may see a change where "
        "values repeat",
        join(std::vector<std::string>(types.begin(), types.end()), " and ")));
  }
  for (const bool first : {true, false}) {
    const auto found = dependent_rows(first ? reference : current,
                                      first ? "the reference's" : "the current", time_column);
    for (const auto& message : found) add(message);
  }
  for (const auto* data : {&reference, &current}) {
    for (const auto& note : data->notes) add(note);
  }
}

}  // namespace mlopsctl::drift
