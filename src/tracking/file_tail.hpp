// Reads a file that somebody else is still writing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace mlopsctl {

class FileTail {
 public:
  FileTail(std::filesystem::path path, std::uint64_t offset);
  ~FileTail();
  FileTail(const FileTail&) = delete;
  FileTail& operator=(const FileTail&) = delete;

  // Bytes in the file now; 0 while it does not exist.
  std::uint64_t size();
  std::uint64_t offset() const { return offset_; }
  void set_offset(std::uint64_t offset) { offset_ = offset; }

  // Hands on what lies before `end`, in pieces; stops early when `visit` returns false.
  // Throws Error{io} if the file cannot be read.
  void read_to(std::uint64_t end, const std::function<bool(std::string_view)>& visit);

 private:
  bool open();
  std::filesystem::path path_;
  std::uint64_t offset_;
  int fd_ = -1;
  std::string buffer_;
};

}  // namespace mlopsctl
