// Digests of what is in the working tree, remembered by inode, time and size so that what has not
// changed is not read again.
#pragma once

#include "mlopsctl/data/workspace.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::data {

// What an output or a dependency is.
struct PathDigest {
  ObjectId id;
  std::uint64_t size = 0;               // bytes; of a directory the sum
  std::optional<std::uint64_t> nfiles;  // of a directory
  bool executable = false;              // a single file with an x bit

  bool is_directory() const { return nfiles.has_value(); }
};

struct FileRecord {
  std::string path;  // inside the directory; "" for a single file
  std::string md5;   // 32 digits; empty: not known
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t size = 0;
  std::uint32_t mode = 0;
};

// Everything at a path, file by file.
struct Snapshot {
  bool directory = false;
  std::vector<FileRecord> files;  // sorted by path

  Tree tree() const;
};

// Kept in .dvc/tmp/mlopsctl.db, which may be removed at any time; where it cannot be used, work
// goes on without it. Not thread-safe; hashing itself is spread over threads.
class Digests {
 public:
  explicit Digests(Repository& repository);
  Digests(Digests&&) noexcept;
  ~Digests();

  // Of what is at a path (relative to the root); nothing if there is nothing. Files that .dvcignore
  // names do not count. Throws Error{conflict} for what cannot be versioned: special files, a
  // .dvcignore inside.
  std::optional<PathDigest> of(const std::string& path, HashKind kind = HashKind::md5);
  // The same with every file.
  std::optional<Snapshot> snapshot(const std::string& path, HashKind kind = HashKind::md5);

  // What is there, with digests only where they are known without reading.
  std::optional<Snapshot> scan(const std::string& path, HashKind kind = HashKind::md5);
  // Remembers complete records and returns what they add up to.
  PathDigest remember(const std::string& path, const Snapshot& snapshot,
                      HashKind kind = HashKind::md5);
  void forget(const std::string& path);

  // Marks a path as one that add or checkout put under version control. When nothing tracks it any
  // more, after a change of branches, a checkout of everything may remove it.
  void manage(const std::string& path);
  std::vector<std::string> managed();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl::data
