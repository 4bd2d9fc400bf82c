#include "support/object_store_contract.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/md5.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <fstream>

namespace mlopsctl::testing {

using data::ByteRange;
using data::ListQuery;
using data::ObjectStore;
using data::Outcome;
using data::PutResult;

namespace {

std::vector<std::string> keys_of(const data::ObjectPage& page) {
  std::vector<std::string> keys;
  for (const auto& one : page.objects) keys.push_back(one.key);
  return keys;
}

std::vector<std::string> all_pages(ObjectStore& store, ListQuery query) {
  std::vector<std::string> names;
  do {
    const auto page = store.list(query);
    CHECK(page.objects.size() + page.folders.size() <= query.limit);
    for (const auto& one : page.objects) names.push_back(one.key);
    for (const auto& one : page.folders) names.push_back(one);
    query.start_after = page.next;
  } while (!query.start_after.empty());
  return names;
}

std::string part(ObjectStore& store, const std::string& key, ByteRange range) {
  std::string bytes;
  store.get(key, {.range = range, .sink = [&](std::string_view piece) { bytes += piece; }});
  return bytes;
}

void check_content(ObjectStore& store) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << std::string(300'000, 'f');
  const std::string bytes("a\0b\nc\xFF", 6);
  CHECK(store.put("x/bytes", bytes, {.md5 = md5_of(bytes)}) == PutResult::stored);
  CHECK(store.put("x/file", folder / "file", {}) == PutResult::stored);
  CHECK(store.put("x/empty", std::string(), {}) == PutResult::stored);
  CHECK(store.read("x/bytes") == bytes);
  CHECK(store.read("x/file") == std::string(300'000, 'f'));
  CHECK(store.read("x/empty").empty());
  CHECK_ERROR(store.read("x/file", 1000), ErrorKind::io, "larger");

  const auto info = store.head("x/file");
  REQUIRE(info);
  CHECK(info->key == "x/file");
  CHECK(info->size == 300'000);
  CHECK_FALSE(info->etag.empty());
  CHECK_FALSE(store.head("x/absent"));
  CHECK_FALSE(store.head("x"));
  CHECK_ERROR(store.read("x/absent"), ErrorKind::not_found, "x/absent");

  CHECK(part(store, "x/bytes", {1, 3}) == bytes.substr(1, 3));
  CHECK(part(store, "x/bytes", {4, 100}) == bytes.substr(4));
  CHECK(part(store, "x/empty", {0, 100}).empty());
  CHECK(store.get("x/bytes", {.range = ByteRange{0, 2}}).size == 6);

  CHECK(store.put("x/bytes", std::string("new"), {}) == PutResult::stored);
  CHECK(store.read("x/bytes") == "new");
  CHECK(store.put("x/bytes", std::string("newer"), {.if_absent = true}) == PutResult::was_there);
  CHECK(store.read("x/bytes") == "new");
  CHECK(store.put("x/first", std::string("1"), {.if_absent = true}) == PutResult::stored);
}

void check_damage(ObjectStore& store) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "damaged";
  const std::string md5 = md5_of("whole");
  CHECK_ERROR(store.put("d/file", folder / "file", {.md5 = md5}), ErrorKind::corrupt, "d/file");
  CHECK_ERROR(store.put("d/bytes", std::string("damaged"), {.md5 = md5}), ErrorKind::corrupt,
              "d/bytes");
  CHECK_FALSE(store.head("d/file"));
  CHECK_FALSE(store.head("d/bytes"));
  CHECK_ERROR(store.put("d/none", folder / "none", {}), ErrorKind::not_found, "none");
}

void check_lists(ObjectStore& store) {
  const std::vector<std::string> keys = {"l/a",   "l/a b+c%20&=", "l/b/1",      "l/b/2",
                                         "l/b-1", "l/c/d/e",      "l/\xC3\xA9", "l/~x*'()!"};
  for (const auto& key : keys) store.put(key, key, {});
  std::vector<std::string> sorted = keys;
  std::ranges::sort(sorted);
  CHECK(keys_of(store.list({.prefix = "l/"})) == sorted);
  CHECK(all_pages(store, {.prefix = "l/", .limit = 3}) == sorted);
  CHECK(keys_of(store.list({.prefix = "l/b/"})) == std::vector<std::string>{"l/b/1", "l/b/2"});
  CHECK(keys_of(store.list({.prefix = "l/b"})) ==
        std::vector<std::string>{"l/b-1", "l/b/1", "l/b/2"});
  CHECK(keys_of(store.list({.prefix = "l/b", .start_after = "l/b/1"})) ==
        std::vector<std::string>{"l/b/2"});
  CHECK(store.list({.prefix = "l/none"}).objects.empty());
  const auto flat = store.list({.prefix = "l/", .flat = false});
  CHECK(flat.folders == std::vector<std::string>{"l/b/", "l/c/"});
  CHECK(flat.objects.size() == 5);
  auto paged = all_pages(store, {.prefix = "l/", .flat = false, .limit = 2});
  CHECK(paged.size() == 7);
  for (const auto& key : keys) CHECK(store.read(key) == key);
  CHECK(store.list({.prefix = "l/a", .limit = 1}).objects.at(0).size == 3);
}

void check_removal(ObjectStore& store) {
  std::vector<std::string> keys;
  store.for_each("", [&](const data::ObjectInfo& one) { keys.push_back(one.key); });
  CHECK(keys.size() > 10);
  keys.emplace_back("never/was <&>");
  CHECK(store.remove(keys).empty());
  CHECK(store.list({}).objects.empty());
}

}  // namespace

void check_object_store(ObjectStore& store) {
  check_content(store);
  check_damage(store);
  check_lists(store);
  check_removal(store);
}

void check_object_queue(ObjectStore& store) {
  constexpr int many = 120;
  std::uint64_t moved = 0;
  int stored = 0;
  {
    const auto queue = store.queue({.moved = [&](std::uint64_t bytes) { moved += bytes; }});
    for (int i = 0; i < many; ++i) {
      queue->put("q/" + std::to_string(i), std::to_string(i) + std::string(1000, 'x'), {},
                 [&](Outcome<PutResult> one) { stored += one.ok() ? 1 : 0; });
    }
    CHECK(queue->pending() == many);
    while (queue->pending() > 0) queue->turn(Milliseconds{1000});
  }
  CHECK(stored == many);
  CHECK(moved > many * 1000);

  int right = 0;
  int absent = 0;
  std::size_t listed = 0;
  const auto queue = store.queue({});
  for (int i = 0; i < many; ++i) {
    const auto text = std::make_shared<std::string>();
    queue->get("q/" + std::to_string(i),
               {.sink = [text](std::string_view piece) { *text += piece; }},
               [&, i, text](Outcome<data::ObjectInfo> one) {
                 if (one.ok() && *text == std::to_string(i) + std::string(1000, 'x')) ++right;
                 // a completion may start something new
                 queue->head("q/none" + std::to_string(i),
                             [&](Outcome<std::optional<data::ObjectInfo>> head) {
                               absent += head.ok() && !head.value() ? 1 : 0;
                             });
               });
  }
  queue->list({.prefix = "q/"},
              [&](Outcome<data::ObjectPage> page) { listed = page.value().objects.size(); });
  bool refused = false;
  queue->get("q/none", {}, [&](Outcome<data::ObjectInfo> one) { refused = !one.ok(); });
  while (queue->pending() > 0) queue->turn(Milliseconds{1000});
  CHECK(right == many);
  CHECK(absent == many);
  CHECK(listed == many);
  CHECK(refused);
}

}  // namespace mlopsctl::testing
