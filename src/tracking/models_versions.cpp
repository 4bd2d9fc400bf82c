// ModelStore: versions of registered models, their stages and aliases.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/models.hpp"

#include "tracking/limits.hpp"
#include "tracking/registry_rows.hpp"
#include "tracking/run_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl {

namespace {

constexpr std::array<std::string_view, 4> stages{"None", "Staging", "Production", "Archived"};
constexpr std::size_t max_alias_bytes = 255;

ModelVersion read_version(Database& db, std::int64_t model, const Database::Rows& rows) {
  ModelVersion version;
  version.model = rows.get<std::string>(0);
  version.version = rows.get<std::int64_t>(1);
  version.created = {rows.get<std::int64_t>(2)};
  version.updated = {rows.get<std::int64_t>(3)};
  version.description = rows.get<std::string>(4);
  version.user = rows.get<std::string>(5);
  version.stage = rows.get<std::string>(6);
  version.source = rows.get<std::string>(7);
  version.storage_location = rows.get<std::string>(8);
  version.run_id = rows.get<std::string>(9);
  version.run_link = rows.get<std::string>(10);
  version.logged_model = rows.get<std::string>(11);
  version.status = static_cast<VersionStatus>(rows.get<int>(12));
  version.status_message = rows.get<std::string>(13);
  auto tags = db.query(
      "SELECT key, value FROM model_version_tags WHERE model = ? AND version = ? ORDER BY key",
      model, version.version);
  while (tags.step()) version.tags.push_back({tags.get<std::string>(0), tags.get<std::string>(1)});
  auto aliases =
      db.query("SELECT alias FROM model_aliases WHERE model = ? AND version = ? ORDER BY alias",
               model, version.version);
  while (aliases.step()) version.aliases.push_back(aliases.get<std::string>(0));
  return version;
}

// The number of the model, after a check that the version exists and is not deleted.
std::int64_t model_with(StoreState& state, std::string_view model, std::int64_t version) {
  const std::int64_t n = registered_model_row(state, model);
  const auto exists = state.db().value<int>(
      "SELECT 1 FROM model_versions WHERE model = ? AND version = ? AND deleted IS NULL", n,
      version);
  if (exists) return n;
  throw Error(ErrorKind::not_found,
              fmt::format("model {} has no version {}", quote(model), version));
}

void touch(Database& db, std::int64_t model, std::int64_t version) {
  db.run("UPDATE model_versions SET updated = ? WHERE model = ? AND version = ?", now().ms, model,
         version);
  touch_registered_model(db, model);
}

void require_alias(std::string_view alias) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorKind::usage, fmt::format("{} cannot be an alias: {}", quote(alias), why));
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_plain = [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  };
  if (alias.empty() || alias.size() > max_alias_bytes || !std::ranges::all_of(alias, is_plain)) {
    throw refuse("it consists of 1 to 255 letters, digits, '_' and '-'");
  }
  const std::string lower = to_lower(alias);
  if (lower == "latest") throw refuse("it always means the newest version");
  if (lower.size() > 1 && lower[0] == 'v' && std::ranges::all_of(lower.substr(1), is_digit)) {
    throw refuse("it looks like a version number");
  }
}

}  // namespace

std::string canonical_stage(std::string_view stage) {
  for (const std::string_view known : stages) {
    if (to_lower(known) == to_lower(stage)) return std::string(known);
  }
  throw Error(ErrorKind::usage, fmt::format("{} is not a stage", quote(stage)),
              "the stages are None, Staging, Production and Archived");
}

std::vector<ModelVersion> read_versions(StoreState& state, std::int64_t model) {
  auto rows = state.db().query(
      "SELECT m.name, version, v.created, v.updated, v.description, v.user, stage, source, "
      "storage_location, run, run_link, logged_model, status, status_message "
      "FROM model_versions v JOIN registered_models m ON m.n = v.model "
      "WHERE v.model = ? AND v.deleted IS NULL ORDER BY version DESC",
      model);
  std::vector<ModelVersion> versions;
  while (rows.step()) versions.push_back(read_version(state.db(), model, rows));
  return versions;
}

