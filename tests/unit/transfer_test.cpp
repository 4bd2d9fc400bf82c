#include "mlopsctl/data/transfer.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/md5.hpp"

#include "support/expect_error.hpp"
#include "support/no_progress.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace mlopsctl::data {
using mlopsctl::testing::NoProgress;
using mlopsctl::testing::TemporaryFolder;

namespace {

struct Side {
  TemporaryFolder folder;
  ObjectCache cache{folder / "cache", {LinkType::copy}, false, folder / "staging"};
  NoProgress progress;

  ObjectId add(const std::string& bytes, const std::string& suffix = "") {
    const ObjectId id{md5_of(bytes) + suffix};
    cache.store(id, bytes);
    cache.sync();
    return id;
  }
};

TransferItem folder_of(Side& side, const std::vector<ObjectId>& members) {
  Tree tree;
  for (const auto& member : members) tree.entries.push_back({"f" + member.hex, member.hex});
  std::ranges::sort(tree.entries, {}, &TreeEntry::path);
  const std::string text = tree_text(tree);
  const ObjectId id = tree_id(text, HashKind::md5);
  side.cache.store(id, text);
  side.cache.sync();
  return {.id = id, .name = "folder", .members = members};
}

}  // namespace

TEST_CASE("what is pushed comes back, each object once, and again nothing moves") {
  Side here;
  const auto remote = make_memory_store();
  std::vector<TransferItem> items;
  std::vector<ObjectId> members;
  for (int i = 0; i < 300; ++i) {
    const ObjectId id = here.add("object " + std::to_string(i % 250));
    items.push_back({.id = id, .name = std::to_string(i)});
    members.push_back(id);
  }
  items.push_back(folder_of(here, members));
  const auto pushed = push_objects(*remote, here.cache, items, {}, here.progress);
  CHECK(pushed.complete());
  CHECK(pushed.moved.size() == 251);
  CHECK(pushed.moved.back().id.is_directory());  // last
  CHECK(push_objects(*remote, here.cache, items, {.verify = true}, here.progress).moved.empty());

  Side there;
  const auto fetched = fetch_objects(*remote, there.cache, items, {}, there.progress);
  CHECK(fetched.complete());
  CHECK(fetched.moved.size() == 251);
  CHECK(fetched.bytes == pushed.bytes);
  for (const auto& item : items) CHECK(there.cache.read(item.id) == here.cache.read(item.id));
  struct stat status {};
  REQUIRE(::stat(there.cache.path_of(items[0].id).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0444U);
  CHECK(fetch_objects(*remote, there.cache, items, {}, there.progress).already_there == 251);
  CHECK(there.cache.leftovers().empty());
}

TEST_CASE("a folder whose member is nowhere is held back, and the rest is pushed") {
  Side here;
  const auto remote = make_memory_store();
  const ObjectId good = here.add("good");
  const ObjectId lost{md5_of("lost")};
  const TransferItem folder = folder_of(here, {good, lost});
  const std::vector<TransferItem> items{{.id = good}, {.id = lost, .name = "lost.txt"}, folder};
  const auto result = push_objects(*remote, here.cache, items, {}, here.progress);
  CHECK_FALSE(result.complete());
  CHECK(result.moved.size() == 1);
  REQUIRE(result.missing.size() == 1);
  CHECK(result.missing[0].name == "lost.txt");
  REQUIRE(result.blocked.size() == 1);
  CHECK_FALSE(remote->head(object_path(folder.id)));
  // the remote may have what the cache lacks
  remote->put(object_path(lost), std::string("lost"), {});
  CHECK(push_objects(*remote, here.cache, items, {}, here.progress).complete());
  CHECK(remote->head(object_path(folder.id)));
  // the list being there does not hide that a member is gone
  const std::vector<std::string> gone{object_path(lost)};
  remote->remove(gone);
  CHECK(push_objects(*remote, here.cache, items, {}, here.progress).missing.size() == 1);
}

TEST_CASE("damage is never moved") {
  Side here;
  const auto remote = make_memory_store();
  SUBCASE("an object of the cache that was changed in place is not pushed") {
    const ObjectId id = here.add("whole");
    ::chmod(here.cache.path_of(id).c_str(), 0644);
    std::ofstream(here.cache.path_of(id)) << "damaged";
    const std::vector<TransferItem> items{{.id = id}};
    CHECK(push_objects(*remote, here.cache, items, {}, here.progress).missing.size() == 1);
    CHECK_FALSE(remote->head(object_path(id)));
  }
  SUBCASE("even one that looks trustworthy") {
    const ObjectId id = here.add("whole");
    ::chmod(here.cache.path_of(id).c_str(), 0644);
    std::ofstream(here.cache.path_of(id)) << "damaged";
    ::chmod(here.cache.path_of(id).c_str(), 0444);
    const std::vector<TransferItem> items{{.id = id}};
    CHECK(push_objects(*remote, here.cache, items, {}, here.progress).failed.size() == 1);
    CHECK_FALSE(remote->head(object_path(id)));
  }
  SUBCASE("an object of the remote that is not what its name says is not taken") {
    const ObjectId id{md5_of("whole")};
    remote->put(object_path(id), std::string("damaged"), {});
    const std::vector<TransferItem> items{{.id = id, .name = "x"}};
    const auto result = fetch_objects(*remote, here.cache, items, {}, here.progress);
    REQUIRE(result.failed.size() == 1);
    CHECK(result.failed[0].reason.find("damaged") != std::string::npos);
    CHECK_FALSE(here.cache.has(id));
    CHECK(here.cache.leftovers().empty());
  }
}

TEST_CASE("verification finds what changed on the remote behind our back") {
  Side here;
  const auto remote = make_memory_store();
  const ObjectId id = here.add("whole");
  remote->put(object_path(id), std::string("other"), {});
  const std::vector<TransferItem> items{{.id = id}};
  CHECK(push_objects(*remote, here.cache, items, {}, here.progress).failed.empty());
  const auto result = push_objects(*remote, here.cache, items, {.verify = true}, here.progress);
  REQUIRE(result.failed.size() == 1);
  CHECK(result.failed[0].reason.find("other content") != std::string::npos);
}

TEST_CASE("what the remote lacks is reported, not thrown") {
  Side here;
  const auto remote = make_memory_store();
  const std::vector<TransferItem> items{{.id = {md5_of("nowhere")}, .name = "nowhere.txt"}};
  const auto result = fetch_objects(*remote, here.cache, items, {}, here.progress);
  REQUIRE(result.missing.size() == 1);
  CHECK(result.missing[0].name == "nowhere.txt");
}

TEST_CASE("a dry run moves nothing and says what would be moved") {
  Side here;
  const auto remote = make_memory_store();
  const std::vector<TransferItem> items{{.id = here.add("1")}, {.id = here.add("22")}};
  const auto result = push_objects(*remote, here.cache, items, {.dry_run = true}, here.progress);
  CHECK(result.moved.size() == 2);
  CHECK(result.bytes == 3);
  CHECK(remote->list({}).objects.empty());
}

TEST_CASE("presence is right for few and for many, DVC 2's objects too") {
  Side here;
  const auto remote = make_memory_store();
  for (const int count : {3, 2500}) {
    std::vector<ObjectId> ids;
    for (int i = 0; i < count; ++i) {
      ObjectId id{md5_of(std::to_string(i))};
      if (i % 10 == 0) id.kind = HashKind::legacy;
      if (i % 3 == 0) remote->put(object_path(id), std::string("x"), {});
      ids.push_back(id);
    }
    ids.push_back(ids[0]);
    const auto present = present_objects(*remote, ids, 0, here.progress);
    REQUIRE(present.size() == ids.size());
    for (int i = 0; i < count; ++i) CHECK(present[static_cast<std::size_t>(i)] == (i % 3 == 0));
    CHECK(present.back());
  }
}

TEST_CASE("a directory as remote has DVC's layout") {
  Side here;
  const TemporaryFolder folder;
  const auto remote = make_directory_store(folder.path());
  const ObjectId id = here.add("abc");
  const std::vector<TransferItem> items{{.id = id}};
  CHECK(push_objects(*remote, here.cache, items, {}, here.progress).moved.size() == 1);
  CHECK(std::filesystem::exists(folder / "files/md5/90/0150983cd24fb0d6963f7d28e17f72"));
  Side there;
  CHECK(fetch_objects(*remote, there.cache, items, {}, there.progress).moved.size() == 1);
  CHECK(there.cache.read(id) == "abc");
}

TEST_CASE("a large object arrives in parts, and a broken one goes on") {
  Side here;
  const TemporaryFolder folder;
  const auto remote = make_directory_store(folder.path());
  std::string bytes(40'000'000, 'x');
  for (std::size_t i = 0; i < bytes.size(); i += 4096) bytes[i] = static_cast<char>(i >> 12U);
  const ObjectId id = here.add(bytes);
  const std::vector<TransferItem> items{{.id = id}};
  REQUIRE(push_objects(*remote, here.cache, items, {}, here.progress).complete());
  Side there;
  const auto object = there.cache.path_of(id).parent_path();
  std::filesystem::create_directories(object);
  SUBCASE("nothing was there") {}
  SUBCASE("parts of it were there") {
    std::ofstream(object / ("." + id.hex + ".part.tmp")) << bytes.substr(0, 33'554'432);
    std::ofstream(object / ("." + id.hex + ".state.tmp")) << "40000000 16777216\n010";
  }
  SUBCASE("what was there is wrong") {
    std::ofstream(object / ("." + id.hex + ".part.tmp")) << std::string(50'000'000, 'y');
    std::ofstream(object / ("." + id.hex + ".state.tmp")) << "40000000 16777216\n111";
  }
  const auto fetched = fetch_objects(*remote, there.cache, items, {}, there.progress);
  CHECK(fetched.complete());
  CHECK(there.cache.read(id) == bytes);
  CHECK(there.cache.leftovers().empty());
}

}  // namespace mlopsctl::data
