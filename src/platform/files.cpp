#include "mlopsctl/platform/files.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace mlopsctl {

namespace {

constexpr std::size_t block_size = std::size_t{1} << 18U;

[[noreturn]] void fail(std::string_view what, const fs::path& path, int error) {
  const bool absent = error == ENOENT || error == ENOTDIR;
  const bool full = error == ENOSPC || error == EDQUOT;
  throw Error(absent ? ErrorKind::not_found : ErrorKind::io,
              fmt::format("cannot {} {}: {}", what, quoted_path(path), std::strerror(error)),
              full ? "free some space and try again" : "");
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Descriptor open_to_read(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("read", path, errno);
  Descriptor file(fd);
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) fail("read", path, EISDIR);
  return file;
}

std::size_t read_some(int fd, char* data, std::size_t size, const fs::path& path) {
  for (;;) {
    const ssize_t got = ::read(fd, data, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) fail("read", path, errno);
  }
}

std::string read_all(int fd, const fs::path& path) {
  std::string bytes;
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    bytes.reserve(static_cast<std::size_t>(info.st_size));
  }
  std::vector<char> block(block_size);
  while (const std::size_t got = read_some(fd, block.data(), block.size(), path)) {
    bytes.append(block.data(), got);
  }
  return bytes;
}

void write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

// A device or a pipe must be written to, never replaced by a file of its name.
bool is_special(const fs::path& path) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

// A file under a temporary name next to its goal; removed unless it was put in place.
class TemporaryFile {
 public:
  TemporaryFile(const fs::path& goal, int mode, Umask umask = Umask::respected) : goal_(goal) {
    const fs::path folder = goal.has_parent_path() ? goal.parent_path() : fs::path(".");
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) fail("create the folder", folder, failed.value());
    const std::string suffix = new_run_id().substr(0, 12);
    path_ = folder / fmt::format(".{}.{}.tmp", shorter(goal.filename().string()), suffix);
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode));
    if (fd_ < 0) fail("write", goal, errno);
    if (umask == Umask::ignored && ::fchmod(fd_, static_cast<mode_t>(mode)) != 0) {
      const int reason = errno;
      ::unlink(path_.c_str());
      fail("write", goal, reason);
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!placed_) ::unlink(path_.c_str());
  }

  void write(std::string_view bytes) { write_all(fd_, bytes, goal_); }

  void put_in_place() {
    if (::fsync(fd_) != 0) fail("write", goal_, errno);
    if (::close(std::exchange(fd_, -1)) != 0) fail("write", goal_, errno);
    if (::rename(path_.c_str(), goal_.c_str()) != 0) fail("write", goal_, errno);
    placed_ = true;
  }

 private:
  // File names are limited to 255 bytes, of which the suffix needs some.
  static std::string shorter(const std::string& name) { return name.substr(0, 200); }

  fs::path goal_;
  fs::path path_;
  int fd_ = -1;
  bool placed_ = false;
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
      throw Error(ErrorKind::bug, "SHA-256 is not available in this build of OpenSSL");
    }
  }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string hexadecimal() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i)
      fmt::format_to(std::back_inserter(text), "{:02x}", digest[i]);
    return text;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// Feeds a file to the digest and, if there is one, to the copy.
StoredFile pass_through(const fs::path& from, TemporaryFile* copy) {
  const Descriptor source = open_to_read(from);
  StoredFile stored;
  Sha256 digest;
  std::vector<char> block(block_size);
  while (const std::size_t got = read_some(source.get(), block.data(), block.size(), from)) {
    const std::string_view bytes(block.data(), got);
    digest.add(bytes);
    if (copy != nullptr) copy->write(bytes);
    stored.size += got;
  }
  stored.sha256 = digest.hexadecimal();
  return stored;
}

int permissions_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return 0644;
  return static_cast<int>(0644U | (info.st_mode & 0111U));
}

}  // namespace

std::string quoted_path(const fs::path& path) {
  return fmt::format("'{}'", printable(path.string()));
}

std::string read_file(const fs::path& path) {
  const Descriptor file = open_to_read(path);
  return read_all(file.get(), path);
}

void write_file_atomically(const fs::path& path, std::string_view bytes, int mode, Umask umask) {
  if (is_special(path)) {
    const Descriptor target(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (target.get() < 0) fail("write", path, errno);
    write_all(target.get(), bytes, path);
    return;
  }
  TemporaryFile file(path, mode, umask);
  file.write(bytes);
  file.put_in_place();
}

void stream_file_atomically(const fs::path& path,
                            const std::function<void(const WritePiece&)>& make) {
  if (is_special(path)) {
    const Descriptor target(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (target.get() < 0) fail("write", path, errno);
    make([&](std::string_view piece) { write_all(target.get(), piece, path); });
    return;
  }
  TemporaryFile file(path, 0644);
  make([&](std::string_view piece) { file.write(piece); });
  file.put_in_place();
}

StoredFile copy_file_atomically(const fs::path& from, const fs::path& to) {
  TemporaryFile copy(to, permissions_of(from));
  StoredFile stored = pass_through(from, &copy);
  copy.put_in_place();
  return stored;
}

StoredFile digest_file(const fs::path& path) { return pass_through(path, nullptr); }

std::uint64_t free_space(const fs::path& path) {
  fs::path existing = fs::absolute(path);
  std::error_code failed;
  while (!fs::exists(existing, failed) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  const fs::space_info space = fs::space(existing, failed);
  if (failed) fail("look at the file system of", path, failed.value());
  return space.available;
}

std::string read_input(const std::string& name) {
  if (name == "-") return read_all(STDIN_FILENO, "standard input");
  return read_file(name);
}

}  // namespace mlopsctl
