// Filters, by their names in jinja2/filters.py.
#include "mlopsctl/base/text.hpp"

#include "tokenizer/jinja/evaluator.hpp"
#include "tokenizer/jinja/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace mlopsctl::jinja {

namespace {

using Filter = Value (*)(const Value&, const ArgumentReader&);

Value size_of(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  std::size_t size = 0;
  if (const std::string* text = value.text()) {
    size = length(*text);
  } else if (const Dict* dict = value.dict()) {
    size = dict->items.size();
  } else if (const List* list = value.list()) {
    size = list->size();
  } else if (!value.is_undefined()) {
    throw Problem{fmt::format("{} has no length", value.type())};
  }
  return static_cast<std::int64_t>(size);
}

Value trim_text(const Value& value, const ArgumentReader& arguments) {
  arguments.only(1, {"chars"});
  const Value* characters = arguments.find(0, "chars");
  const bool given = characters != nullptr && !characters->is_none();
  return std::string(stripped(value.str(), true, true,
                              given ? std::optional(arguments.text(0, "chars")) : std::nullopt));
}

Value otherwise(const Value& value, const ArgumentReader& arguments) {
  arguments.only(2, {"default_value", "boolean"});
  const bool missing =
      value.is_undefined() || (arguments.truth(1, "boolean", false) && !value.truth());
  if (!missing) return value;
  const Value* given = arguments.find(0, "default_value");
  return given == nullptr ? Value("") : *given;
}

Value json(const Value& value, const ArgumentReader& arguments) {
  arguments.only(1, {"indent", "ensure_ascii"});
  if (arguments.truth(9, "ensure_ascii", false))
    throw Problem{"tojson with ensure_ascii is not supported"};
  const std::int64_t indent = arguments.integer(0, "indent", -1);
  if (indent > 16) throw Problem{"the indent of tojson is too large"};
  return to_json(value, static_cast<int>(std::max<std::int64_t>(indent, -1)));
}

Value joined(const Value& value, const ArgumentReader& arguments) {
  arguments.only(2, {"d", "attribute"});
  const std::string between = arguments.find(0, "d") == nullptr ? "" : arguments.text(0, "d");
  const Value* attribute = arguments.find(1, "attribute");
  std::string result;
  bool first = true;
  for (const Value& item : items_of(value)) {
    if (!std::exchange(first, false)) result += between;
    result +=
        attribute == nullptr ? item.str() : path_of(item, arguments.text(1, "attribute")).str();
  }
  return result;
}

Value replaced_text(const Value& value, const ArgumentReader& arguments) {
  arguments.only(3, {"old", "new", "count"});
  return replaced(value.str(), arguments.text(0, "old"), arguments.text(1, "new"),
                  arguments.integer(2, "count", -1));
}

Value whole_number(const Value& value, const ArgumentReader& arguments) {
  arguments.only(1, {"default"});
  std::int64_t integer = 0;
  if (value.as_integer(integer)) return integer;
  if (value.real() != nullptr && std::abs(*value.real()) < 9e18) {
    return static_cast<std::int64_t>(*value.real());
  }
  if (value.text() != nullptr) {
    if (const auto parsed = parse_integer(stripped(*value.text(), true, true))) return *parsed;
  }
  return arguments.integer(0, "default", 0);
}

Value real_number(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  if (value.is_number()) return value.number();
  if (value.text() != nullptr) {
    if (const auto parsed = parse_number(stripped(*value.text(), true, true))) return *parsed;
  }
  return 0.0;
}

Value absolute(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  std::int64_t integer = 0;
  if (value.as_integer(integer) && integer != INT64_MIN) return integer < 0 ? -integer : integer;
  if (value.real() == nullptr) throw Problem{fmt::format("abs of {}", value.type())};
  return std::abs(*value.real());
}

Value first_item(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  const List items = items_of(value);
  return items.empty() ? Value::undefined("the first of nothing") : items.front();
}

Value last_item(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  const List items = items_of(value);
  return items.empty() ? Value::undefined("the last of nothing") : items.back();
}

Value reversed(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  List items = items_of(value);
  std::ranges::reverse(items);
  if (value.text() == nullptr) return items;
  std::string text;
  for (const Value& item : items) text += *item.text();
  return text;
}

Value pairs_of(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  List pairs;
  if (value.is_undefined()) return pairs;
  if (value.dict() == nullptr) throw Problem{fmt::format("items of {}", value.type())};
  for (const auto& [key, item] : value.dict()->items) pairs.push_back(List{key, item});
  return pairs;
}

Value sorted_pairs(const Value& value, const ArgumentReader& arguments) {
  const Value pairs = pairs_of(value, arguments);
  List sorted = *pairs.list();
  std::ranges::stable_sort(sorted, [](const Value& a, const Value& b) {
    return lower(*a.list()->front().text()) < lower(*b.list()->front().text());
  });
  return sorted;
}

Value unique(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  List result;
  for (const Value& item : items_of(value)) {
    if (std::ranges::find(result, item) == result.end()) result.push_back(item);
  }
  return result;
}

Value sorted(const Value& value, const ArgumentReader& arguments) {
  arguments.only(1, {"reverse", "attribute"});
  const Value* attribute = arguments.find(9, "attribute");
  const std::string path = attribute == nullptr ? "" : arguments.text(9, "attribute");
  const auto key = [&](const Value& item) {
    const Value found = path.empty() ? item : path_of(item, path);
    return found.text() == nullptr ? found : Value(lower(*found.text()));
  };
  List items = items_of(value);
  const bool down = arguments.truth(0, "reverse", false);
  std::ranges::stable_sort(items, [&](const Value& a, const Value& b) {
    return down ? less(key(b), key(a)) : less(key(a), key(b));
  });
  return items;
}

Value indented(const Value& value, const ArgumentReader& arguments) {
  arguments.only(3, {"width", "first", "blank"});
  const std::int64_t width = arguments.integer(0, "width", 4);
  if (width < 0 || width > 100) throw Problem{"the width of indent is out of range"};
  const std::string space(static_cast<std::size_t>(width), ' ');
  std::string result;
  bool first = true;
  for (const std::string& line : split_text(value.str(), "\n", -1)) {
    const bool at_first = std::exchange(first, false);
    if (!at_first) result += '\n';
    const bool wanted = at_first ? arguments.truth(1, "first", false)
                                 : !line.empty() || arguments.truth(2, "blank", false);
    if (wanted) result += space;
    result += line;
  }
  return result;
}

Value sum(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  double total = 0;
  std::int64_t whole = 0;
  bool is_whole = true;
  for (const Value& item : items_of(value)) {
    if (!item.is_number()) throw Problem{fmt::format("the sum of {}", item.type())};
    std::int64_t integer = 0;
    is_whole =
        item.as_integer(integer) && !__builtin_add_overflow(whole, integer, &whole) && is_whole;
    total += item.number();
  }
  return is_whole ? Value(whole) : Value(total);
}

Value list_of(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  return items_of(value);
}

template <std::string (*function)(std::string_view)>
Value text_by(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  return function(value.str());
}

Value text_of(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  return value.str();
}

Value escaped(const Value& value, const ArgumentReader& arguments) {
  arguments.only(0, {});
  std::string text = replaced(value.str(), "&", "&amp;", -1);
  text = replaced(replaced(text, "<", "&lt;", -1), ">", "&gt;", -1);
  return replaced(replaced(text, "\"", "&#34;", -1), "'", "&#39;", -1);
}

const std::map<std::string_view, Filter>& filters() {
  static const std::map<std::string_view, Filter> table{{"abs", absolute},
                                                        {"capitalize", text_by<capitalized>},
                                                        {"count", size_of},
                                                        {"d", otherwise},
                                                        {"default", otherwise},
                                                        {"dictsort", sorted_pairs},
                                                        {"e", escaped},
                                                        {"escape", escaped},
                                                        {"first", first_item},
                                                        {"float", real_number},
                                                        {"indent", indented},
                                                        {"int", whole_number},
                                                        {"items", pairs_of},
                                                        {"join", joined},
                                                        {"last", last_item},
                                                        {"length", size_of},
                                                        {"list", list_of},
                                                        {"lower", text_by<lower>},
                                                        {"replace", replaced_text},
                                                        {"reverse", reversed},
                                                        {"safe", text_of},
                                                        {"sort", sorted},
                                                        {"string", text_of},
                                                        {"sum", sum},
                                                        {"tojson", json},
                                                        {"trim", trim_text},
                                                        {"unique", unique},
                                                        {"upper", text_by<upper>}};
  return table;
}

}  // namespace

