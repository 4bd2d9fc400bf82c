#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/exec.hpp"

#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace mlopsctl {

namespace {

struct Silent : Progress {
  std::vector<std::string> warnings;
  void start(std::string_view, std::uint64_t, std::string_view) override {}
  void advance(std::uint64_t) override {}
  void finish() override {}
  void warning(std::string_view text) override { warnings.emplace_back(text); }
  void note(std::string_view) override {}
  void detail(std::string_view) override {}
};

ProcessIdentity dead_process() {
  const pid_t pid = ::fork();
  if (pid == 0) ::pause();
  auto identity = identify_process(pid);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return identity;
}

struct Fixture {
  testing::TemporaryFolder folder;
  std::filesystem::path home = folder / "home";
  RunStore store = RunStore::open(home, OpenMode::create);
  Silent progress;

  Run make(const ProcessIdentity& tracker, const std::vector<KeyValue>& tags = {}) {
    NewRun run;
    run.experiment_id = "0";
    run.tracker = tracker;
    run.tags = tags;
    return store.create_run(run);
  }
  std::filesystem::path metrics(const Run& run) {
    std::filesystem::create_directories(home / "tmp");
    return home / "tmp" / (run.id + ".jsonl");
  }
  std::vector<Point> history(const std::string& run_id, const std::string& key) {
    std::vector<Point> points;
    store.history(run_id, key, RunStore::Order::by_step,
                  [&](const Point& point) { points.push_back(point); });
    return points;
  }
};

}  // namespace

TEST_CASE("a run whose tracker and command are gone is closed with what it had still written") {
  Fixture f;
  const Run run = f.make(dead_process());
  std::ofstream{f.metrics(run)} << "{\"step\": 1, \"loss\": 2}\nbad\n{\"loss\": 1}";
  write_file_atomically(f.store.artifact_folder(run.id) / "stdout.log", "said\n");
  CHECK(is_abandoned(run));

  ReapRequest dry;
  dry.dry_run = true;
  CHECK(reap(f.store, dry, f.progress).size() == 1);
  CHECK(f.store.run(run.id).status == RunStatus::running);

  const auto reaped = reap(f.store, {}, f.progress);
  REQUIRE(reaped.size() == 1);
  CHECK(reaped[0].points == 2);
  const Run closed = f.store.run(run.id);
  CHECK(closed.status == RunStatus::killed);
  REQUIRE(closed.end);
  CHECK(*closed.end >= closed.start);
  CHECK(f.history(run.id, "loss").size() == 2);
  CHECK(f.store.artifacts(run.id).size() == 1);
  CHECK_FALSE(std::filesystem::exists(f.metrics(run)));
  CHECK(f.progress.warnings.size() == 1);
  CHECK(reap(f.store, {}, f.progress).empty());
}

TEST_CASE("what the tracker had stored before it died is not stored twice") {
  Fixture f;
  const Run run = f.make(dead_process());
  const std::string read = "{\"loss\": 3}\n{\"loss\": 2}\n";
  std::ofstream{f.metrics(run)} << read << "{\"loss\": 1}\n";
  {
    MetricWriter writer{f.store, run.id};
    writer.add("loss", {.step = 0, .time = {1000}, .value = 3});
    writer.add("loss", {.step = 1, .time = {1001}, .value = 2});
    writer.commit("metrics", static_cast<std::int64_t>(read.size()));
  }
  reap(f.store, {}, f.progress);
  const auto loss = f.history(run.id, "loss");
  REQUIRE(loss.size() == 3);
  CHECK(loss[2].step == 2);
  CHECK(loss[2].value == 1);
}

TEST_CASE("printed metrics of a scraped run are recovered, with the distance that its steps had") {
  Fixture f;
  const Run run =
      f.make(dead_process(), {{"mlopsctl.scrape.pattern", ""}, {"mlopsctl.scrape.every", "1"}});
  const std::string read = "loss=4\nloss=3\n";
  write_file_atomically(f.store.artifact_folder(run.id) / "stdout.log", read + "loss=2\nloss=1");
  write_file_atomically(f.store.artifact_folder(run.id) / "stderr.log", "");
  {
    MetricWriter writer{f.store, run.id};
    writer.add("loss", {.step = 500, .time = {1000}, .value = 4});
    writer.add("loss", {.step = 1000, .time = {1001}, .value = 3});
    writer.commit("stdout", static_cast<std::int64_t>(read.size()));
  }
  CHECK(reap(f.store, {}, f.progress).at(0).points == 2);
  const auto loss = f.history(run.id, "loss");
  REQUIRE(loss.size() == 4);
  CHECK(loss[2].step == 1500);
  CHECK(loss[3].step == 2000);
}

