#include "mlopsctl/tracking/exec.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace mlopsctl {

namespace {

struct Notes : Progress {
  std::vector<std::string> warnings;
  void start(std::string_view, std::uint64_t, std::string_view) override {}
  void advance(std::uint64_t) override {}
  void finish() override {}
  void warning(std::string_view text) override { warnings.emplace_back(text); }
  void note(std::string_view) override {}
  void detail(std::string_view) override {}
};

struct Fixture {
  testing::TemporaryFolder folder;
  RunStore store = RunStore::open(folder / "home", OpenMode::create);
  Notes notes;
  std::string shown[3];

  ExecRequest shell(const std::string& script) {
    ExecRequest request;
    request.command = {"sh", "-c", script};
    request.experiment_id = "0";
    request.packages = false;
    request.git = false;
    request.sample_interval = Milliseconds{0};
    request.show = [this](int stream, std::string_view bytes) { shown[stream] += bytes; };
    return request;
  }
  ExecResult run(const std::string& script) { return execute(store, shell(script), notes); }
  std::string artifact(const std::string& run_id, const std::string& path) {
    return read_file(store.artifact_folder(run_id) / path);
  }
  std::vector<Point> history(const std::string& run_id, const std::string& key) {
    std::vector<Point> points;
    store.history(run_id, key, RunStore::Order::by_step,
                  [&](const Point& point) { points.push_back(point); });
    return points;
  }
};

std::optional<std::string> value_of(const std::vector<KeyValue>& items, std::string_view key) {
  for (const auto& item : items)
    if (item.key == key) return item.value;
  return std::nullopt;
}

struct Variable {  // set for one test
  std::string name;
  Variable(const char* n, const char* value) : name(n) { ::setenv(n, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name.c_str()); }
};

}  // namespace

TEST_CASE("a command's end decides the status of its run") {
  struct Case {
    const char* script;
    RunStatus status;
    std::optional<int> exit_code, signal;
  };
  for (const auto& expected :
       {Case{"exit 0", RunStatus::finished, 0, {}}, Case{"exit 3", RunStatus::failed, 3, {}},
        Case{"kill -TERM $$", RunStatus::killed, {}, SIGTERM},
        Case{"kill -KILL $$", RunStatus::killed, {}, SIGKILL},
        Case{"ulimit -c 0; kill -SEGV $$", RunStatus::failed, {}, SIGSEGV}}) {
    CAPTURE(expected.script);
    Fixture f;
    const auto result = f.run(expected.script);
    const Run run = f.store.run(result.run_id);
    CHECK(run.status == expected.status);
    CHECK(run.exit_code == expected.exit_code);
    CHECK(run.signal == expected.signal);
    CHECK(result.status == expected.status);
    REQUIRE(run.end);
    CHECK(*run.end >= run.start);
    CHECK(liveness(run.tracker) == Liveness::alive);
    CHECK(liveness(run.child) == Liveness::gone);
    CHECK(std::filesystem::is_empty(f.folder / "home/tmp"));
  }
}

TEST_CASE(
    "output is shown, kept apart and recorded as artifacts, also a last line without its newline") {
  Fixture f;
  const auto result = f.run("echo one; echo two >&2; printf three");
  CHECK(f.shown[1] == "one\nthree");
  CHECK(f.shown[2] == "two\n");
  CHECK(f.artifact(result.run_id, "stdout.log") == "one\nthree");
  CHECK(f.artifact(result.run_id, "stderr.log") == "two\n");
  const auto artifacts = f.store.artifacts(result.run_id);
  const auto out = std::find_if(artifacts.begin(), artifacts.end(),
                                [](const Artifact& a) { return a.path == "stdout.log"; });
  REQUIRE(out != artifacts.end());
  CHECK(out->size == 9);
  CHECK(out->sha256.size() == 64);
}

TEST_CASE("a command that does not exist leaves a failed run and an error") {
  Fixture f;
  auto request = f.shell("");
  request.command = {"no-such-program-at-all"};
  CHECK_ERROR(execute(f.store, request, f.notes), ErrorKind::not_found, "no-such-program-at-all");
  CHECK(f.store.running().empty());
  const auto runs = f.store.search({}).runs;
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].status == RunStatus::failed);
  request.command = {};
  CHECK_ERROR(execute(f.store, request, f.notes), ErrorKind::usage, "--");
  request.command = {"true"};
  request.scrape = {.enabled = true, .pattern = "("};
  CHECK_ERROR(execute(f.store, request, f.notes), ErrorKind::usage, "character");
  CHECK(f.store.search({}).runs.size() == 1);
}

