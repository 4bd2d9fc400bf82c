// What commands about gates are asked: which baseline, which results.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/eval/gate.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mlopsctl::commands {

// baselines/ in the working tree.
std::filesystem::path baseline_folder(Context& context);
// baselines/NAME.json; what has a slash, ends with .json or is a file is one already.
std::filesystem::path baseline_file(Context& context, const std::string& name);
// Throws Error{not_found, corrupt, usage}. Has a name: its own, or that of the file.
gate::Baseline load_baseline(Context& context, const std::string& name);

// Results in a file, "-" for standard input, or of a run of the store, which has them as an
// artifact.
gate::Measured load_measured(Context& context, const std::string& name);
// Several files as one: tasks and numbers side by side. Throws Error{usage} if a task comes twice
// or fingerprints contradict each other.
gate::Measured load_all_measured(Context& context, const std::vector<std::string>& names);

// --name, --strict, --notify-on and where results go.
std::vector<OptionSpec> gate_output_options();

// Records, shows, writes and sends a result; the report has the exit code.
Report finish_gate(Context& context, const Arguments& arguments, const std::string& schema,
                   gate::GateResult result);

}  // namespace mlopsctl::commands
