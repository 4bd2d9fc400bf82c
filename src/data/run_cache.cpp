#include "data/run_cache.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/source.hpp"
#include "mlopsctl/formats/yaml_emit.hpp"
#include "mlopsctl/platform/files.hpp"

#include <algorithm>

namespace mlopsctl::data {

namespace {

fs::path folder_of(Repository& repository, const std::string& key) {
  return repository.cache().folder() / "runs" / key.substr(0, 2) / key;
}

bool same_outputs(const Stage& stage, const LockEntry& entry) {
  if (entry.outs.size() != stage.outs.size()) return false;
  return std::ranges::all_of(stage.outs,
                             [&](const StageOut& out) { return entry.out(out.path) != nullptr; });
}

bool usable(const Stage& stage, const LockEntry& inputs, const LockEntry& found,
            const std::function<bool(const ObjectId&)>& cached) {
  if (!same_command(found.cmd, inputs.cmd) || !same_outputs(stage, found)) return false;
  if (inputs.params.entries.size() != found.params.entries.size()) return false;
  if (!inputs.params.is_null() && !python_equal(inputs.params, found.params)) return false;
  for (const auto& dep : inputs.deps) {
    const LockedItem* other = found.dep(dep.path);
    if (other == nullptr || other->id != dep.id) return false;
  }
  return std::ranges::all_of(found.outs,
                             [&](const LockedItem& out) { return out.id && cached(*out.id); });
}

}  // namespace

bool run_cache_allows(const Stage& stage) {
  if (stage.always_changed || stage.callback()) return false;
  if ((stage.deps.empty() && stage.params.empty()) || stage.outs.empty()) return false;
  return std::ranges::none_of(stage.deps, is_url) &&
         std::ranges::all_of(stage.outs, [](const StageOut& out) {
           return !out.persist && (out.cache || out.role != OutRole::plain);
         });
}

std::optional<LockEntry> find_run(Repository& repository, const Stage& stage,
                                  const LockEntry& inputs,
                                  const std::function<bool(const ObjectId&)>& cached) {
  // Only the paths of the outputs are part of the key.
  LockEntry wanted = inputs;
  for (const auto& out : stage.outs) wanted.outs.push_back({.path = out.path, .raw = {}});
  const fs::path folder = folder_of(repository, run_cache_name(wanted).key);
  std::vector<std::pair<fs::file_time_type, fs::path>> entries;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code gone;
    const auto time = at->last_write_time(gone);
    if (!gone) entries.emplace_back(time, at->path());
  }
  std::ranges::sort(entries, std::greater<>());
  for (const auto& [time, path] : entries) {
    try {
      LockEntry found = parse_lock_entry(parse_yaml(read_file(path)), path.filename().string());
      if (usable(stage, inputs, found, cached)) return found;
    } catch (const Error&) {
      // Damaged, or gone meanwhile: as if it were not there.
    }
  }
  return std::nullopt;
}

void save_run(Repository& repository, const LockEntry& entry) {
  const RunCacheName name = run_cache_name(entry);
  const fs::path path = folder_of(repository, name.key) / name.value;
  if (!fs::exists(path)) write_file_atomically(path, emit_yaml(lock_entry_value(entry)));
}

}  // namespace mlopsctl::data
