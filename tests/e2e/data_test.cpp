// data …: versioning files and folders in a DVC repository.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <filesystem>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

struct Repository : Sandbox {
  Repository() {
    REQUIRE(run_program({"git", "init", "-q"}).code == 0);
    REQUIRE(run({"data", "init"}).code == 0);
  }
  void commit(const std::string& message = "m") const {
    REQUIRE(run_program({"git", "add", "-A"}).code == 0);
    REQUIRE(run_program({"git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q",
                         "--allow-empty", "-m", message})
                .code == 0);
  }
  json status(Strings more = {}) const {
    Strings argv{"data", "status", "--json"};
    argv.insert(argv.end(), more.begin(), more.end());
    json root = json::parse(output_of(argv));
    root.erase("schema");
    return root;
  }
  std::size_t objects() const {
    std::size_t count = 0;
    for (const auto& one : fs::recursive_directory_iterator(folder() / ".dvc/cache/files/md5")) {
      count += one.is_regular_file() ? 1U : 0U;
    }
    return count;
  }
};

mode_t mode_of(const fs::path& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info.st_mode & 0777U;
}

}  // namespace

TEST_CASE("data init needs git's root, or to be told that it does not") {
  const Sandbox box;
  const Outcome outside = box.run({"data", "init"});
  CHECK(outside.code == 1);
  CHECK(outside.err.find("--no-scm") != std::string::npos);
  CHECK(box.run({"data", "init", "--no-scm"}).code == 0);
  CHECK(box.read(".dvc/config") == "[core]\n    no_scm = True\n");
  CHECK(box.run({"data", "init", "--no-scm"}).code == 0);
  CHECK(box.run({"data", "root", "--project", "/"}).code == 1);
}

TEST_CASE("data add writes the pointer file and the cache that DVC writes") {
  const Repository box;
  box.write("d/a", "hello\n");
  box.write("d/sub/z", "x\n");
  box.write("d/sub-1", "1");
  box.write("d/sub.txt", "2");
  box.write("run.sh", "#!/bin/sh\n");
  fs::permissions(box.folder() / "run.sh", fs::perms{0755});
  CHECK(box.run({"data", "add", "d", "run.sh"}).code == 0);
  CHECK(box.read("run.sh.dvc") ==
        "outs:\n- md5: 3e2b31c72181b87149ff995e7202c0e3\n  size: 10\n  isexec: true\n  hash: md5\n"
        "  path: run.sh\n");
  CHECK(box.read(".gitignore") == "/d\n/run.sh\n");
  const std::string object = ".dvc/cache/files/md5/3e/2b31c72181b87149ff995e7202c0e3";
  CHECK(box.read(object) == "#!/bin/sh\n");
  CHECK(mode_of(box.folder() / object) == 0444);
  CHECK(box.status()["committed"]["added"] == json{"d/", "run.sh"});
  box.commit();
  CHECK(box.status().empty());
  const json again = json::parse(box.output_of({"data", "add", "d", "--json"}));
  CHECK(again["outputs"][0]["change"] == "unchanged");
}

TEST_CASE("data add refuses what would lose or confuse something, before it touches anything") {
  const Repository box;
  box.write("in_git.txt", "x");
  box.commit();
  box.write("a.txt", "a");
  const Outcome tracked = box.run({"data", "add", "a.txt", "in_git.txt"});
  CHECK(tracked.code == 1);
  CHECK(tracked.err.find("tracked by git") != std::string::npos);
  CHECK_FALSE(fs::exists(box.folder() / "a.txt.dvc"));
  CHECK(box.run({"data", "add", "missing"}).code == 1);
  CHECK(box.run({"data", "add", "/etc/hostname"}).code == 2);
  CHECK(box.run({"data", "add", "."}).code == 2);
  box.write("d/x", "1");
  REQUIRE(box.run({"data", "add", "d/x"}).code == 0);
  CHECK(box.run({"data", "add", "d"}).code == 1);
  CHECK(box.run({"data", "add", "d/x.dvc"}).code == 2);
}

