// From the cache to the working tree.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/cache.hpp"
#include "mlopsctl/platform/files.hpp"

#include "data/descriptor.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace mlopsctl::data {

namespace {

constexpr unsigned owner_executes = 0100;

void copy_bytes(const Descriptor& from, const fs::path& source, int to, const fs::path& target) {
  std::size_t copied = 0;
  for (;;) {
    const ssize_t moved =
        ::copy_file_range(from.get(), nullptr, to, nullptr, std::size_t{1} << 30U, 0);
    if (moved > 0) {
      copied += static_cast<std::size_t>(moved);
      continue;
    }
    if (moved == 0 && copied > 0) return;
    if (moved == 0) break;  // empty, or a file system that cannot and does not say so
    if (errno == EINTR) continue;
    if (errno == ENOSPC || errno == EDQUOT || errno == EIO) fail_file("write", target, errno);
    break;
  }
  static thread_local std::vector<char> buffer(std::size_t{1} << 20U);
  for (;;) {
    const std::string_view chunk = read_chunk(from.get(), buffer, source);
    if (chunk.empty()) return;
    write_fully(to, chunk, target);
  }
}

// A new file at `temporary` with the object's bytes. False: it was to be cloned and cannot be.
bool write_bytes(const fs::path& object, const fs::path& temporary, bool executable, bool clone) {
  const Descriptor source = open_for_reading(object);
  const Descriptor file = create_file(temporary, 0666);
  if (clone) {
    if (!clone_bytes(source.get(), file.get())) {
      ::unlink(temporary.c_str());
      return false;
    }
  } else {
    copy_bytes(source, object, file.get(), temporary);
  }
  if (executable) {
    struct stat info {};
    ::fstat(file.get(), &info);
    ::fchmod(file.get(), (info.st_mode & 0777U) | owner_executes);
  }
  return true;
}

LinkType prepare(ObjectCache& cache, const fs::path& object, const fs::path& temporary,
                 bool executable, bool empty) {
  for (const LinkType type : cache.link_types()) {
    switch (type) {
      case LinkType::hardlink:
        // All empty files would share one inode, and file systems limit the links to it. A mode
        // belongs to the inode: an executable would make the cached object executable.
        if (empty || executable) break;
        if (::link(object.c_str(), temporary.c_str()) == 0) return type;
        break;
      case LinkType::symlink:
        if (executable) break;
        if (::symlink(object.c_str(), temporary.c_str()) == 0) return type;
        break;
      case LinkType::reflink:
        if (!cache.clones()) break;
        if (write_bytes(object, temporary, executable, true)) return type;
        cache.cannot_clone();
        break;
      case LinkType::copy:
        write_bytes(object, temporary, executable, false);
        return type;
    }
  }
  write_bytes(object, temporary, executable, false);
  return LinkType::copy;
}

}  // namespace

LinkType materialise(ObjectCache& cache, const ObjectId& id, const fs::path& target,
                     bool executable) {
  const fs::path object = cache.path_of(id);
  struct stat info {};
  if (::stat(object.c_str(), &info) != 0) {
    throw Error(ErrorKind::not_found,
                fmt::format("the cache has no object '{}' for {}", id.hex, quoted_path(target)),
                "'mlopsctl data pull' gets it from a remote");
  }
  std::error_code failed;
  fs::create_directories(target.parent_path(), failed);
  if (failed) fail_file("make the folder", target.parent_path(), failed.value());
  fs::create_directories(cache.staging(), failed);
  // Prepared outside of the tracked folder, where what a crash leaves would count as data.
  fs::path folder = cache.staging();
  for (int attempt = 0;; ++attempt) {
    const fs::path temporary = temporary_name(folder);
    struct Cleaner {
      const fs::path& path;
      bool done = false;
      ~Cleaner() {
        if (!done) ::unlink(path.c_str());
      }
    } cleaner{temporary};
    const LinkType used = prepare(cache, object, temporary, executable, info.st_size == 0);
    if (::rename(temporary.c_str(), target.c_str()) == 0) {
      // Renaming one link of a file over another one of the same file does nothing.
      if (used == LinkType::hardlink) ::unlink(temporary.c_str());
      cleaner.done = true;
      return used;
    }
    if (errno != EXDEV || attempt > 0) fail_file("write", target, errno);
    folder = target.parent_path();  // another file system is mounted there
  }
}

}  // namespace mlopsctl::data
