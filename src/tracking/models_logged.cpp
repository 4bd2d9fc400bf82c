// ModelStore: logged models.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/models.hpp"

#include "tracking/limits.hpp"
#include "tracking/run_rows.hpp"
#include "tracking/run_values.hpp"
#include "tracking/store_state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

constexpr std::string_view model_columns =
    "SELECT n, id, experiment, name, artifact_uri, created, updated, deleted IS NOT NULL, status, "
    "status_message, model_type, source_run FROM logged_models ";

void require_model_name(std::string_view name) {
  require_name("logged model", name);
  if (name.find_first_of("/:.%\"'") == std::string_view::npos) return;
  throw Error(ErrorKind::usage, fmt::format("{} cannot be the name of a logged model", quote(name)),
              "leave out / : . % \" '");
}

std::string default_folder(const StoreState& state, std::string_view experiment,
                           std::string_view id) {
  return (state.home() / "artifacts" / experiment / "models" / id / "artifacts").string();
}

std::vector<KeyValue> read_pairs(Database& db, std::string_view table, std::int64_t model) {
  auto rows =
      db.query(fmt::format("SELECT key, value FROM {} WHERE model = ? ORDER BY key", table), model);
  std::vector<KeyValue> pairs;
  while (rows.step()) pairs.push_back({rows.get<std::string>(0), rows.get<std::string>(1)});
  return pairs;
}

LoggedModel read_model(StoreState& state, const Database::Rows& rows) {
  const auto n = rows.get<std::int64_t>(0);
  LoggedModel model;
  model.id = rows.get<std::string>(1);
  model.experiment_id = rows.get<std::string>(2);
  model.name = rows.get<std::string>(3);
  model.artifact_uri = rows.get<std::string>(4);
  if (model.artifact_uri.empty()) {
    model.artifact_uri = default_folder(state, model.experiment_id, model.id);
  }
  model.created = {rows.get<std::int64_t>(5)};
  model.updated = {rows.get<std::int64_t>(6)};
  model.lifecycle = rows.get<bool>(7) ? Lifecycle::deleted : Lifecycle::active;
  model.status = static_cast<LoggedModelStatus>(rows.get<int>(8));
  model.status_message = rows.get<std::string>(9);
  model.model_type = rows.get<std::string>(10);
  model.source_run = rows.get<std::string>(11);
  model.params = read_pairs(state.db(), "logged_model_params", n);
  model.tags = read_pairs(state.db(), "logged_model_tags", n);
  model.metrics = read_model_metrics(state, model.id);
  return model;
}

// The number of a model that is not deleted.
std::int64_t row_of(StoreState& state, std::string_view id) {
  const auto n = state.db().value<std::int64_t>(
      "SELECT n FROM logged_models WHERE id = ? AND deleted IS NULL", id);
  if (n) return *n;
  throw Error(ErrorKind::not_found, fmt::format("no logged model {}", quote(id)));
}

void touch(Database& db, std::int64_t model) {
  db.run("UPDATE logged_models SET updated = ? WHERE n = ?", now().ms, model);
}

void write_model_params(Database& db, std::int64_t model, const std::vector<KeyValue>& params) {
  for (const KeyValue& param : params) {
    const auto stored = db.value<std::string>(
        "SELECT value FROM logged_model_params WHERE model = ? AND key = ?", model, param.key);
    if (stored && *stored != param.value) {
      throw Error(ErrorKind::conflict,
                  fmt::format("parameter {} of the model is {} and cannot become {}",
                              quote(param.key), quote(*stored), quote(param.value)));
    }
    db.run("INSERT OR IGNORE INTO logged_model_params VALUES (?, ?, ?)", model, param.key,
           param.value);
  }
}

void write_model_tags(Database& db, std::int64_t model, const std::vector<KeyValue>& tags) {
  for (const KeyValue& tag : tags) {
    db.run("INSERT OR REPLACE INTO logged_model_tags VALUES (?, ?, ?)", model, tag.key, tag.value);
  }
}

}  // namespace

ModelStore::ModelStore(RunStore& store) : state_(store.state_.get()) {}

