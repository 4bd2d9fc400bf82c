#include "commands/drift_view.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/ui/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace mlopsctl::commands {

namespace {

using drift::DriftResult;
using drift::FeatureResult;

constexpr std::size_t shown_on_terminal = 15;
constexpr std::size_t shown_tests = 3;
constexpr std::size_t shown_warnings = 6;
constexpr int spark_width = 10;

// Absent where there is none.
Cell number_cell(double value) {
  if (std::isnan(value)) return {};
  return {Value(value),
          human_number(std::abs(value) < 1e-4 ? value : std::round(value * 1e4) / 1e4)};
}

Cell p_cell(std::optional<double> p) {
  if (!p || std::isnan(*p)) return {};
  if (*p == 0) return {Value(0.0), "<1e-300"};
  return {Value(*p), fmt::format("{:.2g}", *p)};
}

Cell spark_cell(const std::vector<std::uint64_t>& counts, bool unicode) {
  const std::vector<double> heights(counts.begin(), counts.end());
  const std::string text = sparkline(heights, spark_width, unicode);
  return {Value(text), text};
}

// Every test that was run on some feature, and whether it gives a p-value.
std::vector<std::pair<std::string, bool>> tests_of(const DriftResult& result) {
  std::vector<std::pair<std::string, bool>> tests;
  for (const auto& feature : result.features) {
    for (const auto& test : feature.tests) {
      const bool known =
          std::ranges::any_of(tests, [&](const auto& other) { return other.first == test.test; });
      if (!known) tests.emplace_back(test.test, test.p.has_value());
    }
  }
  return tests;
}

// Columns of the feature table beside the fixed ones: one or two a test.
std::vector<Column> test_columns(const DriftResult& result) {
  std::vector<Column> columns;
  for (const auto& [test, has_p] : tests_of(result)) {
    const bool shown = columns.size() < 5 * shown_tests;
    columns.push_back({.key = test, .header = test, .right = true, .terminal = shown});
    columns.push_back(
        {.key = test + "_p", .header = "p", .right = true, .terminal = shown && has_p});
    columns.push_back({.key = test + "_threshold", .header = "", .terminal = false});
    columns.push_back({.key = test + "_drifted", .header = "", .terminal = false});
    columns.push_back({.key = test + "_drifted_corrected", .header = "", .terminal = false});
  }
  return columns;
}

void add_tests(std::vector<Cell>& row, const DriftResult& result, const FeatureResult& feature) {
  for (const auto& [name, has_p] : tests_of(result)) {
    const auto test = std::ranges::find(feature.tests, name, &drift::TestOutcome::test);
    if (test == feature.tests.end()) {
      row.insert(row.end(), 5, Cell());
      continue;
    }
    Cell value = number_cell(test->statistic);
    if (test->drifted) value.style = test->decides ? Style::red : Style::yellow;
    row.push_back(std::move(value));
    row.push_back(p_cell(test->p));
    row.push_back(number_cell(test->threshold));
    row.emplace_back(Value(test->drifted));
    row.emplace_back(Value(test->drifted_corrected));
  }
}

}  // namespace

