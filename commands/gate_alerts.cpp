// Alerts, messages and metrics of a gate.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/version.hpp"

#include "commands/check_metrics.hpp"
#include "commands/gate_documents.hpp"
#include "commands/gate_view.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace mlopsctl::commands {

namespace {

using gate::Check;
using gate::GateResult;
using gate::Verdict;
using Json = nlohmann::ordered_json;

constexpr std::size_t named_checks = 8;

std::vector<std::string> findings_of(const GateResult& result) {
  std::vector<std::string> lines;
  for (const Check& check : result.checks) {
    if (check.verdict == Verdict::pass || lines.size() == named_checks) continue;
    lines.push_back(check.text);
  }
  return lines;
}

std::string headline(const GateResult& result) {
  return fmt::format("{}: {} of {}", gate_title(result), to_string(result.verdict),
                     shortened(printable(result.name), 60));
}

Json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json();
}
Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

std::vector<Alert> gate_alerts(const GateResult& result, bool strict, const AlertOptions& options,
                               Timestamp now) {
  if (result.verdict == Verdict::no_answer) return {};
  Alert alert{.generator_url = options.report_url};
  for (const auto& label : options.labels) alert.labels[label.name] = label.value;
  alert.labels["alertname"] = "Regression";
  alert.labels["check"] = valid_utf8(result.name);
  alert.labels["kind"] = to_string(result.kind);
  alert.labels["severity"] = "warning";
  alert.ends = now;
  if (exit_code_of(result.verdict, strict) == ExitCode::bad_answer) {
    alert.starts = now;
    alert.ends = now + options.lasts;
  }
  alert.annotations = {{"summary", headline(result)},
                       {"description", result.reason},
                       {"baseline", result.baseline},
                       {"subject", result.subject},
                       {"findings", join(findings_of(result), "; ")},
                       {"run", result.run_id},
                       {"report", options.report_url}};
  return {std::move(alert)};
}

Message gate_message(const GateResult& result, const std::string& report_url) {
  Message message{.title = headline(result), .text = result.reason, .link = report_url};
  message.fields = {{"Looked at", result.subject},
                    {"Baseline", result.baseline.empty() ? "none" : result.baseline}};
  message.lines = findings_of(result);
  return message;
}

std::string gate_webhook_json(const GateResult& result, const std::string& report_url) {
  Json checks = Json::array();
  for (const Check& check : result.checks) {
    checks.push_back({{"subject", check.subject},
                      {"name", check.name},
                      {"verdict", to_string(check.verdict)},
                      {"before", number(check.before)},
                      {"now", number(check.now)},
                      {"limit", number(check.limit)},
                      {"p", number(check.adjusted_p ? check.adjusted_p : check.p)},
                      {"text", check.text}});
  }
  const Json json{{"schema", "mlopsctl.gate.message/1"},
                  {"kind", to_string(result.kind)},
                  {"check", result.name},
                  {"verdict", to_string(result.verdict)},
                  {"reason", result.reason},
                  {"checked_at", to_rfc3339(result.checked_at)},
                  {"baseline", text_or_null(result.baseline)},
                  {"subject", text_or_null(result.subject)},
                  {"checks", std::move(checks)},
                  {"run_id", text_or_null(result.run_id)},
                  {"report", text_or_null(report_url)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<MetricFamily> gate_metrics(const GateResult& result, bool strict,
                                       std::optional<double> last_success_before) {
  CheckMetrics metrics(result.name);
  const MetricLabel kind{"kind", std::string(to_string(result.kind))};
  const bool bad = exit_code_of(result.verdict, strict) == ExitCode::bad_answer;
  metrics.add("mlopsctl_gate_bad", "1 if the last check found a regression.", bad ? 1 : 0, {kind});
  for (const auto verdict : {Verdict::pass, Verdict::warning, Verdict::fail, Verdict::no_answer}) {
    metrics.add("mlopsctl_gate_verdict", "1 for the verdict of the last check.",
                result.verdict == verdict ? 1 : 0,
                {kind, {"verdict", std::string(to_string(verdict))}});
  }
  for (const Check& check : result.checks) {
    const std::vector<MetricLabel> labels{kind, {"of", check.subject}, {"rule", check.name}};
    metrics.add("mlopsctl_gate_rule_failed", "1 if a rule was broken.",
                check.verdict == Verdict::fail ? 1 : 0, labels);
    if (check.now && std::isfinite(*check.now)) {
      metrics.add("mlopsctl_gate_value", "What a rule looks at, now (latencies in milliseconds).",
                  *check.now, labels);
    }
    if (check.before && std::isfinite(*check.before)) {
      metrics.add("mlopsctl_gate_baseline_value", "The same in the baseline.", *check.before,
                  labels);
    }
  }
  metrics.add(
      "mlopsctl_gate_info", "What was compared.", 1,
      {kind, {"baseline", result.baseline}, {"version", std::string(version_info().version)}});
  metrics.add_times(
      {"mlopsctl_gate_last_run_timestamp_seconds", "mlopsctl_gate_last_success_timestamp_seconds"},
      result.checked_at, result.verdict != Verdict::no_answer, last_success_before);
  return metrics.take();
}

}  // namespace mlopsctl::commands
