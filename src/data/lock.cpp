#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "data/descriptor.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <random>
#include <thread>

namespace mlopsctl::data {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds patience{3000};
constexpr std::chrono::milliseconds pause{100};
// A lock of hard links counts as abandoned when its file is this old: flufl.lock's life time.
constexpr std::chrono::seconds link_lifetime{60};

[[noreturn]] void held(const fs::path& file, const std::string& holder) {
  throw Error(ErrorKind::conflict,
              holder.empty()
                  ? "another process works on this repository"
                  : fmt::format("another process (pid {}) works on this repository", holder),
              fmt::format("wait for it; if there is none, {} may be stale", quoted_path(file)));
}

Descriptor open_lock(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) fail_file("lock", file, errno);
  return Descriptor(fd);
}

}  // namespace

struct RepositoryLock::State {
  fs::path file;
  bool links = false;
  Descriptor flocked;
  fs::path claim;  // our own name of a lock of hard links

  void acquire_flock() {
    const auto end = Clock::now() + patience;
    Descriptor lock = open_lock(file);
    while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) fail_file("lock", file, errno);
      if (Clock::now() > end) held(file, std::string(trim(read_file(file))));
      check_interrupt();
      std::this_thread::sleep_for(pause);
    }
    const std::string text = fmt::format(" {}\n", ::getpid());
    if (::ftruncate(lock.get(), 0) != 0) fail_file("lock", file, errno);
    write_fully(lock.get(), text, file);
    flocked = std::move(lock);
  }

  // flufl.lock: the holder's file, named host|pid|number, is linked to the lock's name; a lock
  // whose time, kept in the future by its holder, has passed may be broken.
  void acquire_link() {
    std::random_device random;
    claim = file;
    claim += fmt::format("|{}|{}|{}", host_name(), ::getpid(), random());
    {
      const Descriptor made = create_file(claim, 0666);
      write_fully(made.get(), claim.string(), claim);
    }
    const auto end = Clock::now() + patience;
    for (;;) {
      touch_claim();
      if (::link(claim.c_str(), file.c_str()) == 0) return;
      struct stat mine {};
      if (::stat(claim.c_str(), &mine) == 0 && mine.st_nlink == 2) return;  // NFS lost the answer
      struct stat other {};
      if (::stat(file.c_str(), &other) == 0 && other.st_mtime < ::time(nullptr)) {
        const fs::path winner = read_file(file);
        ::unlink(file.c_str());
        if (winner.parent_path() == file.parent_path()) ::unlink(winner.c_str());
        continue;
      }
      if (Clock::now() > end) {
        const std::string holder = read_file(file);
        ::unlink(claim.c_str());
        const auto parts = split(holder, '|');
        held(file, parts.size() >= 3 ? parts[2] : "");
      }
      check_interrupt();
      std::this_thread::sleep_for(pause);
    }
  }

  void touch_claim() const {
    const auto until = ::time(nullptr) + link_lifetime.count() * 60;  // long calls, one touch
    const timespec times[2] = {{until, 0}, {until, 0}};
    ::utimensat(AT_FDCWD, claim.c_str(), times, 0);
  }

  void acquire() {
    if (links) {
      acquire_link();
    } else {
      acquire_flock();
    }
  }

  void release() {
    flocked = Descriptor();
    if (!claim.empty()) {
      ::unlink(file.c_str());
      ::unlink(claim.c_str());
      claim.clear();
    }
  }
};

RepositoryLock::RepositoryLock(Repository& repository) : state_(std::make_unique<State>()) {
  state_->file = repository.temporary() / "lock";
  state_->links = repository.config().boolean("core", "hardlink_lock", false);
  state_->acquire();
}
RepositoryLock::RepositoryLock(RepositoryLock&&) noexcept = default;
RepositoryLock::~RepositoryLock() {
  if (state_) state_->release();
}
void RepositoryLock::release() { state_->release(); }
void RepositoryLock::acquire() { state_->acquire(); }

}  // namespace mlopsctl::data
