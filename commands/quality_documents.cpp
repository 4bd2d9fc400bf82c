// JUnit, Markdown and the record of a quality check.
#include "commands/quality_documents.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/markdown.hpp"

#include "commands/drift_documents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::commands {

namespace {

using quality::percent_text;
using quality::QualityResult;
using quality::RateResult;
using quality::Verdict;

constexpr std::size_t markdown_rates = 20;
constexpr std::size_t markdown_responses = 10;

std::string rate_text(const RateResult& rate) {
  std::string text =
      fmt::format("{} of {}: {}, {} to {} by Wilson", rate.current.hits, rate.current.of,
                  percent_text(rate.current.value()), percent_text(rate.current.interval.low),
                  percent_text(rate.current.interval.high));
  if (rate.limit) text += fmt::format("; limit {}", percent_text(*rate.limit));
  if (rate.reference) {
    text += fmt::format("; reference {}", percent_text(rate.reference->value()));
  }
  return text;
}

std::string why(const RateResult& rate) {
  std::string text;
  if (rate.over) {
    text = fmt::format("at least {}, above the limit of {}",
                       percent_text(rate.current.interval.low), percent_text(*rate.limit));
  }
  if (rate.rose) {
    text += fmt::format("{}rose from {} to {}", text.empty() ? "" : "; ",
                        percent_text(rate.reference->value()), percent_text(rate.current.value()));
  }
  return text;
}

JUnitCase verdict_case(const QualityResult& result) {
  JUnitCase one{.class_name = "quality", .name = "verdict"};
  switch (result.verdict) {
    case Verdict::ok:
      one.details = result.reason;
      break;
    case Verdict::bad:
      one.outcome = JUnitOutcome::failed;
      one.message = result.reason;
      break;
    case Verdict::insufficient:
    case Verdict::no_data:
      one.outcome = JUnitOutcome::skipped;
      one.message = result.reason;
      break;
  }
  return one;
}

std::string rate_rows(const QualityResult& result) {
  std::vector<MarkdownColumn> columns{
      {"Indicator"}, {"Rate", true}, {"At least", true}, {"Limit", true}};
  if (result.reference) columns.push_back({"Reference", true});
  columns.push_back({"Verdict"});
  std::vector<std::vector<std::string>> rows;
  for (const RateResult& rate : result.rates) {
    if (rows.size() == markdown_rates) break;
    if (!rate.limit && !rate.rose && !(rate.indicator.bad && rate.current.hits > 0)) continue;
    std::vector<std::string> row{
        markdown_code(rate.indicator.name), percent_text(rate.current.value()),
        percent_text(rate.current.interval.low), rate.limit ? percent_text(*rate.limit) : "–"};
    if (rate.reference) row.push_back(percent_text(rate.reference->value()));
    row.emplace_back(rate.over ? "**over**" : rate.rose ? "**rose**" : rate.limit ? "ok" : "–");
    rows.push_back(std::move(row));
  }
  return markdown_table(columns, rows);
}

std::string response_rows(const QualityResult& result) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : result.current.worst) {
    if (rows.size() == markdown_responses) break;
    rows.push_back({std::to_string(one.line), fmt::format("{:.3g}", one.score),
                    markdown_text(join(one.flags, ", ")), markdown_text(one.excerpt)});
  }
  const std::vector<MarkdownColumn> columns{
      {"Line", true}, {"Score", true}, {"Flags"}, {"Response"}};
  return markdown_table(columns, rows);
}

bool answered(Verdict verdict) { return verdict == Verdict::ok || verdict == Verdict::bad; }

Tone tone_of(Verdict verdict) {
  return verdict == Verdict::ok ? Tone::good : verdict == Verdict::bad ? Tone::bad : Tone::unknown;
}

