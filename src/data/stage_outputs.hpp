// Outputs of a stage on disk: out of the way before it runs, into the cache afterwards, back from
// the cache instead of a run.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/data/lock_file.hpp"
#include "mlopsctl/data/pipeline.hpp"
#include "mlopsctl/data/workspace.hpp"

#include "data/stage_state.hpp"

#include <string>
#include <vector>

namespace mlopsctl::data {

// Before the command: removes what it will make; `persist` outputs stay and are made writable, so
// that nothing is written through a link into the cache.
void clear_outputs(Repository& repository, const Stage& stage);

// After the command: hashes every output, puts cached ones into the cache (commit) and makes git
// ignore them. Fills entry.outs; adds changed .gitignore files. Throws Error{not_found} for an
// output that was not made. all: uncached metrics and plots go into the cache, too, for the run
// cache.
void record_outputs(Repository& repository, StageInspector& inspector, const Stage& stage,
                    bool commit, bool all, LockEntry& entry, std::vector<std::string>& changed,
                    Progress& progress);

// Puts the outputs of an entry into the working tree. They must be in the cache.
void restore_outputs(Repository& repository, StageInspector& inspector, const Stage& stage,
                     const LockEntry& entry, std::vector<std::string>& changed);

}  // namespace mlopsctl::data
