// What can stand on the left side of a comparison, and what may follow it.
#pragma once

#include "mlopsctl/tracking/filter.hpp"

#include "tracking/filter_lexer.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// How the values of a left side compare.
enum class LeftType {
  number,     // metrics, exit_code
  free_text,  // params, tags: text, or a number if the right side is one
  text,       // run_id, dataset.name
  time,       // milliseconds since the epoch
  duration    // seconds
};

LeftType left_type(const Identifier& left);

// Comparators in the order of the documentation.
const std::vector<Comparator>& legal_comparators(LeftType type);
std::string_view to_string(Comparator op);  // "NOT IN"

// Resolves aliases (params.x = parameters.x, created = start_time, "Run name" = run_name) and
// splits the metric suffix off. Throws Error{usage} with suggestions for a misspelt entity or
// attribute.
Identifier identifier_of(const FilterToken& token);

}  // namespace mlopsctl
