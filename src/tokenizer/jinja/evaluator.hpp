// What expressions mean.
#pragma once

#include "tokenizer/jinja/ast.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::jinja {

// Arguments by position or by name; asking for one twice gives it twice.
class ArgumentReader {
 public:
  ArgumentReader(const Arguments& arguments, std::string_view what)
      : arguments_(arguments), what_(what) {}

  std::size_t size() const { return arguments_.positional.size() + arguments_.named.size(); }
  const Value* find(std::size_t position, std::string_view name) const;
  const Value& need(std::size_t position, std::string_view name) const;
  std::string text(std::size_t position, std::string_view name) const;
  std::int64_t integer(std::size_t position, std::string_view name, std::int64_t otherwise) const;
  bool truth(std::size_t position, std::string_view name, bool otherwise) const;
  // Throws if there are more than these positions, or names other than these.
  void only(std::size_t positions, std::initializer_list<std::string_view> names) const;
  const Arguments& all() const { return arguments_; }

 private:
  const Arguments& arguments_;
  std::string_view what_;
};

class Evaluator {
 public:
  using Scopes = std::vector<std::map<std::string, Value>>;

  explicit Evaluator(const Dict& variables);

  Value evaluate(const Expression& expression);
  bool test(std::string_view name, const Value& value, const Arguments& arguments);
  Value filter(std::string_view name, const Value& value, const Arguments& arguments);
  Value call(const Value& function, const Arguments& arguments, std::string_view name);
  Arguments evaluate(const CallArguments& arguments);

  // Names, the innermost scope last.
  void push() { scopes_.emplace_back(); }
  void pop() { scopes_.pop_back(); }
  void set(const std::string& name, Value value);
  Value look_up(const std::string& name) const;
  // For a macro, which sees the names of the whole template and its own: takes all scopes but the
  // first away, and puts them back.
  Scopes without_inner_scopes();
  void restore(Scopes inner);

  // Counts what is done; throws Problem when a template does too much.
  void step(std::size_t cost = 1);
  std::size_t line() const { return line_; }
  void at_line(std::size_t line) { line_ = line; }

 private:
  Value binary(const Expression& expression);
  Value unary(const Expression& expression);
  Value item(const Expression& expression);
  Value slice(const Expression& expression);
  Value call(const Expression& expression);
  Value arithmetic(const std::string& symbol, const Value& left, const Value& right);
  Value add(const Value& left, const Value& right);
  Value filter_lists(std::string_view name, const Value& value, const ArgumentReader& arguments,
                     bool& known);

  Scopes scopes_;
  std::size_t steps_ = 0;
  std::size_t depth_ = 0;
  std::size_t line_ = 0;
};

// What a loop goes over, and what the list filters take: lists, the characters of strings, the keys
// of dictionaries; nothing of what is undefined.
List items_of(const Value& value);

// An attribute or item by name; undefined if there is none.
Value attribute_of(const Value& value, std::string_view name);
// The same along a path with points and indices, "function.name", as map(attribute=…) takes it.
Value path_of(const Value& value, std::string_view path);

// Methods of strings and dictionaries. `known` is false if there is none of that name.
Value call_method(const Value& object, std::string_view name, const Arguments& arguments,
                  bool& known);

// range, dict, namespace, raise_exception, strftime_now.
void add_globals(std::map<std::string, Value>& into);

bool less(const Value& a, const Value& b);
bool contains(const Value& container, const Value& item);

}  // namespace mlopsctl::jinja
