#include "commands/eval_results.hpp"

#include "mlopsctl/eval/result_json.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "commands/check_record.hpp"

#include <fmt/format.h>

#include <cmath>

namespace mlopsctl::commands {

namespace {

constexpr const char* kind = "evaluation";
constexpr const char* document = "evaluation.json";

void add_metrics(CheckRecord& record, const std::string& task,
                 const std::vector<MetricValue>& metrics) {
  for (const MetricValue& metric : metrics) {
    if (std::isnan(metric.value)) continue;
    const std::string key = metric_key("eval/" + task, metric.key());
    record.totals.emplace_back(key, metric.value);
    if (metric.stderr_) record.details.emplace_back(key + "_stderr", *metric.stderr_);
  }
}

std::string verdict_of(const EvalResult& result) {
  for (const TaskResult& task : result.tasks) {
    if (task.failed > 0) return "partial";
  }
  return "done";
}

std::string summary_of(const EvalResult& result) {
  std::uint64_t examples = 0;
  for (const TaskResult& task : result.tasks) examples += task.examples.size();
  return fmt::format("{} tasks, {} examples", result.tasks.size(), examples);
}

}  // namespace

EvalResult named_result(Context& context, const std::string& name) {
  if (name != "-" && !fs::exists(name)) {
    const auto home = context.home();
    if (home && fs::exists(*home / "runs.db")) {
      RunStore& store = context.runs(StoreAccess::read);
      std::string id;
      try {
        id = resolve_check(store, name, {kind});
      } catch (const Error&) {
        throw Error(ErrorKind::not_found,
                    fmt::format("there is no file and no run {}", quote(name)));
      }
      const fs::path file = store.artifact_folder(id) / document;
      if (!fs::exists(file)) {
        throw Error(ErrorKind::not_found, fmt::format("the run {} is no evaluation", quote(name)));
      }
      EvalResult result = read_eval_result(file.string());
      result.run = id;
      return result;
    }
  }
  return read_eval_result(name);
}

PositionalSpec result_positional(const std::string& name) {
  return {.name = name,
          .help =
              "What 'eval run' or lm-evaluation-harness wrote, a run that was recorded, or - "
              "for standard input",
          .complete = Complete::file};
}

void record_evaluation(Context& context, const Arguments& arguments, const std::string& name,
                       EvalResult& result) {
  RunStore* store = store_of_checks(context, arguments);
  if (store == nullptr) return;
  CheckRecord record{.kind = kind,
                     .name = arguments.text_or("name", name),
                     .experiment = arguments.text_or("experiment", "eval"),
                     .checked_at = {result.started},
                     .verdict = verdict_of(result),
                     .reason = summary_of(result)};
  for (const auto& [key, value] : result.fingerprint) record.params.push_back({key, value});
  for (const TaskResult& task : result.tasks) {
    add_metrics(record, task.name, task.metrics);
    record.params.push_back({fmt::format("{}.shots", task.name), std::to_string(task.shots)});
    record.params.push_back({fmt::format("{}.hash", task.name), task.hash});
  }
  for (const GroupResult& group : result.groups) add_metrics(record, group.name, group.metrics);
  record.document = eval_result_json(result);
  result.run = record_check(*store, record);
}

}  // namespace mlopsctl::commands
