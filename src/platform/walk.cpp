#include "mlopsctl/platform/walk.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace mlopsctl {

namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;
constexpr std::size_t stat_piece = 256;  // files a thread takes at once

FileStamp to_stamp(const struct stat& info) {
  return {.inode = info.st_ino,
          .modified_ns = info.st_mtim.tv_sec * ns_per_second + info.st_mtim.tv_nsec,
          .size = static_cast<std::uint64_t>(info.st_size),
          .mode = info.st_mode & 07777U};
}

[[noreturn]] void fail(std::string_view what, const fs::path& path, int error) {
  throw Error(error == ENOENT || error == ENOTDIR ? ErrorKind::not_found : ErrorKind::io,
              fmt::format("cannot {} {}: {}", what, quoted_path(path), std::strerror(error)));
}

struct Found {
  std::string path;
  bool link = false;
};

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// Adds the files of one folder to `files` and its folders to `folders`.
void read_folder(int root, const fs::path& top, const std::string& relative,
                 const WalkOptions& options, std::vector<Found>& files,
                 std::vector<std::string>& folders) {
  const char* name = relative.empty() ? "." : relative.c_str();
  const int fd = ::openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) fail("read the folder", top / relative, errno);
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(fd));
  if (!folder) {
    ::close(fd);
    fail("read the folder", top / relative, ENOMEM);
  }
  const std::string prefix = relative.empty() ? "" : relative + "/";
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) {
      if (errno != 0) fail("read the folder", top / relative, errno);
      return;
    }
    const std::string_view base = entry->d_name;
    if (base == "." || base == "..") continue;
    std::string path = prefix;
    path += base;
    unsigned char type = entry->d_type;
    if (type == DT_UNKNOWN) {
      struct stat info {};
      if (::fstatat(root, path.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      type = S_ISDIR(info.st_mode) ? DT_DIR : S_ISLNK(info.st_mode) ? DT_LNK : DT_REG;
    }
    if (options.skip && options.skip(path, type == DT_DIR)) continue;
    if (type == DT_DIR) {
      folders.push_back(std::move(path));
    } else {
      files.push_back({std::move(path), type == DT_LNK});
    }
  }
}

}  // namespace

unsigned file_threads() { return std::clamp(std::thread::hardware_concurrency(), 2U, 16U); }

std::optional<FileStamp> stamp_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return to_stamp(info);
}

FileStamp stamp_of(int descriptor) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) {
    throw Error(ErrorKind::io,
                fmt::format("cannot look at an open file: {}", std::strerror(errno)));
  }
  return to_stamp(info);
}

std::vector<WalkedFile> walk_files(const fs::path& folder, const WalkOptions& options) {
  const int root = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) fail("read the folder", folder, errno);
  struct Close {
    int fd;
    ~Close() { ::close(fd); }
  } const close{root};
  std::vector<Found> found;
  std::vector<std::string> folders{""};
  while (!folders.empty()) {
    const std::string next = std::move(folders.back());
    folders.pop_back();
    read_folder(root, folder, next, options, found, folders);
  }
  std::vector<WalkedFile> files(found.size());
  std::vector<char> gone(found.size());
  parallel_for(found.size(), stat_piece, options.threads, [&](std::size_t i) {
    struct stat info {};
    if (::fstatat(root, found[i].path.c_str(), &info, 0) != 0) {
      if (errno == ENOENT && !found[i].link) {  // removed while we walked
        gone[i] = 1;
        return;
      }
      fail(found[i].link ? "follow the link" : "look at", folder / found[i].path, errno);
    }
    if (S_ISDIR(info.st_mode)) {
      gone[i] = 1;
    } else if (!S_ISREG(info.st_mode)) {
      throw Error(ErrorKind::conflict,
                  fmt::format("{} is no regular file", quoted_path(folder / found[i].path)),
                  "sockets, pipes and devices cannot be versioned");
    } else {
      files[i] = {std::move(found[i].path), to_stamp(info)};
    }
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (gone[i] != 0) continue;
    if (kept != i) files[kept] = std::move(files[i]);
    ++kept;
  }
  files.resize(kept);
  if (options.sorted) std::ranges::sort(files, {}, &WalkedFile::path);
  return files;
}

void parallel_for(std::size_t count, std::size_t piece, unsigned threads,
                  const std::function<void(std::size_t)>& work) {
  const std::size_t pieces = (count + piece - 1) / piece;
  const auto wanted = static_cast<unsigned>(std::min<std::size_t>(threads, pieces));
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex guard;
  const auto take_pieces = [&] {
    try {
      for (std::size_t at = next.fetch_add(piece); at < count; at = next.fetch_add(piece)) {
        const std::size_t end = std::min(at + piece, count);
        for (std::size_t i = at; i < end; ++i) work(i);
      }
    } catch (...) {  // carried to the caller's thread
      const std::scoped_lock lock(guard);
      if (!failure) failure = std::current_exception();
      next = count;
    }
  };
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < wanted; ++i) helpers.emplace_back(take_pieces);
  take_pieces();
  helpers.clear();  // joins
  if (failure) std::rethrow_exception(failure);
}

}  // namespace mlopsctl
