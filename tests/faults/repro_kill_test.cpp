// kill -9 at random moments of repro, and Ctrl-C: dvc.lock stays readable, nothing that it names is
// missing from the cache, and the next call brings everything up to date.
#include "mlopsctl/data/lock_file.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"

#include "support/sandbox.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

using mlopsctl::testing::Sandbox;

namespace mlopsctl {

namespace {

constexpr int kills = 60;
constexpr int stages = 8;

std::string pipeline() {
  std::string text = "stages:\n";
  for (int i = 0; i < stages; ++i) {
    const std::string number = std::to_string(i);
    const std::string before = i == 0 ? "raw" : "o" + std::to_string(i - 1);
    text += "  s" + number + ":\n    cmd: cat " + before + " > o" + number + "; mkdir -p d" +
            number + "; cp o" + number + " d" + number + "/f\n    deps: [" + before +
            "]\n    outs: [o" + number + ", d" + number + "]\n";
  }
  return text;
}

// Every object that the lock names is whole.
void check_cache(const Sandbox& box) {
  const fs::path lock = box.folder() / "dvc.lock";
  if (!fs::exists(lock)) return;
  const auto read = data::LockFile::parse("dvc.lock", read_file(lock));
  for (const auto& [name, entry] : read.entries()) {
    for (const auto& out : entry.outs) {
      REQUIRE(out.id.has_value());
      CHECK(fs::exists(box.folder() / ".dvc/cache" / data::object_path(*out.id)));
    }
  }
}

}  // namespace

TEST_CASE("a killed repro leaves a lock and a cache that the next one goes on with") {
  std::mt19937 random(7);
  const Sandbox box;
  box.write(".dvc/config", "");
  box.write("dvc.yaml", pipeline());
  for (int i = 0; i < kills; ++i) {
    box.write("raw", "round " + std::to_string(i / 4) + "\n");
    ChildProcess child = ChildProcess::hold(
        {.argv = {testing::binary(), "repro", "-q", "-j", i % 2 == 0 ? "1" : "3"},
         .extra_environment = {},
         .directory = box.folder().string()});
    child.release();
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 120));
    child.signal(i % 5 == 4 ? SIGINT : SIGKILL);
    child.wait();
    check_cache(box);
  }
  box.output_of({"repro", "-q"});
  check_cache(box);
  CHECK(box.read("o7") == box.read("raw"));
  CHECK(box.read("d7/f") == box.read("raw"));
  CHECK(box.output_of({"repro", "-n"}).find("would run") == std::string::npos);
}

}  // namespace mlopsctl
