#include "tracking/file_tail.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace mlopsctl {

namespace {
constexpr std::size_t piece = 128U << 10U;
}

FileTail::FileTail(std::filesystem::path path, std::uint64_t offset)
    : path_(std::move(path)), offset_(offset) {}

FileTail::~FileTail() {
  if (fd_ >= 0) ::close(fd_);
}

bool FileTail::open() {
  if (fd_ < 0) fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0 && errno != ENOENT)
    throw Error{ErrorKind::io,
                fmt::format("cannot open {}: {}", quote(path_.string()), std::strerror(errno))};
  return fd_ >= 0;
}

std::uint64_t FileTail::size() {
  struct stat info {};
  if (!open() || ::fstat(fd_, &info) != 0) return 0;
  return static_cast<std::uint64_t>(info.st_size);
}

void FileTail::read_to(std::uint64_t end, const std::function<bool(std::string_view)>& visit) {
  if (offset_ >= end || !open()) return;
  buffer_.resize(piece);
  while (offset_ < end) {
    const auto want =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), end - offset_));
    const ssize_t got = ::pread(fd_, buffer_.data(), want, static_cast<off_t>(offset_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error{ErrorKind::io,
                  fmt::format("cannot read {}: {}", quote(path_.string()), std::strerror(errno))};
    if (got == 0) return;
    offset_ += static_cast<std::uint64_t>(got);
    if (!visit({buffer_.data(), static_cast<std::size_t>(got)})) return;
  }
}

}  // namespace mlopsctl
