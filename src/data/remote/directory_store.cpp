// Objects as files below a folder.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/md5.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "data/descriptor.hpp"
#include "data/remote/directory_list.hpp"
#include "data/remote/stores.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace mlopsctl::data {

namespace {

constexpr std::size_t block_size = std::size_t{256} << 10U;
constexpr std::size_t usual_threads = 8;

// A file under a temporary name; gone unless it was given its own.
class Temporary {
 public:
  explicit Temporary(const fs::path& goal)
      : path_(goal.parent_path() / fmt::format(".{}.tmp", new_run_id())),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (file_.get() < 0) fail_file("write", path_, errno);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() { ::unlink(path_.c_str()); }

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail_file("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  // False if `goal` is there and must not be replaced.
  bool place(const fs::path& goal, mode_t mode, bool if_absent) const {
    if (::fchmod(file_.get(), mode) != 0 || ::fdatasync(file_.get()) != 0)
      fail_file("write", goal, errno);
    if (if_absent) {
      if (::link(path_.c_str(), goal.c_str()) == 0) return true;
      if (errno == EEXIST) return false;
      fail_file("write", goal, errno);
    }
    if (::rename(path_.c_str(), goal.c_str()) != 0) fail_file("write", goal, errno);
    return true;
  }

 private:
  fs::path path_;
  Descriptor file_;
};

class DirectoryStore final : public ObjectStore {
 public:
  explicit DirectoryStore(fs::path root) : root_(std::move(root)) {}

  std::string url(std::string_view key) const override { return (root_ / key).string(); }
  ObjectPage list(const ListQuery& query) override { return list_directory(root_, query); }

  std::optional<ObjectInfo> head(const std::string& key) override {
    const fs::path path = path_of(key);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
      fail_file("look at", path, errno);
    }
    if (!S_ISREG(status.st_mode)) return std::nullopt;
    return directory_object(key, status);
  }

  ObjectInfo get(const std::string& key, const GetQuery& query) override {
    const auto info = head(key);
    if (!info) throw Error(ErrorKind::not_found, fmt::format("{} is not there", url(key)));
    const fs::path path = path_of(key);
    const Descriptor file = open_for_reading(path);
    std::uint64_t offset = query.range ? query.range->offset : 0;
    std::uint64_t left = query.range ? query.range->size : info->size;
    std::vector<char> block(std::min<std::uint64_t>(block_size, std::max<std::uint64_t>(left, 1)));
    while (left > 0) {
      check_interrupt();
      const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), left));
      const ssize_t got = ::pread(file.get(), block.data(), most, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail_file("read", path, errno);
      if (got == 0) break;
      if (query.sink) query.sink({block.data(), static_cast<std::size_t>(got)});
      offset += static_cast<std::uint64_t>(got);
      left -= static_cast<std::uint64_t>(got);
    }
    return *info;
  }

  PutResult put(const std::string& key, const ObjectSource& source,
                const PutOptions& options) override {
    const fs::path goal = path_of(key);
    if (options.if_absent && head(key)) return PutResult::was_there;
    std::error_code failed;
    fs::create_directories(goal.parent_path(), failed);
    if (failed) fail_file("make the folder", goal.parent_path(), failed.value());
    const Temporary temporary(goal);
    Md5 digest;
    if (const auto* bytes = std::get_if<std::string>(&source)) {
      temporary.write(*bytes);
      if (!options.md5.empty()) digest.add(*bytes);
    } else {
      copy(std::get<fs::path>(source), temporary, options.md5.empty() ? nullptr : &digest);
    }
    if (!options.md5.empty()) {
      const std::string md5 = digest.hexadecimal();
      if (md5 != options.md5) {
        throw Error(ErrorKind::corrupt,
                    fmt::format("{}: the bytes have MD5 {}, not {}", url(key), md5, options.md5));
      }
    }
    const bool run_cache = key.starts_with("runs/");
    return temporary.place(goal, run_cache ? 0644 : 0444, options.if_absent) ? PutResult::stored
                                                                             : PutResult::was_there;
  }

  std::vector<FailedKey> remove(std::span<const std::string> keys) override {
    std::vector<FailedKey> failed;
    for (const auto& key : keys) {
      const fs::path path = path_of(key);
      if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) continue;
      failed.push_back({key, std::strerror(errno)});
    }
    return failed;
  }

  std::unique_ptr<ObjectQueue> queue(const QueueOptions& options) override {
    return make_thread_queue(*this, options, usual_threads);
  }

 private:
  fs::path path_of(const std::string& key) const {
    const fs::path relative(key);
    for (const auto& part : relative) {
      if (part == ".." || part == "." || relative.is_absolute())
        throw Error(ErrorKind::usage, fmt::format("the key '{}' leaves the store", key));
    }
    return root_ / relative;
  }

  static void copy(const fs::path& from, const Temporary& to, Md5* digest) {
    const Descriptor file = open_for_reading(from);
    std::vector<char> block(block_size);
    for (;;) {
      check_interrupt();
      const ssize_t got = ::read(file.get(), block.data(), block.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail_file("read", from, errno);
      if (got == 0) return;
      const std::string_view bytes(block.data(), static_cast<std::size_t>(got));
      to.write(bytes);
      if (digest != nullptr) digest->add(bytes);
    }
  }

  fs::path root_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_directory_store(fs::path root) {
  return std::make_unique<DirectoryStore>(std::move(root));
}

}  // namespace mlopsctl::data
