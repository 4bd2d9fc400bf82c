#include "commands/quality_view.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/drift_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::commands {

namespace {

using quality::IndicatorKind;
using quality::QualityResult;
using quality::Rate;
using quality::RateResult;
using quality::Verdict;

constexpr std::size_t shown_drift = 8;
constexpr std::size_t shown_bad_lines = 3;

Cell number(double value) {
  if (std::isnan(value)) return {};
  return {Value(value), human_number(std::round(value * 1e4) / 1e4)};
}

Cell percent(double share) {
  if (std::isnan(share)) return {};
  return {Value(share), quality::percent_text(share)};
}

Style style_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return Style::green;
    case Verdict::bad:
      return Style::red;
    case Verdict::insufficient:
    case Verdict::no_data:
      return Style::yellow;
  }
  return Style::plain;
}

// On a terminal the flags that say something: limited, or a bad one that some response has.
bool is_telling(const RateResult& rate) {
  const bool before = rate.reference && rate.reference->hits > 0;
  return rate.limit || (rate.indicator.bad && (rate.current.hits > 0 || before));
}

Table rate_table(const QualityResult& result, bool person) {
  Table table{.key = "rates", .heading = "Rates", .when_empty = "no response has a bad flag"};
  table.columns = {{.key = "name", .header = "INDICATOR"},
                   {.key = "rate", .header = "RATE", .right = true},
                   {.key = "low", .header = "AT LEAST", .right = true},
                   {.key = "high", .header = "AT MOST", .right = true},
                   {.key = "hits", .header = "RESPONSES", .right = true},
                   {.key = "of", .header = "OF", .right = true},
                   {.key = "limit", .header = "LIMIT", .right = true}};
  const bool compares = result.reference.has_value();
  for (const char* key : {"reference_rate", "reference_low", "reference_high"}) {
    table.columns.push_back({.key = key,
                             .header = "REFERENCE",
                             .right = true,
                             .terminal = compares && std::string(key) == "reference_rate"});
  }
  table.columns.push_back({.key = "verdict", .header = "VERDICT"});
  table.columns.push_back({.key = "bad", .header = "", .terminal = false});
  table.columns.push_back({.key = "help", .header = "WHAT", .shrink = true});
  for (const RateResult& rate : result.rates) {
    if (person && !is_telling(rate)) continue;
    const Rate& now = rate.current;
    std::vector<Cell> row{Cell(rate.indicator.name),
                          percent(now.value()),
                          percent(now.interval.low),
                          percent(now.interval.high),
                          count_cell(now.hits),
                          count_cell(now.of),
                          rate.limit ? percent(*rate.limit) : Cell()};
    if (rate.reference) {
      row.push_back(percent(rate.reference->value()));
      row.push_back(percent(rate.reference->interval.low));
      row.push_back(percent(rate.reference->interval.high));
    } else {
      row.insert(row.end(), 3, Cell());
    }
    const std::string verdict = rate.over ? "over" : rate.rose ? "rose" : rate.limit ? "ok" : "";
    row.push_back({verdict.empty() ? Value() : Value(verdict), verdict.empty() ? " " : verdict,
                   rate.over || rate.rose ? Style::red : Style::green});
    row.emplace_back(Value(rate.indicator.bad));
    row.emplace_back(rate.indicator.help);
    table.add(std::move(row));
  }
  return table;
}

Table number_table(const QualityResult& result) {
  Table table{.key = "numbers", .heading = "Numbers"};
  const bool compares = result.reference.has_value();
  table.columns = {
      {.key = "name", .header = "INDICATOR"},
      {.key = "mean", .header = "MEAN", .right = true},
      {.key = "min", .header = "LEAST", .right = true},
      {.key = "max", .header = "MOST", .right = true},
      {.key = "of", .header = "OF", .right = true},
      {.key = "reference_mean", .header = "REFERENCE", .right = true, .terminal = compares},
      {.key = "help", .header = "WHAT", .shrink = true}};
  for (std::size_t i = 0; i < result.indicators.size(); ++i) {
    const auto& info = result.indicators[i];
    if (info.kind != IndicatorKind::number && info.kind != IndicatorKind::count) continue;
    const auto& total = result.current.totals[i];
    table.add({Cell(info.name), number(total.mean()), number(total.min()), number(total.max()),
               count_cell(total.count()),
               compares ? number(result.reference->totals[i].mean()) : Cell(), Cell(info.help)});
  }
  return table;
}

