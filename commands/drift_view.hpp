// A DriftResult as a report.
#pragma once

#include "mlopsctl/context.hpp"
#include "mlopsctl/drift/result.hpp"
#include "mlopsctl/ui/report.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace mlopsctl::commands {

// `top`: features in the table, 0 for all; without it all, but on a terminal as many as fit well.
Report drift_view(Context& context, const std::string& schema, const drift::DriftResult& result,
                  std::optional<std::size_t> top);

// The first `top` features; with `sparklines` their distributions.
Table drift_feature_table(const drift::DriftResult& result, std::size_t top, bool sparklines,
                          bool unicode);
Table drift_findings_table(const drift::DriftResult& result);

ExitCode exit_code_of(drift::Verdict verdict);
Style style_of(drift::Verdict verdict);

}  // namespace mlopsctl::commands
