// Everything of a task that scoring needs.
#pragma once

#include "mlopsctl/eval/task.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include "eval/template.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::eval {

// How a text, an index or a list is made of a row: a column, a template, or a constant.
struct Source {
  enum class Kind { none, constant, column, pattern } kind = Kind::none;
  YamlValue constant;
  std::string text;  // the column's name, or the template as written
  Template pattern;

  explicit operator bool() const { return kind != Kind::none; }
};

// One step over the answers of an example.
struct FilterStep {
  std::string function;  // "regex", "take_first", …
  std::string regex = R"(#### (\-?[0-9\.\,]+))", fallback = "[invalid]";
  std::int64_t group = 0;  // which match, negative from the end
  std::uint64_t k = 1;
  std::map<std::string, std::string> mapping;
  std::string otherwise;  // for what is not in the mapping
};
struct FilterPlan {
  std::string name;
  std::vector<FilterStep> steps;
};

struct GenerationPlan {
  std::vector<std::string> until;
  std::uint32_t max_tokens = 256;
  double temperature = 0, top_p = 1;
  std::uint32_t repeats = 1;
};

// How text, target and choices of a row are found.
struct Sources {
  Source text, target, choice;
};

struct TaskPlan {
  Sources sources;
  Source description;
  std::string target_delimiter = " ", fewshot_delimiter = "\n\n";
  Sources shot_sources;
  std::string shot_target_delimiter, shot_delimiter;
  bool first_n = false;         // else seeded random
  bool shots_declared = false;  // a split or samples for shots are named
  bool same_split = false;      // shots come from the evaluated rows
  bool evaluates_test = false;  // the evaluated rows are test_split's
  GenerationPlan generation;
  std::vector<FilterPlan> filters;
  std::string group_by, count_text;
  std::vector<YamlValue> rows;        // maps with the same columns
  std::vector<YamlValue> shots_from;  // empty if same_split
  const std::vector<YamlValue>& pool() const { return same_split ? rows : shots_from; }
};

}  // namespace mlopsctl::eval
