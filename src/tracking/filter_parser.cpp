#include "tracking/filter_parser.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "tracking/filter_names.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace mlopsctl {
namespace {

std::string shown(const Identifier& left) {
  switch (left.entity) {
    case Entity::metric:
      return "metrics." + shortened(printable(left.key), 60);
    case Entity::param:
      return "params." + shortened(printable(left.key), 60);
    case Entity::tag:
      return "tags." + shortened(printable(left.key), 60);
    case Entity::dataset:
      return "dataset." + left.key;
    case Entity::attribute:
      return left.key;
  }
  return left.key;
}

bool is_pattern(Comparator op) {
  return op == Comparator::like || op == Comparator::ilike || op == Comparator::not_like ||
         op == Comparator::not_ilike;
}

bool is_ordering(Comparator op) {
  return op == Comparator::lt || op == Comparator::le || op == Comparator::gt ||
         op == Comparator::ge;
}

std::optional<double> bare_number(const FilterToken& token) {
  if (!token.is_bare()) return std::nullopt;
  std::string_view text = token.pieces[0].text;
  if (text.starts_with('+')) text.remove_prefix(1);
  return parse_number(text);
}

// One node of `kind` over `items`; nested nodes of the same kind melt into it.
FilterPtr combine(FilterNode::Kind kind, std::vector<FilterPtr> items) {
  if (items.size() == 1) return std::move(items.front());
  auto node = std::make_unique<FilterNode>();
  node->kind = kind;
  for (FilterPtr& item : items) {
    if (item->kind == kind) {
      std::ranges::move(item->children, std::back_inserter(node->children));
    } else {
      node->children.push_back(std::move(item));
    }
  }
  return node;
}

std::size_t levels(const FilterNode& node) {
  std::size_t deepest = 0;
  for (const FilterPtr& child : node.children) deepest = std::max(deepest, levels(*child));
  return deepest + 1;
}

}  // namespace

FilterPtr FilterParser::parse() {
  if (peek().kind == Kind::end) return nullptr;
  FilterPtr root = disjunction();
  if (peek().kind != Kind::end) {
    filter_error(peek(), fmt::format("expected AND, OR or the end, got {}", shown(peek())),
                 peek().kind == Kind::close ? "there is no '(' for it" : "");
  }
  if (levels(*root) > FilterLimits::levels) {
    throw Error(ErrorKind::usage,
                fmt::format("the filter nests AND, OR and NOT more than {} levels deep",
                            FilterLimits::levels));
  }
  return root;
}

FilterPtr FilterParser::disjunction() {
  std::vector<FilterPtr> items;
  do {
    items.push_back(conjunction());
  } while (take_keyword("OR"));
  return combine(FilterNode::Kind::any_of, std::move(items));
}

FilterPtr FilterParser::conjunction() {
  std::vector<FilterPtr> items;
  do {
    items.push_back(factor());
  } while (take_keyword("AND"));
  return combine(FilterNode::Kind::all_of, std::move(items));
}

FilterPtr FilterParser::factor() {
  bool negated = false;
  while (take_keyword("NOT")) negated = !negated;
  FilterPtr inner;
  if (peek().kind == Kind::open) {
    const FilterToken& open = take();
    if (++open_ > FilterLimits::parentheses) {
      filter_error(open, fmt::format("more than {} parentheses inside each other",
                                     FilterLimits::parentheses));
    }
    inner = disjunction();
    if (peek().kind != Kind::close) {
      filter_error(peek(), fmt::format("expected AND, OR or ')', got {}", shown(peek())),
                   fmt::format("the '(' at column {} is not closed", open.column));
    }
    take();
    --open_;
  } else {
    inner = comparison();
  }
  if (!negated) return inner;
  if (inner->kind == FilterNode::Kind::negation) return std::move(inner->children.front());
  auto node = std::make_unique<FilterNode>();
  node->kind = FilterNode::Kind::negation;
  node->children.push_back(std::move(inner));
  return node;
}

FilterPtr FilterParser::comparison() {
  if (++comparisons_ > FilterLimits::comparisons) {
    filter_error(peek(), fmt::format("more than {} comparisons", FilterLimits::comparisons),
                 "use IN for a list of values");
  }
  auto node = std::make_unique<FilterNode>();
  Comparison& result = node->comparison;
  result.left = identifier_of(take());
  const FilterToken& operation = peek();
  result.op = comparator();
  const auto& legal = legal_comparators(left_type(result.left));
  if (std::ranges::find(legal, result.op) == legal.end()) {
    std::string list;
    for (const Comparator op : legal) {
      list.append(list.empty() ? "" : ", ").append(to_string(op));
    }
    filter_error(operation, fmt::format("{} does not work on {}; valid comparators are {}",
                                        to_string(result.op), shown(result.left), list));
  }
  values(result);
  return node;
}