TEST_CASE("data add of a part of a folder changes that part of the record") {
  const Repository box;
  box.write("d/a", "1");
  box.write("d/b", "2");
  REQUIRE(box.run({"data", "add", "d"}).code == 0);
  box.write("d/a", "changed");
  box.write("d/c", "not added");
  CHECK(box.run({"data", "add", "d/a"}).code == 0);
  CHECK(box.read("d.dvc").find("nfiles: 2") != std::string::npos);
  fs::remove(box.folder() / "d/b");
  CHECK(box.run({"data", "add", "d/b"}).code == 0);
  CHECK(box.read("d.dvc").find("nfiles: 1") != std::string::npos);
  CHECK(box.run({"data", "add", "d/never"}).code == 1);
}

TEST_CASE("annotations and comments of a pointer file survive what changes the data") {
  const Repository box;
  box.write("m", "1");
  REQUIRE(box.run({"data", "add", "m", "--type", "model", "--desc", "after epoch 7", "--label", "x",
                   "--meta", "layers=12"})
              .code == 0);
  const std::string text = box.read("m.dvc");
  CHECK(text.find("  desc: after epoch 7\n  type: model\n  labels:\n  - x\n") != std::string::npos);
  CHECK(text.find("layers: 12") != std::string::npos);
  box.write("m.dvc", "# mine\n" + text);
  box.write("m", "22");
  REQUIRE(box.run({"data", "add", "m"}).code == 0);
  CHECK(box.read("m.dvc").starts_with("# mine\nouts:\n- md5: b6d767d2f8ed5d21a44b0e5886680cb9\n"));
  CHECK(box.read("m.dvc").find("after epoch 7") != std::string::npos);
}

TEST_CASE("git switch and data checkout bring the data of each branch") {
  const Repository box;
  box.write("d/a", "one");
  REQUIRE(box.run({"data", "add", "d"}).code == 0);
  box.commit();
  REQUIRE(box.run_program({"git", "branch", "old"}).code == 0);
  box.write("d/a", "two");
  box.write("d/b", "new");
  box.write("e", "only here");
  REQUIRE(box.run({"data", "add", "d", "e"}).code == 0);
  box.commit();
  REQUIRE(box.run_program({"git", "checkout", "-q", "old"}).code == 0);
  CHECK(box.output_of({"data", "checkout"}) == "M\td/\nD\te");
  CHECK(box.read("d/a") == "one");
  CHECK_FALSE(fs::exists(box.folder() / "d/b"));
  CHECK_FALSE(fs::exists(box.folder() / "e"));
  REQUIRE(box.run_program({"git", "checkout", "-q", "-"}).code == 0);
  CHECK(box.run({"data", "checkout"}).code == 0);
  CHECK(box.read("d/a") == "two");
  CHECK(box.read("e") == "only here");
  CHECK(box.status().empty());
}

TEST_CASE("data checkout does not destroy what is nowhere else") {
  const Repository box;
  box.write("d/a", "one");
  box.write("f", "f");
  REQUIRE(box.run({"data", "add", "d", "f"}).code == 0);
  fs::remove(box.folder() / "f");
  box.write("d/a", "precious");
  box.write("d/new", "precious, too");
  const Outcome refused = box.run({"data", "checkout"});
  CHECK(refused.code == 1);
  CHECK(refused.err.find("'d/a', 'd/new'") != std::string::npos);
  CHECK_FALSE(fs::exists(box.folder() / "f"));  // nothing was touched
  CHECK(box.read("d/a") == "precious");
  CHECK(box.run({"data", "checkout", "f"}).code == 0);
  CHECK(box.run({"data", "checkout", "--force"}).code == 0);
  CHECK(box.read("d/a") == "one");
}

TEST_CASE("data checkout says which objects are missing, and does the rest") {
  const Repository box;
  box.write("a", "a");
  box.write("b", "b");
  REQUIRE(box.run({"data", "add", "a", "b"}).code == 0);
  for (const char* name : {"a", "b"}) fs::remove(box.folder() / name);
  fs::remove(box.folder() / ".dvc/cache/files/md5/0c/c175b9c0f1b6a831c399e269772661");
  const Outcome partial = box.run({"data", "checkout"});
  CHECK(partial.code == 5);
  CHECK(box.read("b") == "b");
  CHECK(box.run({"data", "checkout", "a"}).code == 1);
  CHECK(box.run({"data", "checkout", "--allow-missing"}).code == 0);
  CHECK(box.status()["not_in_cache"] == json{"a"});
}

