// Methods, attributes and global functions.
#include "mlopsctl/base/text.hpp"

#include "tokenizer/jinja/evaluator.hpp"
#include "tokenizer/jinja/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>

namespace mlopsctl::jinja {

namespace {

std::optional<std::string> optional_text(const ArgumentReader& arguments, std::string_view name) {
  const Value* found = arguments.find(0, name);
  if (found == nullptr || found->is_none()) return std::nullopt;
  return arguments.text(0, name);
}

Value split_method(const std::string& text, const ArgumentReader& arguments) {
  arguments.only(2, {"sep", "maxsplit"});
  const auto separator = optional_text(arguments, "sep");
  if (separator && separator->empty()) throw Problem{"split at nothing"};
  List parts;
  for (std::string& part : split_text(text, separator, arguments.integer(1, "maxsplit", -1))) {
    parts.emplace_back(std::move(part));
  }
  return parts;
}

// str.startswith and endswith take a list of possibilities, too.
template <typename Holds>
Value any_affix(const ArgumentReader& arguments, const Holds& holds) {
  arguments.only(1, {});
  const Value& given = arguments.need(0, "prefix");
  if (const List* list = given.list()) {
    return std::ranges::any_of(
        *list, [&](const Value& one) { return one.text() != nullptr && holds(*one.text()); });
  }
  return holds(arguments.text(0, "prefix"));
}

Value find_method(const std::string& text, const ArgumentReader& arguments) {
  arguments.only(1, {});
  const std::size_t at = text.find(arguments.text(0, "sub"));
  if (at == std::string::npos) return std::int64_t{-1};
  return static_cast<std::int64_t>(length(std::string_view(text).substr(0, at)));
}

Value count_method(const std::string& text, const ArgumentReader& arguments) {
  arguments.only(1, {});
  const std::string what = arguments.text(0, "sub");
  if (what.empty()) return static_cast<std::int64_t>(length(text)) + 1;
  std::int64_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + what.size())) {
    ++count;
  }
  return count;
}

Value join_method(const std::string& text, const ArgumentReader& arguments) {
  arguments.only(1, {});
  std::vector<std::string> parts;
  for (const Value& item : items_of(arguments.need(0, "iterable"))) {
    if (item.text() == nullptr) throw Problem{fmt::format("join has {}", item.type())};
    parts.push_back(*item.text());
  }
  return join(parts, text);
}

