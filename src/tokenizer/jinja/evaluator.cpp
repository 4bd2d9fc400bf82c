#include "tokenizer/jinja/evaluator.hpp"

#include "mlopsctl/base/text.hpp"

#include "tokenizer/jinja/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace mlopsctl::jinja {

namespace {

constexpr std::size_t most_steps = 500'000;  // a long conversation takes some ten thousand
constexpr std::size_t longest_text = 16U << 20U;

[[noreturn]] void undefined_used(const Value& value) {
  throw Problem{fmt::format("{} is undefined", quote(value.name()))};
}

std::int64_t index_of(const Value& value) {
  std::int64_t index = 0;
  if (!value.as_integer(index)) throw Problem{fmt::format("an index is {}", value.type())};
  return index;
}

// Python's rules for the parts of a slice.
template <typename Element>
std::vector<Element> sliced(const std::vector<Element>& all, const Value* from, const Value* to,
                            std::int64_t by) {
  const auto size = static_cast<std::int64_t>(all.size());
  const auto bound = [&](const Value* value, std::int64_t otherwise) {
    if (value == nullptr || value->is_none()) return otherwise;
    const std::int64_t index = index_of(*value);
    const std::int64_t low = by > 0 ? 0 : -1;
    const std::int64_t high = by > 0 ? size : size - 1;
    return std::clamp(index < 0 ? std::max(index, -size - 1) + size : index, low, high);
  };
  std::vector<Element> result;
  const std::int64_t begin = bound(from, by > 0 ? 0 : size - 1);
  const std::int64_t end = bound(to, by > 0 ? size : -1);
  for (std::int64_t i = begin; by > 0 ? i < end : i > end; i += by) {
    result.push_back(all[static_cast<std::size_t>(i)]);
    if (by > 0 ? by > end - i : by < end - i) break;  // i + by may overflow
  }
  return result;
}

std::int64_t checked(const std::string& symbol, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  const bool overflow = symbol == "+"   ? __builtin_add_overflow(a, b, &result)
                        : symbol == "-" ? __builtin_sub_overflow(a, b, &result)
                                        : __builtin_mul_overflow(a, b, &result);
  if (overflow) throw Problem{"a number is too large"};
  return result;
}

std::int64_t floor_divided(std::int64_t a, std::int64_t b) {
  if (b == 0) throw Problem{"division by zero"};
  if (b == -1) return checked("-", 0, a);
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

}  // namespace

Evaluator::Evaluator(const Dict& variables) : scopes_(1) {
  add_globals(scopes_.front());
  for (const auto& [name, value] : variables.items) scopes_.front()[name] = value;
}

void Evaluator::set(const std::string& name, Value value) {
  scopes_.back()[name] = std::move(value);
}

Value Evaluator::look_up(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (const auto found = scope->find(name); found != scope->end()) return found->second;
  }
  return Value::undefined(name);
}

Evaluator::Scopes Evaluator::without_inner_scopes() {
  Scopes inner(std::make_move_iterator(scopes_.begin() + 1),
               std::make_move_iterator(scopes_.end()));
  scopes_.resize(1);
  return inner;
}

void Evaluator::restore(Scopes inner) {
  scopes_.resize(1);
  for (auto& scope : inner) scopes_.push_back(std::move(scope));
}

void Evaluator::step(std::size_t cost) {
  steps_ += cost;
  if (steps_ > most_steps) throw Problem{"it takes too long"};
}

Arguments Evaluator::evaluate(const CallArguments& arguments) {
  Arguments result;
  for (const ExpressionPtr& one : arguments.positional) result.positional.push_back(evaluate(*one));
  for (const auto& [name, one] : arguments.named) result.named.emplace_back(name, evaluate(*one));
  return result;
}

Value Evaluator::evaluate(const Expression& expression) {
  using Kind = Expression::Kind;
  step();
  line_ = expression.line;
  const auto operand = [&](std::size_t i) { return evaluate(*expression.operands[i]); };
  switch (expression.kind) {
    case Kind::constant:
      return expression.constant;
    case Kind::name:
      return look_up(expression.text);
    case Kind::list: {
      List list;
      for (std::size_t i = 0; i < expression.operands.size(); ++i) list.push_back(operand(i));
      return list;
    }
    case Kind::dict: {
      Dict dict;
      for (std::size_t i = 0; i + 1 < expression.operands.size(); i += 2) {
        const Value key = operand(i);
        if (key.text() == nullptr) throw Problem{"a key that is no string is not supported"};
        dict.set(*key.text(), operand(i + 1));
      }
      return dict;
    }
    case Kind::attribute: {
      const Value object = operand(0);
      if (object.is_undefined()) undefined_used(object);
      return attribute_of(object, expression.text);
    }
    case Kind::item:
      return item(expression);
    case Kind::slice:
      return slice(expression);
    case Kind::call:
      return call(expression);
    case Kind::filter:
      return filter(expression.text, operand(0), evaluate(expression.arguments));
    case Kind::test:
      return test(expression.text, operand(0), evaluate(expression.arguments));
    case Kind::unary:
      return unary(expression);
    case Kind::binary:
      return binary(expression);
    case Kind::condition:
      if (operand(1).truth()) return operand(0);
      return expression.operands[2] == nullptr ? Value::undefined("") : operand(2);
  }
  return {};
}

