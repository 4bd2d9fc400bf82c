// Results of earlier runs, found by what went in: <cache>/runs/<key[:2]>/<key>/<value>.
#pragma once

#include "mlopsctl/data/lock_file.hpp"
#include "mlopsctl/data/pipeline.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <functional>
#include <optional>

namespace mlopsctl::data {

// Whether DVC would keep results of this stage.
bool run_cache_allows(const Stage& stage);

// The newest entry for these inputs whose outputs are all in the cache. inputs: command,
// dependencies and parameters of now. Entries whose parameters differ are passed over, which guards
// against DVC's names leaving out parameters called "size" and "nfiles".
std::optional<LockEntry> find_run(Repository& repository, const Stage& stage,
                                  const LockEntry& inputs,
                                  const std::function<bool(const ObjectId&)>& cached);

// Stores a complete entry unless it is there.
void save_run(Repository& repository, const LockEntry& entry);

}  // namespace mlopsctl::data
