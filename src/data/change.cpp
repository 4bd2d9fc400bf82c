#include "mlopsctl/data/change.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/data/digests.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/walk.hpp"

#include "data/descriptor.hpp"
#include "data/gitignore.hpp"
#include "data/pointer_file.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <set>

namespace mlopsctl::data {

namespace {

constexpr unsigned owner_writes = 0200;

void require_pointer(const TrackedOutput& output, std::string_view instead) {
  if (output.stage.empty()) return;
  throw Error(ErrorKind::conflict,
              fmt::format("'{}' is an output of the stage '{}'", output.path, output.address()),
              std::string(instead));
}

// Replaces a link, or a file that shares its inode, by a file of its own. False if it is one.
bool make_own(const fs::path& staging, const fs::path& file) {
  struct stat link {};
  if (::lstat(file.c_str(), &link) != 0) return false;
  const bool shared = S_ISLNK(link.st_mode) || link.st_nlink > 1;
  if (!shared) {
    if ((link.st_mode & owner_writes) != 0) return false;
    ::chmod(file.c_str(), (link.st_mode & 0777U) | owner_writes);
    return true;
  }
  fs::create_directories(staging);
  const fs::path temporary = temporary_name(staging);
  {
    const Descriptor from = open_for_reading(file);
    const Descriptor to = create_file(temporary, 0666);
    std::vector<char> buffer(std::size_t{1} << 20U);
    for (;;) {
      const std::string_view chunk = read_chunk(from.get(), buffer, file);
      if (chunk.empty()) break;
      write_fully(to.get(), chunk, temporary);
    }
  }
  rename_file(temporary, file);
  return true;
}

bool unprotect_path(Repository& repository, const std::string& path) {
  const fs::path whole = repository.root() / path;
  const fs::path staging = repository.cache().staging();
  std::error_code failed;
  if (!fs::is_directory(whole, failed)) return make_own(staging, whole);
  bool changed = false;
  for (const auto& file : walk_files(whole)) {
    changed = make_own(staging, whole / file.path) || changed;
  }
  return changed;
}

}  // namespace

ChangeResult remove_outputs(Repository& repository, std::span<const SelectedOutput> outputs,
                            bool with_data) {
  const RepositoryLock lock(repository);
  ChangeResult result;
  std::set<std::string> files;
  for (const auto& [output, inside] : outputs) {
    require_pointer(output, "remove the stage from its dvc.yaml");
    if (!inside.empty()) {
      throw Error(ErrorKind::usage,
                  fmt::format("'{}/{}' is inside tracked data", output.path, inside),
                  fmt::format("delete it and 'mlopsctl data add {}'", output.path));
    }
    files.insert(output.file);
  }
  Digests digests(repository);
  for (const auto& output : repository.outputs()) {  // a file of DVC 1 may have several outputs
    if (!files.contains(output.file)) continue;
    // What stays must not depend on the cache, which gc will empty.
    if (!with_data) unprotect_path(repository, output.path);
    digests.forget(output.path);
    const std::string ignored = unignore_in_git(repository, output.path);
    if (!ignored.empty()) result.changed_files.push_back(ignored);
    result.outputs.push_back(output.path);
  }
  for (const auto& file : files) {
    fs::remove(repository.root() / file);
    result.changed_files.push_back(file);
  }
  // The data last: while the pointer file is there, everything can be had again.
  if (with_data) {
    for (const auto& path : result.outputs) fs::remove_all(repository.root() / path);
  }
  repository.refresh();
  result.staged = autostage(repository, result.changed_files);
  return result;
}

ChangeResult move_output(Repository& repository, const std::string& from, const std::string& to,
                         const fs::path& base) {
  const RepositoryLock lock(repository);
  const std::vector<std::string> targets{from};
  const auto found = repository.select(targets, base);
  if (found.size() != 1 || !found.front().inside.empty()) {
    throw Error(ErrorKind::usage, fmt::format("'{}' is no tracked file or folder by itself", from));
  }
  const TrackedOutput old = found.front().output;
  require_pointer(old, "change the path in its dvc.yaml");
  std::string path = repository.relative(to, base);
  std::error_code failed;
  if (fs::is_directory(repository.root() / path, failed)) {
    path = (fs::path(path) / fs::path(old.path).filename()).string();
  }
  const std::string file = path + ".dvc";
  for (const auto& taken : {path, file}) {
    if (fs::exists(repository.root() / taken, failed)) {
      throw Error(ErrorKind::conflict, fmt::format("'{}' exists", taken), "choose another name");
    }
  }
  OutEntry entry = old.entry;
  entry.path = fs::path(path).filename().string();
  const std::string text = edited_dvc_text(read_file(repository.root() / old.file), entry);
  fs::create_directories((repository.root() / path).parent_path());
  const std::string ignored = ignore_in_git(repository, path);
  ChangeResult result{{path}, {file, old.file}, false};
  if (!ignored.empty()) result.changed_files.push_back(ignored);
  write_file_atomically(repository.root() / file, text);
  if (fs::exists(fs::symlink_status(repository.root() / old.path, failed))) {
    rename_file(repository.root() / old.path, repository.root() / path);
  }
  fs::remove(repository.root() / old.file);
  const std::string freed = unignore_in_git(repository, old.path);
  if (!freed.empty() && freed != ignored) result.changed_files.push_back(freed);
  Digests digests(repository);
  digests.forget(old.path);
  digests.manage(path);
  repository.refresh();
  result.staged = autostage(repository, result.changed_files);
  return result;
}

std::vector<std::string> unprotect(Repository& repository, std::span<const SelectedOutput> outputs,
                                   Progress& progress) {
  const RepositoryLock lock(repository);
  std::vector<std::string> changed;
  progress.start("unprotect", outputs.size(), "outputs");
  for (const auto& [output, inside] : outputs) {
    const std::string path = inside.empty() ? output.path : output.path + "/" + inside;
    std::error_code failed;
    if (!fs::exists(repository.root() / path, failed)) {
      throw Error(ErrorKind::not_found, fmt::format("'{}' is not there", path),
                  "'mlopsctl data checkout' brings it back");
    }
    if (unprotect_path(repository, path)) changed.push_back(path);
    progress.advance(1);
  }
  progress.finish();
  return changed;
}

}  // namespace mlopsctl::data
