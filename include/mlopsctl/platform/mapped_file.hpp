// The bytes of a file without reading it into memory.
#pragma once

#include "mlopsctl/platform/files.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace mlopsctl {

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

  // The bytes [begin, end) have been used: their pages need not stay in this process's memory.
  // Reading them again is right, and slow if the system has forgotten them too.
  void used(std::size_t begin, std::size_t end) const;

 private:
  MappedFile() = default;

  std::string_view bytes_;
  void* mapping_ = nullptr;
  std::string held_;  // what was no regular file
};

}  // namespace mlopsctl
