// The page of a gate.
#include "mlopsctl/base/text.hpp"

#include "commands/gate_documents.hpp"
#include "commands/gate_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::commands {

namespace {

using gate::Check;
using gate::GateResult;

constexpr std::size_t page_flips = 200, page_missing = 200;

// Proportions in points of a hundred, ratios in per cent, the rest as it is.
PageRule rule_of(const Check& check) {
  const bool proportion =
      check.pairs || (check.unit.empty() && !check.is_ratio && check.now && check.before &&
                      std::abs(*check.now) <= 1 && std::abs(*check.before) <= 1);
  PageRule rule{.name = check.subject.empty() ? check.name : check.subject + " · " + check.name,
                .text = check.text,
                .verdict = std::string(to_string(check.verdict)),
                .tone = tone_of(check.verdict),
                .before = value_text(check, check.before),
                .now = value_text(check, check.now)};
  rule.unit = check.is_ratio                  ? "%"
              : check.name.starts_with("nll") ? "nats"
              : proportion                    ? "points"
                                              : "";
  const auto scaled = [&](double change) {
    return check.is_ratio ? 100 * (change - 1) : rule.unit == "points" ? 100 * change : change;
  };
  if (check.change && std::isfinite(*check.change)) rule.change = scaled(*check.change);
  if (check.interval && std::isfinite(check.interval->low) && std::isfinite(check.interval->high)) {
    rule.low = scaled(check.interval->low);
    rule.high = scaled(check.interval->high);
  }
  if (check.limit && check.before && check.change && *check.before != 0) {
    rule.limit =
        scaled(check.is_ratio ? *check.limit / *check.before : *check.limit - *check.before);
  }
  return rule;
}

std::string optional_text(const std::optional<double>& value) {
  return value ? fmt::format("{:.4g}", *value) : std::string("–");
}

PageTable flips_of(const GateResult& result) {
  PageTable table{.heading = fmt::format("Answered otherwise ({})", result.flips.size()),
                  .headers = {"Task", "Metric", "Example", "Change", "Margin before", "Margin now",
                              "NLL change"},
                  .numbers = {false, false, false, false, true, true, true}};
  for (const gate::Flip& flip : result.flips) {
    if (table.rows.size() == page_flips) break;
    table.rows.push_back({flip.task, flip.metric, flip.id, flip.lost ? "lost" : "won",
                          optional_text(flip.margin_before), optional_text(flip.margin_now),
                          optional_text(flip.nll_change)});
  }
  return table;
}

}  // namespace

GatePage gate_page(const GateResult& result) {
  GatePage page{.title = result.name,
                .verdict = std::string(to_string(result.verdict)),
                .reason = result.reason,
                .tone = tone_of(result.verdict),
                .notes = result.notes};
  const auto of = [&](gate::Verdict verdict) {
    return std::to_string(std::ranges::count(result.checks, verdict, &Check::verdict));
  };
  page.tiles = {{"What", gate_title(result)},
                {"Rules", std::to_string(result.checks.size())},
                {"Failed", of(gate::Verdict::fail)},
                {"Warnings", of(gate::Verdict::warning)},
                {"No answer", of(gate::Verdict::no_answer)}};
  if (result.kind == gate::Kind::eval) {
    page.tiles.push_back({"Answered otherwise", std::to_string(result.flips.size())});
  }
  page.facts = {{"Looked at", result.subject},
                {"Baseline", result.baseline.empty() ? "none" : result.baseline},
                {"Checked", to_rfc3339(result.checked_at)}};
  for (const auto& [key, value] : result.facts) page.facts.push_back({key, value});
  for (const Check& check : result.checks) {
    page.rules.push_back(rule_of(check));
    if (check.pairs) {
      page.pairs.push_back({check.subject + " · " + check.name, check.pairs->both,
                            check.pairs->lost, check.pairs->won, check.pairs->neither});
    }
  }
  for (const gate::Samples& one : result.samples) {
    page.samples.push_back({one.name, one.unit, one.before, one.now});
  }
  PageTable missing{.heading = fmt::format("Not compared ({})", result.missing.size()),
                    .headers = {"Example"},
                    .numbers = {false}};
  for (const std::string& name : result.missing) {
    if (missing.rows.size() == page_missing) break;
    missing.rows.push_back({name});
  }
  page.tables = {flips_of(result), std::move(missing)};
  return page;
}

}  // namespace mlopsctl::commands
