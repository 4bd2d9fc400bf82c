#include "tracking/metric_series.hpp"

#include "tracking/limits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace mlopsctl {

namespace {

// What `series` keeps of the points of one series.
struct Summary {
  std::int64_t count = 0;
  Point latest;
  double min = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
  std::int64_t min_step = 0;
  std::int64_t max_step = 0;

  // Of equal extremes the earliest step counts, whatever the order of arrival.
  void take(const Point& point) {
    if (count == 0 || comes_before(latest, point)) latest = point;
    ++count;
    if (std::isnan(point.value)) return;
    if (std::isnan(min) || point.value < min || (point.value == min && point.step < min_step)) {
      min = point.value;
      min_step = point.step;
    }
    if (std::isnan(max) || point.value > max || (point.value == max && point.step < max_step)) {
      max = point.value;
      max_step = point.step;
    }
  }
};

Summary read_summary(Database& db, std::int64_t series) {
  auto rows = db.query(
      "SELECT count, latest_step, latest_ts, latest, min, min_step, max, max_step FROM series "
      "WHERE id = ?",
      series);
  Summary summary;
  if (!rows.step()) return summary;
  summary.count = rows.get<std::int64_t>(0);
  summary.latest = {rows.get<std::int64_t>(1), {rows.get<std::int64_t>(2)}, rows.get<double>(3)};
  summary.min = rows.get<double>(4);
  summary.min_step = rows.get<std::int64_t>(5);
  summary.max = rows.get<double>(6);
  summary.max_step = rows.get<std::int64_t>(7);
  return summary;
}

void write_summary(Database& db, std::int64_t series, const Summary& summary) {
  db.run(
      "UPDATE series SET count = ?, latest_step = ?, latest_ts = ?, latest = ?, min = ?, "
      "min_step = ?, max = ?, max_step = ? WHERE id = ?",
      summary.count, summary.latest.step, summary.latest.time.ms, summary.latest.value, summary.min,
      summary.min_step, summary.max, summary.max_step, series);
}

// Where a metric has several series (contexts), the one with the greatest point speaks for it.
void choose_head(Database& db, std::int64_t run, std::int64_t key) {
  const auto series =
      db.value<std::int64_t>("SELECT count(*) FROM series WHERE run = ? AND key = ?", run, key);
  if (series.value_or(0) < 2) return;
  const auto head = db.value<std::int64_t>(
      "SELECT id FROM series WHERE run = ? AND key = ? ORDER BY latest_step DESC, latest_ts DESC, "
      "latest IS NULL DESC, latest DESC, id LIMIT 1",
      run, key);
  db.run("UPDATE series SET head = (id = ?1) WHERE run = ?2 AND key = ?3 AND head <> (id = ?1)",
         *head, run, key);
}

std::int64_t intern_context(Database& db, const MetricContext& context) {
  if (context == MetricContext{}) return 0;
  const auto known = db.value<std::int64_t>(
      "SELECT id FROM contexts WHERE model_id = ? AND dataset_name = ? AND dataset_digest = ?",
      context.model_id, context.dataset_name, context.dataset_digest);
  if (known) return *known;
  db.run("INSERT INTO contexts(model_id, dataset_name, dataset_digest) VALUES (?, ?, ?)",
         context.model_id, context.dataset_name, context.dataset_digest);
  return db.last_insert_rowid();
}

}  // namespace

bool comes_before(const Point& a, const Point& b) {
  if (a.step != b.step) return a.step < b.step;
  if (a.time != b.time) return a.time < b.time;
  if (std::isnan(a.value) || std::isnan(b.value)) return !std::isnan(a.value);
  return a.value < b.value;
}

