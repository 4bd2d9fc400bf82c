#include "eval/lm_eval_results.hpp"

#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "eval/hashes.hpp"

#include <algorithm>

namespace mlopsctl::eval {

namespace {

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The texts of the requests: what else they have (generation settings) is the task's.
std::string prompt_hash_of(const FieldReader& sample) {
  std::vector<std::vector<std::string>> requests;
  for (const auto& [name, request] : sample.map("arguments").items()) {
    auto& texts = requests.emplace_back();
    for (const auto& [argument, value] : request.items()) {
      if (value.is_string()) texts.push_back(value.get<std::string>());
    }
  }
  return requests.empty() ? std::string() : prompt_hash(requests);
}

std::string id_of(const FieldReader& sample) {
  const Json& document = sample.map("doc");
  const auto id = document.find("id");
  if (id != document.end() && (id->is_string() || id->is_number_integer())) return text_of(*id);
  return std::to_string(sample.count("doc_id"));
}

// Pairs: (log-likelihood, words or bytes), (gold, predicted).
void take_pair(ExampleRecord& example, const std::string& metric, const Json& pair) {
  const auto first = FieldReader::number_in(pair[0]);
  const auto second = FieldReader::number_in(pair[1]);
  if (!first || !second || std::isnan(*first) || std::isnan(*second)) return;
  if (metric == "f1" || metric == "mcc") {
    example.gold = static_cast<std::int64_t>(std::clamp(*first, -1e9, 1e9));
    example.predicted = static_cast<std::int64_t>(std::clamp(*second, -1e9, 1e9));
    return;
  }
  example.nll = -*first;
  const auto count = static_cast<std::uint64_t>(std::clamp(*second, 0.0, 1e15));
  (metric == "word_perplexity" ? example.words : example.bytes) = count;
}

void take_metrics(ExampleRecord& example, const FieldReader& sample) {
  const std::string filter = sample.text("filter");
  for (const Json& name : sample.list("metrics")) {
    if (!name.is_string()) continue;
    const auto metric = name.get<std::string>();
    const Json* value = sample.find(metric.c_str());
    if (value == nullptr) continue;
    if (value->is_array() && value->size() == 2) {
      take_pair(example, metric, *value);
    } else if (const auto number = FieldReader::number_in(*value)) {
      const MetricValue key{.name = metric, .filter = filter.empty() ? "none" : filter};
      example.metrics[key.key()] = *number;
      if (metric == "perplexity") example.nll = -*number;
    }
  }
}

// Each example comes once for each filter.
std::vector<ExampleRecord> examples_of(std::string_view text, const std::string& source) {
  std::vector<ExampleRecord> examples;
  std::map<std::uint64_t, std::size_t> places;
  std::size_t line = 0;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    ++line;
    if (trim(one).empty()) continue;
    const std::string place = fmt::format("line {} of {}", line, source);
    const Json value = Json::parse(one.begin(), one.end(), nullptr, false);
    if (value.is_discarded()) throw Error(ErrorKind::corrupt, place + ": is no JSON");
    const FieldReader sample(value, place);
    const auto [found, is_new] = places.try_emplace(sample.count("doc_id"), examples.size());
    if (is_new) {
      examples.push_back({.id = id_of(sample), .prompt_hash = prompt_hash_of(sample)});
      if (const Json* target = sample.find("target")) {
        examples.back().target_hash = sha256_hex(text_of(*target));
      }
    }
    take_metrics(examples[found->second], sample);
  }
  return examples;
}

// "2026-11-29T23-00-00.123456" of "results_2026-….json".
std::string date_in(const fs::path& file) {
  const std::string stem = file.stem().string();
  const auto at = stem.rfind('_');
  return at == stem.npos ? std::string() : stem.substr(at + 1);
}

std::vector<ExampleRecord> samples_beside(const std::string& file, const std::string& task) {
  if (file == "-" || task.find('/') != task.npos) return {};
  const fs::path path =
      fs::path(file).parent_path() / fmt::format("samples_{}_{}.jsonl", task, date_in(file));
  if (!fs::exists(path)) return {};
  return examples_of(read_file(path), quoted_path(path));
}

void count_correct(MetricValue& metric, const std::vector<ExampleRecord>& examples) {
  if (!examples.empty()) {
    std::uint64_t correct = 0;
    for (const ExampleRecord& example : examples) {
      const auto found = example.metrics.find(metric.key());
      if (found == example.metrics.end() || (found->second != 0 && found->second != 1)) return;
      if (found->second == 1) ++correct;
    }
    metric.correct = correct;
    return;
  }
  const double correct = metric.value * static_cast<double>(metric.n);
  const bool is_share = metric.name.starts_with("acc") || metric.name == "exact_match";
  if (is_share && metric.n > 0 && std::abs(correct - std::round(correct)) < 1e-6) {
    metric.correct = static_cast<std::uint64_t>(std::clamp(std::round(correct), 0.0, 1e15));
  }
}

bool is_higher_better(const FieldReader& root, const std::string& task, const std::string& metric) {
  const Json& tasks = root.map("higher_is_better");
  const auto of_task = tasks.find(task);
  if (of_task != tasks.end() && of_task->is_object()) {
    const auto found = of_task->find(metric);
    if (found != of_task->end() && found->is_boolean()) return found->get<bool>();
  }
  return metric.find("perplexity") == metric.npos && metric != "bits_per_byte";
}

std::vector<MetricValue> metrics_of(const FieldReader& root, const std::string& task,
                                    const FieldReader& values, std::uint64_t n) {
  std::vector<MetricValue> metrics;
  for (const auto& [key, value] : root.map("results").at(task).items()) {
    const auto comma = key.find(',');
    if (comma == key.npos) continue;
    const std::string name = key.substr(0, comma), filter = key.substr(comma + 1);
    const auto number = FieldReader::number_in(value);
    if (name.ends_with("_stderr") || !number) continue;
    MetricValue metric{.name = name,
                       .filter = filter,
                       .value = *number,
                       .higher_is_better = is_higher_better(root, task, name),
                       .n = n};
    const Json* error = values.find((name + "_stderr," + filter).c_str());  // "N/A" is none
    if (error != nullptr) metric.stderr_ = FieldReader::number_in(*error);
    metrics.push_back(std::move(metric));
  }
  return metrics;
}

// Of "n-samples": {"task": {"original": 100, "effective": 10}}, and what the like maps have.
const Json* entry(const FieldReader& root, const char* map, const std::string& task) {
  const Json& all = root.map(map);
  const auto found = all.find(task);
  return found == all.end() || found->is_null() ? nullptr : &*found;
}

TaskResult task_of(const FieldReader& root, const std::string& name, const Json& value,
                   const std::string& file) {
  const FieldReader values(value, root.source());
  TaskResult task{.name = name, .alias = values.text("alias")};
  if (task.alias == name) task.alias.clear();
  std::uint64_t n = values.count("sample_len");
  if (const Json* samples = entry(root, "n-samples", name)) {
    const FieldReader counts(*samples, root.source());
    task.of = counts.count("original");
    if (n == 0) n = counts.count("effective");
  }
  if (const Json* version = entry(root, "versions", name)) task.version = text_of(*version);
  if (const Json* shots = entry(root, "n-shot", name); shots != nullptr && shots->is_number()) {
    task.shots = static_cast<std::uint32_t>(std::clamp(shots->get<double>(), 0.0, 1e6));
  }
  if (const Json* settings = entry(root, "configs", name)) {
    task.output_type = FieldReader(*settings, root.source()).text("output_type");
    task.hash = sha256_hex(text_of(*settings));
  }
  if (const Json* hash = entry(root, "task_hashes", name)) task.data_hash = text_of(*hash);
  task.metrics = metrics_of(root, name, values, n);
  task.examples = samples_beside(file, name);
  for (MetricValue& metric : task.metrics) count_correct(metric, task.examples);
  return task;
}

Fingerprint fingerprint_of(const FieldReader& root) {
  Fingerprint print{{"engine", "lm-evaluation-harness"}};
  const auto put = [&](const char* name, const std::string& value) {
    if (!value.empty()) print[name] = value;
  };
  put("model", root.text("model_name"));
  put("version", root.text("lm_eval_version"));
  put("seed", "1234");
  const FieldReader config(root.map("config"), root.source());
  put("dtype", config.find("model_dtype") == nullptr ? "" : text_of(*config.find("model_dtype")));
  put("model_sha", config.text("model_sha"));
  put("system_instruction_sha256", root.text("system_instruction_sha"));
  if (const std::string form = root.text("chat_template_sha"); !form.empty()) {
    const Json* multiturn = root.find("fewshot_as_multiturn");
    const bool turns = multiturn != nullptr && multiturn->is_boolean() && multiturn->get<bool>();
    put("chat_template_sha256", form);
    put("chat", "true");
    put("fewshot_as_multiturn", turns ? "true" : "false");
  }
  return print;
}

}  // namespace

bool is_lm_eval(const Json& value) {
  return value.is_object() && !value.contains("schema") && value.contains("results") &&
         value.contains("configs");
}

EvalResult lm_eval_result(const Json& value, const std::string& file, const std::string& source) {
  const FieldReader root(value, source);
  EvalResult result{.fingerprint = fingerprint_of(root)};
  const double date = root.number("date").value_or(0);
  if (date > 0 && date < 1e11) result.started = static_cast<std::int64_t>(date * 1000);
  result.finished = result.started;
  const Json& groups = root.map("group_subtasks");
  for (const auto& [name, values] : root.map("results").items()) {
    const auto members = groups.find(name);
    TaskResult task = task_of(root, name, values, file);
    if (members == groups.end() || members->empty()) {
      result.tasks.push_back(std::move(task));
      continue;
    }
    GroupResult group{.name = name, .alias = task.alias, .metrics = std::move(task.metrics)};
    for (const Json& member : *members) group.tasks.push_back(text_of(member));
    result.groups.push_back(std::move(group));
  }
  return result;
}

}  // namespace mlopsctl::eval