Table language_table(const QualityResult& result) {
  Table table{.key = "languages", .heading = "Languages"};
  table.columns = {{.key = "language", .header = "LANGUAGE"},
                   {.key = "responses", .header = "RESPONSES", .right = true},
                   {.key = "rate", .header = "RATE", .right = true}};
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < result.labels.size(); ++i) {
    if (result.current.labels[i] > 0) order.push_back(i);
  }
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t i) { return result.current.labels[i]; });
  for (const std::size_t i : order) {
    const std::uint64_t responses = result.current.labels[i];
    table.add(
        {Cell(result.labels[i]), count_cell(responses),
         percent(static_cast<double>(responses) / static_cast<double>(result.current.responses))});
  }
  return table;
}

Table response_table(const QualityResult& result, const char* key, const char* heading,
                     const std::vector<quality::ShownResponse>& shown) {
  const bool files = result.current.files.size() > 1;
  const bool ids = !result.current.fields.id.empty();
  Table table{.key = key, .heading = heading};
  table.columns = {{.key = "file", .header = "FILE", .shrink = true, .terminal = files},
                   {.key = "line", .header = "LINE", .right = true},
                   {.key = "id", .header = "ID", .shrink = true, .terminal = ids},
                   {.key = "time", .header = "TIME", .terminal = false},
                   {.key = "score", .header = "SCORE", .right = true},
                   {.key = "toxicity", .header = "TOXICITY", .right = true},
                   {.key = "flags", .header = "FLAGS", .wrap = true},
                   {.key = "response", .header = "RESPONSE", .shrink = true}};
  for (const auto& one : shown) {
    table.add({Cell(one.file), count_cell(one.line),
               one.id.empty() ? Cell() : Cell(shortened(printable(one.id), 60)),
               one.time ? Cell(Value(*one.time)) : Cell(), number(one.score), number(one.toxicity),
               Cell(join(one.flags, ", ")), Cell(one.excerpt)});
  }
  return table;
}

Table bad_line_table(const QualityResult& result) {
  Table table{.key = "bad_lines", .heading = "Malformed lines"};
  table.columns = {{.key = "file", .header = "FILE", .shrink = true},
                   {.key = "line", .header = "LINE", .right = true},
                   {.key = "message", .header = "WHAT", .wrap = true}};
  for (const auto& bad : result.current.bad_lines) {
    table.add({Cell(bad.file), count_cell(bad.line), Cell(bad.message)});
  }
  return table;
}

std::string named(const std::string& file) {
  return file == "-" ? "standard input" : quoted_path(file);
}

void tell_lines(Report& report, const quality::LogSummary& log) {
  for (std::size_t i = 0; i < std::min(shown_bad_lines, log.bad_lines.size()); ++i) {
    const auto& bad = log.bad_lines[i];
    report.finding(Severity::warning,
                   fmt::format("line {} of {}: {}", bad.line, named(bad.file), bad.message));
  }
  if (log.malformed > shown_bad_lines) {
    report.finding(Severity::warning,
                   fmt::format("{} more malformed lines", log.malformed - shown_bad_lines));
  }
  if (log.without_response > 0) {
    report.finding(Severity::note, fmt::format("{} lines have no text in {}", log.without_response,
                                               quote(log.fields.response)));
  }
  if (log.being_written > 0) {
    report.finding(Severity::note, "the last line is incomplete: it is still being written");
  }
}

