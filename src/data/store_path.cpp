// From the working tree into the cache: every file is read once, hashed and copied in one go.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/md5.hpp"
#include "mlopsctl/platform/signals.hpp"
#include "mlopsctl/platform/walk.hpp"

#include "data/descriptor.hpp"
#include "data/hash.hpp"
#include "data/paths.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <mutex>

namespace mlopsctl::data {

namespace {

constexpr std::size_t buffer_size = std::size_t{1} << 20U;  // files up to here are read at once
constexpr std::size_t store_piece = 16;                     // files a thread takes at once

// Removes a temporary file unless it was adopted.
struct Temporary {
  fs::path path;
  bool adopted = false;
  explicit Temporary(fs::path name) : path(std::move(name)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!adopted) ::unlink(path.c_str());
  }
};

class Storing {
 public:
  Storing(Repository& repository, fs::path whole, const StoreOptions& options, Progress& progress)
      : cache_(repository.cache()),
        whole_(std::move(whole)),
        options_(options),
        progress_(progress) {}

  void store(FileRecord& one) {
    check_interrupt();
    const fs::path path = one.path.empty() ? whole_ : whole_ / one.path;
    if (!one.md5.empty() && cache_.has({one.md5, HashKind::md5})) {
      advance(one.size);
      return;
    }
    const Descriptor file = open_for_reading(path);
    const FileStamp before = stamp_of(file.get());
    wait_until_settled(before.modified_ns);
    const std::string md5 =
        before.size <= buffer_size ? small(file, path) : large(file, path, before);
    require_unchanged(path, before, stamp_of(file.get()));
    one.md5 = md5;
    one.inode = before.inode;
    one.modified_ns = before.modified_ns;
    one.size = before.size;
    one.mode = before.mode;
  }

 private:
  std::string small(const Descriptor& file, const fs::path& path) {
    thread_local std::vector<char> buffer(buffer_size);
    thread_local Md5 digest;
    digest.hexadecimal();
    std::string_view chunk = read_chunk(file.get(), buffer, path);
    digest.add(chunk);
    const ObjectId id{digest.hexadecimal(), HashKind::md5};
    if (!cache_.has(id)) cache_.store(id, chunk);
    advance(chunk.size());
    return id.hex;
  }

  // A name is known when the bytes are read; until then the copy has a temporary one.
  std::string large(const Descriptor& file, const fs::path& path, const FileStamp& stamp) {
    const bool probably_cached =
        options_.before != nullptr && options_.before->size == stamp.size && options_.before->id;
    if (probably_cached) {
      const ObjectId id{pass(file, path, nullptr), HashKind::md5};
      if (cache_.has(id)) return id.hex;
      if (::lseek(file.get(), 0, SEEK_SET) != 0) fail_file("read", path, errno);
    }
    static const ObjectId anywhere{std::string(32, '0'), HashKind::md5};
    Temporary temporary(cache_.temporary_path(anywhere));
    std::string md5;
    {
      const Descriptor copy = create_file(temporary.path, 0644);
      bool cloned = false;
      if (cache_.clones()) {
        cloned = clone_bytes(file.get(), copy.get());
        if (!cloned) cache_.cannot_clone();
      }
      md5 = pass(file, path, cloned ? nullptr : &copy);
    }
    const ObjectId id{md5, HashKind::md5};
    if (cache_.has(id)) return md5;
    cache_.adopt(temporary.path, id);
    temporary.adopted = true;
    return md5;
  }

  std::string pass(const Descriptor& file, const fs::path& path, const Descriptor* copy) {
    thread_local std::vector<char> buffer(buffer_size);
    Md5 digest;
    for (;;) {
      check_interrupt();
      const std::string_view chunk = read_chunk(file.get(), buffer, path);
      if (chunk.empty()) return digest.hexadecimal();
      digest.add(chunk);
      if (copy != nullptr) write_fully(copy->get(), chunk, cache_.folder());
      advance(chunk.size());
    }
  }

  void advance(std::uint64_t bytes) {
    const std::scoped_lock lock(guard_);
    progress_.advance(bytes);
  }

  ObjectCache& cache_;
  fs::path whole_;
  const StoreOptions& options_;
  Progress& progress_;
  std::mutex guard_;
};

bool is_link(const fs::path& path) {
  std::error_code failed;
  return fs::is_symlink(fs::symlink_status(path, failed));
}

// Whether the working file is what the first link type would make of the object.
bool linked_as_wanted(ObjectCache& cache, const fs::path& file, const fs::path& object,
                      const FileRecord& one) {
  const LinkType first = cache.link_types().empty() ? LinkType::copy : cache.link_types().front();
  const bool executable = (one.mode & any_executes) != 0;
  std::error_code failed;
  if (first == LinkType::symlink && !executable) {
    return is_link(file) && fs::read_symlink(file, failed) == object;
  }
  if (is_link(file)) return false;
  if (first == LinkType::hardlink && !executable && one.size > 0) {
    return fs::equivalent(file, object, failed);
  }
  return true;
}

void relink(ObjectCache& cache, const fs::path& whole, Snapshot& snapshot) {
  parallel_for(snapshot.files.size(), store_piece, file_threads(), [&](std::size_t i) {
    FileRecord& one = snapshot.files[i];
    const fs::path file = one.path.empty() ? whole : whole / one.path;
    const ObjectId id{one.md5, HashKind::md5};
    if (linked_as_wanted(cache, file, cache.path_of(id), one)) return;
    const auto now = stamp_of(file);
    if (!now) return;  // removed meanwhile; it is in the cache
    require_unchanged(file, {one.inode, one.modified_ns, one.size, one.mode}, *now);
    materialise(cache, id, file, (one.mode & any_executes) != 0);
    if (const auto made = stamp_of(file)) {
      one.inode = made->inode;
      one.modified_ns = made->modified_ns;
      one.mode = made->mode;
    }
  });
}

}  // namespace

PathDigest store_path(Repository& repository, Digests& digests, const std::string& path,
                      const StoreOptions& options, Progress& progress) {
  ObjectCache& cache = repository.cache();
  const fs::path whole = repository.root() / path;
  auto snapshot = digests.scan(path);
  if (!snapshot) {
    throw Error(ErrorKind::not_found, fmt::format("there is no file or folder '{}'", path));
  }
  std::uint64_t bytes = 0;
  for (const auto& one : snapshot->files) bytes += one.size;
  progress.start(path, bytes, "bytes");
  Storing storing(repository, whole, options, progress);
  parallel_for(snapshot->files.size(), store_piece, file_threads(),
               [&](std::size_t i) { storing.store(snapshot->files[i]); });
  if (snapshot->directory) {
    const std::string text = tree_text(snapshot->tree());
    cache.store(tree_id(text, HashKind::md5), text);
  }
  cache.sync();
  progress.finish();
  if (options.relink) relink(cache, whole, *snapshot);
  return digests.remember(path, *snapshot);
}

}  // namespace mlopsctl::data
