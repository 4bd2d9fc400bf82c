// Pushing and fetching what a repository tracks: from targets and revisions to objects, each to the
// remote that it belongs to.
#pragma once

#include "mlopsctl/data/transfer.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::data {

struct SyncScope {
  std::vector<std::string> targets;  // empty: everything
  fs::path base;                     // that targets are relative to
  SelectOptions select;
  bool branches = false;  // what every local branch tracks, too
  bool tags = false;
  bool commits = false;
  bool run_cache = false;  // the results of stages, too
  std::string remote;      // empty: that of the output, else core.remote
  TransferOptions transfer;
};

struct SyncResult {
  TransferResult objects;
  std::vector<std::string> remotes;  // names of those that were used, sorted
  std::vector<std::string> skipped;  // outputs of version-aware remotes, which are left alone
  std::size_t run_cache_files = 0;   // entries of the run cache that were moved
};

// Every member of a directory is looked at, even where its ".dir" is on the remote already. A
// ".dir" that only the remote has is fetched first, to know its members. Throws Error{config} if
// there is no remote.
SyncResult push_data(Repository& repository, const SyncScope& scope, Progress& progress);
SyncResult fetch_data(Repository& repository, const SyncScope& scope, Progress& progress);

// Fetches single objects, with the members of a ".dir", from the remotes that they are on; what a
// remote lacks is no failure. Keeps connections; the repository must stay.
std::function<void(const ObjectId& id, const std::string& remote)> make_object_fetch(
    Repository& repository, std::string usual_remote, Progress& progress);
// Only the run cache. Returns how many entries came.
std::size_t fetch_runs(Repository& repository, std::string remote, Progress& progress);

// One tracked object whose presence differs between cache and remote.
struct SyncDifference {
  std::string path;  // of the output or of the file inside it
  ObjectId id;
  Presence presence;
};
std::vector<SyncDifference> compare_data(Repository& repository, const SyncScope& scope,
                                         Progress& progress);

// A remote by its name in the configuration; empty: the default one. `name` becomes what it is.
// Throws Error{config}.
std::unique_ptr<ObjectStore> open_remote(const DataConfig& config, std::string& name);

}  // namespace mlopsctl::data
