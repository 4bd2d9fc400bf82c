// What bench check measures itself: a model against a baseline, two models or programs in turns.
// Always in processes of their own.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/eval/gate.hpp"

#include <string>
#include <vector>

namespace mlopsctl::commands {

// A folder or a URL.
bool is_measurable(const std::string& name);

// --ab, --pairs, --requests, --bench-options, --timeout.
std::vector<OptionSpec> side_options();

// The words of a command line: blanks separate, '…' and "…" hold together, \ takes what follows as
// it is (not in '…'). No shell, so nothing else has a meaning. Throws Error{usage} for a quote that
// does not end and for no word.
std::vector<std::string> command_words(const std::string& line);

// Throws Error{usage} unless there are two sides, Error{unavailable} for a side that fails.
gate::GateResult check_sides(Context& context, const Arguments& arguments,
                             const gate::RatioRule& rule);

// Measures a model by 'bench run', with the baseline's numbers of tokens: 30 requests, and twice
// and four times as many while the check is inconclusive, each time judged at a third of alpha.
gate::GateResult check_model(Context& context, const Arguments& arguments,
                             const gate::Baseline* baseline, gate::LatencyOptions options);

}  // namespace mlopsctl::commands
