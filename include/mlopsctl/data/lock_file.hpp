// dvc.lock: what every stage read and made when it last ran.
#pragma once

#include "mlopsctl/data/object_id.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::data {

struct Stage;

// A dependency or an output.
struct LockedItem {
  std::string path;  // as spelled in dvc.yaml
  std::optional<ObjectId> id;
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> nfiles;
  bool executable = false;
  std::string etag{};      // of a dependency on S3
  std::string checksum{};  // of one on a web server
  YamlValue raw;           // as it was read, with fields that belong to remotes with versions
};

struct LockEntry {
  YamlValue cmd;
  std::vector<LockedItem> deps, outs;
  YamlValue params;  // file → map of key path → value; null if there are none

  const LockedItem* dep(std::string_view path) const;
  const LockedItem* out(std::string_view path) const;
};

// Throws Error{config}: 'dvc.lock' line 3: …
class LockFile {
 public:
  // text: empty if there is none yet.
  static LockFile parse(const std::string& file, std::string_view text);

  const LockEntry* find(std::string_view stage) const;
  const std::vector<std::pair<std::string, LockEntry>>& entries() const { return entries_; }

 private:
  std::vector<std::pair<std::string, LockEntry>> entries_;
};

// An item of `stages` or a run-cache file. Throws Error{config}.
LockEntry parse_lock_entry(const YamlValue& value, std::string_view name);

// In DVC's order: cmd, deps, params, outs; deps and outs sorted by path, params.yaml before other
// files, keys of a file sorted.
YamlValue lock_entry_value(const LockEntry& entry);

// The text of a dvc.lock with one stage's entry set; all other entries stay as they are.
std::string lock_text_with(std::string_view text, const std::string& stage, const LockEntry& entry);

// True if a command is the one that the lock holds. DVC's folding of some commands of several lines
// is read back with a blank more; those count as the same.
bool same_command(const YamlValue& locked, const YamlValue& now);

// The two names of a run-cache entry, 64 hexadecimal digits each: runs/<key[:2]>/<key>/<value>.
struct RunCacheName {
  std::string key;    // of command, dependencies, parameters and output paths
  std::string value;  // of the outputs too
};
RunCacheName run_cache_name(const LockEntry& entry);

}  // namespace mlopsctl::data
