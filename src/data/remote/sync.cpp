#include "mlopsctl/data/sync.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/remote.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include "data/remote/run_cache.hpp"
#include "data/remote/stores.hpp"
#include "data/remote/transfer_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlopsctl::data {

namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void add(TransferResult& total, TransferResult one) {
  append(total.moved, std::move(one.moved));
  append(total.missing, std::move(one.missing));
  append(total.blocked, std::move(one.blocked));
  append(total.failed, std::move(one.failed));
  total.already_there += one.already_there;
  total.bytes += one.bytes;
}

std::string root_in_git(Repository& repository) {
  const std::string root =
      repository.root().lexically_relative(repository.git()->root()).generic_string();
  return root == "." ? "" : root;
}

// The working tree's outputs and those of the revisions that are asked for.
std::vector<SelectedOutput> in_scope(Repository& repository, const SyncScope& scope) {
  std::vector<SelectedOutput> all = repository.select(scope.targets, scope.base, scope.select);
  if (!scope.branches && !scope.tags && !scope.commits) return all;
  GitRepository* git = repository.git();
  if (git == nullptr)
    throw Error(ErrorKind::usage, "there is no git repository, so there are no other revisions");
  std::set<std::string> commits;
  const auto resolve = [&](const std::vector<std::string>& names) {
    for (const auto& name : names)
      if (const auto commit = git->resolve(name)) commits.insert(*commit);
  };
  if (scope.branches) resolve(git->branches());
  if (scope.tags) resolve(git->tags());
  if (scope.commits) resolve(git->all_commits());
  std::set<std::string> wanted;
  for (const auto& one : all) wanted.insert(one.output.path);
  for (const auto& commit : commits) {
    for (auto& output : outputs_at(*git, commit, root_in_git(repository))) {
      if (scope.targets.empty() || wanted.contains(output.path)) all.push_back({output, ""});
    }
  }
  return all;
}

struct Group {
  std::vector<SelectedOutput> outputs;
};

// By the remote that each belongs to.
std::map<std::string, Group> by_remote(Repository& repository, const SyncScope& scope, bool push,
                                       SyncResult& result) {
  std::map<std::string, Group> groups;
  const std::string usual = repository.config().default_remote().value_or("");
  for (auto& one : in_scope(repository, scope)) {
    const OutEntry& entry = one.output.entry;
    if (!entry.cache || (push && !entry.push)) continue;
    if (entry.cloud_versioned) {
      result.skipped.push_back(one.output.path);
      continue;
    }
    if (!entry.id) continue;
    const std::string name = !scope.remote.empty()   ? scope.remote
                             : !entry.remote.empty() ? entry.remote
                                                     : usual;
    groups[name].outputs.push_back(std::move(one));
  }
  if (groups.empty()) groups[!scope.remote.empty() ? scope.remote : usual];
  return groups;
}

// Gets the ".dir" objects that the cache lacks, so that members are known.
TransferResult fetch_folders(ObjectStore& remote, ObjectCache& cache, const Group& group,
                             TransferOptions options, Progress& progress) {
  std::vector<TransferItem> folders;
  for (const auto& one : group.outputs) {
    const ObjectId& id = *one.output.entry.id;
    if (id.is_directory() && !cache.has(id)) folders.push_back({.id = id, .name = one.output.path});
  }
  if (folders.empty()) return {};
  options.dry_run = false;  // small, and without them nobody knows what would be moved
  return fetch_objects(remote, cache, folders, options, progress);
}

std::vector<TransferItem> items_of(ObjectCache& cache, const Group& group) {
  std::vector<TransferItem> items;
  for (const auto& one : group.outputs) {
    bool complete = true;
    TransferItem folder;
    const auto needed = needed_objects(cache, one, complete);
    const bool whole = one.inside.empty();
    for (const auto& object : needed) {
      if (object.id == *one.output.entry.id && object.id.is_directory()) {
        folder = {.id = object.id, .name = object.path};
        continue;
      }
      items.push_back({.id = object.id, .name = object.path});
      folder.members.push_back(object.id);
    }
    if (!one.output.entry.id->is_directory()) continue;
    // A part of a directory does not make its ".dir" true.
    if (whole && complete && !folder.id.hex.empty()) items.push_back(std::move(folder));
  }
  return items;
}

std::vector<TransferItem> unknown_folders(ObjectCache& cache, const Group& group) {
  std::vector<TransferItem> unknown;
  for (const auto& one : group.outputs) {
    const ObjectId& id = *one.output.entry.id;
    if (id.is_directory() && !cache.has(id)) unknown.push_back({.id = id, .name = one.output.path});
  }
  return unknown;
}

}  // namespace