LoggedModel ModelStore::create_logged_model(const NewLoggedModel& model) {
  const std::string id = model.id.empty() ? "m-" + new_run_id() : model.id;
  if (!id.starts_with("m-") || !is_valid_run_id(id)) {
    throw Error(ErrorKind::usage, fmt::format("{} is not a model id", quote(id)),
                "it begins with \"m-\" and consists of letters, digits, '_' and '-'");
  }
  const std::string name = model.name.empty() ? new_run_name() : model.name;
  require_model_name(name);
  require_params(model.params);
  require_tags(model.tags);
  require_text("type of a model", model.model_type, max_name_bytes);

  StoreWrite write(*state_);
  Database& db = state_->db();
  const auto experiment = state_->find_experiment_id(model.experiment_id);
  if (!experiment) throw state_->unknown_experiment(model.experiment_id);
  if (experiment->lifecycle == Lifecycle::deleted) state_->active_experiment(experiment->name);
  if (db.value<int>("SELECT 1 FROM logged_models WHERE id = ?", id)) {
    throw Error(ErrorKind::conflict, fmt::format("logged model {} already exists", quote(id)));
  }
  std::string uri = model.artifact_uri;
  const auto location =
      db.value<std::string>("SELECT artifact_location FROM experiments WHERE id = ?",
                            experiment->id)
          .value_or("");
  if (uri.empty() && !location.empty()) {
    uri = fmt::format("{}{}models/{}/artifacts", location, location.ends_with('/') ? "" : "/", id);
  }
  const std::int64_t time = now().ms;
  db.run(
      "INSERT INTO logged_models(id, experiment, name, artifact_uri, created, updated, status, "
      "status_message, model_type, source_run) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
      id, experiment->id, name, uri, time, time, static_cast<int>(LoggedModelStatus::pending),
      model.model_type, model.source_run);
  const std::int64_t n = db.last_insert_rowid();
  write_model_params(db, n, model.params);
  write_model_tags(db, n, model.tags);
  write.commit();
  return logged_model(id);
}

LoggedModel ModelStore::logged_model(std::string_view id) const {
  Snapshot snapshot(state_->db());
  auto rows = state_->db().query(std::string(model_columns) + "WHERE n = ?", row_of(*state_, id));
  rows.step();
  return read_model(*state_, rows);
}

std::vector<LoggedModel> ModelStore::logged_models(const std::vector<std::string>& experiment_ids,
                                                   ViewType view) const {
  Snapshot snapshot(state_->db());
  auto rows = state_->db().query(std::string(model_columns) + "ORDER BY created DESC, n DESC");
  std::vector<LoggedModel> models;
  while (rows.step()) {
    const bool deleted = rows.get<bool>(7);
    if (deleted && view == ViewType::active_only) continue;
    if (!deleted && view == ViewType::deleted_only) continue;
    const bool wanted =
        experiment_ids.empty() ||
        std::ranges::find(experiment_ids, rows.get<std::string>(2)) != experiment_ids.end();
    if (wanted) models.push_back(read_model(*state_, rows));
  }
  return models;
}

void ModelStore::finish_logged_model(std::string_view id, LoggedModelStatus status,
                                     const std::string& message) {
  require_text("status message", message, max_tag_bytes);
  StoreWrite write(*state_);
  const std::int64_t model = row_of(*state_, id);
  state_->db().run("UPDATE logged_models SET status = ?, status_message = ? WHERE n = ?",
                   static_cast<int>(status), message, model);
  touch(state_->db(), model);
  write.commit();
}

void ModelStore::log_model_params(std::string_view id, const std::vector<KeyValue>& params) {
  require_params(params);
  StoreWrite write(*state_);
  const std::int64_t model = row_of(*state_, id);
  write_model_params(state_->db(), model, params);
  touch(state_->db(), model);
  write.commit();
}

void ModelStore::set_logged_model_tags(std::string_view id, const std::vector<KeyValue>& tags) {
  require_tags(tags);
  StoreWrite write(*state_);
  const std::int64_t model = row_of(*state_, id);
  write_model_tags(state_->db(), model, tags);
  touch(state_->db(), model);
  write.commit();
}

void ModelStore::remove_logged_model_tag(std::string_view id, std::string_view key) {
  StoreWrite write(*state_);
  const std::int64_t model = row_of(*state_, id);
  if (state_->db().run("DELETE FROM logged_model_tags WHERE model = ? AND key = ?", model, key) ==
      0) {
    throw Error(ErrorKind::not_found, fmt::format("model {} has no tag {}", quote(id), quote(key)));
  }
  touch(state_->db(), model);
  write.commit();
}

void ModelStore::delete_logged_model(std::string_view id) {
  StoreWrite write(*state_);
  state_->db().run("UPDATE logged_models SET deleted = ? WHERE n = ?", now().ms,
                   row_of(*state_, id));
  write.commit();
}

}  // namespace mlopsctl
