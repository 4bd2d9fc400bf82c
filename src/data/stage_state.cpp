#include "data/stage_state.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

std::string_view word(ItemChange change) {
  switch (change) {
    case ItemChange::none:
      return "is the same";
    case ItemChange::modified:
      return "changed";
    case ItemChange::deleted:
      return "is missing";
    case ItemChange::fresh:
      return "is new";
    case ItemChange::not_in_cache:
      return "is not in the cache";
  }
  return "";
}

bool only_missing(ItemChange change) {
  return change == ItemChange::deleted || change == ItemChange::not_in_cache;
}

}  // namespace

bool StageState::changed() const {
  return never_run || command || always || !deps.empty() || !outs.empty() || !params.empty();
}

bool StageState::changed_beyond_missing() const {
  const auto real = [](const auto& item) { return !only_missing(item.change); };
  return never_run || command || always || !params.empty() || std::ranges::any_of(deps, real) ||
         std::ranges::any_of(outs, real);
}

bool StageState::missing() const {
  const auto absent = [](const ItemState& item) { return only_missing(item.change); };
  return std::ranges::any_of(deps, absent) || std::ranges::any_of(outs, absent);
}

bool StageState::inputs_changed() const {
  return never_run || command || always || !deps.empty() || !params.empty();
}

std::string StageState::reason() const {
  std::vector<std::string> parts;
  if (never_run) parts.emplace_back("it never ran");
  if (command) parts.emplace_back("the command changed");
  for (const auto& param : params) {
    const std::string what = param.key.empty() ? param.file : param.key + " in " + param.file;
    parts.push_back(fmt::format("{} {}", what, word(param.change)));
  }
  for (const auto* items : {&deps, &outs}) {
    for (const auto& item : *items) {
      if (never_run && item.change == ItemChange::fresh) continue;
      parts.push_back(fmt::format("{} {}", item.path, word(item.change)));
    }
  }
  if (always && parts.empty()) parts.emplace_back("it always runs");
  constexpr std::size_t shown = 4;
  if (parts.size() > shown) {
    const std::size_t more = parts.size() - shown;
    parts.resize(shown);
    parts.push_back(fmt::format("{} more", more));
  }
  return join(parts, "; ");
}

std::string lock_path(const std::string& pipeline_file) {
  return fs::path(pipeline_file).replace_extension(".lock").generic_string();
}

StageInspector::StageInspector(Repository& repository, SourceLook look)
    : repository_(repository), look_(std::move(look)), digests_(repository) {}

void StageInspector::forget() {
  known_.clear();
  sources_.clear();
  params_.clear();
}

void StageInspector::forget_lock(const std::string& pipeline_file) { locks_.erase(pipeline_file); }

const LockEntry* StageInspector::locked(const Stage& stage) {
  auto found = locks_.find(stage.file);
  if (found == locks_.end()) {
    const std::string path = lock_path(stage.file);
    const fs::path whole = repository_.root() / path;
    const std::string text = fs::exists(whole) ? read_file(whole) : "";
    found = locks_.emplace(stage.file, LockFile::parse(path, text)).first;
  }
  return found->second.find(stage.name);
}

std::optional<PathDigest> StageInspector::digest(const std::string& path, HashKind kind) {
  const auto key = std::pair(path, kind);
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  return known_.emplace(key, digests_.of(path, kind)).first->second;
}

std::optional<SourceState> StageInspector::source(
    const std::string& url, const std::map<std::string, std::string>& fs_config) {
  const auto found = sources_.find(url);
  if (found != sources_.end()) return found->second;
  if (!look_) {
    throw Error(ErrorKind::unavailable,
                fmt::format("{} is on another system, which cannot be asked here",
                            quote(mask_secrets(url))));
  }
  return sources_.emplace(url, look_(url, fs_config)).first->second;
}

