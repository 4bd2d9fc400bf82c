// RunStore: the life of a run.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/limits.hpp"
#include "tracking/metric_series.hpp"
#include "tracking/run_rows.hpp"
#include "tracking/run_values.hpp"
#include "tracking/store_state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

// The name a new run gets: given as name or as tag, which must agree, or made.
std::string name_of(const NewRun& run) {
  const auto tag = std::ranges::find(run.tags, tag_names::run_name, &KeyValue::key);
  if (tag != run.tags.end() && !run.name.empty() && tag->value != run.name) {
    throw Error(ErrorKind::usage,
                fmt::format("the run is named {}, but its tag 'mlflow.runName' says {}",
                            quote(run.name), quote(tag->value)),
                "give one of them, or the same text twice");
  }
  if (!run.name.empty()) return run.name;
  if (tag != run.tags.end() && !tag->value.empty()) return tag->value;
  return new_run_name();
}

std::string artifact_uri_of(const NewRun& run, const std::string& id, Database& db,
                            std::int64_t experiment) {
  if (!run.artifact_uri.empty()) return run.artifact_uri;
  const auto location =
      db.value<std::string>("SELECT artifact_location FROM experiments WHERE id = ?", experiment);
  if (location.value_or("").empty()) return "";
  return fmt::format("{}{}{}/artifacts", *location, location->ends_with('/') ? "" : "/", id);
}

void write_process(Database& db, std::string_view sql, std::int64_t run,
                   const ProcessIdentity& process) {
  db.run(sql, process.pid, process.start, process.boot, process.host, run);
}

void write_identities(Database& db, std::int64_t run, const std::optional<ProcessIdentity>& tracker,
                      const std::optional<ProcessIdentity>& child) {
  if (tracker) {
    write_process(db,
                  "UPDATE runs SET tracker_pid = ?, tracker_start = ?, tracker_boot = ?, "
                  "tracker_host = ? WHERE n = ?",
                  run, *tracker);
  }
  if (child) {
    write_process(db,
                  "UPDATE runs SET child_pid = ?, child_start = ?, child_boot = ?, child_host = ? "
                  "WHERE n = ?",
                  run, *child);
  }
}

}  // namespace

Run RunStore::create_run(const NewRun& run) {
  const std::string id = run.id.empty() ? new_run_id() : run.id;
  if (!is_valid_run_id(id)) {
    throw Error(ErrorKind::usage, fmt::format("{} is not a run id", quote(id)),
                "letters, digits, '_' and '-', at most 256, the first a letter or digit");
  }
  const std::string name = name_of(run);
  require_name("run", name);
  require_params(run.params);
  std::vector<KeyValue> tags = run.tags;
  std::erase_if(tags, [](const KeyValue& tag) { return tag.key == tag_names::run_name; });
  require_tags(tags);
  require_text("user name", run.user, max_name_bytes);

  StoreWrite write(*state_);
  Database& db = state_->db();
  const auto experiment = state_->find_experiment_id(run.experiment_id);
  if (!experiment) throw state_->unknown_experiment(run.experiment_id);
  if (experiment->lifecycle == Lifecycle::deleted) state_->active_experiment(experiment->name);
  if (state_->find_run(id)) {
    throw Error(ErrorKind::conflict, fmt::format("run {} already exists", quote(id)));
  }
  RunRow row;
  row.id = id;
  row.experiment = *parse_integer(experiment->id);
  row.artifact_uri = artifact_uri_of(run, id, db, row.experiment);
  db.run(
      "INSERT INTO runs(id, experiment, status, start, name, user, artifact_uri, source_type, "
      "source_name, source_version, entry_point) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id, row.experiment, static_cast<int>(run.status), run.start.value_or(now()).ms, name,
      run.user, row.artifact_uri, run.source.type, run.source.name, run.source.version,
      run.source.entry_point);
  row.n = db.last_insert_rowid();
  write_run_name(*state_, row.n, name);
  if (run.tracker.pid != 0) write_identities(db, row.n, run.tracker, std::nullopt);
  write_params(*state_, row, run.params);
  write_tags(*state_, row, tags);
  write.commit();
  return this->run(id);
}