ModelVersion ModelStore::create_version(std::string_view model, const NewModelVersion& version) {
  require_text("source", version.source, 65'535);
  require_text("storage location", version.storage_location, 65'535);
  require_text("run link", version.run_link, 65'535);
  require_text("description", version.description, max_tag_bytes);
  require_text("user name", version.user, max_name_bytes);
  require_tags(version.tags);
  StoreWrite write(*state_);
  Database& db = state_->db();
  const std::int64_t n = registered_model_row(*state_, model);
  const std::int64_t number =
      db.value<std::int64_t>("SELECT max(version) FROM model_versions WHERE model = ?", n)
          .value_or(0) +
      1;
  const std::int64_t time = now().ms;
  db.run(
      "INSERT INTO model_versions(model, version, created, updated, description, user, stage, "
      "source, storage_location, run, run_link, logged_model, status, status_message) "
      "VALUES (?, ?, ?, ?, ?, ?, 'None', ?, ?, ?, ?, ?, ?, '')",
      n, number, time, time, version.description, version.user, version.source,
      version.storage_location, version.run_id, version.run_link, version.logged_model,
      static_cast<int>(version.status));
  for (const KeyValue& tag : version.tags) {
    db.run("INSERT OR REPLACE INTO model_version_tags VALUES (?, ?, ?, ?)", n, number, tag.key,
           tag.value);
  }
  touch_registered_model(db, n);
  write.commit();
  return this->version(model, number);
}

ModelVersion ModelStore::version(std::string_view model, std::int64_t version) const {
  Snapshot snapshot(state_->db());
  for (ModelVersion& found : read_versions(*state_, model_with(*state_, model, version))) {
    if (found.version == version) return std::move(found);
  }
  throw Error(ErrorKind::bug, "a model version vanished while it was read");
}

std::vector<ModelVersion> ModelStore::versions(std::string_view model) const {
  Snapshot snapshot(state_->db());
  return read_versions(*state_, registered_model_row(*state_, model));
}

void ModelStore::describe_version(std::string_view model, std::int64_t version,
                                  const std::string& description) {
  require_text("description", description, max_tag_bytes);
  StoreWrite write(*state_);
  const std::int64_t n = model_with(*state_, model, version);
  state_->db().run("UPDATE model_versions SET description = ? WHERE model = ? AND version = ?",
                   description, n, version);
  touch(state_->db(), n, version);
  write.commit();
}

ModelVersion ModelStore::transition(std::string_view model, std::int64_t version,
                                    std::string_view stage, bool archive_existing) {
  const std::string target = canonical_stage(stage);
  if (archive_existing && target != "Staging" && target != "Production") {
    throw Error(ErrorKind::usage,
                fmt::format("versions cannot be archived on a move to {}", quote(target)),
                "that is for moves to Staging and Production");
  }
  StoreWrite write(*state_);
  Database& db = state_->db();
  const std::int64_t n = model_with(*state_, model, version);
  if (archive_existing) {
    db.run(
        "UPDATE model_versions SET stage = 'Archived', updated = ? WHERE model = ? AND stage = ? "
        "AND version <> ? AND deleted IS NULL",
        now().ms, n, target, version);
  }
  db.run("UPDATE model_versions SET stage = ? WHERE model = ? AND version = ?", target, n, version);
  touch(db, n, version);
  write.commit();
  return this->version(model, version);
}

void ModelStore::delete_version(std::string_view model, std::int64_t version) {
  StoreWrite write(*state_);
  Database& db = state_->db();
  const std::int64_t n = model_with(*state_, model, version);
  db.run("DELETE FROM model_aliases WHERE model = ? AND version = ?", n, version);
  db.run("DELETE FROM model_version_tags WHERE model = ? AND version = ?", n, version);
  db.run(
      "UPDATE model_versions SET deleted = ?, description = '', user = '', source = '', "
      "storage_location = '', run = '', run_link = '', logged_model = '', status_message = '' "
      "WHERE model = ? AND version = ?",
      now().ms, n, version);
  touch_registered_model(db, n);
  write.commit();
}

void ModelStore::set_version_tag(std::string_view model, std::int64_t version,
                                 const KeyValue& tag) {
  require_tags(std::span(&tag, 1));
  StoreWrite write(*state_);
  const std::int64_t n = model_with(*state_, model, version);
  state_->db().run("INSERT OR REPLACE INTO model_version_tags VALUES (?, ?, ?, ?)", n, version,
                   tag.key, tag.value);
  touch(state_->db(), n, version);
  write.commit();
}

void ModelStore::remove_version_tag(std::string_view model, std::int64_t version,
                                    std::string_view key) {
  StoreWrite write(*state_);
  const std::int64_t n = model_with(*state_, model, version);
  if (state_->db().run("DELETE FROM model_version_tags WHERE model = ? AND version = ? AND key = ?",
                       n, version, key) == 0) {
    throw Error(ErrorKind::not_found, fmt::format("version {} of model {} has no tag {}", version,
                                                  quote(model), quote(key)));
  }
  touch(state_->db(), n, version);
  write.commit();
}

void ModelStore::set_alias(std::string_view model, const std::string& alias, std::int64_t version) {
  require_alias(alias);
  StoreWrite write(*state_);
  const std::int64_t n = model_with(*state_, model, version);
  state_->db().run("INSERT OR REPLACE INTO model_aliases VALUES (?, ?, ?)", n, alias, version);
  touch_registered_model(state_->db(), n);
  write.commit();
}

void ModelStore::remove_alias(std::string_view model, std::string_view alias) {
  StoreWrite write(*state_);
  const std::int64_t n = registered_model_row(*state_, model);
  if (state_->db().run("DELETE FROM model_aliases WHERE model = ? AND alias = ?", n, alias) == 0) {
    throw Error(ErrorKind::not_found,
                fmt::format("registered model {} has no alias {}", quote(model), quote(alias)));
  }
  touch_registered_model(state_->db(), n);
  write.commit();
}

ModelVersion ModelStore::version_by_alias(std::string_view model, std::string_view alias) const {
  Snapshot snapshot(state_->db());
  Database& db = state_->db();
  const std::int64_t n = registered_model_row(*state_, model);
  const auto number =
      to_lower(alias) == "latest"
          ? db.value<std::optional<std::int64_t>>(
                  "SELECT max(version) FROM model_versions WHERE model = ? AND deleted IS NULL", n)
                .value_or(std::nullopt)
          : db.value<std::int64_t>(
                "SELECT version FROM model_aliases WHERE model = ? AND alias = ?", n, alias);
  if (number) return version(model, *number);
  throw Error(ErrorKind::not_found,
              fmt::format("registered model {} has no alias {}", quote(model), quote(alias)));
}

}  // namespace mlopsctl
