// bench_store FOLDER RUNS METRICS POINTS: a store with so many finished runs, each with so many
// metrics of so many points. Values follow a fixed pattern, so that every measurement sees the same
// store.
#include "mlopsctl/tracking/run_store.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace {

using namespace mlopsctl;

void fill(const std::string& folder, long runs, long metrics, long points) {
  RunStore store = RunStore::open(folder, OpenMode::create);
  const std::string experiment = store.ensure_experiment("bench").id;
  for (long r = 0; r < runs; ++r) {
    const Run run =
        store.create_run({.experiment_id = experiment,
                          .name = "run-" + std::to_string(r),
                          .user = "bench",
                          .start = Timestamp{1'763'880'000'000 + r * 1000},
                          .params = {{"lr", std::to_string(1.0 / static_cast<double>(r % 97 + 1))},
                                     {"optimizer", r % 2 == 0 ? "adam" : "sgd"}}});
    MetricWriter writer(store, run.id);
    for (long m = 0; m < metrics; ++m) {
      for (long p = 0; p < points; ++p) {
        const double value =
            std::fmod(static_cast<double>(r * 7919 + m * 104'729 + p), 1000.0) / 1000.0;
        writer.add("metric_" + std::to_string(m), {p, Timestamp{1'763'880'000'000 + p}, value});
      }
    }
    writer.commit();
    store.update_run(
        run.id, {.status = RunStatus::finished, .end = Timestamp{1'763'880'100'000 + r * 1000}});
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: bench_store FOLDER RUNS METRICS POINTS\n", stderr);
    return 2;
  }
  try {
    fill(argv[1], std::atol(argv[2]), std::atol(argv[3]), std::atol(argv[4]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