// map, select, reject, selectattr, rejectattr: those that call others by name.
Value Evaluator::filter_lists(std::string_view name, const Value& value,
                              const ArgumentReader& arguments, bool& known) {
  known = name == "map" || name == "select" || name == "reject" || name == "selectattr" ||
          name == "rejectattr";
  if (!known) return {};
  const List items = items_of(value);
  step(items.size());
  List result;
  if (name == "map" && arguments.find(9, "attribute") != nullptr) {
    arguments.only(0, {"attribute", "default"});
    const std::string path = arguments.text(9, "attribute");
    const Value* missing = arguments.find(9, "default");
    for (const Value& item : items) {
      const Value found = path_of(item, path);
      result.push_back(found.is_undefined() && missing != nullptr ? *missing : found);
    }
    return result;
  }
  const bool by_attribute = name.ends_with("attr");
  const std::size_t skipped = by_attribute ? 2 : 1;
  Arguments rest{{}, arguments.all().named};
  const auto& given = arguments.all().positional;
  for (std::size_t i = skipped; i < given.size(); ++i) rest.positional.push_back(given[i]);
  if (name == "map") {
    const std::string inner = arguments.text(0, "filter");
    for (const Value& item : items) result.push_back(filter(inner, item, rest));
    return result;
  }
  const bool has_test = given.size() >= skipped;
  const std::string test_name = has_test ? arguments.text(skipped - 1, "test") : "";
  for (const Value& item : items) {
    const Value looked_at = by_attribute ? path_of(item, arguments.text(0, "attribute")) : item;
    const bool holds = has_test ? test(test_name, looked_at, rest) : looked_at.truth();
    if (holds == name.starts_with("select")) result.push_back(item);
  }
  return result;
}

Value Evaluator::filter(std::string_view name, const Value& value, const Arguments& arguments) {
  // Sorting compares an item with several others, unique with all.
  const std::size_t weight = value.weight();
  step(name == "sort" || name == "dictsort" ? weight * 16 : weight);
  if (name == "unique") step(weight * weight / 4);
  if (value.text() != nullptr && name == "list") step(value.text()->size());
  const ArgumentReader reader(arguments, name);
  bool known = false;
  Value made = filter_lists(name, value, reader, known);
  if (known) return made;
  const auto found = filters().find(name);
  if (found == filters().end())
    throw Problem{fmt::format("the filter {} is not supported", quote(name))};
  made = found->second(value, reader);
  step(made.weight());
  return made;
}

}  // namespace mlopsctl::jinja