Table drift_feature_table(const DriftResult& result, std::size_t top, bool sparklines,
                          bool unicode) {
  Table table{.key = "features", .heading = "Features, worst first"};
  table.columns = {{.key = "name", .header = "FEATURE", .shrink = true},
                   {.key = "verdict", .header = "VERDICT"},
                   {.key = "effect_size", .header = "MOVED", .right = true}};
  for (auto& column : test_columns(result)) table.columns.push_back(std::move(column));
  const auto hidden = [&](const char* key) {
    table.columns.push_back({.key = key, .header = "", .terminal = false});
  };
  for (const char* key : {"direction", "location", "index", "kind", "reference_rows",
                          "current_rows", "reference_missing", "current_missing", "reference_mean",
                          "current_mean", "out_of_range", "warnings"}) {
    hidden(key);
  }
  if (sparklines) {
    table.columns.push_back({.key = "reference", .header = "REFERENCE", .pipe = false});
    table.columns.push_back({.key = "current", .header = "CURRENT", .pipe = false});
  }
  for (std::size_t i = 0; i < result.features.size() && i < top; ++i) {
    const FeatureResult& feature = result.features[i];
    const bool number =
        feature.kind != drift::ColumnKind::category && feature.kind != drift::ColumnKind::boolean;
    const std::string verdict(to_string(feature.verdict));
    const bool compared = !std::isnan(feature.effect_size);
    Cell moved = number_cell(feature.effect_size);
    if (compared) {
      moved.shown = fmt::format("{:.1f} %{}", 100 * feature.effect_size,
                                feature.direction > 0   ? " up"
                                : feature.direction < 0 ? " down"
                                                        : "");
    }
    std::vector<Cell> row{
        Cell(feature.name), {Value(verdict), verdict, style_of(feature.verdict)}, std::move(moved)};
    add_tests(row, result, feature);
    row.emplace_back(Value(static_cast<std::int64_t>(feature.direction)));
    row.push_back(number && compared ? Cell(Value(feature.location)) : Cell());
    row.push_back(count_cell(feature.index));
    row.emplace_back(to_string(feature.kind));
    row.push_back(count_cell(feature.reference_rows));
    row.push_back(count_cell(feature.current_rows));
    row.push_back(count_cell(feature.reference_missing));
    row.push_back(count_cell(feature.current_missing));
    row.push_back(number && compared ? Cell(Value(feature.reference.mean)) : Cell());
    row.push_back(number && compared ? Cell(Value(feature.current.mean)) : Cell());
    row.push_back(count_cell(feature.out_of_range));
    row.emplace_back(join(feature.warnings, "; "));
    if (sparklines) {
      row.push_back(spark_cell(feature.distribution.reference, unicode));
      row.push_back(spark_cell(feature.distribution.current, unicode));
    }
    table.add(std::move(row));
  }
  return table;
}

Table drift_findings_table(const DriftResult& result) {
  Table table{.key = "findings", .heading = "Findings"};
  table.columns = {{.key = "kind", .header = "FINDING"},
                   {.key = "feature", .header = "FEATURE", .shrink = true},
                   {.key = "message", .header = "WHAT", .wrap = true},
                   {.key = "drift", .header = "DRIFT", .terminal = false}};
  for (const auto& finding : result.findings) {
    const std::string kind(to_string(finding.kind));
    table.add({{Value(kind), kind, finding.drift ? Style::red : Style::yellow},
               Cell(finding.feature),
               Cell(finding.message),
               Cell(Value(finding.drift))});
  }
  return table;
}

namespace {

// Every test without and with a correction, so that nobody has to guess how many are chance.
Table tallies_table(const DriftResult& result) {
  Table table{.key = "tests", .heading = "Tests"};
  table.columns = {{.key = "test", .header = "TEST"},
                   {.key = "tested", .header = "FEATURES", .right = true},
                   {.key = "drifted", .header = "DRIFTED", .right = true},
                   {.key = "expected_by_chance", .header = "BY CHANCE", .right = true},
                   {.key = "drifted_corrected", .header = "CORRECTED", .right = true}};
  for (const auto& tally : result.tallies) {
    const bool p = tally.expected_by_chance.has_value();
    table.add({Cell(tally.test), count_cell(tally.tested), count_cell(tally.drifted),
               p ? number_cell(*tally.expected_by_chance) : Cell(),
               p ? count_cell(tally.drifted_corrected) : Cell()});
  }
  return table;
}

Table whole_table(const DriftResult& result) {
  Table table{.key = "whole_tests", .heading = "Tests of the whole"};
  table.columns = {{.key = "test", .header = "TEST"},
                   {.key = "statistic", .header = "VALUE", .right = true},
                   {.key = "p", .header = "p", .right = true},
                   {.key = "threshold", .header = "THRESHOLD", .right = true},
                   {.key = "drifted", .header = "DRIFTED"}};
  for (const auto& test : result.data_set_tests) {
    table.add({Cell(test.test),
               number_cell(test.statistic),
               p_cell(test.p),
               number_cell(test.threshold),
               {Value(test.drifted), test.drifted ? "yes" : "no",
                test.drifted ? Style::red : Style::plain}});
  }
  return table;
}

// The same sentence of many features is said once.
void warn_on_terminal(Report& report, const DriftResult& result, std::size_t top) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> features;
  for (std::size_t i = 0; i < result.features.size() && i < top; ++i) {
    for (const auto& warning : result.features[i].warnings) {
      auto& names = features[warning];
      if (names.empty()) order.push_back(warning);
      names.push_back(result.features[i].name);
    }
  }
  for (std::size_t i = 0; i < order.size() && i < shown_warnings; ++i) {
    const auto& names = features[order[i]];
    const std::string who =
        names.size() <= 3 ? join(names, ", ") : fmt::format("{} features", names.size());
    report.finding(mlopsctl::Severity::warning, fmt::format("{}: {}", who, order[i]));
  }
  if (order.size() > shown_warnings) {
    report.finding(mlopsctl::Severity::note,
                   fmt::format("{} more warnings are in --json", order.size() - shown_warnings));
  }
}

}  // namespace

