// What expressions of templates mean: Python's values, methods and Jinja's filters.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/formats/unicode.hpp"

#include "eval/python_text.hpp"
#include "eval/template.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::eval {

namespace {

// What a template may make of a row: more is a mistake or an attack.
constexpr std::size_t most_bytes = std::size_t{64} << 20U;

[[noreturn]] void fail(const std::string& what, const std::string& hint = {}) {
  throw Error(ErrorKind::config, what, hint);
}

YamlValue text_value(std::string text) {
  if (text.size() > most_bytes) fail("the template makes a text of more than 64 MiB");
  return YamlValue::of_text(std::move(text));
}
YamlValue text_list(std::vector<std::string> texts) {
  YamlValue list = YamlValue::empty_list();
  for (std::string& text : texts) list.items.push_back(YamlValue::of_text(std::move(text)));
  return list;
}

std::optional<std::int64_t> integer_in(const YamlValue& value) {
  if (value.kind == YamlKind::boolean) return value.boolean ? 1 : 0;
  return value.kind == YamlKind::integer ? parse_integer(value.text) : std::nullopt;
}

const YamlValue& member_of(const YamlValue& of, const std::string& name) {
  const YamlValue* found = of.find(name);
  if (found != nullptr) return *found;
  fail(fmt::format("{} has no member {}", yaml_kind_name(of), quote(name)));
}

const YamlValue& column_of(const YamlValue& row, const std::string& name) {
  const YamlValue* found = row.find(name);
  if (found != nullptr) return *found;
  std::vector<std::string> names;
  for (const YamlEntry& entry : row.entries) names.push_back(entry.key);
  const auto near = closest(name, names);
  fail(fmt::format("the data have no column {}", quote(name)),
       near ? fmt::format("did you mean {}?", quote(*near))
            : fmt::format("columns are {}", join(names, ", ")));
}

// Where an index or the bound of a slice is among `count` items.
std::int64_t bound(const YamlValue& given, std::size_t count) {
  const auto number = integer_in(given);
  if (!number) fail(fmt::format("an index is {}, not a whole number", yaml_kind_name(given)));
  return *number < 0 ? *number + static_cast<std::int64_t>(count) : *number;
}

YamlValue index_value(const YamlValue& of, const YamlValue& by) {
  if (by.is_text()) return member_of(of, by.text);
  if (of.is_text()) {
    const auto starts = code_point_starts(of.text);
    const std::int64_t at = bound(by, starts.size() - 1);
    if (at < 0 || at >= static_cast<std::int64_t>(starts.size()) - 1) {
      fail(fmt::format("index {} is outside of a text", python_str(by)));
    }
    const auto i = static_cast<std::size_t>(at);
    return text_value(of.text.substr(starts[i], starts[i + 1] - starts[i]));
  }
  if (!of.is_list()) fail(fmt::format("{} has no items", yaml_kind_name(of)));
  const std::int64_t at = bound(by, of.items.size());
  if (at < 0 || at >= static_cast<std::int64_t>(of.items.size())) {
    fail(fmt::format("index {} is outside of a list of {}", python_str(by), of.items.size()));
  }
  return of.items[static_cast<std::size_t>(at)];
}

YamlValue slice_value(const Expression& slice, const YamlValue& of, const YamlValue& row) {
  if (!of.is_text() && !of.is_list()) fail(fmt::format("{} has no items", yaml_kind_name(of)));
  const auto starts = of.is_text() ? code_point_starts(of.text) : std::vector<std::size_t>{};
  const std::size_t count = of.is_text() ? starts.size() - 1 : of.items.size();
  const auto most = static_cast<std::int64_t>(count);
  std::int64_t begin = 0, end = most;
  if (slice.has_begin) begin = bound(evaluate(slice.parts[1], row), count);
  if (slice.has_end) end = bound(evaluate(slice.parts.back(), row), count);
  begin = std::clamp<std::int64_t>(begin, 0, most);
  end = std::clamp<std::int64_t>(end, begin, most);
  const auto from = static_cast<std::size_t>(begin), to = static_cast<std::size_t>(end);
  if (of.is_text()) return text_value(of.text.substr(starts[from], starts[to] - starts[from]));
  YamlValue list = YamlValue::empty_list();
  list.items.assign(of.items.begin() + begin, of.items.begin() + end);
  return list;
}

YamlValue sum_value(const YamlValue& a, const YamlValue& b) {
  if (a.is_text() && b.is_text()) return text_value(a.text + b.text);
  if (a.is_list() && b.is_list()) {
    YamlValue list = a;
    list.items.insert(list.items.end(), b.items.begin(), b.items.end());
    return list;
  }
  const auto left = integer_in(a), right = integer_in(b);
  std::int64_t sum = 0;
  if (left && right && !__builtin_add_overflow(*left, *right, &sum)) {
    return YamlValue::of_integer(sum);
  }
  if (a.is_number() && b.is_number()) return YamlValue::of_real(a.number() + b.number());
  fail(fmt::format("{} and {} cannot be added", yaml_kind_name(a), yaml_kind_name(b)),
       "'~' joins anything as text");
}

// Methods and filters -------------------------------------------------------------------------

struct Call {
  const std::string& name;
  const YamlValue& of;
  const std::vector<YamlValue>& arguments;