Comparator FilterParser::comparator() {
  const FilterToken& token = peek();
  if (token.kind == Kind::compare) {
    take();
    const std::string_view op = token.written;
    if (op == "=") return Comparator::eq;
    if (op == "!=") return Comparator::ne;
    if (op == "<") return Comparator::lt;
    if (op == "<=") return Comparator::le;
    if (op == ">") return Comparator::gt;
    if (op == ">=") return Comparator::ge;
    const std::string_view hint = op == "=="   ? "write = for equality"
                                  : op == "<>" ? "write != for inequality"
                                  : op == "=<" ? "write <="
                                  : op == "=>" ? "write >="
                                               : "";
    filter_error(token, fmt::format("unknown comparator {}", quote(op)), std::string(hint));
  }
  const bool negated = take_keyword("NOT");
  if (take_keyword("LIKE")) return negated ? Comparator::not_like : Comparator::like;
  if (take_keyword("ILIKE")) return negated ? Comparator::not_ilike : Comparator::ilike;
  if (take_keyword("IN")) return negated ? Comparator::not_in : Comparator::in;
  if (negated) {
    filter_error(peek(),
                 fmt::format("expected IN, LIKE or ILIKE after NOT, got {}", shown(peek())));
  }
  if (take_keyword("IS")) {
    const bool is_not = take_keyword("NOT");
    expect_keyword("NULL", is_not ? "IS NOT" : "IS");
    return is_not ? Comparator::is_not_null : Comparator::is_null;
  }
  std::string hint;
  if (token.is_bare() && token.written.size() <= 16) {
    static const std::vector<std::string> words{"LIKE", "ILIKE", "IN", "NOT", "IS"};
    std::string upper = token.pieces[0].text;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (const auto near = closest(upper, words)) hint = fmt::format("did you mean {}?", *near);
  }
  filter_error(token, fmt::format("expected a comparator such as = or LIKE, got {}", shown(token)),
               std::move(hint));
}

void FilterParser::values(Comparison& result) {
  if (result.op == Comparator::is_null || result.op == Comparator::is_not_null) return;
  if (result.op != Comparator::in && result.op != Comparator::not_in) {
    result.right.push_back(value(result));
    return;
  }
  if (peek().kind != Kind::open) {
    filter_error(peek(), fmt::format("expected a list such as ('a', 'b') after {}, got {}",
                                     to_string(result.op), shown(peek())));
  }
  take();
  do {
    // Python writes a tuple of one as ('a',).
    if (peek().kind == Kind::close && !result.right.empty()) break;
    result.right.push_back(value(result));
  } while (peek().kind == Kind::comma && (take(), true));
  if (peek().kind != Kind::close) {
    filter_error(peek(), fmt::format("expected ',' or ')' in the list, got {}", shown(peek())));
  }
  take();
}

FilterValue FilterParser::value(const Comparison& comparison) {
  const FilterToken& token = take();
  if (++values_ > FilterLimits::values) {
    filter_error(token, fmt::format("more than {} values", FilterLimits::values));
  }
  if (token.kind != Kind::word && token.kind != Kind::text) {
    filter_error(token, fmt::format("expected a value for {}, got {}", shown(comparison.left),
                                    shown(token)));
  }
  switch (left_type(comparison.left)) {
    case LeftType::text:
      return text(comparison, token);
    case LeftType::free_text:
      return is_pattern(comparison.op) || token.is_quoted_text() ? text(comparison, token)
                                                                 : number(comparison, token);
    case LeftType::number:
    case LeftType::time:
    case LeftType::duration:
      break;
  }
  return number(comparison, token);
}

FilterValue FilterParser::number(const Comparison& comparison, const FilterToken& token) const {
  const LeftType type = left_type(comparison.left);
  if (const auto read = bare_number(token)) {
    if (std::isnan(*read)) {
      filter_error(token, "nothing compares with NaN",
                   "metrics.x IS NOT NULL AND NOT metrics.x <= inf finds NaN");
    }
    return *read;
  }
  if (token.is_bare() || token.is_quoted_text()) {
    const std::string& written = token.pieces[0].text;
    try {
      if (type == LeftType::time) return static_cast<double>(parse_time(written, relative_to_).ms);
      if (type == LeftType::duration) {
        return static_cast<double>(parse_duration(written).count()) / 1000.0;
      }
    } catch (const Error& error) {  // only to say where in the filter it stands
      filter_error(token, error.what(), error.hint());
    }
  }
  if (type == LeftType::free_text) {
    filter_error(token,
                 fmt::format("expected a quoted text or a number for {}, got {}",
                             shown(comparison.left), shown(token)),
                 fmt::format("write '{}'", shortened(printable(token.written), 40)));
  }
  std::string hint;
  if (token.is_quoted_text() && parse_number(token.pieces[0].text))
    hint = "write it without quotes";
  filter_error(
      token, fmt::format("expected a number for {}, got {}", shown(comparison.left), shown(token)),
      std::move(hint));
}

FilterValue FilterParser::text(const Comparison& comparison, const FilterToken& token) const {
  // Ids are written without quotes by everybody who sees them as numbers.
  const bool bare_id = comparison.left.key == "experiment_id" && token.is_bare() &&
                       comparison.left.entity == Entity::attribute && bare_number(token);
  if (!token.is_quoted_text() && !bare_id) {
    filter_error(
        token,
        fmt::format("expected a quoted text for {}, got {}", shown(comparison.left), shown(token)),
        token.is_bare() ? fmt::format("write '{}'", shortened(printable(token.written), 40)) : "");
  }
  const std::string& content = token.pieces[0].text;
  if (is_ordering(comparison.op)) {
    filter_error(token,
                 fmt::format("{} compares numbers, got {}", to_string(comparison.op), shown(token)),
                 parse_number(content) ? "write it without quotes" : "");
  }
  if (is_pattern(comparison.op) && content.size() > FilterLimits::pattern) {
    filter_error(token, fmt::format("a pattern is longer than {} bytes", FilterLimits::pattern));
  }
  return content;
}

bool FilterParser::take_keyword(std::string_view keyword) {
  if (!peek().is_keyword(keyword)) return false;
  take();
  return true;
}

void FilterParser::expect_keyword(std::string_view keyword, std::string_view after) {
  if (take_keyword(keyword)) return;
  filter_error(peek(), fmt::format("expected {} after {}, got {}", keyword, after, shown(peek())));
}

}  // namespace mlopsctl
