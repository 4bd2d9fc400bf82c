// What the drift commands share: which data, how to read them, which rules.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/drift/analysis.hpp"
#include "mlopsctl/drift/profile.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

std::vector<OptionSpec> drift_input_options();
// How features are tested and judged, of any kind of data; and what only drift commands have
// besides.
std::vector<OptionSpec> drift_feature_options();
std::vector<OptionSpec> drift_rule_options();
// Copies of what URLs name live as long as the options.
drift::ReadOptions drift_read_options(Context& context, const Arguments& arguments);
drift::AnalysisOptions drift_feature_analysis(const Arguments& arguments);
drift::AnalysisOptions drift_analysis_options(const Arguments& arguments);

// The whole input, a file or a URL, is a profile, or there is none.
std::optional<drift::Profile> profile_in(const std::string& input,
                                         const drift::ReadOptions& options);
// "production" of "data/production.csv": how a check is called that has no --name.
std::string name_of_input(const std::string& input);

}  // namespace mlopsctl::commands
