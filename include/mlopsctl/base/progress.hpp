// How long work tells that it lives. Domain code gets one of these and prints nothing itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mlopsctl {

class Progress {
 public:
  virtual ~Progress() = default;

  // Begins a task; total 0 means unknown. The unit is shown after the number ("points", "bytes").
  virtual void start(std::string_view label, std::uint64_t total, std::string_view unit) = 0;
  virtual void advance(std::uint64_t amount) = 0;
  virtual void finish() = 0;

  // A line for the person watching. `warning` is shown even with --quiet, `note` is not,
  // `detail` only with --verbose.
  virtual void warning(std::string_view text) = 0;
  virtual void note(std::string_view text) = 0;
  virtual void detail(std::string_view text) = 0;
};

}  // namespace mlopsctl
