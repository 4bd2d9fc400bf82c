// Tests ("is …"), comparisons and membership, by their names in jinja2/tests.py.
#include "mlopsctl/base/text.hpp"

#include "tokenizer/jinja/evaluator.hpp"
#include "tokenizer/jinja/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlopsctl::jinja {

namespace {

using Test = bool (*)(const Value&, const ArgumentReader&);

bool is_integer(const Value& value) {
  std::int64_t ignored = 0;
  return value.boolean() == nullptr && value.as_integer(ignored);
}

bool is_sequence(const Value& value) {
  return value.text() != nullptr || value.list() != nullptr || value.dict() != nullptr;
}

bool divides(const Value& value, std::int64_t by) {
  std::int64_t integer = 0;
  if (!value.as_integer(integer)) throw Problem{fmt::format("divisibility of {}", value.type())};
  if (by == 0) throw Problem{"division by zero"};
  return by == -1 || integer % by == 0;
}

const Value& other(const ArgumentReader& arguments) { return arguments.need(0, "other"); }

const std::map<std::string_view, Test>& tests() {
  static const std::map<std::string_view, Test> table{
      {"defined", [](const Value& v, const ArgumentReader&) { return !v.is_undefined(); }},
      {"undefined", [](const Value& v, const ArgumentReader&) { return v.is_undefined(); }},
      {"none", [](const Value& v, const ArgumentReader&) { return v.is_none(); }},
      {"string", [](const Value& v, const ArgumentReader&) { return v.text() != nullptr; }},
      {"number", [](const Value& v, const ArgumentReader&) { return v.is_number(); }},
      {"integer", [](const Value& v, const ArgumentReader&) { return is_integer(v); }},
      {"float", [](const Value& v, const ArgumentReader&) { return v.real() != nullptr; }},
      {"boolean", [](const Value& v, const ArgumentReader&) { return v.boolean() != nullptr; }},
      {"true", [](const Value& v,
                  const ArgumentReader&) { return v.boolean() != nullptr && *v.boolean(); }},
      {"false", [](const Value& v,
                   const ArgumentReader&) { return v.boolean() != nullptr && !*v.boolean(); }},
      {"mapping", [](const Value& v, const ArgumentReader&) { return v.dict() != nullptr; }},
      {"sequence", [](const Value& v, const ArgumentReader&) { return is_sequence(v); }},
      {"iterable",
       [](const Value& v, const ArgumentReader&) { return is_sequence(v) || v.is_undefined(); }},
      {"callable", [](const Value& v, const ArgumentReader&) { return v.function() != nullptr; }},
      {"odd", [](const Value& v, const ArgumentReader&) { return !divides(v, 2); }},
      {"even", [](const Value& v, const ArgumentReader&) { return divides(v, 2); }},
      {"divisibleby",
       [](const Value& v, const ArgumentReader& a) { return divides(v, a.integer(0, "num", 0)); }},
      {"lower", [](const Value& v, const ArgumentReader&) { return v.str() == lower(v.str()); }},
      {"upper", [](const Value& v, const ArgumentReader&) { return v.str() == upper(v.str()); }},
      {"eq", [](const Value& v, const ArgumentReader& a) { return v == other(a); }},
      {"equalto", [](const Value& v, const ArgumentReader& a) { return v == other(a); }},
      {"sameas", [](const Value& v, const ArgumentReader& a) { return v == other(a); }},
      {"ne", [](const Value& v, const ArgumentReader& a) { return !(v == other(a)); }},
      {"lt", [](const Value& v, const ArgumentReader& a) { return less(v, other(a)); }},
      {"gt", [](const Value& v, const ArgumentReader& a) { return less(other(a), v); }},
      {"le", [](const Value& v, const ArgumentReader& a) { return !less(other(a), v); }},
      {"ge", [](const Value& v, const ArgumentReader& a) { return !less(v, other(a)); }},
      {"in", [](const Value& v, const ArgumentReader& a) { return contains(other(a), v); }}};
  return table;
}

}  // namespace

bool Evaluator::test(std::string_view name, const Value& value, const Arguments& arguments) {
  const auto found = tests().find(name);
  if (found == tests().end())
    throw Problem{fmt::format("the test {} is not supported", quote(name))};
  step(value.weight());
  return found->second(value, ArgumentReader(arguments, name));
}

bool less(const Value& a, const Value& b) {
  std::int64_t x = 0;
  std::int64_t y = 0;
  if (a.as_integer(x) && b.as_integer(y)) return x < y;
  if (a.is_number() && b.is_number()) return a.number() < b.number();
  if (a.text() != nullptr && b.text() != nullptr) return *a.text() < *b.text();
  throw Problem{fmt::format("{} and {} have no order", a.type(), b.type())};
}

bool contains(const Value& container, const Value& item) {
  if (container.is_undefined()) return false;
  if (const List* list = container.list()) return std::ranges::find(*list, item) != list->end();
  if (const Dict* dict = container.dict()) {
    return item.text() != nullptr && dict->find(*item.text()) != nullptr;
  }
  if (container.text() != nullptr && item.text() != nullptr) {
    return container.text()->find(*item.text()) != std::string::npos;
  }
  throw Problem{fmt::format("{} in {} is not supported", item.type(), container.type())};
}

}  // namespace mlopsctl::jinja
