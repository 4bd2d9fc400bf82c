// kill -9 at random moments of run exec and of its command: the store opens, the run's state is
// right, and every point that the command wrote is there exactly once.
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "support/sandbox.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace mlopsctl {

namespace {

constexpr int kills = 210;

// Notes in a file of its own, after each line, that the line was written.
constexpr const char* command = R"(
  i=0
  while [ $i -lt 40 ]; do
    i=$((i+1))
    echo "{\"step\": $i, \"logged\": $i}" >> "$MLOPSCTL_METRICS"
    echo "step=$i printed=$i"
    echo $i >> "$WRITTEN"
    sleep 0.002
  done)";

void wait_for_end(const ProcessIdentity& identity) {
  for (int i = 0; i < 2000 && liveness(identity) == Liveness::alive; ++i)
    std::this_thread::sleep_for(Milliseconds{5});
}

std::vector<std::int64_t> steps(const RunStore& store, const std::string& run_id,
                                const std::string& key) {
  std::vector<std::int64_t> result;
  store.history(run_id, key, RunStore::Order::by_step,
                [&](const Point& point) { result.push_back(point.step); });
  return result;
}

std::vector<std::int64_t> one_to(std::int64_t last) {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 1; i <= last; ++i) result.push_back(i);
  return result;
}

enum class Victim { tracker, child, both };

struct Trial {
  testing::TemporaryFolder folder;
  std::filesystem::path home = folder / ".mlopsctl";

  ChildProcess start(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv{testing::binary()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    SpawnOptions options;
    options.argv = argv;
    options.extra_environment = {{"MLOPSCTL_HOME", home.string()},
                                 {"WRITTEN", (folder / "written").string()}};
    options.directory = folder.path().string();
    options.in = options.out = options.err = nothing;
    auto process = ChildProcess::hold(options);
    process.release();
    ::close(nothing);
    return process;
  }

  std::optional<Run> only_run(RunStore& store) const {
    RunQuery query;
    const auto runs = store.search(query).runs;
    return runs.empty() ? std::nullopt : std::optional{runs.front()};
  }

  // Nothing to find before the run was made.
  std::optional<Run> kill_one(Victim victim, Milliseconds delay) {
    auto tracker =
        start({"run", "exec", "--scrape", "--no-git", "--no-packages", "--", "sh", "-c", command});
    std::this_thread::sleep_for(delay);
    auto store = RunStore::open(home, OpenMode::create);
    const auto run = only_run(store);
    if (victim != Victim::child) tracker.signal(SIGKILL);
    if (victim != Victim::tracker && run && run->child.pid > 0 &&
        liveness(run->child) == Liveness::alive)
      ::kill(static_cast<pid_t>(run->child.pid), SIGKILL);
    tracker.wait();
    return only_run(store);
  }
};

}  // namespace

TEST_CASE("whoever is killed, nothing is lost, nothing is doubled, and the run is closed") {
  std::mt19937 random{std::random_device{}()};
  int interrupted_runs = 0;
  for (int i = 0; i < kills; ++i) {
    const auto victim = static_cast<Victim>(i % 3);
    const Milliseconds delay{std::uniform_int_distribution<int>{0, 220}(random)};
    CAPTURE(i);
    CAPTURE(delay.count());
    Trial trial;
    const auto killed = trial.kill_one(victim, delay);
    if (!killed) continue;
    wait_for_end(killed->child);
    CHECK(trial.start({"run", "reap"}).wait().exit_code == 0);

    auto store = RunStore::open(trial.home, OpenMode::read_write);
    CHECK(store.health(true).problems.empty());
    const Run run = store.run(killed->id);
    CHECK(run.status != RunStatus::running);
    CHECK(run.end.has_value());
    if (killed->status == RunStatus::running) {
      ++interrupted_runs;
      CHECK(run.status == RunStatus::killed);
    }

    const auto written = trial.folder / "written";
    const std::string text = std::filesystem::exists(written) ? read_file(written) : "";
    // Between a line and its note the command may have been killed: one more is right, too.
    const std::int64_t sure = std::count(text.begin(), text.end(), '\n');
    for (const std::string key : {"logged", "printed"}) {
      CAPTURE(key);
      const auto stored = steps(store, run.id, key);
      CHECK(static_cast<std::int64_t>(stored.size()) >= sure);
      CHECK(static_cast<std::int64_t>(stored.size()) <= std::min<std::int64_t>(sure + 1, 40));
      CHECK(stored == one_to(static_cast<std::int64_t>(stored.size())));
    }
  }
  CHECK(interrupted_runs > kills / 10);
}

}  // namespace mlopsctl
