// The bytes of a file without reading it into memory.
#pragma once

#include "mlopsctl/platform/files.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl {

// Which file a path names, and whether it is as it was.
struct FileState {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;  // since 1970: mtime, and ctime, which nobody sets
  bool own = false;                              // this user's, and nobody else may write it
  bool operator==(const FileState&) const = default;
};
// Nothing if there is no regular file.
std::optional<FileState> file_state(const fs::path& path);

// Regular files are mapped read-only; pipes and devices are read to their end. A file that is
// shortened while it is mapped ends the process, as it does every program that maps files.
class MappedFile {
 public:
  // Throws Error{not_found} or Error{io}; the message names the file.
  static std::shared_ptr<const MappedFile> open(const fs::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return bytes_; }  // valid as long as the object

  const fs::path& path() const { return path_; }
  const std::optional<FileState>& state() const { return state_; }  // when it was opened

  // The bytes [begin, end) have been used: their pages need not stay in this process's memory.
  // Reading them again is right, and slow if the system has forgotten them too.
  void used(std::size_t begin, std::size_t end) const;

 private:
  MappedFile() = default;

  fs::path path_;
  std::optional<FileState> state_;
  std::string_view bytes_;
  void* mapping_ = nullptr;
  std::string held_;  // what was no regular file
};

}  // namespace mlopsctl
