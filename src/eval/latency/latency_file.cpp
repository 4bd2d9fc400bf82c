// mlopsctl.bench.result/1. Times are seconds with nanoseconds kept; numbers that do not exist are
// null.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/latency.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace mlopsctl {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* schema = "mlopsctl.bench.result/1";

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json devices_json(const std::vector<DeviceState>& devices) {
  Json list = Json::array();
  for (const DeviceState& device : devices) {
    list.push_back({{"name", device.name},
                    {"clock_mhz", number(device.clock_mhz)},
                    {"temperature_celsius", number(device.temperature_celsius)},
                    {"throttled", device.throttled}});
  }
  return list;
}

Json summary_json(const LatencyRun& run) {
  const LatencyTotals totals = latency_totals(run);
  Json json{{"completed", totals.completed},
            {"failed", totals.failed},
            {"prompt_tokens", totals.prompt_tokens},
            {"output_tokens", totals.output_tokens},
            {"requests_per_second", number(totals.requests_per_second)},
            {"output_tokens_per_second", number(totals.output_tokens_per_second)},
            {"tokens_per_second", number(totals.tokens_per_second)}};
  for (const LatencyMetric metric : latency_metrics()) {
    const LatencySummary one = summarize(latency_values(run, metric));
    json[fmt::format("{}_ms", to_string(metric))] = {{"n", one.n},
                                                     {"mean", number(one.mean)},
                                                     {"median", number(one.median)},
                                                     {"mad", number(one.mad)},
                                                     {"min", number(one.min)},
                                                     {"max", number(one.max)},
                                                     {"p90", number(one.p90)},
                                                     {"p95", number(one.p95)},
                                                     {"p99", number(one.p99)}};
  }
  return json;
}

Json request_json(const RequestTiming& request) {
  Json json{{"due", request.due}, {"sent", request.sent}};
  if (request.error.empty()) {
    json["first"] = request.first;
    json["last"] = request.last;
    json["prompt_tokens"] = request.prompt_tokens;
    json["output_tokens"] = request.output_tokens;
    if (request.counted_chunks) json["counted_chunks"] = true;
    json["gaps"] = request.gaps;
  } else {
    json["error"] = request.error;
  }
  return json;
}

// Readers of values that name what is wrong. Throws Error{corrupt}.
class Reader {
 public:
  Reader(const Json& object, std::string_view source, std::string place)
      : object_(object), source_(source), place_(std::move(place)) {
    if (!object.is_object()) fail("it is no object");
  }

  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorKind::corrupt,
                fmt::format("{} is no result of 'bench run': {}{}{}", source_, place_,
                            place_.empty() ? "" : ": ", why),
                "measure again with 'mlopsctl bench run'");
  }
  const Json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  double time(const char* key) const {  // a finite number that is there
    const Json* value = find(key);
    if (value == nullptr || !value->is_number()) fail(fmt::format("'{}' is no number", key));
    return value->get<double>();
  }
  double number(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::numeric_limits<double>::quiet_NaN();
    return time(key);
  }
  std::uint64_t count(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr || !value->is_number_unsigned())
      fail(fmt::format("'{}' is no whole number", key));
    return value->get<std::uint64_t>();
  }
  std::string text(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) fail(fmt::format("'{}' is no text", key));
    return value->get<std::string>();
  }
  const Json& list(const char* key) const {
    static const Json none = Json::array();
    const Json* value = find(key);
    if (value == nullptr) return none;
    if (!value->is_array()) fail(fmt::format("'{}' is no list", key));
    return *value;
  }

 private:
  const Json& object_;
  std::string_view source_;
  std::string place_;
};

