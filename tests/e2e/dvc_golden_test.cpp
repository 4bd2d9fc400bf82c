// Repositories that DVC 3.64.0 left behind (tests/golden/dvc/repos): they are called clean where
// DVC calls them clean, and what is written again has DVC's bytes.
#include "support/locations.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <map>
#include <sstream>

using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

using Files = std::map<std::string, std::string>;  // path → bytes
using Strings = std::vector<std::string>;

void unpack(const Sandbox& box, const std::string& name) {
  const fs::path archive =
      fs::path(mlopsctl::testing::source_folder()) / "tests/golden/dvc/repos" / (name + ".tar.gz");
  REQUIRE(box.run_program({"tar", "-xzf", archive.string(), "--no-same-owner"}).code == 0);
}

std::string bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Files files_below(const fs::path& folder) {
  Files files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      files[fs::relative(entry.path(), folder).string()] = bytes(entry.path());
  }
  return files;
}

// The .dvc files, locks and ignore files of a working tree.
Files records(const fs::path& root) {
  Files files;
  for (const auto& [path, text] : files_below(root)) {
    const fs::path name = fs::path(path).filename();
    if (path.starts_with(".git/") || path.starts_with(".dvc/")) continue;
    if (name.extension() == ".dvc" || name == "dvc.lock" || name == "dvc.yaml") files[path] = text;
  }
  return files;
}

Strings in(const std::string& repository, Strings arguments) {
  arguments.insert(arguments.end(), {"--project", repository});
  return arguments;
}

json data_status(const Sandbox& box, const std::string& repository) {
  json status = json::parse(box.output_of(in(repository, {"data", "status", "--json"})));
  status.erase("schema");
  return status;
}

// What repro -P would do, by stage.
std::map<std::string, std::string> plan(const Sandbox& box, const std::string& repository) {
  std::map<std::string, std::string> result;
  const auto outcome = box.run(in(repository, {"repro", "-P", "--dry-run", "--json"}));
  CAPTURE(outcome.err);
  const json planned = json::parse(outcome.out);
  for (const auto& stage : planned["stages"]) result[stage["stage"]] = stage["outcome"];
  return result;
}

}  // namespace

TEST_CASE("data status says what DVC said") {
  const Sandbox box;
  // As `dvc data status --json` of 3.64.0 printed it.
  const std::map<std::string, json> recorded{
      {"l2", {{"committed", {{"added", {"t.txt"}}}}}},
      {"t12", {{"committed", {{"added", {"d/", "env.txt"}}}}}},
      {"t2",
       {{"committed",
         {{"added", {"a.txt", "crlf.txt", "d/", "empty.txt", "emptydir/", "run.sh"}}}}}},
      {"t4", json::object()},
      {"t6", json::object()},
      {"t7", {{"committed", {{"deleted", {"d/"}}}}}}};
  for (const auto& [name, status] : recorded) {
    CAPTURE(name);
    unpack(box, name);
    CHECK(data_status(box, name) == status);
  }
}

TEST_CASE("repro would run what DVC's status calls changed, and nothing else") {
  const Sandbox box;
  for (const char* name : {"t4", "t6", "t7", "t12"}) unpack(box, name);
  // lr and nest of params.yaml are modified; s3 and s4 read what s2 makes.
  for (const auto& [stage, outcome] : plan(box, "t4")) CHECK(outcome == "would run");
  for (const auto& [stage, outcome] : plan(box, "t7")) CHECK(outcome == "unchanged");
  for (const auto& [stage, outcome] : plan(box, "t12")) CHECK(outcome == "unchanged");
  const std::map<std::string, std::string> changed{{"always", "would run"},
                                                   {"cb", "would run"},
                                                   {"sub/dvc.yaml:wd", "would run"},
                                                   {"sub/dvc.yaml:fail", "would run"}};
  for (const auto& [stage, outcome] : plan(box, "t6")) {
    CAPTURE(stage);
    CHECK(outcome == (changed.contains(stage) ? changed.at(stage) : "unchanged"));
  }
}

