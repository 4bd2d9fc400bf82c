#include "data/descriptor.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace mlopsctl::data {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

void fail_file(std::string_view what, const fs::path& path, int error) {
  const bool absent = error == ENOENT || error == ENOTDIR;
  const bool full = error == ENOSPC || error == EDQUOT;
  throw Error(absent ? ErrorKind::not_found : ErrorKind::io,
              fmt::format("cannot {} {}: {}", what, quoted_path(path), std::strerror(error)),
              full ? "nothing is lost; free some space and call it again" : "");
}

Descriptor open_for_reading(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail_file("read", path, errno);
  return Descriptor(fd);
}

Descriptor create_file(const fs::path& path, int mode) {
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode));
  if (fd < 0) fail_file("write", path, errno);
  return Descriptor(fd);
}

std::string_view read_chunk(int fd, std::vector<char>& buffer, const fs::path& path) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got = ::read(fd, buffer.data() + filled, buffer.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_file("read", path, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return {buffer.data(), filled};
}

void write_fully(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_file("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

bool clone_bytes(int from, int to) { return ::ioctl(to, FICLONE, from) == 0; }

void rename_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_file("write", to, errno);
}

void sync_file_system(const fs::path& folder) {
  const Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (open.get() < 0 || ::syncfs(open.get()) != 0) fail_file("sync", folder, errno);
}

void sync_folder(const fs::path& folder) {
  const Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (open.get() >= 0) ::fsync(open.get());
}

fs::path temporary_name(const fs::path& folder) {
  static const std::string mine = new_run_id().substr(0, 16);
  static std::atomic<unsigned> count{0};
  return folder / fmt::format(".{}{:x}.tmp", mine, count.fetch_add(1));
}

}  // namespace mlopsctl::data
