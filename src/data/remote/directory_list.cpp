#include "data/remote/directory_list.hpp"

#include "data/descriptor.hpp"

#include <fmt/format.h>

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace mlopsctl::data {

namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

bool is_temporary(std::string_view name) { return name.starts_with('.') && name.ends_with(".tmp"); }

// Names in a folder in the order of the keys below it: a folder's has its '/'.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseFolder> open(::opendir(folder.c_str()));
  if (!open) {
    if (errno == ENOENT || errno == ENOTDIR) return names;
    fail_file("read the folder", folder, errno);
  }
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || is_temporary(name)) continue;
    bool directory = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK) {
      std::error_code failed;
      directory = fs::is_directory(folder / name, failed);
    }
    names.push_back(std::string(name) + (directory ? "/" : ""));
  }
  std::ranges::sort(names);
  return names;
}

class Listing {
 public:
  Listing(const fs::path& root, const ListQuery& query) : root_(root), query_(query) {}

  ObjectPage take() {
    const auto slash = query_.prefix.rfind('/');
    visit(slash == std::string::npos ? "" : query_.prefix.substr(0, slash + 1));
    return std::move(page_);
  }

 private:
  // Everything below a folder, whose key is empty or ends in '/'. False: the page is full.
  bool visit(const std::string& folder) {
    for (const auto& name : names_in(root_ / folder)) {
      const std::string key = folder + name;
      if (!key.starts_with(query_.prefix)) continue;
      const bool directory = key.ends_with('/');
      if (!directory) {
        if (key > query_.start_after && !add(key)) return false;
        continue;
      }
      const bool passed = key <= query_.start_after && !query_.start_after.starts_with(key);
      if (passed) continue;
      if (query_.flat) {
        if (!visit(key)) return false;
      } else if (!query_.start_after.starts_with(key)) {
        if (full(key)) return false;
        page_.folders.push_back(key);
        last_ = key + "\xF4\x8F\xBF\xBF";
      }
    }
    return true;
  }

  bool full(const std::string&) {
    if (page_.objects.size() + page_.folders.size() < query_.limit) return false;
    page_.next = last_;
    return true;
  }

  bool add(const std::string& key) {
    struct stat status {};
    if (::stat((root_ / key).c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return true;
    if (full(key)) return false;
    page_.objects.push_back(directory_object(key, status));
    last_ = key;
    return true;
  }

  const fs::path& root_;
  const ListQuery& query_;
  ObjectPage page_;
  std::string last_;
};

}  // namespace

ObjectPage list_directory(const fs::path& root, const ListQuery& query) {
  return Listing(root, query).take();
}

ObjectInfo directory_object(const std::string& key, const struct stat& status) {
  const std::int64_t nanoseconds =
      std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  return {.key = key,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified = Timestamp{nanoseconds / 1'000'000},
          .etag = fmt::format("{:x}-{:x}-{:x}", status.st_ino, nanoseconds, status.st_size)};
}

}  // namespace mlopsctl::data
