#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/metric_series.hpp"
#include "tracking/store_state.hpp"

#include <utility>

namespace mlopsctl {

struct MetricWriter::State {
  State(StoreState& store_state, RunRow row)
      : store(store_state), run(std::move(row)), series(store_state, run.n) {}

  StoreState& store;
  RunRow run;
  SeriesWriter series;
};

MetricWriter::MetricWriter(RunStore& store, std::string_view run_id)
    : state_(std::make_unique<State>(*store.state_, store.state_->writable_run(run_id))) {}
MetricWriter::~MetricWriter() = default;

void MetricWriter::add(std::string_view key, const Point& point, const MetricContext& context) {
  state_->series.add(key, point, context);
}

std::size_t MetricWriter::pending() const { return state_->series.pending(); }

void MetricWriter::commit(std::string_view resume_key, std::int64_t resume_value) {
  if (pending() == 0 && resume_key.empty()) return;
  try {
    StoreWrite write(state_->store);
    // The run may have been deleted since, even for good, and its number given to another one.
    const RunRow run = state_->store.writable_run(state_->run.id);
    if (run.n != state_->run.n) throw state_->store.unknown_run(run.id);
    state_->series.write();
    if (!resume_key.empty()) {
      state_->store.db().run("INSERT OR REPLACE INTO resume VALUES (?, ?, ?)", run.n, resume_key,
                             resume_value);
    }
    write.commit();
  } catch (...) {
    state_->series.rolled_back();
    throw;
  }
  state_->series.committed();
}

std::int64_t MetricWriter::resume_value(std::string_view resume_key) const {
  return state_->store.db()
      .value<std::int64_t>("SELECT value FROM resume WHERE run = ? AND key = ?", state_->run.n,
                           resume_key)
      .value_or(0);
}

}  // namespace mlopsctl
