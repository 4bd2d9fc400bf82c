#include "tracking/run_values.hpp"

#include "mlopsctl/base/error.hpp"

#include "tracking/limits.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>

namespace mlopsctl {

namespace {

Error changed_param(const RunRow& run, std::string_view key, std::string_view stored,
                    std::string_view given) {
  return Error(
      ErrorKind::conflict,
      fmt::format("parameter {} of run {} is {} and cannot become {}", quote(key), quote(run.id),
                  quote(shortened(stored, 40)), quote(shortened(given, 40))),
      "parameters are fixed once logged; use a tag for what changes, or start a new run");
}

}  // namespace

void require_params(std::span<const KeyValue> params) {
  for (const KeyValue& param : params) {
    require_key("parameter", param.key);
    require_param_value(param.key, param.value);
  }
}

void require_tags(std::span<const KeyValue> tags) {
  for (const KeyValue& tag : tags) {
    require_key("tag", tag.key);
    require_tag_value(tag.key, tag.value);
    if (tag.key == tag_names::run_name) require_name("run", tag.value);
  }
}

void write_params(StoreState& state, const RunRow& run, std::span<const KeyValue> params) {
  Database& db = state.db();
  std::map<std::string_view, std::string_view> fresh;
  for (const KeyValue& param : params) {
    const auto [place, is_first] = fresh.try_emplace(param.key, param.value);
    if (!is_first && place->second != param.value) {
      throw changed_param(run, param.key, place->second, param.value);
    }
    const auto key = state.find_key(param.key);
    if (!key) continue;
    const auto stored =
        db.value<std::string>("SELECT value FROM params WHERE key = ? AND run = ?", *key, run.n);
    if (stored && *stored != param.value) {
      throw changed_param(run, param.key, *stored, param.value);
    }
  }
  for (const auto& [key, value] : fresh) {
    db.run("INSERT OR IGNORE INTO params(key, run, value) VALUES (?, ?, ?)", state.intern_key(key),
           run.n, value);
  }
}

void write_tags(StoreState& state, const RunRow& run, std::span<const KeyValue> tags) {
  for (const KeyValue& tag : tags) {
    if (tag.key == tag_names::run_name) {
      write_run_name(state, run.n, tag.value);
      continue;
    }
    state.db().run("INSERT OR REPLACE INTO tags(key, run, value) VALUES (?, ?, ?)",
                   state.intern_key(tag.key), run.n, tag.value);
  }
}

void write_run_name(StoreState& state, std::int64_t run, const std::string& name) {
  state.db().run("UPDATE runs SET name = ? WHERE n = ?", name, run);
  state.db().run("INSERT OR REPLACE INTO tags(key, run, value) VALUES (?, ?, ?)", run_name_key, run,
                 name);
}

}  // namespace mlopsctl
