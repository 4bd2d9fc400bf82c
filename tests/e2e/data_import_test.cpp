// data import-url, update, add --to-remote: data from a folder of this machine and from a web
// server.
#include "support/http_server.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <filesystem>

using mlopsctl::testing::HttpServer;
using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using mlopsctl::testing::ServedRequest;
using mlopsctl::testing::ServedResponse;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// A repository `r` beside data that it does not own.
struct Project : Sandbox {
  Project() {
    fs::create_directories(folder() / "r");
    write("source/f", "one\n");
    write("source/d/a", "a\n");
    write("source/d/sub/b", "b\n");
    REQUIRE(run_program({"git", "init", "-q", "r"}).code == 0);
    REQUIRE(data({"init"}).code == 0);
    REQUIRE(data({"remote", "add", "--default", "disk", "remote"}).code == 0);
  }
  // `mlopsctl data …` in the repository.
  Outcome data(std::vector<std::string> arguments) const {
    std::vector<std::string> argv{mlopsctl::testing::binary(), "--project", "r", "data"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run_program(argv);
  }
  void ok(const std::vector<std::string>& arguments) const {
    const Outcome outcome = data(arguments);
    CHECK_MESSAGE(outcome.code == 0, outcome.err);
  }
  bool exists(const std::string& name) const { return fs::exists(folder() / name); }
  std::string source(const std::string& name) const {
    return (folder() / "source" / name).string();
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an import notes what the source was, and update fetches what changed there") {
  const Project box;
  box.ok({"import-url", box.source("f")});
  CHECK(box.read("r/f") == "one\n");
  const std::string first = box.read("r/f.dvc");
  CHECK(contains(first,
                 "frozen: true\ndeps:\n- md5: 5bbf5a52328e7439ae6e719dfe712200\n  size: 4\n"
                 "  hash: md5\n  path: " +
                     box.source("f") + "\nouts:\n- md5: 5bbf5a52328e7439ae6e719dfe712200"));
  CHECK(box.read("r/.gitignore") == "/f\n");
  box.ok({"import-url", "../source/d", "sub/d"});
  CHECK(box.read("r/sub/d/sub/b") == "b\n");
  CHECK(contains(box.read("r/sub/d.dvc"), "path: ../../source/d\n"));

  CHECK(json::parse(box.data({"update", "--json"}).out)["outputs"][0]["change"] == "unchanged");
  CHECK(box.read("r/f.dvc") == first);
  box.write("source/f", "second\n");
  box.write("source/d/new", "n\n");
  fs::remove(box.folder() / "source/d/a");
  box.ok({"update"});
  CHECK(box.read("r/f") == "second\n");
  CHECK(box.read("r/sub/d/new") == "n\n");
  CHECK_FALSE(box.exists("r/sub/d/a"));
  CHECK(box.read("r/f.dvc") != first);
  CHECK(json::parse(box.data({"status", "--json"}).out)["uncommitted"].is_null());

  // What is missing here comes from the cache, whether or not the source is reachable there.
  fs::remove(box.folder() / "r/f");
  box.ok({"update", "f"});
  CHECK(box.read("r/f") == "second\n");
}

TEST_CASE("update does not give up changes that are recorded nowhere") {
  const Project box;
  box.ok({"import-url", box.source("f")});
  box.write("r/f", "mine");
  box.write("source/f", "theirs");
  const Outcome refused = box.data({"update", "f.dvc"});
  CHECK(refused.code == 1);
  CHECK(contains(refused.err, "'f'"));
  CHECK(box.read("r/f") == "mine");
  box.ok({"update", "--force", "f.dvc"});
  CHECK(box.read("r/f") == "theirs");
}

TEST_CASE("what is there already is not overwritten, and what is not there is said") {
  const Project box;
  box.write("r/f", "mine");
  CHECK(box.data({"import-url", box.source("f")}).code == 1);
  CHECK(box.read("r/f") == "mine");
  CHECK_FALSE(box.exists("r/f.dvc"));
  box.ok({"import-url", "--force", box.source("f")});
  CHECK(box.read("r/f") == "one\n");
  const Outcome missing = box.data({"import-url", box.source("absent")});
  CHECK(missing.code == 1);
  CHECK(contains(missing.err, "absent"));
  CHECK(box.data({"import-url", "gopher://x/y"}).code == 2);
  CHECK(box.data({"import-url", box.source("f"), "x", "--no-download", "--to-remote"}).code == 2);
  CHECK(box.data({"import-url", box.source("f"), "x", "--remote", "disk"}).code == 2);
  const Outcome secret =
      box.data({"import-url", "s3://b/k", "--fs-config", "secret_access_key=topsecret"});
  CHECK(secret.code == 2);
  CHECK_FALSE(contains(secret.err, "topsecret"));
  CHECK_FALSE(box.exists("r/k.dvc"));
  box.write("r/own", "x");
  box.ok({"add", "own"});
  CHECK(box.data({"update", "own"}).code == 1);
}

TEST_CASE("an import without its data is fetched by pull from where it was imported from") {
  const Project box;
  box.ok({"import-url", "--no-download", box.source("d")});
  CHECK_FALSE(box.exists("r/d"));
  CHECK(contains(box.read("r/d.dvc"), "outs:\n- hash: md5\n  path: d\n"));
  box.ok({"import-url", "--no-exec", box.source("not yet"), "later"});
  CHECK(contains(box.read("r/later.dvc"), "frozen: true\ndeps:\n- hash: md5\n"));
  box.ok({"pull", "d"});
  CHECK(box.read("r/d/sub/b") == "b\n");
  CHECK(contains(box.read("r/d.dvc"), "md5: 8b3662b0d460701f7734cdf533c5aa85.dir"));
  box.write("source/d/a", "changed\n");
  box.ok({"update", "--no-download", "d"});
  CHECK_FALSE(box.exists("r/d"));
  CHECK_FALSE(contains(box.read("r/d.dvc"), "  size: 4\n  nfiles: 2\n  hash: md5\n  path: d"));
}

TEST_CASE("data go straight to the remote and come back by pull") {
  const Project box;
  box.ok({"import-url", "--to-remote", box.source("d")});
  box.ok({"add", "--to-remote", box.source("f"), "-o", "kept/f"});
  CHECK_FALSE(box.exists("r/d"));
  CHECK_FALSE(box.exists("r/kept/f"));
  CHECK_FALSE(box.exists("r/.dvc/cache/files"));
  CHECK(box.read("r/kept/f.dvc") ==
        "outs:\n- md5: 5bbf5a52328e7439ae6e719dfe712200\n  size: 4\n  hash: md5\n  path: f\n");
  CHECK(box.exists("r/remote/files/md5/8b/3662b0d460701f7734cdf533c5aa85.dir"));
  box.write("source/d/a", "changed\n");
  box.ok({"update", "--to-remote", "d"});
  box.ok({"pull"});
  CHECK(box.read("r/d/a") == "changed\n");
  CHECK(box.read("r/kept/f") == "one\n");
  CHECK(box.data({"add", "--remote", "disk", "x"}).code == 2);
}

TEST_CASE("a web page is followed by its ETag, and never taken by halves") {
  const Project box;
  std::atomic<int> version{1}, broken{0};
  const HttpServer server([&](const ServedRequest& request) -> ServedResponse {
    const std::string body = "version " + std::to_string(version);
    ServedResponse answer{.headers = {{"ETag", "\"v" + std::to_string(version) + "\""}},
                          .body = request.method == "HEAD" ? "" : body};
    if (request.target != "/x.csv?token=1") return {.status = 404};
    if (request.method == "GET" && broken > 0 && --broken >= 0) answer.cut_after = 3;
    return answer;
  });
  const std::string url = server.url("/x.csv?token=1");
  broken = 1;
  box.ok({"import-url", url});
  CHECK(box.read("r/x.csv") == "version 1");
  CHECK(contains(box.read("r/x.csv.dvc"), "- checksum: '\"v1\"'\n"));
  version = 2;
  box.ok({"update"});
  CHECK(box.read("r/x.csv") == "version 2");
  const std::string before = box.read("r/x.csv.dvc");
  version = 3;
  broken = 100;
  CHECK(box.data({"update"}).code == 1);
  CHECK(box.read("r/x.csv") == "version 2");
  CHECK(box.read("r/x.csv.dvc") == before);
  CHECK(box.data({"import-url", server.url("/absent")}).code == 1);
}

TEST_CASE("a stage runs again when a page that it depends on has changed") {
  const Project box;
  std::atomic<int> version{1};
  const HttpServer server([&](const ServedRequest&) -> ServedResponse {
    return {.headers = {{"ETag", "\"v" + std::to_string(version) + "\""}}};
  });
  const std::string url = server.url("/model");
  box.write("r/dvc.yaml", "stages:\n  s:\n    cmd: echo x >> log; cp log out\n    deps: [" + url +
                              "]\n    outs: [out]\n");
  const auto repro = [&](const std::vector<std::string>& more) {
    std::vector<std::string> argv{mlopsctl::testing::binary(), "--project", "r", "repro"};
    argv.insert(argv.end(), more.begin(), more.end());
    return box.run_program(argv);
  };
  CHECK(repro({}).code == 0);
  CHECK(contains(box.read("r/dvc.lock"), "- path: " + url +
                                             "\n      hash: md5\n      checksum: "
                                             "'\"v1\"'"));
  CHECK(repro({}).code == 0);
  CHECK(box.read("r/log") == "x\n");
  version = 2;
  const Outcome dry = repro({"--dry-run"});
  CHECK(contains(dry.out, url + " changed"));
  CHECK(repro({}).code == 0);
  CHECK(box.read("r/log") == "x\nx\n");
}

TEST_CASE("an import that is not frozen follows its source in repro") {
  const Project box;
  box.ok({"import-url", box.source("f")});
  const auto run = [&](const std::vector<std::string>& more) {
    std::vector<std::string> argv{mlopsctl::testing::binary(), "--project", "r"};
    argv.insert(argv.end(), more.begin(), more.end());
    const Outcome outcome = box.run_program(argv);
    CHECK_MESSAGE(outcome.code == 0, outcome.err);
    return outcome.out;
  };
  box.write("source/f", "second\n");
  run({"repro", "-P"});
  CHECK(box.read("r/f") == "one\n");
  run({"unfreeze", "f.dvc"});
  run({"repro", "-P"});
  CHECK(box.read("r/f") == "second\n");
  CHECK_FALSE(contains(run({"repro", "-P", "--dry-run"}), "would run"));
}
