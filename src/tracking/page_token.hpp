// Where a page of a search ended, as an opaque text.
#pragma once

#include "tracking/filter_sql.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// What the last row of a page was sorted by; a missing value is std::monostate.
using SortValue = std::variant<std::monostate, std::int64_t, double, std::string>;

// `query` is any text that is the same for all pages of one search.
std::string make_page_token(std::string_view query, const std::vector<SortValue>& last);

// Throws Error{usage} for a text that make_page_token did not write for this query.
std::vector<SortValue> read_page_token(std::string_view token, std::string_view query);

}  // namespace mlopsctl
