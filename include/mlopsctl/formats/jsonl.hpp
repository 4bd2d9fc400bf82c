// Metric lines: the JSON lines that training code writes to MLOPSCTL_METRICS and pipes into
// `run log --from -`.
//
//   {"step": 10, "loss": 0.52, "eval": {"acc": 0.9}}    every number: loss, eval/acc
//   {"key": "loss", "value": 0.52, "step": 10}          MLflow's own shape
//   {"params": {"lr": 0.001}, "tags": {"stage": "x"}}   params and tags
//
// "step" (also "global_step", "_step") is an integer; "time", "timestamp", "_timestamp" are
// milliseconds since the epoch, seconds if below 1e11, or RFC 3339. true and false are 1 and 0.
// NaN, Infinity and -Infinity are accepted bare (as Python writes them) and as strings. Other
// strings, nulls and lists are not metrics: they are skipped and counted. Params and tags keep
// numbers and lists as they were written. Of equal names, also by nesting ("a/b" and
// {"a": {"b": 1}}), the last one wins.
//
// A line is bad, and nothing of it is used, if it is not one JSON object in valid UTF-8, is nested
// more than 32 levels deep, or has a name that is empty or holds control characters, a step that is
// no integer or a time that is none.
#pragma once

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/base/time.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mlopsctl {

struct NamedValue {
  std::string_view key;  // valid during the callback
  double value = 0;
};

struct MetricLine {
  std::uint64_t number = 0;  // 1-based
  std::optional<std::int64_t> step;
  std::optional<Timestamp> time;
  std::span<const NamedValue> metrics;
  std::span<const KeyValue> params;
  std::span<const KeyValue> tags;
  std::size_t skipped = 0;  // fields that are neither a number nor reserved
};

struct MetricLineSink {
  std::function<void(const MetricLine&)> line;
  std::function<void(std::uint64_t number, const std::string& message)> bad;  // the rest goes on
};

class MetricLineReader {
 public:
  // Lines longer than `max_line` bytes are reported as bad and skipped without being stored.
  explicit MetricLineReader(std::size_t max_line = 16U << 20U);
  ~MetricLineReader();
  MetricLineReader(MetricLineReader&&) noexcept;

  void feed(std::string_view bytes, const MetricLineSink& sink);  // any cut, also inside a line
  void finish(const MetricLineSink& sink);                        // a last line without its newline
  std::uint64_t lines() const;
  // Bytes of complete lines consumed so far: where a later reader may go on. During a callback the
  // line at hand is included.
  std::uint64_t consumed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl
