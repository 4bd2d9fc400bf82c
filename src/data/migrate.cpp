// DVC 2's objects for DVC 3: `cache migrate`.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/data/change.hpp"
#include "mlopsctl/data/locks.hpp"
#include "mlopsctl/platform/files.hpp"

#include "data/descriptor.hpp"
#include "data/hash.hpp"
#include "data/pointer_file.hpp"

#include <unistd.h>

#include <map>

namespace mlopsctl::data {

namespace {

// Puts the bytes of an object of DVC 2 under the name that DVC 3 gives them.
ObjectId take_over(ObjectCache& cache, const ObjectId& old) {
  const fs::path from = cache.path_of(old);
  ObjectId id{hash_file(from, HashKind::md5).md5, HashKind::md5};
  if (cache.has(id)) return id;
  const fs::path temporary = cache.temporary_path(id);
  if (::link(from.c_str(), temporary.c_str()) != 0) {
    copy_file_atomically(from, temporary);
  }
  cache.adopt(temporary, id);
  return id;
}

}  // namespace

MigrateResult migrate_cache(Repository& repository, bool pointer_files, Progress& progress) {
  const RepositoryLock lock(repository);
  ObjectCache& cache = repository.cache();
  MigrateResult result;
  std::map<std::string, ObjectId> renamed;  // hex of DVC 2: object of DVC 3
  const auto objects = cache.list();
  progress.start("migrate", objects.size(), "objects");
  for (const bool folders : {false, true}) {
    for (const auto& object : objects) {
      if (object.id.kind != HashKind::legacy || object.id.is_directory() != folders) continue;
      if (!folders) {
        renamed[object.id.hex] = take_over(cache, object.id);
      } else {
        Tree tree = cache.tree(object.id);
        for (auto& entry : tree.entries) {
          const auto found = renamed.find(entry.md5);
          if (found != renamed.end()) entry.md5 = found->second.hex;
        }
        const std::string text = tree_text(tree);
        const ObjectId id = tree_id(text, HashKind::md5);
        cache.store(id, text);
        renamed[object.id.hex] = id;
      }
      ++result.objects;
      progress.advance(1);
    }
  }
  cache.sync();
  progress.finish();
  if (!pointer_files) return result;
  for (const auto& output : repository.outputs()) {
    if (!output.entry.id || output.entry.id->kind != HashKind::legacy || !output.stage.empty()) {
      continue;
    }
    const auto found = renamed.find(output.entry.id->hex);
    if (found == renamed.end()) continue;
    OutEntry entry = output.entry;
    entry.id = found->second;
    if (write_pointer(repository, output.file, entry, {})) {
      result.changed_files.push_back(output.file);
    }
  }
  repository.refresh();
  return result;
}

}  // namespace mlopsctl::data
