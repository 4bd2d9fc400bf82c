#include "mlopsctl/eval/lm_eval_export.hpp"

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "eval/result_fields.hpp"

#include <algorithm>

namespace mlopsctl::eval {

namespace {

// Python's json writes NaN and Infinity bare, this does not: a reader gets the number's name.
Json number(double value) {
  if (std::isfinite(value)) return value;
  return number_text(value);
}

std::string text_of(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json values_of(const std::string& name, const std::string& alias, std::uint64_t examples,
               const std::vector<MetricValue>& metrics) {
  Json out{{"name", name}, {"alias", alias.empty() ? name : alias}, {"sample_len", examples}};
  for (const MetricValue& metric : metrics) {
    out[metric.name + "," + metric.filter] = number(metric.value);
    out[metric.name + "_stderr," + metric.filter] =
        metric.stderr_ ? number(*metric.stderr_) : Json("N/A");
  }
  return out;
}

std::uint64_t counted(const TaskResult& task) { return task.examples.size() - task.failed; }

// "hf" calls its arguments model_args.
Json config_of(const Fingerprint& print) {
  const auto value = [&](const char* key) {
    const auto found = print.find(key);
    return found == print.end() ? Json() : Json(found->second);
  };
  return {{"model", "mlopsctl"},
          {"model_args", value("model")},
          {"model_dtype", value("dtype")},
          {"model_sha", value("model_sha256")},
          {"device", value("engine_name")},
          {"fewshot_seed", value("seed")}};
}

void add_prompt_form(Json& root, const Fingerprint& print) {
  const auto value = [&](const char* key) {
    const auto found = print.find(key);
    return found == print.end() ? Json() : Json(found->second);
  };
  root["system_instruction_sha"] = value("system_instruction_sha256");
  root["chat_template_sha"] = value("chat_template_sha256");
  root["fewshot_as_multiturn"] = value("fewshot_as_multiturn") == "true";
}

// [[-1.5, true]] is [[["-1.5", "True"]]] there: one list a request, one entry a repeat, all text.
Json responses(const Json& given) {
  Json out = Json::array();
  for (const Json& one : given) {
    if (one.is_array() && one.size() == 2 && one[1].is_boolean()) {
      out.push_back(
          Json::array({Json::array({text_of(one[0]), one[1].get<bool>() ? "True" : "False"})}));
    } else {
      out.push_back(Json::array({one.is_string() ? one : Json(text_of(one))}));
    }
  }
  return out;
}

Json arguments(const Json& given) {
  Json out = Json::object();
  std::size_t i = 0;
  for (const Json& request : given) {
    Json& texts = out[fmt::format("gen_args_{}", i++)] = Json::object();
    std::size_t j = 0;
    for (const Json& text : request) texts[fmt::format("arg_{}", j++)] = text;
  }
  return out;
}

// What the harness keeps of an example for a metric.
Json metric_of(const ExampleRecord& example, const MetricValue& metric) {
  const auto found = example.metrics.find(metric.key());
  if (found != example.metrics.end()) return number(found->second);
  if (metric.name == "f1" || metric.name == "mcc") {
    return Json::array({example.gold.value_or(-1), example.predicted.value_or(-1)});
  }
  const Json log = number(-example.nll.value_or(0));
  if (metric.name == "word_perplexity") return Json::array({log, example.words});
  if (metric.name == "token_perplexity") return Json::array({log, example.tokens});
  if (metric.name == "token_acc") return Json::array({example.matched, example.tokens});
  return Json::array({log, example.bytes});
}

// The first of each request's responses, as the harness' take_first leaves them.
Json first_of_each(const Json& all) {
  Json out = Json::array();
  for (const Json& responses : all) {
    const bool several = responses.is_array() && !responses.empty();
    out.push_back(several ? responses[0] : responses);
  }
  return out;
}

std::string first_prompt(const Json& detail) {
  const Json& given = detail.at("arguments");
  const bool there = given.is_array() && !given.empty() && given[0].is_array() && !given[0].empty();
  return there && given[0][0].is_string() ? given[0][0].get<std::string>() : std::string();
}

std::string sample_line(const TaskResult& task, std::size_t number, const std::string& filter,
                        const Json& detail) {
  const ExampleRecord& example = task.examples[number];
  Json line{{"doc_id", number},
            {"doc", detail.value("doc", Json())},
            {"target", detail.value("target", "")},
            {"arguments", arguments(detail.at("arguments"))},
            {"resps", responses(detail.at("resps"))}};
  const Json filtered = detail.value("filtered", Json::object());
  line["filtered_resps"] =
      filtered.contains(filter) ? Json::array({filtered.at(filter)}) : first_of_each(line["resps"]);
  line["filter"] = filter;
  line["metrics"] = Json::array();
  line["doc_hash"] = sha256_hex(line["doc"].dump(2, ' ', false, Json::error_handler_t::replace));
  line["prompt_hash"] = sha256_hex(first_prompt(detail));
  line["target_hash"] = example.target_hash;
  for (const MetricValue& metric : task.metrics) {
    if (metric.filter != filter) continue;
    line["metrics"].push_back(metric.name);
    line[metric.name] = metric_of(example, metric);
  }
  return text_of(line) + "\n";
}

std::string samples_of(const TaskResult& task) {
  std::vector<std::string> filters;
  for (const MetricValue& metric : task.metrics) {
    if (std::ranges::find(filters, metric.filter) == filters.end()) {
      filters.push_back(metric.filter);
    }
  }
  std::string out;
  for (const std::string& filter : filters) {
    for (std::size_t i = 0; i < task.examples.size(); ++i) {
      if (!task.examples[i].error.empty()) continue;
      const Json detail = Json::parse(task.examples[i].detail, nullptr, false);
      const bool whole =
          detail.is_object() && detail.contains("arguments") && detail.contains("resps");
      if (whole) out += sample_line(task, i, filter, detail);
    }
  }
  return out;
}

}  // namespace

LmEvalFiles lm_eval_files(const EvalResult& result) {
  LmEvalFiles files;
  Json root{{"results", Json::object()}};
  for (const TaskResult& task : result.tasks) {
    root["results"][task.name] = values_of(task.name, task.alias, counted(task), task.metrics);
    root["configs"][task.name] = {{"task", task.name},
                                  {"output_type", task.output_type},
                                  {"num_fewshot", task.shots},
                                  {"metadata", {{"version", task.version}}}};
    root["versions"][task.name] = task.version;
    root["n-shot"][task.name] = task.shots;
    for (const MetricValue& metric : task.metrics) {
      root["higher_is_better"][task.name][metric.name] = metric.higher_is_better;
    }
    root["n-samples"][task.name] = {{"original", task.of}, {"effective", counted(task)}};
    root["task_hashes"][task.name] = task.hash;
    if (std::string samples = samples_of(task); !samples.empty()) {
      files.samples[task.name] = std::move(samples);
    }
  }
  root["group_subtasks"] = Json::object();
  for (const GroupResult& group : result.groups) {
    const std::uint64_t n = group.metrics.empty() ? 0 : group.metrics.front().n;
    root["results"][group.name] = values_of(group.name, group.alias, n, group.metrics);
    root["groups"][group.name] = root["results"][group.name];
    root["group_subtasks"][group.name] = group.tasks;
  }
  root["config"] = config_of(result.fingerprint);
  add_prompt_form(root, result.fingerprint);
  root["date"] = static_cast<double>(result.started) / 1000;
  root["model_source"] = "mlopsctl";
  root["model_name"] = root["config"]["model_args"];
  root["total_evaluation_time_seconds"] =
      number_text(static_cast<double>(result.finished - result.started) / 1000);
  files.results = text_of(root, 2) + "\n";
  files.date = to_rfc3339({result.started});
  std::ranges::replace(files.date, ':', '-');
  if (files.date.ends_with('Z')) files.date.pop_back();
  return files;
}

}  // namespace mlopsctl::eval
