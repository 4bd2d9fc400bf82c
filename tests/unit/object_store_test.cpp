#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/remote.hpp"

#include "support/expect_error.hpp"
#include "support/http_server.hpp"
#include "support/object_store_contract.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <fstream>

namespace mlopsctl::data {
using mlopsctl::testing::check_object_queue;
using mlopsctl::testing::check_object_store;
using mlopsctl::testing::TemporaryFolder;

TEST_CASE("memory keeps the contract of object stores") {
  const auto store = make_memory_store();
  check_object_store(*store);
  check_object_queue(*store);
}

TEST_CASE("a directory keeps the contract of object stores") {
  const TemporaryFolder folder;
  const auto store = open_store((folder / "not made yet").string());
  check_object_store(*store);
  check_object_queue(*store);
}

TEST_CASE("objects of a directory are read-only, but not those of the run cache") {
  const TemporaryFolder folder;
  const auto store = open_store("file://" + folder.path().string());
  store->put("files/md5/ab/c", std::string("x"), {});
  store->put("runs/ab/c", std::string("x"), {});
  struct stat status {};
  REQUIRE(::stat((folder / "files/md5/ab/c").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0444U);
  REQUIRE(::stat((folder / "runs/ab/c").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0644U);
  std::ofstream(folder / "files/md5/ab/.left.tmp") << "half";
  CHECK(store->list({}).objects.size() == 2);
  CHECK_ERROR(store->read("../etc/passwd"), ErrorKind::usage, "leaves");
}

TEST_CASE("URLs that are no store are refused with those that are") {
  CHECK_ERROR(open_store("gs://bucket/x"), ErrorKind::config, "s3://");
  CHECK_ERROR(open_store("s3:///key"), ErrorKind::config, "bucket");
  CHECK_ERROR(open_store("s3://b", {{"use_ssl", "perhaps"}}), ErrorKind::config, "use_ssl");
  CHECK_ERROR(open_store("s3://b", {{"access_key_id", "x"}}), ErrorKind::config,
              "secret_access_key");
  CHECK(is_store_url("s3://bucket/x"));
  CHECK_FALSE(is_store_url("gs://bucket/x"));
}

TEST_CASE("a file is read by its URL, from a server or from here") {
  const mlopsctl::testing::HttpServer server(
      [](const auto&) -> mlopsctl::testing::ServedResponse { return {.body = "served"}; });
  const TemporaryFolder folder;
  std::ofstream(folder / "f") << "local";
  CHECK(read_url(server.url("/x")) == "served");
  CHECK(read_url((folder / "f").string()) == "local");
  CHECK(read_url("file://" + (folder / "f").string()) == "local");
  CHECK_ERROR(read_url((folder / "f").string(), {}, 2), ErrorKind::io, "larger");
  CHECK(download_url(server.url("/x"), folder / "out/file") == 6);
  CHECK(read_url((folder / "out/file").string()) == "served");
  CHECK_ERROR(read_url("s3://bucket"), ErrorKind::usage, "names no object");
}

}  // namespace mlopsctl::data
