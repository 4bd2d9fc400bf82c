// repro --pull: what is missing here and recorded is fetched instead of made again.
#include "mlopsctl/data/checkout.hpp"

#include "data/reproduction.hpp"

#include <algorithm>
#include <set>

namespace mlopsctl::data {

namespace {

bool below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool missing(ItemChange change) {
  return change == ItemChange::deleted || change == ItemChange::not_in_cache;
}

}  // namespace

// True if an object is in the cache, or could be fetched.
bool Reproduction::available(const ObjectId& id, const std::string& remote) {
  if (inspector_.cached(id)) return true;
  if (!options_.fetch) return false;
  options_.fetch(id, remote);
  return inspector_.cached(id);
}

// Tracked data that a path needs: put into the working tree where it is not there at all.
void Reproduction::bring_back(const std::vector<std::string>& paths) {
  std::vector<SelectedOutput> selected;
  for (const auto& output : repository_.outputs()) {
    const bool wanted = std::ranges::any_of(paths, [&](const std::string& path) {
      return output.path == path || below(path, output.path) || below(output.path, path);
    });
    if (!wanted || !output.entry.id || !output.entry.cache) continue;
    if (fs::exists(fs::symlink_status(repository_.root() / output.path))) continue;
    if (available(*output.entry.id, output.entry.remote)) selected.push_back({output, ""});
  }
  if (selected.empty()) return;
  unlocked([&] { checkout(repository_, selected, {}, progress_); });
  inspector_.forget();
}

void Reproduction::pull_missing(const Stage& stage, const StageState& state) {
  std::vector<std::string> paths;
  for (const auto& dep : state.deps)
    if (missing(dep.change) && !is_url(dep.path)) paths.push_back(stage.path_of(dep.path));
  if (stage.name.empty())
    for (const auto& out : state.outs) paths.push_back(out.path);
  if (!paths.empty()) bring_back(paths);
  // Outputs of a stage are put back by restore(), if nothing else has changed.
  const LockEntry* locked = stage.name.empty() ? nullptr : inspector_.locked(stage);
  if (locked == nullptr || inspector_.inspect(stage).inputs_changed()) return;
  for (const auto& out : stage.outs) {
    const LockedItem* item = locked->out(out.path);
    if (item != nullptr && item->id && out.cache) available(*item->id, out.remote);
  }
}

}  // namespace mlopsctl::data
