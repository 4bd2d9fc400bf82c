// JUnit, Markdown and the record of a gate.
#include "commands/gate_documents.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/markdown.hpp"

#include "commands/gate_view.hpp"

#include <fmt/format.h>

#include <cmath>

namespace mlopsctl::commands {

namespace {

using gate::Check;
using gate::GateResult;
using gate::Verdict;

constexpr std::size_t markdown_checks = 40, markdown_flips = 10;

std::string details_of(const Check& check) {
  std::string text = check.text;
  if (const std::string change = change_text(check); !change.empty()) {
    text += fmt::format("\nchange {}", change);
  }
  if (check.pairs) {
    text +=
        fmt::format("\n{} lost, {} won, {} right on both sides, {} wrong on both",
                    check.pairs->lost, check.pairs->won, check.pairs->both, check.pairs->neither);
  }
  if (check.adjusted_p) {
    text += fmt::format("\np = {}, {} after Holm's correction", gate::p_text(check.p.value_or(NAN)),
                        gate::p_text(*check.adjusted_p));
  }
  return text;
}

JUnitOutcome outcome_of(Verdict verdict, bool strict) {
  switch (exit_code_of(verdict, strict)) {
    case ExitCode::bad_answer:
      return JUnitOutcome::failed;
    case ExitCode::no_answer:
      return JUnitOutcome::skipped;
    default:
      return JUnitOutcome::passed;
  }
}

std::string flip_rows(const GateResult& result) {
  std::vector<std::vector<std::string>> rows;
  for (const gate::Flip& flip : result.flips) {
    if (rows.size() == markdown_flips) break;
    rows.push_back({markdown_code(flip.task), markdown_code(flip.metric), markdown_code(flip.id),
                    flip.lost ? "lost" : "won",
                    flip.margin_before ? fmt::format("{:.4g}", *flip.margin_before) : "–"});
  }
  const std::vector<MarkdownColumn> columns{
      {"Task"}, {"Metric"}, {"Example"}, {"Change"}, {"Margin before", true}};
  return markdown_table(columns, rows);
}

}  // namespace

std::string gate_title(const GateResult& result) {
  switch (result.kind) {
    case gate::Kind::eval:
      return "Evaluation";
    case gate::Kind::bench:
      return "Latency";
    case gate::Kind::model_test:
      break;
  }
  return "Model test";
}

JUnitSuite gate_junit(const GateResult& result, bool strict) {
  const std::string kind(to_string(result.kind));
  JUnitSuite suite{.name = kind + " " + result.name, .started = result.checked_at};
  suite.properties = {{"verdict", std::string(to_string(result.verdict))},
                      {"baseline", result.baseline},
                      {"subject", result.subject}};
  for (const auto& [key, value] : result.facts) suite.properties.emplace_back(key, value);
  JUnitCase verdict{.class_name = kind,
                    .name = "verdict",
                    .outcome = outcome_of(result.verdict, strict),
                    .details = result.reason};
  if (verdict.outcome != JUnitOutcome::passed) verdict.message = result.reason;
  suite.cases.push_back(std::move(verdict));
  for (const Check& check : result.checks) {
    JUnitCase one{.class_name = kind + "." + check.subject,
                  .name = check.name,
                  .outcome = outcome_of(check.verdict, strict),
                  .details = details_of(check)};
    if (one.outcome != JUnitOutcome::passed) one.message = check.text;
    suite.cases.push_back(std::move(one));
  }
  return suite;
}

std::string gate_markdown(const GateResult& result) {
  const char* sign = result.verdict == Verdict::pass      ? "\xe2\x9c\x85"
                     : result.verdict == Verdict::fail    ? "\xf0\x9f\x94\xb4"
                     : result.verdict == Verdict::warning ? "\xe2\x9a\xa0\xef\xb8\x8f"
                                                          : "\xe2\x9a\xaa";
  std::string text = fmt::format(
      "## {} {}: {} of {}\n\n{}\n\n", sign, gate_title(result), to_string(result.verdict),
      markdown_code(shortened(valid_utf8(result.name), 120)), markdown_text(result.reason));
  if (!result.baseline.empty()) {
    text += fmt::format("Baseline {} · {}\n\n", markdown_code(result.baseline),
                        to_rfc3339(result.checked_at));
  }
  std::vector<std::vector<std::string>> rows;
  for (const Check& check : result.checks) {
    if (rows.size() == markdown_checks) break;
    const std::string verdict(to_string(check.verdict));
    const auto or_dash = [](const std::string& cell) {
      return cell.empty() ? std::string("–") : cell;
    };
    rows.push_back({markdown_code(check.subject), markdown_code(check.name),
                    or_dash(value_text(check, check.before)), or_dash(value_text(check, check.now)),
                    or_dash(change_text(check)),
                    check.pairs ? fmt::format("{} / {}", check.pairs->lost, check.pairs->won) : "–",
                    check.adjusted_p ? gate::p_text(*check.adjusted_p)
                    : check.p        ? gate::p_text(*check.p)
                                     : "–",
                    check.verdict == Verdict::pass ? verdict : "**" + verdict + "**"});
  }
  const std::vector<MarkdownColumn> columns{{"Of"},        {"Rule"},         {"Baseline", true},
                                            {"Now", true}, {"Change", true}, {"Lost / won", true},
                                            {"p", true},   {"Verdict"}};
  text += markdown_table(columns, rows);
  if (!result.flips.empty()) {
    text +=
        fmt::format("\n### Answered otherwise ({})\n\n{}", result.flips.size(), flip_rows(result));
  }
  for (const std::string& note : result.notes) text += fmt::format("\n- {}", markdown_text(note));
  return text + "\n";
}

CheckRecord gate_check_record(const GateResult& result) {
  CheckRecord record{.kind = "gate",
                     .name = result.name,
                     .experiment = "gate",
                     .checked_at = result.checked_at,
                     .verdict = std::string(to_string(result.verdict)),
                     .reason = result.reason};
  record.params = {{"kind", std::string(to_string(result.kind))},
                   {"baseline", result.baseline},
                   {"subject", result.subject}};
  for (const auto& [key, value] : result.facts) record.params.push_back({key, value});
  record.tags = {{"gate.kind", std::string(to_string(result.kind))}};
  for (const Check& check : result.checks) {
    if (!check.now || !std::isfinite(*check.now)) continue;
    record.totals.emplace_back(metric_key(check.subject, check.name), *check.now);
    if (check.adjusted_p) {
      record.details.emplace_back(metric_key("p/" + check.subject, check.name), *check.adjusted_p);
    }
  }
  return record;
}

CheckDocuments gate_documents(const GateResult& result, bool strict, Timestamp now) {
  return {
      .name = result.name,
      .job = "mlopsctl_gate",
      .last_success = "mlopsctl_gate_last_success_timestamp_seconds",
      .answered = result.verdict != Verdict::no_answer,
      .page = [&result] { return html_gate(gate_page(result)); },
      .junit = [&result, strict] { return gate_junit(result, strict); },
      .markdown = [&result] { return gate_markdown(result); },
      .metrics = [&result, strict](
                     std::optional<double> before) { return gate_metrics(result, strict, before); },
      .alerts =
          [&result, strict, now](const AlertOptions& options) {
            return gate_alerts(result, strict, options, now);
          },
      .message = [&result](const std::string& link) { return gate_message(result, link); },
      .webhook_json =
          [&result](const std::string& link) { return gate_webhook_json(result, link); }};
}

}  // namespace mlopsctl::commands
