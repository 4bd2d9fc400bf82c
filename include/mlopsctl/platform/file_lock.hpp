// One process at a time.
#pragma once

#include <filesystem>
#include <optional>

namespace mlopsctl {

// Holds flock(2) on a file, which it makes if need be, until it is destroyed or the process ends,
// however it ends. The file stays.
class FileLock {
 public:
  // Nothing if another process holds it. Throws Error{io}.
  static std::optional<FileLock> try_lock(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

  // For a child process that is to hold the lock, too, should this one be killed. Destroying this
  // object gives the lock up for both.
  int descriptor() const { return fd_; }

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace mlopsctl
