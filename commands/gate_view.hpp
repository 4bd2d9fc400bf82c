// A GateResult as a report.
#pragma once

#include "mlopsctl/context.hpp"
#include "mlopsctl/eval/gate.hpp"
#include "mlopsctl/ui/comparison_page.hpp"
#include "mlopsctl/ui/report.hpp"

#include <string>

namespace mlopsctl::commands {

// pass: 0; warning: 0, with `strict` 3; fail: 3; no answer: 4.
ExitCode exit_code_of(gate::Verdict verdict, bool strict);

Report gate_view(Context& context, const std::string& schema, const gate::GateResult& result);

// Parts that pages, summaries and messages share.
Tone tone_of(gate::Verdict verdict);
std::string value_text(const gate::Check& check, const std::optional<double>& value);
// "-0.0300 (-0.0521 to -0.0102)", "+4.1 % (+1.0 % to +7.2 %)"; empty if there is none.
std::string change_text(const gate::Check& check);

}  // namespace mlopsctl::commands
