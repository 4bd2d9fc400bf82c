// Recursive descent over the tokens of a filter; the grammar stands in
// mlopsctl/tracking/filter.hpp.
#pragma once

#include "mlopsctl/tracking/filter.hpp"

#include "tracking/filter_lexer.hpp"

#include <cstddef>
#include <vector>

namespace mlopsctl {

// Limits that keep hostile text away from the stack, from SQLite's parser stack and from its number
// of bound values.
struct FilterLimits {
  static constexpr std::size_t parentheses = 100;  // as written
  static constexpr std::size_t levels = 20;        // of AND in OR in NOT, after simplifying
  static constexpr std::size_t comparisons = 500;
  static constexpr std::size_t values = 20000;
  static constexpr std::size_t pattern = 10000;  // bytes of a LIKE pattern
};

class FilterParser {
 public:
  FilterParser(std::vector<FilterToken> tokens, Timestamp relative_to)
      : tokens_(std::move(tokens)), relative_to_(relative_to) {}

  // Null if there are no tokens but the end.
  FilterPtr parse();

 private:
  using Kind = FilterToken::Kind;

  FilterPtr disjunction();
  FilterPtr conjunction();
  FilterPtr factor();
  FilterPtr comparison();
  Comparator comparator();
  void values(Comparison& result);
  FilterValue value(const Comparison& comparison);
  FilterValue number(const Comparison& comparison, const FilterToken& token) const;
  FilterValue text(const Comparison& comparison, const FilterToken& token) const;

  const FilterToken& peek() const { return tokens_[at_]; }
  const FilterToken& take() { return tokens_[tokens_[at_].kind == Kind::end ? at_ : at_++]; }
  bool take_keyword(std::string_view keyword);
  void expect_keyword(std::string_view keyword, std::string_view after);

  std::vector<FilterToken> tokens_;
  std::size_t at_ = 0;
  Timestamp relative_to_;
  std::size_t open_ = 0;
  std::size_t comparisons_ = 0;
  std::size_t values_ = 0;
};

}  // namespace mlopsctl
