// What differs: HEAD against the pointer files against the working tree; one revision against
// another.
#pragma once

#include "mlopsctl/data/digests.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl::data {

// Paths are relative to the root; folders end in '/'.
struct Renamed {
  std::string from;
  std::string to;
};
struct Differences {
  std::vector<std::string> added;
  std::vector<std::string> deleted;
  std::vector<std::string> modified;
  std::vector<Renamed> renamed;
  std::vector<std::string>
      unknown;  // a folder whose contents are not known: no ".dir" in the cache

  bool empty() const {
    return added.empty() && deleted.empty() && modified.empty() && renamed.empty() &&
           unknown.empty();
  }
};

struct StatusOptions {
  bool granular = false;   // files inside folders, too
  bool untracked = false;  // files that neither git nor a pointer file knows
};

struct DataStatus {
  std::vector<std::string> not_in_cache;
  Differences committed;    // HEAD to the pointer files: for the next git commit
  Differences uncommitted;  // the pointer files to the working tree
  std::vector<std::string> unchanged;
  std::vector<std::string> untracked;
  bool git = false;            // there is a HEAD to compare with
  bool other_changes = false;  // git has something to commit besides

  bool clean() const {
    return not_in_cache.empty() && committed.empty() && uncommitted.empty() && untracked.empty();
  }
};

DataStatus data_status(Repository& repository, std::span<const SelectedOutput> selected,
                       const StatusOptions& options);

struct DiffEntry {
  std::string path;
  std::string hash;  // of the new side; of the old one for what was deleted
  std::string old_hash;
  std::string from;  // of a rename
};
struct DiffResult {
  std::vector<DiffEntry> added, deleted, modified, renamed;
  std::vector<DiffEntry> not_in_cache;

  bool empty() const {
    return added.empty() && deleted.empty() && modified.empty() && renamed.empty();
  }
};

// From revision `a` to revision `b`, or to the working tree. Throws Error{not_found} for a revision
// that is not there.
DiffResult data_diff(Repository& repository, const std::string& a,
                     const std::optional<std::string>& b, std::span<const std::string> targets);

}  // namespace mlopsctl::data
