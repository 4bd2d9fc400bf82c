// The two locks that DVC's processes and ours keep each other out with.
#pragma once

#include "mlopsctl/data/workspace.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mlopsctl::data {

// .dvc/tmp/lock: flock, waited for as long as DVC does (3 s), or flufl.lock's hard links with
// core.hardlink_lock. Held until the end of this object or release(). Throws Error{conflict} that
// names the holder.
class RepositoryLock {
 public:
  explicit RepositoryLock(Repository& repository);
  RepositoryLock(RepositoryLock&&) noexcept;
  RepositoryLock& operator=(RepositoryLock&&) = delete;
  ~RepositoryLock();

  // For the time that a stage's command runs.
  void release();
  void acquire();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// .dvc/tmp/rwlock: which paths a process reads or writes while it does not hold the lock above. A
// writer excludes readers and writers of the path, of what is below it and of what contains it.
// Entries of processes that are gone do not count. Removed at the end of this object. Paths are
// relative to the root. Throws Error{conflict} naming path, process and command.
class PathLocks {
 public:
  PathLocks(Repository& repository, std::span<const std::string> reads,
            std::span<const std::string> writes, std::string_view command);
  PathLocks(PathLocks&&) noexcept;
  PathLocks& operator=(PathLocks&&) = delete;
  ~PathLocks();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl::data
