// Broken stores, full disks, hostile input: a clear error, the right exit code, nothing lost.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// A tmpfs of its own, unmounted at the end; `ok` is false where we may not mount.
struct SmallDisk {
  fs::path folder;
  bool ok = false;
  SmallDisk(const Sandbox& box, const char* size) : folder(box.folder() / "disk") {
    fs::create_directory(folder);
    ok = ::mount("tmpfs", folder.c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallDisk() {
    if (ok) ::umount2(folder.c_str(), MNT_DETACH);
  }
};

std::string many_lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += "{\"step\":" + std::to_string(i) + ",\"loss\":0." + std::to_string(i) + "}\n";
  }
  return text;
}

json shown(const Sandbox& box, const std::string& run, const std::vector<std::string>& more = {}) {
  std::vector<std::string> argv{"run", "show", run, "--json"};
  argv.insert(argv.end(), more.begin(), more.end());
  return json::parse(box.output_of(argv));
}

}  // namespace

TEST_CASE("a full disk is named, and what was stored before stays readable") {
  const Sandbox box;
  const SmallDisk disk(box, "size=3m");
  if (!disk.ok) {
    MESSAGE("skipped: mounting a tmpfs needs root");
    return;
  }
  REQUIRE(box.run({"init", "--project", "disk"}).code == 0);
  const std::string run = box.output_of({"run", "start", "--project", "disk"});
  REQUIRE(box.run({"run", "log", "--project", "disk", run, "first=1"}).code == 0);
  const Outcome full =
      box.run({"run", "log", "--project", "disk", run, "--from", "-"}, many_lines(200'000));
  CHECK(full.code == 1);
  CHECK(full.err.find("space") != std::string::npos);
  CHECK(shown(box, run, {"--project", "disk"})["metrics"][0]["key"] == "first");

  const Outcome exec = box.run({"run", "exec", "--project", "disk", "--", "sh", "-c",
                                "head -c 4000000 /dev/zero; echo done >&2"});
  CHECK(exec.code != 0);
  fs::remove_all(disk.folder / ".mlopsctl/artifacts");
  CHECK(box.run({"run", "list", "--project", "disk"}).code == 0);
  CHECK(box.run({"run", "log", "--project", "disk", run, "after=1"}).code == 0);
}

TEST_CASE("a store that cannot be written can be read, and a write says why not") {
  if (::geteuid() == 0) {
    // Root ignores permissions: a read-only mount is what stops it.
    const Sandbox box;
    const std::string run = box.output_of({"run", "start", "--name", "kept"});
    fs::create_directory(box.folder() / "ro");
    if (::mount(box.folder().c_str(), (box.folder() / "ro").c_str(), nullptr, MS_BIND, nullptr) !=
        0) {
      MESSAGE("skipped: cannot bind-mount here");
      return;
    }
    REQUIRE(::mount(nullptr, (box.folder() / "ro").c_str(), nullptr,
                    MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0);
    const Outcome read = box.run({"run", "list", "--project", "ro"});
    CHECK(read.code == 0);
    CHECK(read.out.find("kept") != std::string::npos);
    const Outcome write = box.run({"run", "log", "--project", "ro", run, "x=1"});
    CHECK(write.code == 1);
    CHECK(write.err.find("read") != std::string::npos);
    ::umount2((box.folder() / "ro").c_str(), MNT_DETACH);
    return;
  }
  const Sandbox box;
  const std::string run = box.output_of({"run", "start", "--name", "kept"});
  fs::permissions(box.folder() / ".mlopsctl", fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(box.folder() / ".mlopsctl/runs.db", fs::perms::owner_read);
  CHECK(box.run({"run", "list"}).out.find("kept") != std::string::npos);
  CHECK(box.run({"run", "log", run, "x=1"}).code == 1);
  fs::permissions(box.folder() / ".mlopsctl", fs::perms::owner_all);
}

TEST_CASE("a corrupt file, an empty file and a newer store are told apart and left as they are") {
  const Sandbox box;
  REQUIRE(box.run({"init"}).code == 0);
  box.output_of({"run", "start"});
  const fs::path file = box.folder() / ".mlopsctl/runs.db";
  // Everything into the file itself, so that what is damaged below is all there is.
  REQUIRE(box.run_program({"python3", "-c",
                           "import sqlite3; sqlite3.connect('.mlopsctl/runs.db').execute('pragma "
                           "wal_checkpoint(truncate)')"})
              .code == 0);
  const std::string good = box.read(".mlopsctl/runs.db");

  box.write(".mlopsctl/runs.db", "this is not a database, and it is longer than a header");
  fs::remove(file.string() + "-wal");
  Outcome outcome = box.run({"run", "list"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("runs.db") != std::string::npos);
  CHECK(outcome.err.find("hint") != std::string::npos);
  CHECK(box.read(".mlopsctl/runs.db").starts_with("this is not"));

  std::string damaged = good;
  for (std::size_t i = 4096; i < damaged.size(); i += 7)
    damaged[i] = static_cast<char>(damaged[i] ^ 0x5a);
  box.write(".mlopsctl/runs.db", damaged);
  CHECK(box.run({"doctor"}).code != 0);
  CHECK(box.run({"run", "log", "@last", "x=1"}).code == 1);

  for (const char* suffix : {"-wal", "-shm"}) fs::remove(file.string() + suffix);
  std::string newer = good;
  newer[63] = 99;  // user_version, big-endian at offset 60
  box.write(".mlopsctl/runs.db", newer);
  outcome = box.run({"run", "start"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("99") != std::string::npos);
  CHECK(box.read(".mlopsctl/runs.db") == newer);
}

TEST_CASE("sixteen processes that open a missing store at once all succeed") {
  const Sandbox box;
  const Outcome outcome = box.run_program(
      {"sh", "-c",
       "mkdir p; for i in $(seq 16); do (" + mlopsctl::testing::binary() +
           " run start --project p --name r$i -q > out.$i 2> err.$i || echo $i >> failed) & done; "
           "wait; "
           "cat failed err.* 2>/dev/null; " +
           mlopsctl::testing::binary() + " run list --project p --columns run_id | wc -l"});
  CHECK(outcome.out.find("16") != std::string::npos);
  CHECK_FALSE(fs::exists(box.folder() / "failed"));
}

TEST_CASE("huge, hostile and malformed values are refused or escaped, never half stored") {
  const Sandbox box;
  const std::string run = box.output_of({"run", "start"});
  // Command lines end at 128 KiB an argument, so the 10 MB parameter comes in a line.
  const std::string huge(10'000'000, 'x');
  Outcome outcome = box.run({"run", "log", run, "--from", "-"},
                            "{\"params\":{\"big\":\"" + huge + "\"}}\n{\"loss\":1}\n");
  CHECK(outcome.code == 5);
  CHECK(outcome.err.find("line 1") != std::string::npos);
  CHECK(outcome.err.size() < 2000);
  CHECK(shown(box, run)["params"].empty());
  CHECK(shown(box, run)["metrics"].size() == 1);

  CHECK(box.run({"run", "start", "--name", "evil\x1b[2Jname"}).code == 2);
  CHECK(box.run({"run", "start", "--name", std::string("bad\xff")}).code == 2);
  CHECK(box.run({"run", "log", run, "--param", std::string("k=\xff")}).code == 2);
  CHECK(box.run({"run", "tag", run, "k=\x1b[31mred"}).code == 0);
  CHECK(box.run_on_terminal({"run", "show", run}).out.find("\x1b[31mred") == std::string::npos);
  CHECK(shown(box, run)["tags"]["k"] == "\x1b[31mred");
}

TEST_CASE("results that cannot be written are a failure") {
  const Sandbox box;
  REQUIRE(box.run({"init"}).code == 0);
  const Outcome outcome =
      box.run_program({"sh", "-c", mlopsctl::testing::binary() + " --help > /dev/full"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("space") != std::string::npos);
}
