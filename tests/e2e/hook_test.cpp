// hook install, uninstall, status and run: what git does with them, what stays of other hooks.
#include "mlopsctl/data/hooks.hpp"

#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

Outcome git(const Sandbox& box, std::vector<std::string> argv) {
  argv.insert(argv.begin(), {"git", "-c", "user.name=t", "-c", "user.email=t@t"});
  return box.run_program(argv);
}

void must(const Outcome& outcome) {
  CAPTURE(outcome.out);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
}

void make_repository(const Sandbox& box) {
  must(git(box, {"init", "-q", "-b", "main", "."}));
  box.output_of({"data", "init"});
  must(git(box, {"commit", "-q", "-m", "start"}));
}

void commit_all(const Sandbox& box, const std::string& message) {
  must(git(box, {"add", "-A"}));
  must(git(box, {"commit", "-q", "-m", message}));
}

void make_executable(const Sandbox& box, const std::string& name) {
  REQUIRE(::chmod((box.folder() / name).c_str(), 0755) == 0);
}

bool there(const Sandbox& box, const std::string& name) { return fs::exists(box.folder() / name); }

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("pre-commit stops files that are too big for git, and data that are not recorded") {
  const Sandbox box;
  make_repository(box);
  box.output_of({"hook", "install"});
  box.output_of({"init"});
  box.output_of({"config", "set", "hook.max-file-size", "1kB"});
  box.write("big.bin", std::string(2000, 'x'));
  must(git(box, {"add", "-A"}));
  const Outcome big = git(box, {"commit", "-q", "-m", "big"});
  CHECK(big.code == 1);
  CHECK(contains(big.err, "git rm --cached 'big.bin' && mlopsctl data add 'big.bin'"));

  must(git(box, {"rm", "-q", "--cached", "big.bin"}));
  box.output_of({"data", "add", "big.bin"});
  CHECK(contains(git(box, {"commit", "-q", "-m", "forgot"}).err, "not staged as it is"));
  commit_all(box, "added");

  box.write("big.bin", std::string(3000, 'y'));
  const Outcome stale = git(box, {"commit", "-q", "--allow-empty", "-m", "stale"});
  CHECK(stale.code == 1);
  CHECK(contains(stale.err, "mlopsctl data commit 'big.bin'"));
  must(git(box, {"commit", "-q", "--allow-empty", "--no-verify", "-m", "all the same"}));
  box.output_of({"config", "set", "hook.refuse-stale", "false"});
  const Outcome told = git(box, {"commit", "-q", "--allow-empty", "-m", "told"});
  CHECK(told.code == 0);
  CHECK(contains(told.err, "changed since it was recorded"));
}

TEST_CASE("pre-commit looks at what git commits, also for commit -a and for single files") {
  const Sandbox box;
  make_repository(box);
  box.write("a.txt", "a");
  box.write("data.bin", "one");
  box.output_of({"data", "add", "data.bin"});
  commit_all(box, "files");
  box.output_of({"hook", "install", "pre-commit"});
  box.write("data.bin", "two");
  box.output_of({"data", "add", "data.bin"});
  must(git(box, {"commit", "-q", "-a", "-m", "the pointer is taken along"}));
  // One file only: git makes an index for this commit alone.
  box.write("a.txt", "b");
  box.write("data.bin", "three");
  box.output_of({"data", "add", "data.bin"});
  CHECK(git(box, {"commit", "-q", "a.txt", "-m", "without the pointer"}).code == 1);
  must(git(box, {"commit", "-q", "data.bin.dvc", "-m", "the pointer alone"}));
}

TEST_CASE("post-checkout brings data, pre-push pushes them") {
  const Sandbox box;
  make_repository(box);
  box.write("data.bin", "one");
  box.output_of({"data", "add", "data.bin"});
  box.output_of({"data", "remote", "add", "-d", "store", (box.folder() / "../store").string()});
  commit_all(box, "one");
  must(git(box, {"branch", "old"}));
  box.output_of({"hook", "install"});
  box.write("data.bin", "two");
  box.output_of({"data", "add", "data.bin"});
  commit_all(box, "two");
  must(git(box, {"checkout", "-q", "old"}));
  CHECK(box.read("data.bin") == "one");
  must(git(box, {"checkout", "-q", "main"}));
  CHECK(box.read("data.bin") == "two");
  // Checking out a file is no checkout of a commit.
  must(git(box, {"checkout", "-q", "old", "--", "data.bin.dvc"}));
  CHECK(box.read("data.bin") == "two");
  must(git(box, {"reset", "-q", "--hard"}));
  must(git(box, {"init", "-q", "--bare", "server.git"}));
  must(git(box, {"push", "-q", "server.git", "main"}));
  CHECK(json::parse(box.output_of({"data", "push", "--json"}))["moved"] == 0);
  fs::remove_all(box.folder() / "../store");
  box.write("blocker", "");
  box.output_of({"data", "remote", "modify", "store", "url", (box.folder() / "blocker").string()});
  CHECK(git(box, {"push", "-q", "server.git", "main:other"}).code != 0);
}

