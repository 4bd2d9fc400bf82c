// kill -9 at random moments of data add, checkout and gc: no content is lost, and the next call
// repairs.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <random>

using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

constexpr int rounds = 12;  // of three kills each
constexpr int files = 120;

void run_and_kill(const Sandbox& box, const Strings& arguments, int delay_us) {
  Strings argv{mlopsctl::testing::binary(), "data"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chdir(box.folder().c_str()) != 0) ::_exit(126);
    const int nowhere = ::open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
    std::vector<char*> pointers;
    for (auto& argument : argv) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  ::usleep(static_cast<useconds_t>(delay_us));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

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
  const fs::path top = box.folder() / ".dvc/cache/files/md5";
  if (!fs::exists(top)) return;
  const auto sums = box.run_program(
      {"sh", "-c",
       "cd .dvc/cache/files/md5 && find . -type f -not -name '*.tmp' -exec md5sum {} + | "
       "awk '{ name = $2; gsub(/[.\\/]|dir$/, \"\", name); if (name != $1) print }'"});
  CHECK(sums.out.empty());
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
      run_and_kill(box, {"add", "d"}, delay());
      CHECK(contents(box) == expected);
      check_objects(box);
      REQUIRE(box.run({"data", "add", "d"}).code == 0);
      CHECK(contents(box) == expected);
      fs::remove_all(box.folder() / "d/3");
      box.write("d/extra", "known");
      REQUIRE(box.run({"data", "add", "d/extra"}).code == 0);
      REQUIRE(box.run({"data", "checkout", "--force"}).code == 0);
      fs::remove_all(box.folder() / "d");
      run_and_kill(box, {"checkout"}, delay());
      // What a killed checkout left is not in the way of the next one.
      REQUIRE(box.run({"data", "checkout"}).code == 0);
      fs::remove(box.folder() / "d/extra");
      REQUIRE(box.run({"data", "add", "d/extra"}).code == 0);
      CHECK(contents(box) == expected);
      run_and_kill(box, {"gc", "-w", "--older-than", "0s", "--yes"}, delay());
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