  const std::string& text() const {
    if (!of.is_text())
      fail(fmt::format("{} is for texts, not {}", quote(name), yaml_kind_name(of)));
    return of.text;
  }
  std::string argument(std::size_t i, const char* otherwise = nullptr) const {
    if (i < arguments.size()) return python_str(arguments[i]);
    if (otherwise == nullptr) fail(fmt::format("{} needs {} arguments", quote(name), i + 1));
    return otherwise;
  }
};

std::vector<std::string> texts_in(const YamlValue& list) {
  if (!list.is_list()) fail(fmt::format("'join' is for lists, not {}", yaml_kind_name(list)));
  std::vector<std::string> texts;
  for (const YamlValue& item : list.items) texts.push_back(python_str(item));
  return texts;
}

YamlValue stripped(const Call& call, bool left, bool right) {
  if (!call.arguments.empty()) {
    return text_value(strip_of(call.text(), call.argument(0), left, right));
  }
  std::string_view text = call.text();
  if (left) text = strip_left(text);
  if (right) text = strip_right(text);
  return text_value(std::string(text));
}

std::string capitalized(std::string_view text) {
  if (text.empty()) return {};
  const std::size_t first = code_point_starts(text)[1];
  return upper_case(text.substr(0, first)) + lower_case(text.substr(first));
}

YamlValue index_in(const Call& call) {
  if (!call.of.is_list())
    fail(fmt::format("'index' is for lists, not {}", yaml_kind_name(call.of)));
  if (call.arguments.empty()) fail("'index' needs an argument");
  for (std::size_t i = 0; i < call.of.items.size(); ++i) {
    if (python_equal(call.of.items[i], call.arguments[0])) {
      return YamlValue::of_integer(static_cast<std::int64_t>(i));
    }
  }
  fail(fmt::format("{} is not in the list", quote(call.argument(0))));
}

std::optional<YamlValue> method_value(const Call& call) {
  const std::string& name = call.name;
  if (name == "strip") return stripped(call, true, true);
  if (name == "lstrip") return stripped(call, true, false);
  if (name == "rstrip") return stripped(call, false, true);
  if (name == "lower") return text_value(lower_case(call.text()));
  if (name == "upper") return text_value(upper_case(call.text()));
  if (name == "capitalize") return text_value(capitalized(call.text()));
  if (name == "replace") {
    return text_value(replaced(call.text(), call.argument(0), call.argument(1)));
  }
  if (name == "split") {
    if (call.arguments.empty()) return text_list(split_white_space(call.text()));
    if (call.argument(0).empty()) fail("'split' needs a separator that is not empty");
    return text_list(split_at(call.text(), call.argument(0)));
  }
  if (name == "join" && !call.arguments.empty()) {
    return text_value(joined(texts_in(call.arguments[0]), call.text()));
  }
  if (name == "index") return index_in(call);
  return std::nullopt;
}

YamlValue end_item(const Call& call, bool first) {
  return index_value(call.of, YamlValue::of_integer(first ? 0 : -1));
}

YamlValue whole_number(const Call& call) {
  if (call.of.kind == YamlKind::real && call.of.real > -1e15 && call.of.real < 1e15) {
    return YamlValue::of_integer(static_cast<std::int64_t>(call.of.real));
  }
  const auto number = call.of.is_text() ? parse_integer(strip(call.of.text)) : integer_in(call.of);
  return YamlValue::of_integer(number.value_or(0));  // as Jinja's default
}

std::optional<YamlValue> filter_value(const Call& call) {
  const std::string& name = call.name;
  const auto as_text = [&] { return python_str(call.of); };
  if (name == "trim") return text_value(std::string(strip(as_text())));
  if (name == "lower") return text_value(lower_case(as_text()));
  if (name == "upper") return text_value(upper_case(as_text()));
  if (name == "capitalize") return text_value(capitalized(as_text()));
  if (name == "string") return text_value(as_text());
  if (name == "join") return text_value(joined(texts_in(call.of), call.argument(0, "")));
  if (name == "replace") {
    return text_value(replaced(as_text(), call.argument(0), call.argument(1)));
  }
  if (name == "length" || name == "count") {
    if (!call.of.is_text() && !call.of.is_list()) fail("'length' is for texts and lists");
    const std::size_t count = call.of.is_text() ? length(call.of.text) : call.of.items.size();
    return YamlValue::of_integer(static_cast<std::int64_t>(count));
  }
  if (name == "first") return end_item(call, true);
  if (name == "last") return end_item(call, false);
  if (name == "int") return whole_number(call);
  return std::nullopt;
}

YamlValue call_value(const Expression& call, const YamlValue& row) {
  const YamlValue of = evaluate(call.parts.front(), row);
  std::vector<YamlValue> arguments;
  for (std::size_t i = 1; i < call.parts.size(); ++i) {
    arguments.push_back(evaluate(call.parts[i], row));
  }
  const bool is_filter = call.name.starts_with('|');
  const std::string name = is_filter ? call.name.substr(1) : call.name;
  const Call made{name, of, arguments};
  if (auto value = is_filter ? filter_value(made) : method_value(made)) return std::move(*value);
  fail(fmt::format("the template uses the {} {}, which is not supported",
                   is_filter ? "filter" : "method", quote(name)),
       is_filter ? "filters are trim, lower, upper, capitalize, string, join, replace, length, "
                   "first, last, int"
                 : "methods are strip, lstrip, rstrip, lower, upper, capitalize, replace, split, "
                   "join, index");
}

}  // namespace

YamlValue evaluate(const Expression& expression, const YamlValue& row) {
  using Kind = Expression::Kind;
  const auto part = [&](std::size_t i) { return evaluate(expression.parts[i], row); };
  switch (expression.kind) {
    case Kind::literal:
      return expression.literal;
    case Kind::column:
      return column_of(row, expression.name);
    case Kind::list: {
      YamlValue list = YamlValue::empty_list();
      for (std::size_t i = 0; i < expression.parts.size(); ++i) list.items.push_back(part(i));
      return list;
    }
    case Kind::attribute: {
      const YamlValue of = part(0);
      return member_of(of, expression.name);
    }
    case Kind::index:
      return index_value(part(0), part(1));
    case Kind::slice:
      return slice_value(expression, part(0), row);
    case Kind::call:
      return call_value(expression, row);
    case Kind::concat:
      return text_value(python_str(part(0)) + python_str(part(1)));
    case Kind::add:
      return sum_value(part(0), part(1));
  }
  return {};
}

}  // namespace mlopsctl::eval