TEST_CASE("linked data is read-only, and unprotect gives it back") {
  const Repository box;
  for (const char* type : {"hardlink", "symlink"}) {
    CAPTURE(type);
    const std::string name = std::string("f_") + type;
    REQUIRE(box.run({"data", "config", "cache.type", type}).code == 0);
    box.write(name, std::string("content of ") + type);
    REQUIRE(box.run({"data", "add", name}).code == 0);
    CHECK((fs::is_symlink(box.folder() / name) || fs::hard_link_count(box.folder() / name) == 2));
    CHECK(box.run({"data", "unprotect", name}).code == 0);
    CHECK_FALSE(fs::is_symlink(box.folder() / name));
    CHECK(mode_of(box.folder() / name) == 0644);
    CHECK(box.read(name) == std::string("content of ") + type);
    CHECK(box.run({"data", "checkout", "--relink", name}).code == 0);
    CHECK((fs::is_symlink(box.folder() / name) || fs::hard_link_count(box.folder() / name) == 2));
    // What stays must not depend on the cache.
    CHECK(box.run({"data", "remove", name + ".dvc"}).code == 0);
    CHECK_FALSE(fs::is_symlink(box.folder() / name));
    CHECK(box.run({"data", "gc", "--workspace", "--older-than", "0s", "--yes"}).code == 0);
    CHECK(box.read(name) == std::string("content of ") + type);
  }
}

TEST_CASE("data commit records changes, also what was added without a cached copy") {
  const Repository box;
  box.write("f", "1");
  REQUIRE(box.run({"data", "add", "f", "--no-commit"}).code == 0);
  CHECK_FALSE(fs::exists(box.folder() / ".dvc/cache/files"));
  CHECK(box.run({"data", "commit"}).code == 0);
  CHECK(box.objects() == 1);
  box.write("f", "2");
  CHECK(box.status()["uncommitted"]["modified"] == json{"f"});
  CHECK(box.run({"data", "commit", "f"}).code == 0);
  CHECK_FALSE(box.status().contains("uncommitted"));
  fs::remove(box.folder() / "f");
  CHECK(box.run({"data", "commit"}).code == 1);
  CHECK(box.run({"data", "commit", "g"}).code == 1);
}

TEST_CASE("data status and diff judge only when they are asked to") {
  const Repository box;
  box.write("d/a", "1");
  box.write("d/b", "2");
  REQUIRE(box.run({"data", "add", "d"}).code == 0);
  box.commit();
  CHECK(box.run({"data", "status", "--exit-code"}).code == 0);
  CHECK(box.run({"data", "diff", "--exit-code"}).code == 0);
  CHECK(box.output_of({"data", "status"}) == "No changes.");
  fs::rename(box.folder() / "d/a", box.folder() / "d/c");
  CHECK(box.run({"data", "status"}).code == 0);
  CHECK(box.run({"data", "status", "--exit-code"}).code == 3);
  CHECK(box.run({"data", "diff", "--exit-code"}).code == 3);
  const json now = box.status({"--granular"});
  CHECK(now["uncommitted"]["modified"] == json{"d/"});
  CHECK(now["uncommitted"]["renamed"][0] == json{{"old", "d/a"}, {"new", "d/c"}});
  const json diff = json::parse(box.output_of({"data", "diff", "--json"}));
  CHECK(diff["renamed"][0]["path"]["new"] == "d/c");
  CHECK(box.run({"data", "diff", "nowhere"}).code == 1);
  const Sandbox plain;
  CHECK(plain.run({"data", "status"}).code == 1);
}

