#include "tracking/intake.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t warned_lines = 5;
constexpr std::size_t most_pending = 200'000;  // points in memory; the rest stays in the file
constexpr const char* metrics_key = "metrics";
constexpr const char* out_key = "stdout";
constexpr const char* err_key = "stderr";

std::uint64_t offset_of(const MetricWriter& writer, const char* key) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(writer.resume_value(key), 0));
}

}  // namespace

RunFiles run_files(const RunStore& store, const std::string& run_id) {
  const fs::path folder = store.artifact_folder(run_id);
  return {.metrics = fs::absolute(store.home()) / "tmp" / (run_id + ".jsonl"),
          .out = folder / out_name,
          .err = folder / err_name};
}

Intake::Intake(RunStore& store, const std::string& run_id, const ScrapeOptions& scrape,
               std::optional<Timestamp> arrival, Progress& progress)
    : store_(store),
      run_id_(run_id),
      arrival_(arrival),
      progress_(progress),
      files_(run_files(store, run_id)),
      metrics_(store, run_id),
      out_points_(store, run_id),
      err_points_(store, run_id),
      system_(store, run_id),
      metrics_tail_(files_.metrics, offset_of(metrics_, metrics_key)),
      out_tail_(files_.out, offset_of(out_points_, out_key)),
      err_tail_(files_.err, offset_of(err_points_, err_key)),
      reader_(std::make_unique<MetricLineReader>()),
      reader_base_(metrics_tail_.offset()) {
  if (scrape.enabled) scraper_.emplace(scrape);
  if (metrics_tail_.offset() + out_tail_.offset() + err_tail_.offset() > 0)
    resume(store.run(run_id));
}

Intake::~Intake() = default;

void Intake::resume(const Run& run) {
  for (const auto& metric : run.metrics) {
    std::int64_t& next = next_step_[metric.key];
    next = std::max(next, metric.latest.step + 1);
  }
  FileTail before{files_.metrics, 0};
  before.read_to(reader_base_, [&](std::string_view bytes) {
    line_base_ += static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    return true;
  });
  if (scraper_) resume_scraping(run, out_tail_.offset(), err_tail_.offset());
}

void Intake::resume_scraping(const Run& run, std::uint64_t out, std::uint64_t err) {
  scrape_base_[0] = out;  // stderr is counted from its beginning, because that primes the scraper
  for (const auto& metric : run.metrics) {
    std::int64_t last = 0;
    std::int64_t distance = 0;
    store_.history(run_id_, metric.key, RunStore::Order::by_step, [&](const Point& point) {
      distance = point.step - last;
      last = point.step;
    });
    if (distance > 0) scraper_->continue_series(metric.key, last, distance);
  }
  FileTail before{files_.err, 0};
  before.read_to(err, [&](std::string_view bytes) {
    scraper_->prime(2, bytes);
    return true;
  });
}

bool Intake::has_room() const {
  return out_points_.pending() <= most_pending && err_points_.pending() <= most_pending;
}

bool Intake::read_output(const Show& show) {
  const auto sink = scrape_sink();
  const auto follow = [&](FileTail& tail, std::uint64_t end, int stream) {
    tail.read_to(end, [&](std::string_view bytes) {
      if (show) show(stream, bytes);
      if (scraper_) scraper_->feed(stream, bytes, sink);
      return has_room();
    });
    return tail.offset() >= end;
  };
  // The end of stderr first: whatever tqdm drew again before it has its line on stdout by now.
  const std::uint64_t err_end = err_tail_.size();
  return has_room() && follow(out_tail_, out_tail_.size(), 1) && follow(err_tail_, err_end, 2);
}

void Intake::read_metrics() {
  if (metrics_.pending() > most_pending) return;  // the store does not take them now
  const std::uint64_t size = metrics_tail_.size();
  if (size < metrics_tail_.offset()) {
    progress_.warning("the metrics file became shorter: reading it again from its beginning");
    metrics_tail_.set_offset(0);
    reader_ = std::make_unique<MetricLineReader>();
    reader_base_ = line_base_ = 0;
  }
  const MetricLineSink sink{
      .line = [this](const MetricLine& line) { take_line(line); },
      .bad = [this](std::uint64_t number,
                    const std::string& message) { bad_line(number, message); }};
  metrics_tail_.read_to(size, [&](std::string_view bytes) {
    reader_->feed(bytes, sink);
    return metrics_.pending() <= most_pending;
  });
}

