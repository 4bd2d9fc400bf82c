#include "commands/drift_record.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <fmt/format.h>

#include <cmath>

namespace mlopsctl::commands {

namespace {

constexpr std::size_t recorded_features = 10;
constexpr std::size_t most_name_bytes = 200;

std::string key_of(const char* prefix, const std::string& feature) {
  return prefix + shortened(printable(feature), most_name_bytes);
}

std::string filter_by_tag(const char* tag, const std::string& value) {
  std::string quoted;
  for (const char c : value) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return fmt::format("tags.`{}` = '{}'", tag, quoted);
}

// The run whose series show all checks of this name, one step each.
Run trend_of(RunStore& store, const std::string& experiment_id, const std::string& name) {
  const auto found = store.search({.filter = filter_by_tag(drift_trend_tag, name),
                                   .experiment_ids = {experiment_id},
                                   .limit = 1});
  if (!found.runs.empty()) return found.runs.front();
  return store.create_run({.experiment_id = experiment_id,
                           .name = name,
                           .status = RunStatus::finished,
                           .tags = {{drift_trend_tag, name}}});
}

std::int64_t next_step(const Run& trend) {
  std::int64_t step = 1;
  for (const auto& metric : trend.metrics) step = std::max(step, metric.latest.step + 1);
  return step;
}

std::vector<MetricPoint> totals_of(const drift::DriftResult& result, std::int64_t step) {
  const double share = result.tested_features == 0
                           ? 0
                           : static_cast<double>(result.drifted_features) /
                                 static_cast<double>(result.tested_features);
  const auto point = [&](const char* key, double value) {
    return MetricPoint{key, {step, result.checked_at, value}, {}};
  };
  return {point("drift/share", share),
          point("drift/drifted_features", static_cast<double>(result.drifted_features)),
          point("drift/max_psi", result.max_psi), point("drift/max_ks", result.max_effect_size),
          point("drift/current_rows", static_cast<double>(result.current_rows))};
}

std::vector<MetricPoint> metrics_of(const drift::DriftResult& result, std::int64_t step) {
  auto metrics = totals_of(result, step);
  for (std::size_t i = 0; i < result.features.size() && i < recorded_features; ++i) {
    const auto& feature = result.features[i];
    const Point at{step, result.checked_at, 0};
    const auto add = [&](const char* prefix, double value) {
      if (std::isnan(value)) return;
      metrics.push_back({key_of(prefix, feature.name), {at.step, at.time, value}, {}});
    };
    add("drift/psi/", feature.psi);
    add("drift/effect/", feature.effect_size);
  }
  return metrics;
}

std::vector<KeyValue> params_of(const drift::DriftResult& result) {
  return {{"preset", result.preset},
          {"reference", result.reference_source},
          {"current", result.current_source},
          {"reference_rows", std::to_string(result.reference_rows)},
          {"current_rows", std::to_string(result.current_rows)},
          {"features", std::to_string(result.features.size())},
          {"correction", result.correction},
          {"alpha", number_text(result.alpha)}};
}

// Through a file in the artifact folder: a run's artifacts are files.
void add_document(RunStore& store, const std::string& id, const std::string& name,
                  const std::string& text) {
  write_file_atomically(store.artifact_folder(id) / name, text);
  store.record_artifact(id, name);
}

}  // namespace

std::string record_drift(RunStore& store, const std::string& experiment,
                         const drift::DriftResult& result, const std::string& document,
                         const std::string& page) {
  const std::string experiment_id = store.ensure_experiment(experiment).id;
  const Run trend = trend_of(store, experiment_id, result.name);
  const std::int64_t step = next_step(trend);
  const Run run =
      store.create_run({.experiment_id = experiment_id,
                        .name = fmt::format("{}-{}", result.name, step),
                        .start = result.checked_at,
                        .params = params_of(result),
                        .tags = {{drift_check_tag, result.name},
                                 {"drift.verdict", std::string(to_string(result.verdict))},
                                 {"drift.severity", std::string(to_string(result.severity))},
                                 {"drift.worst_feature", result.max_psi_feature},
                                 {std::string(tag_names::note), result.reason},
                                 {std::string(tag_names::parent), trend.id}}});
  store.log(run.id, {.metrics = metrics_of(result, step)});
  add_document(store, run.id, "drift.json", document);
  if (!page.empty()) add_document(store, run.id, "drift.html", page);
  store.update_run(run.id, {.status = RunStatus::finished, .end = now()});
  store.log(trend.id, {.metrics = totals_of(result, step),
                       .tags = {{"drift.verdict", std::string(to_string(result.verdict))}}});
  return run.id;
}

}  // namespace mlopsctl::commands