void add_fields(Report& report, const QualityResult& result, bool person) {
  const auto& log = result.current;
  const std::string verdict(to_string(result.verdict));
  const auto text_or_none = [](const std::string& text) {
    return text.empty() ? Cell() : Cell(text);
  };
  report.field("name", "check", Cell(result.name));
  report.field("verdict", "verdict", {Value(verdict), verdict, style_of(result.verdict)});
  report.field("rules", "rules", Cell(result.rules));
  report.field("log", "log", Cell(log.source));
  report.field("response_field", "field", text_or_none(log.fields.response));
  report.field("responses", "responses", count_cell(log.responses));
  if (!person || log.malformed > 0) {
    report.field("malformed_lines", "malformed", count_cell(log.malformed));
  }
  if (!person) {
    report.field("lines", "lines", count_cell(log.lines));
    report.field("without_response", "without", count_cell(log.without_response));
    report.field("outside_window", "outside", count_cell(log.outside));
    report.field("prompt_field", "prompt field", text_or_none(log.fields.prompt));
    report.field("time_field", "time field", text_or_none(log.fields.time));
    report.field("from", "from", log.times ? Cell(Value(log.times->first)) : Cell());
    report.field("to", "to", log.times ? Cell(Value(log.times->second)) : Cell());
    report.field("checked_at", "at", Cell(Value(result.checked_at)));
    report.field("confidence", "confidence", Cell(Value(result.judging.confidence)));
    report.field("run_id", "run", text_or_none(result.run_id));
  }
  report.field("alerting_responses", "alerts", count_cell(log.alerting));
  report.field("mean_score", "mean score", number(result.total("score").mean()));
  report.field("mean_toxicity", "mean toxicity", number(result.total("toxicity").mean()));
  report.field("low_score_rate", "low scores", percent(result.total("low_score").mean()));
  if (result.reference || !person) {
    report.field("reference", "reference",
                 result.reference ? Cell(result.reference->source) : Cell());
    report.field("reference_responses", "responses",
                 result.reference ? count_cell(result.reference->responses) : Cell());
    report.field("drift_verdict", "drift",
                 result.drift ? Cell(to_string(result.drift->verdict)) : Cell());
  }
}

}  // namespace

ExitCode exit_code_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return ExitCode::done;
    case Verdict::bad:
      return ExitCode::bad_answer;
    case Verdict::insufficient:
    case Verdict::no_data:
      return ExitCode::no_answer;
  }
  return ExitCode::failed;
}

Report quality_view(Context& context, const std::string& schema, const QualityResult& result) {
  const Terminal& terminal = context.terminal();
  const bool person = terminal.out_is_tty && !context.globals().json;
  Report report(schema);
  add_fields(report, result, person);
  report.table(rate_table(result, person));
  report.table(number_table(result));
  if (result.drift || !person) {
    const drift::DriftResult none;
    const drift::DriftResult& drifted = result.drift ? *result.drift : none;
    const std::size_t all = drifted.features.size();
    Table features = drift_feature_table(
        drifted,
        person ? std::min(std::max<std::size_t>(shown_drift, drifted.drifted_features), all) : all,
        person, terminal.unicode);
    features.heading = "Against the reference, worst first";
    report.table(std::move(features));
    if (!person || !drifted.findings.empty()) report.table(drift_findings_table(drifted));
  }
  if (!person || std::ranges::any_of(result.current.labels, [](auto n) { return n > 0; })) {
    report.table(language_table(result));
  }
  if (!person || !result.current.worst.empty()) {
    report.table(response_table(result, "worst", "Worst responses", result.current.worst));
  }
  if (!person) report.table(response_table(result, "alerts", "Alerts", result.current.alerts));
  if (!person) report.table(bad_line_table(result));
  tell_lines(report, result.current);
  return report.summary(fmt::format("{}: {}", to_string(result.verdict), result.reason));
}

}  // namespace mlopsctl::commands
