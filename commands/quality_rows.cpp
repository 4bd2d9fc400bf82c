#include "commands/quality_rows.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/base/time.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace mlopsctl::commands {

namespace {

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + '"';
}

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

RowFormat row_format_of(const std::string& file) {
  if (file.ends_with(".csv")) return RowFormat::csv;
  for (const std::string_view end : {".jsonl", ".ndjson", ".json"}) {
    if (file.ends_with(end)) return RowFormat::json_lines;
  }
  throw Error(ErrorKind::usage, fmt::format("how is {} to be written?", quote(file)),
              "the name ends with .csv or .jsonl");
}

RowWriter::RowWriter(RowFormat format, const quality::Indicators& indicators, Sink write)
    : format_(format), indicators_(indicators), write_(std::move(write)) {}

void RowWriter::header(bool ids, bool times) {
  begun_ = true;
  ids_ = ids;
  times_ = times;
  if (format_ != RowFormat::csv) return;
  std::string line = "file,line";
  if (ids_) line += ",id";
  if (times_) line += ",time";
  line += ",rules";
  for (const auto& info : indicators_.all()) line += ',' + info.name;
  write_(line + '\n');
}

// Empty if the indicator does not apply.
std::string RowWriter::value_text(std::size_t indicator, double value) const {
  if (std::isnan(value)) return {};
  switch (indicators_.all()[indicator].kind) {
    case quality::IndicatorKind::flag:
      return value != 0 ? "true" : "false";
    case quality::IndicatorKind::category:
      return indicators_.labels()[static_cast<std::size_t>(value)];
    default:
      return number_text(value);
  }
}

void RowWriter::add(const quality::LogBlock& block) {
  if (!begun_) header(!block.ids.empty(), !block.times.empty());
  const bool json = format_ == RowFormat::json_lines;
  const std::string file = json ? json_text(block.file) : csv_field(block.file);
  const std::string rules = json ? json_text(indicators_.id()) : csv_field(indicators_.id());
  std::string text;
  for (std::size_t row = 0; row < block.rows(); ++row) {
    const std::string id = ids_ && !block.ids.empty() ? block.ids[row] : std::string();
    const bool timed = times_ && !block.times.empty() && block.times[row];
    const std::string time = timed ? to_rfc3339(*block.times[row]) : std::string();
    if (json) {
      text += fmt::format("{{\"file\":{},\"line\":{}", file, block.lines[row]);
      if (ids_) text += ",\"id\":" + (id.empty() ? "null" : json_text(id));
      if (times_) text += ",\"time\":" + (time.empty() ? "null" : json_text(time));
      text += ",\"rules\":" + rules;
    } else {
      text += fmt::format("{},{}", file, block.lines[row]);
      if (ids_) text += ',' + csv_field(id);
      if (times_) text += ',' + time;
      text += ',' + rules;
    }
    for (std::size_t i = 0; i < indicators_.size(); ++i) {
      const std::string value = value_text(i, block.values[row * indicators_.size() + i]);
      const auto& info = indicators_.all()[i];
      const bool word = info.kind == quality::IndicatorKind::category;
      if (json) {
        text += fmt::format(",\"{}\":{}", info.name,
                            value.empty() ? "null"
                            : word        ? json_text(value)
                                          : value);
      } else {
        text += ',' + value;
      }
    }
    text += json ? "}\n" : "\n";
  }
  write_(text);
}

void RowWriter::finish() {
  if (!begun_) header(false, false);
}

}  // namespace mlopsctl::commands
