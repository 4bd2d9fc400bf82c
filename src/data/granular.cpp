#include "data/granular.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/add.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlopsctl::data {

OutEntry add_inside(Repository& repository, Digests& digests, const TrackedOutput& directory,
                    const std::string& inside, bool commit, Progress& progress) {
  const OutEntry& old = directory.entry;
  const std::string whole = directory.path + "/" + inside;
  if (!old.id || !old.id->is_directory()) {
    throw Error(ErrorKind::conflict, fmt::format("'{}' is recorded as a file", directory.path),
                fmt::format("'mlopsctl data add {}' records the folder", directory.path));
  }
  if (old.id->kind == HashKind::legacy) {
    throw Error(ErrorKind::conflict,
                fmt::format("'{}' is recorded in DVC 2's way, which can only be renewed as a whole",
                            directory.path),
                fmt::format("'mlopsctl data add {}'", directory.path));
  }
  std::map<std::string, std::string> files;  // path: md5
  const auto is_inside = [&](const std::string& path) {
    return path == inside || path.starts_with(inside + "/");
  };
  bool replaced = false;
  for (const auto& entry : repository.cache().tree(*old.id).entries) {
    files.emplace(entry.path, entry.md5);
  }
  const auto before = files;
  std::erase_if(files, [&](const auto& one) { return is_inside(one.first); });
  auto snapshot = digests.scan(whole);
  if (!snapshot && files.size() == before.size()) {
    throw Error(ErrorKind::not_found,
                fmt::format("'{}' is neither there nor recorded in '{}'", whole, directory.file));
  }
  std::uint64_t added = 0;
  if (snapshot) {
    if (commit) {
      store_path(repository, digests, whole, {.relink = true, .before = nullptr}, progress);
    }
    snapshot = digests.snapshot(whole);
    for (const auto& one : snapshot->files) {
      std::string path = one.path.empty() ? inside : inside + "/" + one.path;
      const auto was = before.find(path);
      if (was == before.end()) {
        added += one.size;
      } else if (was->second != one.md5) {
        replaced = true;
      }
      files[std::move(path)] = one.md5;
    }
  }
  for (const auto& [path, md5] : before) replaced = replaced || !files.contains(path);
  Tree tree;
  for (const auto& [path, md5] : files) tree.entries.push_back({path, md5});
  const std::string text = tree_text(tree);
  OutEntry entry = old;
  entry.id = tree_id(text, HashKind::md5);
  entry.nfiles = tree.entries.size();
  // As DVC: a size that cannot be told without the replaced files is left out.
  if (replaced) {
    entry.size.reset();
  } else if (entry.size) {
    *entry.size += added;
  }
  repository.cache().store(*entry.id, text);
  repository.cache().sync();
  return entry;
}

}  // namespace mlopsctl::data