TEST_CASE("runs of live processes, of other machines and of no process are left alone") {
  Fixture f;
  const Run alive = f.make(identify_process(::getpid()));
  auto other = identify_process(::getpid());
  other.host = "elsewhere";
  const Run remote = f.make(other);
  const Run started = f.make({});  // run start: nobody follows it
  Run surviving = f.make(dead_process());
  RunUpdate update;
  update.child = identify_process(::getpid());  // the tracker died, the command goes on
  f.store.update_run(surviving.id, update);

  for (const auto& run : {alive, remote, started, f.store.run(surviving.id)})
    CHECK_FALSE(is_abandoned(run));
  CHECK(reap(f.store, {}, f.progress).empty());

  ReapRequest old;
  old.older_than = Milliseconds{0};
  std::vector<std::string> closed;
  for (const auto& one : reap(f.store, old, f.progress)) closed.push_back(one.run.id);
  CHECK(closed.size() == 2);
  CHECK(f.store.run(remote.id).status == RunStatus::killed);
  CHECK(f.store.run(started.id).status == RunStatus::killed);
  CHECK(f.store.run(alive.id).status == RunStatus::running);
  CHECK(f.store.run(surviving.id).status == RunStatus::running);
}

TEST_CASE("a run that is younger than the age asked for is left alone") {
  Fixture f;
  f.make({});
  ReapRequest old;
  old.older_than = Milliseconds{3'600'000};
  CHECK(reap(f.store, old, f.progress).empty());
}

TEST_CASE("metrics files of runs that have ended or are unknown are removed") {
  Fixture f;
  const Run ended = f.make({});
  RunUpdate update;
  update.status = RunStatus::finished;
  f.store.update_run(ended.id, update);
  const Run running = f.make(identify_process(::getpid()));
  for (const auto& file : {f.metrics(ended), f.metrics(running),
                           f.home / "tmp" / "00000000000000000000000000000000.jsonl"})
    std::ofstream{file} << "{\"loss\": 1}\n";
  reap(f.store, {}, f.progress);
  CHECK_FALSE(std::filesystem::exists(f.metrics(ended)));
  CHECK(std::filesystem::exists(f.metrics(running)));
  CHECK_FALSE(std::filesystem::exists(f.home / "tmp" / "00000000000000000000000000000000.jsonl"));
}

TEST_CASE("a tracker killed at once leaves a command that goes on and a run that reap completes") {
  Fixture f;
  const pid_t tracker = ::fork();
  if (tracker == 0) {
    auto store = RunStore::open(f.home, OpenMode::read_write);
    ExecRequest request;
    request.command = {"sh", "-c", R"(for i in 1 2 3 4 5 6 7 8 9 10; do
                                        echo "{\"step\": $i, \"loss\": $i}" >> $MLOPSCTL_METRICS; echo $i; sleep 0.03
                                      done)"};
    request.experiment_id = "0";
    request.git = false;
    request.sample_interval = Milliseconds{0};
    try {
      execute(store, request, f.progress);
    } catch (...) {
    }
    ::_exit(0);
  }
  Run run;
  for (int i = 0; i < 1000 && run.metrics.empty(); ++i) {
    std::this_thread::sleep_for(Milliseconds{5});
    for (const Run& one : f.store.running()) run = f.store.run(one.id);
  }
  ::kill(tracker, SIGKILL);
  ::waitpid(tracker, nullptr, 0);
  REQUIRE_FALSE(run.metrics.empty());
  for (int i = 0; i < 1000 && liveness(run.child) == Liveness::alive; ++i)
    std::this_thread::sleep_for(Milliseconds{5});

  REQUIRE(reap(f.store, {}, f.progress).size() == 1);
  const auto loss = f.history(run.id, "loss");
  REQUIRE(loss.size() == 10);
  for (std::size_t i = 0; i < 10; ++i) CHECK(loss[i].step == static_cast<std::int64_t>(i) + 1);
  CHECK(read_file(f.store.artifact_folder(run.id) / "stdout.log") ==
        "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
}

}  // namespace mlopsctl
