// Alerts and messages of a quality check.
#include "mlopsctl/base/text.hpp"

#include "commands/quality_documents.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace mlopsctl::commands {

namespace {

using quality::percent_text;
using quality::QualityResult;
using quality::RateResult;
using quality::Verdict;
using Json = nlohmann::ordered_json;

constexpr std::size_t named_rates = 8;

std::vector<std::string> findings_of(const QualityResult& result) {
  std::vector<std::string> lines;
  for (const RateResult& rate : result.rates) {
    if (lines.size() == named_rates || (!rate.over && !rate.rose)) continue;
    lines.push_back(
        fmt::format("{}: {}{}{}", rate.indicator.name, percent_text(rate.current.value()),
                    rate.limit ? ", limit " + percent_text(*rate.limit) : "",
                    rate.reference ? ", reference " + percent_text(rate.reference->value()) : ""));
  }
  return lines;
}

std::string headline(const QualityResult& result) {
  const std::string_view what = result.verdict == Verdict::ok    ? "Quality is ok"
                                : result.verdict == Verdict::bad ? "Low quality"
                                                                 : "Quality is unknown";
  return fmt::format("{} in {}", what, shortened(printable(result.name), 60));
}

Json number(double value) { return std::isnan(value) ? Json() : Json(value); }
Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

std::vector<Alert> quality_alerts(const QualityResult& result, const AlertOptions& options,
                                  Timestamp now) {
  if (result.verdict != Verdict::ok && result.verdict != Verdict::bad) return {};
  Alert alert{.generator_url = options.report_url};
  for (const auto& label : options.labels) alert.labels[label.name] = label.value;
  alert.labels["alertname"] = "LowQuality";
  alert.labels["check"] = valid_utf8(result.name);
  alert.labels["severity"] = "warning";
  alert.ends = now;
  if (result.verdict == Verdict::bad) {
    alert.starts = now;
    alert.ends = now + options.lasts;
  }
  alert.annotations = {{"summary", headline(result)},
                       {"description", result.reason},
                       {"mean_score", number_text(result.total("score").mean())},
                       {"rates", join(findings_of(result), "; ")},
                       {"responses", std::to_string(result.current.responses)},
                       {"rules", result.rules},
                       {"run", result.run_id},
                       {"report", options.report_url}};
  return {std::move(alert)};
}

Message quality_message(const QualityResult& result, const std::string& report_url) {
  Message message{.title = headline(result), .text = result.reason, .link = report_url};
  message.fields = {
      {"Mean score", human_number(result.total("score").mean())},
      {"Low scores", percent_text(result.total("low_score").mean())},
      {"Log", fmt::format("{} ({} responses)", result.current.source, result.current.responses)},
      {"Rules", result.rules}};
  message.lines = findings_of(result);
  return message;
}

std::string quality_webhook_json(const QualityResult& result, const std::string& report_url) {
  Json rates = Json::array();
  for (const RateResult& rate : result.rates) {
    if (!rate.limit && !rate.over && !rate.rose) continue;
    rates.push_back({{"name", rate.indicator.name},
                     {"rate", number(rate.current.value())},
                     {"low", number(rate.current.interval.low)},
                     {"limit", rate.limit ? Json(*rate.limit) : Json()},
                     {"reference", rate.reference ? number(rate.reference->value()) : Json()},
                     {"over", rate.over},
                     {"rose", rate.rose}});
  }
  const Json json{{"schema", "mlopsctl.quality.message/1"},
                  {"check", result.name},
                  {"verdict", to_string(result.verdict)},
                  {"reason", result.reason},
                  {"checked_at", to_rfc3339(result.checked_at)},
                  {"rules", result.rules},
                  {"log", result.current.source},
                  {"responses", result.current.responses},
                  {"mean_score", number(result.total("score").mean())},
                  {"mean_toxicity", number(result.total("toxicity").mean())},
                  {"low_score_rate", number(result.total("low_score").mean())},
                  {"rates", std::move(rates)},
                  {"run_id", text_or_null(result.run_id)},
                  {"report", text_or_null(report_url)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace mlopsctl::commands
