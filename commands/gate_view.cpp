#include "commands/gate_view.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::commands {

namespace {

using gate::Check;
using gate::GateResult;
using gate::Verdict;

constexpr std::size_t shown_flips = 10;
constexpr std::size_t shown_missing = 5;

Style style_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return Style::green;
    case Verdict::fail:
      return Style::red;
    case Verdict::warning:
    case Verdict::no_answer:
      break;
  }
  return Style::yellow;
}

Cell verdict_cell(Verdict verdict) {
  const std::string text(to_string(verdict));
  return {Value(text), text, style_of(verdict)};
}

Cell number(const std::optional<double>& value) {
  return value && !std::isnan(*value) ? Cell(Value(*value), human_number(*value)) : Cell();
}

Cell value_cell(const Check& check, const std::optional<double>& value) {
  return value ? Cell(Value(*value), value_text(check, value)) : Cell();
}

// On a terminal, columns that have nothing to show are left out; what has no numbers is told.
Table check_table(const GateResult& result) {
  Table table{.key = "checks", .heading = "Rules"};
  const auto any = [&](const auto& has) { return std::ranges::any_of(result.checks, has); };
  const bool pairs = any([](const Check& check) { return check.pairs.has_value(); });
  const bool tests = any([](const Check& check) { return check.p.has_value(); });
  const bool holm = any([](const Check& check) { return check.adjusted_p.has_value(); });
  const bool before = any([](const Check& check) { return check.before.has_value(); });
  const bool now = any([](const Check& check) { return check.now.has_value(); });
  const bool limit = any([](const Check& check) { return check.limit.has_value(); });
  const bool change = any([](const Check& check) { return check.change.has_value(); });
  const bool counts = any([](const Check& check) { return check.n > 0; });
  const bool told = any([](const Check& check) { return !check.now.has_value(); });
  table.columns = {
      {.key = "subject", .header = "OF", .shrink = true},
      {.key = "name", .header = "RULE", .shrink = true},
      {.key = "before", .header = "BASELINE", .right = true, .terminal = before},
      {.key = "now", .header = "NOW", .right = true, .terminal = now},
      {.key = "limit", .header = "WORST ALLOWED", .right = true, .terminal = limit},
      {.key = "change", .header = "CHANGE", .right = true, .terminal = change},
      {.key = "low", .header = "LOW", .right = true, .terminal = false},
      {.key = "high", .header = "HIGH", .right = true, .terminal = false},
      {.key = "n", .header = "N", .right = true, .terminal = counts},
      {.key = "lost", .header = "LOST", .right = true, .terminal = pairs},
      {.key = "won", .header = "WON", .right = true, .terminal = pairs},
      {.key = "p", .header = "P", .right = true, .terminal = false},
      {.key = "p_adjusted", .header = holm ? "P (HOLM)" : "P", .right = true, .terminal = tests},
      {.key = "detectable", .header = "DETECTABLE", .right = true, .terminal = false},
      {.key = "verdict", .header = "VERDICT"},
      {.key = "text", .header = "WHAT", .wrap = true, .terminal = told}};
  for (const Check& check : result.checks) {
    const auto bound = [&](double gate::Range::*side) {
      return check.interval ? number((*check.interval).*side) : Cell();
    };
    const auto p = check.adjusted_p ? check.adjusted_p : check.p;
    table.add({Cell(check.subject), Cell(check.name), value_cell(check, check.before),
               value_cell(check, check.now), value_cell(check, check.limit),
               check.change ? Cell(Value(*check.change), change_text(check)) : Cell(),
               bound(&gate::Range::low), bound(&gate::Range::high),
               check.n > 0 ? count_cell(check.n) : Cell(),
               check.pairs ? count_cell(check.pairs->lost) : Cell(),
               check.pairs ? count_cell(check.pairs->won) : Cell(), number(check.p),
               p ? Cell(Value(*p), gate::p_text(*p)) : Cell(), number(check.detectable),
               verdict_cell(check.verdict), Cell(check.text)});
  }
  return table;
}

Table flip_table(const GateResult& result, bool person) {
  Table table{.key = "flips", .heading = "Answered otherwise"};
  const bool margins = std::ranges::any_of(
      result.flips, [](const gate::Flip& flip) { return flip.margin_before.has_value(); });
  table.columns = {{.key = "task", .header = "TASK", .shrink = true},
                   {.key = "metric", .header = "METRIC"},
                   {.key = "id", .header = "EXAMPLE", .shrink = true},
                   {.key = "change", .header = "CHANGE"},
                   {.key = "margin_before", .header = "MARGIN", .right = true, .terminal = margins},
                   {.key = "margin_now", .header = "NOW", .right = true, .terminal = margins},
                   {.key = "nll_change", .header = "NLL CHANGE", .right = true}};
  for (const gate::Flip& flip : result.flips) {
    if (person && table.rows.size() == shown_flips) break;
    table.add({Cell(flip.task),
               Cell(flip.metric),
               Cell(flip.id),
               {Value(std::string(flip.lost ? "lost" : "won")), flip.lost ? "lost" : "won",
                flip.lost ? Style::red : Style::green},
               number(flip.margin_before),
               number(flip.margin_now),
               number(flip.nll_change)});
  }
  return table;
}