TEST_CASE("metric lines arrive with their steps, or the next of their series") {
  Fixture f;
  const auto result = f.run(R"(
    echo '{"step": 5, "loss": 2.5, "time": 1700000000000}' >> $MLOPSCTL_METRICS
    echo '{"loss": 1}' >> $MLOPSCTL_METRICS
    echo '{"acc": NaN}' >> $MLOPSCTL_METRICS
    printf '{"acc": 0.5}' >> $MLOPSCTL_METRICS)");
  CHECK(result.points == 4);
  const auto loss = f.history(result.run_id, "loss");
  REQUIRE(loss.size() == 2);
  CHECK(loss[0] == Point{5, {1700000000000}, 2.5});
  CHECK(loss[1].step == 6);
  CHECK(loss[1].time >= f.store.run(result.run_id).start);
  const auto acc = f.history(result.run_id, "acc");
  REQUIRE(acc.size() == 2);
  CHECK(std::isnan(acc[0].value));
  CHECK(acc[1].step == 1);
}

TEST_CASE("a line that is no metric is named with its number, and the rest is kept") {
  Fixture f;
  const auto result = f.run(R"(
    echo '{"loss": 1}' >> $MLOPSCTL_METRICS
    for i in 1 2 3 4 5 6 7; do echo garbage >> $MLOPSCTL_METRICS; done
    echo '{"loss": 2}' >> $MLOPSCTL_METRICS)");
  CHECK(result.points == 2);
  CHECK(result.bad_lines == 7);
  REQUIRE(f.notes.warnings.size() == 6);
  CHECK(f.notes.warnings[0].find("line 2") != std::string::npos);
  CHECK(f.notes.warnings[5].find("2 more") != std::string::npos);
}

TEST_CASE("params and tags in metric lines are stored, and a changed param is a warning") {
  Fixture f;
  auto request =
      f.shell(R"(echo '{"params": {"lr": 0.1}, "tags": {"stage": "x"}}' >> $MLOPSCTL_METRICS
                            echo '{"params": {"lr": 0.2}, "tags": {}}' >> $MLOPSCTL_METRICS
                            echo '{"loss": 1}' >> $MLOPSCTL_METRICS)");
  const auto result = execute(f.store, request, f.notes);
  const Run run = f.store.run(result.run_id);
  CHECK(value_of(run.params, "lr") == "0.1");
  CHECK(value_of(run.tags, "stage") == "x");
  CHECK(f.notes.warnings.size() == 1);
  CHECK(result.points == 1);
}

TEST_CASE("the command finds its run, its parameters and its seed in the environment") {
  Fixture f;
  auto request =
      f.shell(R"(echo "$MLOPSCTL_RUN_ID $MLOPSCTL_PARAM_LR_MAX $MLOPSCTL_SEED $SEED $PYTHONHASHSEED"
                            test -f "$MLOPSCTL_METRICS" && test -d "$MLOPSCTL_HOME" && echo "$PYTHONUNBUFFERED")");
  request.params = {{"lr.max", "0.1"}};
  request.seed = -1;
  const Variable own{"PL_GLOBAL_SEED", "99"};
  const auto result = execute(f.store, request, f.notes);
  // Python accepts no negative hash seed.
  CHECK(f.shown[1] == result.run_id + " 0.1 -1 -1 4294967295\n1\n");
  const Run run = f.store.run(result.run_id);
  CHECK(value_of(run.params, "seed") == "-1");
  CHECK(value_of(run.params, "lr.max") == "0.1");
  const auto set = value_of(run.tags, "mlopsctl.seed.variables").value_or("");
  CHECK(set.find("PYTHONHASHSEED") != std::string::npos);
  CHECK(set.find("PL_GLOBAL_SEED") == std::string::npos);

  request.params = {{"seed", "2"}};
  CHECK_ERROR(execute(f.store, request, f.notes), ErrorKind::usage, "seed");
}

TEST_CASE("secrets on the command line and in variables are masked, and the rest is recorded") {
  Fixture f;
  const Variable secret{"MY_API_TOKEN", "hunter2hunter2"};
  const Variable plain{"MY_SETTING", "visible"};
  auto request = f.shell("exit 0");
  request.command = {"true", "--token", "hunter3hunter3"};
  request.tags = {{"team", "vision"}};
  request.name = "named";
  request.user = "someone";
  const auto result = execute(f.store, request, f.notes);
  const Run run = f.store.run(result.run_id);
  CHECK(run.name == "named");
  CHECK(run.user == "someone");
  CHECK(value_of(run.tags, "team") == "vision");
  CHECK(value_of(run.tags, "mlflow.source.name") == "true");
  CHECK(value_of(run.tags, "mlopsctl.command").value_or("").find("hunter3") == std::string::npos);
  const auto environment = f.artifact(result.run_id, "environment/environment.json");
  CHECK(environment.find("hunter") == std::string::npos);
  CHECK(environment.find("\"MY_SETTING\": \"visible\"") != std::string::npos);
  CHECK(environment.find("memory_bytes") != std::string::npos);
}