TEST_CASE("hooks of others stay, run behind ours, and are as before when ours go") {
  const Sandbox box;
  make_repository(box);
  const std::string mine = "#!/bin/bash\n# mine\necho mine >> ran\n";
  const std::string dvc = "#!/usr/bin/sh\nexec dvc git-hook post-checkout $@\n";
  const std::string python = "#!/usr/bin/env python3\nopen('ran', 'a').write('python')\n";
  box.write(".git/hooks/pre-commit", mine);
  box.write(".git/hooks/post-checkout", dvc);
  box.write(".git/hooks/pre-push", python);
  for (const char* name : {"pre-commit", "post-checkout", "pre-push"})
    make_executable(box, std::string(".git/hooks/") + name);

  box.output_of({"hook", "install", "--dry-run"});
  CHECK(box.read(".git/hooks/pre-commit") == mine);
  const json done = json::parse(box.output_of({"hook", "install", "--json"}));
  CHECK(done["hooks"][0]["beside"] == "a script of yours");
  CHECK(done["hooks"][1]["beside"] == "DVC");
  CHECK(contains(done["findings"].dump(), "DVC's hooks stay"));
  CHECK(box.read(".git/hooks/pre-commit").starts_with("#!/bin/bash\n# >>> mlopsctl hook >>>"));
  CHECK(box.read(".git/hooks/pre-commit").ends_with("# mine\necho mine >> ran\n"));
  must(git(box, {"commit", "-q", "--allow-empty", "-m", "x"}));
  CHECK(box.read("ran") == "mine\n");
  must(git(box, {"init", "-q", "--bare", "server.git"}));
  must(git(box, {"push", "-q", "server.git", "main"}));
  CHECK(box.read("ran") == "mine\npython");

  // A second time nothing changes.
  const std::string once = box.read(".git/hooks/pre-commit");
  const json again = json::parse(box.output_of({"hook", "install", "--json"}));
  for (const auto& hook : again["hooks"]) CHECK(hook["change"] == "unchanged");
  CHECK(box.read(".git/hooks/pre-commit") == once);

  box.output_of({"hook", "uninstall"});
  CHECK(box.read(".git/hooks/pre-commit") == mine);
  CHECK(box.read(".git/hooks/post-checkout") == dvc);
  CHECK(box.read(".git/hooks/pre-push") == python);
  CHECK_FALSE(there(box, ".git/hooks/pre-push.before-mlopsctl"));
  const json status = json::parse(box.output_of({"hook", "status", "--json"}));
  for (const auto& hook : status["hooks"]) CHECK(hook["installed"] == false);
}

TEST_CASE("core.hooksPath is where hooks go, and repositories without data are left in peace") {
  const Sandbox box;
  make_repository(box);
  must(git(box, {"config", "core.hooksPath", "../shared hooks"}));
  const json done = json::parse(box.output_of({"hook", "install", "--json"}));
  CHECK(contains(done["findings"].dump(), "every repository"));
  CHECK_FALSE(there(box, ".git/hooks/pre-commit"));
  must(git(box, {"init", "-q", "-b", "main", "plain"}));
  must(git(box, {"-C", "plain", "config", "core.hooksPath", "../../shared hooks"}));
  box.write("plain/big.bin", std::string(100, 'x'));
  must(git(box, {"-C", "plain", "add", "-A"}));
  must(git(box, {"-C", "plain", "commit", "-q", "-m", "x"}));
  box.output_of({"hook", "uninstall"});
  CHECK(json::parse(box.output_of({"hook", "status", "--json"}))["hooks"][0]["installed"] == false);
}

TEST_CASE("a repository of data below the root of git has its hooks at the root") {
  const Sandbox box;
  must(git(box, {"init", "-q", "-b", "main", "."}));
  fs::create_directory(box.folder() / "it's below");
  box.output_of({"data", "init", "--subdir", "--project", "it's below"});
  box.output_of({"hook", "install", "--project", "it's below"});
  box.write("it's below/data.bin", "one");
  box.output_of({"data", "add", "data.bin", "--project", "it's below"});
  must(git(box, {"add", "it's below/.gitignore"}));
  const Outcome refused = git(box, {"commit", "-q", "-m", "x"});
  CHECK(refused.code == 1);
  CHECK(contains(refused.err, "data.bin.dvc"));
  commit_all(box, "x");
}

TEST_CASE("what cannot be done is said") {
  const Sandbox box;
  CHECK(box.run({"hook", "install"}).code == 1);
  box.output_of({"data", "init", "--no-scm"});
  const Outcome outcome = box.run({"hook", "install"});
  CHECK(outcome.code == 1);
  CHECK(contains(outcome.err, "no git working tree"));
  CHECK(box.run({"hook", "install", "pre-comit"}).code == 2);
  CHECK(box.run({"hook", "run", "pre-commit"}).code == 0);
  CHECK(box.run({"hook", "run"}).code == 2);
}

TEST_CASE("a block without its end is not guessed at") {
  CHECK_THROWS(mlopsctl::data::without_hook_block("#!/bin/sh\n# >>> mlopsctl hook >>>\nexit 0\n"));
  const std::string made =
      mlopsctl::data::with_hook_block("", "pre-push", {"/opt/it's/mlopsctl", ""});
  CHECK(contains(made, R"(echo '/opt/it'\''s/mlopsctl')"));
  CHECK(mlopsctl::data::without_hook_block(made) == "#!/bin/sh\n");
}
