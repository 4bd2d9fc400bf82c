#include "mlopsctl/tracking/export.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <set>

namespace mlopsctl {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t flush_size = 1U << 16U;

// Collects small pieces into large writes.
class Out {
 public:
  explicit Out(const WriteBytes& write) : write_(write) {}
  void add(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= flush_size) flush();
  }
  void flush() {
    if (!buffer_.empty()) write_(buffer_);
    buffer_.clear();
  }

 private:
  const WriteBytes& write_;
  std::string buffer_;
};

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(number_text(value)); }

Json time_or_null(const std::optional<Timestamp>& time) {
  return time ? Json(to_rfc3339(*time)) : Json(nullptr);
}

Json attributes(const Run& run) {
  Json json = Json::object();
  json["run_id"] = run.id;
  json["experiment_id"] = run.experiment_id;
  json["experiment"] = run.experiment_name;
  json["name"] = run.name;
  json["user"] = run.user;
  json["status"] = to_string(run.status);
  json["lifecycle"] = to_string(run.lifecycle);
  json["start"] = to_rfc3339(run.start);
  json["end"] = time_or_null(run.end);
  json["artifact_uri"] = run.artifact_uri;
  json["exit_code"] = run.exit_code ? Json(*run.exit_code) : Json(nullptr);
  json["signal"] = run.signal ? Json(*run.signal) : Json(nullptr);
  return json;
}

Json object_of(const std::vector<KeyValue>& pairs) {
  Json json = Json::object();
  for (const auto& pair : pairs) json[pair.key] = pair.value;
  return json;
}

Json artifact_object(const Artifact& artifact) {
  return {{"path", artifact.path},
          {"size", artifact.size},
          {"sha256", artifact.sha256},
          {"added", to_rfc3339(artifact.added)}};
}

Json input_object(const DatasetInput& input) {
  const Dataset& dataset = input.dataset;
  return {{"name", dataset.name},
          {"digest", dataset.digest},
          {"source_type", dataset.source_type},
          {"source", dataset.source},
          {"schema", dataset.schema},
          {"profile", dataset.profile},
          {"tags", object_of(input.tags)}};
}

Json context_object(const MetricContext& context) {
  Json json = Json::object();
  if (!context.model_id.empty()) json["model_id"] = context.model_id;
  if (!context.dataset_name.empty()) json["dataset_name"] = context.dataset_name;
  if (!context.dataset_digest.empty()) json["dataset_digest"] = context.dataset_digest;
  return json;
}

void write_json(const RunStore& store, std::span<const std::string> ids, Out& out) {
  out.add("{\"schema\":\"mlopsctl.run.export/1\",\"runs\":[");
  bool first_run = true;
  for (const auto& id : ids) {
    const Run run = store.run(id);
    Json head = attributes(run);
    head["params"] = object_of(run.params);
    head["tags"] = object_of(run.tags);
    head["artifacts"] = Json::array();
    for (const auto& artifact : store.artifacts(id)) {
      head["artifacts"].push_back(artifact_object(artifact));
    }
    head["inputs"] = Json::array();
    for (const auto& input : store.inputs(id)) head["inputs"].push_back(input_object(input));
    std::string text = head.dump();
    text.pop_back();  // the points follow inside the same object
    out.add(first_run ? "\n" : ",\n");
    first_run = false;
    out.add(text);
    out.add(",\"metrics\":[");
    bool first_point = true;
    store.all_points(id, [&](const Metric& metric, const Point& point) {
      Json json = {{"key", metric.key},
                   {"step", point.step},
                   {"timestamp", point.time.ms},
                   {"value", number(point.value)}};
      json.update(context_object(metric.context));
      out.add(first_point ? "\n" : ",\n");
      first_point = false;
      out.add(json.dump());
    });
    out.add("]}");
  }
  out.add("\n]}\n");
}

void write_jsonl(const RunStore& store, std::span<const std::string> ids, Out& out) {
  const auto line = [&](std::string_view type, const std::string& id, const Json& body) {
    Json json = {{"type", type}, {"run_id", id}};
    json.update(body);
    out.add(json.dump());
    out.add("\n");
  };
  for (const auto& id : ids) {
    const Run run = store.run(id);
    line("run", id, attributes(run));
    for (const auto& pair : run.params)
      line("param", id, {{"key", pair.key}, {"value", pair.value}});
    for (const auto& pair : run.tags) line("tag", id, {{"key", pair.key}, {"value", pair.value}});
    for (const auto& artifact : store.artifacts(id))
      line("artifact", id, artifact_object(artifact));
    for (const auto& input : store.inputs(id)) line("input", id, input_object(input));
    store.all_points(id, [&](const Metric& metric, const Point& point) {
      Json body = {{"key", metric.key},
                   {"step", point.step},
                   {"timestamp", point.time.ms},
                   {"value", number(point.value)}};
      body.update(context_object(metric.context));
      line("metric", id, body);
    });
  }
}

// RFC 4180: quotes only where they are needed, doubled inside.
std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

void write_csv(const RunStore& store, std::span<const std::string> ids, Out& out) {
  std::set<std::string> params, metrics;
  for (const auto& id : ids) {  // two passes over the runs keep one run in memory at a time
    const Run run = store.run(id);
    for (const auto& pair : run.params) params.insert(pair.key);
    for (const auto& metric : run.metrics) metrics.insert(metric.key);
  }
  out.add("run_id,name,experiment,status,start,end,exit_code");
  for (const auto& key : params) out.add("," + csv_field("params." + key));
  for (const auto& key : metrics) out.add("," + csv_field("metrics." + key));
  out.add("\r\n");
  for (const auto& id : ids) {
    const Run run = store.run(id);
    out.add(fmt::format("{},{},{},{},{},{},{}", csv_field(run.id), csv_field(run.name),
                        csv_field(run.experiment_name), to_string(run.status),
                        to_rfc3339(run.start), run.end ? to_rfc3339(*run.end) : "",
                        run.exit_code ? std::to_string(*run.exit_code) : ""));
    for (const auto& key : params) {
      const auto found = std::ranges::find(run.params, key, &KeyValue::key);
      out.add("," + (found == run.params.end() ? "" : csv_field(found->value)));
    }
    for (const auto& key : metrics) {
      const auto found = std::ranges::find(run.metrics, key, &Metric::key);
      out.add("," + (found == run.metrics.end() ? "" : number_text(found->latest.value)));
    }
    out.add("\r\n");
  }
}

void write_csv_points(const RunStore& store, std::span<const std::string> ids, Out& out) {
  out.add("run_id,key,step,time,value\r\n");
  for (const auto& id : ids) {
    store.all_points(id, [&](const Metric& metric, const Point& point) {
      out.add(fmt::format("{},{},{},{},{}\r\n", csv_field(id), csv_field(metric.key), point.step,
                          point.time.ms, number_text(point.value)));
    });
  }
}

}  // namespace

void export_runs(const RunStore& store, std::span<const std::string> run_ids, ExportFormat format,
                 const WriteBytes& write) {
  Out out(write);
  switch (format) {
    case ExportFormat::json:
      write_json(store, run_ids, out);
      break;
    case ExportFormat::jsonl:
      write_jsonl(store, run_ids, out);
      break;
    case ExportFormat::csv:
      write_csv(store, run_ids, out);
      break;
    case ExportFormat::csv_points:
      write_csv_points(store, run_ids, out);
      break;
  }
  out.flush();
}

}  // namespace mlopsctl
