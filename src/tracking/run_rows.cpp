#include "tracking/run_rows.hpp"

#include <algorithm>

namespace mlopsctl {

const std::string_view run_columns =
    "r.n, r.id, r.experiment, e.name, r.name, r.user, r.status, r.deleted, r.start, r.end, "
    "r.artifact_uri, r.exit_code, r.signal, r.tracker_pid, r.tracker_start, r.tracker_boot, "
    "r.tracker_host, r.child_pid, r.child_start, r.child_boot, r.child_host, r.source_type, "
    "r.source_name, r.source_version, r.entry_point";

namespace {

std::optional<Timestamp> time_at(const Database::Rows& rows, int column) {
  if (rows.is_null(column)) return std::nullopt;
  return Timestamp{rows.get<std::int64_t>(column)};
}

ProcessIdentity process_at(const Database::Rows& rows, int column) {
  return {.pid = rows.get<std::int64_t>(column),
          .start = rows.get<std::int64_t>(column + 1),
          .boot = rows.get<std::string>(column + 2),
          .host = rows.get<std::string>(column + 3)};
}

void read_pairs(Database& db, std::string_view sql, std::int64_t run,
                std::vector<KeyValue>& pairs) {
  auto rows = db.query(sql, run);
  while (rows.step()) pairs.push_back({rows.get<std::string>(0), rows.get<std::string>(1)});
  std::sort(pairs.begin(), pairs.end(),
            [](const KeyValue& a, const KeyValue& b) { return a.key < b.key; });
}

}  // namespace

NumberedRun read_run(const Database::Rows& rows, const StoreState& state) {
  NumberedRun found;
  found.n = rows.get<std::int64_t>(0);
  Run& run = found.run;
  run.id = rows.get<std::string>(1);
  run.experiment_id = rows.get<std::string>(2);
  run.experiment_name = rows.get<std::string>(3);
  run.name = rows.get<std::string>(4);
  run.user = rows.get<std::string>(5);
  run.status = static_cast<RunStatus>(rows.get<int>(6));
  run.deleted = time_at(rows, 7);
  run.lifecycle = run.deleted ? Lifecycle::deleted : Lifecycle::active;
  run.start = {rows.get<std::int64_t>(8)};
  run.end = time_at(rows, 9);
  run.artifact_uri = state.artifact_uri({.n = found.n,
                                         .id = run.id,
                                         .experiment = rows.get<std::int64_t>(2),
                                         .artifact_uri = rows.get<std::string>(10)});
  run.exit_code = rows.get<std::optional<int>>(11);
  run.signal = rows.get<std::optional<int>>(12);
  run.tracker = process_at(rows, 13);
  run.child = process_at(rows, 17);
  run.source = {.type = rows.get<std::string>(21),
                .name = rows.get<std::string>(22),
                .version = rows.get<std::string>(23),
                .entry_point = rows.get<std::string>(24)};
  return found;
}

void read_details(StoreState& state, NumberedRun& found) {
  Database& db = state.db();
  read_pairs(db, "SELECT k.name, p.value FROM params p JOIN keys k ON k.id = p.key WHERE p.run = ?",
             found.n, found.run.params);
  read_pairs(db, "SELECT k.name, t.value FROM tags t JOIN keys k ON k.id = t.key WHERE t.run = ?",
             found.n, found.run.tags);
  for (NumberedMetric& metric : read_metrics(state, found.n)) {
    found.run.metrics.push_back(std::move(metric.metric));
  }
}

namespace {

constexpr std::string_view metric_query =
    "SELECT s.id, k.name, c.model_id, c.dataset_name, c.dataset_digest, s.latest_step, "
    "s.latest_ts, "
    "s.latest, s.min, s.max, s.min_step, s.max_step, s.count "
    "FROM series s JOIN keys k ON k.id = s.key JOIN contexts c ON c.id = s.context ";

std::vector<NumberedMetric> metrics_of(Database::Rows rows) {
  std::vector<NumberedMetric> metrics;
  while (rows.step()) {
    metrics.push_back({rows.get<std::int64_t>(0),
                       {.key = rows.get<std::string>(1),
                        .context = {.model_id = rows.get<std::string>(2),
                                    .dataset_name = rows.get<std::string>(3),
                                    .dataset_digest = rows.get<std::string>(4)},
                        .latest = {.step = rows.get<std::int64_t>(5),
                                   .time = {rows.get<std::int64_t>(6)},
                                   .value = rows.get<double>(7)},
                        .min = rows.get<double>(8),
                        .max = rows.get<double>(9),
                        .min_step = rows.get<std::int64_t>(10),
                        .max_step = rows.get<std::int64_t>(11),
                        .count = rows.get<std::int64_t>(12)}});
  }
  std::sort(metrics.begin(), metrics.end(), [](const NumberedMetric& a, const NumberedMetric& b) {
    return a.metric.key != b.metric.key ? a.metric.key < b.metric.key
                                        : a.metric.context < b.metric.context;
  });
  return metrics;
}

}  // namespace

std::vector<NumberedMetric> read_metrics(StoreState& state, std::int64_t run) {
  return metrics_of(state.db().query(std::string(metric_query) + "WHERE s.run = ?", run));
}

std::vector<Metric> read_model_metrics(StoreState& state, const std::string& model_id) {
  std::vector<Metric> metrics;
  for (NumberedMetric& found : metrics_of(state.db().query(
           std::string(metric_query) + "WHERE s.context <> 0 AND s.context IN "
                                       "(SELECT id FROM contexts WHERE model_id = ?)",
           model_id))) {
    metrics.push_back(std::move(found.metric));
  }
  return metrics;
}

}  // namespace mlopsctl
