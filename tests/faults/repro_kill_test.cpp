// kill -9 at random moments of repro, and Ctrl-C: dvc.lock stays readable, nothing that it names is
// missing from the cache, and the next call brings everything up to date.
#include "mlopsctl/data/lock_file.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"

#include "support/sandbox.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

using mlopsctl::testing::Sandbox;

namespace mlopsctl {

namespace {

constexpr int kills = 120;
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

// Not gone, and no zombie that nobody has waited for.
bool runs(pid_t pid) {
  const fs::path stat = "/proc/" + std::to_string(pid) + "/stat";
  if (!fs::exists(stat)) return false;
  std::ifstream file(stat);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto name_end = text.rfind(')');
  return name_end != std::string::npos && text.compare(name_end, 3, ") Z") != 0;
}

bool happens(const std::function<bool()>& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
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

TEST_CASE("a command whose repro was killed ends with it, or the next repro says that it runs") {
  for (const char* jobs : {"1", "2"}) {
    CAPTURE(jobs);
    const Sandbox box;
    box.write(".dvc/config", "");
    // The first stage ends with the signal. What the second one leaves behind does not get it.
    box.write("dvc.yaml",
              "stages:\n"
              "  obedient:\n    cmd: echo $$ > pid1; exec sleep 100\n    outs: [one]\n"
              "  stubborn:\n    cmd: sleep 100 & echo $! > pid2; wait\n    outs: [two]\n");
    const auto start = [&](const char* stage, const char* pid_file) {
      ChildProcess child =
          ChildProcess::hold({.argv = {testing::binary(), "repro", "-q", "-j", jobs, stage},
                              .extra_environment = {},
                              .directory = box.folder().string()});
      child.release();
      REQUIRE(happens([&] {
        return fs::exists(box.folder() / pid_file) && box.read(pid_file).ends_with('\n');
      }));
      ::kill(child.pid(), SIGKILL);  // only mlopsctl itself
      child.wait();
      return static_cast<pid_t>(std::stoi(box.read(pid_file)));
    };
    const pid_t gone = start("obedient", "pid1");
    CHECK(happens([&] { return !runs(gone); }));
    const pid_t left = start("stubborn", "pid2");
    const auto refused = box.run({"repro", "stubborn"});
    CHECK(refused.code == 1);
    CHECK(refused.err.find(std::to_string(left) + " (sleep 100)") != std::string::npos);
    ::kill(left, SIGKILL);
    CHECK(happens([&] { return !runs(left); }));
    box.write("dvc.yaml", "stages:\n  stubborn:\n    cmd: echo x > two\n    outs: [two]\n");
    CHECK(box.run({"repro", "stubborn"}).code == 0);
  }
}

TEST_CASE("what a stage leaves running on purpose is in nobody's way") {
  const Sandbox box;
  box.write(".dvc/config", "");
  box.write("dvc.yaml",
            "stages:\n  s:\n    cmd: sleep 100 > /dev/null 2>&1 & echo $! > pid; echo x > out\n"
            "    outs: [out]\n");
  CHECK(box.run({"repro"}).code == 0);
  CHECK(box.run({"repro", "--force"}).code == 0);
  box.run_program({"sh", "-c", "kill $(cat pid)"});
}

}  // namespace mlopsctl
