// Many processes on one store, and processes that are killed.
#include "mlopsctl/tracking/run_store.hpp"

#include "support/expect_error.hpp"
#include "support/processes.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <set>

using namespace mlopsctl;
using mlopsctl::testing::failures_among;
using mlopsctl::testing::TemporaryFolder;

TEST_CASE("sixteen processes log to one run and no point is lost") {
  const TemporaryFolder folder;
  auto store = RunStore::open(folder.path(), OpenMode::create);
  const std::string run = store.create_run({.experiment_id = "0"}).id;
  constexpr int each = 60;
  const int failures = failures_among(16, [&](int process) {
    auto own = RunStore::open(folder.path(), OpenMode::read_write);
    for (int i = 0; i < each; ++i) {
      const std::int64_t step = process * each + i;
      own.log(run, {.metrics = {{"shared", {step, {step}, 1.0 * i}, {}},
                                {"own/" + std::to_string(process), {i, {i}, 1.0}, {}}},
                    .params = {{"same", "everywhere"}},
                    .tags = {{"last", std::to_string(process)}}});
    }
    return true;
  });
  CHECK(failures == 0);
  const Run after = store.run(run);
  CHECK(after.metrics.size() == 17);
  for (const Metric& metric : after.metrics)
    CHECK(metric.count == (metric.key == "shared" ? 16 * each : each));
  CHECK(store.health(true).problems.empty());
}

TEST_CASE("processes that open the store for each write do not disturb each other") {
  const TemporaryFolder folder;
  RunStore::open(folder.path(), OpenMode::create);
  const int failures = failures_among(16, [&](int process) {
    for (int i = 0; i < 20; ++i) {
      auto store = RunStore::open(folder.path(), OpenMode::create);
      const Run run = store.create_run({.experiment_id = store.ensure_experiment("e").id});
      store.log(run.id, {.metrics = {{"m", {1, {1}, 1.0 * process}, {}}}});
      store.update_run(run.id, {.status = RunStatus::finished});
      (void)RunStore::open(folder.path(), OpenMode::read_only).search({});
    }
    return true;
  });
  CHECK(failures == 0);
  const auto store = RunStore::open(folder.path(), OpenMode::read_only);
  CHECK(store.count({.filter = "status = 'FINISHED'"}) == 320);
  CHECK(store.health(true).problems.empty());
}

TEST_CASE("a process that is killed loses nothing that was acknowledged") {
  const TemporaryFolder folder;
  auto store = RunStore::open(folder.path(), OpenMode::create);
  std::mt19937 random(1);
  for (int round = 0; round < 25; ++round) {
    const std::string run = store.create_run({.experiment_id = "0"}).id;
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto own = RunStore::open(folder.path(), OpenMode::read_write);
      MetricWriter writer(own, run);
      for (std::int64_t i = 0;; ++i) {
        for (std::int64_t k = 0; k < 50; ++k) writer.add("loss", {i * 50 + k, {i}, 1.0});
        writer.commit("offset", i + 1);
        if (::write(pipe[1], &i, sizeof i) != sizeof i) ::_exit(1);
      }
    }
    ::close(pipe[1]);
    ::usleep(static_cast<useconds_t>(2000 + random() % 20'000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::int64_t acknowledged = 0;
    for (std::int64_t i = 0; ::read(pipe[0], &i, sizeof i) == sizeof i;) acknowledged = i + 1;
    ::close(pipe[0]);
    const std::int64_t offset = MetricWriter(store, run).resume_value("offset");
    CHECK(offset >= acknowledged);
    const Run after = store.run(run);
    const std::int64_t count = after.metrics.empty() ? 0 : after.metrics[0].count;
    CHECK(count == offset * 50);  // points and offset move together
  }
  CHECK(store.health(true).problems.empty());
}

TEST_CASE("writers go on during a garbage collection") {
  const TemporaryFolder folder;
  auto store = RunStore::open(folder.path(), OpenMode::create);
  for (int i = 0; i < 200; ++i) {
    const std::string run = store.create_run({.experiment_id = "0"}).id;
    store.log(run, {.metrics = {{"m", {1, {1}, 1.0}, {}}}});
    if (i % 2 == 0) store.delete_run(run);
  }
  const int failures = failures_among(5, [&](int process) {
    auto own = RunStore::open(folder.path(), OpenMode::read_write);
    if (process == 0) {
      own.apply_gc(own.plan_gc(now() + Milliseconds{1000}));
      return true;
    }
    const std::string run = own.create_run({.experiment_id = "0"}).id;
    MetricWriter writer(own, run);
    for (int i = 0; i < 100; ++i) {
      writer.add("m", {i, {i}, 1.0});
      writer.commit();
    }
    return own.run(run).metrics.at(0).count == 100;
  });
  CHECK(failures == 0);
  CHECK(store.count({}) == 104);
  CHECK(store.health(true).problems.empty());
}
