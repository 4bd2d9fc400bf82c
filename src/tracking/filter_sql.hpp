// Turns a filter and sort orders into SQL over the tables of schema.sql. User text only ever
// becomes a bound value.
//
// Logic is two-valued: every comparison is 0 or 1, never NULL. A comparison with a missing key is
// 0, also for != and NOT IN; so is one with a metric that is NaN. NOT inverts that: NOT (params.x =
// '1') also holds for runs without x, unlike params.x != '1'.
#pragma once

#include "mlopsctl/tracking/filter.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mlopsctl {

using SqlValue = std::variant<std::int64_t, double, std::string>;

// SQL text with `?` placeholders and their values in order.
struct SqlFragment {
  std::string text;
  std::vector<SqlValue> values;
};

// A condition on the run table, whose alias is `r`, safe to put after WHERE or AND.
// `artifact_root` is what an empty runs.artifact_uri stands for: home/artifacts, without a final
// '/'.
SqlFragment compile_filter(const FilterNode& filter, std::string_view artifact_root);

// One sort order. `join` goes behind `FROM runs r` (it may be empty), `rank` and `value` are
// expressions without placeholders for ORDER BY rank ASC, value ASC|DESC, or for columns of a
// keyset page. Rank 0 are numbers (or texts, where all are texts), 1 is NaN or, for params and
// tags, text among numbers, 2 is missing. `value` is NULL where the rank says NaN or missing.
struct OrderSql {
  SqlFragment join;
  std::string rank;
  std::string value;
  bool descending = false;
};

// `index` makes the table aliases of several orders differ.
OrderSql compile_order(const OrderTerm& order, std::size_t index, std::string_view artifact_root);

}  // namespace mlopsctl