void Intake::take_line(const MetricLine& line) {
  const Timestamp time = line.time.value_or(arrival());
  for (const auto& metric : line.metrics) {
    auto next = next_step_.find(metric.key);
    if (next == next_step_.end()) next = next_step_.emplace(metric.key, 0).first;
    const Point point{
        .step = line.step.value_or(next->second), .time = time, .value = metric.value};
    try {
      metrics_.add(metric.key, point);
    } catch (const Error& error) {
      bad_line(line.number, error.what());
      continue;
    }
    next->second = std::max(next->second, point.step + 1);
    ++points_;
  }
  if (!line.params.empty() || !line.tags.empty())
    texts_.push_back({.metrics = {},
                      .params = {line.params.begin(), line.params.end()},
                      .tags = {line.tags.begin(), line.tags.end()}});
}

void Intake::bad_line(std::uint64_t number, const std::string& message) {
  ++bad_lines_;
  if (bad_lines_ <= warned_lines)
    progress_.warning(fmt::format("metrics line {}: {}", line_base_ + number, message));
}

Scraper::Sink Intake::scrape_sink() {
  return [this](int stream, const std::string& key, std::int64_t step, double value) {
    // Not a warning: ordinary output is allowed to hold what is no metric.
    if (key.empty() || key.size() > max_key_bytes || !is_valid_utf8(key) || printable(key) != key)
      return;
    (stream == 2 ? err_points_ : out_points_)
        .add(key, {.step = step, .time = arrival(), .value = value});
    ++points_;
  };
}

void Intake::add_system(const std::vector<MetricPoint>& samples) {
  for (const auto& sample : samples) system_.add(sample.key, sample.point);
}

// One by one: a parameter that was set to something else must not take the others with it.
void Intake::log_texts() {
  while (!texts_.empty()) {
    try {
      store_.log(run_id_, texts_.front());
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::conflict && error.kind() != ErrorKind::usage) throw;
      progress_.warning(error.what());
    }
    texts_.erase(texts_.begin());
  }
}

void Intake::commit() {
  const auto store_offset = [](MetricWriter& writer, const char* key, std::uint64_t offset) {
    if (writer.pending() > 0) writer.commit(key, static_cast<std::int64_t>(offset));
  };
  if (scraper_) {
    scraper_->settle(scrape_sink());
    store_offset(out_points_, out_key, scrape_base_[0] + scraper_->consumed(1));
    store_offset(err_points_, err_key, scrape_base_[1] + scraper_->consumed(2));
  }
  log_texts();  // before the offset behind them
  store_offset(metrics_, metrics_key, reader_base_ + reader_->consumed());
  system_.commit();
}

void Intake::finish(const Show& show) {
  while (!read_output(show)) commit();
  if (scraper_) scraper_->finish(scrape_sink());
  const std::uint64_t end = metrics_tail_.size();  // a grandchild may go on writing for ever
  std::uint64_t before = 0;
  do {
    before = metrics_tail_.offset();
    read_metrics();
    commit();
  } while (metrics_tail_.offset() < end && metrics_tail_.offset() != before);
  reader_->finish({.line = [this](const MetricLine& line) { take_line(line); },
                   .bad = [this](std::uint64_t number,
                                 const std::string& message) { bad_line(number, message); }});
  commit();
  if (bad_lines_ > warned_lines)
    progress_.warning(
        fmt::format("{} more metrics lines could not be read", bad_lines_ - warned_lines));
  if (scraper_ && scraper_->given_up() > 0)
    progress_.warning(fmt::format(
        "the scrape pattern took too long on {} lines, which were skipped", scraper_->given_up()));
}

}  // namespace mlopsctl