Table missing_table(const GateResult& result, bool person) {
  Table table{.key = "missing", .heading = "Not compared"};
  table.columns = {{.key = "example", .header = "EXAMPLE", .wrap = true}};
  for (const std::string& name : result.missing) {
    if (person && table.rows.size() == shown_missing) break;
    table.add({Cell(name)});
  }
  return table;
}

void add_detectable(Report& report, const GateResult& result) {
  for (const Check& check : result.checks) {
    if (!check.detectable) continue;
    if (check.is_ratio) {
      report.finding(Severity::note,
                     fmt::format("{}: with n = {} a rise under {:.1f} % could not be seen",
                                 check.name, check.n, 100 * *check.detectable));
    } else {
      report.finding(Severity::note,
                     fmt::format("{} of {}: with n = {} a drop under {:.4f} could not be seen",
                                 check.name, check.subject, check.n, *check.detectable));
    }
  }
}

}  // namespace

ExitCode exit_code_of(Verdict verdict, bool strict) {
  switch (verdict) {
    case Verdict::pass:
      return ExitCode::done;
    case Verdict::warning:
      return strict ? ExitCode::bad_answer : ExitCode::done;
    case Verdict::fail:
      return ExitCode::bad_answer;
    case Verdict::no_answer:
      break;
  }
  return ExitCode::no_answer;
}

Tone tone_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return Tone::good;
    case Verdict::warning:
      return Tone::warning;
    case Verdict::fail:
      return Tone::bad;
    case Verdict::no_answer:
      break;
  }
  return Tone::unknown;
}

std::string value_text(const Check& check, const std::optional<double>& value) {
  if (!value) return {};
  if (!std::isfinite(*value)) return number_text(*value);
  return check.unit.empty() ? fmt::format("{:.4f}", *value)
                            : fmt::format("{:.4g} {}", *value, check.unit);
}

std::string change_text(const Check& check) {
  if (!check.change || !std::isfinite(*check.change)) return {};
  const auto text = [&](double value) {
    return check.is_ratio ? fmt::format("{:+.1f} %", 100 * (value - 1))
                          : fmt::format("{:+.4f}", value);
  };
  if (!check.interval) return text(*check.change);
  return fmt::format("{} ({} to {})", text(*check.change), text(check.interval->low),
                     text(check.interval->high));
}

Report gate_view(Context& context, const std::string& schema, const GateResult& result) {
  const bool person = context.terminal().out_is_tty && !context.globals().json;
  const auto text_or_none = [](const std::string& text) {
    return text.empty() ? Cell() : Cell(text);
  };
  Report report(schema);
  report.field("name", "check", Cell(result.name));
  report.field("verdict", "verdict", verdict_cell(result.verdict));
  if (!person) report.field("reason", "reason", Cell(result.reason));
  if (!person || !result.baseline.empty()) {
    report.field("baseline", "baseline", text_or_none(result.baseline));
  }
  report.field("subject", "of", text_or_none(result.subject));
  if (!person) {
    report.field("checked_at", "at", Cell(Value(result.checked_at)));
    report.field("run_id", "run", text_or_none(result.run_id));
    Group facts{.key = "fingerprint", .heading = "Fingerprint"};
    for (const auto& [key, value] : result.facts) facts.entries.push_back({key, Cell(value)});
    report.group(std::move(facts));
  }
  report.table(check_table(result));
  if (!person || !result.flips.empty()) report.table(flip_table(result, person));
  if (!person || !result.missing.empty()) report.table(missing_table(result, person));
  if (person && result.flips.size() > shown_flips) {
    report.finding(Severity::note, fmt::format("{} more were answered otherwise: --json lists all",
                                               result.flips.size() - shown_flips));
  }
  if (person && result.missing.size() > shown_missing) {
    report.finding(Severity::note, fmt::format("{} more could not be compared: --json lists all",
                                               result.missing.size() - shown_missing));
  }
  add_detectable(report, result);
  for (const std::string& note : result.notes) report.finding(Severity::note, note);
  return report.summary(fmt::format("{}: {}", to_string(result.verdict), result.reason));
}

}  // namespace mlopsctl::commands
