// Wakes a loop when files grow (inotify).
#pragma once

#include <filesystem>

namespace mlopsctl {

class FileWatch {
 public:
  FileWatch();
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  void add(const std::filesystem::path& file);
  int fd() const {
    return fd_;
  }              // readable after a change; -1 if the system has no watches left: poll then
  void clear();  // takes note of the changes so far

 private:
  int fd_ = -1;
};

}  // namespace mlopsctl