// The page of the drift of the columns, with the verdict of the whole.
std::string compared_page(const QualityResult& result) {
  ComparisonPage page = drift_page(*result.drift);
  page.title = result.name;
  page.verdict = to_string(result.verdict);
  page.tone = tone_of(result.verdict);
  page.reason = result.reason;
  const auto& total = [&](const char* name) { return result.total(name).mean(); };
  page.tiles.insert(page.tiles.begin(), {{"Mean score", fmt::format("{:.3g}", total("score"))},
                                         {"Low scores", percent_text(total("low_score"))}});
  page.facts.insert(page.facts.begin(), {"Rules", result.rules});
  for (const RateResult& rate : result.rates) {
    if (!rate.over && !rate.rose) continue;
    page.remarks.insert(page.remarks.begin(),
                        {Severity::bad, "rate", rate.indicator.name, why(rate)});
  }
  return html_comparison(page);
}

}  // namespace

RatePage quality_page(const QualityResult& result) {
  const auto& log = result.current;
  RatePage page{.title = result.name,
                .verdict = std::string(to_string(result.verdict)),
                .reason = result.reason,
                .tone = tone_of(result.verdict)};
  const auto mean = [&](const char* name) { return result.total(name).mean(); };
  page.tiles = {{"Responses", std::to_string(log.responses)},
                {"Mean score", fmt::format("{:.3g}", mean("score"))},
                {"Mean toxicity", fmt::format("{:.3g}", mean("toxicity"))},
                {"Low scores", percent_text(mean("low_score"))},
                {"Alerts", std::to_string(log.alerting)}};
  page.facts = {{"Log", log.source},
                {"Field", log.fields.response},
                {"Rules", result.rules},
                {"Checked", to_rfc3339(result.checked_at)},
                {"Malformed lines", std::to_string(log.malformed)},
                {"Confidence", number_text(result.judging.confidence)}};
  for (const RateResult& rate : result.rates) {
    if (!rate.limit && !rate.indicator.bad) continue;
    const bool judged = rate.limit.has_value();
    page.rates.push_back({rate.indicator.name, rate.indicator.help,
                          rate.over ? "over"
                          : judged  ? "ok"
                                    : "",
                          rate.over ? Tone::bad
                          : judged  ? Tone::good
                                    : Tone::unknown,
                          rate.current.hits, rate.current.of, rate.current.value(),
                          rate.current.interval.low, rate.current.interval.high, rate.limit});
  }
  PageTable worst{.heading = "Worst responses",
                  .headers = {"Line", "Score", "Toxicity", "Flags", "Response"},
                  .numbers = {true, true, true, false, false}};
  for (const auto& one : log.worst) {
    worst.rows.push_back({std::to_string(one.line), fmt::format("{:.3g}", one.score),
                          fmt::format("{:.3g}", one.toxicity), join(one.flags, ", "), one.excerpt});
  }
  PageTable numbers{.heading = "Numbers",
                    .headers = {"Indicator", "Mean", "Least", "Most", "Of", "What"},
                    .numbers = {false, true, true, true, true, false}};
  for (std::size_t i = 0; i < result.indicators.size(); ++i) {
    const auto& info = result.indicators[i];
    const auto& total = log.totals[i];
    const bool number =
        info.kind == quality::IndicatorKind::number || info.kind == quality::IndicatorKind::count;
    if (!number || total.count() == 0) continue;
    numbers.rows.push_back({info.name, human_number(total.mean()), human_number(total.min()),
                            human_number(total.max()), std::to_string(total.count()), info.help});
  }
  page.tables = {std::move(worst), std::move(numbers)};
  return page;
}

JUnitSuite quality_junit(const QualityResult& result) {
  JUnitSuite suite{.name = "quality " + result.name, .started = result.checked_at};
  suite.properties = {{"verdict", std::string(to_string(result.verdict))},
                      {"rules", result.rules},
                      {"log", result.current.source},
                      {"responses", std::to_string(result.current.responses)}};
  suite.cases.push_back(verdict_case(result));
  const bool bad = result.verdict == Verdict::bad;
  for (const RateResult& rate : result.rates) {
    if (!rate.limit && !rate.indicator.bad) continue;
    JUnitCase one{.class_name = "quality.rates", .name = rate.indicator.name};
    one.details = rate_text(rate);
    if (rate.current.of == 0) {
      one.outcome = JUnitOutcome::skipped;
      one.message = "no response to which it applies";
    } else if (bad && (rate.over || rate.rose)) {
      one.outcome = JUnitOutcome::failed;
      one.message = why(rate);
    }
    suite.cases.push_back(std::move(one));
  }
  if (!result.drift) return suite;
  for (auto& one : drift_junit(*result.drift).cases) {
    if (one.class_name != "drift.features") continue;
    one.class_name = "quality.drift";
    suite.cases.push_back(std::move(one));
  }
  return suite;
}

