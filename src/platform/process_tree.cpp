#include "mlopsctl/platform/process_tree.hpp"

#include "mlopsctl/base/text.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

namespace {

struct Entry {
  pid_t pid = 0, parent = 0, group = 0;
  std::uint64_t ticks = 0, pages = 0;
};

std::string_view read_into(const char* path, std::array<char, 8192>& buffer) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

template <typename Number>
Number number_of(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view next_field(std::string_view& text) {
  const auto end = text.find(' ');
  const auto field = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return field;
}

std::optional<Entry> read_entry(std::string_view pid) {
  std::array<char, 8192> buffer;
  std::string_view text = read_into(("/proc/" + std::string{pid} + "/stat").c_str(), buffer);
  const auto name_end = text.rfind(')');  // the name before it may contain anything
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) return std::nullopt;
  text.remove_prefix(name_end + 2);
  Entry entry;
  entry.pid = number_of<pid_t>(pid);
  for (int field = 3; field <= 24 && !text.empty(); ++field) {
    const auto value = next_field(text);
    if (field == 4) entry.parent = number_of<pid_t>(value);
    if (field == 5) entry.group = number_of<pid_t>(value);
    if (field == 14 || field == 15) entry.ticks += number_of<std::uint64_t>(value);
    if (field == 24) entry.pages = number_of<std::uint64_t>(value);
  }
  return entry;
}

std::vector<Entry> read_all() {
  std::vector<Entry> entries;
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return entries;
  while (const dirent* item = ::readdir(proc)) {
    const std::string_view name{item->d_name};
    if (name.find_first_not_of("0123456789") != std::string_view::npos) continue;
    if (const auto entry = read_entry(name)) entries.push_back(*entry);
  }
  ::closedir(proc);
  return entries;
}

// The number after a label at the beginning of a line.
std::uint64_t labelled(std::string_view text, std::string_view label) {
  const auto at = text.find(label);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + label.size());
  const auto digit = text.find_first_not_of(' ');
  return digit == std::string_view::npos ? 0 : number_of<std::uint64_t>(text.substr(digit));
}

}  // namespace

TreeUsage process_tree_usage(pid_t root) {
  static const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto entries = read_all();
  std::multimap<pid_t, const Entry*> children;
  std::vector<const Entry*> queue;
  for (const auto& entry : entries) {
    children.emplace(entry.parent, &entry);
    if (entry.pid == root || entry.group == root) queue.push_back(&entry);
  }
  TreeUsage usage;
  while (!queue.empty()) {
    const Entry* entry = queue.back();
    queue.pop_back();
    const double seconds = static_cast<double>(entry->ticks) / ticks_per_second;
    if (!usage.cpu_by_process.emplace(entry->pid, seconds).second) continue;
    usage.cpu_seconds += seconds;
    usage.rss_bytes += entry->pages * page;
    const auto [first, last] = children.equal_range(entry->pid);
    for (auto child = first; child != last; ++child) queue.push_back(child->second);
  }
  return usage;
}

MemoryUsage memory_usage() {
  std::array<char, 8192> buffer;
  const auto text = read_into("/proc/meminfo", buffer);
  return {.total_bytes = labelled(text, "MemTotal:") * 1024,
          .available_bytes = labelled(text, "MemAvailable:") * 1024};
}

std::vector<std::string> processes_with(const std::filesystem::path& file) {
  std::vector<std::string> found;
  std::error_code failed;
  for (const auto& entry : read_all()) {
    const std::string process = "/proc/" + std::to_string(entry.pid);
    for (std::filesystem::directory_iterator at(process + "/fd", failed), end; !failed && at != end;
         at.increment(failed)) {
      std::error_code gone;
      if (std::filesystem::read_symlink(at->path(), gone) != file || gone) continue;
      std::array<char, 8192> buffer;
      std::string command(read_into((process + "/cmdline").c_str(), buffer));
      std::ranges::replace(command, '\0', ' ');
      found.push_back(std::to_string(entry.pid) + " (" + shortened(printable(trim(command)), 80) +
                      ")");
      break;
    }
    failed.clear();
  }
  return found;
}

std::int64_t out_of_memory_kills() {
  std::array<char, 8192> buffer;
  return static_cast<std::int64_t>(labelled(read_into("/proc/vmstat", buffer), "\noom_kill "));
}

}  // namespace mlopsctl
