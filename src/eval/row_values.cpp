#include "eval/row_values.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/formats/value_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mlopsctl::eval {

namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<YamlValue> python_list(const std::string& text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  try {
    const YamlValue constants = parse_python_constants("list = " + text + "\n");
    const YamlValue* list = constants.find("list");
    if (list != nullptr && list->is_list()) return *list;
  } catch (const Error&) {  // it is a text then, as Python's literal_eval decides
  }
  return std::nullopt;
}

std::int64_t one_gold(const YamlValue& target, const std::vector<std::string>& choices) {
  std::optional<std::int64_t> index;
  if (target.kind == YamlKind::boolean) index = target.boolean ? 1 : 0;
  if (target.kind == YamlKind::integer) index = parse_integer(target.text);
  if (target.is_text()) {
    const auto found = std::ranges::find(choices, target.text);
    if (found != choices.end()) index = found - choices.begin();
  }
  if (index && *index >= 0 && *index < static_cast<std::int64_t>(choices.size())) return *index;
  throw Error(ErrorKind::config,
              fmt::format("the target {} is none of the {} choices",
                          quote(shortened(python_str(target), 60)), choices.size()));
}

}  // namespace

YamlValue value_of(const Source& source, const YamlValue& row) {
  switch (source.kind) {
    case Source::Kind::none:
      return YamlValue::of_text("");
    case Source::Kind::constant:
      return source.constant;
    case Source::Kind::column: {
      const YamlValue* value = row.find(source.text);
      if (value != nullptr) return *value;
      throw Error(ErrorKind::config, fmt::format("the row has no column {}", quote(source.text)));
    }
    case Source::Kind::pattern:
      return source.pattern.value(row);
  }
  return {};
}

std::string text_of(const Source& source, const YamlValue& row) {
  return python_str(value_of(source, row));
}

YamlValue target_of(const Source& source, const YamlValue& row, bool has_choices) {
  YamlValue value = value_of(source, row);
  if (source.kind != Source::Kind::pattern || value.is_list()) return value;
  const std::string text = python_str(value);
  if (has_choices && is_digits(text)) {
    const auto index = parse_integer(text);
    if (index) return YamlValue::of_integer(*index);
  }
  if (auto list = python_list(text)) return std::move(*list);
  return YamlValue::of_text(text);
}

std::vector<std::string> choices_of(const Source& source, const YamlValue& row) {
  YamlValue value = value_of(source, row);
  if (value.is_text()) {
    if (auto list = python_list(value.text)) value = std::move(*list);
  }
  if (!value.is_list()) {
    throw Error(ErrorKind::config,
                fmt::format("doc_to_choice is {}, not a list of choices", yaml_kind_name(value)));
  }
  std::vector<std::string> choices;
  for (const YamlValue& choice : value.items) choices.push_back(python_str(choice));
  return choices;
}

std::vector<std::int64_t> gold_of(const YamlValue& target,
                                  const std::vector<std::string>& choices) {
  std::vector<std::int64_t> gold;
  if (target.is_list()) {
    for (const YamlValue& one : target.items) gold.push_back(one_gold(one, choices));
  } else {
    gold.push_back(one_gold(target, choices));
  }
  if (gold.empty()) throw Error(ErrorKind::config, "the list of right choices is empty");
  return gold;
}

}  // namespace mlopsctl::eval
