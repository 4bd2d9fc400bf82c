#include "mlopsctl/ui/console_progress.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/ui/live_block.hpp"

#include "ui/terminal_legend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace mlopsctl {

namespace {

using namespace std::chrono_literals;

constexpr auto redraw_interval = 100ms;
constexpr auto log_interval = 5s;
constexpr int bar_width = 24;
constexpr int min_label_width = 8;

void write_stderr(std::string_view text) {
  // Unbuffered, so this is one write. Failure is ignored: work goes on without its progress.
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string amount_text(double amount, const std::string& unit) {
  if (unit == "bytes") return human_bytes(static_cast<std::uint64_t>(amount));
  const std::string number = amount < 100 && amount != static_cast<double>(static_cast<int>(amount))
                                 ? fmt::format("{:.1f}", amount)
                                 : fmt::format("{:.0f}", amount);
  return unit.empty() ? number : number + " " + unit;
}

std::string seconds_text(double seconds) {
  // Whole seconds: tenths of a guess only flicker.
  std::string text =
      human_duration(Milliseconds(static_cast<std::int64_t>(std::clamp(seconds, 1.0, 1e9)) * 1000));
  if (text.ends_with(".0s")) text.erase(text.size() - 3, 2);
  return text;
}

struct Pace {
  double per_second = 0;     // 0 while unknown
  double seconds_left = -1;  // negative while unknown
};

Pace pace(double done, double total, double seconds) {
  Pace result;
  if (seconds < 0.5 || done <= 0) return result;
  result.per_second = done / seconds;
  if (total > done) result.seconds_left = (total - done) / result.per_second;
  return result;
}

}  // namespace

ConsoleProgress::ConsoleProgress(const Terminal& terminal, bool quiet, bool verbose)
    : terminal_(terminal), quiet_(quiet), verbose_(verbose) {}

ConsoleProgress::~ConsoleProgress() { clear(); }

void ConsoleProgress::start(std::string_view label, std::uint64_t total, std::string_view unit) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  task_ = {printable(label), printable(unit), total, 0, now};
  active_ = !quiet_;
  next_draw_ = now + (terminal_.err_is_tty ? Clock::duration::zero() : log_interval);
  if (active_ && now >= next_draw_) draw(now);
}

void ConsoleProgress::advance(std::uint64_t amount) {
  const std::lock_guard lock(mutex_);
  task_.done += amount;
  if (!active_) return;
  const auto now = Clock::now();
  if (now >= next_draw_) draw(now);
}

void ConsoleProgress::finish() {
  const std::lock_guard lock(mutex_);
  active_ = false;
  clear();
}

void ConsoleProgress::warning(std::string_view text) {
  print_line("warning: ", Style::yellow, text);
}

void ConsoleProgress::note(std::string_view text) {
  if (!quiet_) print_line("", Style::plain, text);
}

void ConsoleProgress::detail(std::string_view text) {
  if (verbose_ && !quiet_) print_line("", Style::dim, text);
}

void ConsoleProgress::print_line(std::string_view prefix, Style style, std::string_view text) {
  std::string line;
  for (const std::string& part : split(text, '\n')) {
    if (!line.empty()) line += '\n';
    line += printable(part);
  }
  const std::lock_guard lock(mutex_);
  clear();
  const bool color = terminal_.color_err;
  write_stderr(prefix.empty() ? styled(line, style, color) + "\n"
                              : styled(prefix, style, color) + line + "\n");
  if (active_ && terminal_.err_is_tty) draw(Clock::now());
}

void ConsoleProgress::draw(Clock::time_point now) {
  if (!terminal_.err_is_tty) {
    next_draw_ = now + log_interval;
    write_stderr(log_line(now) + "\n");
    return;
  }
  next_draw_ = now + redraw_interval;
  const std::string line = bar_line(now);
  const int width = display_width(line);
  // Blanks over the rest of the longer line before: works on terminals without escape sequences
  // too.
  const int rest = std::max(0, drawn_width_ - width);
  write_stderr(fmt::format("\r{}{:{}}{}", line, "", rest,
                           std::string(static_cast<std::size_t>(rest), '\b')));
  drawn_width_ = width;
}

void ConsoleProgress::clear() {
  if (drawn_width_ == 0) return;
  write_stderr(fmt::format("\r{:{}}\r", "", drawn_width_));
  drawn_width_ = 0;
}

std::string ConsoleProgress::bar_line(Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - task_.begin).count();
  const auto done = static_cast<double>(task_.done);
  const auto total = static_cast<double>(task_.total);
  const Pace speed = pace(done, total, seconds);

  // In the order of their worth: what does not fit any more is left out.
  std::vector<std::string> parts;
  if (task_.total > 0) {
    const double share = std::min(1.0, done / total);
    parts.push_back(fmt::format("{:3.0f}%", std::floor(share * 100)));
    parts.push_back(share_bar(share, bar_width, terminal_.unicode));
    parts.push_back(
        task_.unit == "bytes"
            ? fmt::format("{} of {}", amount_text(done, task_.unit), amount_text(total, task_.unit))
            : fmt::format("{} of {}", task_.done, amount_text(total, task_.unit)));
  } else {
    parts.push_back(amount_text(done, task_.unit));
  }
  if (speed.seconds_left >= 0) parts.push_back(seconds_text(speed.seconds_left) + " left");
  if (speed.per_second > 0) {
    parts.push_back(amount_text(speed.per_second, task_.unit == "bytes" ? task_.unit : "") + "/s");
  }
  // The last column stays free: writing it makes some terminals wrap.
  const int width = terminal_.width - 1;
  std::string line = fitted(task_.label, std::max(min_label_width, width / 3), terminal_.unicode);
  for (const std::string& part : parts) {
    if (display_width(line) + 2 + display_width(part) > width) break;
    if (!line.empty()) line += "  ";
    line += part;
  }
  return line;
}

std::string ConsoleProgress::log_line(Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - task_.begin).count();
  const auto done = static_cast<double>(task_.done);
  const auto total = static_cast<double>(task_.total);
  const Pace speed = pace(done, total, seconds);
  std::string line = task_.label + ": ";
  if (task_.total > 0) {
    line +=
        fmt::format("{:.0f}%, {} of {}", std::floor(std::min(1.0, done / total) * 100),
                    task_.unit == "bytes" ? human_bytes(task_.done) : fmt::format("{}", task_.done),
                    amount_text(total, task_.unit));
  } else {
    line += amount_text(done, task_.unit);
  }
  if (speed.seconds_left >= 0) line += ", " + seconds_text(speed.seconds_left) + " left";
  return line;
}

}  // namespace mlopsctl
