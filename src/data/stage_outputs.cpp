#include "data/stage_outputs.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/walk.hpp"

#include "data/gitignore.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

namespace mlopsctl::data {

namespace {

void remove_path(const fs::path& path) {
  std::error_code failed;
  fs::remove_all(path, failed);
  if (failed) {
    throw Error(ErrorKind::io, fmt::format("cannot remove the output {}: {}", quoted_path(path),
                                           failed.message()));
  }
}

// A link, or a file that shares its bytes with the cache, becomes a copy of its own.
void make_writable(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return;
  if (S_ISDIR(info.st_mode)) {
    for (const auto& entry : fs::directory_iterator(path)) make_writable(entry.path());
    return;
  }
  const bool shared = S_ISLNK(info.st_mode) || info.st_nlink > 1 || (info.st_mode & S_IWUSR) == 0;
  if (!shared || (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))) return;
  fs::path copy = path;
  copy += ".mlopsctl-copy";
  fs::copy_file(path, copy, fs::copy_options::overwrite_existing);
  ::chmod(copy.c_str(), (info.st_mode & S_IXUSR) != 0 ? 0755 : 0644);
  fs::rename(copy, path);
}

void put_object(ObjectCache& cache, const LockedItem& item, const fs::path& target) {
  remove_path(target);
  if (!item.id->is_directory()) {
    materialise(cache, *item.id, target, item.executable);
    return;
  }
  fs::create_directories(target);
  const Tree tree = cache.tree(*item.id);
  parallel_for(tree.entries.size(), 16, file_threads(), [&](std::size_t i) {
    const auto& member = tree.entries[i];
    materialise(cache, {member.md5, item.id->kind}, target / member.path, false);
  });
}

}  // namespace

void clear_outputs(Repository& repository, const Stage& stage) {
  for (const auto& out : stage.outs) {
    const fs::path path = repository.root() / stage.path_of(out.path);
    if (out.persist) {
      make_writable(path);
    } else {
      remove_path(path);
    }
  }
}

void record_outputs(Repository& repository, StageInspector& inspector, const Stage& stage,
                    bool commit, bool all, LockEntry& entry, std::vector<std::string>& changed,
                    Progress& progress) {
  entry.outs.clear();
  for (const auto& out : stage.outs) {
    const std::string path = stage.path_of(out.path);
    auto now = inspector.item(stage, out.path, HashKind::md5);
    if (!now) {
      throw Error(ErrorKind::not_found,
                  fmt::format("the output {} does not exist", quote(out.path)),
                  "the command ended without making it; correct the command, or the output's path");
    }
    if (out.cache && !path.empty()) {
      if (auto file = ignore_in_git(repository, path); !file.empty())
        changed.push_back(std::move(file));
    }
    if (commit && (out.cache || all)) {
      const PathDigest stored =
          store_path(repository, inspector.digests(), path, {.relink = out.cache}, progress);
      now->id = stored.id;
      now->size = stored.size;
      now->nfiles = stored.nfiles;
      now->executable = stored.executable;
    }
    entry.outs.push_back(std::move(*now));
  }
  if (commit) repository.cache().sync();
}

void restore_outputs(Repository& repository, StageInspector& inspector, const Stage& stage,
                     const LockEntry& entry, std::vector<std::string>& changed) {
  ObjectCache& cache = repository.cache();
  // Outputs that git keeps are copies, whatever the cache's links are.
  ObjectCache copies(cache.folder(), {LinkType::copy}, false, cache.staging());
  for (const auto& out : stage.outs) {
    const LockedItem* item = entry.out(out.path);
    if (item == nullptr || !item->id) continue;
    const std::string path = stage.path_of(out.path);
    const auto now = inspector.item(stage, out.path, item->id->kind);
    if (!now || now->id != item->id) {
      put_object(out.cache ? cache : copies, *item, repository.root() / path);
    }
    if (!out.cache) continue;
    if (auto file = ignore_in_git(repository, path); !file.empty())
      changed.push_back(std::move(file));
  }
}

}  // namespace mlopsctl::data
