// data remote, push, fetch, pull: with a folder as the remote.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// A repository with one file and one folder tracked, and a remote beside its
// clone.
struct Repository : Sandbox {
  Repository() {
    REQUIRE(run_program({"git", "init", "-q"}).code == 0);
    REQUIRE(run({"data", "init"}).code == 0);
    REQUIRE(run({"data", "remote", "add", "--default", "disk", "../" + name()}).code == 0);
  }
  ~Repository() {
    std::error_code ignored;
    fs::remove_all(remote(), ignored);
  }
  std::string name() const { return folder().filename().string() + "-remote"; }
  fs::path remote() const { return folder().parent_path() / name(); }
  void track() const {
    write("model.bin", "weights");
    fs::create_directories(folder() / "data/sub");
    write("data/a", "1");
    write("data/sub/b", "2");
    output_of({"data", "add", "model.bin", "data"});
  }
  void forget() const {
    fs::remove_all(folder() / ".dvc/cache");
    fs::remove_all(folder() / "data");
    fs::remove(folder() / "model.bin");
  }
  json result(std::vector<std::string> arguments, int code = 0) const {
    arguments.emplace_back("--json");
    const Outcome outcome = run(arguments);
    CHECK_MESSAGE(outcome.code == code, outcome.err);
    return json::parse(outcome.out);
  }
};

fs::path object_of(const fs::path& root, const std::string& md5) {
  return root / "files/md5" / md5.substr(0, 2) / md5.substr(2);
}
const std::string md5_of_1 = "c4ca4238a0b923820dcc509a6f75849b";

}  // namespace

TEST_CASE(
    "remotes are added, changed, listed, renamed and removed as DVC "
    "writes them") {
  const Repository box;
  CHECK(box.read(".dvc/config") ==
        "[core]\n    remote = disk\n['remote \"disk\"']\n    url = ../../" + box.name() + "\n");
  CHECK(box.run({"data", "remote", "add", "S3", "s3://bucket/dvc"}).code == 0);
  CHECK(box.run({"data", "remote", "add", "s3", "s3://other"}).code == 1);
  CHECK(box.run({"data", "remote", "add", "--force", "s3", "s3://other"}).code == 0);
  CHECK(box.run({"data", "remote", "modify", "s3", "endpointurl", "http://127.0.0.1:9"}).code == 0);
  CHECK(box.run({"data", "remote", "modify", "s3", "no_such_option", "1"}).code == 2);
  CHECK(box.run({"data", "remote", "modify", "s3", "region"}).code == 2);
  CHECK(box.run({"data", "remote", "modify", "s4", "region", "x"}).err.find("did you mean 's3'") !=
        std::string::npos);
  const Outcome secret = box.run({"data", "remote", "modify", "s3", "secret_access_key", "k"});
  CHECK(secret.err.find("--local") != std::string::npos);
  CHECK(box.run({"data", "remote", "modify", "s3", "secret_access_key", "--unset"}).code == 0);
  CHECK(box.run({"data", "remote", "modify", "s3", "secret_access_key", "--unset"}).code == 1);
  box.output_of({"data", "remote", "modify", "--local", "s3", "secret_access_key", "k"});
  CHECK(box.read(".dvc/config.local").find("secret_access_key = k") != std::string::npos);
  CHECK(box.output_of({"data", "remote", "default"}) == "disk");
  box.output_of({"data", "remote", "rename", "disk", "archive"});
  CHECK(box.output_of({"data", "remote", "default"}) == "archive");
  const json list = box.result({"data", "remote", "list"});
  REQUIRE(list["remotes"].size() == 2);
  CHECK(list["remotes"][0]["name"] == "archive");
  CHECK(list["remotes"][0]["default"] == true);
  box.output_of({"data", "remote", "remove", "archive"});
  CHECK(box.run({"data", "remote", "default"}).code == 1);
  CHECK(box.run({"data", "remote", "remove", "archive"}).code == 1);
}