std::optional<LockedItem> StageInspector::item(const Stage& stage, const std::string& spelled,
                                               HashKind kind) {
  if (is_url(spelled)) {
    const auto state = source(spelled, {});
    if (!state) return std::nullopt;
    return LockedItem{.path = spelled,
                      .id = state->md5,
                      .size = state->size,
                      .nfiles = state->nfiles,
                      .executable = state->executable,
                      .etag = state->etag,
                      .checksum = state->checksum,
                      .raw = {}};
  }
  const auto now = digest(stage.path_of(spelled), kind);
  if (!now) return std::nullopt;
  return LockedItem{.path = spelled,
                    .id = now->id,
                    .size = now->size,
                    .nfiles = now->nfiles,
                    .executable = now->executable,
                    .raw = {}};
}

ItemChange StageInspector::compare(const Stage& stage, const std::string& spelled,
                                   const LockedItem* locked) {
  const HashKind kind = locked != nullptr && locked->id ? locked->id->kind : HashKind::md5;
  const auto now = item(stage, spelled, kind);
  if (!now) return ItemChange::deleted;
  if (is_url(spelled)) {
    if (locked == nullptr) return ItemChange::fresh;
    return same_content({.md5 = now->id,
                         .etag = now->etag,
                         .checksum = now->checksum,
                         .size = {},
                         .nfiles = {}},
                        {.md5 = locked->id,
                         .etag = locked->etag,
                         .checksum = locked->checksum,
                         .size = {},
                         .nfiles = {}})
               ? ItemChange::none
               : ItemChange::modified;
  }
  if (locked == nullptr || !locked->id) return ItemChange::fresh;
  return now->id == locked->id ? ItemChange::none : ItemChange::modified;
}

// An import that is not frozen follows its source.
void StageInspector::inspect_source(const Stage& stage, StageState& state) {
  const DvcFile file = parse_dvc_file(read_file(repository_.root() / stage.file));
  for (const auto& dep : file.deps) {
    if (dep.repo) continue;
    std::optional<SourceState> now;
    if (is_url(dep.path)) {
      now = source(dep.path, dep.fs_config);
    } else {
      const fs::path path = fs::path(stage.file).parent_path() / file.wdir / dep.path;
      if (const auto found = digest(path.lexically_normal().string(), HashKind::md5)) {
        now.emplace();
        now->md5 = found->id;
      }
    }
    const ItemChange change = !now                            ? ItemChange::deleted
                              : !dep.state.known()            ? ItemChange::fresh
                              : same_content(*now, dep.state) ? ItemChange::none
                                                              : ItemChange::modified;
    if (change != ItemChange::none) state.deps.push_back({dep.path, change});
  }
}

bool StageInspector::cached(const ObjectId& id) {
  ObjectCache& cache = repository_.cache();
  if (!cache.has(id)) return false;
  if (!id.is_directory()) return true;
  return std::ranges::all_of(cache.tree(id).entries, [&](const TreeEntry& member) {
    return cache.has({member.md5, id.kind});
  });
}

const YamlValue* StageInspector::params_file(const std::string& path) {
  auto found = params_.find(path);
  if (found == params_.end()) {
    const fs::path whole = repository_.root() / path;
    std::error_code failed;
    std::optional<YamlValue> values;
    if (fs::is_regular_file(whole, failed)) values = parse_values(path, read_file(whole));
    found = params_.emplace(path, std::move(values)).first;
  }
  return found->second ? &*found->second : nullptr;
}

void StageInspector::inspect_params(const Stage& stage, const LockEntry& entry, StageState& state) {
  for (const auto& dep : stage.params) {
    const YamlValue* file = params_file(stage.path_of(dep.file));
    if (file == nullptr) {
      state.params.push_back({dep.file, "", ItemChange::deleted});
      continue;
    }
    const YamlValue* before = entry.params.find(dep.file);
    if (before == nullptr) {
      state.params.push_back({dep.file, "", ItemChange::fresh});
      continue;
    }
    const YamlValue now = read_params(dep, *file);
    std::vector<std::string> keys = dep.keys;
    if (keys.empty()) {
      for (const auto& one : now.entries) keys.push_back(one.key);
      for (const auto& one : before->entries) {
        if (std::ranges::find(keys, one.key) == keys.end()) keys.push_back(one.key);
      }
    }
    const auto value_of = [](const YamlValue& map, const std::string& key) -> const YamlValue* {
      for (const auto& one : map.entries) {
        if (one.key == key) return &one.value;
      }
      return nullptr;
    };
    for (const auto& key : keys) {
      const YamlValue* is = value_of(now, key);
      const YamlValue* was = value_of(*before, key);
      if (is == nullptr) {
        state.params.push_back({dep.file, key, ItemChange::deleted});
      } else if (was == nullptr) {
        state.params.push_back({dep.file, key, ItemChange::fresh});
      } else if (!python_equal(*is, *was)) {
        state.params.push_back({dep.file, key, ItemChange::modified});
      }
    }
  }
}

