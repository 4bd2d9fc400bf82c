#include "drift/column_choices.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "drift/schema_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl::drift {

namespace {

constexpr std::array<std::string_view, 7> words{"real", "integer", "boolean", "category",
                                                "time", "text",    "ignore"};

ValueKind value_kind(Choice choice) {
  switch (choice) {
    case Choice::real:
      return ValueKind::real;
    case Choice::integer:
      return ValueKind::integer;
    case Choice::boolean:
      return ValueKind::boolean;
    case Choice::time:
      return ValueKind::time;
    default:
      return ValueKind::text;
  }
}

}  // namespace

Choice parse_choice(const std::string& name, std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) {
    throw Error(ErrorKind::usage,
                fmt::format("{} is no kind of column {}", quote(word), quote(name)),
                fmt::format("the kinds are {}",
                            join(std::vector<std::string>(words.begin(), words.end()), ", ")));
  }
  return static_cast<Choice>(found - words.begin());
}

ColumnChoices::ColumnChoices(const ReadOptions& options)
    : only_(options.only.begin(), options.only.end()),
      ignore_(options.ignore.begin(), options.ignore.end()),
      time_column_(options.time_column) {
  if (!options.schema_file.empty()) chosen_ = read_schema_file(options.schema_file);
  for (const auto& [name, word] : options.kinds) chosen_[name] = parse_choice(name, word);
  if (!options.time_column.empty()) chosen_[options.time_column] = Choice::time;
}

bool ColumnChoices::wanted(const std::string& name) const {
  if (ignore_.count(name) > 0) return false;
  const std::optional<Choice> chosen = choice(name);
  if (chosen == Choice::ignore) return false;
  // A time column is needed for windows although it is no feature.
  return only_.empty() || only_.count(name) > 0 || chosen == Choice::time;
}

std::optional<Choice> ColumnChoices::choice(const std::string& name) const {
  const auto found = chosen_.find(name);
  if (found == chosen_.end()) return std::nullopt;
  return found->second;
}

ColumnPlan ColumnChoices::plan(const std::string& name) const {
  if (!wanted(name)) return {ValueKind::none, false, true};
  if (const std::optional<Choice> chosen = choice(name)) {
    return {value_kind(*chosen), true, false};
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = seen_.find(name);
  if (frozen_ && found == seen_.end()) return {ValueKind::real, true, false};
  return {found == seen_.end() ? ValueKind::none : found->second, frozen_, false};
}

void ColumnChoices::learn(const std::string& name, ValueKind kind) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ValueKind& known = seen_[name];
  known = joined(known, kind);
}

void ColumnChoices::freeze(std::span<const std::string> names) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::string& name : names) {
    ValueKind& known = seen_[name];
    if (known == ValueKind::none) known = ValueKind::real;
  }
  frozen_ = true;
}

namespace {

void check_one(const std::string& name, std::span<const std::string> names,
               const std::string& source) {
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  const std::optional<std::string> near = closest(name, names);
  throw Error(ErrorKind::usage, fmt::format("there is no column {} in {}", quote(name), source),
              near ? fmt::format("did you mean {}?", quote(*near)) : "");
}

}  // namespace

void ColumnChoices::choose(const std::string& name, Choice choice) { chosen_[name] = choice; }

void ColumnChoices::check_named(std::span<const std::string> names, const std::string& source) {
  names_told_ = true;
  met_.insert(names.begin(), names.end());
  for (const std::string& name : only_) check_one(name, names, source);
  for (const auto& [name, chosen] : chosen_) {
    if (name != time_column_) check_one(name, names, source);
  }
}

void ColumnChoices::check_found(std::span<const std::string> names,
                                const std::string& source) const {
  for (const std::string& name : only_) {
    if (wanted(name)) check_one(name, names, source);
  }
  for (const auto& [name, chosen] : chosen_) {
    if (wanted(name) && name != time_column_) check_one(name, names, source);
  }
}

std::vector<std::string> ColumnChoices::absent(std::span<const std::string> names) const {
  std::vector<std::string> absent;
  const auto lacks = [&](const std::string& name) {
    return met_.count(name) == 0 && std::find(names.begin(), names.end(), name) == names.end();
  };
  // What is left out of JSON lines is not even looked for.
  if (names_told_) std::copy_if(ignore_.begin(), ignore_.end(), std::back_inserter(absent), lacks);
  if (!time_column_.empty() && lacks(time_column_)) absent.push_back(time_column_);
  return absent;
}

}  // namespace mlopsctl::drift