ExitCode exit_code_of(drift::Verdict verdict) {
  switch (verdict) {
    case drift::Verdict::ok:
      return ExitCode::done;
    case drift::Verdict::drift:
      return ExitCode::bad_answer;
    case drift::Verdict::insufficient:
    case drift::Verdict::no_data:
    case drift::Verdict::not_tested:
    case drift::Verdict::failed:
      return ExitCode::no_answer;
  }
  return ExitCode::failed;
}

Style style_of(drift::Verdict verdict) {
  switch (verdict) {
    case drift::Verdict::ok:
      return Style::green;
    case drift::Verdict::drift:
    case drift::Verdict::failed:
      return Style::red;
    case drift::Verdict::insufficient:
    case drift::Verdict::no_data:
    case drift::Verdict::not_tested:
      return Style::yellow;
  }
  return Style::plain;
}

Report drift_view(Context& context, const std::string& schema, const DriftResult& result,
                  std::optional<std::size_t> top) {
  const Terminal& terminal = context.terminal();
  const bool person = terminal.out_is_tty && !context.globals().json;
  const std::size_t all = result.features.size();
  std::size_t shown = top.value_or(person ? shown_on_terminal : 0);
  if (shown == 0 || shown > all) shown = all;
  const std::string verdict(to_string(result.verdict)), severity(to_string(result.severity));

  Report report(schema);
  report.field("name", "check", Cell(result.name));
  report.field("verdict", "verdict", {Value(verdict), verdict, style_of(result.verdict)});
  report.field("severity", "severity", Cell(severity));
  report.field("preset", "preset", Cell(result.preset));
  report.field("reference", "reference", Cell(result.reference_source));
  report.field("reference_rows", "rows", count_cell(result.reference_rows));
  report.field("current", "current", Cell(result.current_source));
  report.field("current_rows", "rows", count_cell(result.current_rows));
  if (result.window_from || !person) {
    report.field("window_from", "from",
                 result.window_from ? Cell(Value(*result.window_from)) : Cell());
  }
  if (result.window_to || !person) {
    report.field("window_to", "to", result.window_to ? Cell(Value(*result.window_to)) : Cell());
  }
  if (!person) {
    report.field("checked_at", "at", Cell(Value(result.checked_at)));
    report.field("correction", "correction", Cell(result.correction));
    report.field("alpha", "alpha", Cell(Value(result.alpha)));
    report.field("min_effect", "min effect",
                 result.min_effect ? Cell(Value(*result.min_effect)) : Cell());
    report.field("share_threshold", "share", Cell(Value(result.share_threshold)));
    report.field("tested_features", "tested", count_cell(result.tested_features));
    report.field("drifted_features", "drifted", count_cell(result.drifted_features));
    report.field("max_psi", "max psi", Cell(Value(result.max_psi)));
    report.field("max_psi_feature", "of", Cell(result.max_psi_feature));
    report.field("max_effect_size", "max effect", Cell(Value(result.max_effect_size)));
    report.field("max_effect_feature", "of", Cell(result.max_effect_feature));
    report.field("backend", "device", Cell(result.backend));
    report.field("run_id", "run", Cell(result.run_id));
  }
  report.table(drift_feature_table(result, shown, person, terminal.unicode));
  if (!result.data_set_tests.empty() || !person) report.table(whole_table(result));
  if (!result.tallies.empty() || !person) report.table(tallies_table(result));
  if (!result.findings.empty() || !person) report.table(drift_findings_table(result));
  if (person) warn_on_terminal(report, result, shown);
  std::string summary = fmt::format("{}: {}", verdict, result.reason);
  if (person && shown < all) {
    summary += fmt::format(" ({} of {} features shown; --top 0 shows all)", shown, all);
  }
  return report.summary(summary);
}

}  // namespace mlopsctl::commands