StageState StageInspector::inspect(const Stage& stage) {
  StageState state;
  if (stage.name.empty()) {  // data
    for (const auto& output : repository_.outputs()) {
      if (output.file != stage.file || !output.stage.empty()) continue;
      const HashKind kind = output.entry.id ? output.entry.id->kind : HashKind::md5;
      const auto now = digest(output.path, kind);
      ItemChange change = ItemChange::none;
      if (!now) {
        change = ItemChange::deleted;
      } else if (!output.entry.id) {
        change = ItemChange::fresh;
      } else if (now->id != *output.entry.id) {
        change = ItemChange::modified;
      } else if (output.entry.cache && !cached(*output.entry.id)) {
        change = ItemChange::not_in_cache;
      }
      if (change != ItemChange::none) state.outs.push_back({output.path, change});
    }
    if (stage.import && !stage.frozen) inspect_source(stage, state);
    return state;
  }
  const LockEntry* entry = locked(stage);
  static const LockEntry nothing;
  state.never_run = entry == nullptr;
  state.command = entry != nullptr && !same_command(entry->cmd, stage.cmd);
  state.always = !stage.frozen && (stage.always_changed || stage.callback());
  const LockEntry& before = entry == nullptr ? nothing : *entry;
  if (!stage.frozen) {
    for (const auto& dep : stage.deps) {
      const ItemChange change = compare(stage, dep, before.dep(dep));
      if (change != ItemChange::none) state.deps.push_back({dep, change});
    }
    if (entry != nullptr) inspect_params(stage, before, state);
  }
  for (const auto& out : stage.outs) {
    const LockedItem* locked_out = before.out(out.path);
    const bool uncached =
        out.cache && locked_out != nullptr && locked_out->id && !cached(*locked_out->id);
    const ItemChange change =
        uncached ? ItemChange::not_in_cache : compare(stage, out.path, locked_out);
    if (change != ItemChange::none) state.outs.push_back({out.path, change});
  }
  return state;
}

LockEntry StageInspector::inputs(const Stage& stage) {
  LockEntry entry;
  entry.cmd = stage.cmd;
  for (const auto& dep : stage.deps) {
    auto now = item(stage, dep, HashKind::md5);
    if (!now) {
      throw Error(ErrorKind::not_found, fmt::format("the dependency {} does not exist", quote(dep)),
                  is_url(dep) ? "correct the URL in dvc.yaml, or put the data there"
                              : "if it is tracked, 'mlopsctl data checkout' or 'mlopsctl data "
                                "pull' brings it back");
    }
    entry.deps.push_back(std::move(*now));
  }
  for (const auto& dep : stage.params) {
    const YamlValue* file = params_file(stage.path_of(dep.file));
    if (file == nullptr) {
      throw Error(ErrorKind::not_found,
                  fmt::format("the parameter file {} does not exist", quote(dep.file)));
    }
    YamlValue values = read_params(dep, *file);
    std::vector<std::string> missing;
    for (const auto& key : dep.keys) {
      if (values.find(key) == nullptr) missing.push_back(quote(key));
    }
    if (!missing.empty()) {
      throw Error(ErrorKind::not_found,
                  fmt::format("{} {} missing in {}", join(missing, ", "),
                              missing.size() == 1 ? "is" : "are", quote(dep.file)));
    }
    if (entry.params.is_null()) entry.params = YamlValue::empty_map();
    entry.params.set(dep.file, std::move(values));
  }
  return entry;
}

}  // namespace mlopsctl::data
