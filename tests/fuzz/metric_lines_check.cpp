#include "fuzz/metric_lines_check.hpp"

#include "mlopsctl/formats/jsonl.hpp"

#include "fuzz/require.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <string>

namespace mlopsctl::fuzz {
namespace {

void append(std::string& log, std::string_view kind, const KeyValue& item) {
  log += fmt::format(" {} {}={}", kind, item.key, item.value);
}

// Everything that a reader tells, as one text.
std::string read(std::string_view bytes, std::size_t piece, std::size_t max_line) {
  MetricLineReader reader(max_line);
  std::string log;
  const MetricLineSink sink{
      .line =
          [&](const MetricLine& line) {
            log += fmt::format("\n{}:", line.number);
            if (line.step) log += fmt::format(" step {}", *line.step);
            if (line.time) log += fmt::format(" time {}", line.time->ms);
            std::set<std::string_view> names;
            for (const NamedValue& metric : line.metrics) {
              require(names.insert(metric.key).second, "a name occurs twice");
              require(printable(metric.key).find("\\x") == std::string::npos ||
                          metric.key.find('\\') != std::string_view::npos,
                      "a name has control characters");
              log += fmt::format(" {}={}", metric.key, number_text(metric.value));
            }
            for (const KeyValue& item : line.params) append(log, "param", item);
            for (const KeyValue& item : line.tags) append(log, "tag", item);
            log += fmt::format(" skipped {} at {}", line.skipped, reader.consumed());
          },
      .bad =
          [&](std::uint64_t number, const std::string& message) {
            require(printable(message) == message, "a message has control characters");
            log += fmt::format("\n{} bad: {} at {}", number, message, reader.consumed());
          }};
  // A copy of exact size, so that reading past the end is noticed.
  for (std::size_t begin = 0; begin < bytes.size(); begin += piece) {
    const std::string_view part = bytes.substr(begin, piece);
    const std::vector<char> exact(part.begin(), part.end());
    reader.feed(std::string_view(exact.data(), exact.size()), sink);
  }
  reader.finish(sink);
  require(reader.consumed() == bytes.size(), "not every byte is consumed");
  const auto newlines = static_cast<std::uint64_t>(std::ranges::count(bytes, '\n'));
  const std::uint64_t last = !bytes.empty() && bytes.back() != '\n' ? 1 : 0;
  require(reader.lines() == newlines + last, "not every line is counted");
  return log;
}

}  // namespace

void check_metric_lines(std::string_view bytes) {
  if (bytes.size() > 8192) bytes = bytes.substr(0, 8192);
  for (const std::size_t max_line : {std::size_t{1} << 20U, std::size_t{40}}) {
    const std::string whole = read(bytes, bytes.size() + 1, max_line);
    for (const std::size_t piece : {1U, 7U, 65U}) {
      require(read(bytes, piece, max_line) == whole, "a cut changes what is read");
    }
  }
}

}  // namespace mlopsctl::fuzz
