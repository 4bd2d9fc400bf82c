#include "mlopsctl/formats/jsonl.hpp"

#include "formats/json_line.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace mlopsctl {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

struct MetricLineReader::State {
  explicit State(std::size_t limit) : max_line(limit) {}

  // `line` is complete, without its newline; `padding` bytes behind it are readable.
  void take(std::string_view line, std::size_t bytes, const MetricLineSink& sink) {
    begin_line(bytes);
    if (lines == 1 && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
    if (is_blank(line)) return;
    const std::string problem = parser.parse(line, fields);
    if (problem.empty()) {
      if (sink.line) sink.line(fields.line(lines));
    } else if (sink.bad) {
      sink.bad(lines, fmt::format("{}: {}", problem, quote(line.substr(0, 240))));
    }
  }

  void take_too_long(std::size_t bytes, const MetricLineSink& sink) {
    begin_line(bytes);
    if (sink.bad) {
      sink.bad(lines, fmt::format("longer than {}: {}", human_bytes(max_line),
                                  quote(held.substr(0, 240))));
    }
  }

  // Counted before the callbacks, so that they may store how far the reader has come.
  void begin_line(std::size_t bytes) {
    ++lines;
    consumed += bytes;
  }

  // Ends the line whose beginning is held.
  void take_held(std::size_t bytes, const MetricLineSink& sink) {
    if (skipping) {
      take_too_long(bytes, sink);
    } else {
      const std::size_t length = held.size();
      held.append(JsonLineParser::padding, '\0');
      take(std::string_view(held.data(), length), bytes, sink);
    }
    held.clear();
    held_bytes = 0;
    skipping = false;
  }

  // Keeps the beginning of a line that goes on in the next bytes, or of one that is too long.
  void hold(std::string_view part) {
    held_bytes += part.size();
    if (held_bytes > max_line) {
      skipping = true;
      const std::size_t sample = std::min<std::size_t>(max_line, 240);
      if (held.size() < sample) held.append(part.substr(0, sample - held.size()));
      held.resize(std::min(held.size(), sample));
      if (held.capacity() > 65536) held.shrink_to_fit();
    } else {
      held.append(part);
    }
  }

  std::size_t max_line;
  JsonLineParser parser;
  LineFields fields;
  std::string held;              // the beginning of an unfinished line
  std::uint64_t held_bytes = 0;  // its length, also while it is skipped
  bool skipping = false;
  std::uint64_t lines = 0;
  std::uint64_t consumed = 0;
};

MetricLineReader::MetricLineReader(std::size_t max_line)
    : state_(std::make_unique<State>(max_line)) {}
MetricLineReader::~MetricLineReader() = default;
MetricLineReader::MetricLineReader(MetricLineReader&&) noexcept = default;

void MetricLineReader::feed(std::string_view bytes, const MetricLineSink& sink) {
  State& state = *state_;
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos) {
      state.hold(bytes);
      return;
    }
    // A line that lies in `bytes` with enough behind it is parsed in place.
    const bool in_place = state.held_bytes == 0 && newline <= state.max_line &&
                          bytes.size() - newline >= JsonLineParser::padding;
    if (in_place) {
      state.take(bytes.substr(0, newline), newline + 1, sink);
    } else {
      state.hold(bytes.substr(0, newline));
      state.take_held(static_cast<std::size_t>(state.held_bytes) + 1, sink);
    }
    bytes.remove_prefix(newline + 1);
  }
}

void MetricLineReader::finish(const MetricLineSink& sink) {
  if (state_->held_bytes > 0) {
    state_->take_held(static_cast<std::size_t>(state_->held_bytes), sink);
  }
}

std::uint64_t MetricLineReader::lines() const { return state_->lines; }
std::uint64_t MetricLineReader::consumed() const { return state_->consumed; }

}  // namespace mlopsctl