TEST_CASE("data gc removes nothing without a scope, a yes, or an age") {
  const Repository box;
  box.write("f", "old");
  REQUIRE(box.run({"data", "add", "f"}).code == 0);
  box.commit("v1");
  box.write("f", "new");
  REQUIRE(box.run({"data", "add", "f"}).code == 0);
  box.commit("v2");
  CHECK(box.run({"data", "gc", "--yes"}).code == 2);
  CHECK(box.run({"data", "gc", "-w", "--older-than", "0s"}).code == 2);
  CHECK(box.run({"data", "gc", "-w", "--yes"}).code == 0);  // too young
  CHECK(box.objects() == 2);
  const json plan =
      json::parse(box.output_of({"data", "gc", "-A", "--older-than", "0s", "--dry-run", "--json"}));
  CHECK(plan["objects"] == 0);
  CHECK(plan["kept"][0]["reason"] == "the working tree");
  CHECK(box.run({"data", "gc", "-w", "--older-than", "0s", "--yes"}).code == 0);
  CHECK(box.objects() == 1);
  CHECK(box.run({"data", "gc", "--rev", "nowhere", "--yes"}).code == 1);
}

TEST_CASE("data gc stops where it cannot know what a folder needs") {
  const Repository box;
  box.write("d/a", "1");
  REQUIRE(box.run({"data", "add", "d"}).code == 0);
  const json shown = json::parse(box.output_of({"data", "ls", "--json"}));
  const std::string md5 = shown["entries"][0]["md5"];
  fs::remove(box.folder() / ".dvc/cache/files/md5" / md5.substr(0, 2) / md5.substr(2));
  const Outcome stopped = box.run({"data", "gc", "-w", "--older-than", "0s", "--yes"});
  CHECK(stopped.code == 1);
  CHECK(box.objects() == 1);
  CHECK(box.run({"data", "gc", "-w", "--older-than", "0s", "--yes", "--ignore-missing"}).code == 0);
  CHECK(box.objects() == 0);
}

TEST_CASE("data move and remove keep pointer, ignore file and data together") {
  const Repository box;
  box.write("f", "1");
  box.write("g", "2");
  REQUIRE(box.run({"data", "add", "f", "g"}).code == 0);
  CHECK(box.run({"data", "move", "f", "sub/h"}).code == 0);
  CHECK(box.read("sub/h.dvc").find("path: h\n") != std::string::npos);
  CHECK(box.read("sub/h") == "1");
  CHECK(box.read("sub/.gitignore") == "/h\n");
  CHECK(box.read(".gitignore") == "/g\n");
  CHECK(box.run({"data", "move", "g", "sub/h"}).code == 1);
  CHECK(box.run({"data", "move", "nothing", "x"}).code == 1);
  CHECK(box.run({"data", "remove", "g", "--outs"}).code == 2);
  CHECK(box.run({"data", "remove", "g", "--outs", "--yes"}).code == 0);
  CHECK_FALSE(fs::exists(box.folder() / "g"));
  CHECK_FALSE(fs::exists(box.folder() / ".gitignore"));
  CHECK(box.run({"data", "remove", "g"}).code == 1);
}

TEST_CASE("data config speaks DVC's names and refuses what DVC would refuse") {
  const Repository box;
  CHECK(box.run({"data", "config", "core.remote", "store"}).code == 0);
  CHECK(box.run({"data", "config", "remote.store.url", "../elsewhere"}).code == 0);
  CHECK(box.read(".dvc/config") ==
        "[core]\n    remote = store\n['remote \"store\"']\n    url = ../../elsewhere\n");
  CHECK(box.output_of({"data", "config", "core.remote"}) == "store");
  CHECK(box.run({"data", "config", "core.remtoe", "x"}).code == 2);
  CHECK(box.run({"data", "config", "core.autostage", "maybe"}).code == 2);
  CHECK(box.run({"data", "config", "--unset", "core.remote"}).code == 0);
  CHECK(box.run({"data", "config", "core.remote"}).code == 1);
  box.write(".dvc/config", "[core\n");
  const Outcome broken = box.run({"data", "status"});
  CHECK(broken.code == 2);
  CHECK(broken.err.find("line 1") != std::string::npos);
}

TEST_CASE(".dvcignore keeps files out, and check-ignore says by which line") {
  const Repository box;
  box.write(".dvcignore", "# none\n*.tmp\n!keep.tmp\n");
  box.write("d/a", "1");
  box.write("d/b.tmp", "2");
  box.write("d/keep.tmp", "3");
  REQUIRE(box.run({"data", "add", "d"}).code == 0);
  CHECK(box.read("d.dvc").find("nfiles: 2") != std::string::npos);
  CHECK(box.output_of({"data", "check-ignore", "-d", "d/b.tmp", "d/a"}) ==
        "d/b.tmp\t.dvcignore:2:*.tmp");
  CHECK(box.run({"data", "check-ignore", "d/a"}).code == 4);
  CHECK(box.run({"data", "check-ignore", "/elsewhere"}).code == 2);
  box.write("d/.dvcignore", "x");
  CHECK(box.run({"data", "add", "d"}).code == 1);
}

TEST_CASE("a repository of DVC 2 is read, kept as it is, and migrated on request") {
  const Repository box;
  box.write("t.txt", "a\r\nb\r\n");
  box.write(".dvc/cache/dd/8c6a395b5dd36c56d23275028f526c", "a\r\nb\r\n");
  fs::permissions(box.folder() / ".dvc/cache/dd/8c6a395b5dd36c56d23275028f526c", fs::perms{0444});
  const std::string pointer =
      "outs:\n- md5: dd8c6a395b5dd36c56d23275028f526c\n  size: 6\n  path: t.txt\n";
  box.write("t.txt.dvc", pointer);
  CHECK_FALSE(box.status().contains("uncommitted"));
  CHECK(box.run({"data", "commit"}).code == 0);
  CHECK(box.read("t.txt.dvc") == pointer);
  fs::remove(box.folder() / "t.txt");
  CHECK(box.run({"data", "checkout"}).code == 0);
  CHECK(box.read("t.txt") == "a\r\nb\r\n");
  CHECK(box.run({"data", "cache", "migrate", "--dvc-files"}).code == 0);
  CHECK(box.read("t.txt.dvc") ==
        "outs:\n- md5: 59b0d7772f0561efb95518f3cb8abc60\n  size: 6\n  path: t.txt\n  hash: md5\n");
  CHECK_FALSE(box.status().contains("not_in_cache"));
}

TEST_CASE("a tampered object is removed, never trusted") {
  const Repository box;
  box.write("f", "good");
  REQUIRE(box.run({"data", "add", "f"}).code == 0);
  const std::string object = ".dvc/cache/files/md5/75/5f85c2723bb39381c7379a604160d8";
  REQUIRE(fs::exists(box.folder() / object));
  fs::permissions(box.folder() / object, fs::perms{0644});
  box.write(object, "bad!");
  CHECK(box.status()["not_in_cache"] == json{"f"});
  CHECK_FALSE(fs::exists(box.folder() / object));
  CHECK(box.run({"data", "commit"}).code == 0);  // the working tree still has it
  CHECK(box.read(object) == "good");
}

TEST_CASE("two processes do not work on one repository at once") {
  const Repository box;
  box.write("f", "1");
  const Outcome waited =
      box.run_program({"flock", ".dvc/tmp/lock", mlopsctl::testing::binary(), "data", "add", "f"});
  CHECK(waited.code == 1);
  CHECK(waited.err.find("another process") != std::string::npos);
  CHECK(box.run({"data", "add", "f"}).code == 0);
}

TEST_CASE("the cache can be elsewhere") {
  const Repository box;
  CHECK(box.run({"data", "cache", "dir", "store"}).code == 0);
  CHECK(box.read(".dvc/config") == "[cache]\n    dir = ../store\n");
  CHECK(box.output_of({"data", "cache", "dir"}) == (box.folder() / "store").string());
  box.write("f", "1");
  REQUIRE(box.run({"data", "add", "f"}).code == 0);
  CHECK(fs::exists(box.folder() / "store/files/md5/c4/ca4238a0b923820dcc509a6f75849b"));
  CHECK(box.run({"data", "cache", "dir", "--unset"}).code == 0);
  CHECK(box.run({"data", "cache", "dir", "--unset"}).code == 1);
}
