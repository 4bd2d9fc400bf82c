#include "mlopsctl/data/gc.hpp"

#include "mlopsctl/data/transfer.hpp"
#include "mlopsctl/platform/signals.hpp"

#include <algorithm>
#include <set>

namespace mlopsctl::data {

namespace {

constexpr std::size_t at_once = 1000;  // keys that one request removes

// The object that a key names; nothing for keys that are nobody's objects.
std::optional<ObjectId> object_of(std::string_view key) {
  constexpr std::string_view modern = "files/md5/";
  const HashKind kind = key.starts_with(modern) ? HashKind::md5 : HashKind::legacy;
  if (kind == HashKind::md5) key.remove_prefix(modern.size());
  if (key.size() < 3 || key[2] != '/') return std::nullopt;
  const std::string name = std::string(key.substr(0, 2)) + std::string(key.substr(3));
  if (!is_object_name(name)) return std::nullopt;
  return ObjectId{name, kind};
}

// Everything below files/md5/, and DVC 2's objects in ab/ … at the top.
std::vector<ObjectInfo> all_objects(ObjectStore& remote, Progress& progress) {
  std::vector<ObjectInfo> objects;
  const auto take = [&](const ObjectInfo& object) {
    check_interrupt();
    progress.advance(1);
    if (object_of(object.key)) objects.push_back(object);
  };
  progress.start("looking at the remote", 0, "objects");
  remote.for_each("files/md5/", take);
  ListQuery query{.prefix = "", .start_after = "", .flat = false};
  do {
    const ObjectPage page = remote.list(query);
    for (const auto& folder : page.folders) {
      constexpr std::size_t digits_and_slash = 3;
      if (folder.size() == digits_and_slash) remote.for_each(folder, take);
    }
    query.start_after = page.next;
  } while (!query.start_after.empty());
  progress.finish();
  return objects;
}

}  // namespace

RemoteGcPlan plan_remote_gc(Repository& repository, ObjectStore& remote, const GcScope& scope,
                            Timestamp younger_than, Progress& progress) {
  GcNeeds needs = gc_needs(repository, scope);
  if (!needs.unknown_folders.empty()) {
    std::vector<TransferItem> folders;
    for (const auto& id : needs.unknown_folders)
      folders.push_back({.id = id, .name = "", .members = {}});
    fetch_objects(remote, repository.cache(), folders, {}, progress);
    needs = gc_needs(repository, scope);
  }
  RemoteGcPlan plan;
  GcKept young{"too young", 0};
  for (auto& object : all_objects(remote, progress)) {
    if (needs.objects.contains(*object_of(object.key))) {
      ++plan.kept_objects;
    } else if (!object.modified || object.modified->ms >= younger_than.ms) {
      ++plan.kept_objects;
      ++young.objects;
    } else {
      plan.bytes += object.size;
      plan.remove.push_back(std::move(object));
    }
  }
  std::ranges::sort(plan.remove, {}, [](const ObjectInfo& object) {
    return std::pair(!object.key.ends_with(".dir"), object.key);
  });
  plan.kept = std::move(needs.kept);
  if (young.objects > 0) plan.kept.push_back(young);
  plan.unknown = std::move(needs.unknown);
  return plan;
}

std::vector<FailedKey> apply_remote_gc(ObjectStore& remote, const RemoteGcPlan& plan,
                                       Progress& progress) {
  std::vector<FailedKey> failed;
  progress.start("remove from the remote", plan.remove.size(), "objects");
  std::vector<std::string> keys;
  const auto flush = [&] {
    if (keys.empty()) return;
    check_interrupt();
    for (auto& one : remote.remove(keys)) failed.push_back(std::move(one));
    progress.advance(keys.size());
    keys.clear();
  };
  bool folders = true;
  for (const auto& object : plan.remove) {
    if (folders && !object.key.ends_with(".dir")) {
      flush();
      // A ".dir" that stays says that its files are there.
      if (!failed.empty()) break;
      folders = false;
    }
    keys.push_back(object.key);
    if (keys.size() == at_once) flush();
  }
  flush();
  progress.finish();
  return failed;
}

}  // namespace mlopsctl::data
