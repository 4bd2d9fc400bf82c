// Everything that a command says, from its files into the store: the metrics file, and with
// --scrape its output. The offset up to which a file was read is stored in the transaction of the
// points, so an intake that begins where another one was killed loses nothing and doubles nothing.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/formats/jsonl.hpp"
#include "mlopsctl/tracking/exec.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/file_tail.hpp"
#include "tracking/scrape.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl {

struct RunFiles {
  std::filesystem::path metrics, out, err;
};
inline constexpr const char* out_name = "stdout.log";  // in the run's artifact folder
inline constexpr const char* err_name = "stderr.log";
RunFiles run_files(const RunStore& store, const std::string& run_id);

class Intake {
 public:
  using Show = std::function<void(int stream, std::string_view bytes)>;

  // Begins where the store says that reading has come to. `arrival` is the time of points that
  // carry none; absent: the time of reading.
  Intake(RunStore& store, const std::string& run_id, const ScrapeOptions& scrape,
         std::optional<Timestamp> arrival, Progress& progress);
  ~Intake();

  // Shows and scrapes new output; the order in which the two streams are read matters, see Scraper.
  // False if it stopped early because too many points wait for commit().
  bool read_output(const Show& show);
  void read_metrics();
  void add_system(const std::vector<MetricPoint>& samples);

  // Stores what was read. If it throws, everything is kept for the next call.
  void commit();
  // The command has ended: reads to the ends of the files, also lines without their newline, and
  // commits.
  void finish(const Show& show);

  std::uint64_t points() const { return points_; }
  std::uint64_t bad_lines() const { return bad_lines_; }

 private:
  void resume(const Run& run);
  void resume_scraping(const Run& run, std::uint64_t out, std::uint64_t err);
  void take_line(const MetricLine& line);
  bool has_room() const;
  void bad_line(std::uint64_t number, const std::string& message);
  void log_texts();
  Scraper::Sink scrape_sink();
  Timestamp arrival() const { return arrival_.value_or(now()); }

  RunStore& store_;
  std::string run_id_;
  std::optional<Timestamp> arrival_;
  Progress& progress_;
  RunFiles files_;

  MetricWriter metrics_, out_points_, err_points_, system_;
  FileTail metrics_tail_, out_tail_, err_tail_;
  std::unique_ptr<MetricLineReader> reader_;
  std::uint64_t reader_base_ = 0;  // offset at which reader_ began …
  std::uint64_t line_base_ = 0;    // … and lines before it
  std::optional<Scraper> scraper_;
  std::uint64_t scrape_base_[2] = {0, 0};
  std::map<std::string, std::int64_t, std::less<>> next_step_;
  std::vector<LogBatch> texts_;  // params and tags of metric lines, not yet stored
  std::uint64_t points_ = 0;
  std::uint64_t bad_lines_ = 0;
};

}  // namespace mlopsctl
