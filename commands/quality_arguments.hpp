// What quality check and quality report are asked: which log, which rules, which limits.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/quality/log.hpp"
#include "mlopsctl/quality/rules.hpp"

#include <vector>

namespace mlopsctl::commands {

std::vector<OptionSpec> quality_log_options();
std::vector<OptionSpec> quality_rule_options();

// --rules, and what --max, --expect-json, --language and others change of them. Throws
// Error{usage, config}.
quality::RuleSet quality_rules_of(const Arguments& arguments);
quality::LogOptions quality_log_options_of(const Arguments& arguments,
                                           const quality::RuleSet& rules, Timestamp now);

}  // namespace mlopsctl::commands