Value Evaluator::item(const Expression& expression) {
  const Value object = evaluate(*expression.operands[0]);
  const Value key = evaluate(*expression.operands[1]);
  if (object.is_undefined()) undefined_used(object);
  if (key.text() != nullptr) return attribute_of(object, *key.text());
  std::int64_t index = 0;
  const std::string name = key.str();
  if (!key.as_integer(index)) return Value::undefined(name);
  const List* list = object.list();
  if (object.text() != nullptr) step(object.text()->size() / 16);
  if (list == nullptr && object.text() == nullptr) return Value::undefined(name);
  const std::vector<std::string_view> characters =
      list == nullptr ? characters_of(*object.text()) : std::vector<std::string_view>{};
  const auto size = static_cast<std::int64_t>(list == nullptr ? characters.size() : list->size());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return Value::undefined(name);
  const auto at = static_cast<std::size_t>(index);
  return list == nullptr ? Value(characters[at]) : (*list)[at];
}

Value Evaluator::slice(const Expression& expression) {
  const Value object = evaluate(*expression.operands[0]);
  std::vector<Value> parts(3);
  for (std::size_t i = 0; i < 3; ++i) {
    if (expression.operands[i + 1] != nullptr) parts[i] = evaluate(*expression.operands[i + 1]);
  }
  const std::int64_t by = parts[2].is_none() ? 1 : index_of(parts[2]);
  if (by == 0) throw Problem{"the step of a slice is 0"};
  if (object.is_undefined()) undefined_used(object);
  if (const List* list = object.list()) {
    step(list->size());
    return sliced(*list, &parts[0], &parts[1], by);
  }
  if (object.text() == nullptr) throw Problem{fmt::format("{} has no slices", object.type())};
  step(object.text()->size());
  std::string result;
  for (const std::string_view one :
       sliced(characters_of(*object.text()), &parts[0], &parts[1], by)) {
    result += one;
  }
  return result;
}

// A method, where the object has one of that name; otherwise what the name holds.
Value Evaluator::call(const Expression& expression) {
  const Expression& callee = *expression.operands[0];
  if (callee.kind == Expression::Kind::attribute) {
    const Value object = evaluate(*callee.operands[0]);
    if (object.is_undefined()) undefined_used(object);
    const Arguments arguments = evaluate(expression.arguments);
    line_ = expression.line;
    step(object.weight());
    for (const Value& one : arguments.positional) step(one.weight());
    bool known = true;
    Value result = call_method(object, callee.text, arguments, known);
    if (known) {
      step(result.weight());
      return result;
    }
    return call(attribute_of(object, callee.text), arguments, callee.text);
  }
  const Value function = evaluate(callee);
  return call(function, evaluate(expression.arguments), callee.text);
}

Value Evaluator::call(const Value& function, const Arguments& arguments, std::string_view name) {
  if (function.function() == nullptr) {
    throw Problem{fmt::format("there is no function or method {}", quote(name))};
  }
  if (++depth_ > 50) throw Problem{"macros call each other too deeply"};
  Value result = (*function.function())(arguments);
  --depth_;
  step(result.weight());
  return result;
}

Value Evaluator::unary(const Expression& expression) {
  const Value value = evaluate(*expression.operands[0]);
  if (expression.text == "not") return !value.truth();
  std::int64_t integer = 0;
  if (value.as_integer(integer)) {
    return expression.text == "-" ? checked("-", 0, integer) : integer;
  }
  if (value.real() == nullptr)
    throw Problem{fmt::format("'{}' of {}", expression.text, value.type())};
  return expression.text == "-" ? -*value.real() : *value.real();
}