RequestTiming request_of(const Json& json, std::string_view source, std::size_t index) {
  const Reader reader(json, source, fmt::format("request {}", index));
  RequestTiming request{.due = reader.time("due"), .sent = reader.time("sent")};
  request.error = reader.text("error");
  if (!request.error.empty()) return request;
  request.first = reader.time("first");
  request.last = reader.time("last");
  request.prompt_tokens = reader.count("prompt_tokens");
  request.output_tokens = reader.count("output_tokens");
  const Json* chunks = reader.find("counted_chunks");
  request.counted_chunks = chunks != nullptr && *chunks == true;
  for (const Json& gap : reader.list("gaps")) {
    if (!gap.is_number()) reader.fail("a gap is no number");
    request.gaps.push_back(gap.get<double>());
  }
  if (request.first < request.sent || request.last < request.first)
    reader.fail("its times do not follow one another");
  return request;
}

std::vector<DeviceState> devices_of(const Json& list, std::string_view source) {
  std::vector<DeviceState> devices;
  for (const Json& one : list) {
    const Reader reader(one, source, "a device");
    devices.push_back({.name = reader.text("name"),
                       .clock_mhz = reader.number("clock_mhz"),
                       .temperature_celsius = reader.number("temperature_celsius"),
                       .throttled = reader.text("throttled")});
  }
  return devices;
}

}  // namespace

std::string latency_json(const LatencyRun& run) {
  Json json{{"schema", schema},
            {"fingerprint", run.fingerprint},
            {"started", run.started},
            {"load", run.load},
            {"warmups", run.warmups},
            {"wall", run.wall},
            {"client_cpu", run.client_cpu},
            {"before", devices_json(run.before)},
            {"after", devices_json(run.after)},
            {"notes", run.notes}};
  Json& definitions = json["definitions"] = Json::object();
  for (const LatencyMetric metric : latency_metrics())
    definitions[std::string(to_string(metric))] = definition(metric);
  json["summary"] = summary_json(run);
  Json& requests = json["requests"] = Json::array();
  for (const RequestTiming& request : run.requests) requests.push_back(request_json(request));
  // A line for each of the first level and of the requests: a file that can be looked at.
  std::string text = "{";
  for (const auto& [key, value] : json.items()) {
    text += fmt::format("{}\n  \"{}\": ", text.size() > 1 ? "," : "", key);
    if (key != "requests") {
      text += value.dump(-1, ' ', false, Json::error_handler_t::replace);
      continue;
    }
    text += "[";
    for (std::size_t i = 0; i < value.size(); ++i) {
      text += i > 0 ? ",\n    " : "\n    ";
      text += value[i].dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    text += "\n  ]";
  }
  return text + "\n}\n";
}

LatencyRun parse_latency(std::string_view text, std::string_view source) {
  const std::string name = quoted_path(std::string(source));
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    throw Error(ErrorKind::corrupt, fmt::format("{} is no JSON", name),
                "measure again with 'mlopsctl bench run'");
  }
  const Reader reader(json, name, "");
  if (const std::string told = reader.text("schema"); told != schema)
    reader.fail(fmt::format("its schema is {} instead of '{}'", quote(told), schema));
  LatencyRun run{.warmups = reader.count("warmups"), .wall = reader.time("wall")};
  run.load = reader.text("load");
  const double cpu = reader.number("client_cpu");
  run.client_cpu = std::isnan(cpu) ? 0 : cpu;
  const Json* started = reader.find("started");
  if (started != nullptr && started->is_number_integer())
    run.started = started->get<std::int64_t>();
  if (const Json* fingerprint = reader.find("fingerprint")) {
    if (!fingerprint->is_object()) reader.fail("'fingerprint' is no object");
    for (const auto& [key, value] : fingerprint->items()) {
      if (!value.is_string())
        reader.fail(fmt::format("{} of the fingerprint is no text", quote(key)));
      run.fingerprint[key] = value.get<std::string>();
    }
  }
  run.before = devices_of(reader.list("before"), name);
  run.after = devices_of(reader.list("after"), name);
  for (const Json& note : reader.list("notes")) {
    if (!note.is_string()) reader.fail("a note is no text");
    run.notes.push_back(note.get<std::string>());
  }
  const Json& requests = reader.list("requests");
  run.requests.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i)
    run.requests.push_back(request_of(requests[i], name, i));
  return run;
}

LatencyRun read_latency(const std::filesystem::path& file) {
  return parse_latency(read_file(file), file.string());
}

}  // namespace mlopsctl
