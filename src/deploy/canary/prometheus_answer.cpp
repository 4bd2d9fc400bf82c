#include "deploy/canary/prometheus_answer.hpp"

#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <optional>

namespace mlopsctl {
namespace {

constexpr std::size_t shown = 200;  // characters of foreign text in a message

std::string beginning(std::string_view text) {
  return mask_secrets(shortened(printable(trim(text)), shown));
}

PrometheusAnswer refused(std::string text) {
  return {.problem = QueryProblem::refused, .text = std::move(text), .series = {}};
}

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string text_of(const Json& object, const char* name) {
  const Json* value = member(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

// {"metric": {…}, "value": [time, "text of a number"]}
std::optional<std::pair<std::string, double>> read_series(const Json& entry) {
  const Json* value = member(entry, "value");
  if (value == nullptr || !value->is_array() || value->size() != 2 || !(*value)[1].is_string())
    return std::nullopt;
  const auto number = parse_number((*value)[1].get_ref<const std::string&>());
  if (!number) return std::nullopt;
  Json labels = Json::object();
  if (const Json* metric = member(entry, "metric"); metric != nullptr && metric->is_object()) {
    for (const auto& [name, label] : metric->items()) {
      if (label.is_string()) labels[name] = label;
    }
  }
  return std::pair{labels.dump(-1, ' ', false, Json::error_handler_t::replace), *number};
}

}  // namespace

PrometheusAnswer parse_prometheus_answer(int status, std::string_view body) {
  const Json answer = Json::parse(body, nullptr, false);
  const std::string state = answer.is_discarded() ? std::string() : text_of(answer, "status");
  if (state == "error") {
    return refused(fmt::format("Prometheus refused the query (HTTP {}, {}): {}", status,
                               beginning(text_of(answer, "errorType")),
                               beginning(text_of(answer, "error"))));
  }
  if (status >= 400) {
    return refused(fmt::format("Prometheus answered HTTP {}: {}", status, beginning(body)));
  }
  const Json* data = state == "success" ? member(answer, "data") : nullptr;
  if (data == nullptr) {
    return refused(fmt::format("what answered (HTTP {}) is not Prometheus' query API: {}", status,
                               beginning(body)));
  }
  const std::string type = text_of(*data, "resultType");
  const Json* result = member(*data, "result");
  if (type != "vector" || result == nullptr || !result->is_array()) {
    return refused(fmt::format("the query gives a {} and not a vector of one series",
                               type.empty() ? "value of no type" : beginning(type)));
  }
  PrometheusAnswer read;
  for (const Json& entry : *result) {
    auto series = read_series(entry);
    if (!series) return refused("Prometheus answered a series without a value that is a number");
    read.series.push_back(std::move(*series));
  }
  return read;
}

QueryAnswer single_value(const PrometheusAnswer& answer) {
  QueryAnswer single;
  single.problem = answer.problem;
  single.text = answer.text;
  if (answer.problem != QueryProblem::none) return single;
  if (answer.series.empty()) {
    single.problem = QueryProblem::no_data;
    single.text =
        "no values found: the query gives no series; no traffic came, the pods are not scraped, or "
        "the window holds fewer than two scrapes";
  } else if (answer.series.size() > 1) {
    single.problem = QueryProblem::several_series;
    single.text = fmt::format(
        "the query gives {} series and a gate needs one (sum(…) makes one of them); the first: {}",
        answer.series.size(), beginning(answer.series.front().first));
  } else if (std::isnan(answer.series.front().second)) {
    single.problem = QueryProblem::not_a_number;
    single.text = "the value is NaN: nothing was counted within the window";
  } else {
    single.value = answer.series.front().second;
  }
  return single;
}

}  // namespace mlopsctl
