// A self-contained HTML page of a gate: each rule with the change and its interval, examples that
// were answered otherwise, and distribution functions of both sides. No script. Rendering only:
// whoever judges fills the structs.
#pragma once

#include "mlopsctl/ui/comparison_page.hpp"
#include "mlopsctl/ui/rate_page.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl {

// One rule. Changes of the same unit are drawn on one scale.
struct PageRule {
  std::string name, text, verdict;
  Tone tone = Tone::unknown;
  std::string before, now;  // as text; empty: none
  std::string unit;         // of the change: "points", "%", "nats"
  std::optional<double> change, low, high;
  std::optional<double> limit;  // the worst change that passes
};

// Outcomes of the same examples on both sides.
struct PagePairs {
  std::string name;
  std::uint64_t both = 0, lost = 0, won = 0, neither = 0;
};

// Two samples as distribution functions.
struct PageSamples {
  std::string name, unit;
  std::vector<double> before, now;
};

struct GatePage {
  std::string title, verdict, reason;
  Tone tone = Tone::good;
  std::vector<PageFact> tiles, facts;
  std::vector<PageRule> rules;
  std::vector<PagePairs> pairs;
  std::vector<PageSamples> samples;
  std::vector<std::string> notes;
  std::vector<PageTable> tables;
};

// Texts may hold anything: control characters are escaped, markup is inert.
std::string html_gate(const GatePage& page);

}  // namespace mlopsctl
