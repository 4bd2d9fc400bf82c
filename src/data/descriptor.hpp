// An open file, and the few system calls that cache and hashing make on it.
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl::data {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const { return fd_; }

 private:
  int fd_;
};

// Throws Error naming what could not be done to which file; a full disk gets a hint.
[[noreturn]] void fail_file(std::string_view what, const fs::path& path, int error);

Descriptor open_for_reading(const fs::path& path);
// A new file that did not exist.
Descriptor create_file(const fs::path& path, int mode);

// Fills the buffer unless the file ends before; empty at the end.
std::string_view read_chunk(int fd, std::vector<char>& buffer, const fs::path& path);
void write_fully(int fd, std::string_view bytes, const fs::path& path);

// Shares the bytes of `from` with `to` where the file system can. False: it cannot.
bool clone_bytes(int from, int to);

// Renames, replacing what is there in one step.
void rename_file(const fs::path& from, const fs::path& to);

// Makes what was written to the file system of this folder durable.
void sync_file_system(const fs::path& folder);
// Makes a new name in this folder durable.
void sync_folder(const fs::path& folder);

// An unused hidden name in a folder.
fs::path temporary_name(const fs::path& folder);

}  // namespace mlopsctl::data