TEST_CASE("the packages of the Python that runs the command are listed") {
  Fixture f;
  auto request = f.shell("");
  request.command = {"python3", "-c", "print(1)"};
  request.packages = true;
  const auto result = execute(f.store, request, f.notes);
  CHECK(f.shown[1] == "1\n");
  const auto environment = f.artifact(result.run_id, "environment/environment.json");
  CHECK(environment.find("\"version\": \"3.") != std::string::npos);
  CHECK(f.notes.warnings.empty());
}

TEST_CASE("printed numbers become metrics when they are scraped, and only then") {
  Fixture f;
  auto request = f.shell(
      "echo 'step=1 loss=2.5'; echo \"{'loss': 1.5, 'epoch': 1}\"; echo 'step=2 loss=0.5' >&2");
  CHECK(execute(f.store, request, f.notes).points == 0);
  request.scrape.enabled = true;
  const auto result = execute(f.store, request, f.notes);
  CHECK(result.points == 4);
  const Run run = f.store.run(result.run_id);
  REQUIRE(run.metrics.size() == 2);
  CHECK(run.metrics[1].key == "loss");
  CHECK(run.metrics[1].count == 3);
}

TEST_CASE("the use of the machine is sampled, also of a command shorter than the interval") {
  Fixture f;
  auto request = f.shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
  request.sample_interval = Milliseconds{5000};
  const auto result = execute(f.store, request, f.notes);
  CHECK(result.points == 0);
  const Run run = f.store.run(result.run_id);
  double cpu = 0;
  double memory = 0;
  for (const auto& metric : run.metrics) {
    CHECK(metric.key.starts_with("system/"));
    if (metric.key == "system/cpu_utilization_percentage") cpu = metric.latest.value;
    if (metric.key == "system/memory_rss_megabytes") memory = metric.latest.value;
  }
  CHECK(cpu > 0);
  CHECK(memory > 0.1);
}

TEST_CASE("a command that ignores SIGTERM is killed when its time is over") {
  Fixture f;
  auto request = f.shell("trap '' TERM; echo ready; while :; do sleep 0.05; done");
  request.grace = Milliseconds{100};
  bool sent = false;
  request.show = [&](int, std::string_view) {
    if (!sent) ::kill(::getpid(), SIGTERM);
    sent = true;
  };
  const auto result = execute(f.store, request, f.notes);
  CHECK(result.interrupted_by == SIGTERM);
  CHECK(result.status == RunStatus::killed);
  CHECK(result.signal == SIGKILL);
}

TEST_CASE("an interrupted command may end in its own way, and its last metrics count") {
  Fixture f;
  auto request = f.shell(R"(trap 'echo "{\"loss\": 1}" >> $MLOPSCTL_METRICS; exit 5' INT
                            echo ready; while :; do sleep 0.02; done)");
  bool sent = false;
  request.show = [&](int, std::string_view) {
    if (!sent) ::kill(::getpid(), SIGINT);
    sent = true;
  };
  const auto result = execute(f.store, request, f.notes);
  CHECK(result.status == RunStatus::killed);
  CHECK(result.exit_code == 5);
  CHECK(result.points == 1);
}

TEST_CASE("a grandchild in the background does not keep the run open") {
  Fixture f;
  const auto result = f.run("sleep 60 & echo $!");
  CHECK(result.status == RunStatus::finished);
  ::kill(static_cast<pid_t>(std::stol(f.shown[1])), SIGKILL);
}

TEST_CASE("metrics can be read while the command still runs") {
  Fixture f;
  auto request = f.shell(R"(echo '{"loss": 1}' >> $MLOPSCTL_METRICS
                            while [ ! -e )" +
                         (f.folder / "go").string() + R"( ]; do sleep 0.01; done)");
  bool seen = false;
  std::jthread reader{[&] {
    auto store = RunStore::open(f.folder / "home", OpenMode::read_only);
    for (int i = 0; i < 1000 && !seen; ++i) {
      std::this_thread::sleep_for(Milliseconds{10});
      for (const Run& run : store.running()) seen = seen || !store.run(run.id).metrics.empty();
    }
    std::ofstream{f.folder / "go"} << "";
  }};
  execute(f.store, request, f.notes);
  reader.join();
  CHECK(seen);
}

}  // namespace mlopsctl
