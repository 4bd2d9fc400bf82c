// The fields of one metric line while it is read: names and values, kept in buffers that are used
// again for the next line, so that a line costs no allocation.
#pragma once

#include "mlopsctl/formats/jsonl.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

class LineFields {
 public:
  void clear();

  // Each returns what is wrong with the name or the value, empty if nothing is.
  std::string add_metric(std::string_view prefix, std::string_view key, double value);
  std::string add_param(std::string_view prefix, std::string_view key, std::string_view value);
  std::string add_tag(std::string_view prefix, std::string_view key, std::string_view value);
  std::string set_step(std::string_view name, double value);
  std::string set_time(std::string_view name, double value);
  std::string set_time(std::string_view name, std::string_view text);
  // "key" and "value" of MLflow's shape; they make one metric, or fall back to ordinary fields.
  void set_key(std::string_view name) { key_ = name; }
  void set_value(double value) { value_ = value; }
  void skip() { ++skipped_; }

  // Resolves what depends on the whole line: MLflow's shape, and names that occur twice (the last
  // one wins). Call once, before line().
  std::string finish();

  // Views into this object, valid until clear().
  MetricLine line(std::uint64_t number) const;

 private:
  // Where a name lies in names_, which may still move.
  struct Pending {
    std::size_t begin, length;
    double value;
  };

  std::string append_name(std::string_view prefix, std::string_view key);

  std::string names_;
  std::vector<Pending> pending_;
  std::vector<NamedValue> metrics_;
  std::vector<KeyValue> params_, tags_;
  std::size_t params_used_ = 0, tags_used_ = 0;
  std::optional<std::string> key_;
  std::optional<double> value_;
  std::optional<std::int64_t> step_;
  std::optional<Timestamp> time_;
  int step_priority_ = 0, time_priority_ = 0;
  std::size_t skipped_ = 0;
};

// What is wrong with `key` inside the objects of `prefix` ("eval/"), empty if nothing is.
std::string check_name(std::string_view prefix, std::string_view key);

// Names that carry a meaning at the top of a line; 0 is none, a greater number wins if several
// occur.
int step_priority(std::string_view name);
int time_priority(std::string_view name);

}  // namespace mlopsctl
