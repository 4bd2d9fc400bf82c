#include "tokenizer/jinja/template.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "tokenizer/jinja/evaluator.hpp"
#include "tokenizer/jinja/parser.hpp"
#include "tokenizer/utf8.hpp"

#include <fmt/format.h>

namespace mlopsctl::jinja {

namespace {

constexpr std::size_t longest_output = 16U << 20U;

[[noreturn]] void fail(const std::string& name, std::size_t line, const std::string& what,
                       const std::string& hint) {
  throw Error{ErrorKind::usage, fmt::format("{}, line {}: {}", name, line, printable(what)), hint};
}

class Renderer {
 public:
  explicit Renderer(const Dict& variables) : evaluator_(variables) {}

  void run(const Body& body) {
    for (const Statement& statement : body) {
      run(statement);
      if (jump_ != Jump::none) return;
    }
  }

  std::string take() { return std::exchange(out_, {}); }
  std::size_t line() const { return evaluator_.line(); }

 private:
  enum class Jump { none, leave_loop, next_round };

  void write(std::string_view text) {
    out_ += text;
    if (out_.size() > longest_output) throw Problem{"it writes too much"};
    evaluator_.step(text.size() / 64);
  }

  void run(const Statement& statement) {
    evaluator_.step();
    evaluator_.at_line(statement.line);
    switch (statement.kind) {
      case Statement::Kind::data:
        return write(statement.text);
      case Statement::Kind::print:
        return write(evaluator_.evaluate(*statement.value).str());
      case Statement::Kind::condition:
        return condition(statement);
      case Statement::Kind::loop:
        return loop(statement);
      case Statement::Kind::set:
        return assign(statement.targets, statement.value == nullptr
                                             ? Value(written(statement.body))
                                             : evaluator_.evaluate(*statement.value));
      case Statement::Kind::set_field:
        return set_field(statement);
      case Statement::Kind::macro:
        return macro(statement);
      case Statement::Kind::with:
        return with(statement);
      case Statement::Kind::group:
        return run(statement.body);
      case Statement::Kind::loop_break:
        jump_ = Jump::leave_loop;
        return;
      case Statement::Kind::loop_continue:
        jump_ = Jump::next_round;
        return;
    }
  }

  std::string written(const Body& body) {
    std::string outer = std::exchange(out_, {});
    run(body);
    return std::exchange(out_, std::move(outer));
  }

  void assign(const std::vector<std::string>& targets, Value value) {
    if (targets.size() == 1) {
      evaluator_.set(targets.front(), std::move(value));
      return;
    }
    const List parts = items_of(value);
    if (parts.size() != targets.size()) {
      throw Problem{fmt::format("{} values for {} names", parts.size(), targets.size())};
    }
    for (std::size_t i = 0; i < parts.size(); ++i) evaluator_.set(targets[i], parts[i]);
  }

  void condition(const Statement& statement) {
    for (const Branch& branch : statement.branches) {
      const bool chosen =
          branch.condition == nullptr || evaluator_.evaluate(*branch.condition).truth();
      if (chosen) return run(branch.body);
    }
  }

  void set_field(const Statement& statement) {
    const Value target = evaluator_.look_up(statement.text);
    if (target.fields() == nullptr) {
      throw Problem{fmt::format("{} is no namespace", quote(statement.text))};
    }
    Value value = statement.value == nullptr ? Value(written(statement.body))
                                             : evaluator_.evaluate(*statement.value);
    if (value.fields() != nullptr) throw Problem{"a namespace in a namespace is not supported"};
    target.fields()->set(statement.field, std::move(value));
  }

  void with(const Statement& statement) {
    std::vector<Value> values;
    for (const ExpressionPtr& value : statement.values)
      values.push_back(evaluator_.evaluate(*value));
    evaluator_.push();
    for (std::size_t i = 0; i < values.size(); ++i) evaluator_.set(statement.targets[i], values[i]);
    run(statement.body);
    evaluator_.pop();
  }

  // The items that the loop's own condition lets through.
  List chosen(const Statement& statement) {
    const Value all = evaluator_.evaluate(*statement.value);
    if (all.text() != nullptr) evaluator_.step(all.text()->size());
    List items = items_of(all);
    evaluator_.step(items.size());
    if (statement.filter == nullptr) return items;
    List kept;
    for (Value& item : items) {
      evaluator_.push();
      assign(statement.targets, item);
      if (evaluator_.evaluate(*statement.filter).truth()) kept.push_back(std::move(item));
      evaluator_.pop();
    }
    return kept;
  }

  static Value loop_variable(const List& items, std::size_t at) {
    const auto number = [](std::size_t value) { return Value(static_cast<std::int64_t>(value)); };
    const std::size_t size = items.size();
    Dict loop;
    loop.set("index", number(at + 1));
    loop.set("index0", number(at));
    loop.set("revindex", number(size - at));
    loop.set("revindex0", number(size - at - 1));
    loop.set("first", at == 0);
    loop.set("last", at + 1 == size);
    loop.set("length", number(size));
    loop.set("previtem", at == 0 ? Value::undefined("previtem") : items[at - 1]);
    loop.set("nextitem", at + 1 == size ? Value::undefined("nextitem") : items[at + 1]);
    return loop;
  }

  void loop(const Statement& statement) {
    const List items = chosen(statement);
    for (std::size_t i = 0; i < items.size() && jump_ != Jump::leave_loop; ++i) {
      jump_ = Jump::none;
      evaluator_.push();
      evaluator_.set("loop", loop_variable(items, i));
      assign(statement.targets, items[i]);
      run(statement.body);
      evaluator_.pop();
    }
    jump_ = Jump::none;
    if (!items.empty()) return;
    evaluator_.push();
    run(statement.otherwise);
    evaluator_.pop();
  }

  // The statement belongs to the template, which outlives this.
  void macro(const Statement& statement) {
    evaluator_.set(statement.text, Function([this, &statement](const Arguments& arguments) {
                     return call(statement, arguments);
                   }));
  }

  Value call(const Statement& macro, const Arguments& arguments) {
    const ArgumentReader reader(arguments, macro.text);
    if (reader.size() > macro.parameters.size()) {
      throw Problem{fmt::format("{} has too many arguments", quote(macro.text))};
    }
    Evaluator::Scopes inner = evaluator_.without_inner_scopes();
    evaluator_.push();
    for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
      const Parameter& parameter = macro.parameters[i];
      const Value* given = reader.find(i, parameter.name);
      Value value = Value::undefined(parameter.name);
      if (given != nullptr) {
        value = *given;
      } else if (parameter.otherwise != nullptr) {
        value = evaluator_.evaluate(*parameter.otherwise);
      }
      evaluator_.set(parameter.name, std::move(value));
    }
    std::string text = written(macro.body);
    evaluator_.restore(std::move(inner));
    return text;
  }

  Evaluator evaluator_;
  std::string out_;
  Jump jump_ = Jump::none;
};

}  // namespace

Template::Template(std::string_view source, std::string name) : name_(std::move(name)) {
  try {
    body_ = parse(tokens::lossy(source));
  } catch (const Syntax& problem) {
    fail(name_, problem.line, problem.what, "");
  }
}

std::string Template::render(const Dict& variables) const {
  Renderer renderer(variables);
  try {
    renderer.run(body_);
  } catch (const Problem& problem) {
    fail(name_, renderer.line(), problem.what, problem.hint);
  }
  return renderer.take();
}

}  // namespace mlopsctl::jinja
