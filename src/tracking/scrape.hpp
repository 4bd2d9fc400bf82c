// Metrics out of what a program prints. Foreign bytes in, points out; knows neither files nor the
// store.
#pragma once

#include "mlopsctl/tracking/exec.hpp"

#include "tracking/scrape_pattern.hpp"
#include "tracking/scrape_text.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl {

// The step of a line, in this order: one that it names itself; the position of the training's
// progress bar; the number of lines of this kind so far × ScrapeOptions::every.
//
// Trainer prints a dict on stdout while its bar is on stderr, and tqdm draws the bar again right
// after the line (clear, line, redraw). So a line without a step waits for the redraw that belongs
// to it: give each turn's stdout first, then stderr, then call settle().
class Scraper {
 public:
  using Sink =
      std::function<void(int stream, const std::string& key, std::int64_t step, double value)>;

  explicit Scraper(const ScrapeOptions& options);  // Error{usage} if the pattern is none

  void feed(int stream, std::string_view bytes, const Sink& sink);  // stream 1 or 2; any cut
  void settle(const Sink& sink);  // lines that have waited since the last call get the position as
                                  // it is now
  void finish(const Sink& sink);  // also last lines without their newline

  // Bytes of a stream whose points have all gone to the sink: where a later scraper may go on.
  std::uint64_t consumed(int stream) const;

  // For going on in the middle: bytes that were consumed before only teach where the bars stand,
  // and series go on with the distance they had.
  void prime(int stream, std::string_view bytes);
  void continue_series(const std::string& key, std::int64_t last_step, std::int64_t distance);

  std::uint64_t given_up() const { return pattern_ ? pattern_->given_up() : 0; }

 private:
  struct Stream {
    std::string partial;       // of the line that has not ended
    bool overlong = false;     // the rest of that line is dropped
    std::uint64_t begin = 0;   // offset of that line
    std::uint64_t offset = 0;  // bytes seen
    bool blank = false;        // a cleared line was seen since the last bar …
    bool redraw_mark = false;  // … and the carriage return with which tqdm goes on to write
  };
  struct Waiting {
    int stream;
    std::uint64_t begin;
    std::optional<std::int64_t> step;
    std::vector<scrape::Value> values;
    std::uint64_t turn;
  };
  struct TrainingBar {
    std::string label;
    std::int64_t total = 0, n = 0, base = 0;  // base: steps of earlier epochs with the same bar
  };
  struct Series {
    std::int64_t last = 0, distance = 1;
  };

  Stream& stream_of(int stream) { return streams_[stream == 2 ? 1 : 0]; }
  void end_line(int stream, const Sink& sink);
  void read_line(int stream, std::uint64_t begin, std::string_view raw, const Sink& sink);
  void read_bar(int stream, std::uint64_t begin, const scrape::Bar& bar, const Sink& sink);
  void add(Waiting line, const Sink& sink);
  void emit(const Waiting& line, std::optional<std::int64_t> position, const Sink& sink);
  void emit_settled(const Sink& sink);  // from the front, as far as steps are known
  bool is_training_bar(const std::string& label, std::int64_t total) const;
  std::optional<std::int64_t> position() const;

  std::optional<scrape::Pattern> pattern_;
  std::int64_t every_;
  std::array<Stream, 2> streams_;
  std::deque<Waiting> waiting_;
  std::optional<TrainingBar> bar_;
  std::map<std::string, Series> series_;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> bar_positions_;  // label → total, n
  std::int64_t last_training_step_ = 0;
  std::uint64_t turn_ = 0;
  bool priming_ = false;
};

}  // namespace mlopsctl
