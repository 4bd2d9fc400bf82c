#include "mlopsctl/base/error.hpp"

#include "data/remote/s3_queue.hpp"
#include "support/expect_error.hpp"
#include "support/object_store_contract.hpp"
#include "support/radosgw.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace mlopsctl::data {
using mlopsctl::testing::check_object_queue;
using mlopsctl::testing::check_object_store;
using mlopsctl::testing::Radosgw;
using mlopsctl::testing::TemporaryFolder;

TEST_CASE("S3 keeps the contract of object stores") {
  const Radosgw& server = Radosgw::running();
  SUBCASE("in a bucket") {
    const auto store = open_store("s3://" + server.new_bucket(), server.options());
    check_object_store(*store);
    check_object_queue(*store);
  }
  SUBCASE("below a prefix with strange characters") {
    const auto store = open_store("s3://" + server.new_bucket() + "/a b/ü+%/", server.options());
    check_object_store(*store);
    check_object_queue(*store);
  }
}

TEST_CASE("lists go on over the server's own page size") {
  const Radosgw& server = Radosgw::running();
  const auto store = open_store("s3://" + server.new_bucket(), server.options());
  const auto queue = store->queue({});
  for (int i = 0; i < 1203; ++i)
    queue->put("k/" + std::to_string(i), std::string("x"), {},
               [](Outcome<PutResult> one) { CHECK(one.ok()); });
  while (queue->pending() > 0) queue->turn(Milliseconds{1000});
  std::size_t count = 0;
  store->for_each("k/", [&](const ObjectInfo&) { ++count; });
  CHECK(count == 1203);
}

TEST_CASE("errors speak S3's language and say what to do") {
  const Radosgw& server = Radosgw::running();
  auto options = server.options();
  CHECK_ERROR(open_store("s3://no-such-bucket-here", options)->list({}), ErrorKind::not_found,
              "NoSuchBucket");
  const std::string bucket = server.new_bucket();
  options["secret_access_key"] = "wrong";
  CHECK_ERROR(open_store("s3://" + bucket, options)->list({}), ErrorKind::io, "AccessDenied");
  CHECK_ERROR(open_store("s3://" + bucket,
                         {{"endpointurl", server.endpoint()}, {"allow_anonymous_login", "true"}})
                  ->list({}),
              ErrorKind::io, "allow_anonymous_login");
}

TEST_CASE("a large file goes over in parts and comes back the same") {
  const Radosgw& server = Radosgw::running();
  const TemporaryFolder folder;
  const std::uint64_t size = multipart_threshold + 5'000'001;
  {
    std::ofstream file(folder / "large");
    std::string block(1 << 20, 'x');
    for (std::uint64_t left = size; left > 0;) {
      block[0] = static_cast<char>('a' + left % 26);
      const auto some = std::min<std::uint64_t>(left, block.size());
      file.write(block.data(), static_cast<std::streamsize>(some));
      left -= some;
    }
  }
  const auto store = open_store("s3://" + server.new_bucket(), server.options());
  CHECK(store->put("large", folder / "large", {}) == PutResult::stored);
  REQUIRE(store->head("large"));
  CHECK(store->head("large")->size == size);
  CHECK(store->head("large")->md5.empty());  // its ETag is none
  CHECK(store->put("large", folder / "large", {.if_absent = true}) == PutResult::was_there);
  std::ifstream file(folder / "large");
  const std::string expected((std::istreambuf_iterator<char>(file)), {});
  CHECK(store->read("large") == expected);
}

TEST_CASE("virtual-hosted buckets are reached by name") {
  const Radosgw& server = Radosgw::running();
  S3Settings settings = s3_settings("s3://" + server.new_bucket() + "/p", server.options());
  settings.endpoint = "http://localhost:" + std::to_string(server.port());
  settings.path_style = false;
  const S3Address address = s3_address(settings, "us-east-1");
  CHECK(address.host == settings.bucket + ".localhost:" + std::to_string(server.port()));
  CHECK(address.path_prefix.empty());
}

}  // namespace mlopsctl::data
