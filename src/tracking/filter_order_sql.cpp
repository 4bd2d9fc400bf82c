#include "tracking/filter_columns.hpp"
#include "tracking/filter_sql.hpp"

#include <fmt/core.h>

namespace mlopsctl {

OrderSql compile_order(const OrderTerm& order, std::size_t index, std::string_view artifact_root) {
  OrderSql sql;
  sql.descending = order.descending;
  const std::string alias = fmt::format("o{}", index);
  const auto join = [&](std::string_view table, std::string_view extra) {
    sql.join.text = fmt::format(" LEFT JOIN {0} {1} ON {1}.key = {2} AND {1}.run = r.n{3}", table,
                                alias, key_number, extra);
    sql.join.values.emplace_back(order.by.key);
  };
  switch (order.by.entity) {
    case Entity::metric:
      join("series", fmt::format(" AND {}.head = 1", alias));
      sql.value = fmt::format("{}.{}", alias, column_of(order.by.aggregate));
      sql.rank =
          fmt::format("CASE WHEN {} IS NOT NULL THEN 0 WHEN {}.run IS NOT NULL THEN 1 ELSE 2 END",
                      sql.value, alias);
      break;
    case Entity::param:
    case Entity::tag: {
      join(order.by.entity == Entity::param ? "params" : "tags", "");
      const std::string number = fmt::format("{}.value{}", alias, is_number);
      sql.value = fmt::format("CASE WHEN {0} THEN CAST({1}.value AS REAL) ELSE {1}.value END",
                              number, alias);
      sql.rank =
          fmt::format("CASE WHEN {}.run IS NULL THEN 2 WHEN {} THEN 0 ELSE 1 END", alias, number);
      break;
    }
    case Entity::dataset:  // refused by parse_order
    case Entity::attribute: {
      const AttributeSql attribute = attribute_sql(order.by.key);
      sql.value = attribute.expression;
      if (attribute.artifact_root) {
        sql.join.text = fmt::format(" JOIN (SELECT ? AS root) {}", alias);
        sql.join.values.emplace_back(std::string(artifact_root));
        sql.value.replace(sql.value.find('?'), 1, alias + ".root");
      }
      sql.rank = attribute.nullable
                     ? fmt::format("CASE WHEN {} IS NULL THEN 2 ELSE 0 END", sql.value)
                     : "(r.n IS NULL)";
      break;
    }
  }
  return sql;
}

}  // namespace mlopsctl
