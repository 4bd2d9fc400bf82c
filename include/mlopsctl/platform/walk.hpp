// What is below a folder, with few system calls a file; and work spread over a few threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

namespace fs = std::filesystem;

// What tells a file from what it was before, without reading it.
struct FileStamp {
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0;  // since the epoch
  std::uint64_t size = 0;        // bytes
  std::uint32_t mode = 0;        // permission bits
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// Of the file that a path leads to; nothing if there is none, or it is no regular file.
std::optional<FileStamp> stamp_of(const fs::path& path);
FileStamp stamp_of(int descriptor);

struct WalkedFile {
  std::string path;  // relative to the folder, '/' between names
  FileStamp stamp;
};

struct WalkOptions {
  // Asked for each folder and file; a folder that is skipped is not entered. May be empty.
  std::function<bool(std::string_view path, bool is_directory)> skip;
  unsigned threads = 2;  // that ask for sizes and times
  bool sorted = true;    // false: in no particular order, which is faster
};

// Every regular file below `folder`, sorted by path as bytes. Links to files are followed, links to
// folders left out. Throws Error{not_found} for a link to nothing, Error{conflict} for sockets,
// pipes and devices, Error{io} for what cannot be read.
std::vector<WalkedFile> walk_files(const fs::path& folder, const WalkOptions& options = {});

// Calls work(i) for every i below `count` on up to `threads` threads, in pieces of `piece`. The
// first exception ends it and is thrown here.
void parallel_for(std::size_t count, std::size_t piece, unsigned threads,
                  const std::function<void(std::size_t)>& work);

// Threads that work on files is spread over when nothing else is asked for.
unsigned file_threads();

}  // namespace mlopsctl
