#include "commands/check_record.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::commands {

namespace {

constexpr std::size_t most_name_bytes = 200;

std::string filter_by_tag(const std::string& tag, const std::string& value) {
  std::string quoted;
  for (const char c : value) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return fmt::format("tags.`{}` = '{}'", tag, quoted);
}

// The run whose series show all checks of this name, one step each.
Run trend_of(RunStore& store, const std::string& experiment_id, const CheckRecord& record) {
  const std::string tag = record.kind + ".trend";
  const auto found = store.search(
      {.filter = filter_by_tag(tag, record.name), .experiment_ids = {experiment_id}, .limit = 1});
  if (!found.runs.empty()) return found.runs.front();
  // Before its first check, so that "@last" is the check.
  return store.create_run({.experiment_id = experiment_id,
                           .name = record.name,
                           .start = record.checked_at - Milliseconds{1},
                           .status = RunStatus::finished,
                           .tags = {{tag, record.name}}});
}

std::int64_t next_step(const Run& trend) {
  std::int64_t step = 1;
  for (const auto& metric : trend.metrics) step = std::max(step, metric.latest.step + 1);
  return step;
}

std::vector<MetricPoint> points_of(const std::vector<std::pair<std::string, double>>& values,
                                   std::int64_t step, Timestamp time) {
  std::vector<MetricPoint> points;
  for (const auto& [key, value] : values) points.push_back({key, {step, time, value}, {}});
  return points;
}

// Through a file in the artifact folder: a run's artifacts are files.
void add_document(RunStore& store, const std::string& id, const std::string& name,
                  const std::string& text) {
  write_file_atomically(store.artifact_folder(id) / name, text);
  store.record_artifact(id, name);
}

}  // namespace

std::string metric_key(const std::string& prefix, const std::string& name) {
  return prefix + "/" + shortened(printable(name), most_name_bytes);
}

std::vector<Run> recorded_checks(RunStore& store, const RecordedChecks& wanted) {
  const auto found = store.find_experiment(wanted.experiment);
  if (!found) {
    throw Error(ErrorKind::not_found,
                fmt::format("no check was recorded in {}", quote(wanted.experiment)),
                "checks are recorded where there is a run store; --experiment names another "
                "experiment");
  }
  auto runs = store
                  .search({.filter = wanted.name ? filter_by_tag(wanted.tag, *wanted.name)
                                                 : fmt::format("tags.`{}` IS NOT NULL", wanted.tag),
                           .experiment_ids = {found->id},
                           .limit = wanted.limit})
                  .runs;
  std::ranges::reverse(runs);
  return runs;
}

std::string resolve_check(const RunStore& store, const std::string& reference,
                          std::initializer_list<std::string_view> kinds) {
  constexpr std::string_view last = "@last";
  if (!reference.starts_with(last)) return store.resolve(reference);
  const auto back = parse_integer(reference == last ? "0" : reference.substr(last.size() + 1));
  if (!back || *back < 0) return store.resolve(reference);  // which says what is wrong
  std::string filter;
  for (const std::string_view kind : kinds) {
    filter += fmt::format("{}tags.`{}.check` IS NOT NULL", filter.empty() ? "" : " OR ", kind);
  }
  const auto wanted = static_cast<std::size_t>(*back);
  const auto found = store.search({.filter = filter, .limit = *back + 1}).runs;
  if (found.size() > wanted) return found[wanted].id;
  throw Error(
      ErrorKind::not_found,
      fmt::format("no run {}: there are {} that have results", quote(reference), found.size()),
      "'mlopsctl run list' shows all runs");
}

std::string record_check(RunStore& store, const CheckRecord& record) {
  const std::string experiment_id = store.ensure_experiment(record.experiment).id;
  const Run trend = trend_of(store, experiment_id, record);
  const std::int64_t step = next_step(trend);
  std::vector<KeyValue> tags{{record.kind + ".check", record.name},
                             {record.kind + ".verdict", record.verdict},
                             {std::string(tag_names::note), record.reason},
                             {std::string(tag_names::parent), trend.id}};
  tags.insert(tags.end(), record.tags.begin(), record.tags.end());
  const Run run = store.create_run({.experiment_id = experiment_id,
                                    .name = fmt::format("{}-{}", record.name, step),
                                    .start = record.checked_at,
                                    .params = record.params,
                                    .tags = tags});
  const auto totals = points_of(record.totals, step, record.checked_at);
  auto metrics = totals;
  for (auto& point : points_of(record.details, step, record.checked_at)) {
    if (!std::isnan(point.point.value)) metrics.push_back(std::move(point));
  }
  store.log(run.id, {.metrics = metrics});
  add_document(store, run.id, record.kind + ".json", record.document);
  if (!record.page.empty()) add_document(store, run.id, record.kind + ".html", record.page);
  store.update_run(run.id, {.status = RunStatus::finished, .end = now()});
  store.log(trend.id, {.metrics = totals, .tags = {{record.kind + ".verdict", record.verdict}}});
  return run.id;
}

RunStore* store_of_checks(Context& context, const Arguments& arguments) {
  if (arguments.flag("no-record") || context.globals().dry_run) return nullptr;
  const auto home = context.home();
  if (!arguments.text("experiment") && (!home || !fs::exists(*home / "runs.db"))) {
    context.progress().detail("not recorded: there is no run store here ('mlopsctl init')");
    return nullptr;
  }
  return &context.runs(StoreAccess::create);
}

std::vector<OptionSpec> check_record_options(const std::string& kind) {
  return {{.name = "name",
           .value = "NAME",
           .help = "What the check is called in the run store, in files and in alerts",
           .default_text = "the current data's file name"},
          {.name = "experiment",
           .value = "NAME",
           .help = "Record the check in this experiment, with a run store made if there is none",
           .complete = Complete::experiment,
           .default_text = kind + ", where there is a run store"},
          {.name = "no-record", .help = "Leave the run store alone"}};
}

}  // namespace mlopsctl::commands
