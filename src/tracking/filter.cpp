#include "mlopsctl/tracking/filter.hpp"

#include "mlopsctl/base/text.hpp"

#include "tracking/filter_lexer.hpp"
#include "tracking/filter_names.hpp"
#include "tracking/filter_parser.hpp"

#include <fmt/core.h>

namespace mlopsctl {

FilterPtr parse_filter(std::string_view text, Timestamp relative_to) {
  return FilterParser(lex_filter(text, "filter"), relative_to).parse();
}

OrderTerm parse_order(std::string_view text) {
  const std::vector<FilterToken> tokens = lex_filter(text, "sort order");
  OrderTerm order{identifier_of(tokens[0]), false};
  if (order.by.entity == Entity::dataset) {
    filter_error(tokens[0], "runs cannot be sorted by a dataset",
                 "sort by a metric, a parameter, a tag or an attribute");
  }
  order.descending = tokens[1].is_keyword("DESC");
  const bool has_direction = order.descending || tokens[1].is_keyword("ASC");
  const FilterToken& end = tokens[has_direction ? 2 : 1];
  if (end.kind != FilterToken::Kind::end) {
    filter_error(end,
                 fmt::format("expected {}the end, got {}", has_direction ? "" : "ASC, DESC or ",
                             quote(end.written)),
                 "a key with spaces or symbols is quoted: metrics.`my key` DESC");
  }
  return order;
}

Identifier parse_identifier(std::string_view text) {
  const std::vector<FilterToken> tokens = lex_filter(text, "name");
  Identifier name = identifier_of(tokens[0]);
  if (tokens[1].kind != FilterToken::Kind::end) {
    filter_error(tokens[1], fmt::format("{} is not one name", quote(text)),
                 "a key with spaces or symbols is quoted: params.`my key`");
  }
  return name;
}

}  // namespace mlopsctl
