#include "mlopsctl/platform/git.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/process.hpp"

#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace mlopsctl {
using testing::TemporaryFolder;

namespace {

class Repository {
 public:
  Repository() { git({"init", "-q", "-b", "trunk"}); }

  const std::filesystem::path& path() const { return folder_.path(); }

  std::string git(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"git", "-c", "user.name=t", "-c",
                                         "user.email=t@example.org", "-c", "commit.gpgsign=false"});
    const auto result = run_process({.argv = arguments, .directory = path().string()});
    CHECK_MESSAGE(result.ok(), result.err);
    return result.out.substr(0, result.out.find('\n'));
  }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path() / name).parent_path());
    std::ofstream{path() / name} << text;
  }

  std::string commit_all() const {
    git({"add", "-A"});
    git({"commit", "-q", "-m", "m"});
    return git({"rev-parse", "HEAD"});
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("outside a repository there is no git state") {
  const TemporaryFolder folder;
  CHECK_FALSE(git_root(folder.path()));
  CHECK_FALSE(git_state(folder.path()));
}

TEST_CASE("a clean repository tells commit, branch and remote without credentials") {
  const Repository repository;
  repository.write("train.py", "print(1)\n");
  const auto commit = repository.commit_all();
  repository.git({"remote", "add", "origin", "https://me:s3cret@example.org/r.git"});
  std::filesystem::create_directories(repository.path() / "deep/er");

  const auto state = git_state(repository.path() / "deep/er");
  REQUIRE(state);
  CHECK(state->commit == commit);
  CHECK(state->branch == "trunk");
  CHECK(state->remote_url.find("s3cret") == std::string::npos);
  CHECK(state->remote_url.find("example.org/r.git") != std::string::npos);
  CHECK(std::filesystem::equivalent(state->root, repository.path()));
  CHECK_FALSE(state->dirty);
  CHECK(state->diff.empty());
  CHECK(state->untracked.empty());
  CHECK(state->incomplete.empty());
}

TEST_CASE("the difference to HEAD holds staged and unstaged changes, and git applies it") {
  const Repository repository;
  repository.write("a.py", "one\n");
  repository.write("b.py", "two\n");
  repository.commit_all();
  repository.write("a.py", "one changed\n");
  repository.write("b.py", "two changed\n");
  repository.git({"add", "b.py"});

  const auto state = git_state(repository.path());
  REQUIRE(state);
  CHECK(state->dirty);
  CHECK_FALSE(state->diff_cut);
  CHECK(state->diff.find("+one changed") != std::string::npos);
  CHECK(state->diff.find("+two changed") != std::string::npos);

  repository.git({"reset", "-q", "--hard"});
  const TemporaryFolder elsewhere;
  std::ofstream{elsewhere / "p"} << state->diff;
  repository.git({"apply", (elsewhere / "p").string()});
  std::string line;
  std::getline(std::ifstream{repository.path() / "a.py"}, line);
  CHECK(line == "one changed");
}

TEST_CASE("untracked names honour the ignore rules and stop at the limit") {
  const Repository repository;
  repository.write(".gitignore", "*.log\n");
  repository.commit_all();
  repository.write("x.log", "");
  repository.write("new.py", "secret text\n");
  repository.write("data/1.bin", "");
  repository.write("data/2.bin", "");

  auto state = git_state(repository.path());
  REQUIRE(state);
  CHECK_FALSE(state->dirty);
  CHECK(state->untracked == std::vector<std::string>{"data/", "new.py"});
  CHECK(state->diff.empty());

  GitLimits limits;
  limits.untracked = 1;
  state = git_state(repository.path(), limits);
  CHECK(state->untracked.size() == 1);
  CHECK(state->untracked_cut);
}

TEST_CASE("a difference beyond the limit is cut and says so") {
  const Repository repository;
  repository.write("a.txt", "x\n");
  repository.commit_all();
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "a new line\n";
  repository.write("a.txt", text);
  GitLimits limits;
  limits.diff = 1000;
  const auto state = git_state(repository.path(), limits);
  REQUIRE(state);
  CHECK(state->dirty);
  CHECK(state->diff_cut);
  CHECK(state->diff.size() <= 1000);
}

TEST_CASE("comparing a tree that takes too long is given up, with commit and branch kept") {
  const Repository repository;
  for (int i = 0; i < 50; ++i) repository.write("f" + std::to_string(i), "x\n");
  const auto commit = repository.commit_all();
  GitLimits limits;
  limits.time = Milliseconds{-1};
  const auto state = git_state(repository.path(), limits);
  REQUIRE(state);
  CHECK(state->commit == commit);
  CHECK(state->incomplete.find("longer than") != std::string::npos);
}

TEST_CASE("before the first commit and on a detached head there is no commit or no branch") {
  const Repository repository;
  repository.write("a", "1\n");
  auto state = git_state(repository.path());
  REQUIRE(state);
  CHECK(state->commit.empty());
  CHECK(state->branch == "trunk");
  CHECK(state->untracked == std::vector<std::string>{"a"});

  const auto commit = repository.commit_all();
  repository.git({"checkout", "-q", "--detach"});
  state = git_state(repository.path());
  CHECK(state->commit == commit);
  CHECK(state->branch.empty());
}

TEST_CASE("the library that was loaded tells its version") {
  std::string reason;
  const auto version = git_library_version(reason);
  REQUIRE_MESSAGE(version, reason);
  CHECK(std::count(version->begin(), version->end(), '.') == 2);
}

}  // namespace mlopsctl
