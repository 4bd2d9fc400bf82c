// Reads runs from the database.
#pragma once

#include "mlopsctl/tracking/model.hpp"

#include "tracking/store_state.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl {

// A run with its internal number, which the caller needs to read what belongs to it.
struct NumberedRun {
  std::int64_t n = 0;
  Run run;
};

struct NumberedMetric {
  std::int64_t series = 0;
  Metric metric;
};

// The columns that read_run expects, of `runs r JOIN experiments e`.
extern const std::string_view run_columns;
inline constexpr int run_column_count = 25;

NumberedRun read_run(const Database::Rows& rows, const StoreState& state);

// The summaries of a run's series, sorted by key and context.
std::vector<NumberedMetric> read_metrics(StoreState& state, std::int64_t run);

// The series that name a logged model in their context, over all runs; sorted in the same way.
std::vector<Metric> read_model_metrics(StoreState& state, const std::string& model_id);

// Fills params, tags and metrics.
void read_details(StoreState& state, NumberedRun& found);

// Everything about the runs that a query finds. `tail` is what follows FROM … (WHERE, ORDER BY).
template <class... Values>
std::vector<Run> read_runs(StoreState& state, std::string_view tail, const Values&... values) {
  std::vector<NumberedRun> found;
  {
    auto rows = state.db().query("SELECT " + std::string(run_columns) +
                                     " FROM runs r JOIN experiments e ON e.id = r.experiment " +
                                     std::string(tail),
                                 values...);
    while (rows.step()) found.push_back(read_run(rows, state));
  }
  std::vector<Run> runs;
  runs.reserve(found.size());
  for (NumberedRun& run : found) {
    read_details(state, run);
    runs.push_back(std::move(run.run));
  }
  return runs;
}

}  // namespace mlopsctl
