#include "tokenizer/jinja/value.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::jinja {

namespace {

constexpr std::size_t deepest = 100;
constexpr std::size_t heaviest = 1'000'000;

std::string real_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// Python's repr of a string: single quotes unless it has one and no double quote.
std::string quoted(const std::string& text) {
  const bool has_single = text.find('\'') != std::string::npos;
  const char quote = has_single && text.find('"') == std::string::npos ? '"' : '\'';
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\r') {
      result += "\\r";
    } else if (c == '\t') {
      result += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result + quote;
}

std::string json_quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        result += "\\\"";
        break;
      case '\\':
        result += "\\\\";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      case '\t':
        result += "\\t";
        break;
      case '\b':
        result += "\\b";
        break;
      case '\f':
        result += "\\f";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          result += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          result += c;
        }
    }
  }
  return result + '"';
}

class JsonWriter {
 public:
  explicit JsonWriter(int indent) : indent_(indent) {}

  void write(const Value& value) {
    if (const List* list = value.list()) {
      write_list(*list);
    } else if (const Dict* dict = value.dict()) {
      write_dict(*dict);
    } else if (const std::string* text = value.text()) {
      result += json_quoted(*text);
    } else if (value.is_none()) {
      result += "null";
    } else if (const bool* truth = value.boolean()) {
      result += *truth ? "true" : "false";
    } else if (value.is_number()) {
      result += value.str();
    } else {
      throw Problem{fmt::format("tojson cannot write {}", value.type())};
    }
  }

  std::string result;

 private:
  void write_list(const List& list) {
    open('[', list.empty());
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) separate();
      write(list[i]);
    }
    close(']', list.empty());
  }

  void write_dict(const Dict& dict) {
    open('{', dict.items.empty());
    for (std::size_t i = 0; i < dict.items.size(); ++i) {
      if (i > 0) separate();
      result += json_quoted(dict.items[i].first) + ": ";
      write(dict.items[i].second);
    }
    close('}', dict.items.empty());
  }

  void open(char bracket, bool empty) {
    ++depth_;
    result += bracket;
    if (!empty) line();
  }
  void close(char bracket, bool empty) {
    --depth_;
    if (!empty) line();
    result += bracket;
  }
  void separate() {
    result += indent_ < 0 ? ", " : ",";
    line();
  }
  void line() {
    if (indent_ < 0) return;
    result += '\n';
    result.append(static_cast<std::size_t>(indent_) * depth_, ' ');
  }

  int indent_;
  std::size_t depth_ = 0;
};

}  // namespace

const Value* Dict::find(std::string_view key) const {
  const auto found =
      std::ranges::find_if(items, [&](const auto& item) { return item.first == key; });
  return found == items.end() ? nullptr : &found->second;
}

void Dict::set(std::string_view key, Value value) {
  for (auto& [name, old] : items) {
    if (name != key) continue;
    old = std::move(value);
    return;
  }
  items.emplace_back(std::string(key), std::move(value));
}

Value Value::undefined(std::string name) {
  Value value;
  value.value_ = Undefined{std::move(name)};
  return value;
}

Value Value::make_namespace(Dict fields) {
  std::size_t depth = 1;
  std::size_t weight = 1;
  for (const auto& [name, value] : fields.items) add(value, depth, weight);
  Value value;
  value.value_ = std::make_shared<Namespace>(Namespace{std::move(fields)});
  return value;
}

void Value::add(const Value& item, std::size_t& depth, std::size_t& weight) {
  depth = std::max(depth, item.depth() + 1);
  weight += item.weight();
  if (depth > deepest) throw Problem{"values are nested too deeply, or hold a namespace"};
  if (weight > heaviest) throw Problem{"a list is too long"};
}

Value::Value(List list) {
  std::size_t depth = 1;
  std::size_t weight = 1;
  for (const Value& item : list) add(item, depth, weight);
  value_ = std::make_shared<const Nested<List>>(Nested<List>{std::move(list), depth, weight});
}

Value::Value(Dict dict) {
  std::size_t depth = 1;
  std::size_t weight = 1;
  for (const auto& [key, item] : dict.items) add(item, depth, weight);
  value_ = std::make_shared<const Nested<Dict>>(Nested<Dict>{std::move(dict), depth, weight});
}