std::string quality_markdown(const QualityResult& result) {
  const auto& log = result.current;
  const char* sign = result.verdict == Verdict::ok    ? "\xe2\x9c\x85"
                     : result.verdict == Verdict::bad ? "\xf0\x9f\x94\xb4"
                                                      : "\xe2\x9a\xaa";
  std::string text = fmt::format(
      "## {} Quality: {} in {}\n\n{}\n\n", sign, to_string(result.verdict),
      markdown_code(shortened(valid_utf8(result.name), 120)), markdown_text(result.reason));
  text += fmt::format("{} responses · mean score {:.3g} · mean toxicity {:.3g} · low scores {}",
                      log.responses, result.total("score").mean(), result.total("toxicity").mean(),
                      percent_text(result.total("low_score").mean()));
  if (log.malformed > 0) text += fmt::format(" · {} malformed lines", log.malformed);
  text += fmt::format(" · rules {} · {}\n\n### Rates\n\n{}", markdown_code(result.rules),
                      to_rfc3339(result.checked_at), rate_rows(result));
  if (!log.worst.empty()) {
    text += fmt::format("\n### Worst responses\n\n{}", response_rows(result));
  }
  return text;
}

CheckRecord quality_check_record(const QualityResult& result) {
  const auto& log = result.current;
  CheckRecord record{.kind = "quality",
                     .name = result.name,
                     .experiment = "quality",
                     .checked_at = result.checked_at,
                     .verdict = std::string(to_string(result.verdict)),
                     .reason = result.reason};
  record.params = {{"log", log.source},
                   {"rules", result.rules},
                   {"responses", std::to_string(log.responses)},
                   {"malformed_lines", std::to_string(log.malformed)}};
  if (result.reference) record.params.push_back({"reference", result.reference->source});
  record.tags = {{"quality.rules", result.rules}};
  const auto add = [&](const char* key, double value) {
    if (!std::isnan(value)) record.totals.emplace_back(key, value);
  };
  add("quality/score", result.total("score").mean());
  add("quality/toxicity", result.total("toxicity").mean());
  add("quality/low_score_rate", result.total("low_score").mean());
  add("quality/responses", static_cast<double>(log.responses));
  for (const RateResult& rate : result.rates) {
    record.details.emplace_back(metric_key("quality/rate", rate.indicator.name),
                                rate.current.value());
  }
  for (std::size_t i = 0; i < result.indicators.size(); ++i) {
    const auto kind = result.indicators[i].kind;
    if (kind == quality::IndicatorKind::number || kind == quality::IndicatorKind::count) {
      record.details.emplace_back(metric_key("quality/mean", result.indicators[i].name),
                                  log.totals[i].mean());
    }
  }
  return record;
}

CheckDocuments quality_documents(const QualityResult& result, Timestamp now) {
  return {
      .name = result.name,
      .job = "mlopsctl_quality",
      .last_success = "mlopsctl_quality_last_success_timestamp_seconds",
      .answered = answered(result.verdict),
      .page =
          [&result] {
            return result.drift ? compared_page(result) : html_rates(quality_page(result));
          },
      .junit = [&result] { return quality_junit(result); },
      .markdown = [&result] { return quality_markdown(result); },
      .metrics =
          [&result](std::optional<double> before) { return quality_metrics(result, before); },
      .alerts = [&result,
                 now](const AlertOptions& options) { return quality_alerts(result, options, now); },
      .message = [&result](const std::string& link) { return quality_message(result, link); },
      .webhook_json =
          [&result](const std::string& link) { return quality_webhook_json(result, link); }};
}

}  // namespace mlopsctl::commands