TEST_CASE("what is pushed can be pulled by somebody who has only the pointer files") {
  const Repository box;
  box.track();
  const json pushed = box.result({"data", "push"});
  CHECK(pushed["moved"] == 4);  // three files and the list of the folder
  struct stat status {};
  REQUIRE(::stat(object_of(box.remote(), md5_of_1).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0444U);
  CHECK(box.run({"data", "push"}).err.find("Everything is up to date.") != std::string::npos);
  box.forget();
  CHECK(box.result({"data", "fetch"})["moved"] == 4);
  CHECK_FALSE(fs::exists(box.folder() / "model.bin"));
  box.forget();
  const json pulled = box.result({"data", "pull"});
  CHECK(pulled["moved"] == 4);
  CHECK(box.read("model.bin") == "weights");
  CHECK(box.read("data/sub/b") == "2");
  CHECK(box.result({"data", "pull"})["moved"] == 0);
}

TEST_CASE("one target moves alone, and a dry run moves nothing") {
  const Repository box;
  box.track();
  CHECK(box.result({"data", "push", "--dry-run"})["objects"].size() == 4);
  CHECK_FALSE(fs::exists(box.remote() / "files"));
  CHECK(box.result({"data", "push", "model.bin"})["moved"] == 1);
  CHECK(box.result({"data", "push", "data/a"})["moved"] == 1);
  CHECK_FALSE(fs::exists(object_of(box.remote(), "c81e728d9d4c2f636f067f89cc14862c")));
  CHECK(box.run({"data", "push", "no-such"}).code == 1);
}

TEST_CASE(
    "a push that leaves a hole says so with exit code 5, even if the "
    "list is there") {
  const Repository box;
  box.track();
  box.output_of({"data", "push"});
  fs::remove(object_of(box.remote(), md5_of_1));
  fs::remove(object_of(box.folder() / ".dvc/cache", md5_of_1));
  const json report = box.result({"data", "push"}, 5);
  REQUIRE(report["missing"].size() == 1);
  CHECK(report["missing"][0]["path"] == "data/a");
  box.forget();
  CHECK(box.result({"data", "pull"}, 5)["missing"].size() == 1);
}

TEST_CASE("damage on the remote is found while it is fetched, and by push --verify") {
  const Repository box;
  box.track();
  box.output_of({"data", "push"});
  const fs::path object = object_of(box.remote(), md5_of_1);
  fs::remove(object);
  std::ofstream(object) << "damaged";
  CHECK(box.run({"data", "push"}).code == 0);
  CHECK(box.result({"data", "push", "--verify"}, 5)["failed"].size() == 1);
  box.forget();
  const json report = box.result({"data", "fetch"}, 5);
  REQUIRE(report["failed"].size() == 1);
  CHECK(report["failed"][0]["md5"] == md5_of_1);
}

TEST_CASE("mistakes are usage errors, and a missing remote says what to type") {
  const Sandbox box;
  REQUIRE(box.run_program({"git", "init", "-q"}).code == 0);
  CHECK(box.run({"data", "push"}).code == 1);  // no repository
  REQUIRE(box.run({"data", "init"}).code == 0);
  const Outcome none = box.run({"data", "push"});
  CHECK(none.code == 2);
  CHECK(none.err.find("data remote add") != std::string::npos);
  CHECK(box.run({"data", "push", "--remote", "nope"}).code == 2);
  CHECK(box.run({"data", "push", "--jobs", "0"}).code == 2);
  CHECK(box.run({"data", "fetch", "--bandwidth", "fast"}).code == 2);
  box.output_of({"data", "remote", "add", "--default", "g", "gs://bucket"});
  CHECK(box.run({"data", "push"}).code == 2);
}

TEST_CASE("gc --cloud removes from the remote what nothing needs, and asks before") {
  const Repository box;
  box.track();
  box.output_of({"data", "push"});
  box.write("model.bin", "other weights");
  fs::remove(box.folder() / "data/a");
  box.output_of({"data", "add", "model.bin", "data"});
  box.output_of({"data", "push"});
  const auto objects = [&] {
    std::size_t count = 0;
    for (const auto& one : fs::recursive_directory_iterator(box.remote() / "files"))
      count += one.is_regular_file() ? 1U : 0U;
    return count;
  };
  CHECK(objects() == 6);  // of each version a model and a list, and two files
  const std::vector<std::string> gc{"data", "gc", "--cloud", "--workspace", "--older-than", "0s"};
  CHECK(box.run(gc).code == 2);
  CHECK(box.run({"data", "gc", "--workspace", "--remote", "disk"}).code == 2);
  CHECK(objects() == 6);
  box.output_of({"data", "gc", "--cloud", "--workspace", "--yes"});
  CHECK(objects() == 6);  // younger than a day
  // The lists that say what is needed come from the remote.
  box.forget();
  std::vector<std::string> yes = gc;
  yes.emplace_back("--yes");
  const json result = box.result(yes);
  CHECK(result["remote"] == "disk");
  CHECK(result["remote_remove"].size() == 3);
  CHECK(result["remote_remove"][0]["md5"].get<std::string>().ends_with(".dir"));
  CHECK(objects() == 3);
  CHECK_FALSE(fs::exists(object_of(box.remote(), md5_of_1)));
  box.output_of({"data", "pull"});
  CHECK(box.read("data/sub/b") == "2");
  // A list that is nowhere: its files are not given up for it.
  const fs::path gone = box.folder() / ".dvc/cache";
  fs::remove_all(gone);
  for (const auto& one : fs::recursive_directory_iterator(box.remote() / "files"))
    if (one.path().extension() == ".dir") fs::remove(one.path());
  CHECK(box.run(yes).code == 1);
  CHECK(objects() == 2);
}

TEST_CASE("gc --not-in-remote frees room here, and pull brings it back") {
  const Repository box;
  box.track();
  box.output_of({"data", "push", "model.bin"});
  const std::vector<std::string> gc{"data",         "gc", "--workspace", "--not-in-remote",
                                    "--older-than", "0s", "--yes"};
  const json result = box.result(gc);
  CHECK(result["objects"] == 1);  // the folder is not on the remote, so it stays
  CHECK(box.result(gc)["objects"] == 0);
  CHECK(box.read("model.bin") == "weights");
  fs::remove(box.folder() / "model.bin");
  fs::remove_all(box.folder() / "data");
  box.output_of({"data", "pull"});
  CHECK(box.read("model.bin") == "weights");
  CHECK(box.read("data/sub/b") == "2");
  CHECK(box.run({"data", "gc", "--workspace", "--not-in-remote", "--cloud"}).code == 2);
}