std::uint32_t SeriesWriter::index_of(std::string_view key, const MetricContext& context) {
  const auto is_that = [&](const Series& series) {
    return series.key == key && series.context == context;
  };
  // Points come in the same order of keys again and again: the next one is the first guess.
  if (!series_.empty()) {
    const std::uint32_t guess = last_ + 1 < series_.size() ? last_ + 1 : 0;
    if (is_that(series_[guess])) return last_ = guess;
    if (is_that(series_[last_])) return last_;
  }
  index_key_.assign(key);
  if (context != MetricContext{}) {
    index_key_ += '\0';  // no key contains it
    index_key_ += context.model_id;
    index_key_ += '\0';
    index_key_ += context.dataset_name;
    index_key_ += '\0';
    index_key_ += context.dataset_digest;
  }
  const auto [place, is_new] =
      index_.try_emplace(index_key_, static_cast<std::uint32_t>(series_.size()));
  if (is_new) {
    try {
      require_key("metric", key);
      if (!context.model_id.empty()) require_name("model of a metric", context.model_id);
      if (!context.dataset_name.empty()) require_name("dataset of a metric", context.dataset_name);
      if (!context.dataset_digest.empty())
        require_name("digest of a metric", context.dataset_digest);
    } catch (...) {
      index_.erase(place);
      throw;
    }
    series_.push_back({.key = std::string(key), .context = context});
  }
  return last_ = place->second;
}

void SeriesWriter::add(std::string_view key, const Point& point, const MetricContext& context) {
  points_.push_back({index_of(key, context), point.step, point.time.ms, point.value});
}

void SeriesWriter::identify(Series& series) {
  if (series.id != 0) return;
  Database& db = state_.db();
  series.key_id = state_.intern_key(series.key);
  const std::int64_t context = intern_context(db, series.context);
  const auto known =
      db.value<std::int64_t>("SELECT id FROM series WHERE run = ? AND key = ? AND context = ?",
                             run_, series.key_id, context);
  if (known) {
    series.id = *known;
    return;
  }
  db.run(
      "INSERT INTO series(run, key, context, head, count, latest_step, latest_ts, min_step, "
      "max_step) VALUES (?1, ?2, ?3, NOT EXISTS (SELECT 1 FROM series WHERE run = ?1 AND key = "
      "?2), "
      "0, 0, 0, 0, 0)",
      run_, series.key_id, context);
  series.id = db.last_insert_rowid();
}

// By series and then in the order of the table, so that inserts walk through its pages. Within a
// series points mostly arrive in order: a stable distribution by series is all that is needed then.
void SeriesWriter::sort_points() {
  std::vector<std::size_t> start(series_.size() + 1, 0);
  for (const Buffered& point : points_) ++start[point.series + 1];
  std::partial_sum(start.begin(), start.end(), start.begin());
  sorted_.resize(points_.size());
  std::vector<std::size_t> next(start.begin(), start.end() - 1);
  for (const Buffered& point : points_) sorted_[next[point.series]++] = point;
  const auto before = [](const Buffered& a, const Buffered& b) {
    return comes_before({a.step, {a.ts}, a.value}, {b.step, {b.ts}, b.value});
  };
  for (std::size_t i = 0; i < series_.size(); ++i) {
    const auto begin = sorted_.begin() + static_cast<std::ptrdiff_t>(start[i]);
    const auto end = sorted_.begin() + static_cast<std::ptrdiff_t>(start[i + 1]);
    if (!std::is_sorted(begin, end, before)) std::sort(begin, end, before);
  }
}

void SeriesWriter::write_series(const Series& series, const Buffered* begin, const Buffered* end) {
  Database& db = state_.db();
  auto rows = db.query("INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?)");
  Statement& insert = rows.statement();
  insert.bind(1, series.id);
  Summary summary = read_summary(db, series.id);
  const std::int64_t count = summary.count;
  for (const Buffered* point = begin; point != end; ++point) {
    insert.bind(2, point->step);
    insert.bind(3, point->ts);
    if (std::isnan(point->value)) {
      insert.bind(4, "NaN");
    } else {
      insert.bind(4, point->value);
    }
    insert.step();
    insert.reset();
    if (db.changes() == 1) summary.take({point->step, {point->ts}, point->value});
  }
  if (summary.count == count) return;  // nothing but repeats
  write_summary(db, series.id, summary);
  choose_head(db, run_, series.key_id);
}

void SeriesWriter::write() {
  sort_points();
  const Buffered* const end = sorted_.data() + sorted_.size();
  for (const Buffered* begin = sorted_.data(); begin != end;) {
    const std::uint32_t index = begin->series;
    const Buffered* const next =
        std::find_if(begin, end, [&](const Buffered& point) { return point.series != index; });
    Series& series = series_[index];
    identify(series);
    write_series(series, begin, next);
    begin = next;
  }
}

void SeriesWriter::committed() { points_.clear(); }

void SeriesWriter::rolled_back() {
  for (Series& series : series_) series.id = 0;
}

}  // namespace mlopsctl