RemotePlace remote_place(const DataConfig& config, const std::string& name) {
  RemotePlace place{.url = "", .options = config.remote(name)};
  RemoteOptions& options = place.options;
  place.url = options["url"];
  if (place.url.empty()) {
    throw Error(ErrorKind::config, fmt::format("the remote {} has no url", quote(name)),
                fmt::format("mlopsctl data remote modify {} url URL", name));
  }
  options.erase("url");
  const std::string section = remote_section(name);
  for (const char* option : {"configpath", "credentialpath"})
    if (const auto path = config.path(section, option)) options[option] = path->string();
  const std::string verify = to_lower(config.text(section, "ssl_verify"));
  if (!verify.empty() && verify != "true" && verify != "false")
    options["ssl_verify"] = config.path(section, "ssl_verify").value_or(verify).string();
  for (const char* option : {"version_aware", "worktree"}) {
    if (config.boolean(section, option, false)) {
      throw Error(ErrorKind::config,
                  fmt::format("the remote {} is {}, which is not supported", quote(name), option),
                  "use DVC for this remote");
    }
  }
  return place;
}

std::unique_ptr<ObjectStore> open_remote(const DataConfig& config, std::string& name) {
  if (name.empty()) name = config.default_remote().value_or("");
  if (name.empty()) {
    throw Error(ErrorKind::config, "no remote is configured",
                "add one: mlopsctl data remote add --default NAME URL");
  }
  name = to_lower(name);
  const RemotePlace place = remote_place(config, name);
  return open_store(place.url, place.options);
}

SyncResult push_data(Repository& repository, const SyncScope& scope, Progress& progress) {
  SyncResult result;
  ObjectCache& cache = repository.cache();
  for (const auto& [chosen, group] : by_remote(repository, scope, true, result)) {
    std::string name = chosen;
    const auto remote = open_remote(repository.config(), name);
    result.remotes.push_back(name);
    const TransferResult folders = fetch_folders(*remote, cache, group, scope.transfer, progress);
    for (const auto& failure : folders.failed) result.objects.failed.push_back(failure);
    append(result.objects.missing, folders.missing);
    add(result.objects,
        push_objects(*remote, cache, items_of(cache, group), scope.transfer, progress));
    if (scope.run_cache)
      result.run_cache_files += push_run_cache(*remote, cache.folder(), scope.transfer, progress);
  }
  return result;
}

SyncResult fetch_data(Repository& repository, const SyncScope& scope, Progress& progress) {
  SyncResult result;
  ObjectCache& cache = repository.cache();
  for (const auto& [chosen, group] : by_remote(repository, scope, false, result)) {
    std::string name = chosen;
    const auto remote = open_remote(repository.config(), name);
    result.remotes.push_back(name);
    add(result.objects, fetch_folders(*remote, cache, group, scope.transfer, progress));
    TransferResult rest =
        fetch_objects(*remote, cache, items_of(cache, group), scope.transfer, progress);
    add(result.objects, std::move(rest));
    if (scope.run_cache)
      result.run_cache_files += fetch_run_cache(*remote, cache.folder(), scope.transfer, progress);
  }
  return result;
}

std::function<void(const ObjectId& id, const std::string& remote)> make_object_fetch(
    Repository& repository, std::string usual_remote, Progress& progress) {
  const auto stores = std::make_shared<std::map<std::string, std::unique_ptr<ObjectStore>>>();
  return [&repository, &progress, stores, usual = std::move(usual_remote)](
             const ObjectId& id, const std::string& remote) {
    std::string name = !usual.empty() ? usual : remote;
    auto& store = (*stores)[name];
    if (!store) store = open_remote(repository.config(), name);
    ObjectCache& cache = repository.cache();
    const std::vector<TransferItem> first{{.id = id, .name = "", .members = {}}};
    fetch_objects(*store, cache, first, {}, progress);
    if (!id.is_directory() || !cache.has(id)) return;
    std::vector<TransferItem> members;
    for (const auto& member : cache.tree(id).entries)
      members.push_back({.id = {member.md5, id.kind}, .name = member.path, .members = {}});
    fetch_objects(*store, cache, members, {}, progress);
  };
}

std::size_t fetch_runs(Repository& repository, std::string remote, Progress& progress) {
  const auto store = open_remote(repository.config(), remote);
  return fetch_run_cache(*store, repository.cache().folder(), {}, progress);
}

std::vector<SyncDifference> compare_data(Repository& repository, const SyncScope& scope,
                                         Progress& progress) {
  SyncResult ignored;
  std::vector<SyncDifference> differences;
  ObjectCache& cache = repository.cache();
  for (const auto& [chosen, group] : by_remote(repository, scope, false, ignored)) {
    std::string name = chosen;
    const auto remote = open_remote(repository.config(), name);
    fetch_folders(*remote, cache, group, scope.transfer, progress);
    std::vector<TransferItem> items = items_of(cache, group);
    append(items, unknown_folders(cache, group));
    items = unique_items(items);
    std::vector<ObjectId> ids;
    for (const auto& item : items) ids.push_back(item.id);
    const auto presence = compare_objects(*remote, cache, ids, scope.transfer.jobs, progress);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!presence[i].local || !presence[i].remote)
        differences.push_back({items[i].name, items[i].id, presence[i]});
    }
  }
  std::ranges::sort(differences, {}, &SyncDifference::path);
  return differences;
}

}  // namespace mlopsctl::data
