// RunStore: experiments.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/limits.hpp"
#include "tracking/store_state.hpp"

#include <fmt/format.h>

#include <utility>

namespace mlopsctl {

namespace {

constexpr std::string_view experiment_columns =
    "SELECT id, name, artifact_location, created, updated, deleted IS NOT NULL FROM experiments ";

Experiment read_experiment(Database::Rows& rows, const std::filesystem::path& home) {
  Experiment experiment;
  experiment.id = rows.get<std::string>(0);
  experiment.name = rows.get<std::string>(1);
  experiment.artifact_location = rows.get<std::string>(2);
  if (experiment.artifact_location.empty()) {
    experiment.artifact_location = (home / "artifacts" / experiment.id).string();
  }
  experiment.created = {rows.get<std::int64_t>(3)};
  experiment.updated = {rows.get<std::int64_t>(4)};
  experiment.lifecycle = rows.get<bool>(5) ? Lifecycle::deleted : Lifecycle::active;
  return experiment;
}

void fill(Database& database, Experiment& experiment) {
  auto tags = database.query(
      "SELECT key, value FROM experiment_tags WHERE experiment = ? ORDER BY key", experiment.id);
  while (tags.step()) {
    experiment.tags.push_back({tags.get<std::string>(0), tags.get<std::string>(1)});
  }
  experiment.active_runs =
      database
          .value<std::int64_t>("SELECT count(*) FROM runs WHERE experiment = ? AND deleted IS NULL",
                               experiment.id)
          .value_or(0);
}

Error name_taken(const Experiment& holder) {
  const std::string name = quote(holder.name);
  if (holder.lifecycle == Lifecycle::active) {
    return Error(ErrorKind::conflict, fmt::format("experiment {} already exists", name));
  }
  return Error(ErrorKind::conflict,
               fmt::format("experiment {} already exists, but is deleted", name),
               fmt::format("bring it back with \"mlopsctl experiment restore {}\", or rename it",
                           holder.id));
}

void touch(Database& database, const Experiment& experiment) {
  database.run("UPDATE experiments SET updated = ? WHERE id = ?", now().ms, experiment.id);
}

}  // namespace

std::optional<Experiment> StoreState::find_experiment_id(std::string_view id) {
  const auto number = parse_integer(id);
  if (!number) return std::nullopt;
  auto rows = db().query(std::string(experiment_columns) + "WHERE id = ?", *number);
  if (!rows.step()) return std::nullopt;
  return read_experiment(rows, home());
}

std::optional<Experiment> StoreState::find_experiment(std::string_view name_or_id) {
  {
    auto rows = db().query(std::string(experiment_columns) + "WHERE name = ?", name_or_id);
    if (rows.step()) return read_experiment(rows, home());  // a name wins over a number
  }
  return find_experiment_id(name_or_id);
}

Experiment StoreState::experiment(std::string_view name_or_id) {
  if (auto found = find_experiment(name_or_id)) return *std::move(found);
  throw unknown_experiment(name_or_id);
}

Error StoreState::unknown_experiment(std::string_view reference) {
  std::vector<std::string> names;
  auto rows = db().query("SELECT name FROM experiments");
  while (rows.step()) names.push_back(rows.get<std::string>(0));
  const auto near = closest(reference, names);
  return Error(ErrorKind::not_found, fmt::format("no experiment {}", quote(reference)),
               near ? fmt::format("did you mean {}?", quote(*near))
                    : "\"mlopsctl experiment list\" shows the experiments");
}

Experiment StoreState::active_experiment(std::string_view name_or_id) {
  Experiment found = experiment(name_or_id);
  if (found.lifecycle == Lifecycle::deleted) {
    throw Error(ErrorKind::conflict, fmt::format("experiment {} is deleted", quote(found.name)),
                fmt::format("bring it back with \"mlopsctl experiment restore {}\"", found.id));
  }
  return found;
}

Experiment RunStore::create_experiment(const std::string& name,
                                       const std::string& artifact_location,
                                       const std::vector<KeyValue>& tags) {
  require_name("experiment", name);
  require_text("artifact location", artifact_location, 2048);
  for (const KeyValue& tag : tags) {
    require_key("tag", tag.key);
    require_tag_value(tag.key, tag.value);
  }
  StoreWrite write(*state_);
  Database& db = state_->db();
  if (const auto id = db.value<std::string>("SELECT id FROM experiments WHERE name = ?", name)) {
    throw name_taken(*state_->find_experiment_id(*id));
  }
  const std::int64_t time = now().ms;
  db.run("INSERT INTO experiments(name, artifact_location, created, updated) VALUES (?, ?, ?, ?)",
         name, artifact_location, time, time);
  const std::int64_t id = db.last_insert_rowid();
  for (const KeyValue& tag : tags) {
    db.run("INSERT OR REPLACE INTO experiment_tags VALUES (?, ?, ?)", id, tag.key, tag.value);
  }
  write.commit();
  Experiment made = *state_->find_experiment_id(std::to_string(id));
  fill(db, made);
  return made;
}

std::optional<Experiment> RunStore::find_experiment(std::string_view name_or_id) const {
  auto found = state_->find_experiment(name_or_id);
  if (found) fill(state_->db(), *found);
  return found;
}

Experiment RunStore::experiment(std::string_view name_or_id) const {
  Experiment found = state_->experiment(name_or_id);
  fill(state_->db(), found);
  return found;
}

Experiment RunStore::ensure_experiment(const std::string& name) {
  const auto usable = [&]() -> std::optional<Experiment> {
    auto found = state_->find_experiment(name);
    if (found && found->lifecycle == Lifecycle::deleted) throw name_taken(*found);
    return found;
  };
  if (auto found = usable()) return *std::move(found);
  require_name("experiment", name);
  StoreWrite write(*state_);
  if (auto found = usable()) return *std::move(found);  // another process was faster
  const std::int64_t time = now().ms;
  state_->db().run(
      "INSERT INTO experiments(name, artifact_location, created, updated) VALUES (?, '', ?, ?)",
      name, time, time);
  write.commit();
  return state_->experiment(name);
}

std::vector<Experiment> RunStore::experiments(ViewType view) const {
  Snapshot snapshot(state_->db());
  std::vector<Experiment> found;
  {
    auto rows = state_->db().query(std::string(experiment_columns) +
                                       "WHERE (?1 = 2 OR (deleted IS NOT NULL) = ?1) ORDER BY id",
                                   view == ViewType::all            ? 2
                                   : view == ViewType::deleted_only ? 1
                                                                    : 0);
    while (rows.step()) found.push_back(read_experiment(rows, state_->home()));
  }
  for (Experiment& experiment : found) fill(state_->db(), experiment);
  return found;
}

void RunStore::rename_experiment(std::string_view name_or_id, const std::string& new_name) {
  require_name("experiment", new_name);
  StoreWrite write(*state_);
  Database& db = state_->db();
  const Experiment found = state_->experiment(name_or_id);
  if (found.name == new_name) return;
  if (const auto id =
          db.value<std::string>("SELECT id FROM experiments WHERE name = ?", new_name)) {
    throw name_taken(*state_->find_experiment_id(*id));
  }
  db.run("UPDATE experiments SET name = ? WHERE id = ?", new_name, found.id);
  touch(db, found);
  write.commit();
}

void RunStore::delete_experiment(std::string_view name_or_id) {
  StoreWrite write(*state_);
  Database& db = state_->db();
  const Experiment found = state_->active_experiment(name_or_id);
  if (found.id == "0") {
    throw Error(ErrorKind::conflict, "the experiment 'Default' cannot be deleted",
                "its runs can: \"mlopsctl run delete\"");
  }
  const std::int64_t time = now().ms;
  db.run("UPDATE experiments SET deleted = ? WHERE id = ?", time, found.id);
  db.run("UPDATE runs SET deleted = ? WHERE experiment = ? AND deleted IS NULL", time, found.id);
  touch(db, found);
  write.commit();
}

void RunStore::restore_experiment(std::string_view name_or_id) {
  StoreWrite write(*state_);
  Database& db = state_->db();
  const Experiment found = state_->experiment(name_or_id);
  if (found.lifecycle == Lifecycle::active) {
    throw Error(ErrorKind::conflict,
                fmt::format("experiment {} is not deleted", quote(found.name)));
  }
  db.run("UPDATE experiments SET deleted = NULL WHERE id = ?", found.id);
  db.run("UPDATE runs SET deleted = NULL WHERE experiment = ?", found.id);
  touch(db, found);
  write.commit();
}

void RunStore::set_experiment_tag(std::string_view name_or_id, const KeyValue& tag) {
  require_key("tag", tag.key);
  require_tag_value(tag.key, tag.value);
  StoreWrite write(*state_);
  const Experiment found = state_->active_experiment(name_or_id);
  state_->db().run("INSERT OR REPLACE INTO experiment_tags VALUES (?, ?, ?)", found.id, tag.key,
                   tag.value);
  touch(state_->db(), found);
  write.commit();
}

}  // namespace mlopsctl
