// The indicators of every response, one row each, for other programs and for 'drift check'.
#pragma once

#include "mlopsctl/quality/log.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace mlopsctl::commands {

enum class RowFormat { csv, json_lines };
// By the end of the name: .csv, .jsonl, .ndjson or .json. Throws Error{usage} for others.
RowFormat row_format_of(const std::string& file);

// Columns: file, line, id, time (where the log has them), rules, then one an indicator; what does
// not apply is empty, or null.
class RowWriter {
 public:
  using Sink = std::function<void(std::string_view)>;
  RowWriter(RowFormat format, const quality::Indicators& indicators, Sink write);
  void add(const quality::LogBlock& block);
  void finish();  // a log without responses has a header still

 private:
  void header(bool ids, bool times);
  std::string value_text(std::size_t indicator, double value) const;

  RowFormat format_;
  const quality::Indicators& indicators_;
  Sink write_;
  bool begun_ = false;
  bool ids_ = false, times_ = false;
};

}  // namespace mlopsctl::commands
