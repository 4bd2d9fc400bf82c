#include "mlopsctl/data/status.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include "data/compare.hpp"
#include "data/status_untracked.hpp"

#include <algorithm>
#include <set>

namespace mlopsctl::data {

namespace {

std::string root_in_git(Repository& repository) {
  const std::string base = repository.root().lexically_relative(repository.git()->root()).string();
  return base == "." ? "" : base;
}

// What is in the working tree where outputs are recorded.
Items workspace_items(Repository& repository, std::span<const TrackedOutput> outputs,
                      bool granular) {
  Digests digests(repository);
  Items items;
  for (const auto& output : outputs) {
    const HashKind kind = output.entry.id ? output.entry.id->kind : HashKind::md5;
    const auto now = digests.of(output.path, kind);
    if (!now) continue;
    Item item{now->id, now->is_directory(), {}};
    if (granular && item.directory) item.tree = digests.snapshot(output.path, kind)->tree();
    items[output.path] = std::move(item);
  }
  return items;
}

void find_missing(ObjectCache& cache, const TrackedOutput& output, bool granular,
                  std::vector<std::string>& missing) {
  const OutEntry& entry = output.entry;
  if (!entry.id || !entry.cache || entry.cloud_versioned) return;
  const bool folder = entry.id->is_directory();
  if (!cache.has(*entry.id)) {
    missing.push_back(output.path + (folder ? "/" : ""));
    return;
  }
  if (!granular || !folder) return;
  for (const auto& member : cache.tree(*entry.id).entries) {
    if (!cache.has({member.md5, entry.id->kind}))
      missing.push_back(output.path + "/" + member.path);
  }
}

}  // namespace

DataStatus data_status(Repository& repository, std::span<const SelectedOutput> selected,
                       const StatusOptions& options) {
  DataStatus status;
  ObjectCache& cache = repository.cache();
  std::vector<TrackedOutput> outputs;
  std::set<std::string> paths;
  for (const auto& one : selected) {
    if (!one.output.entry.cache || !paths.insert(one.output.path).second) continue;
    outputs.push_back(one.output);
  }
  for (const auto& output : outputs)
    find_missing(cache, output, options.granular, status.not_in_cache);
  const Items recorded = items_of(cache, outputs, options.granular);
  Compared now =
      compare(recorded, workspace_items(repository, outputs, options.granular), options.granular);
  status.uncommitted = std::move(now.differences);
  std::set<std::string> unchanged(now.unchanged.begin(), now.unchanged.end());
  if (GitRepository* git = repository.git(); git != nullptr) {
    if (const auto head = git->resolve("HEAD")) {
      status.git = true;
      std::vector<TrackedOutput> before = outputs_at(*git, *head, root_in_git(repository));
      const bool all = selected.size() >= repository.outputs().size();
      std::erase_if(before, [&](const TrackedOutput& one) {
        return !one.entry.cache || (!all && !paths.contains(one.path));
      });
      Compared since =
          compare(items_of(cache, before, options.granular), recorded, options.granular);
      status.committed = std::move(since.differences);
      std::set<std::string> same(since.unchanged.begin(), since.unchanged.end());
      std::erase_if(unchanged, [&](const std::string& path) { return !same.contains(path); });
    } else {
      Compared since = compare({}, recorded, options.granular);
      status.committed = std::move(since.differences);
      unchanged.clear();
    }
    status.other_changes = git->dirty();
    if (options.untracked) status.untracked = untracked_files(repository);
  }
  status.unchanged.assign(unchanged.begin(), unchanged.end());
  return status;
}

DiffResult data_diff(Repository& repository, const std::string& a,
                     const std::optional<std::string>& b, std::span<const std::string> targets) {
  GitRepository* git = repository.git();
  if (git == nullptr) {
    throw Error(ErrorKind::not_found, "there is no git repository, so there are no revisions",
                "'mlopsctl data status' compares pointer files and working tree");
  }
  const auto wanted = [&](const std::string& path) {
    if (targets.empty()) return true;
    return std::ranges::any_of(targets, [&](const std::string& target) {
      return path == target || path == target + "/" || path.starts_with(target + "/");
    });
  };
  ObjectCache& cache = repository.cache();
  const auto at = [&](const std::string& revision) {
    const auto commit = git->resolve(revision);
    if (!commit) {
      throw Error(ErrorKind::not_found, "there is no revision '" + revision + "'",
                  "name a commit, a branch or a tag");
    }
    auto outputs = outputs_at(*git, *commit, root_in_git(repository));
    std::erase_if(outputs, [](const TrackedOutput& one) { return !one.entry.cache; });
    return outputs;
  };
  const auto old_outputs = at(a);
  const Items before = items_of(cache, old_outputs, true);
  std::vector<TrackedOutput> new_outputs = b ? at(*b) : repository.outputs();
  std::erase_if(new_outputs, [](const TrackedOutput& one) { return !one.entry.cache; });
  const Items after =
      b ? items_of(cache, new_outputs, true) : workspace_items(repository, new_outputs, true);
  const Compared compared = compare(before, after, true);
  const auto hash = [](const Items& items, std::string path) -> std::string {
    if (path.ends_with('/')) path.pop_back();
    if (const auto item = items.find(path); item != items.end()) return item->second.id.hex;
    for (std::size_t cut = path.rfind('/'); cut != std::string::npos && cut > 0;
         cut = path.rfind('/', cut - 1)) {
      const auto item = items.find(path.substr(0, cut));
      if (item == items.end() || !item->second.tree) continue;
      if (const TreeEntry* entry = item->second.tree->find(path.substr(cut + 1))) return entry->md5;
    }
    return "";
  };
  DiffResult result;
  for (const auto& path : compared.differences.added) {
    if (wanted(path)) result.added.push_back({path, hash(after, path), "", ""});
  }
  for (const auto& path : compared.differences.deleted) {
    if (wanted(path)) result.deleted.push_back({path, hash(before, path), "", ""});
  }
  for (const auto& path : compared.differences.modified) {
    if (wanted(path)) result.modified.push_back({path, hash(after, path), hash(before, path), ""});
  }
  for (const auto& [from, to] : compared.differences.renamed) {
    if (wanted(to) || wanted(from)) result.renamed.push_back({to, hash(after, to), "", from});
  }
  // A folder that is unchanged or gone from the working tree may still lack its objects.
  for (const auto& [path, item] : before) {
    if (!wanted(path) || cache.has(item.id)) continue;
    if (after.contains(path) && after.at(path).id == item.id) continue;
    result.not_in_cache.push_back({path + (item.directory ? "/" : ""), item.id.hex, "", ""});
  }
  return result;
}

}  // namespace mlopsctl::data
