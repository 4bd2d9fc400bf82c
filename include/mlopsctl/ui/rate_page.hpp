// A self-contained HTML page of one sample: rates with their intervals and limits as bars, numbers,
// and examples to read. No script. Rendering only: whoever judges fills the structs.
#pragma once

#include "mlopsctl/ui/comparison_page.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl {

// A share of the sample; low and high bound it.
struct PageRate {
  std::string name, help, verdict;
  Tone tone = Tone::unknown;
  std::uint64_t hits = 0, of = 0;
  double value = 0, low = 0, high = 1;
  std::optional<double> limit;
};

struct PageTable {
  std::string heading;
  std::vector<std::string> headers;
  std::vector<bool> numbers;  // a column of numbers, one a header
  std::vector<std::vector<std::string>> rows;
};

struct RatePage {
  std::string title, verdict, reason;
  Tone tone = Tone::good;
  std::vector<PageFact> tiles, facts;
  std::vector<PageRate> rates;
  std::vector<PageTable> tables;
};

// Texts may hold anything: control characters are escaped, markup is inert.
std::string html_rates(const RatePage& page);

}  // namespace mlopsctl
