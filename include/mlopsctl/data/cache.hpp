// The object cache of a repository: <cache>/files/md5/ab/cdef…, and DVC 2's <cache>/ab/cdef….
// Objects are read-only (0444), which DVC and we take for "complete and intact". Every object is
// written under a temporary name, synced and renamed, so a crash leaves no half object.
#pragma once

#include "mlopsctl/data/object_id.hpp"
#include "mlopsctl/data/tree.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace mlopsctl::data {

namespace fs = std::filesystem;

enum class LinkType { reflink, hardlink, symlink, copy };

// One object that the cache holds.
struct CachedObject {
  ObjectId id;
  std::uint64_t size = 0;       // bytes
  std::int64_t changed_ms = 0;  // since the epoch: when it got its name or a link
};

// Safe to use from several threads unless a function says otherwise.
class ObjectCache {
 public:
  // shared: new folders and objects are for the group, too (cache.shared = group).
  // staging: where files for the working tree are prepared, on its file system.
  ObjectCache(fs::path folder, std::vector<LinkType> links, bool shared, fs::path staging);
  ObjectCache(ObjectCache&&) noexcept;
  ~ObjectCache();

  const fs::path& folder() const;
  const fs::path& staging() const;
  const std::vector<LinkType>& link_types() const;
  fs::path path_of(const ObjectId& id) const;

  // True if the object is there and intact. One whose mode is not 0444 is hashed: it is made 0444
  // if it is intact, and removed, as DVC does, if it is not.
  bool has(const ObjectId& id);

  // Reads an object whole. Throws Error{not_found} or Error{corrupt}.
  std::string read(const ObjectId& id);
  // The same for a ".dir" object, parsed.
  Tree tree(const ObjectId& id);

  // Where a download of `id` is written before it is known to be whole: an unused name in the
  // object's own folder, which is made if necessary.
  fs::path temporary_path(const ObjectId& id);
  // Takes a complete file at temporary_path() (or anywhere on the same file system) into the cache:
  // makes it 0444 and gives it its name. The bytes must have been verified by the caller and are
  // flushed to disk by the next sync(), before which the name does not appear.
  void adopt(const fs::path& temporary, const ObjectId& id);
  // Stores bytes as an object unless it is there.
  void store(const ObjectId& id, std::string_view bytes);
  // Flushes everything that was adopted since the last call and makes it appear. Must be called
  // before anything refers to those objects; what was not synced is lost with this object.
  void sync();

  void remove(const ObjectId& id);
  // Every object in the cache, in no particular order; temporary files are not listed.
  std::vector<CachedObject> list() const;
  // Temporary files: what crashed calls left behind, unless another one is at work.
  std::vector<fs::path> leftovers() const;
  // Whether cloning bytes is worth a try: the link types want it and it has not failed yet.
  bool clones() const;
  void cannot_clone();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Puts the object at `target` by the first type of link that works, replacing what is there in one
// step. Creates parent folders. executable: adds u+x, and never links. Returns the type used.
// Throws Error{not_found} if the object is not in the cache.
LinkType materialise(ObjectCache& cache, const ObjectId& id, const fs::path& target,
                     bool executable);

}  // namespace mlopsctl::data