Run RunStore::run(std::string_view id) const {
  Snapshot snapshot(state_->db());
  auto found = read_runs(*state_, "WHERE r.id = ?", id);
  if (found.empty()) throw state_->unknown_run(id);
  return std::move(found.front());
}

void RunStore::update_run(std::string_view id, const RunUpdate& update) {
  if (update.name) require_name("run", *update.name);
  StoreWrite write(*state_);
  Database& db = state_->db();
  const RunRow run = state_->writable_run(id);
  if (update.status) {
    db.run("UPDATE runs SET status = ? WHERE n = ?", static_cast<int>(*update.status), run.n);
    const bool goes_on =
        *update.status == RunStatus::running || *update.status == RunStatus::scheduled;
    if (goes_on) {
      db.run("UPDATE runs SET end = NULL, exit_code = NULL, signal = NULL WHERE n = ?", run.n);
    }
  }
  if (update.end) db.run("UPDATE runs SET end = ? WHERE n = ?", update.end->ms, run.n);
  if (update.name) write_run_name(*state_, run.n, *update.name);
  if (update.exit_code) {
    db.run("UPDATE runs SET exit_code = ? WHERE n = ?", *update.exit_code, run.n);
  }
  if (update.signal) db.run("UPDATE runs SET signal = ? WHERE n = ?", *update.signal, run.n);
  write_identities(db, run.n, update.tracker, update.child);
  write.commit();
}

void RunStore::log(std::string_view id, const LogBatch& batch) {
  require_params(batch.params);
  require_tags(batch.tags);
  for (const MetricPoint& metric : batch.metrics) require_key("metric", metric.key);
  StoreWrite write(*state_);
  const RunRow run = state_->writable_run(id);
  write_params(*state_, run, batch.params);
  SeriesWriter series(*state_, run.n);
  for (const MetricPoint& metric : batch.metrics) {
    series.add(metric.key, metric.point, metric.context);
  }
  series.write();
  write_tags(*state_, run, batch.tags);
  write.commit();
}

void RunStore::remove_tag(std::string_view id, std::string_view key) {
  StoreWrite write(*state_);
  Database& db = state_->db();
  const RunRow run = state_->writable_run(id);
  const auto key_id = state_->find_key(key);
  if (!key_id || db.run("DELETE FROM tags WHERE key = ? AND run = ?", *key_id, run.n) == 0) {
    throw Error(ErrorKind::not_found,
                fmt::format("run {} has no tag {}", quote(run.id), quote(key)));
  }
  if (key == tag_names::run_name) db.run("UPDATE runs SET name = '' WHERE n = ?", run.n);
  write.commit();
}

void RunStore::delete_run(std::string_view id) {
  StoreWrite write(*state_);
  const RunRow run = state_->writable_run(id);
  state_->db().run("UPDATE runs SET deleted = ? WHERE n = ?", now().ms, run.n);
  write.commit();
}

void RunStore::restore_run(std::string_view id) {
  StoreWrite write(*state_);
  const RunRow run = state_->run_row(id);
  if (!run.deleted) {
    throw Error(ErrorKind::conflict, fmt::format("run {} is not deleted", quote(run.id)));
  }
  const auto experiment = state_->find_experiment_id(std::to_string(run.experiment));
  if (experiment) state_->active_experiment(experiment->name);
  state_->db().run("UPDATE runs SET deleted = NULL WHERE n = ?", run.n);
  write.commit();
}

std::vector<Run> RunStore::children(std::string_view id) const {
  Snapshot snapshot(state_->db());
  const RunRow run = state_->run_row(id);
  return read_runs(*state_,
                   "WHERE r.n IN (SELECT run FROM tags WHERE key = 1 AND value = ?) "
                   "AND r.deleted IS NULL ORDER BY r.start, r.n",
                   run.id);
}

std::vector<Run> RunStore::running() const {
  Snapshot snapshot(state_->db());
  return read_runs(*state_, "WHERE r.status = 1 AND r.deleted IS NULL ORDER BY r.start, r.n");
}

}  // namespace mlopsctl
