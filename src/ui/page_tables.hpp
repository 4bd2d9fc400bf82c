// Tables of text as the templates of pages have them.
#pragma once

#include "mlopsctl/ui/rate_page.hpp"

#include "ui/page_values.hpp"

#include <kainjow/mustache.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace mlopsctl {

inline kainjow::mustache::data cells_of(const PageTable& table,
                                        const std::vector<std::string>& texts) {
  kainjow::mustache::data cells{kainjow::mustache::data::type::list};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    kainjow::mustache::data cell;
    cell.set("text", printable(texts[i]));
    cell.set("kind", i < table.numbers.size() && table.numbers[i] ? "number" : "text");
    cells.push_back(cell);
  }
  return cells;
}

// Those that have rows.
inline kainjow::mustache::data tables_of(const std::vector<PageTable>& tables) {
  kainjow::mustache::data list{kainjow::mustache::data::type::list};
  for (const PageTable& table : tables) {
    if (table.rows.empty()) continue;
    kainjow::mustache::data entry;
    entry.set("heading", printable(table.heading));
    entry.set("headers", cells_of(table, table.headers));
    kainjow::mustache::data rows{kainjow::mustache::data::type::list};
    for (const auto& row : table.rows) {
      kainjow::mustache::data one;
      one.set("cells", cells_of(table, row));
      rows.push_back(one);
    }
    entry.set("rows", rows);
    list.push_back(entry);
  }
  return list;
}

}  // namespace mlopsctl
