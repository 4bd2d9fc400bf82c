#include "eval/journal.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/eval/result_json.hpp"
#include "mlopsctl/platform/files.hpp"

#include "eval/result_fields.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mlopsctl::eval {

namespace {

constexpr Milliseconds sync_interval{1000};

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw Error(ErrorKind::io,
              fmt::format("cannot {} {}: {}", what, quoted_path(path), std::strerror(errno)));
}

}  // namespace

Journal::Journal(const std::string& path, const std::string& identity, bool resume) : path_(path) {
  if (path.empty()) return;
  std::string kept = identity + "\n";
  if (fs::exists(path)) {
    if (!resume) {
      throw Error(
          ErrorKind::conflict,
          fmt::format("{} holds the answers of an evaluation that did not end", quoted_path(path)),
          "go on with it by --resume, or remove the file");
    }
    read(read_file(path), identity);
    for (const auto& [key, record] : records_) {
      kept += Json(key.first).dump() + "\t" + example_json(record) + "\n";
    }
  }
  // Without the line that was cut off.
  write_file_atomically(path, kept);
  file_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file_ < 0) fail(path, "open");
}

Journal::~Journal() {
  if (file_ >= 0) ::close(file_);
}

void Journal::read(const std::string& text, const std::string& identity) {
  std::string_view rest = text;
  const auto line = [&]() -> std::optional<std::string_view> {
    const auto end = rest.find('\n');
    if (end == rest.npos) return std::nullopt;
    const std::string_view one = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return one;
  };
  const auto head = line();
  if (!head || *head != identity) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("{} is of another model, other tasks or other options", quoted_path(path_)),
        "resume with what it was begun with, or remove the file");
  }
  std::size_t number = 1;
  while (const auto one = line()) {
    const std::string place = fmt::format("line {} of {}", ++number, quoted_path(path_));
    const auto tab = one->find('\t');
    const Json task = Json::parse(one->substr(0, tab), nullptr, false);
    if (tab == one->npos || !task.is_string()) {
      throw Error(ErrorKind::corrupt, place + ": is no record", "remove the file");
    }
    ExampleRecord record = parse_example(one->substr(tab + 1), place);
    // What failed is asked again.
    if (!record.error.empty()) continue;
    records_[{task.get<std::string>(), record.id}] = std::move(record);
  }
}

const ExampleRecord* Journal::find(const std::string& task, const ExampleRecord& begun) const {
  const auto found = records_.find({task, begun.id});
  const bool same = found != records_.end() && found->second.prompt_hash == begun.prompt_hash &&
                    found->second.target_hash == begun.target_hash;
  return same ? &found->second : nullptr;
}

void Journal::add(const std::string& task, const ExampleRecord& record) {
  if (file_ >= 0) waiting_ += Json(task).dump() + "\t" + example_json(record) + "\n";
}

void Journal::write() {
  for (std::size_t at = 0; at < waiting_.size();) {
    const ssize_t wrote = ::write(file_, waiting_.data() + at, waiting_.size() - at);
    if (wrote < 0 && errno != EINTR) fail(path_, "write");
    if (wrote > 0) at += static_cast<std::size_t>(wrote);
  }
  waiting_.clear();
  if (file_ < 0 || now() - synced_ < sync_interval) return;
  if (::fsync(file_) != 0) fail(path_, "write");
  synced_ = now();
}

}  // namespace mlopsctl::eval
