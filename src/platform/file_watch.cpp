#include "mlopsctl/platform/file_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace mlopsctl {

FileWatch::FileWatch() : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

FileWatch::~FileWatch() {
  if (fd_ >= 0) ::close(fd_);
}

void FileWatch::add(const std::filesystem::path& file) {
  if (fd_ < 0) return;
  if (::inotify_add_watch(fd_, file.c_str(), IN_MODIFY) >= 0) return;
  ::close(fd_);  // half a watch would be trusted
  fd_ = -1;
}

void FileWatch::clear() {
  std::array<char, 4096> buffer;
  while (fd_ >= 0 && ::read(fd_, buffer.data(), buffer.size()) > 0) {
  }
}

}  // namespace mlopsctl
