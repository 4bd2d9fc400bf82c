// Which data and models a run used and made, by their digests, in the run store.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/data/repro.hpp"
#include "mlopsctl/data/workspace.hpp"
#include "mlopsctl/tracking/model.hpp"

#include <string>
#include <vector>

namespace mlopsctl::commands {

// What the DVC repository here tracks, as it is in the working tree now; nothing if there is none.
// Large files whose digest is not known without reading them are given as recorded, and say so.
// Never fails: what goes wrong is a note for --verbose.
std::vector<DatasetInput> tracked_data(Context& context);

// Dependencies and outputs of the stages that did something: into the run of MLOPSCTL_RUN_ID, or
// into one of their own where there is a run store. Returns its id; empty: nothing was recorded.
// What goes wrong is a warning: the stages did run.
std::string record_repro(Context& context, const Arguments& arguments,
                         const data::Repository& repository, const data::ReproResult& result,
                         Timestamp begun);

}  // namespace mlopsctl::commands