const List* Value::list() const {
  const auto* found = pointee<const Nested<List>>();
  return found == nullptr ? nullptr : &found->items;
}

const Dict* Value::dict() const {
  const auto* found = pointee<const Nested<Dict>>();
  return found == nullptr ? nullptr : &found->items;
}

Dict* Value::fields() const {
  auto* found = pointee<Namespace>();
  return found == nullptr ? nullptr : &found->fields;
}

std::size_t Value::depth() const {
  if (fields() != nullptr) return deepest;
  if (const auto* nested = pointee<const Nested<List>>()) return nested->depth;
  if (const auto* nested = pointee<const Nested<Dict>>()) return nested->depth;
  return 0;
}

std::size_t Value::weight() const {
  if (const auto* nested = pointee<const Nested<List>>()) return nested->weight;
  if (const auto* nested = pointee<const Nested<Dict>>()) return nested->weight;
  return text() == nullptr ? 1 : 1 + text()->size() / 64;
}

bool Value::as_integer(std::int64_t& into) const {
  if (const auto* integer = std::get_if<std::int64_t>(&value_)) {
    into = *integer;
    return true;
  }
  if (const bool* truth = boolean()) {
    into = *truth ? 1 : 0;
    return true;
  }
  return false;
}

bool Value::is_number() const {
  std::int64_t ignored = 0;
  return real() != nullptr || as_integer(ignored);
}

double Value::number() const {
  std::int64_t integer = 0;
  return as_integer(integer) ? static_cast<double>(integer) : *real();
}

bool Value::truth() const {
  if (const std::string* string = text()) return !string->empty();
  if (const List* items = list()) return !items->empty();
  if (const Dict* items = dict()) return !items->items.empty();
  if (is_number()) return number() != 0;
  return function() != nullptr || fields() != nullptr;
}

std::string_view Value::type() const {
  if (is_undefined()) return "something undefined";
  if (is_none()) return "None";
  if (boolean() != nullptr) return "bool";
  if (real() != nullptr) return "float";
  if (text() != nullptr) return "str";
  if (list() != nullptr) return "list";
  if (dict() != nullptr) return "dict";
  if (fields() != nullptr) return "namespace";
  return function() != nullptr ? "function" : "int";
}

std::string Value::str() const {
  if (is_undefined()) return "";
  if (const std::string* string = text()) return *string;
  return repr();
}

std::string Value::repr() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "None";
  if (const bool* truth = boolean()) return *truth ? "True" : "False";
  if (const double* value = real()) return real_text(*value);
  if (const std::string* string = text()) return quoted(*string);
  std::vector<std::string> parts;
  if (const List* items = list()) {
    for (const Value& item : *items) parts.push_back(item.repr());
    return "[" + join(parts, ", ") + "]";
  }
  if (const Dict* items = dict()) {
    for (const auto& [key, item] : items->items) parts.push_back(quoted(key) + ": " + item.repr());
    return "{" + join(parts, ", ") + "}";
  }
  std::int64_t integer = 0;
  if (as_integer(integer)) return std::to_string(integer);
  throw Problem{fmt::format("a {} is written out", type())};
}

const std::string& Value::name() const { return std::get<Undefined>(value_).name; }

bool operator==(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    std::int64_t x = 0;
    std::int64_t y = 0;
    if (a.as_integer(x) && b.as_integer(y)) return x == y;
    return a.number() == b.number();
  }
  if (a.text() != nullptr && b.text() != nullptr) return *a.text() == *b.text();
  if (a.list() != nullptr && b.list() != nullptr) return *a.list() == *b.list();
  if (a.dict() != nullptr && b.dict() != nullptr) {
    const auto& items = a.dict()->items;
    return items.size() == b.dict()->items.size() &&
           std::ranges::all_of(items, [&](const auto& item) {
             const Value* other = b.dict()->find(item.first);
             return other != nullptr && *other == item.second;
           });
  }
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

std::string to_json(const Value& value, int indent) {
  JsonWriter writer(indent);
  writer.write(value);
  return std::move(writer.result);
}

}  // namespace mlopsctl::jinja