bool all_digits(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

using TextMethod = Value (*)(const std::string&, const ArgumentReader&);

template <bool left, bool right>
Value strip_method(const std::string& text, const ArgumentReader& arguments) {
  arguments.only(1, {});
  return std::string(stripped(text, left, right, optional_text(arguments, "chars")));
}

template <std::string (*function)(std::string_view)>
Value plain_method(const std::string& text, const ArgumentReader& arguments) {
  arguments.only(0, {});
  return function(text);
}

const std::map<std::string_view, TextMethod>& text_methods() {
  static const std::map<std::string_view, TextMethod> table{
      {"strip", strip_method<true, true>},
      {"lstrip", strip_method<true, false>},
      {"rstrip", strip_method<false, true>},
      {"split", split_method},
      {"find", find_method},
      {"count", count_method},
      {"join", join_method},
      {"lower", plain_method<lower>},
      {"upper", plain_method<upper>},
      {"title", plain_method<title>},
      {"capitalize", plain_method<capitalized>},
      {"isdigit", [](const std::string& t, const ArgumentReader&) { return Value(all_digits(t)); }},
      {"startswith",
       [](const std::string& t, const ArgumentReader& a) {
         return any_affix(a, [&](const std::string& affix) { return t.starts_with(affix); });
       }},
      {"endswith",
       [](const std::string& t, const ArgumentReader& a) {
         return any_affix(a, [&](const std::string& affix) { return t.ends_with(affix); });
       }},
      {"removeprefix",
       [](const std::string& t, const ArgumentReader& a) {
         const std::string affix = a.text(0, "prefix");
         return Value(t.starts_with(affix) ? t.substr(affix.size()) : t);
       }},
      {"removesuffix",
       [](const std::string& t, const ArgumentReader& a) {
         const std::string affix = a.text(0, "suffix");
         return Value(t.ends_with(affix) ? t.substr(0, t.size() - affix.size()) : t);
       }},
      {"replace", [](const std::string& t, const ArgumentReader& a) {
         a.only(3, {});
         return Value(replaced(t, a.text(0, "old"), a.text(1, "new"), a.integer(2, "count", -1)));
       }}};
  return table;
}

Value dict_method(const Dict& dict, std::string_view name, const ArgumentReader& arguments,
                  bool& known) {
  List result;
  if (name == "get") {
    arguments.only(2, {});
    const Value& key = arguments.need(0, "key");
    const Value* found = key.text() == nullptr ? nullptr : dict.find(*key.text());
    if (found != nullptr) return *found;
    const Value* missing = arguments.find(1, "default");
    return missing == nullptr ? Value() : *missing;
  }
  for (const auto& [key, value] : dict.items) {
    if (name == "items") result.push_back(List{key, value});
    if (name == "keys") result.emplace_back(key);
    if (name == "values") result.push_back(value);
  }
  known = name == "items" || name == "keys" || name == "values";
  return result;
}

Value range(const Arguments& arguments) {
  const ArgumentReader reader(arguments, "range");
  reader.only(3, {});
  const bool has_begin = reader.size() > 1;
  const std::int64_t begin = has_begin ? reader.integer(0, "start", 0) : 0;
  const std::int64_t end = reader.integer(has_begin ? 1 : 0, "stop", 0);
  const std::int64_t by = reader.integer(2, "step", 1);
  if (by == 0) throw Problem{"the step of range is 0"};
  constexpr std::int64_t limit = 100'000;  // as Jinja's sandbox has it
  List list;
  for (std::int64_t i = begin; by > 0 ? i < end : i > end;) {
    if (static_cast<std::int64_t>(list.size()) >= limit) throw Problem{"a range is too long"};
    list.emplace_back(i);
    if (__builtin_add_overflow(i, by, &i)) break;
  }
  return list;
}

Dict named(const Arguments& arguments) {
  Dict dict;
  for (const Value& one : arguments.positional) {
    if (one.dict() == nullptr) throw Problem{"dict and namespace take dictionaries and names"};
    for (const auto& [key, value] : one.dict()->items) dict.set(key, value);
  }
  for (const auto& [key, value] : arguments.named) dict.set(key, value);
  return dict;
}

Value now(const Arguments& arguments) {
  const ArgumentReader reader(arguments, "strftime_now");
  const std::string format = reader.text(0, "format");
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 256> text{};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const std::size_t size = std::strftime(text.data(), text.size(), format.c_str(), &local);
#pragma GCC diagnostic pop
  return std::string(text.data(), size);
}

}  // namespace

List items_of(const Value& value) {
  if (const List* list = value.list()) return *list;
  List items;
  if (const std::string* text = value.text()) {
    for (const std::string_view one : characters_of(*text)) items.emplace_back(one);
  } else if (const Dict* dict = value.dict()) {
    for (const auto& [key, item] : dict->items) items.emplace_back(key);
  } else if (!value.is_undefined()) {
    throw Problem{fmt::format("{} has no items to go over", value.type())};
  }
  return items;
}

Value attribute_of(const Value& value, std::string_view name) {
  const Dict* dict = value.fields() != nullptr ? value.fields() : value.dict();
  const Value* found = dict == nullptr ? nullptr : dict->find(name);
  return found == nullptr ? Value::undefined(std::string(name)) : *found;
}

Value path_of(const Value& value, std::string_view path) {
  Value current = value;
  for (const std::string& part : split(path, '.')) {
    const auto index = parse_integer(part);
    const List* list = current.list();
    if (index && list != nullptr) {
      const bool inside = *index >= 0 && *index < static_cast<std::int64_t>(list->size());
      current = inside ? Value((*list)[static_cast<std::size_t>(*index)]) : Value::undefined(part);
    } else {
      current = attribute_of(current, part);
    }
  }
  return current;
}

Value call_method(const Value& object, std::string_view name, const Arguments& arguments,
                  bool& known) {
  const ArgumentReader reader(arguments, name);
  known = true;
  if (const std::string* text = object.text()) {
    const auto found = text_methods().find(name);
    if (found != text_methods().end()) return found->second(*text, reader);
  }
  if (const Dict* dict = object.dict()) return dict_method(*dict, name, reader, known);
  known = false;
  return {};
}

void add_globals(std::map<std::string, Value>& into) {
  into["range"] = Function(range);
  into["dict"] = Function([](const Arguments& arguments) { return Value(named(arguments)); });
  into["namespace"] =
      Function([](const Arguments& arguments) { return Value::make_namespace(named(arguments)); });
  into["strftime_now"] = Function(now);
  into["raise_exception"] = Function([](const Arguments& arguments) -> Value {
    const ArgumentReader reader(arguments, "raise_exception");
    throw Problem{"it refuses the conversation: " + reader.need(0, "message").str(),
                  "bring the messages into the order that this model was trained with"};
  });
}

}  // namespace mlopsctl::jinja
