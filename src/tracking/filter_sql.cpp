#include "tracking/filter_sql.hpp"

#include "mlopsctl/base/text.hpp"

#include "tracking/filter_columns.hpp"
#include "tracking/filter_names.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace mlopsctl {
namespace {

constexpr std::string_view real_value = "CAST(? AS REAL)";

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

// SQLite's LIKE ignores case, its GLOB does not.
std::string glob_of(std::string_view like) {
  std::string glob;
  for (const char c : like) {
    switch (c) {
      case '%':
        glob += '*';
        break;
      case '_':
        glob += '?';
        break;
      case '*':
      case '?':
      case '[':
        glob.append("[").append(1, c).append("]");
        break;
      default:
        glob += c;
    }
  }
  return glob;
}

class Compiler {
 public:
  explicit Compiler(std::string_view artifact_root) : artifact_root_(artifact_root) {}

  void node(const FilterNode& node) {
    switch (node.kind) {
      case FilterNode::Kind::comparison:
        comparison(node.comparison);
        break;
      case FilterNode::Kind::negation:
        add("NOT (");
        this->node(*node.children.front());
        add(")");
        break;
      case FilterNode::Kind::all_of:
        chain(node, " AND ");
        break;
      case FilterNode::Kind::any_of:
        chain(node, " OR ");
        break;
    }
  }

  SqlFragment take() { return std::move(sql_); }

 private:
  // Nested groups come first: behind an operand each level would take three places on SQLite's
  // parser stack of 100, in front only one.
  void chain(const FilterNode& parent, std::string_view separator) {
    bool first = true;
    for (const bool groups : {true, false}) {
      for (const FilterPtr& child : parent.children) {
        if ((child->kind != FilterNode::Kind::comparison) != groups) continue;
        if (!first) add(separator);
        first = false;
        if (groups) add("(");
        node(*child);
        if (groups) add(")");
      }
    }
  }

  // IN over the rows of one key, which lie together: with 20,000 runs four times as fast as EXISTS.
  void comparison(const Comparison& c) {
    const bool missing = c.op == Comparator::is_null;
    const std::string_view in = missing ? "r.n NOT IN (" : "r.n IN (";
    switch (c.left.entity) {
      case Entity::metric:
        add(in, "SELECT s.run FROM series s WHERE s.head = 1 AND s.key = ", key_number);
        bind(c.left.key);
        condition(c, fmt::format("s.{}", column_of(c.left.aggregate)));
        break;
      case Entity::param:
      case Entity::tag:
        add(in, "SELECT t.run FROM ", c.left.entity == Entity::param ? "params" : "tags",
            " t WHERE t.key = ", key_number);
        bind(c.left.key);
        condition(c, "t.value");
        break;
      case Entity::dataset:
        if (c.left.key == "context") {
          add(in, "SELECT t.run FROM input_tags t WHERE t.key = 'mlflow.data.context'");
          condition(c, "t.value");
        } else {
          add(in, "SELECT i.run FROM inputs i JOIN datasets d ON d.id = i.dataset WHERE 1");
          condition(c, c.left.key == "name" ? "d.name" : "d.digest");
        }
        break;
      case Entity::attribute:
        attribute(c);
        return;
    }
    add(")");
  }

  void condition(const Comparison& c, std::string_view expression) {
    if (c.right.empty()) return;  // IS [NOT] NULL asks for the row only
    add(" AND ");
    values(c, expression);
  }

  void attribute(const Comparison& c) {
    const AttributeSql attribute = attribute_sql(c.left.key);
    if (c.right.empty()) {
      const bool wants_null = c.op == Comparator::is_null;
      if (attribute.nullable) {
        add(attribute.expression, wants_null ? " IS NULL" : " IS NOT NULL");
      } else {
        add(wants_null ? "0" : "1");
      }
      return;
    }
    add("(");
    if (attribute.nullable) add(attribute.expression, " IS NOT NULL AND ");
    scale_ = attribute.scale;
    status_ = c.left.key == "status";
    root_ = attribute.artifact_root;
    values(c, attribute.expression);
    scale_ = 1;
    status_ = root_ = false;
    add(")");
  }

  // `expression` op the values, as a condition without parentheses around ANDs.
  void values(const Comparison& c, std::string_view expression) {
    switch (c.op) {
      case Comparator::like:
        pattern(c, expression, "", false);
        break;
      case Comparator::not_like:
        pattern(c, expression, " NOT", false);
        break;
      case Comparator::ilike:
        pattern(c, expression, "", true);
        break;
      case Comparator::not_ilike:
        pattern(c, expression, " NOT", true);
        break;
      case Comparator::in:
      case Comparator::not_in:
        list(c, expression);
        break;
      default:
        single(c, expression, to_string(c.op));
        break;
    }
  }

  void single(const Comparison& c, std::string_view expression, std::string_view op) {
    const FilterValue& value = c.right.front();
    const bool as_number = left_type(c.left) == LeftType::free_text && value.index() == 0;
    left(expression);
    add(" ", op, " ", as_number ? real_value : "?");
    bind_value(value);
    if (as_number) add(" AND ", expression, is_number);
  }

  void pattern(const Comparison& c, std::string_view expression, std::string_view negation,
               bool ignore_case) {
    const auto& text = std::get<std::string>(c.right.front());
    if (ignore_case) add("lower(");
    left(expression);
    if (ignore_case) add(")");
    add(negation, " GLOB ?");
    bind(glob_of(ignore_case ? to_lower(text) : text));
  }

  // Texts and numbers of one list are looked for separately; a chain of ORs would be too deep for
  // SQLite.
  void list(const Comparison& c, std::string_view expression) {
    const bool negated = c.op == Comparator::not_in;
    std::vector<FilterValue> texts, numbers;
    for (const FilterValue& value : c.right) {
      (value.index() == 0 ? numbers : texts).push_back(value);
    }
    const std::string_view in = negated ? " NOT IN (" : " IN (";
    const bool both = !texts.empty() && !numbers.empty();
    if (both) add("(");
    if (!texts.empty()) {
      left(expression);
      add(in);
      placeholders(texts);
      add(")");
    }
    if (both) add(negated ? " AND " : " OR ");
    if (!numbers.empty()) {
      add("(", expression, is_number, " AND CAST(", expression, " AS REAL)", in);
      placeholders(numbers);
      add("))");
    }
    if (both) add(")");
  }

  void placeholders(const std::vector<FilterValue>& items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      add(i == 0 ? "?" : ",?");
      bind_value(items[i]);
    }
  }

  void left(std::string_view expression) {
    add(expression);
    if (root_) bind(std::string(artifact_root_));
  }

  void bind_value(const FilterValue& value) {
    if (const auto* number = std::get_if<double>(&value)) {
      sql_.values.emplace_back(*number * scale_);
    } else {
      const auto& text = std::get<std::string>(value);
      bind(status_ ? upper(text) : text);
    }
  }
  void bind(std::string text) { sql_.values.emplace_back(std::move(text)); }

  template <class... Parts>
  void add(const Parts&... parts) {
    (sql_.text.append(parts), ...);
  }

  std::string_view artifact_root_;
  SqlFragment sql_;
  double scale_ = 1;
  bool status_ = false;  // compare without case
  bool root_ = false;    // the left side has the placeholder of the artifact root
};

}  // namespace

SqlFragment compile_filter(const FilterNode& filter, std::string_view artifact_root) {
  Compiler compiler(artifact_root);
  compiler.node(filter);
  SqlFragment sql = compiler.take();
  sql.text = "(" + sql.text + ")";
  return sql;
}

}  // namespace mlopsctl
