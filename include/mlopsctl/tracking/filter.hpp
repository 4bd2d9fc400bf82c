// The run filter: a superset of MLflow's search grammar.
//
//   expr   := and (OR and)*            and := not (AND not)*        not := [NOT] primary
//   primary:= '(' expr ')' | comparison
//   comparison := identifier op value | identifier [NOT] IN '(' value, … ')'
//               | identifier [NOT] LIKE/ILIKE 'text' | identifier IS [NOT] NULL
//   identifier := [entity '.'] key     entity: metric(s) param(s) parameter(s) tag(s) attribute(s)
//   attr
//                                      run dataset(s); no entity = attribute
//   key: bare, or quoted with ` or "
//
// As in MLflow, a comparison with a missing key is false, also for != and NOT IN; a NaN metric
// compares with nothing. NOT turns that round: NOT params.x = '1' also finds runs without x.
// Additions: OR, NOT, parentheses, IS [NOT] NULL, NOT [I]LIKE; numbers on the right of a parameter
// or tag (values that are no number then compare with nothing; < <= > >= need a number there);
// times and ages on the right of start_time and end_time ("> '2 days ago'"), `duration` (seconds,
// or '10m'), metric suffixes `metrics.loss:min`, `:max` (behind the quotes, if the key is quoted).
// Quotes are doubled to have them inside. `status` ignores case with =, != and IN.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mlopsctl {

enum class Entity { metric, param, tag, attribute, dataset };
enum class Aggregate { latest, min, max };  // of a metric

struct Identifier {
  Entity entity = Entity::attribute;
  std::string key;
  Aggregate aggregate = Aggregate::latest;
  friend bool operator==(const Identifier&, const Identifier&) = default;
};

enum class Comparator {
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  like,
  ilike,
  in,
  not_in,
  is_null,
  is_not_null,
  not_like,
  not_ilike
};

using FilterValue = std::variant<double, std::string>;

struct Comparison {
  Identifier left;
  Comparator op = Comparator::eq;
  std::vector<FilterValue> right;  // one, or the list of IN, or none for IS NULL
};

struct FilterNode;
using FilterPtr = std::unique_ptr<FilterNode>;
struct FilterNode {
  enum class Kind { comparison, all_of, any_of, negation } kind = Kind::comparison;
  Comparison comparison;
  std::vector<FilterPtr> children;
};

// Null for an empty text. Throws Error{usage} whose message points at the column and names what
// was expected. `relative_to` resolves ages.
FilterPtr parse_filter(std::string_view text, Timestamp relative_to);

struct OrderTerm {
  Identifier by;
  bool descending = false;
};
// "metrics.loss ASC", "params.lr desc", "start_time". Throws Error{usage}.
OrderTerm parse_order(std::string_view text);

// A column named by the user ("metrics.loss", "params.lr"): same identifier syntax.
Identifier parse_identifier(std::string_view text);

// Attributes that can be filtered and sorted on, for messages and completion.
const std::vector<std::string>& filter_attributes();

}  // namespace mlopsctl
