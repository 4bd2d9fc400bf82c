// Numbers in lines that were printed for people. Pure functions over foreign bytes: they never
// throw and look at each byte a bounded number of times.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::scrape {

struct Value {
  std::string key;
  double number = 0;
  friend bool operator==(const Value&, const Value&) = default;
};

// Without ANSI escape sequences (ECMA-48 CSI and OSC) and other control characters except the tab.
std::string without_escapes(std::string_view text);

// A Python or JSON dict anywhere in the line, as Hugging Face's Trainer prints it:
// {'loss': 0.52, 'learning_rate': '5e-05', 'epoch': 0.1}. Numbers may be quoted or wrapped
// (np.float64(0.5), tensor(0.5, device='cuda:0')); nested dicts become outer/inner; other values
// are left out. Nothing if there is no dict, or if it is not well-formed to its end.
std::vector<Value> dict_values(std::string_view line);

// key=value and "key: value" pairs of an ordinary log line. Conservative: no versions, dates,
// times, paths, addresses or hexadecimal numbers. The units %, s and ms are dropped.
std::vector<Value> pair_values(std::string_view line);

// A tqdm progress bar: "label:  45%|####5     | 45/100 [00:10<00:12, 4.50it/s, loss=0.5]".
struct Bar {
  std::string label;
  std::int64_t n = 0;
  std::int64_t total = 0;
  std::string_view rest;  // from the '[' on; part of the line
};
std::optional<Bar> progress_bar(std::string_view line);

// step, global_step, iteration, iter, iters and train_step, any case: the position of the line.
bool is_step_key(std::string_view key);

// A number at the beginning of the text and how many bytes it is long; also nan, inf and infinity.
struct Number {
  double value = 0;
  std::size_t length = 0;
  bool integral = false;
};
std::optional<Number> leading_number(std::string_view text);

}  // namespace mlopsctl::scrape
