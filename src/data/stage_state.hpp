// What a stage is now, against what its lock entry says.
#pragma once

#include "mlopsctl/data/digests.hpp"
#include "mlopsctl/data/lock_file.hpp"
#include "mlopsctl/data/pipeline.hpp"
#include "mlopsctl/data/source.hpp"
#include "mlopsctl/data/workspace.hpp"
#include "mlopsctl/platform/walk.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::data {

enum class ItemChange { none, modified, deleted, fresh, not_in_cache };

struct ItemState {
  std::string path;  // as spelled
  ItemChange change = ItemChange::none;
};

struct ParamState {
  std::string file;
  std::string key;  // empty: the file as such
  ItemChange change = ItemChange::none;
};

struct StageState {
  bool never_run = false;
  bool command = false;  // changed
  bool always = false;
  std::vector<ItemState> deps, outs;  // those that changed
  std::vector<ParamState> params;

  bool changed() const;
  // Changed by more than data that is only missing here.
  bool changed_beyond_missing() const;
  // Something is not here, or not in the cache.
  bool missing() const;
  // Command, dependencies or parameters are not as in the lock.
  bool inputs_changed() const;
  // "the command changed; lr in params.yaml changed; data.csv changed".
  std::string reason() const;
};

// Looks at stages and remembers digests, parameter files and lock files while it does. Not
// thread-safe.
class StageInspector {
 public:
  // look: for dependencies on other systems; without it they are Error{unavailable}.
  explicit StageInspector(Repository& repository, SourceLook look = {});

  StageState inspect(const Stage& stage);
  // What the lock has of a stage; null if it never ran.
  const LockEntry* locked(const Stage& stage);

  // The lock entry with the dependencies and parameters of this moment and no outputs. Throws
  // Error{not_found} for a dependency that does not exist.
  LockEntry inputs(const Stage& stage);
  // One item as it is now, a URL too; nothing if it does not exist.
  std::optional<LockedItem> item(const Stage& stage, const std::string& spelled, HashKind kind);

  // True if an object, and for a directory every member, is in the cache.
  bool cached(const ObjectId& id);

  // Forgets what may have changed: after a command ran, after a file was written.
  void forget();
  void forget_lock(const std::string& pipeline_file);
  Digests& digests() { return digests_; }

 private:
  std::optional<PathDigest> digest(const std::string& path, HashKind kind);
  std::optional<SourceState> source(const std::string& url,
                                    const std::map<std::string, std::string>& fs_config);
  void inspect_source(const Stage& stage, StageState& state);
  const YamlValue* params_file(const std::string& path);
  void inspect_params(const Stage& stage, const LockEntry& entry, StageState& state);
  ItemChange compare(const Stage& stage, const std::string& spelled, const LockedItem* locked);

  Repository& repository_;
  SourceLook look_;
  Digests digests_;
  std::map<std::string, std::optional<SourceState>> sources_;
  std::map<std::pair<std::string, HashKind>, std::optional<PathDigest>> known_;
  std::map<std::string, std::optional<YamlValue>> params_;
  std::map<std::string, LockFile> locks_;
  std::map<std::string, ObjectId> data_;  // of .dvc files: path → recorded id
  bool data_read_ = false;
};

// "sub/dvc.lock" for "sub/dvc.yaml".
std::string lock_path(const std::string& pipeline_file);

}  // namespace mlopsctl::data
