// drift reads its data from a real S3 server.
#include "support/radosgw.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Radosgw;
using mlopsctl::testing::Sandbox;
using nlohmann::json;

namespace {

std::string rows(int count, int first, int shift) {
  std::string text = "x,y\n";
  for (int i = first; i < first + count; ++i) {
    text += std::to_string(i * 7919 % 1009 + shift) + ',' + std::to_string(i % 5) + '\n';
  }
  return text;
}

}  // namespace

TEST_CASE("a check reads objects, patterns of objects and profiles from S3") {
  const Radosgw& server = Radosgw::running();
  const std::string bucket = "s3://" + server.new_bucket();
  const auto store = mlopsctl::data::open_store(bucket, server.options());
  store->put("train.csv", rows(500, 0, 0), {});
  store->put("logs/day-1.csv", rows(250, 500, 0), {});
  store->put("logs/day-2.csv", rows(250, 750, 0), {});
  store->put("logs/deeper/day-3.csv", rows(250, 0, 5000), {});
  store->put("moved/today.csv", rows(500, 0, 300), {});

  Sandbox box;
  box.set_environment("AWS_ACCESS_KEY_ID", server.access_key());
  box.set_environment("AWS_SECRET_ACCESS_KEY", server.secret_key());
  box.set_environment("TMPDIR", (box.folder() / "tmp").string());
  std::filesystem::create_directories(box.folder() / "tmp");
  const std::string at = "endpointurl=" + server.endpoint();
  const auto check = [&](const std::string& reference, const std::string& current) {
    return box.run({"drift", "check", reference, current, "--fs-config", at, "--json"});
  };
  const Outcome quiet = check(bucket + "/train.csv", bucket + "/logs/day-*.csv");
  CHECK_MESSAGE(quiet.code == 0, quiet.err);
  CHECK(json::parse(quiet.out)["current_rows"] == 500);  // not what lies deeper
  CHECK(json::parse(quiet.out)["current"] == bucket + "/logs/day-*.csv");
  CHECK(check(bucket + "/train.csv", bucket + "/moved/today.csv").code == 3);

  CHECK(
      box.run({"drift", "profile", bucket + "/train.csv", "-o", "train.profile", "--fs-config", at})
          .code == 0);
  store->put("train.profile", box.read("train.profile"), {});
  CHECK(check(bucket + "/train.profile", bucket + "/moved/today.csv").code == 3);

  const Outcome nothing = check(bucket + "/train.csv", bucket + "/logs/none-*.csv");
  CHECK(nothing.code == 1);
  CHECK(nothing.err.find("nothing matches") != std::string::npos);
  CHECK(check(bucket + "/absent.csv", bucket + "/train.csv").code == 1);
  CHECK(check("s3://*/a.csv", bucket + "/train.csv").code == 2);
  // Nothing stays behind.
  CHECK(std::filesystem::is_empty(box.folder() / "tmp"));
}
