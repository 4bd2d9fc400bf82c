// Removing objects from the cache, or from a remote, that nothing needs any more.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/data/object_store.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlopsctl::data {

// What keeps an object. The working tree always does.
struct GcScope {
  bool branches = false;  // every local branch
  bool tags = false;
  bool commits = false;  // everything that any reference can reach, stashes too
  std::vector<std::string> revisions;
  std::size_t history = 1;         // of each of `revisions`: so many first parents, itself included
  std::optional<Timestamp> since;  // commits that are younger
  std::vector<fs::path> projects;  // other repositories that share the cache
};

struct GcKept {
  std::string reason;  // "the working tree", "branch main", "younger than 1d"
  std::size_t objects = 0;
};
struct GcUnknown {
  std::string path;    // a folder whose members are unknown, because its ".dir" is not in the cache
  std::string reason;  // what keeps it
};

struct GcPlan {
  std::vector<CachedObject> remove;  // ".dir" objects first
  std::uint64_t bytes = 0;
  std::vector<GcKept> kept;
  std::size_t kept_objects = 0;
  std::vector<GcUnknown> unknown;   // not empty: members of these may be among `remove`
  std::vector<fs::path> leftovers;  // temporary files of crashed calls
  bool shallow = false;             // a shallow clone does not know its older commits
};

// What the scope keeps.
struct GcNeeds {
  std::set<ObjectId> objects;
  std::vector<GcKept> kept;
  std::vector<GcUnknown> unknown;
  std::vector<ObjectId> unknown_folders;  // their ".dir" objects
};
GcNeeds gc_needs(Repository& repository, const GcScope& scope);

// Looks only. Objects written after `younger_than` are kept.
// elsewhere: objects that need not be kept here, because a remote has them.
GcPlan plan_gc(Repository& repository, const GcScope& scope, Timestamp younger_than,
               const std::set<ObjectId>& elsewhere = {});
// Removes what the plan says, under the repository's lock.
void apply_gc(Repository& repository, const GcPlan& plan, Progress& progress);

// The same on a remote, by the time of the upload. The run cache and names that are no objects are
// left alone.
struct RemoteGcPlan {
  std::vector<ObjectInfo> remove;  // ".dir" objects first
  std::uint64_t bytes = 0;
  std::vector<GcKept> kept;
  std::size_t kept_objects = 0;
  std::vector<GcUnknown> unknown;
};
// Fetches ".dir" objects that the cache lacks, to know what they need.
RemoteGcPlan plan_remote_gc(Repository& repository, ObjectStore& remote, const GcScope& scope,
                            Timestamp younger_than, Progress& progress);
// Returns what could not be removed. If that is a ".dir", the files are left where they are.
std::vector<FailedKey> apply_remote_gc(ObjectStore& remote, const RemoteGcPlan& plan,
                                       Progress& progress);

}  // namespace mlopsctl::data