Value Evaluator::binary(const Expression& expression) {
  const std::string& symbol = expression.text;
  const Value left = evaluate(*expression.operands[0]);
  if (symbol == "and") return left.truth() ? evaluate(*expression.operands[1]) : left;
  if (symbol == "or") return left.truth() ? left : evaluate(*expression.operands[1]);
  const Value right = evaluate(*expression.operands[1]);
  line_ = expression.line;
  step(left.weight() + right.weight());
  if (symbol == "==") return left == right;
  if (symbol == "!=") return !(left == right);
  if (symbol == "in") return contains(right, left);
  if (symbol == "not in") return !contains(right, left);
  if (symbol == "<") return less(left, right);
  if (symbol == ">") return less(right, left);
  if (symbol == "<=") return less(left, right) || left == right;
  if (symbol == ">=") return less(right, left) || left == right;
  if (symbol == "~") return add(left.str(), right.str());
  if (left.is_undefined()) undefined_used(left);
  if (right.is_undefined()) undefined_used(right);
  return symbol == "+" ? add(left, right) : arithmetic(symbol, left, right);
}

Value Evaluator::add(const Value& left, const Value& right) {
  if (left.text() != nullptr && right.text() != nullptr) {
    const std::size_t size = left.text()->size() + right.text()->size();
    if (size > longest_text) throw Problem{"a text is too long"};
    step(size / 64);
    return *left.text() + *right.text();
  }
  if (left.list() != nullptr && right.list() != nullptr) {
    List list = *left.list();
    list.insert(list.end(), right.list()->begin(), right.list()->end());
    step(list.size());
    return list;
  }
  return arithmetic("+", left, right);
}

Value Evaluator::arithmetic(const std::string& symbol, const Value& left, const Value& right) {
  std::int64_t a = 0;
  std::int64_t b = 0;
  if (symbol == "*" && left.text() != nullptr && right.as_integer(b)) {
    const auto times = static_cast<std::size_t>(std::clamp<std::int64_t>(b, 0, 1U << 30U));
    if (left.text()->size() * times > longest_text) throw Problem{"a text is too long"};
    std::string result;
    for (std::size_t i = 0; i < times && !left.text()->empty(); ++i) result += *left.text();
    step(result.size() / 64 + times);
    return result;
  }
  if (!left.is_number() || !right.is_number()) {
    throw Problem{
        fmt::format("'{}' of {} and {} is not supported", symbol, left.type(), right.type())};
  }
  if (left.as_integer(a) && right.as_integer(b)) {
    if (symbol == "+" || symbol == "-" || symbol == "*") return checked(symbol, a, b);
    if (symbol == "//") return floor_divided(a, b);
    if (symbol == "%") return checked("-", a, checked("*", floor_divided(a, b), b));
  }
  const double x = left.number();
  const double y = right.number();
  if (symbol == "+") return x + y;
  if (symbol == "-") return x - y;
  if (symbol == "*") return x * y;
  if (symbol == "/" && y != 0) return x / y;
  if (symbol == "**" || y != 0) throw Problem{fmt::format("'{}' is not supported", symbol)};
  throw Problem{"division by zero"};
}

const Value* ArgumentReader::find(std::size_t position, std::string_view name) const {
  if (position < arguments_.positional.size()) return &arguments_.positional[position];
  for (const auto& [key, value] : arguments_.named) {
    if (key == name) return &value;
  }
  return nullptr;
}

const Value& ArgumentReader::need(std::size_t position, std::string_view name) const {
  const Value* found = find(position, name);
  if (found == nullptr) throw Problem{fmt::format("'{}' needs the argument '{}'", what_, name)};
  return *found;
}

std::string ArgumentReader::text(std::size_t position, std::string_view name) const {
  const Value& value = need(position, name);
  if (value.text() == nullptr) {
    throw Problem{fmt::format("the argument '{}' of '{}' is {}", name, what_, value.type())};
  }
  return *value.text();
}

std::int64_t ArgumentReader::integer(std::size_t position, std::string_view name,
                                     std::int64_t otherwise) const {
  const Value* found = find(position, name);
  if (found == nullptr || found->is_none()) return otherwise;
  std::int64_t value = 0;
  if (!found->as_integer(value)) {
    throw Problem{fmt::format("the argument '{}' of '{}' is {}", name, what_, found->type())};
  }
  return value;
}

bool ArgumentReader::truth(std::size_t position, std::string_view name, bool otherwise) const {
  const Value* found = find(position, name);
  return found == nullptr ? otherwise : found->truth();
}

void ArgumentReader::only(std::size_t positions,
                          std::initializer_list<std::string_view> names) const {
  if (arguments_.positional.size() > positions) {
    throw Problem{fmt::format("'{}' has too many arguments", what_)};
  }
  for (const auto& [name, value] : arguments_.named) {
    if (std::ranges::find(names, name) == names.end()) {
      throw Problem{fmt::format("the argument {} of '{}' is not supported", quote(name), what_)};
    }
  }
}

}  // namespace mlopsctl::jinja
