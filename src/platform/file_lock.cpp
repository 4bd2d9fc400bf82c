#include "mlopsctl/platform/file_lock.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace mlopsctl {

std::optional<FileLock> FileLock::try_lock(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    throw Error(
        ErrorKind::io,
        fmt::format("cannot open the lock file {}: {}", quoted_path(path), std::strerror(errno)),
        "its folder must exist and be writable");
  }
  FileLock lock(fd);
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return std::nullopt;
    throw Error(ErrorKind::io,
                fmt::format("cannot lock {}: {}", quoted_path(path), std::strerror(errno)),
                "some network file systems have no locks: take a local file");
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ < 0) return;
  ::flock(fd_, LOCK_UN);  // a child may have the descriptor open
  ::close(fd_);
}

}  // namespace mlopsctl
