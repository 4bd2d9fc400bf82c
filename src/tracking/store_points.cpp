// RunStore: the points of metrics.
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/run_rows.hpp"
#include "tracking/store_state.hpp"

#include <limits>

namespace mlopsctl {

namespace {

Point point_at(const Database::Rows& rows) {
  return {
      .step = rows.get<std::int64_t>(0),
      .time = {rows.get<std::int64_t>(1)},
      .value = rows.is_text(2) ? std::numeric_limits<double>::quiet_NaN() : rows.get<double>(2)};
}

}  // namespace

void RunStore::history(std::string_view id, std::string_view key, Order order,
                       const std::function<void(const Point&)>& visit) const {
  Database& db = state_->db();
  Snapshot snapshot(db);
  const RunRow run = state_->run_row(id);
  const auto key_id = state_->find_key(key);
  if (!key_id) return;
  const std::int64_t series =
      db.value<std::int64_t>("SELECT count(*) FROM series WHERE run = ? AND key = ?", run.n,
                             *key_id)
          .value_or(0);
  // The same point may have been logged with and without a context: it is one measurement.
  std::string sql = series > 1 ? "SELECT DISTINCT" : "SELECT";
  sql +=
      " step, ts, value FROM points WHERE series IN (SELECT id FROM series WHERE run = ? AND key = "
      "?)"
      " ORDER BY ";
  sql += order == Order::by_time ? "ts, step, value" : "step, ts, value";
  auto rows = db.query(sql, run.n, *key_id);
  while (rows.step()) visit(point_at(rows));
}

void RunStore::all_points(std::string_view id,
                          const std::function<void(const Metric&, const Point&)>& visit) const {
  Snapshot snapshot(state_->db());
  const RunRow run = state_->run_row(id);
  for (const auto& [series, metric] : read_metrics(*state_, run.n)) {
    auto rows = state_->db().query(
        "SELECT step, ts, value FROM points WHERE series = ? ORDER BY step, ts, value", series);
    while (rows.step()) visit(metric, point_at(rows));
  }
}

}  // namespace mlopsctl
