// What the run commands share: which run is meant, and how a run looks in a cell.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include <string>
#include <vector>

namespace mlopsctl::commands {

// The positional at `index`, else MLOPSCTL_RUN_ID; resolved to a full id. Error{usage} if neither.
std::string run_argument(RunStore& store, const Arguments& arguments, std::size_t index);

// All positionals resolved; globs and duplicates are kept out. Error{usage} for none.
std::vector<std::string> run_arguments(RunStore& store, const Arguments& arguments);

// The run's experiment: --experiment, else the setting; made if it does not exist.
std::string experiment_for_new_run(Context& context, RunStore& store, const Arguments& arguments);

std::vector<KeyValue> key_values(const std::vector<std::string>& texts);

Cell run_id_cell(const std::string& id);
Cell status_cell(const Run& run);  // an abandoned run is shown as "RUNNING (gone)"
Cell duration_cell(const Run& run, Timestamp now);
Cell optional_cell(const std::optional<Timestamp>& time);

// Arguments that several commands have, spelled once.
PositionalSpec run_positional(bool many = false, std::size_t least = 1);
OptionSpec experiment_option();
OptionSpec param_option();
OptionSpec tag_option();

}  // namespace mlopsctl::commands
