// kill -9 at random moments of data push, pull, update and gc --cloud: nothing is lost, nothing
// wrong is kept under an object's name, and the next call repairs.
#include "support/kills.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>

using mlopsctl::testing::run_and_kill;
using mlopsctl::testing::Sandbox;
using mlopsctl::testing::wrong_objects;
namespace fs = std::filesystem;

namespace {

constexpr int rounds = 30;  // of two kills, or one, each
constexpr int files = 24;

// A repository `r` with a remote folder beside it.
struct Project : Sandbox {
  Project() {
    fs::create_directories(folder() / "r");
    REQUIRE(run_program({"git", "init", "-q", "r"}).code == 0);
    data({"init"});
    data({"remote", "add", "--default", "disk", "remote"});
  }
  std::vector<std::string> argv(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--project", "r", "data"});
    return arguments;
  }
  void data(const std::vector<std::string>& arguments) const { output_of(argv(arguments)); }
  void kill(const std::vector<std::string>& arguments) {
    run_and_kill(*this, argv(arguments), std::uniform_int_distribution<int>(500, 40'000)(random_));
  }
  // What is in a folder: name → bytes.
  std::map<std::string, std::string> contents(const std::string& name) const {
    std::map<std::string, std::string> all;
    if (!fs::exists(folder() / name)) return all;
    for (const auto& one : fs::recursive_directory_iterator(folder() / name)) {
      if (!one.is_regular_file()) continue;
      const std::string path = fs::relative(one.path(), folder()).string();
      all[path.substr(name.size())] = read(path);
    }
    return all;
  }
  void fill(const std::string& name, int round) const {
    for (int i = 0; i < files; ++i) {
      const std::string size(i % 10 == 0 ? 300'000U : 10U, 'x');
      write(name + "/" + std::to_string(i % 7) + "/" + std::to_string(i),
            std::to_string(round) + "." + std::to_string(i) + size);
    }
  }
  void check_objects() const {
    CHECK(wrong_objects(folder() / "r/remote/files/md5", true).empty());
    CHECK(wrong_objects(folder() / "r/.dvc/cache/files/md5", false).empty());
  }

 private:
  std::mt19937 random_{11};
};

}  // namespace

TEST_CASE("a killed push or pull loses nothing and is completed by the next one") {
  Project box;
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    box.fill("r/d", round);
    const auto expected = box.contents("r/d");
    box.data({"add", "d"});
    box.kill({"push"});
    box.check_objects();
    box.data({"push"});
    box.check_objects();
    fs::remove_all(box.folder() / "r/.dvc/cache");
    fs::remove_all(box.folder() / "r/d");
    box.kill({"pull"});
    box.check_objects();
    box.data({"pull"});
    CHECK(box.contents("r/d") == expected);
    box.check_objects();
  }
}

TEST_CASE("a killed update leaves the old data or the new ones, and the next one renews them") {
  Project box;
  box.fill("source", 0);
  box.data({"import-url", "../source", "d"});
  for (int round = 1; round <= rounds; ++round) {
    CAPTURE(round);
    box.fill("source", round);
    box.kill({"update"});
    box.check_objects();
    box.data({"update"});
    CHECK(box.contents("r/d") == box.contents("source"));
    CHECK_FALSE(fs::exists(box.folder() / "r/.dvc/tmp/import"));
    box.data({"commit"});  // finds nothing that is not recorded
  }
}

TEST_CASE("a killed gc of a remote leaves no list without its files") {
  Project box;
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    box.fill("r/d", round);
    box.data({"add", "d"});
    box.data({"push"});
    box.kill({"gc", "--cloud", "--workspace", "--older-than", "0s", "--yes"});
    box.check_objects();
    fs::remove_all(box.folder() / "r/.dvc/cache");
    const auto expected = box.contents("r/d");
    fs::remove_all(box.folder() / "r/d");
    box.data({"pull"});
    CHECK(box.contents("r/d") == expected);
  }
}
