#include "mlopsctl/eval/baseline.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/gate.hpp"
#include "mlopsctl/eval/result_json.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace mlopsctl::gate {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::string_view schema = "mlopsctl.baseline/1";
constexpr std::string_view schema_family = "mlopsctl.baseline/";
constexpr const char* make_again = "make one with 'mlopsctl baseline save'";

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string without_end(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// What the digest is of: everything that a check compares with.
std::string contents(const Baseline& baseline) {
  std::string text = fmt::format("\"noise\": {}", dumped(Json(baseline.noise)));
  if (!baseline.plain.empty()) {
    text += fmt::format(",\n\"plain\": {}", dumped(Json(baseline.plain)));
  }
  if (baseline.quality) {
    text += ",\n\"quality\": " + without_end(eval_result_json(*baseline.quality));
  }
  if (baseline.latency) text += ",\n\"latency\": " + without_end(latency_json(*baseline.latency));
  return text;
}

std::string history_json(const Baseline& baseline) {
  std::string text = "[";
  for (const Acceptance& one : baseline.history) {
    text += fmt::format("{}\n  {}", text.size() > 1 ? "," : "",
                        dumped({{"at", to_rfc3339(one.at)},
                                {"who", one.who},
                                {"why", one.why},
                                {"replaced", one.digest.empty() ? Json() : Json(one.digest)}}));
  }
  return text + (baseline.history.empty() ? "]" : "\n]");
}

[[noreturn]] void fail(const std::string& source, const std::string& why) {
  throw Error(ErrorKind::corrupt,
              fmt::format("{} is no baseline: {}", quoted_path(source), valid_utf8(why)),
              make_again);
}

// Numbers by name; also of what is below a name: {"metrics": {"accuracy": 0.91}}.
void add_numbers(const Json& json, const std::string& prefix, std::map<std::string, double>& all) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_number()) all[prefix + key] = value.get<double>();
    if (value.is_object() && prefix.size() < 200) add_numbers(value, prefix + key + "/", all);
  }
}

std::map<std::string, double> plain_of(const Json& json, const std::string& source) {
  std::map<std::string, double> numbers;
  if (!json.is_object()) fail(source, "it is no JSON object");
  add_numbers(json, "", numbers);
  if (numbers.empty()) fail(source, "it has neither a schema nor numbers such as \"accuracy\"");
  return numbers;
}

std::vector<Acceptance> history_of(const Json& json) {
  std::vector<Acceptance> history;
  for (const Json& one : json) {
    history.push_back({.at = parse_time(one.at("at").get<std::string>(), Timestamp{}),
                       .who = one.at("who").get<std::string>(),
                       .why = one.at("why").get<std::string>()});
    if (one.at("replaced").is_string()) {
      history.back().digest = one.at("replaced").get<std::string>();
    }
  }
  return history;
}

Baseline baseline_of(const Json& json, const std::string& source) {
  Baseline baseline{.name = json.at("name").get<std::string>()};
  baseline.history = history_of(json.at("history"));
  if (json.contains("noise")) baseline.noise = json.at("noise").get<NoiseFloor>();
  for (const auto& [what, share] : baseline.noise) {
    if (!(share >= 0)) fail(source, fmt::format("the noise of {} is no share", quote(what)));
  }
  if (json.contains("plain"))
    baseline.plain = json.at("plain").get<std::map<std::string, double>>();
  if (json.contains("quality")) {
    baseline.quality = parse_eval_result(dumped(json.at("quality")), source);
  }
  if (json.contains("latency")) {
    baseline.latency = parse_latency(dumped(json.at("latency")), source);
  }
  if (!baseline.quality && !baseline.latency && baseline.plain.empty()) {
    fail(source, "it has no results");
  }
  return baseline;
}

std::string schema_of(const Json& json) {
  const auto found = json.find("schema");
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// lm-evaluation-harness' results have no schema.
bool is_of_harness(const Json& json) {
  return schema_of(json).empty() && json.contains("results") && json.at("results").is_object();
}

Json parsed(std::string_view text, const std::string& source) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) fail(source, "it is no JSON");
  if (!json.is_object()) fail(source, "it is no JSON object");
  return json;
}

}  // namespace

std::string Baseline::digest() const { return sha256_hex(contents(*this)); }

std::string baseline_json(const Baseline& baseline) {
  return fmt::format("{{\"schema\": \"{}\",\n\"name\": {},\n\"history\": {},\n{}\n}}\n", schema,
                     dumped(Json(baseline.name)), history_json(baseline), contents(baseline));
}

Baseline parse_baseline(std::string_view text, const std::string& source) {
  const Json json = parsed(text, source);
  const std::string told = schema_of(json);
  if (told.empty() && !is_of_harness(json)) return {.plain = plain_of(json, source)};
  if (told != schema) {
    if (told.starts_with(schema_family)) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} is of the schema {}, this program reads {}", quoted_path(source),
                              quote(told), schema),
                  "a newer mlopsctl wrote it");
    }
    Measured measured = parse_measured(text, source);
    return {.quality = std::move(measured.quality),
            .latency = std::move(measured.latency),
            .plain = std::move(measured.plain)};
  }
  try {
    return baseline_of(json, source);
  } catch (const Json::exception& error) {
    fail(source, error.what());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    fail(source, error.what());  // a time that is none
  }
}

Baseline read_baseline(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  if (is_of_harness(parsed(text, file.string()))) {
    return {.quality = read_eval_result(file.string())};
  }
  return parse_baseline(text, file.string());
}

Measured parse_measured(std::string_view text, const std::string& source) {
  const Json json = parsed(text, source);
  const std::string told = schema_of(json);
  if (told.starts_with("mlopsctl.bench.result/")) return {.latency = parse_latency(text, source)};
  if (told.starts_with(schema_family)) {
    Baseline baseline = parse_baseline(text, source);
    return {.quality = std::move(baseline.quality),
            .latency = std::move(baseline.latency),
            .plain = std::move(baseline.plain)};
  }
  if (!told.empty() || is_of_harness(json)) {
    return {.quality = parse_eval_result(text, source)};
  }
  return {.plain = plain_of(json, source)};
}

Measured read_measured(const std::string& file) {
  const std::string text = read_input(file);
  const Json json = parsed(text, file);
  // With the samples beside it.
  if (file != "-" && is_of_harness(json)) return {.quality = read_eval_result(file)};
  return parse_measured(text, file);
}

NoiseFloor noise_floor(const LatencyRun& first, const std::vector<LatencyRun>& others) {
  NoiseFloor noise;
  for (const LatencyRun& other : others) {
    const auto apart = differences(first.fingerprint, other.fingerprint, KeyKind::hardware);
    if (!apart.empty()) {
      throw Error(
          ErrorKind::usage,
          fmt::format("noise is measured on one machine, but {} was {} and {}", apart.front().key,
                      quote(apart.front().before), quote(apart.front().now)));
    }
    for (const LatencyMetric metric : latency_metrics()) {
      const LatencySummary a = summarize(latency_values(first, metric));
      const LatencySummary b = summarize(latency_values(other, metric));
      const auto add = [&](const char* what, double before, double now) {
        if (!(before > 0) || !(now > 0)) return;
        double& share = noise[fmt::format("{} {}", what, to_string(metric))];
        share = std::max(share, std::max(before, now) / std::min(before, now) - 1);
      };
      add("median", a.median, b.median);
      add("p90", a.p90, b.p90);
    }
  }
  return noise;
}

bool is_baseline_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && name.front() != '.' && name.front() != '-' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

}  // namespace mlopsctl::gate
