// kill -9 at random moments of data add, checkout and gc: no content is lost, and the next call
// repairs.
#include "support/kills.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <random>

using mlopsctl::testing::run_and_kill;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

constexpr int rounds = 12;  // of three kills each
constexpr int files = 70;

std::map<std::string, std::string> contents(const Sandbox& box) {
  std::map<std::string, std::string> all;
  for (const auto& one : fs::recursive_directory_iterator(box.folder() / "d")) {
    if (!one.is_regular_file()) continue;
    const std::string name = fs::relative(one.path(), box.folder()).string();
    all[name] = box.read(name);
  }
  return all;
}

// Each object is what its name says: a killed writer must not leave a trusted half.
void check_objects(const Sandbox& box) {
  CHECK(mlopsctl::testing::wrong_objects(box.folder() / ".dvc/cache/files/md5", false).empty());
}

}  // namespace

TEST_CASE("a killed data add, checkout or gc loses nothing") {
  for (const char* links : {"copy", "hardlink"}) {
    CAPTURE(links);
    const Sandbox box;
    REQUIRE(box.run_program({"git", "init", "-q"}).code == 0);
    REQUIRE(box.run({"data", "init"}).code == 0);
    REQUIRE(box.run({"data", "config", "cache.type", links}).code == 0);
    std::mt19937 random(7);
    const auto delay = [&] { return std::uniform_int_distribution<int>(500, 40'000)(random); };
    for (int round = 0; round < rounds; ++round) {
      for (int i = 0; i < files; ++i) {
        const std::string name = "d/" + std::to_string(i % 7) + "/" + std::to_string(i);
        fs::remove(box.folder() / name);  // it may be a read-only link
        box.write(name, std::to_string(round) + "." + std::to_string(i));
      }
      const auto expected = contents(box);
      run_and_kill(box, {"data", "add", "d"}, delay());
      CHECK(contents(box) == expected);
      check_objects(box);
      REQUIRE(box.run({"data", "add", "d"}).code == 0);
      CHECK(contents(box) == expected);
      fs::remove_all(box.folder() / "d/3");
      box.write("d/extra", "known");
      REQUIRE(box.run({"data", "add", "d/extra"}).code == 0);
      REQUIRE(box.run({"data", "checkout", "--force"}).code == 0);
      fs::remove_all(box.folder() / "d");
      run_and_kill(box, {"data", "checkout"}, delay());
      // What a killed checkout left is not in the way of the next one.
      REQUIRE(box.run({"data", "checkout"}).code == 0);
      fs::remove(box.folder() / "d/extra");
      REQUIRE(box.run({"data", "add", "d/extra"}).code == 0);
      CHECK(contents(box) == expected);
      run_and_kill(box, {"data", "gc", "-w", "--older-than", "0s", "--yes"}, delay());
      REQUIRE(box.run({"data", "gc", "-w", "--older-than", "0s", "--yes"}).code == 0);
      fs::remove_all(box.folder() / "d");
      REQUIRE(box.run({"data", "checkout"}).code == 0);
      CHECK(contents(box) == expected);
      check_objects(box);
    }
  }
}

TEST_CASE("a full disk stops data add before anything refers to what is missing") {
  const Sandbox box;
  // A limit on the size of files is what a full disk looks like to one process, without a mount.
  REQUIRE(box.run({"data", "init", "--no-scm"}).code == 0);
  box.write("big", std::string(std::size_t{3} << 20U, 'x'));
  box.write("small", "x");
  const auto limited = box.run_program({"bash", "-c",
                                        "trap '' XFSZ; ulimit -f 1024; exec " +
                                            mlopsctl::testing::binary() + " data add small big"});
  CHECK(limited.code == 1);
  CHECK(box.read("big").size() == std::size_t{3} << 20U);
  CHECK_FALSE(fs::exists(box.folder() / "big.dvc"));
  for (const auto& one : fs::recursive_directory_iterator(box.folder() / ".dvc/cache")) {
    CHECK(one.path().extension() != ".tmp");
  }
  CHECK(box.run({"data", "add", "small", "big"}).code == 0);
  CHECK(json::parse(box.output_of({"data", "status", "--json"})).size() == 1);
}
