// A QualityResult as a report.
#pragma once

#include "mlopsctl/context.hpp"
#include "mlopsctl/quality/judge.hpp"
#include "mlopsctl/ui/report.hpp"

#include <string>

namespace mlopsctl::commands {

Report quality_view(Context& context, const std::string& schema,
                    const quality::QualityResult& result);

ExitCode exit_code_of(quality::Verdict verdict);

}  // namespace mlopsctl::commands
