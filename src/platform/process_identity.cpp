#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/process.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace mlopsctl {

namespace {

// Files of /proc have no size and are read in one go.
std::string read_proc(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::array<char, 4096> buffer;
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  return got > 0 ? std::string{buffer.data(), static_cast<std::size_t>(got)} : std::string{};
}

std::string boot_id() {
  static const std::string id{trim(read_proc("/proc/sys/kernel/random/boot_id"))};
  return id;
}

struct ProcessStat {
  std::int64_t start = 0;
  bool zombie = false;  // ended, only not yet waited for
};

// proc(5): field 2 is the name in parentheses and may itself contain anything, so count from the
// last ')'.
ProcessStat process_stat(std::int64_t pid) {
  const std::string text = read_proc(fmt::format("/proc/{}/stat", pid).c_str());
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return {};
  const auto fields = split(std::string_view{text}.substr(name_end + 2), ' ');
  constexpr std::size_t state_field = 3 - 3;
  constexpr std::size_t start_field = 22 - 3;
  if (fields.size() <= start_field) return {};
  return {.start = parse_integer(fields[start_field]).value_or(0),
          .zombie = fields[state_field] == "Z" || fields[state_field] == "X"};
}

}  // namespace

ProcessIdentity identify_process(pid_t pid) {
  return {.pid = pid, .start = process_stat(pid).start, .boot = boot_id(), .host = host_name()};
}

Liveness liveness(const ProcessIdentity& identity) {
  if (identity.pid <= 0) return Liveness::gone;
  if (identity.host != host_name()) return Liveness::unknown;
  if (identity.boot != boot_id()) return Liveness::gone;  // the machine was restarted since
  const auto stat = process_stat(identity.pid);
  const bool same = stat.start == identity.start && stat.start != 0;
  return same && !stat.zombie ? Liveness::alive : Liveness::gone;
}

std::string pid_namespace() {
  std::error_code failed;
  const auto name = std::filesystem::read_symlink("/proc/self/ns/pid", failed);
  return failed ? std::string{} : name.string();
}

std::string executable_path() {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) throw Error{ErrorKind::io, "cannot read '/proc/self/exe': " + failed.message()};
  return path.string();
}

std::string host_name() {
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) return "localhost";
  return buffer.data();
}

std::string user_name() {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr)
    return found->pw_name;
  // Containers often run as a number without an entry.
  for (const char* name : {"LOGNAME", "USER"})
    if (const char* value = ::getenv(name); value != nullptr && *value != '\0') return value;
  return fmt::format("{}", ::geteuid());
}

}  // namespace mlopsctl
