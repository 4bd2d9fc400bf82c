// Texts, targets and choices of a row, with the harness' conversions (lm_eval/api/task.py,
// ConfigurableTask.doc_to_*).
#pragma once

#include "eval/task_plan.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl::eval {

// All throw Error{config}: the row does not have what the task says.
YamlValue value_of(const Source& source, const YamlValue& row);
std::string text_of(const Source& source, const YamlValue& row);

// A template of digits is an index where there are choices; one of [ ] is a list.
YamlValue target_of(const Source& source, const YamlValue& row, bool has_choices);
std::vector<std::string> choices_of(const Source& source, const YamlValue& row);

// Which choices a target means: an index, the text of one, or a list of them.
std::vector<std::int64_t> gold_of(const YamlValue& target, const std::vector<std::string>& choices);

}  // namespace mlopsctl::eval
