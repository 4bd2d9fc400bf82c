#include "mlopsctl/data/cache.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/walk.hpp"

#include "data/descriptor.hpp"
#include "data/hash.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <set>

namespace mlopsctl::data {

namespace {

constexpr unsigned trusted_mode = 0444;
constexpr std::size_t single_syncs = 32;  // up to here each file is synced by itself
constexpr std::size_t most_pending = 65'536;
constexpr std::size_t rename_piece = 64;

struct Pending {
  fs::path temporary;
  ObjectId id;
};

void sync_file(const fs::path& path) {
  const Descriptor file = open_for_reading(path);
  if (::fdatasync(file.get()) != 0) fail_file("sync", path, errno);
}

}  // namespace

struct ObjectCache::State {
  fs::path folder;
  fs::path staging;
  std::vector<LinkType> links;
  bool shared = false;
  std::atomic<bool> cloning{false};
  std::mutex guard;
  std::set<fs::path> made;  // folders that exist
  std::vector<Pending> pending;

  void discard() {
    for (const auto& one : pending) ::unlink(one.temporary.c_str());
    pending.clear();
  }

  void make_folder(const fs::path& wanted) {
    const std::scoped_lock lock(guard);
    if (made.contains(wanted)) return;
    std::error_code failed;
    std::vector<fs::path> missing;
    for (fs::path at = wanted; !fs::exists(at, failed) && at.has_relative_path();
         at = at.parent_path()) {
      missing.push_back(at);
    }
    fs::create_directories(wanted, failed);
    if (failed) fail_file("make the folder", wanted, failed.value());
    if (shared) {
      for (const auto& one : missing) ::chmod(one.c_str(), 02775);
    }
    made.insert(wanted);
  }
};

ObjectCache::ObjectCache(fs::path folder, std::vector<LinkType> links, bool shared,
                         fs::path staging)
    : state_(std::make_unique<State>()) {
  state_->folder = std::move(folder);
  state_->staging = std::move(staging);
  state_->links = std::move(links);
  state_->shared = shared;
  state_->cloning = std::ranges::find(state_->links, LinkType::reflink) != state_->links.end();
}
ObjectCache::ObjectCache(ObjectCache&&) noexcept = default;
ObjectCache::~ObjectCache() {
  if (state_) state_->discard();
}

const fs::path& ObjectCache::folder() const { return state_->folder; }
const fs::path& ObjectCache::staging() const { return state_->staging; }
const std::vector<LinkType>& ObjectCache::link_types() const { return state_->links; }
fs::path ObjectCache::path_of(const ObjectId& id) const { return state_->folder / object_path(id); }
bool ObjectCache::clones() const { return state_->cloning; }
void ObjectCache::cannot_clone() { state_->cloning = false; }

bool ObjectCache::has(const ObjectId& id) {
  const fs::path path = path_of(id);
  const auto stamp = stamp_of(path);
  if (!stamp) return false;
  if ((stamp->mode & 0777U) == trusted_mode) return true;
  std::string_view wanted = id.hex;
  if (id.is_directory()) wanted.remove_suffix(4);
  // A directory object of DVC 2 is named after its own bytes, too.
  const HashKind kind = id.is_directory() ? HashKind::md5 : id.kind;
  if (hash_file(path, kind).md5 != wanted) {
    ::unlink(path.c_str());
    return false;
  }
  ::chmod(path.c_str(), trusted_mode);  // somebody else's object in a shared cache stays as it is
  return true;
}

std::string ObjectCache::read(const ObjectId& id) {
  if (!has(id)) {
    throw Error(ErrorKind::not_found, fmt::format("the cache has no object '{}'", id.hex),
                "'mlopsctl data fetch' gets it from a remote");
  }
  return read_file(path_of(id));
}

Tree ObjectCache::tree(const ObjectId& id) {
  try {
    return parse_tree(read(id));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    throw Error(ErrorKind::corrupt, fmt::format("{}: {}", quoted_path(path_of(id)), error.what()),
                "remove it and fetch it again");
  }
}

fs::path ObjectCache::temporary_path(const ObjectId& id) {
  const fs::path folder = path_of(id).parent_path();
  state_->make_folder(folder);
  return temporary_name(folder);
}

void ObjectCache::adopt(const fs::path& temporary, const ObjectId& id) {
  if (::chmod(temporary.c_str(), trusted_mode) != 0) fail_file("protect", temporary, errno);
  state_->make_folder(path_of(id).parent_path());
  std::size_t waiting = 0;
  {
    const std::scoped_lock lock(state_->guard);
    state_->pending.push_back({temporary, id});
    waiting = state_->pending.size();
  }
  if (waiting >= most_pending) sync();
}

void ObjectCache::store(const ObjectId& id, std::string_view bytes) {
  if (has(id)) return;
  const fs::path temporary = temporary_path(id);
  {
    const Descriptor file = create_file(temporary, 0644);
    write_fully(file.get(), bytes, temporary);
  }
  adopt(temporary, id);
}

void ObjectCache::sync() {
  std::vector<Pending> ready;
  {
    const std::scoped_lock lock(state_->guard);
    ready.swap(state_->pending);
  }
  if (ready.empty()) return;
  const auto put_back = [&] {
    const std::scoped_lock lock(state_->guard);
    state_->pending.insert(state_->pending.end(), ready.begin(), ready.end());
  };
  try {
    const bool few = ready.size() <= single_syncs;
    if (few) {
      for (const auto& one : ready) sync_file(one.temporary);
    } else {
      sync_file_system(state_->folder);
    }
    parallel_for(ready.size(), rename_piece, file_threads(),
                 [&](std::size_t i) { rename_file(ready[i].temporary, path_of(ready[i].id)); });
    if (few) {
      for (const auto& one : ready) sync_folder(path_of(one.id).parent_path());
    } else {
      sync_file_system(state_->folder);
    }
  } catch (...) {  // what got its name is gone from the temporary ones, the rest is discarded
    put_back();
    throw;
  }
}

void ObjectCache::remove(const ObjectId& id) {
  const fs::path path = path_of(id);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail_file("remove", path, errno);
}

namespace {

bool is_prefix(const std::string& name) {
  return name.size() == 2 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Calls visit(path, first two digits, rest) for the files of the 256 folders below `top`.
template <class Visit>
void each_file(const fs::path& top, Visit&& visit) {
  std::error_code failed;
  for (fs::directory_iterator at(top, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string prefix = at->path().filename().string();
    if (!is_prefix(prefix)) continue;
    std::error_code inner;
    for (fs::directory_iterator file(at->path(), inner); !inner && file != end;
         file.increment(inner)) {
      visit(file->path(), prefix, file->path().filename().string());
    }
  }
}

}  // namespace

std::vector<CachedObject> ObjectCache::list() const {
  std::vector<CachedObject> objects;
  const auto collect = [&](HashKind kind) {
    return [&objects, kind](const fs::path& path, const std::string& prefix,
                            const std::string& rest) {
      if (!is_object_name(prefix + rest)) return;
      struct stat info {};
      if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
      const std::int64_t changed = info.st_ctim.tv_sec * 1000 + info.st_ctim.tv_nsec / 1'000'000;
      objects.push_back({.id = {prefix + rest, kind},
                         .size = static_cast<std::uint64_t>(info.st_size),
                         .changed_ms = changed});
    };
  };
  each_file(state_->folder / "files" / "md5", collect(HashKind::md5));
  each_file(state_->folder, collect(HashKind::legacy));
  return objects;
}

std::vector<fs::path> ObjectCache::leftovers() const {
  std::vector<fs::path> found;
  const auto collect = [&](const fs::path& path, const std::string&, const std::string& name) {
    if (name.starts_with('.') && name.ends_with(".tmp")) found.push_back(path);
  };
  each_file(state_->folder / "files" / "md5", collect);
  each_file(state_->folder, collect);
  return found;
}

}  // namespace mlopsctl::data
