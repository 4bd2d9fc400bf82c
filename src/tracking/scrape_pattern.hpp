// A user's regular expression (PCRE2). The only file of this layer that knows the library.
#pragma once

#include "tracking/scrape_text.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::scrape {

struct PatternMatch {
  std::vector<Value> values;
  std::optional<std::int64_t> step;
};

class Pattern {
 public:
  // Every named group is a metric of its name, except `step`, and `key` with `value`, which name
  // the metric by what was matched. Throws Error{usage} that points at the mistake.
  explicit Pattern(const std::string& pattern);
  ~Pattern();
  Pattern(Pattern&&) noexcept;

  // All matches in the line, as one. A line on which the expression needs too long is skipped and
  // counted.
  PatternMatch match(std::string_view line);
  std::uint64_t given_up() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl::scrape
