// .dvc/tmp/rwlock, which DVC's processes edit under rwlock.lock.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "data/descriptor.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace mlopsctl::data {

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds patience{3000};
constexpr std::chrono::milliseconds pause{50};

bool alive(const json& holder) {
  if (!holder.is_object() || !holder.contains("pid") || !holder["pid"].is_number_integer()) {
    return false;
  }
  const auto pid = static_cast<pid_t>(holder["pid"].get<std::int64_t>());
  return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM);
}

// One contains the other, or they are the same.
bool overlap(const std::string& a, const std::string& b) {
  const auto contains = [](const std::string& outer, const std::string& inner) {
    return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
  };
  return a == b || contains(a, b) || contains(b, a);
}

[[noreturn]] void refuse(const std::string& path, const json& holder, std::string_view does) {
  throw Error(ErrorKind::conflict,
              fmt::format("{} is being {} by '{}' (pid {})", quoted_path(path), does,
                          holder.value("cmd", "another process"), holder.value("pid", 0)),
              "wait until it has ended");
}

// The file without what dead processes left in it.
json read_locks(const fs::path& file) {
  json locks = json::object();
  std::error_code failed;
  if (fs::exists(file, failed)) {
    json read = json::parse(read_file(file), nullptr, false);
    if (read.is_object()) locks = std::move(read);
  }
  json kept = json::object();
  if (locks.contains("write") && locks["write"].is_object()) {
    for (const auto& [path, holder] : locks["write"].items()) {
      if (alive(holder)) kept["write"][path] = holder;
    }
  }
  if (locks.contains("read") && locks["read"].is_object()) {
    for (const auto& [path, holders] : locks["read"].items()) {
      if (!holders.is_array()) continue;
      for (const auto& holder : holders) {
        if (alive(holder)) kept["read"][path].push_back(holder);
      }
    }
  }
  return kept;
}

void check_free(const json& locks, const std::string& path, bool to_write, pid_t me) {
  if (locks.contains("write")) {
    for (const auto& [other, holder] : locks["write"].items()) {
      if (holder.value("pid", 0) != me && overlap(path, other)) refuse(path, holder, "written");
    }
  }
  if (!to_write || !locks.contains("read")) return;
  for (const auto& [other, holders] : locks["read"].items()) {
    for (const auto& holder : holders) {
      if (holder.value("pid", 0) != me && overlap(path, other)) refuse(path, holder, "read");
    }
  }
}

}  // namespace

struct PathLocks::State {
  fs::path file;
  std::vector<std::string> reads, writes;
  std::string command;

  // Edits the file under its own lock.
  template <class Edit>
  void edit(Edit&& change) const {
    fs::path guard = file;
    guard += ".lock";
    const Descriptor lock(::open(guard.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (lock.get() < 0) fail_file("lock", guard, errno);
    const auto end = Clock::now() + patience;
    while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (Clock::now() > end) {
        throw Error(ErrorKind::conflict, fmt::format("{} stays locked", quoted_path(guard)),
                    "another process seems to hang");
      }
      check_interrupt();
      std::this_thread::sleep_for(pause);
    }
    json locks = read_locks(file);
    change(locks);
    write_file_atomically(file, locks.dump());
  }

  void take() const {
    const pid_t me = ::getpid();
    const json holder{{"pid", me}, {"cmd", command}};
    edit([&](json& locks) {
      for (const auto& path : reads) check_free(locks, path, false, me);
      for (const auto& path : writes) check_free(locks, path, true, me);
      for (const auto& path : reads) locks["read"][path].push_back(holder);
      for (const auto& path : writes) locks["write"][path] = holder;
    });
  }

  void give_back() const {
    const pid_t me = ::getpid();
    edit([&](json& locks) {
      for (const auto& path : writes) {
        if (locks.contains("write")) locks["write"].erase(path);
      }
      for (const auto& path : reads) {
        if (!locks.contains("read") || !locks["read"].contains(path)) continue;
        json kept = json::array();
        bool removed = false;
        for (const auto& holder : locks["read"][path]) {
          if (!removed && holder.value("pid", 0) == me) {
            removed = true;
          } else {
            kept.push_back(holder);
          }
        }
        if (kept.empty()) {
          locks["read"].erase(path);
        } else {
          locks["read"][path] = std::move(kept);
        }
      }
      for (const char* kind : {"read", "write"}) {
        if (locks.contains(kind) && locks[kind].empty()) locks.erase(kind);
      }
    });
  }
};

PathLocks::PathLocks(Repository& repository, std::span<const std::string> reads,
                     std::span<const std::string> writes, std::string_view command)
    : state_(std::make_unique<State>()) {
  state_->file = repository.temporary() / "rwlock";
  state_->command = command;
  for (const auto& path : reads) state_->reads.push_back((repository.root() / path).string());
  for (const auto& path : writes) state_->writes.push_back((repository.root() / path).string());
  state_->take();
}
PathLocks::PathLocks(PathLocks&&) noexcept = default;
PathLocks::~PathLocks() {
  if (!state_) return;
  try {
    state_->give_back();
  } catch (const Error&) {  // the next one drops the entries of a process that is gone
  }
}

}  // namespace mlopsctl::data
