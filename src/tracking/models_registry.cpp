// ModelStore: registered models.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/models.hpp"

#include "tracking/limits.hpp"
#include "tracking/registry_rows.hpp"
#include "tracking/run_values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

void require_free(Database& db, const std::string& name) {
  if (!db.value<int>("SELECT 1 FROM registered_models WHERE name = ?", name)) return;
  throw Error(ErrorKind::conflict, fmt::format("registered model {} already exists", quote(name)));
}

void write_model_tag(Database& db, std::int64_t model, const KeyValue& tag) {
  db.run("INSERT OR REPLACE INTO registered_model_tags VALUES (?, ?, ?)", model, tag.key,
         tag.value);
}

RegisteredModel read_model(StoreState& state, std::int64_t n) {
  Database& db = state.db();
  auto rows = db.query(
      "SELECT name, description, user, created, updated FROM registered_models WHERE n = ?", n);
  rows.step();
  RegisteredModel model{.name = rows.get<std::string>(0),
                        .description = rows.get<std::string>(1),
                        .user = rows.get<std::string>(2),
                        .created = {rows.get<std::int64_t>(3)},
                        .updated = {rows.get<std::int64_t>(4)},
                        .tags = {},
                        .aliases = {},
                        .latest = {}};
  auto tags =
      db.query("SELECT key, value FROM registered_model_tags WHERE model = ? ORDER BY key", n);
  while (tags.step()) model.tags.push_back({tags.get<std::string>(0), tags.get<std::string>(1)});
  auto aliases =
      db.query("SELECT alias, version FROM model_aliases WHERE model = ? ORDER BY alias", n);
  while (aliases.step()) {
    model.aliases.push_back({aliases.get<std::string>(0), aliases.get<std::int64_t>(1)});
  }
  for (ModelVersion& version : read_versions(state, n)) {
    const bool seen =
        std::ranges::find(model.latest, version.stage, &ModelVersion::stage) != model.latest.end();
    if (!seen) model.latest.push_back(std::move(version));
  }
  return model;
}

}  // namespace

std::int64_t registered_model_row(StoreState& state, std::string_view name) {
  Database& db = state.db();
  const auto n = db.value<std::int64_t>("SELECT n FROM registered_models WHERE name = ?", name);
  if (n) return *n;
  std::vector<std::string> names;
  auto rows = db.query("SELECT name FROM registered_models");
  while (rows.step()) names.push_back(rows.get<std::string>(0));
  const auto near = closest(name, names);
  throw Error(ErrorKind::not_found, fmt::format("no registered model {}", quote(name)),
              near ? fmt::format("did you mean {}?", quote(*near)) : "");
}

void touch_registered_model(Database& db, std::int64_t model) {
  db.run("UPDATE registered_models SET updated = ? WHERE n = ?", now().ms, model);
}

RegisteredModel ModelStore::create_model(const std::string& name, const std::string& description,
                                         const std::vector<KeyValue>& tags,
                                         const std::string& user) {
  require_name("registered model", name);
  require_text("description", description, max_tag_bytes);
  require_text("user name", user, max_name_bytes);
  require_tags(tags);
  StoreWrite write(*state_);
  Database& db = state_->db();
  require_free(db, name);
  const std::int64_t time = now().ms;
  db.run(
      "INSERT INTO registered_models(name, description, user, created, updated) "
      "VALUES (?, ?, ?, ?, ?)",
      name, description, user, time, time);
  const std::int64_t n = db.last_insert_rowid();
  for (const KeyValue& tag : tags) write_model_tag(db, n, tag);
  write.commit();
  return model(name);
}

std::optional<RegisteredModel> ModelStore::find_model(std::string_view name) const {
  Snapshot snapshot(state_->db());
  const auto n =
      state_->db().value<std::int64_t>("SELECT n FROM registered_models WHERE name = ?", name);
  if (!n) return std::nullopt;
  return read_model(*state_, *n);
}

RegisteredModel ModelStore::model(std::string_view name) const {
  Snapshot snapshot(state_->db());
  return read_model(*state_, registered_model_row(*state_, name));
}

std::vector<RegisteredModel> ModelStore::models() const {
  Snapshot snapshot(state_->db());
  std::vector<RegisteredModel> models;
  auto rows = state_->db().query("SELECT n FROM registered_models ORDER BY name");
  while (rows.step()) models.push_back(read_model(*state_, rows.get<std::int64_t>(0)));
  return models;
}

void ModelStore::rename_model(std::string_view name, const std::string& new_name) {
  require_name("registered model", new_name);
  StoreWrite write(*state_);
  const std::int64_t n = registered_model_row(*state_, name);
  if (name != new_name) require_free(state_->db(), new_name);
  state_->db().run("UPDATE registered_models SET name = ? WHERE n = ?", new_name, n);
  touch_registered_model(state_->db(), n);
  write.commit();
}

void ModelStore::describe_model(std::string_view name, const std::string& description) {
  require_text("description", description, max_tag_bytes);
  StoreWrite write(*state_);
  const std::int64_t n = registered_model_row(*state_, name);
  state_->db().run("UPDATE registered_models SET description = ? WHERE n = ?", description, n);
  touch_registered_model(state_->db(), n);
  write.commit();
}

void ModelStore::delete_model(std::string_view name) {
  StoreWrite write(*state_);
  state_->db().run("DELETE FROM registered_models WHERE n = ?",
                   registered_model_row(*state_, name));
  write.commit();
}

void ModelStore::set_model_tag(std::string_view name, const KeyValue& tag) {
  require_tags(std::span(&tag, 1));
  StoreWrite write(*state_);
  const std::int64_t n = registered_model_row(*state_, name);
  write_model_tag(state_->db(), n, tag);
  touch_registered_model(state_->db(), n);
  write.commit();
}

void ModelStore::remove_model_tag(std::string_view name, std::string_view key) {
  StoreWrite write(*state_);
  const std::int64_t n = registered_model_row(*state_, name);
  if (state_->db().run("DELETE FROM registered_model_tags WHERE model = ? AND key = ?", n, key) ==
      0) {
    throw Error(ErrorKind::not_found,
                fmt::format("registered model {} has no tag {}", quote(name), quote(key)));
  }
  touch_registered_model(state_->db(), n);
  write.commit();
}

}  // namespace mlopsctl
