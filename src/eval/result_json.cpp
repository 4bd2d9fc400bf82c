#include "mlopsctl/eval/result_json.hpp"

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/platform/files.hpp"

#include "eval/lm_eval_results.hpp"
#include "eval/result_fields.hpp"

namespace mlopsctl {

namespace {

using eval::FieldReader;
using eval::Json;

constexpr const char* schema = "mlopsctl.eval.result/1";
constexpr std::string_view schema_stem = "mlopsctl.eval.result/";

Json number(double value) {
  if (std::isfinite(value)) return value;
  return number_text(value);
}

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json example_value(const ExampleRecord& example) {
  Json out{{"id", example.id}};
  if (!example.prompt_hash.empty()) out["prompt_hash"] = example.prompt_hash;
  if (!example.target_hash.empty()) out["target_hash"] = example.target_hash;
  if (!example.metrics.empty()) {
    Json& metrics = out["metrics"] = Json::object();
    for (const auto& [name, value] : example.metrics) metrics[name] = number(value);
  }
  if (example.nll) out["nll"] = number(*example.nll);
  if (example.tokens > 0) out["tokens"] = example.tokens;
  if (example.matched > 0) out["matched"] = example.matched;
  if (example.words > 0) out["words"] = example.words;
  if (example.bytes > 0) out["bytes"] = example.bytes;
  if (example.gold) out["gold"] = *example.gold;
  if (example.predicted) out["predicted"] = *example.predicted;
  if (example.margin) out["margin"] = number(*example.margin);
  if (example.near_tie) out["near_tie"] = true;
  if (example.truncated) out["truncated"] = true;
  if (!example.group.empty()) out["group"] = example.group;
  if (!example.error.empty()) out["error"] = example.error;
  if (!example.detail.empty()) {
    Json detail = Json::parse(example.detail, nullptr, false);
    if (!detail.is_discarded()) out["detail"] = std::move(detail);
  }
  return out;
}

ExampleRecord example_of(const Json& value, const std::string& source) {
  const FieldReader read(value, source);
  ExampleRecord example{.id = read.text("id"),
                        .prompt_hash = read.text("prompt_hash"),
                        .target_hash = read.text("target_hash"),
                        .nll = read.number("nll"),
                        .tokens = read.count("tokens"),
                        .matched = read.count("matched"),
                        .words = read.count("words"),
                        .bytes = read.count("bytes"),
                        .gold = read.integer("gold"),
                        .predicted = read.integer("predicted"),
                        .margin = read.number("margin"),
                        .near_tie = read.truth("near_tie", false),
                        .truncated = read.truth("truncated", false),
                        .group = read.text("group"),
                        .error = read.text("error")};
  for (const auto& [name, given] : read.map("metrics").items()) {
    const auto number = FieldReader::number_in(given);
    if (!number) read.fail(name, "is no number");
    example.metrics[name] = *number;
  }
  if (const Json* detail = read.find("detail")) example.detail = text_of(*detail);
  return example;
}

Json metrics_value(const std::vector<MetricValue>& metrics) {
  Json list = Json::array();
  for (const MetricValue& metric : metrics) {
    Json out{{"name", metric.name}, {"filter", metric.filter}, {"value", number(metric.value)}};
    out["stderr"] = metric.stderr_ ? number(*metric.stderr_) : Json();
    out["higher_is_better"] = metric.higher_is_better;
    if (metric.correct) out["correct"] = *metric.correct;
    out["n"] = metric.n;
    list.push_back(std::move(out));
  }
  return list;
}

std::vector<MetricValue> metrics_of(const Json& list, const std::string& source) {
  std::vector<MetricValue> metrics;
  for (const Json& value : list) {
    const FieldReader read(value, source);
    MetricValue metric{.name = read.text("name"),
                       .filter = read.text("filter"),
                       .stderr_ = read.number("stderr"),
                       .higher_is_better = read.truth("higher_is_better", true),
                       .n = read.count("n")};
    if (metric.name.empty()) read.fail("name", "of a metric is missing");
    if (metric.filter.empty()) metric.filter = "none";
    const auto number = read.number("value");
    if (!number) read.fail("value", "of a metric is missing");
    metric.value = *number;
    if (read.find("correct") != nullptr) metric.correct = read.count("correct");
    metrics.push_back(std::move(metric));
  }
  return metrics;
}

Json task_value(const TaskResult& task) {
  Json out{{"name", task.name}};
  if (!task.alias.empty()) out["alias"] = task.alias;
  out["output_type"] = task.output_type;
  if (!task.version.empty()) out["version"] = task.version;
  out["hash"] = task.hash;
  out["data_hash"] = task.data_hash;
  out["shots"] = task.shots;
  out["of"] = task.of;
  out["failed"] = task.failed;
  out["truncated"] = task.truncated;
  out["near_ties"] = task.near_ties;
  out["metrics"] = metrics_value(task.metrics);
  return out;
}

TaskResult task_of(const Json& value, const std::string& source) {
  const FieldReader read(value, source);
  TaskResult task{.name = read.text("name"),
                  .alias = read.text("alias"),
                  .output_type = read.text("output_type"),
                  .version = read.text("version"),
                  .hash = read.text("hash"),
                  .data_hash = read.text("data_hash"),
                  .of = read.count("of"),
                  .failed = read.count("failed"),
                  .truncated = read.count("truncated"),
                  .near_ties = read.count("near_ties")};
  if (task.name.empty()) read.fail("name", "of a task is missing");
  const std::uint64_t shots = read.count("shots");
  if (shots > 1'000'000) read.fail("shots", "is too large");
  task.shots = static_cast<std::uint32_t>(shots);
  task.metrics = metrics_of(read.list("metrics"), source);
  for (const Json& example : read.list("examples")) {
    task.examples.push_back(example_of(example, source));
  }
  return task;
}

std::int64_t time_of(const FieldReader& read, const char* key) {
  const std::string text = read.text(key);
  if (text.empty()) return 0;
  try {
    return parse_time(text, Timestamp{}).ms;
  } catch (const Error&) {
    read.fail(key, "is no time");
  }
}

std::vector<std::string> texts_of(const FieldReader& read, const char* key) {
  std::vector<std::string> texts;
  for (const Json& value : read.list(key)) {
    if (!value.is_string()) read.fail(key, "holds something else than texts");
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

Json parsed(std::string_view text, const std::string& source) {
  Json value = Json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded()) {
    throw Error(ErrorKind::corrupt, source + ": is no JSON", "name a result of 'eval run'");
  }
  return value;
}

EvalResult result_of(const Json& value, const std::string& source) {
  const FieldReader read(value, source);
  const std::string found = read.text("schema");
  if (found != schema) {
    const bool newer = std::string_view(found).starts_with(schema_stem);
    throw Error(newer ? ErrorKind::usage : ErrorKind::corrupt,
                fmt::format("{}: the schema is {}, not {}", source, quote(found), quote(schema)),
                newer ? "a newer mlopsctl wrote it: update this one"
                      : "name a result of 'eval run' or of lm-evaluation-harness");
  }
  EvalResult result{.run = read.text("run"),
                    .started = time_of(read, "started"),
                    .finished = time_of(read, "finished")};
  for (const auto& [name, given] : read.map("fingerprint").items()) {
    if (!given.is_string()) read.fail("fingerprint." + name, "is no text");
    result.fingerprint[name] = given.get<std::string>();
  }
  for (const Json& task : read.list("tasks")) result.tasks.push_back(task_of(task, source));
  for (const Json& group : read.list("groups")) {
    const FieldReader of_group(group, source);
    result.groups.push_back({.name = of_group.text("name"),
                             .alias = of_group.text("alias"),
                             .tasks = texts_of(of_group, "tasks"),
                             .metrics = metrics_of(of_group.list("metrics"), source)});
  }
  return result;
}

// The lines of a list, indented; an empty list stays on its line.
template <class Item, class Line>
std::string lines(const std::vector<Item>& items, const char* indent, const Line& line) {
  std::string out;
  for (const Item& item : items) {
    if (!out.empty()) out += ",";
    out += fmt::format("\n{}{}", indent, line(item));
  }
  return out;
}

}  // namespace

std::string example_json(const ExampleRecord& example) { return text_of(example_value(example)); }

ExampleRecord parse_example(std::string_view line, const std::string& source) {
  return example_of(parsed(line, source), source);
}

std::string eval_result_json(const EvalResult& result) {
  Json head{{"schema", schema}};
  if (!result.run.empty()) head["run"] = result.run;
  head["started"] = to_rfc3339({result.started});
  head["finished"] = to_rfc3339({result.finished});
  head["fingerprint"] = Json::object();
  for (const auto& [name, value] : result.fingerprint) head["fingerprint"][name] = value;
  std::string out = text_of(head);
  out.pop_back();  // the brace: tasks go on inside
  out += ",\n\"tasks\": [";
  out += lines(result.tasks, " ", [](const TaskResult& task) {
    std::string text = text_of(task_value(task));
    text.pop_back();
    return text + ",\"examples\":[" + lines(task.examples, "  ", example_json) + "]}";
  });
  out += "],\n\"groups\": [";
  out += lines(result.groups, " ", [](const GroupResult& group) {
    Json value{{"name", group.name}};
    if (!group.alias.empty()) value["alias"] = group.alias;
    value["tasks"] = group.tasks;
    value["metrics"] = metrics_value(group.metrics);
    return text_of(value);
  });
  return out + "]}\n";
}

EvalResult parse_eval_result(std::string_view text, const std::string& source) {
  const Json value = parsed(text, source);
  return result_of(value, source);
}

EvalResult read_eval_result(const std::string& file) {
  const std::string source = file == "-" ? "standard input" : quoted_path(file);
  const Json value = parsed(read_input(file), source);
  if (eval::is_lm_eval(value)) return eval::lm_eval_result(value, file, source);
  return result_of(value, source);
}

}  // namespace mlopsctl
