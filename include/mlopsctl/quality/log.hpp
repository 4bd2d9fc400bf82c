// Logs of responses: JSON lines, measured in one pass with flat memory.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/drift/dataset.hpp"
#include "mlopsctl/quality/indicators.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::quality {

// Which values of a line are what, as JsonPath has them. Empty: none, or in options: to be found.
struct LogFields {
  std::string response, prompt, id, time, finish_reason;
};

struct LogOptions {
  LogFields fields;
  std::function<std::vector<drift::LocalCopy>(const std::string& url)>
      fetch;                          // of URLs; may be none
  std::optional<Timestamp> from, to;  // only responses whose time lies in [from, to)
  unsigned threads = 0;               // 0: as many as the machine has
  std::size_t worst = 10;             // responses that are kept to be shown
  std::string show;                   // a flag: only responses that have it are; empty: any bad one
};

struct BadLine {
  std::string file;        // as it was found; "-" is standard input
  std::uint64_t line = 0;  // 1-based
  std::string message;
};

// A response to be looked at.
struct ShownResponse {
  std::string file;
  std::uint64_t line = 0;
  std::string id;  // empty if the line has none
  std::optional<Timestamp> time;
  double score = 0, toxicity = 0;
  std::vector<std::string> flags;  // the bad ones that it has
  std::string excerpt;             // its beginning, on one line, safe to print
};

// Of the responses to which the indicator applies. A flag's sum is how many have it.
class IndicatorTotal {
 public:
  void add(double value);  // NaN does not count
  void add(const IndicatorTotal& more);

  std::uint64_t count() const { return count_; }
  double sum() const { return sum_ + lost_; }  // as if it were rounded once
  double mean() const { return count_ == 0 ? not_measured : sum() / static_cast<double>(count_); }
  double min() const { return count_ == 0 ? not_measured : min_; }
  double max() const { return count_ == 0 ? not_measured : max_; }

 private:
  void add_to_sum(double value);

  std::uint64_t count_ = 0;
  double sum_ = 0, lost_ = 0;  // what rounding took from the sum
  double min_ = 0, max_ = 0;
};

struct LogSummary {
  std::string source;  // as it was asked for
  std::vector<std::string> files;
  LogFields fields;             // that were used
  std::uint64_t lines = 0;      // that are not blank
  std::uint64_t responses = 0;  // that were measured
  std::uint64_t without_response = 0;
  std::uint64_t outside = 0;  // of the time that was asked for
  std::uint64_t malformed = 0;
  std::uint64_t being_written = 0;     // last lines that lack their line end and are no JSON yet
  std::vector<BadLine> bad_lines;      // the first of them
  std::vector<IndicatorTotal> totals;  // one an indicator
  std::vector<std::uint64_t> labels;   // how often each of Indicators::labels()
  // Lowest score, then highest toxicity, most flags first; equal texts once.
  std::vector<ShownResponse> worst;
  std::uint64_t alerting = 0;         // responses for which an alert holds
  std::vector<ShownResponse> alerts;  // the first thousand of them, in order; `flags` are alerts
  std::optional<std::pair<Timestamp, Timestamp>> times;  // first and last
};

// Responses in their order, some thousands at once.
struct LogBlock {
  std::string file;
  std::vector<std::uint64_t> lines;
  std::vector<std::string> ids;                 // empty, or one a response
  std::vector<std::optional<Timestamp>> times;  // empty, or one a response
  std::vector<double> values;                   // response × indicator

  std::size_t rows() const { return lines.size(); }
};
using TakeBlock = std::function<void(const LogBlock&)>;

// Reads files, globs and "-", unpacking gzip. Lines that are no JSON object, and those without a
// response, are counted and left out. Throws Error{usage} if no field holds a response, Error{
// not_found, corrupt} naming the input.
LogSummary read_log(const std::vector<std::string>& inputs, const LogOptions& options,
                    const Indicators& indicators, Progress& progress, const TakeBlock& take);

// The block as columns that drift compares: flags are booleans, counts integers. What no response
// can have by the rules is left out.
drift::DataSet columns_of(const LogBlock& block, const Indicators& indicators);

}  // namespace mlopsctl::quality