TEST_CASE("data added anew gives DVC's .dvc files and objects") {
  const Sandbox box;
  unpack(box, "t2");
  const fs::path root = box.folder() / "t2";
  const Files before = records(root), cache = files_below(root / ".dvc/cache/files");
  REQUIRE(before.size() == 6);
  fs::remove_all(root / ".dvc/cache/files");
  // In turn: over the file that is there, and without it.
  for (const bool fresh : {false, true}) {
    for (const auto& [path, text] : before) {
      if (fresh) fs::remove(root / path);
      const std::string data = fs::path(path).replace_extension().string();
      box.output_of(in("t2", {"data", "add", data}));
    }
    CHECK(records(root) == before);
    CHECK(files_below(root / ".dvc/cache/files") == cache);
  }
}

TEST_CASE("stages that run again leave DVC's lock as it is") {
  const Sandbox box;
  for (const char* name : {"t4", "t7"}) {
    CAPTURE(name);
    unpack(box, name);
    const fs::path root = box.folder() / name;
    if (fs::exists(root / "params.yaml"))
      REQUIRE(box.run_program({"git", "-C", name, "checkout", "-q", "--", "params.yaml"}).code ==
              0);
    const Files before = records(root), runs = files_below(root / ".dvc/cache/runs");
    box.output_of(in(name, {"repro", "-P", "--force", "--no-run-cache"}));
    CHECK(records(root) == before);
    // The same results have the same names in the run cache.
    const Files after = files_below(root / ".dvc/cache/runs");
    for (const auto& [path, text] : runs) {
      CAPTURE(path);
      if (after.contains(path)) CHECK(after.at(path) == text);
    }
    CHECK(after.size() >= runs.size());
  }
}

TEST_CASE("a lock that is gone comes back from DVC's run cache with the same bytes") {
  const Sandbox box;
  unpack(box, "t7");
  const fs::path root = box.folder() / "t7";
  const std::string lock = bytes(root / "dvc.lock");
  fs::remove(root / "dvc.lock");
  fs::remove(root / "g");
  const json report = json::parse(box.output_of(in("t7", {"repro", "--json"})));
  CHECK(report["stages"].dump().find("restored") != std::string::npos);
  CHECK(bytes(root / "dvc.lock") == lock);
}

TEST_CASE("what DVC pushed is fetched, and what it had not pushed is put beside it") {
  const Sandbox box;
  unpack(box, "t7");
  unpack(box, "t7remote");
  const fs::path root = box.folder() / "t7", remote = box.folder() / "t7remote";
  box.output_of(in("t7", {"data", "remote", "modify", "myrem", "url", remote.string()}));
  const Files kept = files_below(remote), cache = files_below(root / ".dvc/cache/files");
  fs::remove_all(root / ".dvc/cache/files");
  // f was never pushed.
  CHECK(box.run(in("t7", {"data", "fetch", "--all-commits"})).code == 5);
  const Files fetched = files_below(root / ".dvc/cache/files");
  CHECK(fetched.size() == 3);
  for (const auto& [path, text] : fetched) {
    CAPTURE(path);
    CHECK(kept.at("files/" + path) == text);
    CHECK(cache.at(path) == text);
  }
  box.output_of(in("t7", {"data", "add", "f"}));
  CHECK(json::parse(box.output_of(in("t7", {"data", "push", "--json"})))["moved"] == 1);
  Files now = files_below(remote);
  CHECK(now.at("files/md5/e3/0260020baeb0398ff07b37dd33ed16") ==
        cache.at("md5/e3/0260020baeb0398ff07b37dd33ed16"));
  now.erase("files/md5/e3/0260020baeb0398ff07b37dd33ed16");
  CHECK(now == kept);
}

TEST_CASE("data of DVC 2 stay as they are until they change") {
  const Sandbox box;
  unpack(box, "l2");
  const fs::path root = box.folder() / "l2";
  const Files before = records(root);
  box.output_of(in("l2", {"data", "commit"}));
  CHECK(records(root) == before);
  box.write("l2/t.txt", "new\r\n");
  box.output_of(in("l2", {"data", "add", "t.txt"}));
  CHECK(box.read("l2/t.txt.dvc").find("hash: md5") != std::string::npos);
}
