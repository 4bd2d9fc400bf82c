#include "mlopsctl/ui/report.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

namespace mlopsctl {

Report& Report::field(std::string key, std::string label, Cell cell) {
  sections_.emplace_back(Field{std::move(key), std::move(label), std::move(cell)});
  return *this;
}

Report& Report::group(Group group) {
  sections_.emplace_back(std::move(group));
  return *this;
}

Table& Report::table(Table table) {
  sections_.emplace_back(std::move(table));
  return std::get<Table>(sections_.back());
}

Report& Report::text(std::string key, std::string text) {
  sections_.emplace_back(TextBlock{std::move(key), std::move(text)});
  return *this;
}

Report& Report::finding(Severity severity, std::string message) {
  findings_.push_back({severity, std::move(message)});
  return *this;
}

Report& Report::answer(std::string key, std::string label, Cell cell) {
  pipe_answer_ = cell;
  return field(std::move(key), std::move(label), std::move(cell));
}

Report& Report::summary(std::string text) {
  summary_ = std::move(text);
  return *this;
}

Report& Report::next(std::string command) {
  next_.push_back(std::move(command));
  return *this;
}

Report& Report::document(std::function<void(const ByteSink&)> writer) {
  writer_ = std::move(writer);
  return *this;
}

Report& Report::verdict(ExitCode code) {
  code_ = code;
  return *this;
}

namespace {

struct PlainText {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return number_text(v); }
  std::string operator()(const std::string& v) const { return v; }
  std::string operator()(Timestamp v) const { return to_rfc3339(v); }
  std::string operator()(Milliseconds v) const {
    return number_text(static_cast<double>(v.count()) / 1000.0);
  }
  std::string operator()(Bytes v) const { return std::to_string(v.count); }
};

struct HumanText {
  Timestamp relative_to;
  std::string operator()(std::monostate) const { return "-"; }
  std::string operator()(bool v) const { return v ? "yes" : "no"; }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return human_number(v); }
  std::string operator()(const std::string& v) const { return printable(v); }
  std::string operator()(Timestamp v) const { return human_age(v, relative_to); }
  std::string operator()(Milliseconds v) const { return human_duration(v); }
  std::string operator()(Bytes v) const { return human_bytes(v.count); }
};

}  // namespace

std::string plain_text(const Value& value) { return std::visit(PlainText{}, value); }

std::string human_text(const Value& value, Timestamp relative_to) {
  return std::visit(HumanText{relative_to}, value);
}

}  // namespace mlopsctl
