// Values of Jinja templates, which are Python's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mlopsctl::jinja {

class Value;

struct Undefined {
  std::string name;  // what was asked for, for messages
};
struct None {};

using List = std::vector<Value>;
// In the order of insertion; keys are strings.
struct Dict {
  std::vector<std::pair<std::string, Value>> items;

  const Value* find(std::string_view key) const;
  void set(std::string_view key, Value value);
};

// What namespace() makes: the one thing that a template can change. It cannot be part of a list or
// a dictionary, so that values never hold themselves.
struct Namespace;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};
using Function = std::function<Value(const Arguments&)>;

// Lists and dictionaries are shared, as Python's are, and never changed. They are nested at most
// 100 deep, or making them throws Problem.
class Value {
 public:
  Value() : value_(None{}) {}
  Value(bool value) : value_(value) {}
  Value(std::int64_t value) : value_(value) {}
  Value(double value) : value_(value) {}
  Value(std::string value) : value_(std::make_shared<const std::string>(std::move(value))) {}
  Value(std::string_view value) : Value(std::string(value)) {}
  Value(const char* value) : Value(std::string(value)) {}
  Value(List list);
  Value(Dict dict);
  Value(Function function) : value_(std::make_shared<Function>(std::move(function))) {}
  static Value undefined(std::string name);
  static Value make_namespace(Dict fields);

  bool is_undefined() const { return std::holds_alternative<Undefined>(value_); }
  bool is_none() const { return std::holds_alternative<None>(value_); }
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const double* real() const { return std::get_if<double>(&value_); }
  const std::string* text() const { return pointee<const std::string>(); }
  const List* list() const;
  const Dict* dict() const;
  Dict* fields() const;  // of a namespace
  const Function* function() const { return pointee<Function>(); }
  // An integer, or a truth value as one.
  bool as_integer(std::int64_t& into) const;
  bool is_number() const;
  double number() const;  // of what is_number()

  bool truth() const;
  // About how many steps going over all of it takes.
  std::size_t weight() const;
  std::string_view type() const;    // Python's name, for messages
  std::string str() const;          // what {{ … }} writes
  std::string repr() const;         // how it looks inside a list
  const std::string& name() const;  // of what is undefined

  friend bool operator==(const Value& a, const Value& b);

 private:
  template <typename T>
  T* pointee() const {
    const auto* found = std::get_if<std::shared_ptr<T>>(&value_);
    return found == nullptr ? nullptr : found->get();
  }

  template <typename Items>
  struct Nested {
    Items items;
    std::size_t depth = 1;
    std::size_t weight = 1;
  };
  std::size_t depth() const;
  static void add(const Value& item, std::size_t& depth, std::size_t& weight);

  std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const Nested<List>>, std::shared_ptr<const Nested<Dict>>,
               std::shared_ptr<Namespace>, std::shared_ptr<Function>>
      value_;
};

struct Namespace {
  Dict fields;
};

// A template that cannot be read or carried out; becomes an Error that names template and line.
struct Problem {
  std::string what;
  std::string hint{};
};

// Like json.dumps(…, ensure_ascii=False). `indent` below 0: on one line.
std::string to_json(const Value& value, int indent);

}  // namespace mlopsctl::jinja
