// Progress for a person or a log, on standard error only.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/platform/terminal.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace mlopsctl {

// On a terminal one line that is redrawn at most ten times a second and cleared at the end;
// elsewhere at most one line every five seconds. `quiet` leaves warnings only; `verbose` adds
// details. All functions may be called from any thread. An unwritable standard error is ignored.
class ConsoleProgress : public Progress {
 public:
  ConsoleProgress(const Terminal& terminal, bool quiet, bool verbose);
  ~ConsoleProgress() override;  // clears the line that is still up
  ConsoleProgress(const ConsoleProgress&) = delete;
  ConsoleProgress& operator=(const ConsoleProgress&) = delete;

  void start(std::string_view label, std::uint64_t total, std::string_view unit) override;
  void advance(std::uint64_t amount) override;
  void finish() override;

  void warning(std::string_view text) override;
  void note(std::string_view text) override;
  void detail(std::string_view text) override;

 private:
  using Clock = std::chrono::steady_clock;

  struct Task {
    std::string label;
    std::string unit;
    std::uint64_t total = 0;  // 0: unknown
    std::uint64_t done = 0;
    Clock::time_point begin;
  };

  void print_line(std::string_view prefix, Style style, std::string_view text);
  void draw(Clock::time_point now);
  void clear();
  std::string bar_line(Clock::time_point now) const;
  std::string log_line(Clock::time_point now) const;

  const Terminal terminal_;
  const bool quiet_;
  const bool verbose_;
  std::mutex mutex_;  // guards everything below
  bool active_ = false;
  Task task_;
  Clock::time_point next_draw_;
  int drawn_width_ = 0;  // columns of the line that is up, 0 if none is
};

}  // namespace mlopsctl
